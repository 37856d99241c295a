"""The money of one account. The wallet has the balance, the staked amounts, and a list of all movements of the
balance."""

from __future__ import annotations

from collections.abc import Iterable

from mmbot.domain.catalogue import MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.simulator.venue.records import VenueTransaction


class Wallet:
    """Balance and stakes of an account in cents.

    Only deposits, withdrawals, results and commission change the sum ``balance + held + staked``. A wallet of the crowd
    is unlimited. Its balance may be negative, and its movements are not listed.
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
        """The sum of the unmatched stakes that were already taken from the balance, in cents. The sum is always 0 if
        the exchange takes funds only at a match."""
        self.staked: Cents = 0
        """The sum of matched stakes whose result is not paid yet, in cents."""
        self.commission: Cents = 0
        self.lines: list[VenueTransaction] = []

    def deposit(self, amount: Cents, now: Instant, type: str | None = None) -> None:
        """Deposit ``amount`` cents into the wallet. If ``amount`` is negative, the money is withdrawn. ``type``
        replaces the usual transaction type."""
        self.deposited += amount
        self.move(type or ("WITHDRAW" if amount < 0 else "DEPOSIT"), amount, None, None, now)

    def affordable(self, remaining: Cents) -> Cents:
        """Return the part of an order's unmatched stake (``remaining``) for which the wallet has enough money. Both
        amounts are in cents."""
        if self.unlimited or self._held_at_placement:
            return remaining
        return max(0, min(remaining, self.balance))

    def covers(self, stake: Cents) -> bool:
        """True if the wallet has enough money to let a wager wait for its opening. The funds are checked again when the
        wager opens."""
        if self.unlimited:
            return True
        return stake <= self.balance if self._held_at_placement else self.balance > 0

    def accepts(self, stake: Cents, unmatched: Cents, multiple: int) -> bool:
        """True if the wallet has enough money for a wager with this stake to open.

        Args:
            stake: the stake of the wager that is about to open, in cents.
            unmatched: the sum of the unmatched stakes that are already open, in cents.
            multiple: the greatest sum of unmatched stakes, as a multiple of the balance, if funds are taken at the
                match.
        """
        if self.unlimited:
            return True
        if self._held_at_placement:
            return stake <= self.balance
        return unmatched + stake <= multiple * self.balance

    def hold(self, stake: Cents, wager_id: str, market: MarketKey, now: Instant) -> None:
        """Take the stake of a wager from the balance when the wager opens. If funds are taken at the match, nothing
        happens."""
        if self._held_at_placement:
            self.held += stake
            self.move("BET", -stake, wager_id, market, now)

    def release(self, stake: Cents, wager_id: str, market: MarketKey, now: Instant) -> None:
        """Give back the unmatched stake of a wager that ends. If funds are taken at the match, nothing happens."""
        if self._held_at_placement and stake:
            self.held -= stake
            self.move("CANCEL", stake, wager_id, market, now)

    def match(self, stake: Cents, wager_id: str, market: MarketKey, now: Instant) -> None:
        """Move the stake of a match into ``staked``. If funds are taken at placement, the stake comes from ``held``.
        Otherwise it comes from the balance."""
        self.staked += stake
        if self._held_at_placement:
            self.held -= stake
        else:
            self.move("BET", -stake, wager_id, market, now)

    def move(self, type: str, amount: Cents, wager_id: str | None, market: MarketKey | None, now: Instant) -> None:
        """Add ``amount`` cents to the balance, and list the movement with its transaction type."""
        self.balance += amount
        if self.unlimited:
            return
        number = len(self.lines) + 1
        self.lines.append(VenueTransaction(f"{self._name}-{number}", type, amount, self.balance, wager_id, market, now))


def unbalanced(wallets: Iterable[Wallet]) -> Cents:
    """Return the money in all wallets plus the commission paid, minus all deposits, in cents. Any value other than 0
    means that money was created or lost."""
    return sum(
        wallet.balance + wallet.held + wallet.staked + wallet.commission - wallet.deposited for wallet in wallets
    )
