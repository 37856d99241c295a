"""The balance: when it is read, and how much more may be staked.

The exchange lets unmatched stakes exceed the cash (PROTOCOL 7.6).
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.money import Cents
from mmbot.engine.events import Answer, BalanceRead, Failed
from mmbot.engine.owners import AppliesReports
from mmbot.engine.requests import ReadBalance, Request
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import NEVER
from mmbot.engine.wagers.changes import Change, Kind

EVERY: Final = 30 * SECOND
"""Between two reads."""

RETRY: Final = 5 * SECOND
"""After a failed read."""


class Balance:
    """What the account can still put in the market."""

    def __init__(self, shared: Shared, effects: AppliesReports, now: Instant) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._at_match: Final = shared.config.exchange.funds == "at_match"
        self.latest: Cents | None = None
        """The balance as last read, in cents; None before the first read."""
        self._spent: list[tuple[Instant, Cents]] = []
        self._since_read: Cents = 0
        self._read_at: Instant = now
        """When to read next; ``NEVER`` while a read is under way."""

    def changed(self, change: Change, now: Instant) -> None:
        """Follow a match: it takes money where money is taken at the match."""
        if change.kind is Kind.MATCHED and self._at_match:
            self.spent(change.stake, now)

    def spent(self, amount: Cents, now: Instant) -> None:
        """Note money that a match, or a placement where money is taken then, took since the last read."""
        self._spent.append((now, amount))
        self._since_read += amount

    def left(self) -> Cents:
        """How much more may be staked, in cents; 0 before the balance is known."""
        if self.latest is None:
            return 0
        shared = self._shared
        rule = available if self._at_match else available_at_placement
        return rule(self.latest, self._since_read, shared.ledger.outstanding, shared.settings.funds_multiple)

    def next(self, now: Instant) -> Request | None:
        """The next read, if it is due."""
        if now < self._read_at:
            return None
        self._read_at = NEVER
        request = ReadBalance(self._shared.request_id())
        self._shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """When the next read is due; ``NEVER`` while one is under way."""
        return self._read_at

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take a balance; after a failure, read it again sooner than usual."""
        if isinstance(answer, Failed):
            self._read_at = now + RETRY
        elif isinstance(answer, BalanceRead):
            self._read_at = now + EVERY
            self._take(answer.balance, sent_at, now)
            self._effects.room_freed()

    def _take(self, balance: Cents, sent_at: Instant, now: Instant) -> None:
        shared = self._shared
        self.latest = balance
        self._spent = [(at, amount) for at, amount in self._spent if at >= sent_at]
        self._since_read = sum(amount for _, amount in self._spent)
        low = balance < shared.settings.min_balance
        reason = f"${balance / 100:.2f} is less than guards.min_balance" if low else None
        shared.hold("balance", ACCOUNT, reason, now)


def available(balance: Cents, matched_since_read: Cents, outstanding: Cents, multiple: float) -> Cents:
    """What further stakes may sum to, in cents, where money is taken at the match; never negative.

    ``balance`` is as it was read, ``matched_since_read`` the stakes matched after that read was asked for,
    ``outstanding`` the remaining stakes that are open, placing, unknown or cancel-pending.
    ``outstanding <= multiple * (balance - matched_since_read)`` stays true (DESIGN, *Funds*).
    """
    return max(0, _ceiling(balance - matched_since_read, multiple) - outstanding)


def available_at_placement(balance: Cents, placed_since_read: Cents, outstanding: Cents, multiple: float) -> Cents:
    """The same where money is taken at placement: the cash has to cover every further stake in full as well.

    ``placed_since_read`` is every stake sent after the balance was asked for, whatever became of it: a cancelled
    wager's money is back only when the next read shows it, so replacing one needs cash for the old and the new.
    """
    cash = balance - placed_since_read
    return max(0, min(cash, _ceiling(cash, multiple) - outstanding))


def _ceiling(cash: Cents, multiple: float) -> Cents:
    numerator, denominator = multiple.as_integer_ratio()
    return cash * numerator // denominator
