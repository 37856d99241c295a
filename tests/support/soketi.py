"""A real Pusher server, soketi, as a process on loopback: ``make conformance`` installs it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pusher
import pytest

HERE = Path(__file__).parent
SERVER = HERE / "node_modules" / "@soketi" / "soketi" / "bin" / "server.js"
READY = HERE / "node_modules" / ".ready"
BINARIES = HERE / "node_modules" / "uWebSockets.js" / "binaries"

APP = {"id": "1001", "key": "app-key", "secret": "app-secret"}
PATIENCE_S = 30.0


def why_not() -> str | None:
    """Why no server can be started here; None where one can."""
    if shutil.which("node") is None:
        return "Node is missing"
    if not READY.exists():
        return "soketi is not installed: make conformance"
    asked = ["node", "-p", "`${process.platform}_${process.arch}_${process.versions.modules}`"]
    build = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout.strip()
    if not (BINARIES / f"uws_{build}.node").exists():
        return f"soketi's websockets have no build for this Node ({build})"
    return None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Soketi:
    """The server; it keeps its port from start to start, as clients that come back expect."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._log = folder / "soketi.log"
        self._config = folder / "soketi.json"
        settings = {
            "host": "127.0.0.1",
            "port": self.port,
            # It listens for those who measure it whether or not they are wanted.
            "metrics.host": "127.0.0.1",
            "metrics.port": _free_port(),
            "shutdownGracePeriod": 500,
            "appManager.array.apps": [{**APP, "enableClientMessages": False, "webhooks": []}],
        }
        self._config.write_text(json.dumps(settings))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_down(self) -> bool:
        """True if the server was never started or has ended."""
        return self._process is None or self._process.poll() is not None

    @property
    def url(self) -> str:
        """For a websocket."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def official(self) -> pusher.Pusher:
        """The server library of Pusher itself: signs and publishes."""
        return pusher.Pusher(APP["id"], APP["key"], APP["secret"], host="127.0.0.1", port=self.port, ssl=False)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["node", str(SERVER), "start", f"--config={self._config}"], stdout=log, stderr=log, cwd=HERE
            )
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError as not_yet:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.kill()
                    pytest.fail(f"soketi did not start ({not_yet}):\n{self._log.read_text()}")
                time.sleep(0.05)

    def shut_down(self) -> None:
        """Ask it to end. It tells its clients first; ``kill`` waits for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word, or see to it that it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            self._process = None
