"""Let each kind of fault happen. A function returns False if its fault is impossible now."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from . import apply_board, apply_bot, apply_wire
from .kinds import KINDS
from .play import Play

Apply = Callable[[Play, Random], bool]

APPLY: dict[str, Apply] = {**apply_wire.APPLY, **apply_board.APPLY, **apply_bot.APPLY}
"""What each kind of fault does."""

assert KINDS.keys() <= APPLY.keys(), KINDS.keys() - APPLY.keys()
