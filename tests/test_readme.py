"""The README works: its strategy quotes, its settings and prices are valid, its commands and paths exist."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from mmbot.backtest.run import Run
from mmbot.backtest.tape import referee_limits
from mmbot.cli import main
from mmbot.domain.instant import MINUTE, from_iso
from mmbot.simulator.world import synthetic_world
from mmbot.strategy.loader import open_config
from mmbot.strategy.prices import parse_prices

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
START = from_iso("2026-10-03T17:00:00Z")


def block(language: str) -> str:
    """The only code block of a language."""
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_its_strategy_quotes_both_outcomes_of_a_moneyline_and_breaks_no_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "fixed_margin.py").write_text(block("python"))
    file = tmp_path / "mine.yaml"
    exchange = 'environment: local\nexchange: {base_url: "http://127.0.0.1:9000/partner"}\n'
    file.write_text(exchange + block("yaml"))
    config, strategies = open_config(file, tmp_path)
    world = synthetic_world(None, 1, START, limits=referee_limits(config))
    run = Run(world, world.account, config, strategies, START)
    run.until(START + MINUTE)
    lines = [line for sport_event in run.engine.status(run.now).sport_events for line in sport_event.lines]
    assert {line.name for line in lines} == {"Moneyline"}
    assert lines
    assert all({own.side for own in line.own} == {0, 1} for line in lines)
    assert world.referee.report(run.now).ok


def test_its_prices_are_accepted() -> None:
    assert parse_prices(block("json").encode(), from_iso("2026-10-01T18:31:00Z"), "README")[0].probability == 0.43


def test_the_files_it_names_exist() -> None:
    for place in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / place).exists(), place
    for folder in re.findall(r"\b((?:mmbot/\w+|strategies|config|docs)/)\s{2,}", README):
        assert (ROOT / folder).is_dir(), folder


@pytest.mark.parametrize("command", sorted(set(re.findall(r"mmbot (\w+)(?= -| --|`)", README))))
def test_its_commands_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main([command, "--help"])  # the exchange parses its own options
    except SystemExit as done:
        code = done.code
    assert code == 0
    shown = capsys.readouterr().out
    for line in README.splitlines():
        if f"mmbot {command} " in line and "|" not in line:
            asked = line.split(f"mmbot {command} ")[1].split("`")[0].split("#")[0]
            for option in re.findall(r"(?<!\S)--?[a-z]+", asked):
                assert option in shown, f"{command} {option}"


def test_its_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"^    make (\w+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
