"""Builds mmbot. With ``MMBOT_COMPILE=1`` the core is compiled to machine code by mypyc; see docs/decisions/compiled.md.

What is compiled is every module of the core that defines no msgspec Struct: a Struct gains nothing by it. The sources
stay where they are, and without the variable they are all there is.
"""

import os
from pathlib import Path

from setuptools import setup

ROOMS = ("domain", "engine")
COMPILER = ("mypy[mypyc]>=1.15", "msgspec>=0.19")


def core() -> list[str]:
    """The modules to compile."""
    here = Path(__file__).parent
    files = sorted(file for room in ROOMS for file in (here / "mmbot" / room).glob("[!_]*.py"))
    return [str(file.relative_to(here)) for file in files if "(msgspec.Struct" not in file.read_text(encoding="utf-8")]


if os.environ.get("MMBOT_COMPILE") == "1":
    try:
        from mypyc.build import mypycify
    except ModuleNotFoundError:  # asked what it needs first
        setup(setup_requires=COMPILER)
    else:
        setup(setup_requires=COMPILER, ext_modules=mypycify(core(), opt_level="3"))
else:
    setup()
