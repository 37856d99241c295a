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

DIRECT = ["-fno-semantic-interposition", "-fno-plt"]
BOUND = ["-Wl,-Bsymbolic-functions"]
"""Options with which a function of the core calls another one directly, or contains it. Without them each call goes
through a table, since another library could replace the function."""


def core() -> list[str]:
    """The modules to compile."""
    files = sorted(file for pattern in CORE for file in Path("mmbot").glob(pattern))
    return [str(file) for file in files if "(msgspec.Struct" not in file.read_text(encoding="utf-8")]


wanted = os.environ.get("MMBOT_COMPILE") == "1"
if wanted and "bdist_wheel" in sys.argv:
    from mypyc.build import mypycify

    modules = mypycify([*STRICT, *core()])
    if sys.platform == "linux":
        for module in modules:
            module.extra_compile_args += DIRECT
            module.extra_link_args += BOUND
    setup(ext_modules=modules)
else:
    setup(setup_requires=NEEDED if wanted else ())
