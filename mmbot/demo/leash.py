"""Runs a command of mmbot as a child that does not outlive whoever holds the other end of its standard input.

``python -m mmbot.demo.leash run -c FILE``: when every holder of that pipe is gone, however it ended, the command is
asked to stop as by SIGTERM, and ended if it has not stopped for long.
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
"""A daemon takes this long at most to cancel everything and to prove it."""

_STDIN: Final = 0


def main(arguments: list[str]) -> None:
    """Run a command line of mmbot; ends the process."""
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
