"""The synthetic market: repeatable, two-sided, never crossed, moved by informed takers, and played to its results."""

from __future__ import annotations

from statistics import fmean

import pytest

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import HOUR, MINUTE, SECOND, Instant
from mmbot.domain.odds import could_match, implied, negate
from mmbot.domain.wager import Status
from mmbot.simulator.crowd.fixtures import PLAIN
from mmbot.simulator.crowd.synthetic_crowd import FIRST_SPORT_EVENT, BoardSettings, SyntheticCrowd
from mmbot.simulator.venue.changes import Announcement, BookChanged, Printed, SportEventChanged, WagerChanged
from mmbot.simulator.world import World, synthetic_world

START: Instant = 1_900_000_000 * SECOND


def run(world: World, until: Instant, every: int = SECOND) -> list[Announcement]:
    """Everything that is published until then."""
    told: list[Announcement] = []
    now = START
    while now < until:
        now += every
        world.advance(now)
        told += world.venue.drain()
    return told


def lines(world: World) -> list[LineKey]:
    found = [world.venue.markets(sport_event.sport_event_id) or [] for sport_event in world.venue.sport_events()]
    return [line.key for markets in found for market in markets for line in market.lines]


def crowd(world: World) -> SyntheticCrowd:
    (only,) = world.crowds
    assert isinstance(only, SyntheticCrowd)
    return only


