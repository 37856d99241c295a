"""A replayed market and wagers that were not in it: levels, prints, queues, hedges, and the end of the tape."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from played_tape import LINE, START, Played, book

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import MINUTE, SECOND, from_iso
from mmbot.domain.odds import Ladder, could_match, implied, negate
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.crowd.tape import Tape, read_tape
from mmbot.simulator.crowd.tape_crowd import MARKET, SPORT_EVENT, TapeCrowd
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.match_arithmetic import takeable
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.world import World, tape_world


def test_levels_rest_on_the_ladder_against_the_taker() -> None:
    played = Played(book([[3, 22.93], [2.98, 5], [1.03, 2]], [[1.47, 26.19], [1.02, 2]]))
    assert played.side(0) == [(200, 2293), (198, 500), (-3400, 170)]  # 1.03 is -3333; a cent of win at -3400 is 34
    assert played.side(1) == [(-215, 2619), (-5000, 200)]
    for decimal, odds in ((3, 200), (2.98, 198), (1.47, -215)):
        assert implied(odds) >= 1 / decimal - 1e-12


def test_levels_on_the_same_tick_are_joined_and_one_too_short_for_the_ladder_is_left_out() -> None:
    played = Played(book([[20.45, 3], [20.4, 4], [1.003, 50]]))
    assert played.side(0) == [(1900, 700)]


@pytest.mark.parametrize("last", ["0", "1"])
def test_two_sides_that_add_up_to_one_do_not_cross_on_the_ladder(last: str) -> None:
    other = "1" if last == "0" else "0"
    prices = {"0": [[3.0, 10]], "1": [[1.5, 20]]}
    played = Played({"b": {other: prices[other]}}, {"b": {last: prices[last]}})
    played.step()
    zero, one = played.side(0), played.side(1)
    assert (zero[0][0], one[0][0]) == ((198, -200) if last == "0" else (200, -205))
    assert not could_match(negate(zero[0][0]), negate(one[0][0]))


def test_a_level_changes_shrinks_and_disappears_with_the_tape() -> None:
    played = Played(book([[3, 20], [2.9, 5]]), book([[3, 15]]), {"b": {"1": [[1.4, 8]]}}, book())
    assert played.side(0) == [(200, 2000), (190, 500)]
    played.step()
    assert played.side(0) == [(200, 1500)]
    played.step()
    assert (played.side(0), played.side(1)) == ([(200, 1500)], [(-250, 800)])
    played.step()
    assert (played.side(0), played.side(1)) == ([], [])


# --- prints -------------------------------------------------------------------------------------------------------


def test_a_print_at_the_price_shown_is_a_taker_of_that_outcome() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), {"x": [[0, 3, 7]]})
    wager = played.place(1, -205, 20_000)  # shown under 0 at +205: better than the tape's +200
    played.step()
    assert played.again(wager).matched == round(700 * 2.05)
    assert played.side(0)[0] == (205, takeable(20_000 - 1_435, -205))


def test_a_print_better_than_shown_is_a_taker_of_the_opposite_outcome() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), {"x": [[0, 3.2, 10]]})
    wager = played.place(0, 220, 10_000)  # shown under 1 at -220; the taker of 1 staked 10 x 2.2 at 1.4545, -220
    on_other = played.place(1, -205, 10_000)
    played.step()
    assert played.again(wager).matched == 1_000
    assert played.again(on_other).matched == 0


def test_a_print_on_an_outcome_that_shows_nothing_is_one_of_the_opposite() -> None:
    played = Played(book([], [[1.4, 50]]), {"x": [[0, 3.2, 10]]})
    wager = played.place(0, 220, 10_000)
    played.step()
    assert played.again(wager).matched == 1_000


def test_at_its_price_a_wager_waits_for_the_queue_before_it() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), *({"x": [[0, 3, amount]]} for amount in (12, 7, 3)))
    wager = played.place(1, -200, 50_000)
    played.step()
    played.step()
    assert played.again(wager).matched == 0
    played.step()
    assert played.again(wager).matched == 2 * 200  # 22 printed, 20 stood before it


def test_stake_behind_a_wager_does_not_delay_it_and_a_smaller_level_shortens_its_queue() -> None:
    played = Played(
        book([[3, 20]], [[1.4, 50]]),
        book([[3, 80]], [[1.4, 50]]),
        book([[3, 15]], [[1.4, 50]]),
        {**book([[3, 40]], [[1.4, 50]]), "x": [[0, 3, 17]]},
    )
    wager = played.place(1, -200, 50_000)
    played.step(3)
    assert played.again(wager).matched == 2 * 200


def test_a_print_that_explains_a_smaller_level_is_not_counted_twice() -> None:
    played = Played(
        book([[3, 20]], [[1.4, 50]]),
        {**book([[3, 12]], [[1.4, 50]]), "x": [[0, 3, 8]]},
        {"x": [[0, 3, 11]]},
        {"x": [[0, 3, 3]]},
    )
    wager = played.place(1, -200, 50_000)
    played.step(2)
    assert played.again(wager).matched == 0
    played.step()
    assert played.again(wager).matched == 2 * 200


def test_the_volume_of_a_print_is_spent_once_on_better_prices_first() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), {"x": [[0, 3, 26]]})
    at_price = played.place(1, -200, 50_000)
    better = played.place(1, -205, 820)
    best = played.place(1, -210, 420)
    second = played.place(1, -200, 50_000)
    played.world.venue.drain()
    played.step()
    assert [played.again(wager).matched for wager in (best, better, at_price, second)] == [420, 820, 0, 0]
    # 2 on the best, 4 on the next, and the queue of 20 is used up: nothing is left for us
    assert played.prints() == [(0, 210, 200), (0, 205, 400), (0, 200, 2000)]


def test_two_own_wagers_at_one_price_share_one_queue_in_their_order() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), {"x": [[0, 3, 24]]}, {"x": [[0, 3, 3]]})
    first = played.place(1, -200, 600)
    second = played.place(1, -200, 600)
    played.step()
    assert [played.again(wager).matched for wager in (first, second)] == [600, 200]
    played.step()
    assert played.again(second).matched == 600


def test_prints_of_both_outcomes_in_one_row_are_judged_from_the_book_before() -> None:
    played = Played(
        book([[3, 20]], [[1.4, 50]]),
        {**book([[2.7, 1]], [[1.3, 1]]), "x": [[0, 3, 2], [1, 1.4, 3], [1, 1.47, 10], [0, 2.9, 1]]},
    )
    under_0 = played.place(1, -225, 20_000)
    under_1 = played.place(0, 235, 20_000)
    played.step()
    # under 0: 2 and 1 there, and 10 x 0.47 of outcome 1 seen from here; under 1: 3
    assert played.again(under_0).match_win == 200 + 100 + 470
    assert played.again(under_1).match_win == 300


def test_the_unmatched_part_of_a_print_is_announced_as_recorded() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), {"x": [[0, 3, 7], [1, 1.5, 4]]})
    played.world.venue.drain()
    played.step()
    assert played.prints() == [(0, 200, 700), (0, 200, 200)]


def test_a_print_worse_than_our_price_comes_to_us_and_one_better_does_not() -> None:
    played = Played(book([[3, 20]], [[1.4, 50]]), {"x": [[0, 2.8, 1]]}, {"x": [[0, 3, 1]]})
    wager = played.place(1, -194, 20_000)  # shown at +194; 2.8 is +180
    played.step()
    assert played.again(wager).matched == 194
    played.step()
    assert played.again(wager).matched == 194


# --- the user as taker --------------------------------------------------------------------------------------------


def test_a_hedge_takes_the_tapes_levels_which_stay_taken_until_the_tape_changes_them() -> None:
    played = Played(
        book([[3, 20], [2.9, 30]]),
        book([[3, 20], [2.9, 31]]),
        book([[3, 21], [2.9, 31]]),
    )
    hedge = played.place(0, 190, 2_500, "fillOrKill")
    assert (hedge.matched, hedge.match_win) == (2_500, 2_000 * 2 + 950)
    assert played.side(0) == [(190, 2_500)]
    played.step()
    assert played.side(0) == [(190, 3_100)]
    played.step()
    assert played.side(0) == [(200, 2_100), (190, 3_100)]


def test_a_partly_taken_level_shows_its_remainder_and_its_original_stake() -> None:
    played = Played(book([[3, 20]]))
    played.place(0, 200, 500, "fillOrKill")
    (level,) = played.world.venue.book(LINE).sides[0]
    assert (level.odds, level.value, level.stake) == (200, 1_500, 4_000)


def test_a_level_that_moves_across_a_wager_trades_with_it_once_at_its_odds() -> None:
    played = Played(
        book([[3, 20]], [[1.4, 50]]),
        book([[3.3, 10]], [[1.4, 50]]),
        {"b": {"1": [[1.4, 51]]}},
        book([[3.3, 12]], [[1.4, 50]]),
    )
    wager = played.place(0, 215, 5_000)  # asks +215 on outcome 0; the tape comes to offer +230 there
    played.step()
    assert played.again(wager).match_win == round(2.3 * 1_000)  # that maker staked 23 on outcome 1
    assert played.side(0) == []
    matched = played.again(wager).matched
    played.step()
    assert played.again(wager).matched == matched
    played.step()
    assert played.again(wager).matched > matched
    assert played.world.venue.unbalanced() == 0


# --- status and result --------------------------------------------------------------------------------------------


def test_suspended_nothing_is_shown_or_taken_and_open_again_the_levels_return() -> None:
    played = Played(book([[3, 20]]), {"s": "suspended"}, {"b": {"0": [[2.8, 6]]}, "x": [[0, 2.8, 5]]}, {"s": "open"})
    wager = played.place(1, -205, 5_000)
    played.step()
    assert played.side(0) == [(205, takeable(5_000, -205))]
    with pytest.raises(VenueError, match="event_not_available"):
        played.place(1, -205, 5_000)
    played.step()
    assert played.again(wager).matched == 0
    played.step()
    assert played.side(0) == [(205, takeable(5_000, -205)), (180, 600)]


def test_going_in_play_wipes_all_wagers_and_the_market_goes_on() -> None:
    played = Played(book([[3, 20]]), {"s": "open", "p": 1}, book([[2.5, 9]]))
    wager = played.place(1, -205, 5_000)
    played.step()
    assert played.again(wager).status is Status.WIPED
    assert played.side(0) == [(200, 2_000)]
    assert played.world.venue.sport_event(SPORT_EVENT).status == "live"
    played.step()
    assert played.side(0) == [(150, 900)]


def test_the_tapes_result_settles_the_market() -> None:
    played = Played(book([[3, 20]]), {"x": [[0, 3, 10]]})
    wager = played.place(1, -205, 2_050)
    played.step()
    assert played.again(wager).matched == 2_050
    played.step(2)
    assert played.again(wager).status is Status.SETTLED
    assert not played.world.finished
    played.step()
    assert played.world.finished
    assert played.world.venue.sport_event(SPORT_EVENT).status == "finished"
    report = played.world.referee.report(played.now)
    assert (report.ok, report.profit.gross, report.profit.commission) == (True, 1_000, 20)


def test_changes_by_others_do_not_confuse_the_tape() -> None:
    played = Played(*[book([[3, 20 + n]]) for n in range(9)])
    venue = played.world.venue
    venue.unlist_sport_event(SPORT_EVENT, played.now)
    played.step(2)
    assert played.side(0) == []
    venue.list_sport_event(SPORT_EVENT, played.now)
    played.step()
    assert played.side(0) == [(200, 2_300)]
    venue.go_live(SPORT_EVENT, played.now)
    assert played.side(0) == []
    played.step()
    assert played.side(0) == [(200, 2_400)]
    venue.settle(MarketKey(SPORT_EVENT, MARKET), 0, played.now)
    played.step(12)
    assert played.side(0) == []
    assert played.world.finished
    assert venue.sport_event(SPORT_EVENT).status == "finished"


# --- the real one -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nba() -> Tape:
    here = Path(__file__).resolve().parents[2]
    found = os.environ.get("MMBOT_TAPE") or here.parent / "shared" / "tapes" / "nba-cle-at-min-2019-12-28.jsonl.gz"
    if not Path(found).is_file():
        pytest.skip("no recorded tape: set MMBOT_TAPE")
    return read_tape(found)


def test_the_real_tape_plays_to_its_result_and_the_book_follows_it(nba: Tape) -> None:
    world = tape_world(nba, START)
    ladder = Ladder(world.venue.settings.ladder)
    sport_event = world.venue.sport_event(SPORT_EVENT)
    assert sport_event.scheduled is not None
    assert sport_event.scheduled - START == nba.scheduled - nba.start
    raw: list[dict[int, int]] = [{}, {}]
    is_open = False
    live_at = None
    exact = checked = 0
    for change, following in zip(nba.changes, (*nba.changes[1:], None), strict=True):
        now = change.at - nba.start + START
        world.advance(now)
        for side, prices in enumerate(change.books):
            if prices is not None:
                raw[side] = {}
                for price in prices:
                    if (odds := ladder.at_least(1 / price.decimal)) is not None:
                        raw[side][odds] = raw[side].get(odds, 0) + price.stake
        is_open = change.status == "open" if change.status else is_open
        live_at = now if live_at is None and change.in_play else live_at
        if following is not None and following.at == change.at:
            continue  # both have been played
        shown = world.venue.book(LINE).sides
        assert len(shown[0]) <= 10
        if not is_open:
            assert shown == ((), ())
            continue
        if shown[0] and shown[1]:
            assert not could_match(negate(shown[0][0].odds), negate(shown[1][0].odds))
        for side in (0, 1):
            checked += 1
            # one cent of a maker's stake is worth several to a taker at short odds; less is not shown
            expected = {odds: value for odds, value in raw[side].items() if value > max(0, -odds // 100 + 1)}
            values = {level.odds: level.value for level in shown[side]}
            exact += set(values) == set(expected)
            for odds, value in values.items():
                assert 0 <= raw[side].get(odds, value) - value <= max(0, -odds // 100 + 1)
    assert live_at is not None
    assert live_at < sport_event.scheduled + MINUTE
    assert exact > 0.97 * checked
    world.advance(now + SECOND)
    assert world.finished
    assert world.venue.sport_event(SPORT_EVENT).status == "finished"
    assert world.venue.unbalanced() == 0


def quote_blindly(world: World, every: int) -> list[VenueWager]:
    """A user who joins or betters the tape's best prices on both outcomes, cancels all and starts again."""
    venue, account = world.venue, world.account
    ladder = Ladder(venue.settings.ladder)
    placed: list[VenueWager] = []
    now = START
    while not world.finished:
        now += every
        world.advance(now)
        venue.drain()
        if venue.balance(account).unmatched:
            venue.cancel_all(account, now)
        shown = venue.book(LINE).sides
        if not (venue.board.tradeable(LINE) and shown[0] and shown[1]):
            continue
        quotes = (negate(shown[1][0].odds), negate(shown[0][0].odds))
        if implied(quotes[0]) + implied(quotes[1]) < 0.97:
            shorter = ladder.longer(quotes[0], -1)
            quotes = (shorter if shorter is not None else quotes[0], quotes[1])
        if could_match(*quotes):
            continue
        for side, odds in enumerate(quotes):
            line_id = venue.line_id(SPORT_EVENT, MARKET, 0, side)
            placed.append(venue.place(account, f"q{len(placed)}", line_id, odds, 2_500, now))
    world.advance(now + MINUTE)
    return placed


def test_a_user_on_the_real_tape_is_matched_on_both_outcomes_and_money_is_conserved(nba: Tape) -> None:
    world = tape_world(nba, START, 100_000_000)
    placed = quote_blindly(world, 2 * MINUTE)
    report = world.referee.report(world.venue.balance(world.account).last_synced_at + SECOND)
    assert report.ok, report.broken
    assert [figure.side for figure in report.matched] == [0, 1]
    assert all(figure.matches >= 20 for figure in report.matched)
    recorded = sum(trade.stake for change in nba.changes for trade in change.trades)
    assert 0 < sum(figure.stake for figure in report.matched) < recorded
    assert report.placed == len(placed) > 1_000
    assert report.live_wagers == 0
    for wager in world.venue.wagers(world.account):
        assert wager.matching is not Matching.PARTIALLY_MATCHED
    assert report.profit.net == report.profit.wallet
    assert isinstance(world.crowds[0], TapeCrowd)
    assert from_iso("2019-12-29T01:10:00Z") == nba.scheduled
