"""Each example quotes both outcomes on an invented board and breaks no rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbot.backtest.run import Run
from mmbot.backtest.tape import referee_limits
from mmbot.config import Config
from mmbot.domain.instant import HOUR, MINUTE, from_iso
from mmbot.domain.odds import implied
from mmbot.engine.events import PriceGiven
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.world import World, synthetic_world
from mmbot.strategy.interface import Strategy
from mmbot.strategy.loader import open_config

ROOT = Path(__file__).parents[2]
START = from_iso("2026-10-03T17:00:00Z")
EXAMPLES = {
    "examples.join_best:JoinBest": "{size: 40, edge: 0.002}",
    "examples.fixed_ladder:FixedLadder": "{margin: 0.02, levels: 3}",
    "examples.avellaneda_stoikov:AvellanedaStoikov": "{gamma: 2, sigma: 0.02}",
}


@pytest.fixture(params=EXAMPLES)
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Config, tuple[Strategy, ...]]:
    """One example, named in a file of settings as a user would name it."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        'environment: local\nexchange: {base_url: "http://127.0.0.1:9000/partner"}\n'
        "quoting:\n  - match: {type: [moneyline, spread, total]}\n"
        f"    strategy: {request.param}\n    params: {EXAMPLES[request.param]}\n"
    )
    config, strategies = open_config(file, ROOT)
    return request.param, config, strategies


def played(config: Config, strategies: tuple[Strategy, ...], minutes: int) -> Run:
    """A run on an invented board whose first sport event starts in three hours."""
    board = BoardSettings(sport_events=2, first_start_ns=3 * HOUR)
    world: World = synthetic_world(None, 3, START, board=board, limits=referee_limits(config))
    run = Run(world, world.account, config, strategies, START)
    run.until(START + MINUTE)
    for sport_event in run.engine.status(run.now).sport_events:  # external prices: what the book says
        for line in sport_event.lines:
            if line.fair is not None:
                outcome = world.venue.line_id(line.sport_event, line.market, line.number, 0)
                run.tell(PriceGiven(outcome, line.fair, run.now))
    run.until(START + minutes * MINUTE)
    return run


def test_it_quotes_both_outcomes_below_one_and_breaks_no_rule(
    loaded: tuple[str, Config, tuple[Strategy, ...]],
) -> None:
    _, config, strategies = loaded
    run = played(config, strategies, 5)
    lines = [line for sport_event in run.engine.status(run.now).sport_events for line in sport_event.lines]
    both = [line for line in lines if {own.side for own in line.own} == {0, 1}]
    assert len(both) > len(lines) / 2
    for line in both:
        assert sum(max(implied(own.odds) for own in line.own if own.side == side) for side in (0, 1)) < 1
    assert run.world.referee.report(run.now).ok


def test_it_is_matched_and_stays_within_the_limits(loaded: tuple[str, Config, tuple[Strategy, ...]]) -> None:
    _, config, strategies = loaded
    run = played(config, strategies, 30)
    assert any(alert.name == "wager.matched" for _, alert in run.alerts)
    assert run.world.referee.report(run.now).ok


def test_without_an_external_price_the_fixed_ladder_quotes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        'environment: local\nexchange: {base_url: "http://127.0.0.1:9000/partner"}\n'
        "quoting:\n  - {match: {type: [moneyline]}, strategy: 'examples.fixed_ladder:FixedLadder'}\n"
    )
    config, strategies = open_config(file, ROOT)
    world = synthetic_world(None, 3, START, limits=referee_limits(config))
    run = Run(world, world.account, config, strategies, START)
    run.until(START + 2 * MINUTE)
    lines = [line for sport_event in run.engine.status(run.now).sport_events for line in sport_event.lines]
    assert lines
    assert all(not line.own for line in lines)
    assert any("no external price" in (line.why or "") for line in lines)
