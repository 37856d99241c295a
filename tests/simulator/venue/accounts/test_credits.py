"""Exposure credits in the balance that the local exchange shows."""

from __future__ import annotations

from venue_bench import MONEYLINE, Bench

from mmbot.domain.instant import SECOND
from mmbot.simulator.venue.settings import VenueSettings


def shown(bench: Bench) -> int:
    """The balance of the first account, less its cash."""
    return bench.venue.balance(bench.a, bench.now).balance - bench.venue.wallet(bench.a).balance


def matched(bench: Bench, side: int, odds: int, stake: int) -> None:
    bench.place(bench.a, side, odds, stake)
    bench.place(bench.b, 1 - side, -odds, 100_000)
    bench.venue.cancel_all(bench.b, bench.now)


def test_stakes_that_come_back_in_any_case_are_credited_some_seconds_later_until_the_result_is_paid() -> None:
    bench = Bench(VenueSettings(credits="in_balance", credit_late_ns=5 * SECOND))
    matched(bench, 0, 110, 1_000)
    bench.wait(10 * SECOND)
    assert shown(bench) == 0, "the whole stake is lost if outcome 1 wins"
    matched(bench, 1, 120, 800)
    assert shown(bench) == 0
    bench.wait(5 * SECOND)
    # Outcome 0 wins 1100 - 800, outcome 1 wins 960 - 1000: all but 40 of the stakes comes back.
    assert shown(bench) == 1_800 - 40
    matched(bench, 1, 120, 100)
    bench.wait(5 * SECOND)
    assert shown(bench) == 1_900, "no outcome loses; a sure profit is no credit"
    bench.venue.settle(MONEYLINE, 0, bench.now)
    bench.wait(SECOND)
    assert shown(bench) == 0
    assert bench.venue.unbalanced() == 0


def test_no_credits_are_shown_by_default() -> None:
    bench = Bench()
    matched(bench, 0, 110, 1_000)
    matched(bench, 1, 120, 800)
    bench.wait(60 * SECOND)
    assert shown(bench) == 0
