"""The places at which mmbot reads bytes from outside. Each is a function that takes any bytes, uses mmbot as the daemon
or a command does, and fails if mmbot breaks its promise: the input is counted and left out, or there is a clear error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Surface(NamedTuple):
    """One place at which bytes come in."""

    name: str
    seeds: tuple[bytes, ...]
    """Good inputs."""
    check: Callable[[bytes], None]
    """Give an input to mmbot. Raises an error if mmbot breaks its promise."""
    head: int = 0
    """The number of bytes at the start of an input that only say how the rest is used."""
    edit: Callable[[bytes, int], bytes] | None = None
    """Another way to edit an input than ``mutations.edited``."""
    examples: int = 100
    """How many inputs the tests try."""
