"""The driver of the simulation: what a seed draws, what a crash loses, and how a broken run shrinks."""

from __future__ import annotations

from collections import Counter

import pytest
from driver.apply import APPLY
from driver.journal import BEHIND, Journal
from driver.kinds import CRASH, KINDS, RARE
from driver.play import Play
from driver.scenario import Fault, draw
from driver.shrink import shrink, write

from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.engine import orders as o


def test_a_seed_always_draws_the_same_scenario_and_another_seed_another() -> None:
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_faults_and_crashes_are_drawn_often_enough() -> None:
    """Some of the drawn faults never become possible, and the end of a run has none. ``make simulate`` prints what
    happened: at least six faults an hour, a crash every ten hours, and each kind a hundred times in 1,000 seeds."""
    drawn = Counter(fault.kind for seed in range(1000) for fault in draw(seed).faults)
    assert drawn.keys() == {*KINDS, CRASH}
    crashes = drawn.pop(CRASH)
    assert 8 < drawn.total() / 1000 < 10
    assert 100 < crashes < 140
    assert min(drawn.values()) > 120
    assert {*KINDS, *RARE, CRASH} == APPLY.keys()


def test_a_crash_loses_what_the_journal_was_given_last() -> None:
    journal = Journal()
    for number in range(4):
        journal.keep(o.Save((o.SaveDay(number, 0, 0),)), number * SECOND)
    assert journal.crash(3 * SECOND + 100 * MILLISECOND, 0.0) == 1
    assert journal.day == o.SaveDay(2, 0, 0)
    assert journal.last == 3 * SECOND + 100 * MILLISECOND - BEHIND
    journal.keep(o.Save((o.SaveDay(9, 0, 0),)), 10 * SECOND)
    journal.close(10 * SECOND)
    assert journal.day == o.SaveDay(9, 0, 0)


@pytest.mark.parametrize("seed", range(2))
def test_a_run_breaks_no_rule(seed: int) -> None:
    outcome = Play(draw(seed, 0.5)).play()
    assert outcome.breach is None
    assert outcome.matches
    assert outcome.length > 30 * MINUTE


def test_a_run_that_breaks_a_rule_shrinks_to_the_faults_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    scenario = draw(3, 0.3)

    def breaks(play: Play, rng: object) -> bool:
        play.breach("an example", "a fault that breaks a rule")
        return True

    monkeypatch.setitem(APPLY, "deposit", breaks)
    kinds = ("feed_cut", "private_late", "deposit", "corrected")
    faults = tuple(Fault((number + 1) * 3 * MINUTE, kind, number) for number, kind in enumerate(kinds))
    broken = Play(scenario, faults)
    assert broken.play().breach is not None
    object.__setattr__(scenario, "faults", faults)
    small = shrink(scenario, "an example")
    assert [fault.kind for fault in small.faults] == ["deposit"]
    log = write(small, tmp_path).read_text()
    assert "an example" in log
    assert "request PlaceMany" in log
