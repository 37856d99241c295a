"""Compares the open wagers of a line with its targets (the wagers that should be open)."""

from __future__ import annotations

from mmbot.domain.money import Cents
from mmbot.domain.odds import implied
from mmbot.domain.wager_states import State
from mmbot.engine.quoting.diff import Live, diff
from mmbot.engine.quoting.memo import Comparison
from mmbot.engine.quoting.quoted_line import QuotedLine
from mmbot.engine.quoting.target import Target


def compare(
    line: QuotedLine, targets: tuple[Target, ...], bounds: tuple[float, float] | None, min_stake: Cents
) -> Comparison:
    """Return which wagers of a line to keep, which wagers to cancel, and which targets to place.

    Args:
        line: the line, with its wagers that could still match.
        targets: the wagers that should be open on the line.
        bounds: for each outcome, the greatest probability that the odds of a wager may imply. A wager above this bound
            is cancelled, even if it is close enough to a target. None if there is no bound.
        min_stake: the smallest stake that may be placed, in cents.
    """
    live = []
    off: list[str] = []
    unwanted: list[str] = []
    for wager in line.live.values():
        if wager.foreign or wager.hedge:
            continue
        side, odds = wager.side, wager.odds
        fading = wager.state is State.CANCELLING
        if not fading and bounds is not None and implied(odds) > bounds[side]:
            off.append(wager.external_id)
        elif not targets:
            if not fading:
                unwanted.append(wager.external_id)
        else:
            live.append(Live(wager.external_id, side, odds, wager.remaining, fading))
    if not live:
        return Comparison(targets, line.own_changes, targets, (), (*off, *unwanted), True)
    change = diff(targets, live, min_stake)
    leaving = len(change.keep) < len(line.live)
    return Comparison(targets, line.own_changes, change.place, change.keep, (*off, *change.cancel), leaving)
