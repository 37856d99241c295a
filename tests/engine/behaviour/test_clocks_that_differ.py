"""Clocks that differ: a proof of being clear uses the exchange's time, so it is neither early nor late."""

from __future__ import annotations

import pytest
from engine_scene import LINE, MARKET, START, Fixed, Scene, lose, settings
from msgspec.structs import replace
from shifted_engine import Shifted

from mmbot.backtest.faults import Fate
from mmbot.backtest.link import Delays
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND, Duration, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.engine import Engine
from mmbot.simulator.venue.settings import VenueSettings

SLOW = VenueSettings(activation_ns=6 * SECOND, history_lag_ns=5 * SECOND)
"""A slow exchange: a new wager is neither open nor in the history for some seconds."""


def off(behind: Duration, busy: bool = True, venue: VenueSettings = SLOW) -> Scene:
    """A scene whose engine starts on a clock that is wrong. ``busy``: other people trade as well."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), venue=venue, starts=24 * HOUR)
    engine = Engine(scene.config, scene.memory.seed(), scene.strategies, START - behind)
    scene.run.engine = Shifted(engine, behind)  # type: ignore[misc, assignment]
    for tick in range(600 if busy else 0):
        scene.run.at(START + tick * SECOND // 2, lambda: flicker(scene))
    return scene


def flicker(scene: Scene) -> None:
    """Place and withdraw an order far behind the best price: the book's messages give the exchange's time."""
    order = scene.venue.crowd.enter(scene.crowd, LINE, 0, 300, 1000, scene.now)
    if order is not None:
        scene.venue.crowd.withdraw(order, scene.now)


def stepped(step: Duration) -> Scene:
    """The machine slept (the exchange went on), or its clock ran ahead of the exchange's and was put back: the clock of
    the engine is corrected by ``step``. Return the scene once clear is proved after that."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), settings(), venue=SLOW, starts=24 * HOUR).quoted()
    shifted = Shifted(scene.run.engine, 0)
    scene.run.engine = shifted  # type: ignore[misc, assignment]
    if step > 0:
        scene.venue.drain()
        scene.world.advance(scene.now + step)
        scene.venue.drain()
        scene.run.now += step
    shifted.behind = step
    scene.run.tell(e.WallStepped(step))
    scene.run.drop_feed("slept")
    at = scene.now
    scene.until(lambda: bool(scene.alerts("life.clear", at)), within=30 * SECOND)
    return scene


def stop_after_a_lost_answer(scene: Scene) -> None:
    """Let the exchange execute the next placement, lose the answer, and stop the daemon."""
    scene.run.delays = Delays(timeout=100 * MILLISECOND)
    scene.run.faults.interfere = lose(r.PlaceMany, 1, Fate.UNANSWERED)
    at = scene.now
    scene.until(lambda: bool(scene.sent(r.PlaceMany, at)), within=5 * MINUTE)
    scene.go(20 * MILLISECOND)  # it is at the exchange now
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None, within=MINUTE)


@pytest.mark.parametrize("behind", [-60, -7, 0, 7, 60])
def test_a_stop_never_reports_clear_with_a_live_wager_whatever_the_clocks_say(behind: int) -> None:
    scene = off(behind * SECOND)
    stop_after_a_lost_answer(scene)
    assert scene.run.exit is not None
    if scene.run.exit.code == 0:
        assert not scene.wagers()
    else:  # on a clock far ahead the history is not known to be complete in time: exit code 3
        assert behind == -60
        assert scene.run.exit.code == 3
    scene.close()


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("behind", [7, 60])
def test_a_stop_right_after_a_reconnect_is_clear_although_clocks_differ(behind: int, busy: bool) -> None:
    scene = off(behind * SECOND, busy).quoted()
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "holding", within=2 * MINUTE)
    stop_after_a_lost_answer(scene)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    assert not scene.wagers()
    scene.close()


def test_a_clock_behind_the_exchange_is_reported() -> None:
    scene = off(60 * SECOND).quoted()
    scene.go(MINUTE)
    seconds_behind = [alert["seconds"] for alert in scene.alerts("clock.behind")]
    assert len(seconds_behind) <= 2  # one from the history, one from the feed
    assert 59 < seconds_behind[-1] <= 60


def test_a_clock_ahead_of_the_exchange_delays_the_proof_and_is_reported_each_minute() -> None:
    scene = off(-5 * MINUTE, busy=False)
    scene.until(lambda: bool(scene.alerts("life.clear")), within=7 * MINUTE)
    assert scene.now - START > 5 * MINUTE
    seconds_behind = [alert["seconds"] for alert in scene.alerts("history.behind")]
    assert 4 <= len(seconds_behind) <= 6
    assert all(300 < seconds < 310 for seconds in seconds_behind)
    scene.close()


@pytest.mark.parametrize("behind", [-50, 50, 300])
def test_a_placement_with_a_lost_answer_is_found_although_clocks_differ(behind: int) -> None:
    """The history is read by the exchange's clock: in a range without the placement it would seem absent."""
    scene = off(behind * SECOND)
    scene.run.faults.carry = lambda message: () if isinstance(message, e.WagerMessage) else (0,)
    scene.run.delays = Delays(timeout=100 * MILLISECOND)
    scene.run.faults.interfere = lose(r.PlaceMany, 1, Fate.UNANSWERED)
    scene.until(lambda: scene.status().counts.unknown_wagers == 2, within=3 * MINUTE)
    scene.until(lambda: scene.status().counts.unknown_wagers == 0, within=3 * MINUTE)
    assert not scene.alerts("wager.absent")
    assert {wager.external_id for wager in scene.wagers()} == {"r2-q0-0", "r2-q0-1"}
    scene.run.faults.carry = None
    scene.agree()
    scene.close()


