"""The full board: markets that a market maker has to tell apart, and sport events that are rescheduled while traded."""

from __future__ import annotations

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import HOUR, MINUTE, SECOND, Instant
from mmbot.domain.odds import implied
from mmbot.simulator.crowd.fixtures import FULL, LATECOMERS, OUTRIGHTS
from mmbot.simulator.crowd.synthetic_crowd import FIRST_SPORT_EVENT, BoardSettings, SyntheticCrowd
from mmbot.simulator.venue.odds_ladder import STANDARD
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.world import World, synthetic_world

START: Instant = 1_900_000_000 * SECOND
RESULT = LineKey(FIRST_SPORT_EVENT + 4, 1, 0)


def full(**settings: object) -> World:
    return synthetic_world(None, 1, START, board=BoardSettings(full=True, **settings))  # type: ignore[arg-type]


def crowd(world: World) -> SyntheticCrowd:
    (only,) = world.crowds
    assert isinstance(only, SyntheticCrowd)
    return only


def test_it_has_different_markets_of_the_same_type() -> None:
    venue = full().venue
    assert len(venue.sport_events()) == len(FULL)
    of_game = {market.name: market for market in venue.markets(FIRST_SPORT_EVENT) or ()}
    game, half = of_game["Moneyline"], of_game["1st Half Moneyline"]
    assert game.type == half.type == "moneyline"
    assert (game.sub_type, game.category_name) != (half.sub_type, half.category_name)
    total, prop = of_game["Total"], of_game["Ty Marlow points"]
    assert total.type == prop.type == "total"
    assert (total.player_id, prop.player_id) == (None, 501)
    assert [line.key.number / 4 for line in total.lines] == [221.5, 219.5, 223.5]
    assert [line.favourite for line in of_game["Spread"].lines] == [True, False, False]
    assert "" in {
        market.sub_type
        for sport_event in venue.sport_events()
        for market in venue.markets(sport_event.sport_event_id) or ()
    }


def test_it_has_an_outright_with_yes_and_no_for_each_player() -> None:
    venue = full().venue
    (outright,) = [sport_event for sport_event in venue.sport_events() if sport_event.sub_type == OUTRIGHTS]
    assert outright.competitors == ()
    markets = venue.markets(outright.sport_event_id) or []
    assert len({market.player_id for market in markets}) == len(markets) == 2
    for market in markets:
        assert [outcome.name for outcome in market.lines[0].outcomes] == ["Yes", "No"]
    players = [player.player_id for player in venue.board.players_of(outright.tournament_id) or ()]
    assert players == [market.player_id for market in markets]


def test_lines_of_a_market_move_together_and_more_points_are_worth_more() -> None:
    world = full()
    for minute in range(1, 20):
        world.advance(START + minute * MINUTE)
        for sport_event in world.venue.sport_events():
            for market in world.venue.markets(sport_event.sport_event_id) or ():
                lines = sorted(market.lines, key=lambda line: line.key.number)
                fair = [crowd(world).fair(line.key) for line in lines]
                assert fair == sorted(fair)
                assert len(set(fair)) == len(fair)


def test_three_outcomes_are_shown_around_a_sum_of_one_and_nothing_rests_there() -> None:
    world = full()
    world.advance(START + MINUTE)
    sides = world.venue.book(RESULT).sides
    assert len(sides) == 3
    best = [implied(levels[0].odds) for levels in sides]
    assert 1.0 < sum(best) < 1.12
    for levels in sides:
        prices = [implied(level.odds) for level in levels]
        assert prices == sorted(prices)
        assert all(level.value > 0 and level.stake > 0 for level in levels)
    before = sides
    world.advance(START + 2 * MINUTE)
    assert world.venue.book(RESULT).sides != before


