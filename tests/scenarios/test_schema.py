"""A file that is no scenario gets an error that names the file, the step and the mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from runner.schema import ScenarioError, read

GOOD = """
failure: the websocket is half-open
bot: does what this file says
plan:
  - {at: 1, fault: half_open}
  - {at: 2, when: cancel_all_wagers, act: take, share: 0.5}
  - {at: 3, expect: {quoting: true}, within: 5}
  - {at: 9, keep: {guard: feed}, lasts: 5}
"""

BAD = {
    "failure: [": "while parsing",
    GOOD.replace("failure", "title"): "missing required field `failure`|unknown field `title`",
    GOOD.replace("half_open", "half_closed"): r"step 1: Invalid value 'half_closed' - at `\$.fault`",
    GOOD.replace("share: 0.5", "share: 2"): r"step 2: Expected `float` <= 1.0 - at `\$.share`",
    GOOD.replace("within", "for"): "step 3: .*unknown field `for`",
    GOOD.replace("quoting: true", "quotes: true"): r"step 3: .*unknown field `quotes` - at `\$.expect`",
    GOOD.replace("quoting: true", ""): "step 3: .*a condition needs at least one field",
    GOOD.replace("at: 9", "at: 1"): "step 4: 1 s is earlier than the step before",
    GOOD.replace("at: 9, ", ""): "step 4, at: Expected `float`, got `null`",
    GOOD.replace("fault: half_open", "fault: half_open, act: stop"): "step 1: a step has one of .* not fault and act",
    GOOD.replace("fault: half_open", ""): "step 1: a step has one of .* not none",
    GOOD + "market: {sport_events: 99}": r"Expected `int` <= 6 - at `\$.market.sport_events`",
}


def test_a_scenario_is_read(tmp_path: Path) -> None:
    file = tmp_path / "the_bot_does.yaml"
    file.write_text(GOOD)
    scenario = read(file)
    assert scenario.name == "the_bot_does"
    assert [step.at for step in scenario.plan] == [1, 2, 3, 9]


@pytest.mark.parametrize("text", BAD, ids=BAD.values())
def test_a_mistake_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mistaken.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=f"(?s)^mistaken.*({BAD[text]})"):
        read(file)
