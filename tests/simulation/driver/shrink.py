"""Shrink a run that breaks a rule: the shortest run with the fewest faults that still breaks it, with its event log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from judge.records import Breach

from .play import Play
from .scenario import Fault, Scenario

TRIES = 60
"""The most runs that one shrinking takes."""


@dataclass(frozen=True)
class Shrunk:
    """A run that breaks a rule with as few faults as were found."""

    scenario: Scenario
    faults: tuple[Fault, ...]
    breach: Breach | None


def shrink(scenario: Scenario, rule: str) -> Shrunk:
    """Leave out faults, from all after the breach down to single ones, as long as the same rule is broken. Every fault
    has random numbers of its own, so those that stay are as they were."""
    best = _run(scenario, scenario.faults, rule)
    assert best is not None, f"seed {scenario.seed} does not break the rule a second time"
    tries = 0
    size = max(1, len(best.faults) // 2)
    while size and tries < TRIES:
        place = 0
        while place < len(best.faults) and tries < TRIES:
            tries += 1
            fewer = _run(scenario, best.faults[:place] + best.faults[place + size :], rule)
            if fewer is None:
                place += size
            else:
                best = fewer
        size //= 2
    return best


def _run(scenario: Scenario, faults: tuple[Fault, ...], rule: str) -> Shrunk | None:
    outcome = Play(scenario, faults).play()
    if outcome.breach is None or outcome.breach.rule != rule:
        return None
    end = outcome.breach.at - scenario.start
    return Shrunk(scenario, tuple(fault for fault in faults if fault.at <= end), outcome.breach)


def write(small: Shrunk, folder: Path) -> Path:
    """Run it once more and write its event log. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    play = Play(small.scenario, small.faults, keep_log=True)
    outcome = play.play()
    head = [f"seed {small.scenario.seed}\n", f"{small.scenario}\n"]
    head += [f"fault {fault}\n" for fault in small.faults]
    file = folder / "events.log"
    file.write_text("".join([*head, *play.log.lines, f"{outcome.breach}\n"]))
    return file
