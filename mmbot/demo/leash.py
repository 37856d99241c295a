"""Run a command of mmbot as a child process that ends with its parent.

``python -m mmbot.demo.leash run -c FILE``: standard input is a pipe that the parent holds. When no process holds the
other end any more, the command gets SIGTERM, and SIGKILL if it has not stopped after a minute.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from typing import Final

GRACE_S: Final = 60.0
"""Longest time that a daemon needs to cancel everything and prove it, in seconds."""

_STDIN: Final = 0


def main(arguments: list[str]) -> None:
    """Run a command line of mmbot. This ends the process."""
    threading.Thread(target=_wait_for_the_end, name="leash", daemon=True).start()
    sys.argv = ["mmbot", *arguments]
    runpy.run_module("mmbot", run_name="__main__", alter_sys=True)


def _wait_for_the_end() -> None:
    while os.read(_STDIN, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
