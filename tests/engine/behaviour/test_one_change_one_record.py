"""A crash loses or keeps a change of the journal as a whole: a settlement with its wagers, a cancel with its match."""

from __future__ import annotations

import pytest
from engine_scene import LINE, MARKET, Scene

from mmbot.backtest.memory import Memory
from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine import orders as o


class Torn(Memory):
    """A journal that stops in the middle: it keeps only the next ``left`` orders."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.orders: list[o.Save] = []

    def keep(self, order: o.Save, now: Instant) -> None:
        self.orders.append(order)
        if self.left is not None:
            if self.left <= 0:
                return
            self.left -= 1
        super().keep(order, now)


def matched(memory: Memory) -> Scene:
    scene = Scene(memory=memory).quoted()
    for stake in (700, 900):
        scene.take(0, stake)
        scene.take(1, stake // 2)
        scene.go(SECOND)
    assert scene.position(LINE) != (0, 0)
    return scene


@pytest.mark.parametrize("kept", range(6))
def test_a_crash_within_a_settlement_counts_no_result_twice(kept: int) -> None:
    memory = Torn()
    scene = matched(memory)
    memory.left = kept
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(500 * MILLISECOND)
    memory.left = 0  # the crash
    scene.restart()
    memory.left = None
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def test_a_settlement_is_one_order_with_the_wagers_that_it_settled() -> None:
    memory = Torn()
    scene = matched(memory)
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(2 * SECOND)
    settlements = [
        order for order in memory.orders if any(isinstance(each, o.SaveSettlement) for each in order.records)
    ]
    assert settlements
    for order in settlements:
        wagers = [each for each in order.records if isinstance(each, o.SaveWager)]
        assert any(each.state in ("settled", "closed") for each in wagers)
    scene.close()
