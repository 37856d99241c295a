"""A start reads what changed since the journal knew all wagers. Its cost does not grow with matched wagers, and what it
did not read is compared in the background."""

from __future__ import annotations

import pytest
from engine_scene import LINE, MARKET, START, Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND, Duration
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

FIRST_SWEEP: Duration = 3 * MINUTE
"""By then, the first round of the audit and the sweep after it are complete."""


def quiet() -> Fixed:
    """Quotes far from the market: matches come only from the test."""
    return Fixed((0, 300, 1000), (1, 300, 1000))


def with_matched(matched: int, **changes: object) -> Scene:
    """A scene whose account has so many matched, unsettled wagers, and a daemon that quotes."""
    limits = LimitsConfig(line=10**6, market=10**6, event=10**6, tournament=10**6, account=10**6, daily_loss=10**6)
    config = settings(limits=limits, guards=GuardsConfig(hold_s=1.0, stop_before_start_s=0.0))
    scene = Scene(quiet(), config=config, balance=100_000_000, **changes)  # type: ignore[arg-type]
    line_id = scene.venue.line_id(*LINE, 0)
    for number in range(matched):
        scene.venue.place(scene.account, f"earlier-{number}", line_id, 100, 100, START)
    scene.world.advance(START + 500 * SECOND // 1000)
    if matched:
        now = START + 500 * SECOND // 1000
        scene.venue.crowd.enter(scene.crowd, LINE, 1, -100, 100 * matched + 100, now, rest=False)
    assert sum(wager.matched == 100 for wager in scene.venue.wagers(scene.account)) == matched
    scene.until(lambda: scene.status().phase == "ready", within=2 * MINUTE)
    scene.quoted()
    return scene


def restarted(scene: Scene, down: Duration = 10 * SECOND) -> tuple[int, Duration]:
    """Restart the daemon. Returns the number of history reads and the time until it may quote."""
    scene.restart(down)
    at = scene.now
    scene.until(lambda: scene.status().phase == "ready", within=5 * MINUTE)
    return len(scene.sent(r.ReadHistory)), scene.now - at


def stopped(scene: Scene) -> tuple[int, Duration]:
    """Stop the daemon in order, the same."""
    at = scene.now
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == o.Exit(0, "stopped")
    return len(scene.sent(r.ReadHistory, at)), scene.now - at


def test_a_start_and_a_stop_read_no_more_with_5000_matched_wagers_than_with_none() -> None:
    costs = []
    for matched in (0, 5_000):
        scene = with_matched(matched)
        scene.go(5 * MINUTE)
        after_a_crash = restarted(scene)
        scene.go(5 * MINUTE)
        end = stopped(scene)
        costs.append((after_a_crash, end, restarted(scene)))
    (crash, end, start), (crash_many, end_many, start_many) = costs
    assert (crash_many[0], end_many[0], start_many[0]) == (crash[0], end[0], start[0])
    assert all(many[1] - none[1] < SECOND for many, none in zip(costs[1], costs[0], strict=True))


def test_positions_of_the_journal_count_from_the_start_and_are_swept_in_the_background() -> None:
    scene = with_matched(2_500)
    scene.go(5 * MINUTE)
    restarted(scene)
    assert scene.position()[0] == 250_000
    assert scene.agree()
    at = scene.now
    scene.go(FIRST_SWEEP)
    swept = [read for read in scene.sent(r.ReadHistory, at) if read.status == "open" and read.matching is None]
    assert len(swept) == 6  # three pages of this week, and one of each of the three weeks before
    assert not any(scene.run.engine.audited.values())
    scene.go(4 * MINUTE)  # six pages: the next sweep begins 7.5 minutes after this one
    assert swept == [read for read in scene.sent(r.ReadHistory, at) if read.status == "open" and read.matching is None]
    scene.agree()
    scene.close()


@pytest.mark.parametrize("dated", [True, False])
def test_results_that_came_without_a_daemon_are_found_whether_the_exchange_dates_them_or_not(dated: bool) -> None:
    scene = with_matched(150, venue=VenueSettings(results_dated=dated))
    scene.go(5 * MINUTE)
    scene.restart(HOUR)
    scene.venue.settle(MARKET, 1, scene.now)
    scene.until(lambda: scene.status().phase == "ready", within=5 * MINUTE)
    # Undated results are unknown for now, except those that the matching detail or a look-up brought.
    assert (scene.status().profit.realised == -15_000) is dated
    scene.go(15 * MINUTE)
    scene.agree()


def test_a_journal_that_lost_matched_wagers_is_mended_by_a_start_that_reads_everything() -> None:
    scene = with_matched(50)
    scene.restart(keep=lambda saved: not saved.matched)
    scene.until(lambda: scene.status().phase == "ready", within=5 * MINUTE)
    scene.agree()
    scene.close()


@pytest.mark.parametrize("down", [HOUR, 47 * HOUR, 49 * HOUR, 4 * DAY])
def test_a_start_reads_the_changes_or_the_whole_week_as_the_exchange_lists_changes_for_two_days(down: Duration) -> None:
    scene = with_matched(1_500, starts=20 * DAY)
    scene.go(5 * MINUTE)
    reads, _ = restarted(scene, down)
    whole = [read for read in scene.sent(r.ReadHistory) if read.status is None and read.created_from is not None]
    assert bool(whole) is (down > 2 * DAY)
    assert (reads > 6) is (down > 2 * DAY)
    scene.agree()
    scene.close()


def test_a_start_that_waits_too_long_for_the_changes_reads_the_whole_week() -> None:
    scene = with_matched(20, starts=20 * DAY)
    scene.go(5 * MINUTE)
    scene.restart(47 * HOUR)
    scene.until(lambda: scene.status().phase == "reading history")
    scene.run.on_request = lambda request, now: (
        e.Failed(request.id, e.Failure.RETRYABLE, "unavailable") if isinstance(request, r.ReadHistory) else None
    )
    scene.go(2 * HOUR)
    scene.run.on_request = None
    scene.until(lambda: scene.status().phase == "ready", within=5 * MINUTE)
    assert any(read.status is None and read.created_from is not None for read in scene.sent(r.ReadHistory))
    scene.agree()


def test_a_run_that_ends_before_it_may_quote_leaves_the_next_start_as_much_to_read() -> None:
    """The run may have received messages of the feed, but it has not read everything."""
    scene = with_matched(10)
    scene.go(MINUTE)
    known = scene.memory.known
    scene.restart()
    scene.until(lambda: scene.status().phase == "holding", within=MINUTE)
    assert scene.memory.known == known
    scene.restart()
    scene.until(lambda: scene.status().phase == "ready", within=MINUTE)
    scene.go(10 * SECOND)
    assert scene.memory.known > known
    scene.agree()
    scene.close()


def test_the_audit_of_changes_goes_on_where_the_run_before_left_it() -> None:
    """A lost message is found, although the daemon is restarted before the audit came to it."""
    scene = with_matched(5)
    scene.go(6 * MINUTE)
    compared = scene.memory.compared
    assert compared > 0
    scene.go(2 * MINUTE)
    restarted(scene)
    scene.go(6 * MINUTE)
    reads = [read.updated_from for read in scene.sent(r.ReadHistory) if read.updated_from is not None]
    assert any(start <= compared for start in reads)
    scene.close()
