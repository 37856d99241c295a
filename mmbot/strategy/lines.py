"""For a strategy that thinks line by line and remembers: it is asked only about lines of which something changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Ladder
from mmbot.strategy.interface import Decision, EventView, LineView, Result


class Kept(NamedTuple):
    """What was decided on a line, and what to remember of it."""

    decision: Decision
    memory: Any = None
    again_at: Instant | None = None
    """When to decide again though nothing changed."""


class _Board(NamedTuple):
    ladder: Ladder | None = None
    lines: tuple[LineView, ...] = ()
    kept: Mapping[LineKey, Kept] = MappingProxyType({})
    decisions: Mapping[LineKey, Decision] = MappingProxyType({})
    wake_at: Instant | None = None


_NEW: Final = _Board()


def decide_changed(view: EventView, state: Any, decide: Callable[[EventView, LineView, Kept | None], Kept]) -> Result:
    """Decide line by line, at the cost of what changed.

    Args:
        view: the event, as ``quote`` was given it.
        state: as ``quote`` was given it; what this returned last, or None.
        decide: called with the event, the line and what was kept of that line. It may return that very ``Kept``. It is
            not called for a line whose view is the object of the last call and whose ``again_at`` has not come.
    """
    before: _Board = state or _NEW
    lines, ladder = view.lines, view.ladder
    kept: dict[LineKey, Kept] = {}
    changed: Sequence[LineView] = lines
    another = True
    if ladder is before.ladder and len(lines) == len(before.lines):
        renewed = [line for line, old in zip(lines, before.lines, strict=True) if line is not old]
        if all(line.line.key in before.kept for line in renewed):  # so they are the same lines as before
            kept = dict(before.kept)
            another = False
            if before.wake_at is None or before.wake_at > view.now:
                changed = renewed
    for line in changed:
        key = line.line.key
        last = before.kept.get(key)
        kept[key] = now = decide(view, line, last)
        another = another or now is not last
    if not another:
        return Result(
            before.decisions, _Board(ladder, lines, before.kept, before.decisions, before.wake_at), before.wake_at
        )
    decisions = {key: each.decision for key, each in kept.items()}
    wake_at = min((each.again_at for each in kept.values() if each.again_at is not None), default=None)
    return Result(decisions, _Board(ladder, lines, kept, decisions, wake_at), wake_at)
