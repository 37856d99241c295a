"""Quoting: few requests, no taking, no self-match, priorities, user prices, changes of the board."""

from __future__ import annotations

import msgspec
import pytest
from engine_scene import GAME, LINE, MARKET, OTHER, START, Fixed, Scene, maker, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig, MatchConfig, RuleConfig, RuleLimits
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.domain.odds import implied
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.strategy.interface import Result

ELSEWHERE = LineKey(2, 219, 0)


def placed_after(scene: Scene, what: int) -> int:
    return len(scene.placements()) - what


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_quiet_market_costs_one_placement_per_outcome_and_nothing_more() -> None:
    """Our own wagers in the book do not count as a change."""
    for strategy in (Fixed((0, 105, 5000), (1, 105, 5000)), maker(margin=0.01, price_tolerance=0.001, patience_s=0.0)):
        scene = Scene(strategy).quoted()
        scene.go(3 * HOUR)
        assert len(scene.placements()) == 2
        assert not scene.sent(r.CancelMany)
        scene.agree()
        scene.close()


def test_the_book_that_a_strategy_sees_excludes_our_own_wagers() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy, lines=(LINE, OTHER)).quoted()
    seen: list[tuple[int, ...]] = []
    for step in range(60):
        strategy.wants[None] = tuple((side, 103 + step % 4, 5000 + 100 * (step % 3)) for side in (0, 1))
        scene.around(OTHER, (110 + step % 2, 110))  # a change that leads to a look
        scene.take(step % 2, 300)
        scene.go((37 + step) * MILLISECOND)
        book = strategy.seen[LINE].book
        seen += [tuple(level.odds for level in side) for side in book.sides]
    assert len(seen) == 120
    assert set(seen) <= {(-110,), ()}  # the house's stake, or nothing where it was not certain
    assert seen.count((-110,)) > 60
    scene.close()


def test_a_price_within_tolerance_keeps_its_place_in_the_queue() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000), price_tolerance=0.006)
    scene = Scene(strategy).quoted()
    before = scene.wagers()
    strategy.wants[None] = ((0, 107, 5000), (1, 107, 5000))
    scene.around(LINE, (112, 112))
    scene.go(SECOND)
    assert [wager.external_id for wager in scene.wagers()] == [wager.external_id for wager in before]
    strategy.wants[None] = ((0, 109, 5000), (1, 109, 5000))
    scene.around(LINE, (114, 114))
    scene.go(SECOND)
    assert [odds for _, odds, _ in scene.resting()] == [109, 109]
    scene.agree()
    scene.close()


def test_a_partly_matched_quote_is_topped_up_by_a_second_wager() -> None:
    scene = Scene().quoted()
    first = scene.resting()
    scene.take(0, 1000)
    scene.go(SECOND)
    assert sum(stake for side, _, stake in scene.resting() if side == 1) == first[1][2]
    assert len([side for side, _, _ in scene.resting() if side == 1]) == 2
    assert not scene.sent(r.CancelMany)
    scene.agree()
    scene.close()


def test_a_quote_that_should_be_smaller_is_cancelled_and_replaced() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy).quoted()
    strategy.wants[None] = ((0, 105, 2000), (1, 105, 5000))
    scene.around(LINE, (112, 112))
    scene.go(SECOND)
    assert scene.resting() == [(0, 105, 976), (1, 105, 2439)]
    assert [len(request.items) for request in scene.sent(r.CancelMany)] == [1]
    scene.agree()
    scene.close()


def test_a_quote_never_takes_an_open_offer() -> None:
    strategy = Fixed((0, -130, 5000), (1, 105, 5000))
    scene = Scene(strategy, config=settings(guards=GuardsConfig(hold_s=1.0, off_fair=0.5)))
    scene.until(lambda: 0 in scene.sides())
    scene.go(5 * SECOND)
    assert scene.position() == (0, 0)
    shown = -110  # the price for a taker of outcome 0
    resting = [odds for side, odds, _ in scene.resting() if side == 0]
    assert resting
    assert all(implied(odds) < implied(shown) for odds in resting)
    scene.close()


