"""The table of log events equals the source, and what is serious in one place is serious in the other."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from logged_events import logged

from mmbot.engine.orders import Alert, Severity

ROOT = Path(__file__).parents[2]

OF_THE_SHELL = {"library": {"info", "warning", "error"}}
"""An event whose level comes from a library."""

TOLD_BY_SESSION = {
    "session.logged_in": {"info"},
    "session.not_kept": {"warning"},
    "session.refresh_failed": {"warning"},
    "session.refresh_rejected": {"warning"},
    "session.refreshed": {"info"},
    "session.renewal_failed": {"warning", "error"},
}
"""Events of the session, which knows no log: ``wiring.py`` decides on their level."""

BY_VARIABLE = {
    "guard.held": {"info", "warning", "error"},
    "guard.lifted": {"info"},
}
"""Events whose level the source computes."""


def table(page: str) -> dict[str, list[str]]:
    """The rows of the first table of a page, by their first cell."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    return {name: [level, meaning] for name, level, meaning in rows}


def test_the_table_of_events_equals_the_source() -> None:
    found = logged(ROOT / "mmbot")
    assert {name for name, levels in found.items() if "told" in levels} == set(TOLD_BY_SESSION)
    assert {name for name, levels in found.items() if "passed" in levels} == set(BY_VARIABLE)
    expected = found | TOLD_BY_SESSION | BY_VARIABLE | OF_THE_SHELL
    listed = {name: set(cells[0].split(", ")) for name, cells in table("log").items()}
    assert listed == expected, "docs/log.md has a row for each event, with every level at which it is logged"
    assert list(listed) == sorted(listed)


def test_the_table_of_alerts_equals_the_rules() -> None:
    groups = yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = {
        rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"] if "alert" in rule
    }
    listed = {name: cells[0] for name, cells in table("alerts").items()}
    assert listed == rules, "docs/alerts.md has a row for each alert, with its severity"


def test_a_deliberate_act_is_no_error() -> None:
    events = table("log")
    for name in ("latch.set", "latch.released", "latch.resume_rejected", "kill.asked", "stop.asked", "latch.written"):
        assert events[name][0] == "warning"
    assert "error" in events["guard.held"][0]
    assert Alert(Severity.WARNING, "latch.set", {}).level.value == "warning"
