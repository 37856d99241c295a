"""A backtest says why nothing was quoted: errors, guards, the strategy's reasons, or that no rule matches."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbot.cli import main

Play = Callable[..., tuple[int, str]]

HEADER = {"tape": 1, "event": "Rooks at Herons", "sport": "Basketball", "market": "moneyline", "changes": 3}
MARKET = HEADER | {"scheduled": "2026-10-03T19:00:00Z", "outcomes": ["Rooks", "Herons"]}
CHANGES = (
    {"t": 1_791_050_400_000, "s": "open", "b": {"0": [[1.95, 400]], "1": [[2.0, 350]]}},
    {"t": 1_791_054_000_000, "s": "suspended", "p": 1, "b": {"0": [], "1": []}},
    {"t": 1_791_054_060_000, "s": "closed", "w": 1},
)
SETTINGS = """
environment: local
exchange: {base_url: "http://127.0.0.1:9000/partner"}
"""
RULE = """quoting: [{match: {type: [moneyline]}, strategy: "MODULE:Odd"}]
"""
STRATEGY = """
from mmbot.strategy.interface import NoQuote, Quote, line_by_line


class Odd:
    def quote(self, view, state):
        return line_by_line(view, self.decide)

    def decide(self, view, line):
        """
FAIR = "from strategies.fair_value import FairValueMaker as Odd\n"


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """Play an invented hour with a strategy and settings; return the exit code and the output."""

    def played(decide: str, more: str = RULE) -> tuple[int, str]:
        name = f"of_{tmp_path.name}"  # without modules that another test imported
        module = FAIR if decide == "fair" else STRATEGY + decide + "\n"
        (tmp_path / f"{name}.py").write_text(module)
        (tmp_path / "mine.yaml").write_text(SETTINGS + more.replace("MODULE", name))
        (tmp_path / "tape.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (MARKET, *CHANGES)))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", list(sys.path))
        code = main(["backtest", "-c", "mine.yaml", "--tape", "tape.jsonl"])
        sys.modules.pop(name, None)
        return code, capsys.readouterr().out

    return played


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        ('raise ValueError("no such figure")', "ValueError: no such figure (of_"),
        ("return {line.line.key: 7}", "Error"),
        ("return (Quote(0, 10.5, probability=0.4),)", "payout"),
    ],
)
def test_a_strategy_that_raises_is_named_with_a_count_and_the_command_fails(play: Play, decide: str, said: str) -> None:
    code, text = play(decide)
    rows = [row for row in text.splitlines() if row.startswith("strategy.raised ")]
    assert code == 1
    assert len(rows) == 1
    assert " times: " in rows[0]
    assert said in rows[0]
    assert "guard strategy held" in text
    assert "own width – points" in text
    assert "Rooks: 0 matches, $0.00" in text
    assert "Herons: 0 matches, $0.00" in text
    assert "nan" not in text


def test_the_command_fails_if_the_strategy_returns_no_result(play: Play) -> None:
    code, text = play("return ()\n\n    def quote(self, view, state):\n        return None")
    assert code == 1
    assert "strategy.raised " in text


def test_the_strategys_reasons_are_named_with_their_durations(play: Play) -> None:
    code, text = play('return NoQuote("waiting for the line-up")')
    assert code == 0
    assert "not quoted before the start, for 57.7 min: waiting for the line-up\n" in text


def test_a_market_that_no_rule_matches_is_reported(play: Play) -> None:
    code, text = play("return ()", RULE.replace("type: [moneyline]", "type: [spread]"))
    assert code == 0
    assert "no rule matches this market" in text


def test_a_strategy_that_gives_no_reason_is_reported_as_such(play: Play) -> None:
    code, text = play("return None")
    assert code == 0
    assert "the strategy made no decision" in text


def test_a_balance_below_the_minimum_is_reported_as_the_guard_that_holds(play: Play) -> None:
    code, text = play("fair", RULE + "guards: {min_balance: 20000}\n")
    assert code == 0
    assert "guard balance held 1 time for 60.0 min" in text


def test_a_quoted_market_has_reasons_for_the_minutes_before_the_start_alone(play: Play) -> None:
    code, text = play("fair")
    assert code == 0
    assert "own width –" not in text
    assert [row for row in text.splitlines() if row.startswith("not quoted")] == [
        "not quoted before the start, guard start held 1 time for 2.0 min: within 120 s of its start, or past it"
    ]
