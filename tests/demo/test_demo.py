"""Arguments that the demo rejects before it starts anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmbot.demo.demo import TAPE_HOURS, demo, tape_arguments
from mmbot.domain.instant import MILLISECOND, from_iso


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [("none.jsonl", None, "cannot be read"), ("bad.jsonl", "{}\n", "line 1"), ("folder", "", "cannot be read")],
)
def test_a_tape_that_cannot_be_played_is_rejected_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None, place: str
) -> None:
    tape = tmp_path / name
    if name == "folder":
        tape.mkdir()
    elif content is not None:
        tape.write_text(content)
    assert demo(tape=tape) == 2
    said = capsys.readouterr().err
    assert str(tape) in said
    assert place in said


@pytest.mark.parametrize("speed", [0.0, -1.0, 1000.5, 1e9, float("nan"), float("inf")])
def test_a_speed_that_cannot_be_is_rejected_with_what_works(speed: float, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(speed=speed) == 2
    assert capsys.readouterr().err.startswith("mmbot: --speed must be above 0 and at most 1000, not ")


def test_settings_that_cannot_be_read_are_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("environment: local\nexchang: {}\n")
    assert demo(config=bad) == 2
    assert "exchang" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("start", "begin"), [("2026-10-03T07:00:00Z", ["--hours", "2.0"]), ("2026-10-03T18:30:00Z", [])]
)
def test_a_tape_begins_shortly_before_its_sport_event(tmp_path: Path, start: str, begin: list[str]) -> None:
    first = from_iso(start) // MILLISECOND
    header = {"tape": 1, "event": "Rooks at Herons", "sport": "Basketball", "market": "moneyline", "changes": 2}
    header |= {"scheduled": "2026-10-03T19:00:00Z", "outcomes": ["Rooks", "Herons"]}
    changes = ({"t": first, "s": "open"}, {"t": first + 1, "s": "closed", "w": 1})
    tape = tmp_path / "tape.jsonl"
    tape.write_text("".join(json.dumps(row) + "\n" for row in (header, *changes)))
    assert TAPE_HOURS == 2.0
    assert tape_arguments(tape) == ["--tape", str(tape), *begin]
