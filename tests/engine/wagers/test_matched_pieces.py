"""The matched pieces of a wager in the ledger, with their effect on position and profit."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rig import ID, Rig, kinds, position, report_of, resolve
from msgspec.structs import replace

from mmbot.domain.odds import greatest_profit, least_profit, profit
from mmbot.domain.wager import MatchDetail, Status, Winning
from mmbot.domain.wager_states import State
from mmbot.engine.wagers.ledger import Kind
from mmbot.simulator.venue.odds_ladder import STANDARD


def test_each_match_wins_at_its_own_odds_rounded_by_itself() -> None:
    rig = Rig()
    wager = rig.open(odds=150)
    rig.message(matched=1, match=(1, 150), odds=150)
    rig.message(matched=2, match=(1, 150), odds=150)
    rig.message(matched=5, match=(3, 333), odds=150)
    assert wager.win == 1 + 1 + 9
    assert not wager.win_estimated
    assert rig.position() == position([11, -5], [995, 0])


def test_a_match_counts_at_its_least_win_until_the_exchange_s_figure_is_read() -> None:
    """A taker stakes 58 or 59 at -117 and wins 50. The maker has 50 matched at +117 and wins 58 or 59."""
    rig = Rig()
    wager = rig.open(odds=117)
    changes = rig.message(matched=50, match=(50, 117), odds=117)
    assert kinds(changes) == [Kind.MATCHED, Kind.DETAIL_WANTED]
    assert (wager.win, wager.win_estimated) == (58, False)
    (repriced,) = rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 50, 117, 59)])
    assert (repriced.kind, repriced.win, wager.win) == (Kind.REPRICED, 1, 59)
    assert rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 50, 117)]) == (), "the figure stands"


@pytest.mark.parametrize("figure", [58, 59])
def test_a_profit_of_a_fully_matched_wager_is_taken_if_it_can_only_be_the_win_of_its_matches(figure: int) -> None:
    rig = Rig()
    wager = rig.open(odds=117, stake=50)
    rig.message(matched=50, stake=50, match=(50, 117), odds=117)
    told = replace(report_of(matched=50, stake=50, odds=117), profit=figure)
    rig.ledger.take_report(told, False, rig.tick(), resolve)
    assert wager.win == 58, "within a cent of the win at the wager's own odds, so it may be that"
    rig = Rig()
    wager = rig.open(odds=900, stake=86)
    rig.message(matched=86, stake=86, match=(86, 900), odds=900)
    for profit_told, win in ((774, 770), (100, 770), (-5, 770), (778, 778)):
        told = replace(report_of(matched=86, stake=86, odds=900), profit=profit_told)
        rig.ledger.take_report(told, False, rig.tick(), resolve)
        assert wager.win == win, profit_told


def test_a_payment_settles_the_win_of_a_wager() -> None:
    rig = Rig()
    wager = rig.open(odds=117, stake=50)
    rig.message(matched=50, stake=50, match=(50, 117), odds=117)
    rig.message(status=Status.CLOSED, matched=50, stake=50, odds=117, winning=Winning.WON)
    assert rig.ledger.realised == 58
    assert rig.ledger.paid(f"w-{ID}", 70) is None, "no match at these odds wins so much"
    changes = rig.ledger.paid(f"w-{ID}", 59)
    assert changes is not None
    assert [(change.kind, change.win) for change in changes] == [(Kind.REPRICED, 1), (Kind.SETTLED, 1)]
    assert (wager.win, rig.ledger.realised) == (59, 59)
    assert rig.ledger.paid("w-unheard-of", 5) is None


@given(st.integers(1, 100_000), st.sampled_from(STANDARD))
def test_the_least_win_is_below_every_win_that_the_exchange_can_book(stake: int, odds: int) -> None:
    """For a taker's stake at the opposite odds, the maker's matched stake is the taker's half-up win."""
    matched = profit(stake, -odds if odds != 100 else 100)
    if matched:
        assert least_profit(matched, odds) <= stake <= greatest_profit(matched, odds)
    assert least_profit(stake, odds) <= profit(stake, odds) <= greatest_profit(stake, odds)
    assert greatest_profit(stake, odds) - least_profit(stake, odds) <= max(1, odds // 100)


def test_a_match_reported_twice_counts_once() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=300, match=(300, -105))
    assert rig.message(matched=300, match=(300, -105), sequence=rig.sequence) == []
    assert (wager.matched, wager.win) == (300, profit(300, -105))


