"""The shipped strategy: no loss by its own price, no two prices that match, and skew in the right direction."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent
from mmbot.domain.fair import Fair, fair_from
from mmbot.domain.instant import SECOND
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, implied, per_hundred
from mmbot.strategy.interface import Decision, EventView, Given, LineView, NoQuote, Quote
from strategies.fair_value import FairValueMaker, FairValueParams, price_for_margin

_STEPS = ((100, 130, 1), (132, 200, 2), (205, 500, 5), (510, 1000, 10), (1050, 2000, 50), (2100, 5000, 100),
          (5250, 10_000, 250), (10_500, 25_000, 500))  # fmt: skip
_MAGNITUDES = [odds for first, last, step in _STEPS for odds in range(first, last + 1, step)]
LADDER = Ladder([*_MAGNITUDES, *(-odds for odds in _MAGNITUDES if odds != 100)])

KEY = LineKey(1, 219, 0)
LINE = Line(KEY, (Outcome(4, "a" * 32, "Home"), Outcome(5, "b" * 32, "Away")))
MARKET = Market(MarketKey(1, 219), "Moneyline", "moneyline")
SPORT_EVENT = SportEvent(1, 132, "Away at Home", "not_started", None)
FAR: Book = Book(((Level(-25_000, 100_00),), (Level(-25_000, 100_00),)))
"""Others far away: nothing is crossed and nothing joined."""


def line_view(
    fair: float | None = None,
    *,
    given: float | None = None,
    profit: tuple[Cents, Cents] = (0, 0),
    book: Book = FAR,
    key: LineKey = KEY,
) -> LineView:
    """A line as the strategy sees it."""
    return LineView(
        line=msgspec.structs.replace(LINE, key=key),
        market=MARKET,
        book=book,
        fair=None if fair is None else Fair(fair, 0.02),
        given=None if given is None else Given(given, 0),
        profit=profit,
    )


def sport_event_view(*lines: LineView, at_s: float = 0.0) -> EventView:
    """A sport event with these lines at an instant, in seconds."""
    return EventView(SPORT_EVENT, lines, LADDER, round(at_s * SECOND), None)


def maker(**params: Any) -> FairValueMaker:
    """The strategy with these params; every param that moves prices or sizes is off unless given."""
    plain = {"margin": 0.015, "skew_price": 0.0, "skew_size": 0.0, "price_tolerance": 0.0, "patience_s": 0.0}
    return FairValueMaker(msgspec.convert(plain | params, FairValueParams))


def decide(strategy: FairValueMaker, line: LineView, state: Any = None) -> Decision:
    """The decision on one line."""
    return strategy.quote(sport_event_view(line), state).decisions[line.line.key]


def quotes(decision: Decision, side: int) -> list[Quote]:
    """The quotes of one outcome."""
    assert not isinstance(decision, NoQuote), decision.reason
    return [quote for quote in decision if quote.side == side]


def price(decision: Decision, side: int, level: int = 0) -> float:
    """The implied probability of one quote."""
    return implied(odds_of(decision, side, level))


def odds_of(decision: Decision, side: int, level: int = 0) -> Odds:
    """The odds of one quote."""
    odds = quotes(decision, side)[level].odds
    assert odds is not None
    return odds


def earned(probability: float, at: float, commission: float) -> float:
    """The earnings of a wager per unit of payout, after commission on its win: calculated independently here."""
    return probability * (1 - at) * (1 - commission) - (1 - probability) * at


FAIRS = st.floats(0.04, 0.96)
MARGINS = st.floats(0.002, 0.1)
COMMISSIONS = st.floats(0.0, 0.1)
PROFITS = st.tuples(st.integers(-200_000, 200_000), st.integers(-200_000, 200_000))


# --- the price ----------------------------------------------------------------------------------------------------


def test_the_price_without_commission_is_the_probability_less_the_margin() -> None:
    assert price_for_margin(0.4, 0.02, 0.0) == pytest.approx(0.38)


def test_the_price_of_a_coin_at_two_percent() -> None:
    # The wager wins 0.98 (1 - q) half of the time and loses q the other half: 0.49 (1 - q) - 0.5 q = 0.01.
    assert price_for_margin(0.5, 0.01, 0.02) == pytest.approx(0.48 / 0.99)


@given(FAIRS, MARGINS, COMMISSIONS)
def test_at_the_price_a_wager_earns_exactly_the_margin_after_commission(p: float, margin: float, c: float) -> None:
    assert earned(p, price_for_margin(p, margin, c), c) == pytest.approx(margin, abs=1e-12)


@settings(deadline=None)
@given(FAIRS, MARGINS, COMMISSIONS)
def test_every_quote_earns_its_margin_after_commission(p: float, margin: float, c: float) -> None:
    decision = decide(maker(margin=margin, commission=c), line_view(p))
    assume(not isinstance(decision, NoQuote))
    assert not isinstance(decision, NoQuote)
    for quote in decision:
        assert quote.odds is not None
        fair = p if quote.side == 0 else 1 - p
        assert earned(fair, implied(quote.odds), c) >= margin - 1e-9


def test_a_quote_is_the_shortest_tick_that_leaves_the_margin() -> None:
    decision = decide(maker(margin=0.01), line_view(0.3))
    odds = odds_of(decision, 0)
    shorter = LADDER.longer(odds, -1)
    assert shorter is not None
    assert earned(0.3, implied(odds), 0.02) >= 0.01 > earned(0.3, implied(shorter), 0.02)


@settings(deadline=None, max_examples=300)
@given(
    fairs=st.lists(FAIRS, min_size=1, max_size=6),
    profits=st.lists(PROFITS, min_size=6, max_size=6),
    margin=MARGINS,
    tolerance=st.floats(0, 0.99),
    skew=st.floats(0, 0.2),
    levels=st.integers(1, 4),
    commission=COMMISSIONS,
)
def test_the_prices_of_both_outcomes_never_sum_to_1(
    fairs: list[float],
    profits: list[tuple[Cents, Cents]],
    margin: float,
    tolerance: float,
    skew: float,
    levels: int,
    commission: float,
) -> None:
    strategy = maker(
        margin=margin, price_tolerance=margin * tolerance, skew_price=skew, levels=levels, commission=commission
    )
    state: Any = None
    for fair, profit in zip(fairs, profits, strict=False):
        result = strategy.quote(sport_event_view(line_view(fair, profit=profit)), state)
        state = result.state
        decision = result.decisions[KEY]
        if isinstance(decision, NoQuote) or len({quote.side for quote in decision}) < 2:
            continue
        assert price(decision, 0) + price(decision, 1) < 1


@settings(deadline=None)
@given(FAIRS, FAIRS, MARGINS, PROFITS)
def test_a_higher_fair_price_never_lowers_the_quote_on_its_outcome(
    one: float, other: float, margin: float, profit: tuple[Cents, Cents]
) -> None:
    low, high = sorted((one, other))
    strategy = maker(margin=margin, skew_price=0.02)
    below, above = decide(strategy, line_view(low, profit=profit)), decide(strategy, line_view(high, profit=profit))
    for side, direction in ((0, 1), (1, -1)):
        if isinstance(below, NoQuote) or isinstance(above, NoQuote):
            continue
        if quotes(below, side) and quotes(above, side):
            assert direction * (price(above, side) - price(below, side)) >= 0


@settings(deadline=None)
@given(FAIRS, MARGINS)
def test_the_quotes_are_symmetric_in_the_outcomes(p: float, margin: float) -> None:
    one = decide(maker(margin=margin), line_view(p))
    other = decide(maker(margin=margin), line_view(1 - p))
    assume(not isinstance(one, NoQuote) and not isinstance(other, NoQuote))
    for side in (0, 1):
        if quotes(one, side) and quotes(other, 1 - side):
            assert price(one, side) == pytest.approx(price(other, 1 - side), abs=0.006)  # a tick, where p is on an edge


# --- the skew -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(0.1, 0.9), st.integers(1, 100_000), MARGINS)
def test_skew_lengthens_the_odds_of_the_held_outcome_and_shortens_the_other(p: float, held: int, margin: float) -> None:
    strategy = maker(margin=margin, skew_price=0.02, inventory=200)
    even = decide(strategy, line_view(p))
    long_0 = decide(strategy, line_view(p, profit=(held, 0)))
    long_1 = decide(strategy, line_view(p, profit=(0, held)))
    for skewed, side in ((long_0, 0), (long_1, 1)):
        if quotes(skewed, side) and quotes(even, side):
            assert price(skewed, side) <= price(even, side)
        if quotes(skewed, 1 - side) and quotes(even, 1 - side):
            assert price(skewed, 1 - side) >= price(even, 1 - side)


def test_the_skew_grows_to_its_maximum_and_no_further() -> None:
    strategy = maker(skew_price=0.05, inventory=100)
    by_held = [price(decide(strategy, line_view(0.5, profit=(held * 100, 0))), 0) for held in (0, 50, 100, 500)]
    assert by_held[0] - by_held[1] == pytest.approx(0.025, abs=0.004)
    assert by_held[0] - by_held[2] == pytest.approx(0.05, abs=0.004)
    assert by_held[3] == by_held[2]


def test_only_the_difference_of_the_two_profits_causes_skew() -> None:
    strategy = maker(skew_price=0.05)
    assert decide(strategy, line_view(0.5, profit=(-7_000, -7_000))) == decide(strategy, line_view(0.5))


def test_both_outcomes_have_the_same_payout_without_a_position() -> None:
    strategy = maker(size=50, skew_size=0.5, inventory=100)
    assert [quote.payout for quote in _all(decide(strategy, line_view(0.3)))] == [50_00, 50_00]
    half = decide(strategy, line_view(0.3, profit=(50_00, 0)))
    assert [quotes(half, side)[0].payout for side in (0, 1)] == [37_50, 50_00]
    full = decide(strategy, line_view(0.3, profit=(0, 900_00)))
    assert [quotes(full, side)[0].payout for side in (0, 1)] == [50_00, 25_00]


def test_a_full_skew_in_size_leaves_only_the_reducing_quote() -> None:
    decision = decide(maker(skew_size=1, inventory=100), line_view(0.3, profit=(100_00, 0)))
    assert [quote.side for quote in _all(decision)] == [1]


def test_reducing_and_better_quotes_have_the_higher_priority() -> None:
    decision = decide(maker(levels=2, inventory=100), line_view(0.4, profit=(50_00, 0)))
    ranked = sorted(_all(decision), key=lambda quote: -quote.priority)
    assert [quote.side for quote in ranked] == [1, 0, 1, 0]
    assert price(decision, 0) > price(decision, 0, 1)


# --- levels -------------------------------------------------------------------------------------------------------


def test_levels_are_one_step_apart() -> None:
    decision = decide(maker(levels=3, level_step=0.02), line_view(0.5))
    for side in (0, 1):
        prices = [price(decision, side, level) for level in range(3)]
        assert all(0.016 <= better - worse <= 0.024 for better, worse in pairwise(prices))


def test_levels_closer_than_a_tick_use_separate_ticks() -> None:
    decision = decide(maker(levels=5, level_step=0.0001), line_view(0.3))
    ticks = [LADDER.index(odds_of(decision, 0, level)) for level in range(5)]
    assert ticks == list(range(ticks[0], ticks[0] + 5))


def test_levels_end_where_the_ladder_or_the_probability_does() -> None:
    decision = decide(maker(levels=10, level_step=0.01, margin=0.01), line_view(0.05))
    assert 1 <= len(quotes(decision, 0)) < 10
    assert len(quotes(decision, 1)) == 10


# --- the book -----------------------------------------------------------------------------------------------------


def test_a_quote_never_takes_an_offer_of_others() -> None:
    # +150 is shown under outcome 0, and the user's own price is far higher.
    book = Book(((Level(150, 100_00),), (Level(-170, 100_00),)))
    decision = decide(maker(source="given"), line_view(given=0.6, book=book))
    assert odds_of(decision, 0) == 152
    assert per_hundred(odds_of(decision, 1)) > per_hundred(-170)


def test_a_price_shown_between_two_ticks_is_not_taken_either() -> None:
    book = Book(((Level(151, 100_00),), ()))
    assert odds_of(decide(maker(source="given"), line_view(given=0.6, book=book)), 0) == 152


@pytest.mark.parametrize(("improve", "odds"), [(0, 160), (1, 158), (3, 154), (50, 132), (None, 132)])
def test_a_bound_on_improving_keeps_a_quote_that_many_ticks_from_the_others(improve: int | None, odds: int) -> None:
    # Others back outcome 0 at +160, shown under outcome 1 at -160. The fair price would allow far better.
    book = Book(((Level(120, 100_00),), (Level(-160, 100_00),)))
    decision = decide(maker(margin=0.015, improve=improve), line_view(0.4515, book=book))
    assert odds_of(decision, 0) == odds


def test_a_bound_on_improving_allows_no_quote_where_nobody_else_quotes() -> None:
    book = Book(((Level(120, 100_00),), ()))
    strategy = maker(source="given", improve=0)
    assert odds_of(decide(strategy, line_view(given=0.4515, book=book)), 0) == 132


# --- staying put --------------------------------------------------------------------------------------------------


def test_a_small_change_of_the_fair_price_leaves_the_quote_where_it_is() -> None:
    strategy = maker(price_tolerance=0.004)
    first = strategy.quote(sport_event_view(line_view(0.4000)), None)
    second = strategy.quote(sport_event_view(line_view(0.3985)), first.state)
    third = strategy.quote(sport_event_view(line_view(0.3900)), second.state)
    assert odds_of(second.decisions[KEY], 0) == odds_of(first.decisions[KEY], 0)
    assert odds_of(third.decisions[KEY], 0) != odds_of(first.decisions[KEY], 0)
    assert odds_of(decide(maker(price_tolerance=0), line_view(0.3985)), 0) != odds_of(first.decisions[KEY], 0)


@settings(deadline=None)
@given(st.lists(st.floats(0.2, 0.8), min_size=2, max_size=5), st.floats(0.004, 0.05), st.floats(0, 0.99))
def test_a_quote_that_stays_still_earns_its_margin_less_the_tolerance(
    fairs: list[float], margin: float, share: float
) -> None:
    strategy = maker(margin=margin, price_tolerance=margin * share)
    state: Any = None
    for fair in fairs:
        result = strategy.quote(sport_event_view(line_view(fair)), state)
        state = result.state
        for quote in _all(result.decisions[KEY]):
            assert quote.odds is not None
            of = fair if quote.side == 0 else 1 - fair
            assert earned(of, implied(quote.odds), 0.02) >= margin * (1 - share) - 1e-9


def test_a_quote_moves_if_it_would_take_a_new_offer() -> None:
    strategy = maker(price_tolerance=0.01)
    first = strategy.quote(sport_event_view(line_view(0.42)), None)
    odds = odds_of(first.decisions[KEY], 0)
    book = Book(((Level(odds, 100_00),), (Level(-25_000, 100_00),)))
    second = strategy.quote(sport_event_view(line_view(0.42, book=book)), first.state)
    assert odds_of(second.decisions[KEY], 0) == LADDER.longer(odds)


def test_a_price_worsens_at_once_and_improves_only_after_the_patience() -> None:
    strategy = maker(patience_s=2)
    first = strategy.quote(sport_event_view(line_view(0.40), at_s=10), None)
    worse = strategy.quote(sport_event_view(line_view(0.36), at_s=10.1), first.state)
    held = strategy.quote(sport_event_view(line_view(0.40), at_s=11.9), worse.state)
    better = strategy.quote(sport_event_view(line_view(0.40), at_s=12.1), held.state)
    before, now = first.decisions[KEY], worse.decisions[KEY]
    assert price(now, 0) < price(before, 0)  # outcome 0 is worth less: the price worsens at once
    assert price(now, 1) == price(before, 1)  # outcome 1 is worth more: the price waits, since it was set just now
    assert worse.wake_at == 12 * SECOND
    assert price(held.decisions[KEY], 0) == price(now, 0)
    assert held.wake_at == round(12.1 * SECOND)
    assert better.decisions[KEY] == before
    assert better.wake_at is None


def test_a_delayed_price_follows_after_the_patience_without_another_change() -> None:
    strategy = maker(patience_s=2)
    first = strategy.quote(sport_event_view(line_view(0.40), at_s=0.5), None)
    held = strategy.quote(sport_event_view(line_view(0.36), at_s=1.0), first.state)
    assert held.wake_at == round(2.5 * SECOND)
    early = strategy.quote(sport_event_view(line_view(0.36), at_s=2.4), held.state)
    assert early.decisions[KEY] is held.decisions[KEY]
    due = strategy.quote(sport_event_view(line_view(0.36), at_s=2.5), early.state)
    assert due.decisions[KEY] == decide(strategy, line_view(0.36))
    assert due.wake_at is None


def test_a_fair_price_that_moves_with_our_own_orders_leads_to_the_worse_price() -> None:
    strategy = maker(patience_s=2)
    state: Any = strategy.quote(sport_event_view(line_view(0.400)), None).state
    seen = []
    for step in range(1, 19):
        result = strategy.quote(sport_event_view(line_view(0.394 if step % 2 else 0.400), at_s=step / 10), state)
        state = result.state
        seen.append(tuple(odds_of(result.decisions[KEY], side) for side in (0, 1)))
    assert len(set(seen)) == 1


def test_an_unchanged_line_keeps_the_same_decision_object_while_another_moves() -> None:
    strategy = maker()
    other = LineKey(1, 220, 4)
    first = strategy.quote(sport_event_view(line_view(0.4), line_view(0.5, key=other)), None)
    second = strategy.quote(sport_event_view(line_view(0.4), line_view(0.6, key=other)), first.state)
    assert second.decisions[KEY] is first.decisions[KEY]
    assert second.decisions[other] != first.decisions[other]


def test_equal_views_and_states_give_equal_results_and_do_not_change_the_state() -> None:
    strategy = maker(price_tolerance=0.004)
    state = strategy.quote(sport_event_view(line_view(0.4)), None).state
    before = copy.deepcopy(state)
    one = strategy.quote(sport_event_view(line_view(0.43, profit=(5_00, 0))), state)
    two = strategy.quote(sport_event_view(line_view(0.43, profit=(5_00, 0))), state)
    assert one == two
    assert state == before


def test_the_state_of_a_line_that_left_the_view_is_dropped() -> None:
    strategy = maker()
    state = strategy.quote(sport_event_view(line_view(0.4)), None).state
    gone = strategy.quote(sport_event_view(), state)
    assert gone.decisions == {}
    assert gone.state == strategy.quote(sport_event_view(), None).state


def test_the_size_tolerance_is_passed_to_the_quotes() -> None:
    assert {quote.size_tolerance for quote in _all(decide(maker(size_tolerance=0.3), line_view(0.4)))} == {0.3}


# --- where the fair price comes from --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "fair", "own", "used"),
    [
        ("book", 0.4, 0.6, 0.4),
        ("book", None, 0.6, "the book gives no fair price"),
        ("given", 0.4, 0.6, 0.6),
        ("given", 0.4, None, "no price of your own, or it is too old"),
        ("given_or_book", 0.4, 0.6, 0.6),
        ("given_or_book", 0.4, None, 0.4),
        ("given_or_book", None, None, "the book gives no fair price"),
    ],
)
def test_the_fair_price_comes_from_the_configured_source(
    source: str, fair: float | None, own: float | None, used: float | str
) -> None:  # fmt: skip
    decision = decide(maker(source=source), line_view(fair, given=own))
    if isinstance(used, str):
        assert decision == NoQuote(used)
    else:
        assert decision == decide(maker(), line_view(used))


@pytest.mark.parametrize("fair", [0.02, 0.98])
def test_extreme_fair_prices_are_not_quoted(fair: float) -> None:
    decision = decide(maker(), line_view(fair))
    assert isinstance(decision, NoQuote)
    assert "out of bounds" in decision.reason


def test_only_outcomes_with_a_price_are_quoted() -> None:
    assert {quote.side for quote in _all(decide(maker(margin=0.1), line_view(0.08)))} == {1}
    assert isinstance(decide(maker(margin=0.495), line_view(0.5)), NoQuote)


def test_a_real_book_is_quoted_inside_its_bid_ask_spread_at_demo_like_settings() -> None:
    book = Book(((Level(215, 20_00),), (Level(-280, 60_00),)))
    fair = fair_from(book, 0.2)
    assert fair is not None
    decision = decide(maker(margin=0.003, size=100), line_view(fair.probability, book=book))
    assert fair.bid_ask_spread > 0.05
    assert 0 < 1 - price(decision, 0) - price(decision, 1) < 0.03


# --- params -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"margin": 0.002, "price_tolerance": 0.002}, "price_tolerance (0.002) must be below margin (0.002)"),
        (
            {"min_probability": 0.6, "max_probability": 0.5},
            "min_probability (0.6) must be below max_probability (0.5)",
        ),
        ({"margin": 0}, "`float` > 0.0"),
        ({"size": 0.5}, "`float` >= 1.0"),
        ({"levels": 0}, "`int` >= 1"),
        ({"inventory": 0}, "`float` > 0.0"),
        ({"source": "books"}, "Invalid enum value 'books'"),
        ({"margins": 0.1}, "unknown field `margins`"),
    ],
)
def test_invalid_params_are_rejected(params: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError) as rejected:
        msgspec.convert(params, FairValueParams)
    assert says in str(rejected.value)


def _all(decision: Decision) -> tuple[Quote, ...]:
    assert not isinstance(decision, NoQuote), decision.reason
    return decision
