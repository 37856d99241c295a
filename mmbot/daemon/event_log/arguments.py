"""Adds the command-line arguments for the event log. Other modules are imported only when a command needs them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmbot.screen.output import complain, say

if TYPE_CHECKING:
    from mmbot.store.event_log_writer import EventLogPlace

_MOST: Final = 1 << 20  # MiB


def add_recording(run: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mmbot run`` that are for the event log."""
    run.add_argument(
        "--event-log", type=Path, metavar="DIR", help="record the engine's events and requests, for mmbot replay"
    )
    run.add_argument(
        "--event-log-size",
        type=_mebibytes,
        default=1024,
        metavar="MIB",
        help="most MiB in that directory (default: 1024); then the oldest runs are removed, and at last the log ends",
    )


def recording(options: argparse.Namespace) -> EventLogPlace | None:
    """Return the place where ``mmbot run`` writes the event log. None if the run has no event log."""
    from mmbot.store.event_log_writer import MEBIBYTE, EventLogPlace

    return EventLogPlace(options.event_log, options.event_log_size * MEBIBYTE) if options.event_log else None


def add_replay(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command ``mmbot replay``."""
    replay = add(
        "replay",
        help="replay a run recorded with run --event-log, and say where the engine's requests differ",
        epilog="Exit code: 0 all requests are the same, 1 a request differs, 2 the log cannot be replayed.",
    )
    replay.add_argument("directory", type=Path, metavar="DIR", help="directory of the event log")
    replay.add_argument("--run", metavar="NAME", help="a run in the directory (default: the latest)")
    replay.add_argument(
        "-c", "--config", "--settings", type=Path, metavar="FILE", help="replay with these settings, not with the run's"
    )
    replay.add_argument("--any-version", action="store_true", help="also replay a run of another version of mmbot")
    replay.set_defaults(command=_replay)


def _replay(options: argparse.Namespace) -> int:
    from mmbot.daemon.event_log.command import replay_log

    return replay_log(options.directory, options.run, options.config, options.any_version, say, complain)


def _mebibytes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number between 1 and {_MOST:,}")
    return int(text)
