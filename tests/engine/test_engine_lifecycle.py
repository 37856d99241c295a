"""The order of life: start, stop, kill and a lost feed, each to the letter, whatever the exchange does meanwhile."""

from __future__ import annotations

import pytest
from engine_scene import GAME, LINE, MARKET, OTHER, START, Fixed, Scene, lose, settings

from mmbot.backtest.run import Delays, Fate
from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.records import VenueSettings

CHANGES = (r.CancelAll, r.CancelEvent, r.CancelMany, r.PlaceMany)


def order_of(scene: Scene, since: int = 0) -> list[str]:
    """The kinds of requests in the order in which each was first sent."""
    return list(dict.fromkeys(scene.kinds(since)))


# --- start ------------------------------------------------------------------------------------------------------------


def test_a_start_cancels_first_then_proves_reads_connects_reads_books_holds_and_quotes() -> None:
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
    wanted = ["cancelling", "proving flat", "reading history", "connecting", "reading books", "holding", "ready"]
    assert [phase for phase in phases if phase in wanted] == wanted
    assert scene.guard("starting") is None
    scene.agree()
    scene.close()


def test_the_hold_after_a_start_lasts_as_long_as_it_is_set() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=7.0))).quoted()
    held = next(at for at, alert in scene.run.alerts if alert.name == "life.hold")
    placed = next(at for at, request in scene.run.requests if isinstance(request, r.PlaceMany))
    assert 7 * SECOND <= placed - held < 8 * SECOND
    scene.close()


def test_the_proof_of_flat_is_a_read_that_is_complete_past_the_last_cancel() -> None:
    scene = Scene(venue=VenueSettings(history_lag_ns=5 * SECOND)).quoted()
    answered = next(at for at, request in scene.run.requests if isinstance(request, r.CancelAll))
    flat = next(at for at, alert in scene.run.alerts if alert.name == "life.flat")
    assert flat - answered > 5 * SECOND
    scene.close()


def test_inactive_wagers_are_looked_for_before_open_ones() -> None:
    scene = Scene().quoted()
    proof = [request.status for request in scene.sent(r.ReadHistory) if request.status is not None]
    assert list(dict.fromkeys(proof)) == ["inactive", "open"]
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


@pytest.mark.parametrize("kind", [r.CancelAll, r.ReadHistory, r.ReadLadder, r.ReadTournaments, r.ReadEvents])
@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED, Fate.LIMITED, Fate.BROKEN])
def test_a_start_gets_through_when_its_first_requests_fail(kind: type, fate: Fate) -> None:
    scene = Scene(interfere=lose(kind, 3, fate)).quoted()
    assert scene.kinds()[0] == "CancelAll"
    scene.agree()
    scene.close()


def test_nothing_is_placed_before_the_feed_is_up() -> None:
    scene = Scene()
    scene.run.feed_allowed = False
    scene.go(10 * MINUTE)
    assert scene.status().phase == "connecting"
    assert not scene.sent(r.PlaceMany)
    scene.run.feed_allowed = True
    scene.requoted()
    scene.close()


# --- restart ----------------------------------------------------------------------------------------------------------


def test_a_restart_finds_its_wagers_and_positions_to_the_cent() -> None:
    scene = Scene().quoted()
    scene.take(0, 1234)
    scene.go(3 * SECOND)
    scene.take(1, 777)
    scene.go(20 * MILLISECOND)  # matched, and perhaps not yet told

    scene.restart()
    scene.requoted()
    scene.go(5 * SECOND)

    assert scene.position() != (0, 0)
    scene.agree()
    scene.close()


def test_what_was_matched_and_settled_while_no_daemon_lived_is_booked_after_the_restart() -> None:
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
    assert not scene.wagers()  # it left, and has not arrived
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


def test_a_stop_ends_flat_with_code_0() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.run.tell(e.StopRequested())
    at = scene.now
    assert scene.run.requests[-1][0] == at
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)

    scene.until(lambda: scene.run.exit is not None)

    assert scene.run.exit == r.Exit(0, "stopped")
    assert not scene.wagers()
    scene.close()


def test_a_stop_that_cannot_be_proved_flat_ends_with_code_3_at_the_deadline() -> None:
    scene = Scene(config=settings(deadline_s=20.0)).quoted()
    scene.run.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.run.tell(e.StopRequested())
    at = scene.now
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 3
    assert scene.now == at + 20 * SECOND
    assert not scene.wagers()  # cancelled all the same
    scene.close()


