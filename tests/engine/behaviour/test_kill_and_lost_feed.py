"""Kill and a lost feed in the middle of a run: every step in order, whatever the exchange does."""

from __future__ import annotations

import pytest
from engine_scene import GAME, LINE, MARKET, OTHER, Fixed, Scene, order_of, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r

# --- kill -------------------------------------------------------------------------------------------------------------


def test_a_kill_cancels_before_it_writes_the_kill_file_and_runs_on_without_quoting() -> None:
    scene = Scene().quoted()
    killed, before = scene.now, len(scene.run.requests)
    scene.run.tell(e.KillRequested("enough"))
    at, first = scene.run.requests[before]
    assert (at, type(first)) == (killed, r.CancelAll)
    assert scene.status().cause == "kill"
    assert scene.memory.latch == "enough"
    scene.go(10 * MINUTE)

    assert scene.run.exit is None
    assert scene.status().latched == "enough"
    assert scene.status().phase == "ready"
    assert not scene.status().quoting
    assert scene.status().clear
    assert not scene.wagers()
    scene.close()


def test_a_deliberate_kill_and_an_early_resume_are_no_errors() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.run.tell(e.ResumeRequested())
    scene.go(10 * MINUTE)
    assert scene.alerts("latch.set")
    assert scene.alerts("latch.resume_rejected")
    assert [alert for _, alert in scene.run.alerts if alert.level is o.Severity.ERROR] == []
    scene.close()


def test_the_kill_switch_survives_a_restart_and_is_released_by_a_resume() -> None:
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


def test_the_kill_switch_holds_although_its_file_could_not_be_written() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    assert scene.status().latch_unstored is not None
    scene.run.tell(e.LatchWritten(error="disk full"))
    assert scene.status().latch_unstored == "disk full"
    scene.go(MINUTE)
    assert scene.alerts("latch.not_written") == [{"error": "disk full"}]
    assert scene.guard("latch") is not None
    assert not scene.wagers()
    scene.close()


@pytest.mark.parametrize("step", ["reading history", "reading books", "holding", "ready"])
def test_a_resume_at_any_step_after_clear_leads_to_quotes(step: str) -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.until(lambda: scene.status().clear and scene.status().phase == step)
    scene.run.tell(e.ResumeRequested())
    assert scene.status().latched is None
    scene.quoted()
    scene.close()


def test_the_kill_switch_takes_its_reason_from_its_file() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("SIGUSR1"))
    scene.run.tell(e.LatchWritten(reason="drill"))
    assert (scene.status().latched, scene.status().latch_unstored) == ("drill", None)
    scene.until(lambda: scene.status().clear)
    scene.run.tell(e.ResumeRequested())
    scene.run.tell(e.LatchWritten(reason="drill"))  # late: the kill switch is already released
    assert scene.status().latched is None
    scene.quoted()
    scene.close()


def test_a_resume_is_rejected_until_the_account_is_proved_clear() -> None:
    scene = Scene().quoted()
    scene.run.tell(e.KillRequested("enough"))
    scene.run.engine.handle(e.ResumeRequested(), scene.now)
    scene.go(MINUTE)
    assert scene.guard("latch") is not None
    assert scene.alerts("latch.resume_rejected")
    scene.close()


def test_history_from_before_the_start_is_read_although_a_kill_interrupted() -> None:
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
    scene.run.faults.feed_allowed = False
    lost = scene.now
    if silent:
        scene.run.faults.silent = True
        scene.referee.note_feed_lost(lost, 30 * SECOND)
        scene.until(lambda: not scene.status().feed_up)
        assert 25 * SECOND <= scene.now - lost <= 30 * SECOND
    else:
        scene.run.drop_feed()
    noticed = scene.now
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)
    assert scene.run.requests[-1][0] == noticed
    scene.until(lambda: not scene.wagers(), within=SECOND)
    scene.until(lambda: scene.status().clear, within=10 * SECOND)
    scene.go(MINUTE)
    assert scene.status().phase == "connecting"
    assert scene.guard("feed") is not None
    assert not scene.sent(r.PlaceMany, noticed)

    scene.run.faults.silent = False
    scene.run.faults.feed_allowed = True
    scene.requoted()

    assert scene.guard("feed") is None
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def test_a_lost_feed_leads_to_cancel_histories_connect_and_repost() -> None:
    """Case 1: websocket broken, cancel_all, histories, connect, repost."""
    scene = Scene().quoted()
    scene.take(0, 1000)
    scene.run.drop_feed()  # no message reports the match
    at = scene.now
    scene.requoted()
    scene.go(5 * SECOND)
    order = order_of(scene, at)
    assert order[:2] == ["CancelAll", "ReadHistory"]
    connected = next(when for when, alert in scene.run.alerts if alert.name == "feed.up" and when > at)
    clear = next(when for when, alert in scene.run.alerts if alert.name == "life.clear" and when > at)
    histories = [
        when
        for when, request in scene.run.requests
        if isinstance(request, r.ReadHistory) and request.updated_from is not None and when > at
    ]
    assert clear <= histories[0] < connected
    assert all(
        when >= connected
        for when, request in scene.run.requests
        if isinstance(request, r.PlaceMany | r.ReadMarkets) and when > at
    )
    assert scene.position()[0] < 0
    scene.agree()
    scene.close()


