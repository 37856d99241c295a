"""Settlement and money: what a result makes of every matched wager of a market, and what it pays.

Paying is written as "bring what was paid to what is due", so a correction is the same step as a first payment.
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
from mmbot.simulator.venue.order import Account, Order

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
"""Who won a market: a side, or None for a push; or that of each line by its number in quarter points. A line that is
not named is a push."""


def winner(result: Result, line: LineKey) -> Side | None:
    """Who won a line of the market that the result is of."""
    return result.get(line.number) if isinstance(result, Mapping) else result


def automatic(side: Side, winner: Side | None) -> tuple[Winning, Status]:
    """What an automatic result makes of a wager on ``side``; ``winner`` None is a push."""
    if winner is None:
        return Winning.PUSH, Status.SETTLED
    return (Winning.WON, Status.SETTLED) if side == winner else (Winning.LOST, Status.CLOSED)


def manual(side: Side, winner: Side | None) -> tuple[Winning, Status]:
    """The same by hand."""
    if winner is None:
        return Winning.PUSH, Status.MANUALLY_SETTLED
    return (Winning.MANUALLY_WON if side == winner else Winning.MANUALLY_LOST), Status.MANUALLY_SETTLED


def due(order: Order) -> Cents:
    """What a wager's result pays back, stake included, before commission."""
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
    """Pay every order what is due and was not paid yet, then the commission on each account's net gain in the market.

    ``fees`` is what each account has paid in this market so far; it is brought up to date. Rounded half-up to a cent.
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