def test_a_second_stop_skips_the_waiting_but_not_the_cancel_all() -> None:
    scene = Scene().quoted()
    scene.run.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.run.tell(e.StopRequested())
    scene.run.tell(e.StopRequested(hurry=True))
    assert scene.run.exit is None  # the cancel_all has not been answered
    scene.until(lambda: scene.run.exit is not None, within=SECOND)
    assert not scene.wagers()
    assert scene.run.exit is not None
    assert scene.run.exit.code == 3
    scene.close()


def test_a_stop_in_a_hurry_after_the_proof_ends_with_code_0() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.status().flat)
    scene.run.tell(e.StopRequested(hurry=True))
    scene.until(lambda: scene.run.exit is not None, within=SECOND)
    assert scene.run.exit is not None
    assert scene.run.exit.code == 0
    scene.close()


def test_a_late_placement_keeps_a_stop_from_calling_itself_flat() -> None:
    """The request reaches the exchange after the proof was read: only a read after its answer proves anything."""
    slow = Delays(request=4 * SECOND)
    scene = Scene()
    scene.until(lambda: scene.status().phase == "holding")
    scene.run.interfere = None
    scene.until(lambda: scene.status().phase == "ready" and not scene.sent(r.PlaceMany))
    fast, scene.run.delays = scene.run.delays, slow
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    scene.run.delays = fast
    scene.run.tell(e.StopRequested())

    while scene.run.exit is None:
        scene.go(100 * MILLISECOND)
        if scene.status().flat:
            assert not scene.wagers()

    assert scene.run.exit.code == 0
    assert len(scene.venue.wagers(scene.account)) == 2  # they arrived after all
    assert not scene.wagers()


@pytest.mark.parametrize(
    "phase",
    ["cancelling", "proving flat", "reading history", "connecting", "reading books", "holding", "ready"],
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
        assert scene.run.exit == r.Exit(0, "stopped")
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
    scene.run.feed_allowed = False
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "connecting")
    scene.run.tell(order)
    scene.until(lambda: scene.run.exit is not None if isinstance(order, e.StopRequested) else scene.status().flat)
    assert not scene.wagers()
    scene.close()


@pytest.mark.parametrize("order", [e.StopRequested(), e.KillRequested("test")])
def test_a_stop_or_a_kill_works_while_the_exchange_is_slow(order: e.Event) -> None:
    scene = Scene(delays=Delays(request=1500 * MILLISECOND, answer=1500 * MILLISECOND)).quoted()
    scene.run.tell(order)
    scene.until(lambda: scene.run.exit is not None if isinstance(order, e.StopRequested) else scene.status().flat)
    assert not scene.wagers()
    scene.close()


# --- kill -------------------------------------------------------------------------------------------------------------


def test_a_kill_cancels_before_it_writes_and_stays_up_without_quoting() -> None:
    scene = Scene().quoted()
    scene.run.engine.handle(e.KillRequested("enough"), scene.now)
    scene.referee.note_latched(scene.now)
    first = scene.run.engine.next_request(scene.now)
    assert isinstance(first, r.CancelAll)
    orders = scene.run.engine.orders()
    assert any(isinstance(order, r.WriteLatch) and order.reason == "enough" for order in orders)

    scene.run._send(first)
    scene.run._obey(orders)
    scene.go(10 * MINUTE)

    assert scene.run.exit is None
    assert scene.status().latched == "enough"
    assert scene.status().phase == "ready"
    assert not scene.status().quoting
    assert scene.status().flat
    assert not scene.wagers()
    scene.close()


def test_a_latch_survives_a_restart_and_ends_with_a_resume() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.go(10 * SECOND)
    scene.restart()
    at = scene.now
    scene.go(MINUTE)
    assert scene.status().latched == "enough"
    assert not scene.sent(r.PlaceMany, at)

    scene.run.tell(e.ResumeRequested())
    scene.quoted()

    assert scene.memory.latch is None
    assert scene.status().latched is None
    scene.close()


