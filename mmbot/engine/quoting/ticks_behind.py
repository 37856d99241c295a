"""Compares our wagers with the best price of others, as information for a person."""

from __future__ import annotations

from collections.abc import Iterable

from mmbot.domain.book import Levels
from mmbot.domain.odds import Ladder, Side, implied, negate
from mmbot.engine.wagers.wager import LineWager


def ticks_behind(
    side: Side, own: Iterable[LineWager], offers: tuple[Levels, Levels], ladder: Ladder | None
) -> int | None:
    """Return how many ticks our best price on an outcome is behind the best price of others on this outcome. The result
    is 0 if both prices are the same, and negative if our price is better. A taker takes the best price first.

    Args:
        side: the outcome that our wagers back. A taker sees them as offers on the other outcome, at negated odds.
        offers: what others offer to takers on each outcome, best level first, without our own stake.

    Returns:
        None if we have no wager on the outcome, if others have none, or if the ladder does not hold both prices.
    """
    mine = [wager.odds for wager in own if wager.side == side]
    others = offers[1 - side]
    if not mine or not others or ladder is None:
        return None
    ours = max(mine, key=implied)  # the shorter our odds, the longer those of the taker
    theirs = negate(others[0].odds)
    ticks = ladder.members
    if ours not in ticks or theirs not in ticks:
        return None
    return ticks[ours] - ticks[theirs]
