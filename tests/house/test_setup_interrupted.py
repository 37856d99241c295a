"""``make`` after a set-up that was interrupted: the environment is made from scratch and works.

A stand-in for Python takes the place of the real one, so that the test installs nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PYTHON = """#!/bin/sh
# A stand-in: makes an "environment" that is this script and a file named pip, and can be made to stop half-way.
here=$(dirname "$0")
case "$1" in
-V) echo "Python 3.99" ;;
-c)
    case "$2" in
    *ensurepip*) exit 0 ;;
    *pip*) [ -e "$here/pip" ] ;;
    *) exit 0 ;;
    esac ;;
-m)
    case "$2" in
    venv)
        for last; do :; done
        mkdir -p "$last/bin"
        cp "$0" "$last/bin/python"
        [ "$STOP_AT" != venv ] || exit 130
        touch "$last/bin/pip" ;;
    pip)
        [ -e "$here/pip" ] || { echo "No module named pip" >&2; exit 1; }
        [ "$STOP_AT" != pip ] || { touch "$here/half-installed"; exit 130; }
        touch "$here/installed" ;;
    esac ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and the stand-in."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    python = tmp_path / "python-stand-in"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(folder: Path, stop_at: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``make`` with the stand-in."""
    return subprocess.run(
        ["make", f"PYTHON={folder / 'python-stand-in'}"],
        cwd=folder,
        env={**os.environ, "STOP_AT": stop_at},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("stop_at", ["venv", "pip"])
def test_an_interrupted_set_up_is_repeated_from_scratch(checkout: Path, stop_at: str) -> None:
    assert make(checkout, stop_at).returncode != 0
    assert not (checkout / ".venv" / ".ready").exists()
    again = make(checkout)
    assert again.returncode == 0, again.stderr
    assert (checkout / ".venv" / "bin" / "installed").exists()
    assert not (checkout / ".venv" / "bin" / "half-installed").exists()
    assert not (checkout / ".venv" / ".unfinished").exists()


def test_a_complete_set_up_is_kept(checkout: Path) -> None:
    assert make(checkout).returncode == 0
    kept = checkout / ".venv" / "kept"
    kept.touch()
    os.utime(checkout / "pyproject.toml", (2_000_000_000, 2_000_000_000))
    again = make(checkout)
    assert again.returncode == 0
    assert "making" not in again.stdout
    assert kept.exists()
