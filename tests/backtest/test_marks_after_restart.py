"""A restart with matched positions: they keep their value, so the daily loss guard does not end the day by itself."""

from pathlib import Path

from msgspec.structs import replace

from mmbot.backtest.memory import Memory
from mmbot.backtest.run import Run
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine.events import StopRequested
from mmbot.simulator.world import synthetic_world
from mmbot.strategy.loader import open_config

CONFIG = Path(__file__).parents[2] / "config" / "demo.yaml"
START = 1_800_000_000 * SECOND


def test_positions_keep_their_value_over_a_restart_with_and_without_quoting():
    config, strategies = open_config(CONFIG)
    config = replace(config, limits=replace(config.limits, daily_loss=60.0))
    world = synthetic_world(None, 1, START, balance=25_000_000)
    memory = Memory()
    first = Run(world, world.account, config, strategies, START, memory=memory)
    first.until(START + 3 * MINUTE)
    before = first.engine.status(first.now)
    first.tell(StopRequested())
    first.until(first.now + MINUTE)
    assert first.exit is not None
    assert first.exit.code == 0
    worst = sum(
        min(line.profit) for sport_event in before.sport_events for line in sport_event.lines if min(line.profit) < 0
    )
    assert worst < -6000, "the positions have to be large enough for the worse outcome to pass the limit"

    world.referee.note_resumed(first.now)  # a new run may place again
    second = Run(world, world.account, config, strategies, first.now, memory=memory)
    second.until(first.now + 20 * SECOND)
    after = second.engine.status(second.now)
    assert after.phase == "ready"
    assert after.quoting
    assert not [guard for guard in after.guards if guard.guard == "daily_loss"]
    assert abs(after.profit.marked - before.profit.marked) < 3000
    assert all(
        line.fair is not None for sport_event in after.sport_events for line in sport_event.lines if any(line.profit)
    )
    assert world.referee.report(second.now).ok
