"""Fuzzes one surface with atheris, which prefers inputs that reach new code of mmbot. ``make fuzz`` runs it.

Each run begins with the good inputs and with what earlier runs have found worth keeping. It ends at the first failure
and writes the input beside the corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import atheris  # only make fuzz installs it

with atheris.instrument_imports(include=["mmbot"], enable_loader_override=False):
    from mutations import edited
    from surfaces import Surface
    from surfaces.all_surfaces import SURFACES

_ROOT = Path(__file__).parents[2]
_LARGEST = 1 << 18
"""Most bytes of an input."""


def main() -> None:
    """Fuzz the surface that the command line names."""
    names = {surface.name: surface for surface in SURFACES}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("surface", choices=names)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("input", nargs="?", type=Path, help="check this one input, and end")
    options = parser.parse_args()
    surface = names[options.surface]
    if options.input is not None:
        surface.check(options.input.read_bytes())
        return
    corpus = _ROOT / ".fuzz" / surface.name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in surface.seeds:
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    fuzzer = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={options.seconds}",
        f"-max_len={_LARGEST}",
        f"-artifact_prefix={_ROOT / '.fuzz' / surface.name}-",
        "-rss_limit_mb=1024",
        "-timeout=30",
        "-print_final_stats=1",
    ]
    atheris.Setup(fuzzer, surface.check, custom_mutator=_mutator(surface))
    atheris.Fuzz()


def _mutator(surface: Surface) -> Callable[[bytes, int, int], bytes]:
    """Return a function that changes an input: mostly with the edits of the tests, otherwise as the fuzzer likes."""

    def mutate(data: bytes, largest: int, number: int) -> bytes:
        pick = Random(number)
        if pick.random() < 0.2:
            return bytes(atheris.Mutate(data, largest))
        for _ in range(pick.randrange(1, 3)):
            edit = pick.randrange(1 << 32)
            data = edited(data, edit, surface.head) if surface.edit is None else surface.edit(data, edit)
        return data[:largest]

    return mutate


if __name__ == "__main__":
    main()
