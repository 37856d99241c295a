"""Arguments that the demo rejects before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbot.demo.demo import demo


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