def test_a_latch_whose_file_could_not_be_written_holds_all_the_same() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.run.tell(e.LatchWritten(error="disk full"))
    scene.go(MINUTE)
    assert scene.alerts("latch.not_written") == [{"error": "disk full"}]
    assert scene.guard("latch") is not None
    assert not scene.wagers()
    scene.close()


@pytest.mark.parametrize("step", ["reading history", "reading books", "holding", "ready"])
def test_a_resume_at_any_step_after_flat_leads_to_quotes(step: str) -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.until(lambda: scene.status().flat and scene.status().phase == step)
    scene.run.tell(e.ResumeRequested())
    assert scene.status().latched is None
    scene.quoted()
    scene.close()


def test_a_latch_takes_the_words_that_its_file_has_while_it_holds() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("SIGUSR1"))
    scene.run.tell(e.LatchWritten(reason="drill"))
    assert scene.status().latched == "drill"
    scene.until(lambda: scene.status().flat)
    scene.run.tell(e.ResumeRequested())
    scene.run.tell(e.LatchWritten(reason="drill"))  # late: it is released by then
    assert scene.status().latched is None
    scene.quoted()
    scene.close()


def test_a_resume_is_refused_until_the_account_is_proved_flat() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.run.engine.handle(e.ResumeRequested(), scene.now)
    scene.go(MINUTE)
    assert scene.guard("latch") is not None
    assert scene.alerts("latch.resume_refused")
    scene.close()


def test_what_happened_before_the_start_is_read_though_a_kill_came_in_between() -> None:
    scene = Scene().quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.restart(HOUR)
    scene.memory.last = 0
    scene.run.tell(e.KillRequested("test"))
    scene.venue.settle(MARKET, 1, scene.run.now)
    scene.go(MINUTE)
    assert scene.agree().profit.gross > 0
    scene.close()


# --- a lost feed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [False, True])
def test_a_lost_feed_cancels_at_once_over_http_and_quotes_again_after_the_reconnect(silent: bool) -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.run.feed_allowed = False
    lost = scene.now
    if silent:
        scene.run.silent = True
        scene.referee.note_feed_lost(lost, 30 * SECOND)
        scene.until(lambda: not scene.status().feed_up)
        assert 25 * SECOND <= scene.now - lost <= 30 * SECOND
    else:
        scene.run.drop_feed()
    noticed = scene.now
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)
    assert scene.run.requests[-1][0] == noticed
    scene.until(lambda: not scene.wagers(), within=SECOND)
    scene.until(lambda: scene.status().flat, within=10 * SECOND)
    scene.go(MINUTE)
    assert scene.status().phase == "connecting"
    assert scene.guard("feed") is not None
    assert not scene.sent(r.PlaceMany, noticed)

    scene.run.silent = False
    scene.run.feed_allowed = True
    scene.requoted()

    assert scene.guard("feed") is None
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def test_a_lost_feed_is_followed_as_the_second_document_says() -> None:
    """Case 1: websocket broken, cancel_all, histories, connect, repost."""
    scene = Scene().quoted()
    scene.take(0, 1000)
    scene.run.drop_feed()  # the match is told to nobody
    at = scene.now
    scene.requoted()
    scene.go(5 * SECOND)
    order = order_of(scene, at)
    assert order[:2] == ["CancelAll", "ReadHistory"]
    connected = next(when for when, alert in scene.run.alerts if alert.name == "feed.up" and when > at)
    flat = next(when for when, alert in scene.run.alerts if alert.name == "life.flat" and when > at)
    histories = [
        when
        for when, request in scene.run.requests
        if isinstance(request, r.ReadHistory) and request.updated_from is not None and when > at
    ]
    assert flat <= histories[0] < connected
    assert all(
        when >= connected
        for when, request in scene.run.requests
        if isinstance(request, r.PlaceMany | r.ReadMarkets) and when > at
    )
    assert scene.position()[0] < 0
    scene.agree()
    scene.close()


def test_a_result_that_falls_between_the_history_and_the_reconnect_is_not_missed() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.run.feed_allowed = False
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "connecting")
    scene.go(10 * MINUTE)
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(10 * MINUTE)
    scene.run.feed_allowed = True

    scene.until(lambda: scene.status().phase == "ready")
    scene.go(SECOND)

    assert scene.agree().profit.gross > 0
    scene.close()