def test_every_sport_event_comes_to_its_result_and_lines_of_a_market_agree_on_it() -> None:
    world = full(sport_events=5, first_start_ns=MINUTE, game_ns=MINUTE)
    venue = world.venue
    totals = MarketKey(FIRST_SPORT_EVENT, 225)
    user = venue.open_account("another", 10_000_000)
    now = START + 10 * SECOND
    world.advance(now)
    placed: list[VenueWager] = []
    for market in (totals, MarketKey(FIRST_SPORT_EVENT, 223)):
        for number in (
            line.key.number for m in venue.markets(FIRST_SPORT_EVENT) or () if m.key == market for line in m.lines
        ):
            line_id = venue.line_id(FIRST_SPORT_EVENT, market.market, number, 1)
            odds = venue.book(LineKey(*market, number)).sides[1][0].odds
            placed.append(venue.place(user, f"{market.market}-{-number}", line_id, odds, 1000, now))
    world.advance(START + 40 * MINUTE)
    assert world.finished
    assert {sport_event.status for sport_event in venue.sport_events()} == {"finished"}
    matched = [wager for wager in (venue.wager(user, each.wager_id) for each in placed) if wager.matched]
    assert len(matched) >= 4
    for market in (totals, MarketKey(FIRST_SPORT_EVENT, 223)):
        # More points for outcome 0: outcome 1, which was backed, loses from some line on.
        results = [(wager.line.number, wager.winning.value) for wager in matched if wager.line.market == market.market]
        lost = [winning == "lost" for _, winning in sorted(results)]
        assert lost == sorted(lost)
    assert venue.unbalanced() == 0


def test_a_moved_sport_event_starts_when_it_is_due_and_not_before() -> None:
    world = full(sport_events=2, first_start_ns=5 * MINUTE)
    venue = world.venue
    world.advance(START + MINUTE)
    venue.move_sport_event(FIRST_SPORT_EVENT, START + 8 * MINUTE, START + MINUTE)
    venue.move_sport_event(FIRST_SPORT_EVENT + 1, START + 2 * MINUTE, START + MINUTE)
    world.advance(START + 7 * MINUTE)
    assert (venue.board.in_play(FIRST_SPORT_EVENT), venue.board.in_play(FIRST_SPORT_EVENT + 1)) == (False, False)
    assert venue.sport_event(FIRST_SPORT_EVENT + 1).status == "finished"  # five minutes of play from its second minute
    world.advance(START + 8 * MINUTE)
    assert venue.board.in_play(FIRST_SPORT_EVENT)
    world.advance(START + 12 * MINUTE)
    assert venue.board.in_play(FIRST_SPORT_EVENT)
    world.advance(START + 13 * MINUTE)
    assert venue.sport_event(FIRST_SPORT_EVENT).status == "finished"


def test_a_postponed_sport_event_neither_starts_nor_ends_until_it_is_moved() -> None:
    world = full(sport_events=1, first_start_ns=5 * MINUTE)
    venue = world.venue
    world.advance(START + MINUTE)
    venue.postpone_sport_event(FIRST_SPORT_EVENT, START + MINUTE)
    world.advance(START + 30 * MINUTE)
    assert venue.sport_event(FIRST_SPORT_EVENT).status == "postponed"
    venue.move_sport_event(FIRST_SPORT_EVENT, START + 40 * MINUTE, START + 30 * MINUTE)
    world.advance(START + 39 * MINUTE)
    assert all(venue.book(LineKey(FIRST_SPORT_EVENT, 219, 0)).sides)
    world.advance(START + 41 * MINUTE)
    assert venue.board.in_play(FIRST_SPORT_EVENT)
    world.advance(START + 46 * MINUTE)
    assert venue.sport_event(FIRST_SPORT_EVENT).status == "finished"


def test_a_sport_event_may_come_late_and_unlisted_and_is_traded_from_when_it_is_listed() -> None:
    world = full(sport_events=1)
    world.advance(START + MINUTE)
    sport_event = crowd(world).add(LATECOMERS[0], START + HOUR, START + MINUTE, listed=False)
    line = LineKey(sport_event, 219, 0)
    world.advance(START + 2 * MINUTE)
    assert world.venue.book(line).sides == ((), ())
    world.venue.list_sport_event(sport_event, START + 2 * MINUTE)
    world.advance(START + 3 * MINUTE)
    assert all(world.venue.book(line).sides)


def test_the_house_follows_a_ladder_that_changes() -> None:
    world = full(sport_events=1)
    world.advance(START + MINUTE)
    coarse = tuple(odds for odds in STANDARD if odds % 10 == 0)
    world.venue.set_ladder(coarse, START + MINUTE)
    world.advance(START + 3 * MINUTE)
    shown = [level.odds for side in world.venue.book(LineKey(FIRST_SPORT_EVENT, 219, 0)).sides for level in side]
    assert shown
    assert all(odds % 10 == 0 for odds in shown)
