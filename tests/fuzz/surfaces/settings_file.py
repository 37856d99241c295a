"""The settings file, as ``mmbot check`` reads it."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import yaml

from mmbot.strategy.loader import check as check_file
from surfaces import Surface

_CONFIG = Path(__file__).parents[3] / "config"
_MOST = 5_000_000
"""Characters of all problems together."""


def check(data: bytes) -> None:
    """Check a settings file. It is valid, or each problem names the file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mmbot.yaml"
        file.write_bytes(data)
        lines, code = check_file(file)
        assert code in (0, 2), code
        assert lines
        assert code == 0 or all(line.startswith(str(file)) for line in lines), lines
        assert sum(map(len, lines)) < _MOST
        "\n".join(lines).encode()  # it can be printed


def _seeds() -> tuple[bytes, ...]:
    made = []
    for name in ("demo.yaml", "production.yaml"):
        text = (_CONFIG / name).read_text()
        made.append(re.sub(r"\s*(?:^|\s)#.*", "", text, flags=re.MULTILINE).encode())
        made.append(json.dumps(yaml.safe_load(text)).encode())
    return tuple(made)


SURFACE = Surface("settings", _seeds(), check)