def test_a_result_that_was_told_to_nobody_is_found_within_a_quarter_of_an_hour() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(300 * MILLISECOND)
    scene.venue.drain()
    scene = swallow(scene)
    scene.go(16 * MINUTE)
    assert scene.agree().profit.gross > 0
    scene.close()


def swallow(scene: Scene) -> Scene:
    """What is on its way over the feed is lost, without a sign."""
    scene.run._queue.clear()
    return scene


def test_a_feed_that_flaps_is_held_longer() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, flap_hold_s=60.0))).quoted()
    for _ in range(4):
        scene.run.drop_feed()
        scene.until(lambda: scene.status().phase == "holding")
    held = scene.now
    scene.requoted(2 * MINUTE)
    assert scene.now - held >= 59 * SECOND
    scene.close()


def test_a_second_loss_before_the_first_was_read_up_loses_nothing() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.run.drop_feed()
    scene.venue.settle(MARKET, 1, scene.now)
    scene.until(lambda: scene.status().feed_up)
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(SECOND)
    assert scene.agree().profit.gross > 0
    scene.close()


def test_another_connection_without_a_word_about_the_old_one_is_a_loss() -> None:
    scene = Scene().quoted()
    scene.run._connection += 1
    at = scene.now
    scene.run.tell(e.FeedUp(scene.run._connection))
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)
    assert scene.run.requests[-1][0] == at
    scene.requoted()
    scene.go(SECOND)
    assert scene.line().why is None
    scene.agree()
    scene.close()


def test_a_feed_refused_for_good_stops_the_quoting_and_says_so() -> None:
    scene = Scene().quoted()
    scene.referee.note_feed_lost(scene.now)
    scene.run._up = False
    scene.run.feed_allowed = False
    scene.run.tell(e.FeedRefused(1, "4001: app does not exist"))
    scene.go(MINUTE)
    assert not scene.wagers()
    refused = scene.guard("feed_refused")
    assert refused is not None
    assert "4001" in refused.reason
    scene.close()


def test_a_shared_account_keeps_the_wagers_of_others_and_loses_ours() -> None:
    scene = Scene(config=settings(account="shared")).quoted()
    line_id = scene.venue.line_id(*LINE, 0)
    byhand = scene.venue.place(scene.account, "byhand", line_id, 150, 1000, scene.now)
    scene.go(5 * SECOND)
    scene.run.tell(e.StopRequested())
    scene.referee._duties.clear()  # the referee knows no shared accounts: the wager by hand stays
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == r.Exit(0, "stopped")
    assert [wager.wager_id for wager in scene.wagers()] == [byhand.wager_id]
    assert not scene.sent(r.CancelAll)


def test_a_shared_account_is_rid_of_what_an_earlier_run_left() -> None:
    scene = Scene(config=settings(account="shared"), lines=(LINE, OTHER)).quoted()
    scene.restart()
    left = {wager.wager_id for wager in scene.wagers()}
    assert len(left) == 4
    scene.until(lambda: scene.status().flat)
    assert not scene.wagers()
    scene.requoted()
    scene.go(SECOND)
    scene.agree()
    scene.close()


def test_limits_that_were_lowered_below_what_is_held_allow_only_what_reduces() -> None:
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000))).quoted()
    scene.take(0, 9000)
    scene.until(lambda: scene.position()[0] <= -8000)
    scene.go(2 * SECOND)
    tight = LimitsConfig(line=50, market=50, event=50, tournament=50, account=50, hedge_cost=0.0)
    scene.config = settings(limits=tight)
    scene.restart()
    at = scene.now
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(5 * SECOND)
    sides = {wager.side for wager in scene.wagers()}
    assert sides == {0}
    assert scene.placements(at)
    assert {item.line_id for item in scene.placements(at)} == {scene.venue.line_id(GAME, 219, 0, 0)}


def test_hours_without_news_leave_the_engine_awake_and_quiet() -> None:
    """It asks to be woken again and again, and never spins."""
    scene = Scene().quoted()
    before = len(scene.run.requests)
    placed = len(scene.placements())
    engine = scene.run.engine
    scene.go(HOUR)
    assert len(scene.placements()) == placed
    assert 100 < len(scene.run.requests) - before < 200  # the balance, and four rounds of reads
    deadline = engine.deadline(scene.now)
    assert deadline is not None
    assert scene.now < deadline <= scene.now + SECOND
    scene.agree()
    scene.close()
