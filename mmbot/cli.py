"""The commands of mmbot. Each command imports the code that it needs. ``operate/arguments.py`` has the arguments."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmbot.daemon.event_log.arguments import recording
from mmbot.operate.arguments import DOOR, parser
from mmbot.screen.output import abandon, complain, prepare, say, write_json

if TYPE_CHECKING:
    from mmbot.config import Config
    from mmbot.daemon.operate import Place

_DONE: Final = 0
_BROKEN: Final = 1
_FAILED: Final = 2

_CANNOT_WRITE: Final = (errno.ENOSPC, errno.EIO, errno.EBADF)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Code 0 means success. Code 1 means that a part of the daemon or of the
    command failed. Code 2 means that the command is not possible. Code 3 means that wagers may still be open."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    prepare()
    try:
        code = _command(words)
        sys.stdout.flush()  # here, and not when Python ends, where a closed pipe could not be caught
    except BrokenPipeError:  # the reader of the output has ended, as in ``mmbot status | head``
        abandon()
        return _DONE
    except OSError as bad:
        if bad.errno not in _CANNOT_WRITE:
            raise
        abandon()
        return _fail(f"standard output cannot be written: {bad.strerror}")
    return code


def _command(words: list[str]) -> int:
    if words[:1] == ["exchange"]:  # the local exchange parses its own options
        return _exchange(words[1:])
    try:
        options = parser().parse_args(words)
    except SystemExit:  # argparse has printed help or the mistake
        sys.stdout.flush()
        raise
    command: Callable[[argparse.Namespace], int] = _COMMANDS.get(options.command, options.command)
    return command(options)


def _run(options: argparse.Namespace) -> int:
    from mmbot.config import ConfigError
    from mmbot.config.places import located, state_dir
    from mmbot.daemon.start import start
    from mmbot.strategy.loader import open_config

    try:
        config, strategies = open_config(options.config)
    except ConfigError as error:
        code = _fail(*(str(problem) for problem in error.problems))
        _clear_unattended(options.config)
        return code
    watchdog = options.config if options.watchdog else None
    at = state_dir(config, options.config)
    return start(located(config, options.config), strategies, at, watchdog, recording(options))


def _clear_unattended(file: Path) -> None:
    """Cancel the wagers that the previous run left open. This is done if the settings can be used but a strategy
    cannot."""
    from mmbot.config import ConfigError, load
    from mmbot.config.places import state_dir
    from mmbot.daemon.start import clear_unattended

    try:
        config = load(file)
    except ConfigError:
        return
    clear_unattended(config, state_dir(config, file), say)


def _watchdog(options: argparse.Namespace) -> int:
    from mmbot.daemon.start_watchdog import watch

    try:
        config, place = _place(options)
    except _Unusable as error:
        return _fail(str(error))
    return watch(config, place.directory, options.with_daemon)


def _demo(options: argparse.Namespace) -> int:
    from mmbot.demo.demo import demo

    return demo(
        tape=options.tape,
        speed=options.speed,
        seed=options.seed,
        for_s=options.seconds,
        plain=options.plain,
        config=options.config,
        board=options.board,
        keep=options.keep,
    )


def _exchange(arguments: Sequence[str]) -> int:
    from mmbot.simulator.command_line import main as serve

    return serve(arguments)


def _backtest(options: argparse.Namespace) -> int:
    from mmbot.backtest.tape import play
    from mmbot.config import ConfigError
    from mmbot.simulator.crowd.tape import TapeError, read_tape
    from mmbot.strategy.loader import open_config

    try:
        config, strategies = open_config(options.config)
        tape = read_tape(options.tape)
    except ConfigError as error:
        return _fail(*(str(problem) for problem in error.problems))
    except (TapeError, OSError) as error:
        return _fail(str(error))
    result = play(tape, config, strategies, balance=options.balance * 100)
    for line in result.lines():
        say(line)
    return _DONE if result.referee.ok and not result.not_quoted.raised else _BROKEN


def _check(options: argparse.Namespace) -> int:
    from mmbot.strategy.loader import check

    lines, code = check(options.config)
    for line in lines:
        say(line)
    return code


def _schema(options: argparse.Namespace) -> int:
    import msgspec

    from mmbot.config import ConfigError
    from mmbot.config.schema import json_schema
    from mmbot.strategy.loader import open_config

    params = {}
    if options.config is not None:
        try:
            config, strategies = open_config(options.config)
        except ConfigError as error:
            return _fail(*(str(problem) for problem in error.problems))
        for rule, strategy in zip(config.quoting, strategies, strict=True):
            params[rule.strategy] = getattr(type(strategy), "Params", None)
    write_json(msgspec.json.format(msgspec.json.encode(json_schema(params))).decode())
    return _DONE


def _status(options: argparse.Namespace) -> int:
    import msgspec

    from mmbot.daemon.operate import Unreachable, fetch
    from mmbot.screen.status_text import status_text

    try:
        door = _door(options)
        if options.watch:
            from mmbot.screen.live import follow

            follow(lambda: fetch(door()))
            return _DONE
        status = fetch(door())
    except Unreachable as error:
        return _fail(str(error), *_last_end(options))
    except _Unusable as error:
        return _fail(str(error))
    if options.json:
        write_json(msgspec.json.format(msgspec.json.encode(status)).decode())
    else:
        sys.stdout.write(status_text(status))
    return _DONE


def _why(options: argparse.Namespace) -> int:
    from mmbot.daemon.operate import Unreachable, fetch
    from mmbot.screen.status_text import why_text

    try:
        sys.stdout.write(why_text(fetch(_door(options)())))
    except Unreachable as error:
        return _fail(str(error), *_last_end(options))
    except _Unusable as error:
        return _fail(str(error))
    return _DONE


def _kill(options: argparse.Namespace) -> int:
    from mmbot.daemon import operate
    from mmbot.engine.orders import NOT_CLEAR

    try:
        if options.config is None:
            return operate.kill_at(options.url or DOOR, options.reason, say, options.wait)
        from mmbot.daemon.start import kill_alone

        config, place = _place(options)
        return operate.kill(
            place, options.reason, say, lambda left: kill_alone(config, place.directory, say, left), options.wait
        )
    except KeyboardInterrupt:
        say("interrupted: not proved clear, so wagers may still be open at the exchange; run mmbot kill again")
        return NOT_CLEAR
    except (operate.Unreachable, operate.StateDirError, OSError, _Unusable) as error:
        return _fail(str(error))


def _journal(options: argparse.Namespace) -> int:
    from mmbot.operate import commands

    try:
        config, place = _place(options)
    except _Unusable as error:
        return _fail(str(error))
    wanted = commands.Listing(
        options.table,
        options.since,
        options.until,
        options.event,
        options.market,
        options.strategy,
        options.id,
        options.limit,
        options.csv,
        options.parquet,
        options.backup,
    )
    return commands.journal(place.directory, options.time_zone or config.journal.time_zone, wanted, commands.present())


def _statement(options: argparse.Namespace) -> int:
    from mmbot.operate import commands

    if options.last is not None and options.first is None:
        return _fail("--to needs --from")
    try:
        config, place = _place(options)
    except _Unusable as error:
        return _fail(str(error))
    first = options.first or options.day or "today"
    last = (options.last or "today") if options.first else None
    zone = options.time_zone or config.journal.time_zone
    return commands.show_statement(place.directory, zone, first, last, commands.present(), as_json=options.json)


def _resume(options: argparse.Namespace) -> int:
    from mmbot.daemon import operate

    try:
        if options.config is None:
            return operate.resume_at(options.url or DOOR, say)
        return operate.resume(_place(options)[1], say)
    except (operate.Unreachable, operate.StateDirError, OSError, _Unusable) as error:
        return _fail(str(error))


class _Unusable(Exception):
    """Raised if the settings cannot be read. The message lists the problems."""


def _place(options: argparse.Namespace) -> tuple[Config, Place]:
    """Return the settings, and the place where the daemon that uses them can be found."""
    from mmbot.config import ConfigError, load
    from mmbot.config.places import state_dir
    from mmbot.daemon.operate import place_of

    try:
        config = load(options.config)
    except ConfigError as error:
        raise _Unusable(str(error)) from error
    place = place_of(config, state_dir(config, options.config))
    return config, place._replace(door=options.url) if getattr(options, "url", None) else place


def _door(options: argparse.Namespace) -> Callable[[], str]:
    """Return a function that looks up the daemon's address. The address is looked up at each call, because the daemon
    may have been restarted."""
    from mmbot.daemon.operate import door_of

    if options.url is not None or options.config is None:
        return lambda: options.url or DOOR
    place = _place(options)[1]
    return lambda: door_of(place)


def _last_end(options: argparse.Namespace) -> tuple[str, ...]:
    """Return advice for the operator, if no daemon runs and the previous daemon may have left open wagers. Otherwise
    the result is empty."""
    from mmbot.daemon.operate import last_end

    said = None if options.config is None else last_end(_place(options)[1])
    return () if said is None else (said,)


def _fail(*problems: str) -> int:
    for problem in problems:
        complain(problem)
    return _FAILED


_COMMANDS: Final[dict[object, Callable[[argparse.Namespace], int]]] = {
    "run": _run,
    "watchdog": _watchdog,
    "demo": _demo,
    "backtest": _backtest,
    "check": _check,
    "schema": _schema,
    "status": _status,
    "why": _why,
    "kill": _kill,
    "resume": _resume,
    "journal": _journal,
    "statement": _statement,
}
"""The function that runs each command of the console."""
