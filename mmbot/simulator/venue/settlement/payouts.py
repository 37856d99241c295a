"""Applies a result to each matched wager of a market, and pays the wagers.

A payment is the amount that is owed, minus the amount that was already paid. So a corrected result needs no special
treatment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side
from mmbot.domain.wager import Status, Winning
from mmbot.simulator.venue.accounts.order import Account, Order

_RETURNED: Final = frozenset({Winning.PUSH, Winning.DRAW, Winning.NO_RESULT})
_WON: Final = frozenset({Winning.WON, Winning.MANUALLY_WON})
_PAYMENT: Final[Mapping[Winning, str]] = {
    Winning.WON: "PAY",
    Winning.MANUALLY_WON: "PAY",
    Winning.PUSH: "PUSH",
    Winning.DRAW: "PUSH",
    Winning.NO_RESULT: "VOID",
}

_ROUNDINGS: Final[Mapping[str, str]] = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}

Result = Side | None | Mapping[int, Side | None]
"""The type of the result of a market: the outcome that won, or None for a push (no winner). If the lines of the market
end differently, the result maps the number of each line (in quarter points) to its winner. A line without an entry ends
in a push."""


def winner(result: Result, line: LineKey) -> Side | None:
    """Return the outcome that won on one line of the market. None for a push (no winner)."""
    return result.get(line.number) if isinstance(result, Mapping) else result


def automatic(side: Side, winner: Side | None) -> tuple[Winning, Status]:
    """Return the ``winning_status`` and the ``status`` that a wager on ``side`` gets from an automatic result.
    ``winner`` is the outcome that won. None means a push (no winner)."""
    if winner is None:
        return Winning.PUSH, Status.SETTLED
    return (Winning.WON, Status.SETTLED) if side == winner else (Winning.LOST, Status.CLOSED)


def manual(side: Side, winner: Side | None) -> tuple[Winning, Status]:
    """Return the ``winning_status`` and the ``status`` that a wager on ``side`` gets from a result that the exchange's
    staff entered. ``winner`` is the outcome that won. None means a push (no winner)."""
    if winner is None:
        return Winning.PUSH, Status.MANUALLY_SETTLED
    return (Winning.MANUALLY_WON if side == winner else Winning.MANUALLY_LOST), Status.MANUALLY_SETTLED


def due(order: Order) -> Cents:
    """Return the amount in cents that is paid to a wager for its result. The amount includes the stake. Commission is
    not yet deducted."""
    if order.winning in _WON:
        return order.matched + order.win
    return order.matched if order.winning in _RETURNED else 0


def commission_on(gain: Cents, commission: Decimal, rounding: str) -> Cents:
    """Return the commission on a market's net gain, in cents. ``rounding`` is a value of
    ``VenueSettings.commission_rounding``."""
    return int((Decimal(max(0, gain)) * commission).quantize(Decimal(1), rounding=_ROUNDINGS[rounding]))


def pay(
    market: MarketKey,
    orders: Iterable[Order],
    fees: dict[str, Cents],
    commission: Decimal,
    rounding: str,
    now: Instant,
) -> None:
    """Pay each order the amount that its result owes, minus what was already paid. Then charge commission on each
    account's net gain in the market.

    Args:
        market: the market that has the result.
        orders: the matched orders of the market.
        fees: the commission in cents that each account has paid in this market so far. This dict is updated.
        commission: the share of a net gain that is charged.
        rounding: how the commission is rounded to the cent. The values are those of
            ``VenueSettings.commission_rounding``.
        now: the time of the payments.
    """
    gains: dict[str, Cents] = {}
    accounts: dict[str, Account] = {}
    for order in orders:
        account = order.account
        accounts[account.account_id] = account
        owed = due(order)
        gains[account.account_id] = gains.get(account.account_id, 0) + owed - order.matched
        first = not order.released
        if first:
            order.released = True
            account.wallet.staked -= order.matched
        difference = owed - order.paid
        order.paid = owed
        if difference:
            if first:
                kind = _PAYMENT[order.winning]
            elif order.winning is Winning.NO_RESULT:
                kind = "VOID"
            else:
                kind = "ADJUSTMENT_INCREASE" if difference > 0 else "ADJUSTMENT_REDUCE"
            account.wallet.move(kind, difference, order.wager_id, market, now)
    for account_id, gain in gains.items():
        wallet = accounts[account_id].wallet
        fee = commission_on(gain, commission, rounding)
        change = fee - fees.get(account_id, 0)
        fees[account_id] = fee
        if change:
            wallet.commission += change
            wallet.move("COMMISSION", -change, None, market, now)
