"""The commands of mmbot. This module only reads the arguments. Each command imports the code that it needs."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmbot import __version__
from mmbot.daemon.event_log.arguments import add_recording, add_replay, recording
from mmbot.domain import COMPILED
from mmbot.screen.output import abandon, complain, prepare, say, write_json

if TYPE_CHECKING:
    from mmbot.config import Config
    from mmbot.daemon.operate import Place

DOOR: Final = "http://127.0.0.1:9464"
"""The default address of the daemon, used if the user gives neither a settings file nor an address. It is the default
of the ``telemetry`` settings."""

AddCommand = Callable[..., argparse.ArgumentParser]
"""The type of a function that adds a command to the parser, such as argparse's ``add_parser``."""

_DONE: Final = 0
_BROKEN: Final = 1
_FAILED: Final = 2
_NOT_CLEAR: Final = 3

_CANNOT_WRITE: Final = (errno.ENOSPC, errno.EIO, errno.EBADF)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Code 0 means success, and 1 means that a part failed. Code 2 means that
    the command is not possible. Code 3 means that the account is not proved clear (wagers may be open)."""
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
        options = _parser().parse_args(words)
    except SystemExit:  # argparse has printed help or the mistake
        sys.stdout.flush()
        raise
    command: Callable[[argparse.Namespace], int] = options.command
    return command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mmbot", description="A market-making daemon for the ProphetX exchange.")
    core = "compiled" if COMPILED else "not compiled"
    parser.add_argument("--version", action="version", version=f"mmbot {__version__} (core {core})")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_commands_that_trade(commands.add_parser)
    add_replay(commands.add_parser)
    _add_commands_for_settings(commands.add_parser)
    _add_commands_for_a_daemon(commands.add_parser)
    return parser


def _add_commands_that_trade(add: AddCommand) -> None:
    run = add("run", help="make markets until you stop it (Ctrl-C or SIGTERM)")
    run.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings file")
    run.add_argument(
        "--watchdog", action="store_true", help="also run a watchdog process, which cancels if this one stands still"
    )
    add_recording(run)
    run.set_defaults(command=_run)

    watchdog = add("watchdog", help="watch a daemon on this machine, and cancel everything if it stands still")
    watchdog.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the daemon's settings file")
    watchdog.add_argument(
        "--with-daemon", action="store_true", help="also end when no daemon runs and none has left open wagers"
    )
    watchdog.set_defaults(command=_watchdog)

    demo = add("demo", help="run a local exchange and the daemon, with a live view")
    demo.add_argument(
        "--tape", type=Path, metavar="FILE", help="play a recorded moneyline instead of the synthetic board"
    )
    demo.add_argument(
        "--speed", type=float, metavar="X", help="speed of the clock, at most 1000 (default: 1; with --tape 60)"
    )
    demo.add_argument("--board", choices=("plain", "full"), default="plain", help="synthetic board (default: plain)")
    demo.add_argument("--seed", type=int, default=1, help="seed of the synthetic board (default: 1)")
    demo.add_argument("--seconds", type=float, metavar="S", help="stop after S seconds (default: run until Ctrl-C)")
    demo.add_argument(
        "--plain", action="store_true", help="print a line every few seconds instead of the full-screen view"
    )
    demo.add_argument("--keep", action="store_true", help="keep the logs and the settings of the run")
    demo.add_argument("-c", "--config", type=Path, metavar="FILE", help="settings file (default: config/demo.yaml)")
    demo.set_defaults(command=_demo)

    add("exchange", help="run only the local exchange; see mmbot exchange --help", add_help=False)

    backtest = add(
        "backtest",
        help="play a recorded market in virtual time and report the result",
        epilog="Exit code: 0 done, 1 the strategy failed or a rule was broken, 2 the backtest could not start.",
    )
    backtest.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings file")
    backtest.add_argument("--tape", type=Path, required=True, metavar="FILE", help="the recorded market (a moneyline)")
    backtest.add_argument("--balance", type=int, default=10_000, metavar="DOLLARS", help="first balance of the account")
    backtest.set_defaults(command=_backtest)


def _add_commands_for_settings(add: AddCommand) -> None:
    check = add("check", help="check a settings file, without using the network")
    check.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings file")
    check.set_defaults(command=_check)

    schema = add("schema", help="print the JSON schema of the settings file")
    schema.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="also describe the params of the strategies that FILE names"
    )
    schema.set_defaults(command=_schema)


def _add_commands_for_a_daemon(add: AddCommand) -> None:
    status = add("status", help="show what a running daemon is doing")
    shape = status.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON")
    shape.add_argument("--watch", action="store_true", help="show a live view until Ctrl-C")
    status.set_defaults(command=_status)
    why = add("why", help="explain why a market, or everything, is not being quoted")
    why.set_defaults(command=_why)
    kill = add("kill", help="kill switch on: cancel everything and quote nothing until you resume")
    kill.add_argument("--reason", default="mmbot kill", help="reason, stored with the kill switch")
    kill.add_argument(
        "--wait",
        type=float,
        metavar="S",
        help="seconds that the command may take, a few more at most. Without it, the command waits 30 s, or "
        "stop.deadline_s if longer, for the proof that no wager is open, and first for a log-in if it needs one",
    )
    kill.set_defaults(command=_kill)
    resume = add("resume", help="kill switch off: allow quoting again")
    resume.set_defaults(command=_resume)
    _add_commands_for_the_journal(add)
    for asking in (status, why, kill, resume):
        asking.add_argument("-c", "--config", type=Path, metavar="FILE", help="settings file of the daemon")
        asking.add_argument("--url", metavar="URL", help=f"address of the daemon (default without -c: {DOOR})")


def _add_commands_for_the_journal(add: AddCommand) -> None:
    journal = add("journal", help="list, export or back up the wagers, matches, results and decisions of a journal")
    tables = ("wagers", "matches", "results", "decisions", "transactions")
    journal.add_argument("table", nargs="?", choices=tables, default="matches", help="what to list (default: matches)")
    journal.add_argument("--from", dest="since", metavar="DAY", help="first day, like 2026-12-01, today or yesterday")
    journal.add_argument("--to", dest="until", metavar="DAY", help="last day")
    journal.add_argument("--event", default="", metavar="TEXT", help="only sport events whose name contains this")
    journal.add_argument("--market", default="", metavar="TEXT", help="only markets whose name contains this")
    journal.add_argument("--strategy", default="", metavar="TEXT", help="only strategies whose name contains this")
    journal.add_argument("--id", default="", metavar="TEXT", help="only wagers whose external_id contains this")
    journal.add_argument("--limit", type=int, metavar="N", help="only the latest N rows")
    target = journal.add_mutually_exclusive_group()
    target.add_argument("--csv", type=Path, metavar="FILE", help="write a CSV file")
    target.add_argument("--parquet", type=Path, metavar="FILE", help="write a Parquet file (needs mmbot[research])")
    target.add_argument("--backup", type=Path, metavar="FILE", help="copy the whole journal, even while a bot runs")
    journal.set_defaults(command=_journal)
    statement = add(
        "statement",
        help="show the profit of some days, and compare it with the exchange's transactions",
        epilog="Exit code: 0 journal and exchange agree, 1 they differ, 2 the journal cannot be read.",
    )
    period = statement.add_mutually_exclusive_group()
    period.add_argument("--day", metavar="DAY", help="one day, like 2026-12-01, today or yesterday (default: today)")
    period.add_argument("--from", dest="first", metavar="DAY", help="first day of a period")
    statement.add_argument("--to", dest="last", metavar="DAY", help="last day of the period (default: today)")
    statement.add_argument("--json", action="store_true", help="print JSON, with money in cents")
    statement.set_defaults(command=_statement)
    for reading in (journal, statement):
        reading.add_argument(
            "-c", "--config", type=Path, required=True, metavar="FILE", help="settings file of the bot"
        )
        reading.add_argument("--time-zone", metavar="NAME", help="time zone of the days (default: journal.time_zone)")


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
    from mmbot.daemon.watchdog.start import watch

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
    except (Unreachable, _Unusable) as error:
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
    except (Unreachable, _Unusable) as error:
        return _fail(str(error))
    return _DONE


def _kill(options: argparse.Namespace) -> int:
    from mmbot.daemon import operate

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
        return _NOT_CLEAR
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


def _fail(*problems: str) -> int:
    for problem in problems:
        complain(problem)
    return _FAILED
