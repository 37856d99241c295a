"""The proof of being clear: its cost does not grow with matched wagers, and no order of changes defeats it."""

from __future__ import annotations

import pytest
from engine_scene import LINE, START, Fixed, Scene, lose, settings

from mmbot.backtest.faults import Fate
from mmbot.domain.instant import DAY, MILLISECOND, MINUTE, SECOND, Duration
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r


def stopped(matched: int, account: str) -> tuple[int, Duration]:
    """The history reads and the duration of a stop with ``matched`` matched, unsettled wagers."""
    scene = Scene(config=settings(account=account), balance=10_000_000)
    line_id = scene.venue.line_id(*LINE, 0)
    for number in range(matched):
        scene.venue.place(scene.account, f"earlier-{number}", line_id, 100, 100, START)
    scene.world.advance(START + 500 * MILLISECOND)
    scene.venue.crowd.enter(scene.crowd, LINE, 1, -100, 100 * matched + 100, START + 500 * MILLISECOND, rest=False)
    assert sum(wager.matched == 100 for wager in scene.venue.wagers(scene.account)) == matched
    scene.until(lambda: scene.status().phase == "ready", within=2 * MINUTE)
    scene.go(2 * MINUTE)
    at = scene.now
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == o.Exit(0, "stopped")
    return len(scene.sent(r.ReadHistory, at)), scene.now - at


@pytest.mark.parametrize("account", ["exclusive", "shared"])
def test_a_stop_reads_no_more_of_the_history_with_5000_matched_wagers_than_with_none(account: str) -> None:
    reads, took = stopped(0, account)
    many_reads, many_took = stopped(5_000, account)
    assert many_reads == reads
    assert many_took - took < SECOND


def test_a_proof_reads_inactive_wagers_then_unmatched_ones_then_partially_matched_ones() -> None:
    """A wager only moves forward, so one that moves between two reads shows in the later one."""
    scene = Scene().quoted()
    reads = scene.sent(r.ReadHistory)
    proof = dict.fromkeys((request.status, request.matching) for request in reads if request.status is not None)
    assert list(proof) == [("inactive", None), ("open", "unmatched"), ("open", "partially_matched")]
    scene.close()


@pytest.mark.parametrize("delay", [number * 300 * MILLISECOND for number in range(15)])
def test_a_stray_that_opens_and_is_partly_matched_while_the_proof_is_read_is_found(delay: Duration) -> None:
    scene = Scene()
    line_id = scene.venue.line_id(*LINE, 0)
    scene.run.at(START + delay, lambda: scene.venue.place(scene.account, "r0-q0-7", line_id, 105, 1000, scene.now))
    scene.run.at(START + delay + 800 * MILLISECOND, lambda: scene.take(1, 300))

    scene.until(lambda: bool(scene.alerts("life.clear")))
    at = scene.now
    if delay < 2 * SECOND:  # placed before the last read by another process, since no request of ours is in flight
        assert not scene.wagers()
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.alerts("life.clear", at)
    assert not scene.wagers()


def test_the_date_of_an_answer_gives_the_exchanges_clock() -> None:
    scene = Scene()
    ahead = 45 * SECOND

    def dated(answer: e.Answer, now: int) -> e.Answer:
        if isinstance(answer, e.CancelledAll):
            return e.CancelledAll(answer.request, answer.nothing_open, (now + ahead) // SECOND * SECOND)
        return answer

    scene.amend(dated)
    scene.until(lambda: bool(scene.sent(r.ReadHistory)))
    (said,) = scene.alerts("clock.behind")
    assert 45 <= said["seconds"] <= 46
    asked = scene.sent(r.ReadHistory)[0]
    assert asked.created_to >= scene.now + ahead + MINUTE


@pytest.mark.parametrize("fate", [Fate.UNANSWERED, Fate.LATE])
def test_cancels_that_are_never_answered_end_in_a_proof_by_the_history(fate: Fate) -> None:
    scene = Scene().quoted()
    scene.run.faults.interfere = lose(r.CancelAll, 1_000, fate)
    at = scene.now
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None, within=20 * SECOND)
    assert scene.run.exit == o.Exit(0, "stopped")
    assert not scene.wagers()
    assert scene.now - at < 20 * SECOND
    scene.close()


def test_cancels_that_never_reach_the_exchange_prove_nothing() -> None:
    scene = Scene().quoted()
    scene.run.faults.interfere = lose(r.CancelAll, 1_000, Fate.LOST)
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None, within=40 * SECOND)
    assert scene.run.exit == o.Exit(3, "not clear at the deadline")
    assert len(scene.wagers()) == 2
    assert scene.alerts("life.still_open")


def test_a_start_without_any_answer_to_its_cancels_quotes() -> None:
    scene = Scene(interfere=lose(r.CancelAll, 1_000, Fate.UNANSWERED))
    scene.quoted()
    scene.close()


def ranges_searched(scene: Scene, since: int = 0) -> int:
    """The number of time ranges in which a proof searched unmatched wagers."""
    reads = [read for read in scene.sent(r.ReadHistory, since) if read.matching == "unmatched"]
    return len({read.created_from for read in reads})


def no_cancel(request: r.Request, now: int) -> Fate:
    """Let every cancel fail at the exchange."""
    return Fate.BROKEN if isinstance(request, r.CancelAll | r.CancelMany) else Fate.DONE


@pytest.mark.parametrize(
    "journal", ["no journal", "a journal that a crash cut off", "a journal", "a journal that knew it for ten days"]
)
def test_a_wager_by_hand_that_is_ten_days_old_is_found_although_no_cancel_succeeds(journal: str) -> None:
    scene = Scene(Fixed(), starts=60 * DAY)
    if journal != "no journal":
        scene.until(lambda: scene.status().phase == "ready")
    scene.run.faults.interfere = no_cancel
    by_hand = scene.venue.place_by_hand(scene.account, scene.venue.line_id(*LINE, 0), 150, 1000, scene.now)
    if journal in ("a journal", "a journal that knew it for ten days"):
        scene.go(10 * SECOND)
        assert scene.memory.known > by_hand.created_at
    scene.interfere = no_cancel
    scene.restart(10 * DAY)
    if journal == "a journal that knew it for ten days":
        scene.memory.known = scene.now
        scene.restart(MINUTE)
    at = scene.now
    scene.go(30 * SECOND)
    assert scene.venue.wager(scene.account, by_hand.wager_id).live
    assert not scene.alerts("life.clear", at)
    scene.run.faults.interfere = None
    scene.until(lambda: bool(scene.alerts("life.clear", at)))
    assert not scene.venue.wager(scene.account, by_hand.wager_id).live


def test_a_proof_searches_no_further_back_than_the_proof_before() -> None:
    scene = Scene(starts=60 * DAY).quoted()
    assert ranges_searched(scene) == 4, "without a journal, only the history shows old wagers"
    scene.go(10 * SECOND)
    at = scene.now
    scene.run.drop_feed()
    scene.requoted()
    assert ranges_searched(scene, at) == 1
    scene.restart(MINUTE)
    at = scene.now
    scene.requoted()
    assert ranges_searched(scene, at) == 1
    scene.restart(9 * DAY)
    at = scene.now
    scene.requoted()
    assert ranges_searched(scene, at) == 2
    scene.close()
