"""The commands. Arguments are read here and nothing else is done: each command imports what it calls."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmbot import __version__
from mmbot.domain import COMPILED

if TYPE_CHECKING:
    from mmbot.config import Config
    from mmbot.daemon.operate import Place

DOOR: Final = "http://127.0.0.1:9464"
"""Where a daemon is asked when neither settings nor an address are given: the default of ``telemetry``."""

_DONE: Final = 0
_BROKEN: Final = 1
_FAILED: Final = 2
_NOT_CLEAR: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 not possible, 3 not proved clear, 1 a broken part."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["exchange"]:  # its options are its own, and argparse would take them for ours
        return _exchange(words[1:])
    options = _parser().parse_args(words)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except BrokenPipeError:  # the reader of our output is gone, as in ``mmbot status | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mmbot", description="A market-making daemon for the ProphetX exchange.")
    core = "compiled" if COMPILED else "not compiled"
    parser.add_argument("--version", action="version", version=f"mmbot {__version__} (core {core})")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="make markets until stopped (SIGINT or SIGTERM)")
    run.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings")
    run.set_defaults(command=_run)

    demo = commands.add_parser("demo", help="a local exchange and the daemon, with a live view")
    demo.add_argument("--tape", type=Path, metavar="FILE", help="a recorded moneyline instead of the synthetic board")
    demo.add_argument("--speed", type=float, metavar="X", help="how many times faster than life, at most 1000")
    demo.add_argument("--board", choices=("plain", "full"), default="plain", help="which synthetic board")
    demo.add_argument("--seed", type=int, default=1, help="of the synthetic board")
    demo.add_argument("--seconds", type=float, metavar="S", help="stop by itself after so long (default: Ctrl-C)")
    demo.add_argument("--plain", action="store_true", help="a line now and then instead of the full screen")
    demo.add_argument("--keep", action="store_true", help="leave the logs and the settings of the run where they are")
    demo.add_argument("-c", "--config", type=Path, metavar="FILE", help="settings (default: config/demo.yaml)")
    demo.set_defaults(command=_demo)

    commands.add_parser("exchange", help="the local exchange alone; see mmbot exchange --help", add_help=False)

    backtest = commands.add_parser(
        "backtest",
        help="play a recorded market to its end in virtual time",
        epilog="Exit code: 0 done, 1 if the strategy raised or a rule was broken, 2 if it could not begin.",
    )
    backtest.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings")
    backtest.add_argument(
        "--tape", type=Path, required=True, metavar="FILE", help="the recorded market, a moneyline only"
    )
    backtest.add_argument("--balance", type=int, default=10_000, metavar="DOLLARS", help="to begin with")
    backtest.set_defaults(command=_backtest)

    check = commands.add_parser("check", help="judge a file of settings, without touching the network")
    check.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the settings")
    check.set_defaults(command=_check)

    schema = commands.add_parser("schema", help="the JSON schema of a file of settings")
    schema.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="judge the params of the strategies that FILE names, too"
    )
    schema.set_defaults(command=_schema)

    status = commands.add_parser("status", help="what a running daemon does")
    shape = status.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="as JSON")
    shape.add_argument("--watch", action="store_true", help="on one screen, until Ctrl-C")
    status.set_defaults(command=_status)
    why = commands.add_parser("why", help="why a running daemon does not quote")
    why.set_defaults(command=_why)
    kill = commands.add_parser("kill", help="latch: cancel everything, and quote no more until resumed")
    kill.add_argument("--reason", default="mmbot kill", help="kept with the latch")
    kill.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds to wait for the proof of being clear; without a daemon stop.deadline_s at least",
    )
    kill.set_defaults(command=_kill)
    resume = commands.add_parser("resume", help="clear the latch")
    resume.set_defaults(command=_resume)
    for asking in (status, why, kill, resume):
        asking.add_argument("-c", "--config", type=Path, metavar="FILE", help="the daemon's settings")
        asking.add_argument("--url", metavar="URL", help=f"the daemon's address; without -c, {DOOR}")
    return parser


def _run(options: argparse.Namespace) -> int:
    from mmbot.config import ConfigError
    from mmbot.config.places import located, state_dir
    from mmbot.daemon.start import start
    from mmbot.strategy.loader import open_config

    try:
        config, strategies = open_config(options.config)
    except ConfigError as error:
        return _refuse(*(str(problem) for problem in error.problems))
    return start(located(config, options.config), strategies, state_dir(config, options.config))


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
        return _refuse(*(str(problem) for problem in error.problems))
    except (TapeError, OSError) as error:
        return _refuse(str(error))
    result = play(tape, config, strategies, balance=options.balance * 100)
    for line in result.lines():
        _say(line)
    return _DONE if result.referee.ok and not result.not_quoted.raised else _BROKEN


def _check(options: argparse.Namespace) -> int:
    from mmbot.strategy.loader import check

    lines, code = check(options.config)
    for line in lines:
        _say(line)
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
            return _refuse(*(str(problem) for problem in error.problems))
        for rule, strategy in zip(config.quoting, strategies, strict=True):
            params[rule.strategy] = getattr(type(strategy), "Params", None)
    _say(msgspec.json.format(msgspec.json.encode(json_schema(params))).decode())
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
        return _refuse(str(error))
    sys.stdout.write(
        msgspec.json.format(msgspec.json.encode(status)).decode() + "\n" if options.json else status_text(status)
    )
    return _DONE


def _why(options: argparse.Namespace) -> int:
    from mmbot.daemon.operate import Unreachable, fetch
    from mmbot.screen.status_text import why_text

    try:
        sys.stdout.write(why_text(fetch(_door(options)())))
    except (Unreachable, _Unusable) as error:
        return _refuse(str(error))
    return _DONE


def _kill(options: argparse.Namespace) -> int:
    from mmbot.daemon import operate

    try:
        if options.config is None:
            return operate.kill_at(options.url or DOOR, options.reason, _say, options.wait)
        from mmbot.daemon.start import kill_alone

        config, place = _place(options)
        return operate.kill(
            place, options.reason, _say, lambda: kill_alone(config, place.directory, _say, options.wait), options.wait
        )
    except KeyboardInterrupt:
        _say("interrupted: not proved clear, wagers may still stand on the exchange")
        return _NOT_CLEAR
    except (operate.Unreachable, operate.StateDirError, OSError, _Unusable) as error:
        return _refuse(str(error))


def _resume(options: argparse.Namespace) -> int:
    from mmbot.daemon import operate

    try:
        if options.config is None:
            return operate.resume_at(options.url or DOOR, _say)
        return operate.resume(_place(options)[1], _say)
    except (operate.Unreachable, operate.StateDirError, OSError, _Unusable) as error:
        return _refuse(str(error))


class _Unusable(Exception):
    """The settings cannot be read; the message lists why."""


def _place(options: argparse.Namespace) -> tuple[Config, Place]:
    """The settings and where their daemon is looked for."""
    from mmbot.config import ConfigError, load
    from mmbot.config.places import state_dir
    from mmbot.daemon.operate import place_of

    try:
        config = load(options.config)
    except ConfigError as error:
        raise _Unusable(str(error)) from error
    place = place_of(config, state_dir(config, options.config))
    return config, place._replace(door=options.url) if options.url else place


def _door(options: argparse.Namespace) -> Callable[[], str]:
    """Where the daemon answers, looked for anew each time: another one may have been started since."""
    from mmbot.daemon.operate import door_of

    if options.url is not None or options.config is None:
        return lambda: options.url or DOOR
    place = _place(options)[1]
    return lambda: door_of(place)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _refuse(*problems: str) -> int:
    for problem in problems:
        sys.stderr.write(f"mmbot: {problem}\n")
    return _FAILED
