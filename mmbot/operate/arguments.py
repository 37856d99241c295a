"""The arguments of the commands. ``mmbot.cli`` runs the commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mmbot import __version__
from mmbot.daemon.event_log.arguments import add_recording, add_replay
from mmbot.domain import COMPILED

DOOR: Final = "http://127.0.0.1:9464"
"""The default address of the daemon, used if the user gives neither a settings file nor an address. It is the default
of the ``telemetry`` settings."""

FIRST_STEPS: Final = """\
first steps:
  mmbot demo                            a local exchange and the bot: no account, no money
  mmbot check -c config/sandbox.yaml    check the settings, then: mmbot run -c config/sandbox.yaml
  mmbot why -c config/sandbox.yaml      why a market, or everything, is not quoted
  mmbot kill -c config/sandbox.yaml     cancel everything, and quote nothing until mmbot resume

mmbot COMMAND --help has the options, examples and exit codes of a command."""

NEXT_STEPS: Final[Mapping[str, str]] = {
    "run": """\
example:
  export PROPHETX_ACCESS_KEY=... PROPHETX_SECRET_KEY=...
  mmbot run -c config/sandbox.yaml --watchdog
Exit code: 0 stopped and clear; 1 a part failed, clear; 2 not started, read the log; 3 NOT proved clear: look at the
account, and run mmbot kill -c FILE.""",
    "watchdog": """\
example:
  mmbot watchdog -c config/sandbox.yaml     next to mmbot run, in another terminal or unit""",
    "demo": """\
examples:
  mmbot demo --seconds 30
  mmbot demo --tape FILE --speed 120
Ctrl-C stops the demo. Use the settings file that it prints with mmbot status -c and mmbot why -c.""",
    "backtest": """\
example:
  mmbot backtest -c config/demo.yaml --tape FILE""",
    "check": """\
example:
  mmbot check -c config/sandbox.yaml
Exit code: 0 valid (read the notes), 2 not valid: mend each line that is printed.""",
    "schema": """\
example:
  mmbot schema -c config/sandbox.yaml > settings.schema.json     for your editor""",
    "status": """\
examples:
  mmbot status -c config/sandbox.yaml --watch     q or Ctrl-C ends the view, not the bot
  mmbot status --url http://127.0.0.1:9464 --json
If no daemon answers, look at its log, and start it with mmbot run -c FILE.""",
    "why": """\
example:
  mmbot why -c config/sandbox.yaml     docs/guards.md explains each guard that it names""",
    "kill": """\
example:
  mmbot kill -c config/sandbox.yaml --reason "prices look wrong"
Exit code: 0 clear and the switch is stored, 2 not possible, 3 one of the two is not certain: read the last line.
Without -c, only a daemon that answers can cancel. Afterwards: mmbot resume -c FILE.""",
    "resume": """\
example:
  mmbot resume -c config/sandbox.yaml     rejected until the account is proved clear""",
    "journal": """\
examples:
  mmbot journal -c config/sandbox.yaml --from yesterday
  mmbot journal decisions -c config/sandbox.yaml --event Lakers --csv decisions.csv""",
    "statement": """\
examples:
  mmbot statement -c config/sandbox.yaml --day yesterday
  mmbot statement -c config/sandbox.yaml --from 2026-11-01 --to 2026-11-30 --time-zone America/New_York""",
}
"""The text at the end of each command's help. It has examples, and the next steps after the command."""

AddCommand = Callable[..., argparse.ArgumentParser]
"""The type of a function that adds a command to the parser, such as argparse\'s ``add_parser``."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments of all commands. In the parsed arguments, ``command`` is the name of the
    command or a function that runs it."""
    parser = argparse.ArgumentParser(
        prog="mmbot",
        description="A market-making daemon for the ProphetX exchange.",
        epilog=FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    core = "compiled" if COMPILED else "not compiled"
    parser.add_argument("--version", action="version", version=f"mmbot {__version__} (core {core})")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_commands_that_trade(commands.add_parser)
    add_replay(commands.add_parser)
    _add_commands_for_settings(commands.add_parser)
    _add_commands_for_a_daemon(commands.add_parser)
    for name, command in commands.choices.items():
        if name in NEXT_STEPS:
            command.formatter_class = argparse.RawDescriptionHelpFormatter
            command.epilog = "\n\n".join(filter(None, (command.epilog, NEXT_STEPS[name])))
    return parser


def _add_commands_that_trade(add: AddCommand) -> None:
    run = add("run", help="make markets until you stop it (Ctrl-C or SIGTERM)")
    run.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings file")
    run.add_argument(
        "--watchdog", action="store_true", help="also run a watchdog process, which cancels if this one stands still"
    )
    add_recording(run)
    run.set_defaults(command="run")

    watchdog = add("watchdog", help="watch a daemon on this machine, and cancel everything if it stands still")
    watchdog.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="the daemon's settings file")
    watchdog.add_argument(
        "--with-daemon", action="store_true", help="also end when no daemon runs and none has left open wagers"
    )
    watchdog.set_defaults(command="watchdog")

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
    demo.set_defaults(command="demo")

    add("exchange", help="run only the local exchange; see mmbot exchange --help", add_help=False)

    backtest = add(
        "backtest",
        help="play a recorded market in virtual time and report the result",
        epilog="Exit code: 0 done, 1 the strategy failed or a rule was broken, 2 the backtest could not start.",
    )
    backtest.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings file")
    backtest.add_argument("--tape", type=Path, required=True, metavar="FILE", help="the recorded market (a moneyline)")
    backtest.add_argument("--balance", type=int, default=10_000, metavar="DOLLARS", help="first balance of the account")
    backtest.set_defaults(command="backtest")


def _add_commands_for_settings(add: AddCommand) -> None:
    check = add("check", help="check a settings file, without using the network")
    check.add_argument("-c", "--config", type=Path, required=True, metavar="FILE", help="settings file")
    check.set_defaults(command="check")

    schema = add("schema", help="print the JSON schema of the settings file")
    schema.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="also describe the params of the strategies that FILE names"
    )
    schema.set_defaults(command="schema")


def _add_commands_for_a_daemon(add: AddCommand) -> None:
    status = add("status", help="show what a running daemon is doing")
    shape = status.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON")
    shape.add_argument("--watch", action="store_true", help="show a live view until Ctrl-C")
    status.set_defaults(command="status")
    why = add("why", help="explain why a market, or everything, is not being quoted")
    why.set_defaults(command="why")
    kill = add("kill", help="kill switch on: cancel everything and quote nothing until you resume")
    kill.add_argument("--reason", default="mmbot kill", help="reason, stored with the kill switch")
    kill.add_argument(
        "--wait",
        type=float,
        metavar="S",
        help="seconds that the command may take, a few more at most. Without it, the command waits 30 s, or "
        "stop.deadline_s if longer, for the proof that no wager is open, and first for a log-in if it needs one",
    )
    kill.set_defaults(command="kill")
    resume = add("resume", help="kill switch off: allow quoting again")
    resume.set_defaults(command="resume")
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
    journal.set_defaults(command="journal")
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
    statement.set_defaults(command="statement")
    for reading in (journal, statement):
        reading.add_argument(
            "-c", "--config", type=Path, required=True, metavar="FILE", help="settings file of the bot"
        )
        reading.add_argument("--time-zone", metavar="NAME", help="time zone of the days (default: journal.time_zone)")
