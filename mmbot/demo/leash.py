"""Runs a command of mmbot as a child process that ends with its parent.

Usage: ``python -m mmbot.demo.leash run -c FILE``. Standard input is a pipe. The other end of the pipe is open in the
parent, and perhaps in other processes. When all of these processes have ended, the command gets SIGTERM. If it has not
stopped a minute later, it gets SIGKILL.
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
"""The longest time that a daemon needs to cancel everything and to prove that no wager is open, in seconds."""

_STDIN: Final = 0


def main(arguments: list[str]) -> None:
    """Run a command of mmbot with these arguments, and end the process afterwards."""
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
