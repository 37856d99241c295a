"""The hook for commit titles accepts the titles that CONTRIBUTING.md describes, and rejects other titles."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def accepted(title: str, folder: Path) -> bool:
    """Run the hook on a message with this title, and return whether it accepts the message."""
    [hooks] = [repo["hooks"] for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]]
    [hook] = [hook for hook in hooks if hook["id"] == "commit-title"]
    message = folder / "message"
    message.write_text(f"{title}\n\nThe text of the message may be longer than its title.\n")
    return subprocess.run([*shlex.split(hook["entry"]), message], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "title",
    [
        "engine: register scopes when a wager is known",
        "engine, store: keep the matches of ended wagers",
        "config, store, telemetry: name the units of settings",
        "house: allow long titles of tests",
        "setup: pin the build tools",
        "benchmarks: measure the decoder",
        "tests: use virtual time",
        "docs: explain the start",
        "simulator/wire: answer a registration slowly",
        "engine: " + "x" * 64,
    ],
)
def test_the_hook_accepts_a_title_with_its_rooms(title: str, tmp_path: Path) -> None:
    assert accepted(title, tmp_path)


@pytest.mark.parametrize(
    "title",
    [
        "Register scopes when a wager is known",
        "mmbot demo",
        "engine,store: keep the matches",
        "engine, : keep the matches",
        "engine:",
        "engine: " + "x" * 65,
    ],
)
def test_the_hook_rejects_a_title_without_its_rooms_or_with_more_than_72_characters(title: str, tmp_path: Path) -> None:
    assert not accepted(title, tmp_path)
