"""The same seed gives the same bytes in another process, whatever the order of hashes there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CODE = """
import sys
from driver.play import Play
from driver.scenario import draw
play = Play(draw(int(sys.argv[1]), 0.4))
outcome = play.play()
print(outcome.digest, outcome.breach, outcome.matches, sum(outcome.faults.values()))
"""


def run(seed: int, hash_seed: str) -> str:
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "simulation")))
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(seed)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def test_one_seed_gives_one_digest_under_different_hash_seeds() -> None:
    first = run(5, "1")
    assert first == run(5, "2")
    assert first != run(9, "1")
    assert int(first.split()[-2]) > 0, "nothing was matched"
