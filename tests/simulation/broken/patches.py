"""Replace attributes for the time of one run, and name the broken engines that are made so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from .loads import NONE, Load

Patch = tuple[Any, str, Any]
"""The owner of an attribute, its name, and what takes its place."""


class Broken(NamedTuple):
    """One broken engine."""

    name: str
    says: str
    """What it does wrong."""
    patches: Callable[[], Sequence[Patch]]
    load: Load = NONE
    """The seeds on which it is looked for."""


@contextmanager
def applied(broken: Broken | None) -> Iterator[None]:
    """Break the engine inside the block."""
    patches = broken.patches() if broken is not None else ()
    before = [(owner, name, owner.__dict__[name]) for owner, name, _ in patches]
    for owner, name, value in patches:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