def test_two_own_quotes_that_could_match_are_never_open_together() -> None:
    strategy = Fixed((0, -105, 5000), (1, -105, 5000))
    scene = Scene(strategy)
    scene.around(LINE, (150, 150))
    scene.until(lambda: bool(scene.sides()))
    scene.go(30 * SECOND)
    assert len(scene.sides()) == 1
    assert not scene.alerts("wager.rejected")  # no request was sent
    assert scene.line().why == "the quote would match one of our own wagers"
    strategy.wants[None] = ((0, 107, 5000), (1, -105, 5000))
    scene.around(LINE, (151, 151))
    scene.until(lambda: scene.sides() == {0, 1})
    scene.close()


def test_a_replacement_that_could_match_the_old_quote_waits_until_that_is_gone() -> None:
    strategy = Fixed((0, 160, 5000), (1, -154, 5000))
    scene = Scene(strategy, config=settings(guards=GuardsConfig(hold_s=1.0, off_fair=0.4)))
    scene.around(LINE, (180, -170))
    scene.until(lambda: scene.sides() == {0, 1})
    for _ in range(5):
        strategy.wants[None] = ((0, -154, 5000), (1, 160, 5000))
        scene.around(LINE, (-170, 180))
        scene.go(2 * SECOND)
        assert scene.sides() == {0, 1}
        strategy.wants[None] = ((0, 160, 5000), (1, -154, 5000))
        scene.around(LINE, (180, -170))
        scene.go(2 * SECOND)
    assert scene.sides() == {0, 1}
    assert not scene.alerts("wager.rejected")
    scene.close()


def test_a_batch_holds_twenty_wagers_from_all_markets() -> None:
    lines = tuple(LineKey(sport_event, market, 0) for sport_event in range(1, 8) for market in (219, 223, 225))
    strategy = Fixed((0, 105, 2000), (1, 105, 2000))
    scene = Scene(strategy, lines=lines).quoted()
    assert [len(request.items) for request in scene.sent(r.PlaceMany)] == [20, 20, 2]
    scene.go(SECOND)
    strategy.wants[None] = ()
    for sport_event in range(1, 8):
        scene.around(LineKey(sport_event, 219, 0), (112, 112))
    scene.go(2 * SECOND)
    assert not scene.wagers()
    assert [len(request.items) for request in scene.sent(r.CancelMany)] == [20, 20, 2]
    scene.agree()
    scene.close()


# --- money ------------------------------------------------------------------------------------------------------------


def test_with_too_little_money_the_higher_priority_is_placed() -> None:
    lines = tuple(LineKey(sport_event, 219, 0) for sport_event in range(1, 6))
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    strategy.priority = {line: place for place, line in enumerate(lines)}
    scene = Scene(strategy, lines=lines, balance=1200)  # 8 times $12: not quite four of ten quotes
    scene.until(lambda: len(scene.wagers()) >= 3)
    scene.go(5 * SECOND)
    assert scene.sides(lines[4]) == {0, 1}
    assert not scene.sides(lines[0])
    assert sum(wager.unmatched for wager in scene.wagers()) <= 8 * 1200
    assert scene.line(lines[0]).why == "the balance leaves no room for the stake"
    scene.close()


def test_quotes_are_cut_to_a_limit_and_never_pass_it() -> None:
    limits = LimitsConfig(line=30, market=30, event=30, tournament=30, account=30, soft=0.9, hedge=1.0)
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000)), config=settings(limits=limits)).quoted()
    for turn in range(40):
        scene.take(turn % 3 % 2, 700)
        scene.go(700 * MILLISECOND)
    report = scene.close()
    assert max(figure.greatest for figure in report.worst_case) > 2500
    assert all(figure.greatest <= 3000 for figure in report.worst_case)
    scene.agree()


def test_a_line_blocked_by_funds_is_not_placed_twice_after_its_rule_is_matched_again() -> None:
    """A change of the sport event matches the line to its rule again, and blocked targets of before are dropped."""
    scene = Scene(Fixed((0, 105, 50000), (1, 105, 50000)), balance=2000)
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(SECOND)
    for turn in range(6):
        sport_event = scene.venue.sport_event(GAME)
        scene.venue.update_sport_event(msgspec.structs.replace(sport_event, name=f"name {turn}"), scene.now)
        scene.go(5 * SECOND)
        scene.venue.deposit(scene.account, 1000 if turn == 2 else 0, scene.now)
        scene.go(31 * SECOND)
    scene.venue.deposit(scene.account, 500_000, scene.now)
    scene.go(40 * SECOND)
    for side in (0, 1):
        stakes = [stake for each, _, stake in scene.resting() if each == side]
        assert 0.9 * 24390 <= sum(stakes) <= 24390
    scene.agree()
    scene.close()


