"""The two processes of the demo."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import msgspec
import pytest

from mmbot.config import ClockConfig
from mmbot.demo.parts import Part, PartFailed, Ready, free_port, referee_report

ROOT = Path(__file__).parents[2]


def ready(rate: float = 60.0) -> Ready:
    """A local exchange that is ready."""
    clock = ClockConfig(anchor_ns=1, epoch_ns=2, rate=rate)
    return Ready("http://127.0.0.1:5001/partner", "ws://127.0.0.1:5001", "http://127.0.0.1:5001/referee", clock)


def test_a_port_in_use_gives_way_to_any_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) == 0
    assert free_port(port) == port
    assert free_port(0) == 0


def test_a_part_that_cannot_start_says_why_in_its_own_words(tmp_path: Path) -> None:
    part = Part("local exchange", ["exchange", "--tape", str(tmp_path / "none")], tmp_path / "log", {}, read=True)
    try:
        with pytest.raises(PartFailed, match=r"(?s)local exchange did not start.*none"):
            part.first_line(lambda: False)
    finally:
        assert part.end(5.0) == 2


def test_a_part_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = tmp_path / "mmbot"
    deaf.mkdir()
    (deaf / "__init__.py").touch()
    (deaf / "__main__.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    (deaf / "demo").mkdir()
    (deaf / "demo" / "__init__.py").touch()
    leash = ROOT / "mmbot" / "demo" / "leash.py"
    (deaf / "demo" / "leash.py").write_text(leash.read_text())
    environ = {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    part = Part("daemon", [], tmp_path / "log", environ, read=True)
    assert part.first_line(lambda: False) == b"deaf\n"
    begun = time.monotonic()
    assert part.end(0.2) == -9
    assert time.monotonic() - begun < 5


def test_an_exchange_that_does_not_answer_is_a_failed_part() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nobody = msgspec.structs.replace(ready(), referee=f"http://127.0.0.1:{port}/referee")
    with pytest.raises(PartFailed, match="does not answer"):
        referee_report(nobody)
