"""The examples of the pages work: the strategy quotes on the synthetic board, prices and settings are valid."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from mypy import api

from mmbot.backtest.run import Run
from mmbot.backtest.tape import referee_limits
from mmbot.config import Config
from mmbot.domain.instant import HOUR, MINUTE, Duration, from_iso
from mmbot.domain.odds import implied
from mmbot.engine.events import PriceGiven
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.world import synthetic_world
from mmbot.strategy.interface import EventView, LineView, Strategy
from mmbot.strategy.lines import Kept
from mmbot.strategy.loader import open_config
from mmbot.strategy.prices import parse_prices

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "strategies.md").read_text()
START = from_iso("2026-10-03T17:00:00Z")


def block(language: str) -> str:
    """The page's only block of a language."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, tuple[Strategy, ...]]]:
    """The strategy of the page under the rule of the page, in its own folder."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "strategies").mkdir()
    (folder / "strategies" / "widening.py").write_text(block("python"))
    file = folder / "mine.yaml"
    exchange = 'environment: local\nexchange: {base_url: "http://127.0.0.1:9000/partner"}\n'
    file.write_text(exchange + block("yaml"))
    before = list(sys.path)
    yield open_config(file, folder)
    sys.path[:] = before
    sys.modules.pop("strategies.widening", None)


@pytest.mark.parametrize("page", ["README.md", "docs/strategies.md"])
def test_a_strategy_of_a_page_is_typed(page: str, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    (tmp_path / "example.py").write_text(code)
    settings = f"--config-file={ROOT / 'pyproject.toml'}"
    said, wrong, code = api.run([settings, "--strict", "--follow-imports=silent", str(tmp_path / "example.py")])
    assert (said.strip(), wrong, code) == ("Success: no issues found in 1 source file", "", 0)


def played(loaded: tuple[Config, tuple[Strategy, ...]], minutes: int) -> Run:
    config, strategies = loaded
    world = synthetic_world(None, 1, START, limits=referee_limits(config))
    run = Run(world, world.account, config, strategies, START)
    run.until(START + minutes * MINUTE)
    return run


def test_the_strategy_quotes_both_outcomes_of_every_line_and_breaks_no_rule(
    loaded: tuple[Config, tuple[Strategy, ...]],
) -> None:
    run = played(loaded, 3)
    lines = [line for sport_event in run.engine.status(run.now).sport_events for line in sport_event.lines]
    assert len(lines) > 3
    quoted = [line for line in lines if {own.side for own in line.own} == {0, 1}]
    assert len(quoted) > len(lines) / 2
    for line in quoted:
        assert sum(max(implied(own.odds) for own in line.own if own.side == side) for side in (0, 1)) < 1
    assert run.world.referee.report(run.now).ok


def test_the_strategy_follows_a_price_from_the_user(loaded: tuple[Config, tuple[Strategy, ...]]) -> None:
    run = played(loaded, 1)
    line = next(
        line
        for sport_event in run.engine.status(run.now).sport_events
        for line in sport_event.lines
        if line.fair is not None and 0.4 < line.fair < 0.6 and line.own
    )
    assert line.fair is not None
    wanted = line.fair + 0.03
    outcome = run.world.venue.line_id(line.sport_event, line.market, line.number, 0)
    run.engine.handle(PriceGiven(outcome, wanted, run.now), run.now)
    run.until(run.now + MINUTE)
    after = next(
        other
        for sport_event in run.engine.status(run.now).sport_events
        for other in sport_event.lines
        if (other.sport_event, other.market, other.number) == (line.sport_event, line.market, line.number)
    )
    assert after.fair == pytest.approx(wanted)
    on_first = [implied(own.odds) for own in after.own if own.side == 0]
    assert on_first
    assert max(on_first) > max(implied(own.odds) for own in line.own if own.side == 0)


def test_the_strategy_widens_its_margin_before_the_start(loaded: tuple[Config, tuple[Strategy, ...]]) -> None:
    config, (strategy,) = loaded

    def width(ahead: Duration) -> float:
        board = BoardSettings(first_start_ns=ahead, sport_events=1)
        world = synthetic_world(None, 1, START, board=board, limits=referee_limits(config))
        run = Run(world, world.account, config, (strategy,), START)
        run.until(START + MINUTE)
        line = next(
            line
            for sport_event in run.engine.status(run.now).sport_events
            for line in sport_event.lines
            if len(line.own) > 1
        )
        return 1 - sum(max(implied(own.odds) for own in line.own if own.side == side) for side in (0, 1))

    assert width(15 * MINUTE) > width(6 * HOUR) + 0.01


def test_the_prices_are_accepted() -> None:
    price = parse_prices(block("json").encode(), from_iso("2026-10-01T18:31:00Z"), "page")[0]
    assert (price.probability, price.at) == (0.43, from_iso("2026-10-01T18:30:00Z"))


def test_the_line_by_line_strategy_is_called_for_changed_lines_and_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "sparing_of_the_page.py").write_text(block("py"))
    rule = block("yaml").replace("strategies.widening:Widening", "sparing_of_the_page:Sparing").split("    params:")[0]
    file = tmp_path / "mine.yaml"
    file.write_text('environment: local\nexchange: {base_url: "http://127.0.0.1:9000/partner"}\n' + rule)
    config, (strategy,) = open_config(file, tmp_path)
    asked: list[EventView] = []
    decide = strategy.decide  # type: ignore[attr-defined]

    def noting(view: EventView, line: LineView, last: Kept | None) -> Kept:
        asked.append(view)
        kept: Kept = decide(view, line, last)
        return kept

    monkeypatch.setattr(strategy, "decide", noting)
    run = played((config, (strategy,)), 2)
    lines = [line for sport_event in run.engine.status(run.now).sport_events for line in sport_event.lines]
    assert len([line for line in lines if {own.side for own in line.own} == {0, 1}]) > len(lines) / 2
    assert run.world.referee.report(run.now).ok

    view = asked[-1]
    result = strategy.quote(view, None)
    asked.clear()
    strategy.quote(msgspec.structs.replace(view, now=view.now + 1, start=view.now + HOUR), result.state)
    assert not asked
    strategy.quote(msgspec.structs.replace(view, now=view.now + MINUTE), result.state)
    assert asked
