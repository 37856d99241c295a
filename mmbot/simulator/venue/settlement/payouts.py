"""The effect of a result on each matched wager of a market, and the money that it pays.

A payment brings the amount paid to the amount due, so a correction is the same step as a first payment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, share
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

Result = Side | None | Mapping[int, Side | None]
"""The winner of a market: a side, or None for a push; or the winner of each line by its number in quarter points. A
line without an entry is a push."""


def winner(result: Result, line: LineKey) -> Side | None:
    """The winner of one line of the market."""
    return result.get(line.number) if isinstance(result, Mapping) else result


def automatic(side: Side, winner: Side | None) -> tuple[Winning, Status]:
    """The statuses of a wager on ``side`` after an automatic result. ``winner`` None is a push."""
    if winner is None:
        return Winning.PUSH, Status.SETTLED
    return (Winning.WON, Status.SETTLED) if side == winner else (Winning.LOST, Status.CLOSED)


def manual(side: Side, winner: Side | None) -> tuple[Winning, Status]:
    """The statuses of a wager on ``side`` after a result that the exchange's staff entered. ``winner`` None is a
    push."""
    if winner is None:
        return Winning.PUSH, Status.MANUALLY_SETTLED
    return (Winning.MANUALLY_WON if side == winner else Winning.MANUALLY_LOST), Status.MANUALLY_SETTLED


def due(order: Order) -> Cents:
    """The amount that a wager's result pays back, including the stake and before commission."""
    if order.winning in _WON:
        return order.matched + order.win
    return order.matched if order.winning in _RETURNED else 0


def pay(
    market: MarketKey,
    orders: Iterable[Order],
    fees: dict[str, Cents],
    commission: Decimal,
    now: Instant,
) -> None:
    """Pay each order the difference between what is due and what was paid, then charge commission on each account's net
    gain in the market.

    ``fees`` maps each account to the commission that it has paid in this market so far, and is updated. Commission is
    rounded half-up to the cent.
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
        fee = share(max(0, gain), commission)
        change = fee - fees.get(account_id, 0)
        fees[account_id] = fee
        if change:
            wallet.commission += change
            wallet.move("COMMISSION", -change, None, market, now)