def test_messages_in_any_order_and_twice_give_the_same_figures() -> None:
    messages = [(200, (200, -110)), (500, (300, -104)), (501, (1, 100)), (1000, (499, -110))]
    win = sum(profit(stake, odds) for _, (stake, odds) in messages)
    for order in permutations(range(4)):
        rig = Rig()
        wager = rig.open()
        for place in (*order, *order[:2]):
            total, match = messages[place]
            rig.message(matched=total, match=match, sequence=rig.sequence + 10 + place)
        assert (wager.matched, wager.win, wager.win_estimated) == (1000, win, False)
        assert wager.state is State.MATCHED
        assert rig.position() == position([win, -1000], [0, 0])


def test_a_rise_above_the_reported_match_needs_the_detail_and_counts_at_our_odds_until_then() -> None:
    rig = Rig()
    wager = rig.open()
    changes = rig.message(matched=500, match=(200, -105))
    assert kinds(changes) == [Kind.MATCHED, Kind.DETAIL_WANTED]
    assert wager.win == profit(200, -105) + profit(300, -110)
    assert rig.ledger.estimated() == [wager]
    (repriced,) = rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 300, -102), MatchDetail("w", 200, -105)])
    assert (repriced.kind, repriced.stake, repriced.win) == (
        Kind.REPRICED,
        0,
        profit(300, -102) - profit(300, -110),
    )
    assert wager.win == profit(300, -102) + profit(200, -105)
    assert rig.ledger.estimated() == []
    assert rig.position().profit == [wager.win, -500]


def test_a_rise_known_from_rest_needs_the_detail() -> None:
    rig = Rig()
    wager = rig.open()
    assert kinds(rig.read(matched=500)) == [Kind.MATCHED, Kind.DETAIL_WANTED]
    assert kinds(rig.read(matched=500)) == [], "once is enough while nothing more is unknown"
    assert wager.win == profit(500, -110)
    rig.message(matched=500, match=(500, 103), sequence=rig.sequence - 1)
    assert wager.win == profit(500, 103), "a late message is as good as the detail"
    assert rig.ledger.estimated() == []


def test_the_detail_may_contain_a_match_before_its_message() -> None:
    rig = Rig()
    wager = rig.open()
    rig.read(matched=300)
    changes = rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 300, -110), MatchDetail("w", 100, -108)])
    assert [(change.kind, change.stake) for change in changes] == [(Kind.MATCHED, 100)]
    assert rig.message(matched=400, match=(100, -108)) == []
    assert wager.matched == 400


def test_a_detail_keeps_matches_later_than_its_request() -> None:
    rig = Rig()
    wager = rig.open()
    rig.read(matched=300)
    rig.message(matched=700, match=(400, -101))
    rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 300, -105)])
    assert wager.win == profit(300, -105) + profit(400, -101)
    assert not wager.win_estimated
    assert rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 100, 200)]) == (), "an older answer"
    rig.read(matched=800)
    assert rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 100, 200)]) == (), "while more is unknown, too"
    assert wager.win == profit(300, -105) + profit(400, -101) + profit(100, -110)


def test_a_detail_above_the_stake_is_ignored() -> None:
    rig = Rig()
    wager = rig.open()
    rig.read(matched=300)
    assert rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 900, 100), MatchDetail("w", 200, 100)]) == ()
    assert wager.matched == 300
    assert rig.ledger.detail("w-unheard-of", [MatchDetail("w", 900, 100)]) == ()


def test_contradictory_messages_need_the_detail() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=500, match=(500, -110))
    changes = rig.message(matched=500, match=(200, -105))
    assert kinds(changes) == [Kind.DETAIL_WANTED]
    assert wager.matched == 500
    rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 300, -110), MatchDetail("w", 200, -105)])
    assert wager.win == profit(300, -110) + profit(200, -105)
    assert rig.ledger.estimated() == []


def test_a_detail_older_than_the_messages_changes_nothing() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=500, match=(500, 103))
    assert rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 200, 103)]) == ()
    assert (wager.matched, wager.win, wager.win_estimated) == (500, profit(500, 103), False)


def test_a_match_that_does_not_fit_its_total_needs_the_detail() -> None:
    rig = Rig()
    wager = rig.open()
    changes = rig.message(matched=100, match=(400, 103))
    assert kinds(changes) == [Kind.MATCHED, Kind.DETAIL_WANTED]
    assert (wager.matched, wager.win) == (100, profit(100, -110))
    rig.ledger.detail(f"w-{ID}", [MatchDetail("w", 400, 103)])
    assert (wager.matched, wager.win, wager.win_estimated) == (400, profit(400, 103), False)
    changes = rig.message(matched=500, match=(200, -105))
    assert kinds(changes) == [Kind.MATCHED, Kind.DETAIL_WANTED], "nor does one that reaches into what was read"
    assert wager.win == profit(400, 103) + profit(100, -110)


def test_matched_never_exceeds_the_stake() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=5000)
    assert (wager.matched, wager.stake, wager.remaining) == (1000, 1000, 0)
    assert rig.position().profit == [909, -1000]