@pytest.mark.parametrize("ahead", [11 * MINUTE, 1000 * HOUR])
def test_an_impossible_time_from_the_exchange_is_ignored(ahead: Duration) -> None:
    scene = Scene()

    def change(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.Placed):
            return answer
        return replace(answer, accepted=tuple(replace(each, created_at=now + ahead) for each in answer.accepted))

    scene.amend(change)
    scene.quoted()
    at = scene.now
    scene.run.tell(e.KillRequested("test"))
    scene.until(lambda: bool(scene.alerts("life.clear", at)), within=10 * SECOND)
    scene.close()


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_matches_during_a_lost_feed_are_booked_after_the_wall_clock_steps(step: Duration) -> None:
    scene = stepped(step)
    scene.requoted()
    scene.take(0, 500)
    scene.go(3 * SECOND)
    scene.run.faults.feed_allowed = False
    scene.run.faults.silent = True
    scene.take(0, 1234)  # no message
    scene.run.drop_feed()
    scene.go(20 * SECOND)
    scene.venue.settle(MARKET, 0, scene.now)  # only the history shows what is fully matched
    scene.go(SECOND)
    scene.run.faults.silent = False
    scene.run.faults.feed_allowed = True
    scene.until(lambda: scene.status().phase == "ready", within=2 * MINUTE)
    assert scene.agree().profit.gross != 0


@pytest.mark.parametrize("step", [-HOUR, HOUR])
@pytest.mark.parametrize("feed", ["kept", "dropped"])
def test_clear_is_proved_in_time_and_correctly_after_the_wall_clock_steps(step: Duration, feed: str) -> None:
    scene = stepped(step)
    assert not scene.wagers()
    if feed == "kept":
        scene.requoted()
        scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "holding", within=2 * MINUTE)
    stop_after_a_lost_answer(scene)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    assert not scene.wagers()


@pytest.mark.parametrize("behind", [5 * MINUTE, 5 * HOUR])
def test_a_start_with_a_wrong_clock_proves_nothing_while_an_earlier_wager_is_open(
    behind: Duration,
) -> None:
    """Ranges of the history end a minute ahead of the clock and lack wagers that were placed later."""
    scene = off(behind, busy=False, venue=VenueSettings(activation_ns=30 * SECOND))
    line_id = scene.venue.line_id(*LINE, 0)
    scene.venue.place(scene.account, "earlier-1", line_id, 105, 1000, scene.now)  # it cannot be cancelled for a while
    scene.until(lambda: bool(scene.alerts("life.clear")) or not scene.wagers(), within=MINUTE)
    assert not scene.wagers()
    scene.go(2 * MINUTE)
    if behind == 5 * MINUTE:
        assert scene.sides() == {0, 1}
        return
    assert not scene.alerts("life.clear")  # no exchange's clock is hours ahead of a machine that keeps time
    guard = scene.guard("clock")
    assert guard is not None
    assert guard.reason == "the exchange's clock is 300 minutes ahead of this machine's"


@pytest.mark.parametrize("step", [5 * MINUTE, 5 * HOUR])
def test_a_lost_placement_is_not_absent_after_the_clock_was_wrongly_put_back(step: Duration) -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), venue=SLOW, starts=24 * HOUR).quoted()
    scene.run.faults.carry = lambda message: () if isinstance(message, e.WagerMessage) else (0,)
    if step == 5 * MINUTE:
        scene.run.tell(e.WallStepped(-step))
    scene.run.delays = Delays(timeout=100 * MILLISECOND)
    scene.run.faults.interfere = lose(r.PlaceMany, 1, Fate.UNANSWERED)
    strategy = scene.strategies[0]
    assert isinstance(strategy, Fixed)
    strategy.wants[None] = ((0, 106, 5000), (1, 106, 5000))
    scene.around(LINE, (112, 112))
    scene.until(lambda: scene.status().counts.unknown_wagers > 0, within=MINUTE)
    if step == 5 * HOUR:  # such a step ends quoting at once
        scene.run.tell(e.WallStepped(-step))
    scene.go(30 * SECOND)
    assert not scene.alerts("wager.absent")
    if step == 5 * MINUTE:
        assert scene.status().counts.unknown_wagers == 0
        return
    assert scene.guard("clock") is not None
    assert scene.status().counts.unknown_wagers > 0, "it counts as able to match"
    scene.run.tell(e.WallStepped(0))
    scene.until(lambda: scene.status().counts.unknown_wagers == 0)
    assert scene.guard("clock") is None
    assert not scene.alerts("wager.absent")


def test_a_lost_placement_is_not_absent_from_a_range_that_ended_before_it() -> None:
    """Only the history shows that the clock was put back, and the first range was requested before that."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), starts=24 * HOUR)
    scene.run.delays = Delays(timeout=3 * SECOND)
    scene.run.faults.interfere = lose(r.PlaceMany, 1, Fate.UNANSWERED)
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    scene.go(20 * MILLISECOND)
    scene.run.faults.carry = lambda message: (0,) if isinstance(message, e.Beat) else ()
    scene.run.tell(e.WallStepped(-5 * MINUTE))
    scene.until(lambda: scene.status().counts.unknown_wagers > 0)
    scene.until(lambda: scene.status().counts.unknown_wagers == 0)
    assert not scene.alerts("wager.absent")
