"""Run seeds of the simulation: ``python -m simulate --seeds 1000``."""

from __future__ import annotations

import sys

from driver.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
