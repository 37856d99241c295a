"""Every scenario, played. A file tells what the market does, which faults come when, and what must hold; the schema is
in ``runner/schema.py``. In any case nothing is open after the end, no limit is passed, and the bot does not end by
itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from runner.play import play
from runner.schema import read

FILES = sorted(Path(__file__).parent.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_scenario(file: Path, tmp_path: Path) -> None:
    play(read(file), tmp_path)
