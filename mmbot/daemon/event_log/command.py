"""The command ``mmbot replay``. It replays a recorded run, and prints the first request that is different now.

The exit code is 0 if all requests are the same, and 1 if a request differs. It is 2 if the log or its strategies cannot
be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from mmbot import __version__
from mmbot.config import Config, ConfigError
from mmbot.daemon.event_log.replay import Difference, Replayed, replay
from mmbot.domain.instant import in_seconds, iso
from mmbot.engine.engine import Engine
from mmbot.store.event_log import EventLogError, Header, LoggedRun
from mmbot.strategy.interface import Strategy
from mmbot.strategy.loader import load, open_config

SAME: Final = 0
DIFFERENT: Final = 1
UNUSABLE: Final = 2

_LONGEST: Final = 1500  # characters of an event or a request that are printed

Say = Callable[[str], None]


def replay_log(
    directory: Path, name: str | None, settings: Path | None, any_version: bool, say: Say, complain: Say
) -> int:
    """Replay a run and return the exit code.

    Args:
        directory: the event log.
        name: the name of the run to replay. If it is None, the latest run is replayed.
        settings: the settings file for the replay. If it is None, the recorded settings of the run are used.
        any_version: True to replay the run even if another version of mmbot recorded it.
        say: a function that is called with each line of the result.
        complain: a function that is called with the reason if the log cannot be used.
    """
    try:
        run = LoggedRun(directory, name)
        if run.version != __version__ and not any_version:
            complain(
                f"run {run.name} was recorded by mmbot {run.version}, and this is mmbot {__version__}: install that "
                "version, or pass --any-version to see what this one would do"
            )
            return UNUSABLE
        header = run.header()
        config, strategies = _parts(header, settings)
        engine = Engine(config, header.seed, strategies, header.start)
        result = replay(engine, run.records())
    except ConfigError as bad:
        for problem in bad.problems:
            complain(str(problem))
        return UNUSABLE
    except (EventLogError, OSError) as bad:
        complain(str(bad))
        return UNUSABLE
    for line in _summary(run, result):
        say(line)
    if result.difference is not None:
        for line in _told(result.difference):
            say(line)
        return DIFFERENT
    if run.damaged:
        complain(f"only the records before this could be compared: {run.end}")
        return UNUSABLE
    return SAME


def _parts(header: Header, settings: Path | None) -> tuple[Config, Sequence[Strategy]]:
    if settings is not None:
        return open_config(settings)
    return header.config, load(header.config, Path.cwd())


def _summary(run: LoggedRun, result: Replayed) -> list[str]:
    rate = result.events / result.seconds if result.seconds else 0.0
    lines = [
        f"run {run.name}, recorded by mmbot {run.version}",
        f"{result.events:,} events and {result.requests:,} requests in {in_seconds(result.virtual):,.1f} s; "
        f"replayed in {result.seconds:.1f} s ({rate:,.0f} events a second)",
    ]
    if result.difference is not None:
        return lines
    lines.append(f"the log ends here: {run.end}")
    if result.raised is not None:
        lines.append(f"the engine raised the same error as in the run: {result.raised}")
    lines.append("all requests are the same")
    return lines


def _told(difference: Difference) -> list[str]:
    lines = [
        f"the first difference is at {iso(difference.now)}, after event {difference.number:,}",
        f"expected: {_short(difference.expected)}",
        f"got:      {_short(difference.got)}",
        "the events before it:",
    ]
    lines += [f"  {number:,} at {iso(now)}: {_short(repr(event))}" for number, now, event in difference.before]
    return lines


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
