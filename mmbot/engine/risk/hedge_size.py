"""Computes a hedge: the outcome, the odds and the stake of one wager that lowers the matched worst case of a line (the
largest possible loss from its matched stakes).

A hedge takes offers of others, so it is the only wager of ours that may cost more than its fair price. Other modules
decide when a hedge is needed and when it is sent. Source: docs/design.md, *Thresholds*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mmbot.domain.book import Book, Levels
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side, could_match, fraction, implied, profit
from mmbot.domain.position import Position

NOTHING_MATCHED: Final = "nothing matched to hedge"
NO_FAIR: Final = "no fair price to judge the cost by"
NO_OFFER: Final = "nobody offers the other outcome"
TOO_DEAR: Final = "every offer costs more than allowed"
WOULD_MOVE_THE_LOSS: Final = "a hedge would only move the loss to the other outcome"
OWN_QUOTES: Final = "our open quotes on that outcome leave no room for a hedge"
TOO_SMALL: Final = "the hedge would be below the least stake"

_EDGE: Final = 1e-9  # in probability: rounding of floats must not forbid a cost of exactly the maximum


class HedgeOrder(NamedTuple):
    """A hedge: one wager that is to be sent as ``fillOrKill``."""

    side: Side
    odds: Odds
    stake: Cents


def size_hedge(
    position: Position,
    reduction: Cents,
    book: Book,
    fair: float | None,
    max_cost: float,
    ladder: Ladder,
    min_stake: Cents,
    max_stake: Cents,
) -> HedgeOrder | str:
    """Compute the hedge that lowers the largest possible loss from a line's matched stakes by ``reduction`` cents.

    The hedge backs the outcome whose win would now cost us more. The hedge takes the offers shown under this outcome,
    beginning with the longest odds, until it reduces the loss enough. The odds of the hedge are the shortest odds of
    the offers that it takes.

    The hedge is smaller than ``reduction`` requires in three cases: the offers are too small, the stake reaches
    ``max_stake``, or a larger hedge would make the other outcome the worse outcome. In the third case, our own open
    wagers on the hedged outcome count as matched. A stake below ``min_stake`` is raised to ``min_stake`` if the hedge
    can still only reduce the risk.

    Args:
        position: the position of the line, in cents.
        reduction: the amount in cents by which the matched worst case should fall.
        book: the book of the line without our own stake.
        fair: the fair probability of outcome 0. None if it is unknown.
        max_cost: the most by which the probability implied by the odds may exceed the fair probability.
        ladder: the odds that the exchange accepts.
        min_stake, max_stake: the smallest and the largest stake, in cents.

    Returns:
        The hedge. If no hedge is possible, the reason as text for a person.
    """
    side = 0 if position.profit[0] <= position.profit[1] else 1
    behind = position.profit[side]
    ahead = position.profit[1 - side] - position.remaining[side]
    if reduction <= 0 or behind >= 0:
        return NOTHING_MATCHED
    if min_stake > max_stake:
        return TOO_SMALL
    if fair is None:
        return NO_FAIR
    offers = book.sides[side]
    if not offers:
        return NO_OFFER
    dearest = (fair if side == 0 else 1.0 - fair) + max_cost + _EDGE
    aim = min(0, behind + reduction)  # the profit that both outcomes should reach
    taken = _take(offers, ladder, dearest, behind, ahead, aim, max_stake)
    if taken is None:
        return TOO_DEAR
    odds, stake = taken
    if stake == 0:
        return OWN_QUOTES if position.remaining[side] else WOULD_MOVE_THE_LOSS
    if stake < min_stake:
        if ahead - min_stake < behind:
            return TOO_SMALL
        stake = min_stake
    return HedgeOrder(side, odds, stake)


def _take(
    offers: Levels, ladder: Ladder, dearest: float, behind: Cents, ahead: Cents, aim: Cents, max_stake: Cents
) -> tuple[Odds, Cents] | None:
    """Take offers, beginning with the longest odds. Stop when a win of the hedged outcome would bring a profit of
    ``aim``.

    Returns:
        The shortest odds of the offers that were taken, and the total stake in cents. The stake is 0 if not even a part
            of the offer with the longest odds may be taken. If the odds of every offer imply a probability above
            ``dearest``, the result is None.
    """
    odds: Odds | None = None
    stake = 0
    won = behind
    for offer in offers:
        offered, value = offer.odds, offer.value
        tick: Odds | None = offered if offered in ladder else ladder.at_least(implied(offered))
        if tick is None or implied(tick) > dearest:
            break
        if value <= 0:
            continue
        enough = _stake_to_win(aim - won, tick)
        room = ahead - stake - min(aim, _even(won, ahead - stake, tick))
        part = min(value, enough, room, max_stake - stake)
        if part <= 0:
            return (tick, 0) if odds is None else (odds, stake)
        odds = tick
        stake += part
        won += profit(part, tick)
        if part < value:
            break
    return None if odds is None else (odds, stake)


def blocking(side: Side, odds: Odds, live: Iterable[tuple[str, Side, Odds]]) -> list[str]:
    """Return the ids of our own wagers that a hedge could match. ``live`` holds the ``external_id``, the side and the
    odds of each of our wagers on the line.

    Before the hedge is sent, the wagers that it could match have to be cancelled. The exchange must have confirmed
    these cancels.
    """
    return [wager for wager, rests_on, at in live if rests_on != side and could_match(odds, at)]


def _stake_to_win(amount: Cents, odds: Odds) -> Cents:
    """Return the smallest stake whose profit is at least ``amount``. If ``amount`` is not positive, the result is 0."""
    return max(0, -(-amount * 100 // odds) if odds > 0 else -(-amount * -odds // 100))


def _even(behind: Cents, ahead: Cents, odds: Odds) -> Cents:
    """Find the stake at these odds that makes the profits of both outcomes equal. Return this equal profit, in cents,
    rounded up.

    ``behind`` and ``ahead`` are the profits before the stake, and q is the probability that the odds imply. After a
    stake s, the profits are ``behind + s * (1 - q) / q`` and ``ahead - s``. These two profits are equal if s = q *
    (ahead - behind).
    """
    numerator, denominator = fraction(odds)
    return ahead - max(0, ahead - behind) * numerator // denominator
