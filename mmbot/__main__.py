"""Runs mmbot as ``python -m mmbot``."""

import sys

from mmbot.cli import main

sys.exit(main())