def test_a_blocked_target_is_not_placed_after_its_rule_is_matched_again() -> None:
    """The target waits because it could match our own wager; the sport event changes, and then that wager ends."""
    strategy = Fixed((0, 105, 5000), (1, -105, 5000))
    scene = Scene(strategy)
    scene.around(LINE, (150, 150))
    scene.until(lambda: scene.sides() == {0})
    scene.go(2 * SECOND)
    strategy.wants[None] = ((0, 105, 5000), (1, 103, 5000))
    sport_event = scene.venue.sport_event(GAME)
    scene.venue.update_sport_event(msgspec.structs.replace(sport_event, name="another name"), scene.now)
    scene.until(lambda: scene.sides() == {0, 1})
    strategy.wants[None] = ((0, 120, 5000), (1, 103, 5000))
    scene.around(LINE, (151, 151))
    scene.go(40 * SECOND)  # a round of balance included
    assert not [item for item in scene.placements() if item.odds == -105]
    assert scene.resting() == [(0, 120, 2273), (1, 103, 2463)]
    scene.agree()
    scene.close()


# --- strategies -------------------------------------------------------------------------------------------------------


class Odd:
    """A strategy with an invalid result."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def quote(self, view: object, state: object) -> object:
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Result({LINE: 3}, None),  # type: ignore[dict-item]
        Result({LINE: (3,)}, None),  # type: ignore[dict-item]
        Result(None, None),  # type: ignore[arg-type]
        Result({}, None, "soon"),  # type: ignore[arg-type]
    ],
)
def test_a_strategy_with_an_invalid_result_stops_only_its_own_sport_event(answer: object) -> None:
    rules = (
        RuleConfig(match=MatchConfig(event=(GAME,)), strategy="tests:Odd"),
        RuleConfig(strategy="tests:Fixed"),
    )
    strategies = (Odd(answer), Fixed((0, 105, 5000), (1, 105, 5000)))
    scene = Scene(strategies, config=settings(rules=rules), lines=(LINE, ELSEWHERE))  # type: ignore[arg-type]
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1})
    scene.go(3 * MINUTE)
    assert scene.guard("strategy") is not None
    assert not scene.sides(LINE)
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.close()


@pytest.mark.parametrize(
    "want",
    [(2, 105, 5000), (0, 105, 5000.0), (0, 105.0, 5000), (0, 101, 5000), (0, 99, 5000), (0, None, 5000)],
)
def test_an_invalid_quote_is_never_placed(want: tuple[int, int, int]) -> None:
    scene = Scene(Fixed(want))
    scene.until(lambda: scene.guard("strategy") is not None or scene.status().phase == "ready")
    scene.go(5 * SECOND)
    assert not [item for item in scene.placements() if type(item.stake) is not int or type(item.odds) is not int]
    assert not scene.alerts("wager.rejected")
    scene.close()


class Eager(Fixed):
    """Always asks to be called again at once."""

    def quote(self, view: object, state: object) -> Result:
        result = super().quote(view, state)  # type: ignore[arg-type]
        return Result(result.decisions, result.state, view.now)  # type: ignore[attr-defined]


def test_a_wake_at_of_now_does_not_make_the_engine_spin() -> None:
    eager = Eager((0, 105, 5000), (1, 105, 5000))
    scene = Scene(eager).quoted()
    before = eager.calls
    scene.go(10 * SECOND)
    assert 100 < eager.calls - before <= 1001
    assert len(scene.placements()) == 2
    scene.close()


# --- prices of the user's own -----------------------------------------------------------------------------------------


def test_a_price_from_the_user_is_used_until_it_is_too_old() -> None:
    config = settings(guards=GuardsConfig(hold_s=1.0, price_age_s=60.0))
    scene = Scene(maker(margin=0.02, source="given", price_tolerance=0.001), config=config)
    line_id = scene.venue.line_id(*LINE, 0)
    scene.run.tell(e.PriceGiven(line_id, 0.40, scene.now))  # before the board is known
    scene.until(lambda: scene.sides() == {0, 1})
    scene.go(SECOND)
    assert scene.line().fair == pytest.approx(0.40)
    given = START
    scene.until(lambda: not scene.wagers(), within=2 * MINUTE)
    assert scene.now <= given + 61 * SECOND
    scene.run.tell(e.PriceGiven(line_id, 0.45, scene.now))
    scene.until(lambda: scene.sides() == {0, 1})
    scene.run.tell(e.PriceGiven(line_id, 0.30, scene.now - 30 * SECOND))  # an older price comes late
    scene.go(SECOND)
    assert scene.line().fair == pytest.approx(0.45)
    scene.close()


def test_a_price_ages_to_the_second_although_the_book_timer_was_set_earlier() -> None:
    config = settings(guards=GuardsConfig(hold_s=1.0, price_age_s=300.0, book_age_s=100.0, reconcile_s=60.0))
    scene = Scene(config=config).quoted()
    scene.go(50 * SECOND)
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.5, scene.now))
    given = scene.now
    scene.until(lambda: scene.guard("price_age") is not None, within=10 * MINUTE)
    assert scene.now == given + 300 * SECOND
    scene.close()


# --- the board --------------------------------------------------------------------------------------------------------


def test_a_new_market_is_quoted_and_a_removed_one_is_not() -> None:
    scene = Scene().quoted()
    scene.add_market(MarketKey(GAME, 223), [OTHER], scene.now)
    scene.around(OTHER)
    scene.until(lambda: scene.sides(OTHER) == {0, 1}, within=10 * SECOND)
    scene.venue.set_market_status(MARKET, "closed", scene.now)
    scene.until(lambda: not scene.wagers(LINE), within=5 * SECOND)
    assert scene.sides(OTHER) == {0, 1}
    scene.go(SECOND)
    scene.agree()
    scene.close()


def test_a_new_sport_event_is_quoted_before_the_next_round_of_reads() -> None:
    scene = Scene().quoted()
    scene.add_sport_event(2, scene.now)
    scene.add_market(MarketKey(2, 219), [ELSEWHERE], scene.now)
    scene.around(ELSEWHERE)
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1}, within=10 * SECOND)
    scene.close()


def test_a_single_suspended_line_is_cancelled_and_later_quoted_again() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.venue.set_line_status(LINE, "suspended", scene.now)
    scene.until(lambda: not scene.wagers(LINE), within=5 * SECOND)
    assert scene.sides(OTHER) == {0, 1}
    scene.venue.set_line_status(LINE, "active", scene.now)
    scene.around(LINE)
    scene.until(lambda: scene.sides(LINE) == {0, 1}, within=10 * SECOND)
    scene.close()


def test_an_earlier_start_ends_quoting_in_time() -> None:
    scene = Scene().quoted()
    sport_event = scene.venue.sport_event(GAME)
    scene.venue.update_sport_event(msgspec.structs.replace(sport_event, scheduled=scene.now + 3 * MINUTE), scene.now)
    scene.go(59 * SECOND)
    assert scene.sides() == {0, 1}
    scene.go(3 * SECOND)
    assert not scene.wagers()
    assert scene.guard("start") is not None
    scene.close()


def test_a_step_of_the_wall_clock_moves_every_start() -> None:
    scene = Scene(starts=HOUR).quoted()
    scene.run.tell(e.WallStepped(59 * MINUTE))
    scene.go(SECOND)
    assert scene.guard("start") is not None
    assert not scene.wagers()
    scene.run.tell(e.WallStepped(0))
    scene.until(lambda: scene.sides() == {0, 1})
    scene.close()


def test_a_rule_with_a_window_starts_and_ends_by_the_clock() -> None:
    rules = (RuleConfig(match=MatchConfig(hours_to_start=(1.0, 2.0)), strategy="tests:Fixed"),)
    scene = Scene(config=settings(rules=rules), starts=3 * HOUR)
    scene.go(HOUR - SECOND)
    assert not scene.placements()
    scene.go(5 * SECOND)
    assert scene.sides() == {0, 1}
    scene.go(HOUR - 10 * SECOND)
    assert scene.sides() == {0, 1}
    scene.go(10 * SECOND)
    assert not scene.wagers()
    scene.close()


def test_limits_of_a_rule_apply_only_to_its_markets() -> None:
    rules = (
        RuleConfig(match=MatchConfig(event=(GAME,)), strategy="tests:Fixed", limits=RuleLimits(line=10.0, stake=4.0)),
        RuleConfig(strategy="tests:Fixed"),
    )
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene((strategy, strategy), config=settings(rules=rules), lines=(LINE, ELSEWHERE)).quoted()
    assert {stake for _, _, stake in scene.resting(LINE)} == {400}
    assert {stake for _, _, stake in scene.resting(ELSEWHERE)} == {2439}
    scene.close()
