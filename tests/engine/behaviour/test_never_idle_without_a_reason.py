"""A running engine that stops quoting without a reason, or quotes from an unknown book: returning sport events, freed
room, odd messages."""

from __future__ import annotations

from engine_scene import LINE, MARKET, MONEYLINE, Fixed, Scene, maker, settings
from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import DAY, MILLISECOND, MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r

ELSEWHERE = LineKey(2, MONEYLINE, 0)


def placed_on(scene: Scene, line: LineKey, since: Instant) -> list[int]:
    """The odds of the wagers placed on a line."""
    ids = {scene.venue.line_id(*line, side) for side in (0, 1)}
    return [item.odds for item in scene.placements(since) if item.line_id in ids]


# --- a sport event that comes back ------------------------------------------------------------------------------------


def test_a_sport_event_that_returns_is_not_quoted_from_its_old_book() -> None:
    scene = Scene(maker(margin=0.02, size=30), lines=(LINE, ELSEWHERE), starts=30 * DAY).quoted()
    assert placed_on(scene, ELSEWHERE, 0) == [111, 111]
    scene.go(14 * MINUTE)
    scene.venue.unlist_sport_event(2, scene.now)
    scene.go(2 * MINUTE)
    scene.mute(ELSEWHERE)
    scene.go(8 * MINUTE)
    back = scene.now
    scene.venue.list_sport_event(2, back)
    scene.around(ELSEWHERE, (190, -160))  # the market moved without a message
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1}, within=5 * SECOND)
    assert 111 not in placed_on(scene, ELSEWHERE, back)
    scene.close()


def test_a_sport_event_that_returns_without_a_message_is_read_in_the_round_that_finds_it() -> None:
    scene = Scene(maker(margin=0.02, size=30), lines=(LINE, ELSEWHERE), starts=30 * DAY).quoted()
    scene.venue.unlist_sport_event(2, scene.now)
    scene.go(30 * MINUTE)
    scene.run.faults.silent = True
    scene.venue.list_sport_event(2, scene.now)
    scene.go(SECOND)
    scene.run.faults.silent = False
    scene.until(lambda: not any(guard.guard == "unlisted" for guard in scene.status().guards), within=16 * MINUTE)
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1}, within=5 * SECOND)
    scene.close()


def test_a_sport_event_that_a_read_leaves_out_stays_on_the_board() -> None:
    """A failed read is not an empty list."""
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, reconcile_s=60.0))).quoted()
    scene.amend(lambda answer, _: e.MarketsRead(answer.request, {}) if isinstance(answer, e.MarketsRead) else answer)
    since, reads = scene.now, len(scene.sent(r.ReadMarkets))
    scene.go(3 * MINUTE)
    assert len(scene.sent(r.ReadMarkets)) > reads
    assert not scene.sent(r.CancelMany, since)
    assert scene.sides() == {0, 1}
    scene.close()


def test_a_read_without_news_does_not_call_the_strategy() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy, settings(guards=GuardsConfig(hold_s=1.0, reconcile_s=60.0))).quoted()
    scene.go(SECOND)
    reads, calls = len(scene.sent(r.ReadMarkets)), strategy.calls
    scene.go(3 * MINUTE)
    assert len(scene.sent(r.ReadMarkets)) >= reads + 2
    assert strategy.calls == calls
    scene.venue.set_market_status(MARKET, "suspended", scene.now)
    scene.go(SECOND)
    assert not scene.resting()
    scene.close()


# --- room -------------------------------------------------------------------------------------------------------------


def test_quotes_cut_by_a_wider_limit_grow_when_another_line_frees_room() -> None:
    limits = LimitsConfig(line=500, market=500, event=500, tournament=45, account=45, daily_loss=500)
    scene = Scene(
        Fixed((0, 105, 8000), (1, 105, 8000)), settings(limits=limits), lines=(LINE, ELSEWHERE), starts=30 * DAY
    )
    scene.go(20 * SECOND)
    before = sum(stake for _, _, stake in scene.resting(ELSEWHERE))
    scene.venue.set_market_status(MARKET, "suspended", scene.now)
    scene.go(10 * SECOND)
    assert not scene.resting(LINE)
    assert sum(stake for _, _, stake in scene.resting(ELSEWHERE)) > 3 * before > 0
    scene.close()


def test_quotes_of_high_priority_on_all_lines_go_before_those_of_low_priority_on_any() -> None:
    lines = tuple(LineKey(sport_event, MONEYLINE, 0) for sport_event in (1, 2, 3, 4))
    strategy = maker(margin=0.02, size=30, levels=2)
    scene = Scene(strategy, settings(limits=LimitsConfig(open_wagers=8)), lines=lines)
    scene.go(20 * SECOND)
    assert all({side for side, _, _ in scene.resting(line)} == {0, 1} for line in lines)
    scene.close()


# --- clocks and kills -------------------------------------------------------------------------------------------------


def test_one_message_from_the_far_future_moves_no_clock_and_freezes_no_book() -> None:
    scene = Scene().quoted()
    scene.go(5 * SECOND)

    def of_the_far_future(message: e.FeedMessage) -> e.FeedMessage:
        if not isinstance(message, e.BookMessage):
            return message
        scene.run.on_message = None
        return replace(message, sequence=scene.now + 9 * MINUTE)

    scene.run.on_message = of_the_far_future
    scene.around(LINE, (112, 110))
    scene.go(SECOND)
    assert scene.run.on_message is None
    scene.around(LINE, (130, 100))
    scene.go(5 * SECOND)
    assert scene.line().fair != 0.5
    lost = scene.now
    scene.run.drop_feed()
    scene.requoted()
    assert scene.now - lost < MINUTE
    scene.close()


def test_a_placement_that_arrives_after_a_cancel_all_is_cancelled_once_it_opens() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy).quoted()
    scene.go(5 * SECOND)
    scene.run.faults.interfere = lambda request, now: Fate.SLOW if isinstance(request, r.PlaceMany) else Fate.DONE
    strategy.wants[None] = ((0, 108, 5000), (1, 108, 5000))
    scene.around(LINE, (112, 112))
    count = len(scene.sent(r.PlaceMany))
    scene.until(lambda: len(scene.sent(r.PlaceMany)) > count)
    killed = scene.now
    scene.run.tell(e.KillRequested("enough"))
    scene.until(lambda: any(wager.odds == 108 for wager in scene.wagers()))
    opened = scene.now
    scene.until(lambda: not scene.wagers())
    assert scene.now - opened < 300 * MILLISECOND, (opened - killed, scene.now - killed)
    scene.until(lambda: scene.status().clear)
