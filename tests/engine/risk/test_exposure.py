"""The worst case of every scope against its limits: against brute force over fills and outcomes."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.config import LimitsConfig, RuleLimits
from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.odds import profit
from mmbot.domain.position import FullStakes, Position, most_reducing
from mmbot.engine.risk.exposure import Exposure
from mmbot.engine.risk.scopes import ACCOUNT_SCOPE, LimitScope, Reached, Thresholds

ODDS = st.sampled_from([-400, -150, -110, -101, 100, 105, 130, 250])
STAKES = st.integers(1, 6000)


class Held(NamedTuple):
    """A wager for the brute-force calculation."""

    side: int
    odds: int
    stake: int
    matched: int


held = st.tuples(st.integers(0, 1), ODDS, STAKES, st.sampled_from([0, 0, 1, 2])).map(
    lambda drawn: Held(drawn[0], drawn[1], drawn[2], drawn[2] * drawn[3] // 2)
)
books = st.lists(held, max_size=4)
foreign = st.sampled_from([0, 0, 0, 700])

KEYS = [LineKey(sport_event, market, number) for sport_event in (1, 2, 3) for market in (1, 2) for number in (0, 4)]
TOURNAMENTS = {1: 10, 2: 10, 3: 20}

limits_of = st.builds(
    LimitsConfig,
    line=st.integers(0, 80),
    market=st.integers(0, 100),
    event=st.integers(0, 120),
    tournament=st.integers(0, 150),
    account=st.integers(0, 200),
)
rules = st.one_of(st.none(), st.builds(RuleLimits, line=st.integers(0, 90), event=st.one_of(st.none(), st.just(60))))
boards = st.lists(st.tuples(st.sampled_from(KEYS), books, foreign, rules), min_size=1, max_size=8)


def position_of(wagers: list[Held]) -> Position:
    position = Position()
    for wager in wagers:
        win = profit(wager.matched, wager.odds)
        position.move(wager.side, wager.stake - wager.matched, wager.matched, win)
    return position


def count(exposure: Exposure, held: dict[LineKey, tuple[list[Held], int]], key: LineKey) -> None:
    """Add a line, and the wagers that count in full in its market."""
    if key in held:
        exposure.update(key, position_of(held[key][0]))
    full = FullStakes()
    full.move(sum(unpaired for line, (_, unpaired) in held.items() if market_of(line) == market_of(key)), 0)
    exposure.update_full(market_of(key), full)


def loss(wagers: list[Held], outcome: int | None) -> int:
    """The loss of the matched parts if the outcome wins; None for a push."""
    if outcome is None:
        return 0
    gain = sum(profit(w.matched, w.odds) if w.side == outcome else -w.matched for w in wagers)
    return max(0, -gain)


def fills(wagers: list[Held]) -> list[list[Held]]:
    """Every combination of fills of the remainders: nothing, about a half, all but a cent, all."""
    ways = []
    for wager in wagers:
        left = wager.stake - wager.matched
        ways.append([wager._replace(matched=wager.matched + part) for part in {0, left // 2, max(0, left - 1), left}])
    return [list(way) for way in product(*ways)]


def brute_worst(wagers: list[Held], unpaired: int = 0) -> int:
    return max(loss(way, outcome) for way in fills(wagers) for outcome in (0, 1, None)) + unpaired


def board(
    limits: LimitsConfig, rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]]
) -> tuple[Exposure, dict[LineKey, tuple[list[Held], int]]]:
    exposure = Exposure(limits)
    truth: dict[LineKey, tuple[list[Held], int]] = {}
    for key, wagers, unpaired, rule in rows:
        exposure.register(key, TOURNAMENTS[key.sport_event], rule)
        truth[key] = (wagers, unpaired)
        count(exposure, truth, key)
    return exposure, truth


def snapshot(exposure: Exposure, keys: list[LineKey]) -> dict[LimitScope, tuple[int, int, Thresholds]]:
    return {
        scope: (exposure.worst_case(scope), exposure.matched(scope), exposure.thresholds(scope))
        for key in keys
        for scope in exposure.scopes(key)
    }


def within(truth: dict[LineKey, tuple[list[Held], int]], scope: LimitScope) -> list[LineKey]:
    """The lines of a scope, found without the bookkeeping of the scopes."""
    ids = {
        "line": lambda key: key,
        "market": lambda key: (key.sport_event, key.market),
        "sport_event": lambda key: key.sport_event,
        "tournament": lambda key: TOURNAMENTS[key.sport_event],
        "account": lambda key: 0,
    }
    return [key for key in truth if ids[scope.kind](key) == scope.id]


# --- the sums ---------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(limits_of, boards)
def test_a_scope_counts_the_worst_loss_of_its_lines_over_all_fills_and_outcomes(
    limits: LimitsConfig, rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]]
) -> None:
    exposure, truth = board(limits, rows)
    for key in truth:
        scopes = exposure.scopes(key)
        assert [scope.kind for scope in scopes] == ["line", "market", "sport_event", "tournament", "account"]
        for scope in scopes:
            held = [truth[other] for other in within(truth, scope)]
            expected = sum(brute_worst(wagers, unpaired * (scope.kind != "line")) for wagers, unpaired in held)
            assert exposure.worst_case(scope) == expected


@settings(deadline=None, max_examples=120)
@given(limits_of, boards, st.data())
def test_incremental_sums_equal_recomputed_ones(
    limits: LimitsConfig, rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]], data: st.DataObject
) -> None:
    """Positions come and go, rules change, and lines are forgotten."""
    exposure = Exposure(limits)
    latest: dict[LineKey, tuple[list[Held], int]] = {}
    ruled: dict[LineKey, RuleLimits | None] = {}
    for key, wagers, unpaired, rule in rows:
        # A sport event may be counted before the catalogue knows it: it then moves into its tournament.
        latest[key], ruled[key] = (wagers, unpaired), rule
        if data.draw(st.booleans()):
            count(exposure, latest, key)
        exposure.register(key, TOURNAMENTS[key.sport_event], rule)
        count(exposure, latest, key)
    for key in data.draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True)):
        if key in latest:
            exposure.update(key, Position())
            exposure.forget(key)
            del latest[key]
            count(exposure, latest, key)
    fresh = Exposure(limits)
    for key in latest:
        fresh.register(key, TOURNAMENTS[key.sport_event], ruled[key])
        count(fresh, latest, key)
    keys = list(latest)
    assert snapshot(exposure, keys) == snapshot(fresh, keys)
    assert [exposure.reached(key) for key in keys] == [fresh.reached(key) for key in keys]
    assert dict(exposure.hedge_candidates()) == dict(fresh.hedge_candidates())
    assert exposure.worst_case(ACCOUNT_SCOPE) == sum(brute_worst(w, u) for w, u in latest.values())


def test_a_line_that_still_counts_is_not_forgotten() -> None:
    exposure, _ = board(LimitsConfig(), [(KEYS[0], [Held(0, 100, 100, 0)], 0, None)])
    with pytest.raises(ValueError, match="worst case of 100 cents"):
        exposure.forget(KEYS[0])
    exposure.forget(KEYS[1])
    assert exposure.worst_case(ACCOUNT_SCOPE) == 100


def test_a_sport_event_moves_into_its_tournament_with_all_its_lines() -> None:
    exposure = Exposure(LimitsConfig())
    exposure.update(KEYS[0], position_of([Held(0, 100, 100, 0)]))
    exposure.update(KEYS[1], position_of([Held(1, 100, 50, 0)]))
    exposure.register(KEYS[0], 10, None)
    assert exposure.worst_case(LimitScope("tournament", 10)) == 150
    with pytest.raises(KeyError):
        exposure.worst_case(LimitScope("tournament", 0))


# --- the limits -------------------------------------------------------------------------------------------------------


def test_the_tightest_of_general_and_rule_holds_for_a_scope() -> None:
    exposure = Exposure(LimitsConfig(line=500, market=500, event=1000, stake=250))
    exposure.register(LineKey(1, 1, 0), 10, RuleLimits(line=200, event=400, stake=20))
    exposure.register(LineKey(1, 1, 4), 10, RuleLimits(line=900, event=300))
    assert exposure.limit(LimitScope("line", LineKey(1, 1, 0))) == 200_00
    assert exposure.limit(LimitScope("line", LineKey(1, 1, 4))) == 500_00
    assert exposure.limit(LimitScope("sport_event", 1)) == 300_00
    assert exposure.stake_limit(LineKey(1, 1, 0)) == 20_00
    assert exposure.stake_limit(LineKey(1, 1, 4)) == 250_00
    exposure.register(LineKey(1, 1, 4), 10, None)
    assert exposure.limit(LimitScope("sport_event", 1)) == 400_00


def test_thresholds_are_shares_of_each_limit_in_whole_cents() -> None:
    exposure = Exposure(LimitsConfig(line=333.33, account=1000, soft=0.4, hedge=0.7))
    exposure.register(KEYS[0], 10, None)
    assert exposure.thresholds(LimitScope("line", KEYS[0])) == Thresholds(133_33, 233_33, 333_33)
    assert exposure.thresholds(ACCOUNT_SCOPE) == Thresholds(400_00, 700_00, 1000_00)


@pytest.mark.parametrize(("soft", "hedge"), [(0.7, 0.7), (0.8, 0.4)])
def test_a_soft_threshold_at_or_above_hedge_is_rejected(soft: float, hedge: float) -> None:
    with pytest.raises(ValueError, match="has to be below hedge"):
        Exposure(LimitsConfig(soft=soft, hedge=hedge))


def test_the_fullest_scope_of_each_kind_is_named() -> None:
    rows = [(key, [Held(0, 100, 100 + number, 0)], 0, None) for number, key in enumerate(KEYS)]
    exposure, _ = board(LimitsConfig(), [*rows, (KEYS[5], [Held(0, 100, 9000, 0)], 0, None)])
    assert exposure.fullest() == exposure.scopes(KEYS[5])


# --- stakes that are still allowed ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(limits_of, boards, st.integers(0, 1), ODDS)
def test_the_largest_stake_keeps_every_limit_and_one_cent_more_would_not(
    limits: LimitsConfig, rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]], side: int, odds: int
) -> None:
    exposure, truth = board(limits, rows)
    key = rows[-1][0]
    wagers, unpaired = truth[key]
    largest = exposure.largest_stake(key, position_of(wagers), side)

    def rises_to(stake: int) -> list[int]:
        """By brute force: how far above its limit each scope comes."""
        rise = brute_worst([*wagers, Held(side, odds, stake, 0)], unpaired) - brute_worst(wagers, unpaired)
        return [exposure.worst_case(scope) + rise - exposure.limit(scope) for scope in exposure.scopes(key)]

    over = any(exposure.worst_case(scope) > exposure.limit(scope) for scope in exposure.scopes(key))
    if over:
        # Reducing only: no worst case rises, and with a cent more the matched worst case would.
        assert largest == 0 or exposure.reducing(key, position_of(wagers), side, largest)
        assert not exposure.reducing(key, position_of(wagers), side, largest + 1)
        if largest:
            assert rises_to(largest) == rises_to(0)
    else:
        assert max(rises_to(largest)) <= 0
        assert max(rises_to(largest + 1)) == 1


@settings(deadline=None, max_examples=60)
@given(limits_of, boards, books, st.integers(0, 1))
def test_a_position_that_was_not_yet_added_is_judged_as_if_it_were(
    limits: LimitsConfig,
    rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]],
    later: list[Held],
    side: int,
) -> None:
    exposure, _ = board(limits, rows)
    key = rows[-1][0]
    position = position_of(later)
    before = exposure.largest_stake(key, position, side)
    exposure.update(key, position)
    assert exposure.largest_stake(key, position, side) == before


@settings(deadline=None, max_examples=200)
@given(books, st.integers(0, 1), ODDS, STAKES)
def test_reducing_raises_no_worst_case_in_any_part_of_any_fill(
    wagers: list[Held], side: int, odds: int, stake: int
) -> None:
    exposure, _ = board(LimitsConfig(), [(KEYS[0], wagers, 0, None)])
    position = position_of(wagers)
    new = Held(side, odds, stake, 0)
    # Other open wagers on its side may fill too, while none on the other outcome fills.
    own = [w for w in wagers if w.side == side]
    rest = [w for w in wagers if w.side != side]
    matched_before = position.matched_worst_case()
    raises = any(max(loss([*way, *rest], outcome) for outcome in (0, 1)) > matched_before for way in fills([*own, new]))
    assert exposure.reducing(KEYS[0], position, side, stake) is not raises
    if not raises:
        assert brute_worst([*wagers, new]) == brute_worst(wagers)


def test_two_unmatched_quotes_do_not_make_each_other_reducing() -> None:
    """Nothing is matched and both outcomes are open: the worst case alone would cover each by the other."""
    both = [Held(0, 100, 100, 0), Held(1, 100, 100, 0)]
    exposure, _ = board(LimitsConfig(), [(KEYS[0], both, 0, None)])
    assert most_reducing(position_of(both), 0) == 0
    assert not exposure.reducing(KEYS[0], position_of(both), 0, 1)


def test_a_certain_profit_may_be_staked_but_not_more() -> None:
    """30 ahead if 0 wins and 20 if 1 does: 30 on outcome 1 still leaves no loss, a cent more would."""
    position = Position()
    position.profit = [30_00, 20_00]
    assert most_reducing(position, 1) == 30_00
    assert most_reducing(position, 0) == 20_00


def test_at_the_soft_threshold_only_reducing_quotes_are_allowed() -> None:
    exposure, _ = board(LimitsConfig(line=1000, market=1000, soft=0.4, hedge=0.7), [(KEYS[0], [], 0, None)])
    position = position_of([Held(0, -200, 399_99, 399_99)])  # loses 399.99 if 1 wins, gains 200.00 if 0 does
    exposure.update(KEYS[0], position)
    assert exposure.reached(KEYS[0]) is Reached.NOTHING
    assert exposure.most_resting(KEYS[0], position)[0] == 1000_00 - 399_99
    assert exposure.most_resting(KEYS[0], position)[1] == 1000_00 + 200_00
    position = position_of([Held(0, -200, 400_00, 400_00), Held(1, 100, 50_00, 0)])
    exposure.update(KEYS[0], position)
    assert exposure.reached(KEYS[0]) is Reached.SOFT
    assert exposure.most_resting(KEYS[0], position)[0] == 0
    assert exposure.most_resting(KEYS[0], position)[1] == 600_00  # 200 gained, and 400 may be lost as before


@settings(deadline=None, max_examples=150)
@given(limits_of, boards, st.integers(0, 1))
def test_open_stakes_within_most_resting_keep_every_limit(
    limits: LimitsConfig, rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]], side: int
) -> None:
    """With this side resting in full and the other as it is, unless the other alone passes a limit already."""
    exposure, truth = board(limits, rows)
    key = rows[-1][0]
    wagers, unpaired = truth[key]
    most = exposure.most_resting(key, position_of(wagers))[side]
    without = [w if w.side != side else w._replace(stake=w.matched) for w in wagers]
    present = brute_worst(wagers, unpaired)
    passed = [
        exposure.worst_case(scope) - present + brute_worst(without, unpaired) > exposure.limit(scope)
        for scope in exposure.scopes(key)
    ]
    if not any(passed):
        rise = brute_worst([*without, Held(side, 100, most, 0)], unpaired) - present
        assert all(exposure.worst_case(s) + rise <= exposure.limit(s) for s in exposure.scopes(key))


def test_a_lowered_limit_allows_only_reducing_quotes() -> None:
    exposure, _ = board(LimitsConfig(line=100), [(KEYS[0], [Held(0, 100, 80_00, 80_00)], 0, None)])
    position = position_of([Held(0, 100, 80_00, 80_00)])
    assert exposure.largest_stake(KEYS[0], position, 0) == 20_00
    exposure.register(KEYS[0], 10, RuleLimits(line=50))
    assert exposure.reached(KEYS[0]) is Reached.OVER
    assert exposure.largest_stake(KEYS[0], position, 0) == 0
    assert exposure.largest_stake(KEYS[0], position, 1) == 160_00  # from +80 to -80 if outcome 0 wins, as before
    assert exposure.most_resting(KEYS[0], position)[0] == 0


def test_a_foreign_wager_on_a_line_without_two_outcomes_counts_in_full_and_may_pass_a_limit() -> None:
    exposure = Exposure(LimitsConfig(account=100))
    exposure.register(KEYS[0], 10, None)
    stranger = FullStakes()
    stranger.move(150_00, 0)
    exposure.update_full(MarketKey(99, 1), stranger)
    assert exposure.worst_case(ACCOUNT_SCOPE) == 150_00
    assert exposure.reached(KEYS[0]) is Reached.OVER
    assert exposure.largest_stake(KEYS[0], Position(), 0) == 0


def test_a_line_at_its_limit_still_takes_stakes_that_the_other_outcome_covers() -> None:
    exposure, _ = board(LimitsConfig(line=100), [(KEYS[0], [Held(0, 100, 100_00, 0)], 0, None)])
    position = position_of([Held(0, 100, 100_00, 0)])
    assert exposure.largest_stake(KEYS[0], position, 0) == 0
    assert exposure.largest_stake(KEYS[0], position, 1) == 100_00
    assert exposure.reached(KEYS[0]) is Reached.NOTHING


# --- the thresholds ---------------------------------------------------------------------------------------------------


def test_a_threshold_holds_at_its_amount_and_ends_below_it() -> None:
    exposure = Exposure(LimitsConfig(line=100, soft=0.4, hedge=0.7))
    exposure.register(KEYS[0], 10, None)
    for matched, level in [
        (39_99, Reached.NOTHING),
        (40_00, Reached.SOFT),
        (69_99, Reached.SOFT),
        (70_00, Reached.HEDGE),
        (100_00, Reached.HEDGE),
        (100_01, Reached.OVER),
        (70_00, Reached.HEDGE),
        (69_99, Reached.SOFT),
        (39_99, Reached.NOTHING),
    ]:
        exposure.update(KEYS[0], position_of([Held(0, 100, matched, matched)]))
        assert exposure.reached(KEYS[0]) is level
        assert bool(exposure.hedge_candidates()) is (matched >= 70_00)


def test_a_limit_of_zero_is_not_soft_without_matches() -> None:
    exposure, _ = board(LimitsConfig(line=0), [(KEYS[0], [], 0, None)])
    assert exposure.reached(KEYS[0]) is Reached.NOTHING
    assert exposure.largest_stake(KEYS[0], Position(), 0) == 0
    assert exposure.hedge_candidates() == []


def test_open_wagers_alone_make_no_line_soft() -> None:
    exposure, _ = board(LimitsConfig(line=100), [(KEYS[0], [Held(0, 100, 99_00, 0)], 0, None)])
    assert exposure.reached(KEYS[0]) is Reached.NOTHING


def test_a_line_above_its_hedge_threshold_is_hedged_back_to_soft() -> None:
    exposure, truth = board(LimitsConfig(line=100), [(KEYS[0], [Held(0, 100, 75_00, 75_00)], 0, None)])
    assert exposure.hedge_candidates() == [(KEYS[0], 35_00)]
    assert exposure.hedge_wanted(KEYS[0], position_of(truth[KEYS[0]][0])) == 35_00
    assert exposure.hedge_candidates(unable=(KEYS[0],)) == []


def test_for_a_wider_scope_the_lines_with_the_largest_matched_worst_case_are_hedged() -> None:
    stakes = {KEYS[0]: 30_00, KEYS[2]: 90_00, KEYS[4]: 50_00}
    rows = [(key, [Held(0, 100, stake, stake)], 0, None) for key, stake in stakes.items()]
    limits = LimitsConfig(line=1000, market=1000, event=1000, tournament=200, soft=0.3, hedge=0.7)
    exposure, _ = board(limits, rows)
    assert exposure.reached(KEYS[0]) is Reached.HEDGE
    # 170 matched, soft at 60: the largest in full, the rest from the next.
    assert exposure.hedge_candidates() == [(KEYS[2], 90_00), (KEYS[4], 20_00)]
    assert exposure.hedge_wanted(KEYS[0], position_of(rows[0][1])) == 0
    # A line that cannot be hedged now leaves its share to the others.
    assert exposure.hedge_candidates(unable=(KEYS[2],)) == [(KEYS[4], 50_00), (KEYS[0], 30_00)]


def test_the_hedge_of_a_line_counts_for_wider_scopes_too() -> None:
    rows = [
        (KEYS[0], [Held(0, 100, 80_00, 80_00)], 0, None),
        (KEYS[4], [Held(0, 100, 20_00, 20_00)], 0, None),
    ]
    exposure, _ = board(LimitsConfig(line=100, tournament=140, soft=0.4, hedge=0.7), rows)
    # The line needs 40 to come to soft; the tournament, at 100 of 140, needs 44: four more.
    assert exposure.hedge_candidates() == [(KEYS[0], 44_00)]


@settings(deadline=None, max_examples=150)
@given(limits_of, boards)
def test_reductions_bring_every_scope_above_hedge_to_soft_if_its_lines_can(
    limits: LimitsConfig, rows: list[tuple[LineKey, list[Held], int, RuleLimits | None]]
) -> None:
    exposure, truth = board(limits, rows)
    wanted = dict(exposure.hedge_candidates())
    can = {key: max(loss(wagers, outcome) for outcome in (0, 1)) for key, (wagers, _) in truth.items()}
    for key, reduction in wanted.items():
        assert 0 < reduction <= can[key]
        assert exposure.hedge_wanted(key, position_of(truth[key][0])) == reduction
        assert any(exposure.matched(s) >= exposure.thresholds(s).hedge for s in exposure.scopes(key))
    for key in truth:
        for scope in exposure.scopes(key):
            if exposure.matched(scope) < exposure.thresholds(scope).hedge:
                continue
            lines = within(truth, scope)
            after = exposure.matched(scope) - sum(wanted.get(line, 0) for line in lines)
            assert after <= exposure.thresholds(scope).soft or all(wanted.get(line, 0) == can[line] for line in lines)
