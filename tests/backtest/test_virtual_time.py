"""The cost of virtual time follows the events, not the hours, and what nobody asked for changes no request."""

from __future__ import annotations

import msgspec
import pytest

from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig, GuardsConfig, LimitsConfig, RuleConfig
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND, Duration
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.engine import Engine
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.world import synthetic_world
from strategies.fair_value import FairValueMaker, FairValueParams

START = 1_800_000_000 * SECOND


def begin(seed: int, board: BoardSettings, silence_s: float = 30.0) -> Run:
    config = Config(
        environment="local",
        exchange=ExchangeConfig(base_url="http://127.0.0.1:9000/partner"),
        quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
        limits=LimitsConfig(line=40, market=40, event=60, tournament=80, account=100, soft=0.3, hedge=0.5),
        guards=GuardsConfig(hold_s=1.0, stop_before_start_s=30.0, feed_silence_s=silence_s),
    )
    strategy = FairValueMaker(FairValueParams(margin=0.004, size=60, inventory=60, levels=2))
    world = synthetic_world(None, seed, START, board=board)
    return Run(world, world.account, config, (strategy,), START)


def records(run: Run) -> list[bytes]:
    """Every request and alert of a run, what it left in the journal, and its last status."""
    encode = msgspec.msgpack.Encoder().encode
    encoded = [encode((at, type(request).__name__, request)) for at, request in run.requests]
    encoded += [encode((at, alert)) for at, alert in run.alerts]
    encoded += [encode(saved) for saved in run.memory.wagers.values()]
    return [*encoded, encode((run.memory.day, run.events, run.engine.status(run.now)))]


def troubled(seed: int, silence_s: float, poll: Duration | None = None) -> Run:
    """A run with a silent feed, a lost feed, a kill and hours without a change. With ``poll``, every health check is
    carried on its own, and the run looks again and again whether there is something to do."""
    board = BoardSettings(sport_events=2, first_start_ns=4 * MINUTE, game_ns=MINUTE, taker_ns=3 * SECOND)
    run = begin(seed, board, silence_s)
    if poll is not None:
        run.faults.carry = lambda message: (0,)
        for number in range(40 * MINUTE // poll):
            run.at(START + number * poll, lambda: None)
    run.until(START + 50 * SECOND + 3 * MILLISECOND)
    run.faults.silent = True
    run.until(run.now + 8 * SECOND)
    run.faults.silent = False
    run.until(run.now + MINUTE)
    run.drop_feed()
    run.until(run.now + 40 * SECOND)
    run.tell(e.KillRequested("a person"))
    run.until(run.now + 20 * SECOND)
    run.tell(e.ResumeRequested())
    run.until(START + 40 * MINUTE)
    return run


@pytest.mark.parametrize(("seed", "silence_s"), [(1, 30.0), (2, 6.0)])
def test_asking_whether_there_is_something_to_do_changes_no_request(seed: int, silence_s: float) -> None:
    run = troubled(seed, silence_s)
    lost = [alert for _, alert in run.alerts if alert.name == "feed.lost"]
    assert len(lost) == (2 if silence_s < 8 else 1)
    assert run.engine.status(run.now).counts.matches > 5
    assert records(run) == records(troubled(seed, silence_s, poll=SECOND // 2))


def test_hours_without_an_event_cost_what_the_reads_of_those_hours_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    board = BoardSettings(sport_events=1, first_start_ns=30 * HOUR, refresh_ns=HOUR, taker_ns=HOUR, step_ns=HOUR)
    run = begin(1, board)
    run.until(START + HOUR)
    called = 0
    next_request = Engine.next_request

    def counted(engine: Engine, now: int) -> r.Request | None:
        nonlocal called
        called += 1
        return next_request(engine, now)

    monkeypatch.setattr(Engine, "next_request", counted)
    before, asked = len(run.requests), run.engine.asked
    run.until(START + 13 * HOUR)
    requests = len(run.requests) - before
    assert requests > 12 * 60
    assert called < 6 * requests
    assert run.engine.asked - asked < 6 * requests