def test_a_result_between_the_history_read_and_the_reconnect_is_booked() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.run.faults.feed_allowed = False
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase == "connecting")
    scene.go(10 * MINUTE)
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(10 * MINUTE)
    scene.run.faults.feed_allowed = True

    scene.until(lambda: scene.status().phase == "ready")
    scene.go(SECOND)

    assert scene.agree().profit.gross > 0
    scene.close()


def test_a_result_without_a_message_is_found_within_15_minutes() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.take(0, 1500)
    scene.go(3 * SECOND)
    scene.run.faults.silent = True
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(300 * MILLISECOND)
    scene.run.faults.silent = False
    scene.go(16 * MINUTE)
    assert scene.agree().profit.gross > 0
    scene.close()


def test_a_feed_that_is_lost_repeatedly_is_held_longer() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, flap_hold_s=60.0))).quoted()
    for _ in range(4):
        scene.run.drop_feed()
        scene.until(lambda: scene.status().phase == "holding")
    held = scene.now
    scene.requoted(2 * MINUTE)
    assert scene.now - held >= 59 * SECOND
    scene.close()


def test_a_second_feed_loss_during_recovery_loses_no_match() -> None:
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


def test_a_new_connection_without_the_end_of_the_old_one_is_a_feed_loss() -> None:
    scene = Scene().quoted()
    at = scene.now
    scene.run.tell(e.FeedUp(scene.run.connection + 1))
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)
    assert scene.run.requests[-1][0] == at
    scene.requoted()
    scene.go(SECOND)
    assert scene.line().why is None
    scene.agree()
    scene.close()


def test_a_feed_that_is_rejected_for_good_stops_quoting_and_is_reported() -> None:
    scene = Scene().quoted()
    scene.run.faults.feed_allowed = False
    scene.run.reject_feed("4001: app does not exist")
    scene.go(MINUTE)
    assert not scene.wagers()
    rejected = scene.guard("feed_rejected")
    assert rejected is not None
    assert "4001" in rejected.reason
    scene.close()


def test_on_a_shared_account_a_lost_feed_cancels_only_our_wagers() -> None:
    scene = Scene(config=settings(account="shared")).quoted()
    line_id = scene.venue.line_id(*LINE, 0)
    byhand = scene.venue.place(scene.account, "byhand", line_id, 150, 1000, scene.now)
    scene.go(5 * SECOND)
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == o.Exit(0, "stopped")
    assert [wager.wager_id for wager in scene.wagers()] == [byhand.wager_id]
    assert not scene.sent(r.CancelAll)


def test_on_a_shared_account_a_start_cancels_the_wagers_of_an_earlier_run() -> None:
    scene = Scene(config=settings(account="shared"), lines=(LINE, OTHER)).quoted()
    scene.restart()
    left = {wager.wager_id for wager in scene.wagers()}
    assert len(left) == 4
    scene.until(lambda: scene.status().clear)
    assert not scene.wagers()
    scene.requoted()
    scene.go(SECOND)
    scene.agree()
    scene.close()


def test_limits_lowered_below_a_position_allow_only_reducing_quotes() -> None:
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


def test_hours_without_news_cost_only_the_regular_reads() -> None:
    """The engine sets one deadline after another and never spins."""
    scene = Scene().quoted()
    before = len(scene.run.requests)
    placed = len(scene.placements())
    engine = scene.run.engine
    scene.go(HOUR)
    assert len(scene.placements()) == placed
    # The balance, the audit, its sweep of a small account every five minutes, and four rounds of reads.
    assert 200 < len(scene.run.requests) - before < 360
    deadline = engine.deadline(scene.now)
    assert deadline is not None
    assert scene.now < deadline <= scene.now + SECOND
    scene.agree()
    scene.close()
