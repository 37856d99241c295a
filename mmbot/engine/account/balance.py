"""Reads the balance of the account, and computes how much more may be staked.

The sum of the unmatched stakes may be greater than the cash of the account (docs/protocol.md 7.6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import NEVER, SECOND, Instant
from mmbot.domain.money import Cents
from mmbot.engine.events import Answer, BalanceRead, Failed
from mmbot.engine.owners import AppliesReports
from mmbot.engine.requests import ReadBalance, Request
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind

BALANCE_EVERY: Final = 30 * SECOND
"""The time between two reads of the balance."""

BALANCE_RETRY: Final = 5 * SECOND
"""The wait after a failed read of the balance before the next read."""


class Balance:
    """Knows the balance of the account, and the sum of the stakes that may still be placed."""

    def __init__(self, shared: Shared, effects: AppliesReports, now: Instant) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._at_match: Final = shared.config.exchange.funds == "at_match"
        self.latest: Cents | None = None
        """The balance that the latest read gave, in cents. None before the first answer to a read of the balance."""
        self.read_at: Instant | None = None
        """The instant of the latest answer to a read of the balance. None before the first answer."""
        self.on_read: Callable[[Cents, Instant, Instant], None] | None = None
        """The function that is called with each balance that is read, and with the instants of the request and of the
        answer."""
        self._spent: list[tuple[Instant, Cents]] = []
        self._since_read: Cents = 0
        self._returned: list[tuple[Instant, Cents]] = []
        """The results, and corrections of results, since the latest read of the balance. Each has its instant and the
        amount by which it changed the balance: stake and profit, before commission."""
        self._read_at: Instant = now
        """The instant at which the next read of the balance is due. While a read has no answer yet, the value is
        ``NEVER``."""

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a match, subtract its stake from the balance, unless the exchange took the money at the
        placement. If the change is a result, record how much money the exchange pays back for the wager."""
        if change.kind is Kind.MATCHED and self._at_match:
            self.spent(change.stake, now)
        elif change.kind is Kind.SETTLED:
            stake = change.stake if change.first else 0
            self._returned.append((now, stake + change.win))

    def equity(self, marked: Cents) -> Cents | None:
        """Return what the account is worth, in cents. This is the sum of the balance, the stakes locked in matches, and
        the marked profit (the value of unsettled positions). The balance includes changes by matches and results since
        the latest read. The result is None before the first read."""
        if self.latest is None:
            return None
        ledger = self._shared.ledger
        cash = self.latest - self._since_read + sum([amount for _, amount in self._returned])
        held = 0 if self._at_match else ledger.outstanding
        return cash + held + ledger.totals.locked_in_all + marked

    def spent(self, amount: Cents, now: Instant) -> None:
        """Subtract an amount, in cents, that a match or a placement took from the balance after the latest read."""
        self._spent.append((now, amount))
        self._since_read += amount

    def left(self) -> Cents:
        """Return how much more may be staked, in cents. Before any read was answered, the result is 0."""
        if self.latest is None:
            return 0
        shared = self._shared
        outstanding, multiple = shared.ledger.outstanding, shared.settings.funds_multiple
        if self._at_match:
            return available(self.latest, self._since_read, outstanding, multiple)
        return available_at_placement(self.latest, self._since_read, outstanding, multiple)

    def next(self, now: Instant) -> Request | None:
        """Return a read of the balance if one is due. Otherwise return None."""
        if now < self._read_at:
            return None
        self._read_at = NEVER
        request = ReadBalance(self._shared.request_id())
        self._shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next read is due. While a read has no answer yet, the result is ``NEVER``."""
        return self._read_at

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the balance from an answer. If the read failed, read the balance again sooner than usual."""
        if isinstance(answer, Failed):
            self._read_at = now + BALANCE_RETRY
        elif isinstance(answer, BalanceRead):
            self._read_at = now + BALANCE_EVERY
            self._shared.clock.note_date(answer.date, now)
            self._take(answer.balance, sent_at, now)
            if self.on_read is not None:
                self.on_read(answer.balance, sent_at, now)
            self._effects.room_freed()

    def _take(self, balance: Cents, sent_at: Instant, now: Instant) -> None:
        shared = self._shared
        self.latest = balance
        self.read_at = now
        self._spent = [(at, amount) for at, amount in self._spent if at >= sent_at]
        self._since_read = sum(amount for _, amount in self._spent)
        self._returned = [(at, amount) for at, amount in self._returned if at >= sent_at]
        low = balance < shared.settings.min_balance
        reason = f"${balance / 100:.2f} is less than guards.min_balance" if low else None
        shared.hold("balance", ACCOUNT, reason, now)


def available(balance: Cents, matched_since_read: Cents, outstanding: Cents, multiple: float) -> Cents:
    """Return how much more may be staked, if the exchange takes the money for a stake when the stake is matched.

    The rule is ``outstanding <= multiple * (balance - matched_since_read)`` (docs/design.md, *Funds*).

    Args:
        balance: the balance that the latest read gave, in cents.
        matched_since_read: the stakes that were matched after the request for the balance was sent, in cents.
        outstanding: the unmatched stakes of all wagers that are open, placing, unknown or being cancelled, in cents.
        multiple: the setting ``limits.funds_multiple``.

    Returns:
        The sum in cents, never negative.
    """
    return max(0, _ceiling(balance - matched_since_read, multiple) - outstanding)


def available_at_placement(balance: Cents, placed_since_read: Cents, outstanding: Cents, multiple: float) -> Cents:
    """Return how much more may be staked, if the exchange takes the money for a stake when the stake is placed.

    The limit on outstanding stakes is the same as in ``available``. In addition, the cash must cover every further
    stake in full.

    Args:
        balance: the balance that the latest read gave, in cents.
        placed_since_read: all stakes that were sent after the request for the balance was sent, in cents. Stakes of
            wagers that are cancelled by now are included, because only the next read shows their money. So replacing a
            wager needs cash for both the old wager and the new wager.
        outstanding: the unmatched stakes of all wagers that are open, placing, unknown or being cancelled, in cents.
        multiple: the setting ``limits.funds_multiple``.

    Returns:
        The sum in cents, never negative.
    """
    cash = balance - placed_since_read
    return max(0, min(cash, _ceiling(cash, multiple) - outstanding))


def _ceiling(cash: Cents, multiple: float) -> Cents:
    numerator, denominator = multiple.as_integer_ratio()
    return cash * numerator // denominator
