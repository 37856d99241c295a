"""The order of life: every step of a start, a restart and a stop, whatever the exchange does meanwhile."""

from __future__ import annotations

import pytest
from engine_scene import LINE, MARKET, OTHER, START, Scene, lose, order_of, settings

from mmbot.backtest.faults import Fate
from mmbot.backtest.link import Delays
from mmbot.config.settings import GuardsConfig
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

# --- start ------------------------------------------------------------------------------------------------------------


def test_a_start_cancels_proves_clear_reads_connects_reads_books_holds_and_quotes() -> None:
    scene = Scene()
    phases: list[str] = []

    def watch() -> bool:
        phase = scene.status().phase
        if not phases or phases[-1] != phase:
            phases.append(phase)
        return phase == "ready" and scene.sides() == {0, 1}

    scene.until(watch)

    assert scene.kinds()[0] == "CancelAll"
    order = [kind for kind in order_of(scene) if kind != "ReadBalance"]
    assert order[:2] == ["CancelAll", "ReadHistory"]
    assert order.index("ReadHistory") < order.index("ReadTournaments") < order.index("ReadMarkets")
    assert order[-1] == "PlaceMany"
    wanted = ["cancelling", "proving clear", "reading history", "connecting", "reading books", "holding", "ready"]
    assert [phase for phase in phases if phase in wanted] == wanted
    assert scene.guard("starting") is None
    scene.agree()
    scene.close()


def test_the_hold_after_a_start_lasts_as_long_as_configured() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=7.0))).quoted()
    held = next(at for at, alert in scene.run.alerts if alert.name == "life.hold")
    placed = next(at for at, request in scene.run.requests if isinstance(request, r.PlaceMany))
    assert 7 * SECOND <= placed - held < 8 * SECOND
    scene.close()


def test_the_proof_of_clear_is_a_read_that_is_complete_past_the_last_cancel() -> None:
    scene = Scene(venue=VenueSettings(history_lag_ns=5 * SECOND)).quoted()
    answered = next(at for at, request in scene.run.requests if isinstance(request, r.CancelAll))
    clear = next(at for at, alert in scene.run.alerts if alert.name == "life.clear")
    assert clear - answered > 5 * SECOND
    scene.close()


def test_a_stray_of_an_earlier_run_is_found_and_cancelled_before_anything_is_placed() -> None:
    scene = Scene()
    line_id = scene.venue.line_id(*LINE, 0)
    stray = scene.venue.place(scene.account, "r0-q0-7", line_id, 150, 1000, START)
    scene.world.advance(START + 500 * MILLISECOND)

    scene.quoted()

    assert scene.venue.wager(scene.account, stray.wager_id).status.value == "canceled"
    first = next(at for at, request in scene.run.requests if isinstance(request, r.PlaceMany))
    assert scene.venue.wager(scene.account, stray.wager_id).updated_at < first
    scene.close()


def test_a_stray_that_is_still_being_activated_at_the_first_cancel_all_is_found() -> None:
    scene = Scene(venue=VenueSettings(activation_ns=3 * SECOND))
    line_id = scene.venue.line_id(*LINE, 0)
    stray = scene.venue.place(scene.account, "r0-q0-7", line_id, 150, 1000, START)

    scene.quoted()

    assert scene.venue.wager(scene.account, stray.wager_id).status.value == "canceled"
    assert len(scene.sent(r.CancelAll)) >= 2
    scene.close()


@pytest.mark.parametrize("kind", [r.CancelAll, r.ReadHistory, r.ReadLadder, r.ReadTournaments, r.ReadSportEvents])
@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED, Fate.LIMITED, Fate.BROKEN])
def test_a_start_succeeds_although_its_first_requests_fail(kind: type, fate: Fate) -> None:
    scene = Scene(interfere=lose(kind, 3, fate)).quoted()
    assert scene.kinds()[0] == "CancelAll"
    scene.agree()
    scene.close()


def test_nothing_is_placed_before_the_feed_is_up() -> None:
    scene = Scene()
    scene.run.faults.feed_allowed = False
    scene.go(10 * MINUTE)
    assert scene.status().phase == "connecting"
    assert not scene.sent(r.PlaceMany)
    scene.run.faults.feed_allowed = True
    scene.requoted()
    scene.close()


# --- restart ----------------------------------------------------------------------------------------------------------


def test_a_restart_finds_its_wagers_and_positions_to_the_cent() -> None:
    scene = Scene().quoted()
    scene.take(0, 1234)
    scene.go(3 * SECOND)
    scene.take(1, 777)
    scene.go(20 * MILLISECOND)  # matched, and perhaps not yet reported

    scene.restart()
    scene.requoted()
    scene.go(5 * SECOND)

    assert scene.position() != (0, 0)
    scene.agree()
    scene.close()


def test_wagers_matched_and_settled_without_a_daemon_are_booked_after_the_restart() -> None:
    scene = Scene().quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.restart(HOUR)
    scene.venue.settle(MARKET, 1, scene.run.now)

    scene.go(MINUTE)

    report = scene.agree()
    assert report.profit.gross > 0
    assert report.profit.commission > 0
    scene.close()


def test_a_placement_that_was_in_flight_at_the_crash_is_resolved_before_quoting() -> None:
    scene = Scene()
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    assert not scene.wagers()  # the request was sent and has not arrived
    for item in scene.placements():
        scene.venue.place(scene.account, item.external_id, item.line_id, item.odds, item.stake, scene.now)
    scene.restart()
    assert scene.status().counts.unknown_wagers == 2

    scene.requoted()
    scene.go(5 * SECOND)

    assert scene.status().counts.unknown_wagers == 0
    assert {wager.external_id.partition("-")[0] for wager in scene.wagers()} == {"r2"}
    scene.agree()
    scene.close()


