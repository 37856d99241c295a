"""For a strategy that thinks line by line and remembers: it is asked only about lines of which something changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Ladder
from mmbot.strategy.interface import Changed, Decision, EventView, LineView, Result


class Kept(msgspec.Struct, frozen=True):
    """What was decided on a line, and what to remember of it."""

    decision: Decision
    memory: Any = None
    again_at: Instant | None = None
    """When to decide again though nothing changed."""


class _Board(msgspec.Struct, frozen=True):
    ladder: Ladder | None = None
    lines: tuple[LineView, ...] = ()
    kept: dict[LineKey, Kept] = {}
    decisions: dict[LineKey, Decision] = {}
    wake_at: Instant | None = None


_NEW: Final = _Board()


_Decide = Callable[[EventView, LineView, Kept | None], Kept]


def decide_changed(view: EventView, state: Any, decide: _Decide) -> Result:
    """Decide line by line, at the cost of what changed.

    Args:
        view: the event, as ``quote`` was given it.
        state: as ``quote`` was given it; what this returned last, or None.
        decide: called with the event, the line and what was kept of that line. It may return that very ``Kept``. It is
            not called for a line whose view is the object of the last call and whose ``again_at`` has not come.
    """
    before: _Board = state or _NEW
    lines, ladder = view.lines, view.ladder
    if ladder is before.ladder and len(lines) == len(before.lines):
        renewed = [line for line, old in zip(lines, before.lines, strict=True) if line is not old]
        for line in renewed:
            if line.line.key not in before.kept:
                break
        else:  # the same lines as before
            due = before.wake_at is not None and before.wake_at <= view.now
            return _decide(view, before, lines if due else renewed, decide)
    return _decide(view, before, None, decide)


def _decide(view: EventView, before: _Board, lines: Sequence[LineView] | None, decide: _Decide) -> Result:
    """Decide these of the lines of the last call, or all lines anew if None."""
    news: dict[LineKey, Kept] = {}
    changed: list[LineKey] = []
    timed = False
    for line in view.lines if lines is None else lines:
        key = line.line.key
        last = before.kept.get(key)
        now = decide(view, line, last)
        if now is not last or lines is None:
            news[key] = now
            timed = timed or now.again_at is not None or (last is not None and last.again_at is not None)
            if last is None or now.decision is not last.decision:
                changed.append(key)
    kept, decisions, wake_at = news, before.decisions, before.wake_at
    if lines is None:
        decisions = {key: each.decision for key, each in news.items()}
    else:
        if news:
            kept = before.kept.copy()  # which copies a large dictionary at once
            kept.update(news)
        else:
            kept = before.kept
        if changed:
            decisions = decisions.copy()
            decisions.update((key, news[key].decision) for key in changed)
    if timed or lines is None:
        times = [each.again_at for each in kept.values() if each.again_at is not None]
        wake_at = min(times) if times else None
    told = None if lines is None else Changed(decisions, tuple(changed))
    return Result(decisions, _Board(view.ladder, view.lines, kept, decisions, wake_at), wake_at, told)
