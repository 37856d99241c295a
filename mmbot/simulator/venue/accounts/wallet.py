"""One account's money: balance, staked amounts, and one line for every movement."""

from __future__ import annotations

from collections.abc import Iterable

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.simulator.venue.records import VenueTransaction


class Wallet:
    """Balance and stakes of an account in cents.

    The money adds up at all times: ``balance + held + staked`` changes only by deposits, results and commission. An
    unlimited wallet (the crowd's) may go below zero and keeps no lines.
    """

    __slots__ = (
        "_held_at_placement",
        "_name",
        "balance",
        "commission",
        "deposited",
        "held",
        "lines",
        "staked",
        "unlimited",
    )

    def __init__(self, name: str, *, unlimited: bool, at_placement: bool) -> None:
        self._name = name
        self._held_at_placement = at_placement
        self.unlimited = unlimited
        self.balance: Cents = 0
        self.deposited: Cents = 0
        self.held: Cents = 0
        """Taken at placement for stakes that are not matched yet."""
        self.staked: Cents = 0
        """Stakes of matches whose result is not paid yet."""
        self.commission: Cents = 0
        self.lines: list[VenueTransaction] = []

    def deposit(self, amount: Cents, now: Instant, type: str | None = None) -> None:
        """Move money in from outside, or out if ``amount`` is negative."""
        self.deposited += amount
        self.move(type or ("WITHDRAW" if amount < 0 else "DEPOSIT"), amount, None, None, now)

    def affordable(self, remaining: Cents) -> Cents:
        """The part of an open remainder that can be paid for at a match."""
        if self.unlimited or self._held_at_placement:
            return remaining
        return max(0, min(remaining, self.balance))

    def covers(self, stake: Cents) -> bool:
        """True if there is enough money to accept a wager into the queue. The funds are checked again when the wager
        opens."""
        if self.unlimited:
            return True
        return stake <= self.balance if self._held_at_placement else self.balance > 0

    def accepts(self, stake: Cents, unmatched: Cents, multiple: int) -> bool:
        """True if the funds allow ``stake`` to open in addition to ``unmatched``, which is open already."""
        if self.unlimited:
            return True
        if self._held_at_placement:
            return stake <= self.balance
        return unmatched + stake <= multiple * self.balance

    def hold(self, stake: Cents, wager_id: str, market: MarketKey, now: Instant) -> None:
        """Take the stake of a wager that opens, if funds are taken at placement."""
        if self._held_at_placement:
            self.held += stake
            self.move("BET", -stake, wager_id, market, now)

    def release(self, stake: Cents, wager_id: str, market: MarketKey, now: Instant) -> None:
        """Give back the stake of a wager that is cancelled, if funds are taken at placement."""
        if self._held_at_placement and stake:
            self.held -= stake
            self.move("CANCEL", stake, wager_id, market, now)

    def match(self, stake: Cents, wager_id: str, market: MarketKey, now: Instant) -> None:
        """Take the stake of a match."""
        self.staked += stake
        if self._held_at_placement:
            self.held -= stake
        else:
            self.move("BET", -stake, wager_id, market, now)

    def move(self, type: str, amount: Cents, wager_id: str | None, market: MarketKey | None, now: Instant) -> None:
        """Change the balance and record the reason."""
        self.balance += amount
        if self.unlimited:
            return
        number = len(self.lines) + 1
        self.lines.append(VenueTransaction(f"{self._name}-{number}", type, amount, self.balance, wager_id, market, now))


def unbalanced(wallets: Iterable[Wallet]) -> Cents:
    """The money in all wallets and in commission minus all deposits, in cents. If it is not 0, money was created or
    lost."""
    return sum(
        wallet.balance + wallet.held + wallet.staked + wallet.commission - wallet.deposited for wallet in wallets
    )
