"""How an excess of matched risk is taken out of the opposite outcome: side, odds and stake of one hedge.

It takes what others offer and is therefore the only wager of ours that may pay for being matched. When to hedge is
decided by the exposure, when to send by the engine. Source: DESIGN, *Rules of money*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mmbot.domain.book import Book
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side, could_match, fraction, implied, profit
from mmbot.domain.position import Position

NOTHING: Final = "nothing matched to hedge"
NO_FAIR: Final = "no fair price to judge the cost by"
NO_OFFER: Final = "nobody offers the other outcome"
TOO_DEAR: Final = "every offer costs more than allowed"
NO_ROOM: Final = "more would only move the loss to the other outcome"
OWN_QUOTES: Final = "own quotes on that outcome take up the room"
TOO_SMALL: Final = "smaller than the least stake"

_EDGE: Final = 1e-9  # of probability: a cost of exactly the most allowed is allowed, whatever binary floats make of it


class HedgeOrder(NamedTuple):
    """One wager, to be sent as ``fillOrKill``."""

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
    """The hedge that lets the line's matched worst case fall by ``reduction`` cents, or in a few words why none.

    Backs the outcome that now loses most, taking the levels shown under it, longest odds first, until enough is won;
    the odds are those of the last level taken. ``book`` is without ourselves, ``fair`` the probability of outcome 0,
    ``max_cost`` what the odds may imply above the fair price. Smaller than asked for where the offers do not reach, at
    ``max_stake``, and where the other outcome, with our own wagers beside the hedge matched too, would come to lose
    more than the worst case aimed at or reached. ``min_stake`` is sent where less would do, if it still only reduces.
    """
    side = 0 if position.profit[0] <= position.profit[1] else 1
    behind = position.profit[side]
    ahead = position.profit[1 - side] - position.remaining[side]
    if reduction <= 0 or behind >= 0:
        return NOTHING
    if min_stake > max_stake:
        return TOO_SMALL
    if fair is None:
        return NO_FAIR
    offers = book.sides[side]
    if not offers:
        return NO_OFFER
    dearest = (fair if side == 0 else 1.0 - fair) + max_cost + _EDGE
    aim = min(0, behind + reduction)  # what both outcomes should come to at least
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
            if odds is None:
                return OWN_QUOTES if position.remaining[side] else NO_ROOM
            break
        odds = tick
        stake += part
        won += profit(part, tick)
        if part < value:
            break
    if odds is None:
        return TOO_DEAR
    if stake < min_stake:
        if ahead - min_stake < behind:
            return TOO_SMALL
        stake = min_stake
    return HedgeOrder(side, odds, stake)


def blocking(side: Side, odds: Odds, live: Iterable[tuple[str, Side, Odds]]) -> list[str]:
    """Which own wagers (external_id, side, odds) a hedge could match: cancelled and confirmed before it is sent."""
    return [wager for wager, rests_on, at in live if rests_on != side and could_match(odds, at)]


def _stake_to_win(amount: Cents, odds: Odds) -> Cents:
    """The least stake whose profit is sure to be ``amount``; 0 for an amount that is not positive."""
    return max(0, -(-amount * 100 // odds) if odds > 0 else -(-amount * -odds // 100))


def _even(behind: Cents, ahead: Cents, odds: Odds) -> Cents:
    """What the outcome ahead comes to when a stake at these odds has made both equal, rounded up to a cent.

    A stake s leaves ``ahead - s`` and ``behind + s * (1 - q) / q``: equal at s = q * (ahead - behind).
    """
    numerator, denominator = fraction(odds)
    return ahead - max(0, ahead - behind) * numerator // denominator
