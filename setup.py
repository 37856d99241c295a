"""Builds mmbot. With ``MMBOT_COMPILE=1`` a wheel's core is compiled by mypyc; docs/decisions/compiled.md says why.

What is compiled is every module of the core that defines no msgspec Struct, since a Struct gains nothing by it. Without
the variable the sources are all there is; with it they are installed beside what was made of them.
"""

import os
import sys
from pathlib import Path

from setuptools import setup

CORE = ("domain/[!_]*.py", "engine/**/[!_]*.py", "strategy/lines.py")
NEEDED = ("mypy[mypyc]>=1.15", "msgspec>=0.19")
STRICT = ("--strict", "--follow-imports=silent")


def core() -> list[str]:
    """The modules to compile."""
    files = sorted(file for pattern in CORE for file in Path("mmbot").glob(pattern))
    return [str(file) for file in files if "(msgspec.Struct" not in file.read_text(encoding="utf-8")]


wanted = os.environ.get("MMBOT_COMPILE") == "1"
if wanted and "bdist_wheel" in sys.argv:
    from mypyc.build import mypycify

    setup(ext_modules=mypycify([*STRICT, *core()]))
else:
    setup(setup_requires=NEEDED if wanted else ())