def test_the_board_has_sport_events_of_several_tournaments_and_moneylines_spreads_and_totals() -> None:
    world = synthetic_world(None, 1, START)
    sport_events = world.venue.sport_events()
    assert len(sport_events) == 6
    assert len({sport_event.tournament_id for sport_event in sport_events}) == 4
    markets = [
        market for sport_event in sport_events for market in world.venue.markets(sport_event.sport_event_id) or []
    ]
    assert {market.type for market in markets} == {"moneyline", "spread", "total"}
    assert [market.type for market in markets].count("moneyline") == 6
    starts = [sport_event.scheduled - START for sport_event in sport_events if sport_event.scheduled is not None]
    assert starts == sorted(starts)
    assert starts[0] == 6 * MINUTE
    assert starts[1] > 15 * MINUTE
    for market in markets:
        for line in market.lines:
            assert len({outcome.line_id for outcome in line.outcomes}) == 2
            assert (line.key.number == 0) is (market.type == "moneyline")


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    told = [run(synthetic_world(None, seed, START), START + 2 * MINUTE) for seed in (7, 7, 8)]
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_the_size_of_time_steps_changes_nothing() -> None:
    fine, coarse = (synthetic_world(None, 3, START) for _ in range(2))
    run(fine, START + 8 * MINUTE, SECOND // 2)
    run(coarse, START + 8 * MINUTE, MINUTE)
    for line in lines(fine):
        assert fine.venue.book(line) == coarse.venue.book(line)


def test_books_have_two_sides_around_the_fair_price_and_never_cross() -> None:
    world = synthetic_world(None, 1, START)
    widths: list[float] = []
    for second in range(5, 300, 5):
        world.advance(START + second * SECOND)
        for line in lines(world):
            zero, one = world.venue.book(line).sides
            if not zero or not one:
                continue
            assert not could_match(negate(zero[0].odds), negate(one[0].odds))
            ask, bid = implied(zero[0].odds), 1 - implied(one[0].odds)
            widths.append(ask - bid)
            assert abs((ask + bid) / 2 - crowd(world).fair(line)) < 0.06
    assert len(widths) > 0.98 * 59 * len(lines(world))
    assert 0.03 < fmean(widths) < 0.07


def test_books_and_prints_keep_coming() -> None:
    told = run(synthetic_world(None, 1, START), START + 5 * MINUTE)
    assert sum(isinstance(message, BookChanged) for message in told) > 1_000
    assert sum(isinstance(message, Printed) for message in told) > 100
    assert not any(isinstance(message, WagerChanged) for message in told)


def gain_of_takers(informed: float) -> float:
    """Return the takers' gain on each dollar of payout, measured a while later."""
    board = BoardSettings(informed=informed, sport_events=2, first_start_ns=2 * HOUR, taker_ns=4 * SECOND)
    world = synthetic_world(None, 5, START, board=board)
    open_trades: list[tuple[Instant, LineKey, int, float]] = []
    gains: list[float] = []
    for second in range(1, 2400):
        now = START + second * SECOND
        world.advance(now)
        while open_trades and open_trades[0][0] <= now:
            _, line, side, paid = open_trades.pop(0)
            fair = crowd(world).fair(line)
            gains.append((fair if side == 0 else 1 - fair) - paid)
        for message in world.venue.drain():
            if isinstance(message, Printed):
                due = now + board.foresight * board.step_ns
                open_trades.append((due, message.line, message.side, implied(message.matched_odds)))
    assert len(gains) > 50
    return fmean(gains)


def test_informed_takers_gain_and_others_pay_the_bid_ask_spread() -> None:
    assert gain_of_takers(1.0) > 0.005
    assert gain_of_takers(0.0) < -0.01


def test_sport_events_start_wipe_are_quoted_in_play_end_and_settle_all_their_markets() -> None:
    board = BoardSettings(sport_events=3, first_start_ns=2 * MINUTE, game_ns=2 * MINUTE)
    world = synthetic_world(None, 1, START, board=board)
    venue = world.venue
    moneyline = LineKey(FIRST_SPORT_EVENT, PLAIN[0].offers[0].market, 0)
    line_id = venue.line_id(*moneyline, 0)
    world.advance(START + SECOND)
    fair = crowd(world).fair(moneyline)
    odds = next(tick for tick in venue.settings.ladder if implied(tick) < fair - 0.1)
    wager = venue.place(world.account, "x", line_id, odds, 1_000, START + SECOND)
    world.advance(START + 2 * MINUTE)
    assert venue.sport_event(FIRST_SPORT_EVENT).status == "live"
    assert venue.wager(world.account, wager.wager_id).status is Status.WIPED
    world.advance(START + 2 * MINUTE + 30 * SECOND)
    assert all(venue.book(moneyline).sides)
    told = run(world, START + 20 * MINUTE)
    ended = [
        m.sport_event.sport_event_id
        for m in told
        if isinstance(m, SportEventChanged) and m.sport_event.status == "finished"
    ]
    assert ended == [FIRST_SPORT_EVENT, FIRST_SPORT_EVENT + 1, FIRST_SPORT_EVENT + 2]
    assert world.finished
    assert all(venue.concluded(MarketKey(line.sport_event, line.market)) for line in lines(world))
    assert venue.unbalanced() == 0


def test_results_come_as_often_as_their_prices_say() -> None:
    wins, prices = 0, []
    for seed in range(150):
        board = BoardSettings(sport_events=1, first_start_ns=SECOND, game_ns=SECOND, refresh_ns=HOUR, taker_ns=HOUR)
        world = synthetic_world(None, seed, START, board=board)
        account = world.venue.open_account("other", 10_000)
        line = LineKey(FIRST_SPORT_EVENT, PLAIN[0].offers[0].market, 0)
        prices.append(crowd(world).fair(line))
        world.venue.crowd.enter(_crowd_account(world), line, 1, 100, 500, START)
        world.venue.place(account, "x", world.venue.line_id(*line, 0), 100, 500, START)
        world.venue.advance(START + SECOND // 2)
        if not world.venue.matched_bets(account, START, None).matches:
            prices.pop()  # the house was first with a better price
            continue
        world.advance(START + 5 * SECOND)
        wins += world.venue.balance(account).balance > 10_000
    assert len(prices) > 40
    assert abs(wins / len(prices) - fmean(prices)) < 0.2


def _crowd_account(world: World) -> str:
    return world.venue.open_account("another", 0, unlimited=True)


def test_a_market_settled_by_hand_is_left_alone() -> None:
    world = synthetic_world(None, 1, START, board=BoardSettings(sport_events=1, first_start_ns=MINUTE, game_ns=MINUTE))
    world.advance(START + 10 * SECOND)
    for line in lines(world):
        world.venue.settle(MarketKey(line.sport_event, line.market), 0, START + 10 * SECOND)
    world.advance(START + 5 * MINUTE)
    assert world.finished
    assert world.venue.sport_event(FIRST_SPORT_EVENT).status == "finished"


@pytest.mark.parametrize("sport_events", [0, len(PLAIN) + 1])
def test_more_sport_events_than_fixtures_are_rejected(sport_events: int) -> None:
    with pytest.raises(ValueError, match="sport_events"):
        synthetic_world(None, 1, START, board=BoardSettings(sport_events=sport_events))