def test_a_placement_that_never_arrived_before_the_crash_is_proved_absent() -> None:
    scene = Scene()
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    lost = [item.external_id for item in scene.placements()]
    scene.restart()
    scene.requoted()
    assert {scene.memory.wagers[key].state for key in lost} == {"absent"}
    scene.close()


def test_an_external_id_is_never_used_again_after_a_restart() -> None:
    scene = Scene().quoted()
    first = {item.external_id for item in scene.placements()}
    scene.restart()
    scene.requoted()
    assert first.isdisjoint(item.external_id for item in scene.placements())
    scene.close()


# --- stop -------------------------------------------------------------------------------------------------------------


def test_a_stop_ends_clear_with_code_0() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.run.tell(e.StopRequested())
    at = scene.now
    assert scene.run.requests[-1][0] == at
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)

    scene.until(lambda: scene.run.exit is not None)

    assert scene.run.exit == o.Exit(0, "stopped")
    assert not scene.wagers()
    scene.close()


def test_a_stop_that_cannot_be_proved_clear_ends_with_code_3_at_the_deadline() -> None:
    scene = Scene(config=settings(deadline_s=20.0)).quoted()
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.run.tell(e.StopRequested())
    at = scene.now
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 3
    assert scene.now == at + 20 * SECOND
    assert not scene.wagers()  # the wager is cancelled nevertheless
    scene.close()


def test_a_second_stop_skips_the_waiting_but_not_the_cancel_all() -> None:
    scene = Scene().quoted()
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.run.tell(e.StopRequested())
    scene.run.tell(e.StopRequested(hurry=True))
    assert scene.run.exit is None  # no answer to cancel_all yet
    scene.until(lambda: scene.run.exit is not None, within=SECOND)
    assert not scene.wagers()
    assert scene.run.exit is not None
    assert scene.run.exit.code == 3
    scene.close()


def test_a_stop_in_a_hurry_after_the_proof_ends_with_code_0() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.status().clear)
    scene.run.tell(e.StopRequested(hurry=True))
    scene.until(lambda: scene.run.exit is not None, within=SECOND)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    scene.close()


def test_a_stop_does_not_report_clear_before_a_late_placement_is_cancelled() -> None:
    """The request arrives after the proof was read: only a read after its answer proves the account clear."""
    slow = Delays(request=4 * SECOND)
    scene = Scene()
    scene.until(lambda: scene.status().phase == "holding")
    scene.run.faults.interfere = None
    scene.until(lambda: scene.status().phase == "ready" and not scene.sent(r.PlaceMany))
    fast, scene.run.delays = scene.run.delays, slow
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    scene.run.delays = fast
    scene.run.tell(e.StopRequested())

    while scene.run.exit is None:
        scene.go(100 * MILLISECOND)
        if scene.status().clear:
            assert not scene.wagers()

    assert scene.run.exit.code == 0
    assert len(scene.venue.wagers(scene.account)) == 2  # the placements arrived late
    assert not scene.wagers()


@pytest.mark.parametrize(
    "phase",
    ["cancelling", "proving clear", "reading history", "connecting", "reading books", "holding", "ready"],
)
@pytest.mark.parametrize("order", [e.StopRequested(), e.KillRequested("test")])
def test_a_stop_or_a_kill_works_in_every_step_of_a_start(phase: str, order: e.Event) -> None:
    scene = Scene(delays=Delays(request=100 * MILLISECOND, answer=100 * MILLISECOND))
    line_id = scene.venue.line_id(*LINE, 0)
    scene.venue.place(scene.account, "r0-q0-7", line_id, 150, 1000, START)
    scene.until(lambda: scene.status().phase == phase)
    at = scene.now

    scene.run.tell(order)

    assert any(isinstance(request, r.CancelAll) for when, request in scene.run.requests if when == at)
    if isinstance(order, e.StopRequested):
        scene.until(lambda: scene.run.exit is not None)
        assert scene.run.exit == o.Exit(0, "stopped")
    else:
        scene.until(lambda: scene.status().phase == "ready")
        assert scene.memory.latch == "test"
        scene.go(MINUTE)
    assert not scene.sent(r.PlaceMany, at)
    assert not scene.wagers()
    scene.close()


@pytest.mark.parametrize("order", [e.StopRequested(), e.KillRequested("test")])
def test_a_stop_or_a_kill_works_while_the_feed_is_down(order: e.Event) -> None:
    scene = Scene().quoted()
    scene.run.faults.feed_allowed = False
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "connecting")
    scene.run.tell(order)
    scene.until(lambda: scene.run.exit is not None if isinstance(order, e.StopRequested) else scene.status().clear)
    assert not scene.wagers()
    scene.close()


@pytest.mark.parametrize("order", [e.StopRequested(), e.KillRequested("test")])
def test_a_stop_or_a_kill_works_while_the_exchange_is_slow(order: e.Event) -> None:
    scene = Scene(delays=Delays(request=1500 * MILLISECOND, answer=1500 * MILLISECOND)).quoted()
    scene.run.tell(order)
    scene.until(lambda: scene.run.exit is not None if isinstance(order, e.StopRequested) else scene.status().clear)
    assert not scene.wagers()
    scene.close()
