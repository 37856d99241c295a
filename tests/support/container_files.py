"""The contents of the container's files, read once for the tests."""

import re
import shlex
from pathlib import Path

import msgspec
import yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"


def compose():
    """docker-compose.yml, with its anchors and merges done."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def instructions():
    """The Dockerfile as (instruction, argument) with continuations joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def final_stage():
    """The instructions of the image that is run."""
    all_of_them = instructions()
    last = max(place for place, (name, _) in enumerate(all_of_them) if name == "FROM")
    return all_of_them[last:]


def the(name):
    """The argument of an instruction that the final stage has exactly once."""
    (argument,) = [argument for found, argument in final_stage() if found == name]
    return argument


def health_command():
    """The words of the image's HEALTHCHECK."""
    return msgspec.json.decode(the("HEALTHCHECK").split("CMD", 1)[1])


def seconds_of(duration):
    """Seconds of a compose duration such as ``1m30s``."""
    parts = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration)
    return int(parts[1] or 0) * 60 + int(parts[2] or 0)


def words(command):
    """A compose command as words."""
    return shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
