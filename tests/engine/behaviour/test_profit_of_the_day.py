"""The profit of a day is the sum of its parts, and the account's worth follows matches and results."""

from __future__ import annotations

from engine_scene import LINE, MARKET, Scene

from mmbot.domain.instant import SECOND
from mmbot.engine.orders import SaveDay


def parts(scene: Scene) -> int:
    profit = scene.status().profit
    return profit.today_realised - profit.today_commission + profit.today_marked


def test_the_profit_of_a_day_is_the_sum_of_the_parts_beside_it() -> None:
    """An earlier result, from before the journal's day, is in the totals of all days and not in the day's parts."""
    scene = Scene().quoted()
    for stake in (700, 2_000):
        scene.take(0, stake)
        scene.take(1, stake // 3)
        scene.go(SECOND)
        assert parts(scene) == scene.status().profit.today
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(5 * SECOND)
    assert scene.status().profit.realised
    assert parts(scene) == scene.status().profit.today
    yesterday = scene.memory.day
    assert yesterday is not None
    scene.memory.day = SaveDay(yesterday.day, 5_000, 5_000, None, 4_000, 100)
    scene.restart()
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(2 * SECOND)
    profit = scene.status().profit
    assert profit.today == profit.realised - profit.commission + profit.marked - 5_000
    assert parts(scene) == profit.today
    assert (profit.today_realised, profit.today_commission) == (profit.realised - 4_000, profit.commission - 100)


def test_a_saved_day_names_the_parts_of_its_opening() -> None:
    scene = Scene().quoted()
    day = scene.memory.day
    assert day is not None
    assert day.opening_realised == 0
    assert day.opening_commission == 0


def test_the_worth_of_the_account_is_kept_through_matches_and_results() -> None:
    scene = Scene(balance=1_000_000).quoted()
    scene.go(SECOND)
    assert scene.status().equity == 1_000_000
    scene.take(0, 5_000)
    scene.go(SECOND)
    status = scene.status()
    assert status.locked > 0
    assert status.equity == 1_000_000 + status.profit.marked, "before the next read of the balance"
    scene.go(60 * SECOND)
    status = scene.status()
    assert status.equity == 1_000_000 + status.profit.marked, "and after it"
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(2 * SECOND)
    status = scene.status()
    assert status.locked == 0
    assert status.equity == 1_000_000 + status.profit.realised
    scene.go(60 * SECOND)
    assert scene.status().equity == 1_000_000 + status.profit.realised - status.profit.commission


def test_a_settlement_and_an_opened_wager_are_logged_with_names_and_money() -> None:
    scene = Scene().quoted()
    scene.go(SECOND)
    opened = scene.alerts("wager.opened")[0]
    assert (opened["market"], opened["outcome"]) == ("Away 1 @ Home 1: Moneyline", "outcome 0")
    assert opened["stake_cents"] > 0
    scene.take(1, 2_000)
    scene.go(SECOND)
    assert not scene.alerts("market.settled")
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(2 * SECOND)
    settled = scene.alerts("market.settled")
    assert sum(each["profit_cents"] for each in settled) == scene.status().profit.realised
    last = settled[-1]
    assert (last["market"], last["result"], last["correction"]) == ("Away 1 @ Home 1: Moneyline", "won", False)
    assert last["market_gross_cents"] == scene.status().profit.realised
    assert scene.position(LINE) == (0, 0)
