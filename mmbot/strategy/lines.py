"""Lets a strategy make new decisions only on lines that changed. The other lines keep their earlier decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Ladder
from mmbot.strategy.interface import Changed, Decision, EventView, Kept, LineView, Result, kept_of

__all__ = ["Kept", "decide_changed"]


class _Board(NamedTuple):
    ladder: Ladder | None
    lines: tuple[LineView, ...]
    kept: dict[LineKey, Kept]
    decisions: dict[LineKey, Decision]
    wake_at: Instant | None


_NEW: Final = _Board(None, (), {}, {}, None)


_Decide = Callable[[EventView, LineView, Kept | None], Kept]


def decide_changed(view: EventView, state: Any, decide: _Decide) -> Result:
    """Decide each line separately, and only if the line changed.

    Args:
        view: the ``view`` that the strategy's ``quote`` got.
        state: the ``state`` that the strategy's ``quote`` got. This state is None, or the state in the previous result
            of this function.
        decide: a function that gets the sport event, the line and the line's previous ``Kept`` (None on the first
            call). It returns a new ``Kept``, or the previous ``Kept`` if nothing changes. The function is called only
            for lines whose view is a new object, and for lines whose ``again_at`` is due.
    """
    if state is not None and not isinstance(state, _Board):
        raise TypeError(f"the state must be the one that decide_changed returned, not {type(state).__name__}")
    before = _NEW if state is None else state
    lines, ladder = view.lines, view.ladder
    if ladder is before.ladder and len(lines) == len(before.lines):
        renewed = [line for line, old in zip(lines, before.lines, strict=True) if line is not old]
        for line in renewed:
            if line.line.key not in before.kept:
                break
        else:  # the same lines as before
            due = before.wake_at is not None and before.wake_at <= view.now
            return _decide_some(view, before, lines if due else renewed, decide)
    kept = {line.line.key: kept_of(decide(view, line, before.kept.get(line.line.key))) for line in lines}
    decisions = {key: each.decision for key, each in kept.items()}
    wake_at = _soonest(kept)
    return Result(decisions, _Board(ladder, lines, kept, decisions, wake_at), wake_at)


def _decide_some(view: EventView, before: _Board, lines: Sequence[LineView], decide: _Decide) -> Result:
    """Make new decisions on ``lines``. All other lines keep their previous decision."""
    kept, decisions, wake_at = before.kept, before.decisions, before.wake_at
    changed: list[LineKey] = []
    passed = False
    for line in lines:
        key = line.line.key
        last = before.kept[key]
        now = kept_of(decide(view, line, last))
        if now is last:
            continue
        if kept is before.kept:
            kept = kept.copy()  # faster for a large dictionary than building a new one
        kept[key] = now
        if now.decision is not last.decision:
            if not changed:
                decisions = decisions.copy()
            decisions[key] = now.decision
            changed.append(key)
        if last.again_at is not None:
            passed = True  # this ``again_at`` may have been the soonest
        elif now.again_at is not None and (wake_at is None or now.again_at < wake_at):
            wake_at = now.again_at
    if passed:
        wake_at = _soonest(kept)
    board = _Board(view.ladder, view.lines, kept, decisions, wake_at)
    return Result(decisions, board, wake_at, Changed(decisions, tuple(changed)))


def _soonest(kept: dict[LineKey, Kept]) -> Instant | None:
    """Return the earliest ``again_at`` of all lines. The result is None if no line has an ``again_at``."""
    return min([each.again_at for each in kept.values() if each.again_at is not None], default=None)
