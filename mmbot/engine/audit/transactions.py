"""Reads the account's transactions while the daemon quotes, and passes on the new transactions.

The exchange does not say up to which instant its list is complete, and a transaction may have no id. So each read
begins some time before the end of the previous read. If a read contains a transaction more often than the previous
read, the additional entries are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from mmbot.domain.instant import MINUTE, NEVER, SECOND, Instant
from mmbot.domain.transaction import Transaction
from mmbot.engine.events import Answer, Failed, TransactionsRead
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import Severity
from mmbot.engine.requests import ReadTransactions, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step

TRANSACTIONS_OVERLAP: Final = 10 * MINUTE
"""The time by which the range of a read of transactions overlaps the range of the previous read. Ranges overlap because
the exchange may list transactions late."""

TRANSACTIONS_RETRY: Final = 5 * SECOND
"""The wait after a failed read of transactions before the next read."""

MOST_TRANSACTION_PAGES: Final = 200
"""The greatest number of pages in one read of the transactions."""

TRANSACTIONS_PATIENCE: Final = 2 * SECOND
"""The longest time for which a read of transactions gives way to quotes. After this time, the read takes precedence
over quotes."""


class TakesTransactions(Protocol):
    """A part of the engine that receives new transactions."""

    def took(self, transactions: tuple[Transaction, ...], now: Instant) -> None:
        """Take the transactions that are new since the previous call, after each complete read. The oldest transaction
        stands first."""


class TransactionReader:
    """Reads the transactions at the interval ``audit.money_s``.

    Args:
        since: the instant of our clock from which the transactions are read at the start.
        followers: the parts of the engine that receive the new transactions after each complete read, in this order.
    """

    def __init__(
        self, shared: Shared, life: OrderOfLife, followers: Sequence[TakesTransactions], since: Instant, now: Instant
    ) -> None:
        self._shared: Final = shared
        self._life: Final = life
        self._followers: Final = list(followers)
        self._read_to = since
        self._began_at: Instant = now
        self._next_at: Instant = now
        self._range: tuple[Instant, Instant] | None = None
        """The time range of the present read of transactions, by the exchange's clock. None while no transactions are
        being read."""
        self._cursors: dict[str, None] = {}
        self._cursor = ""
        self._found: list[Transaction] = []
        self._known: dict[str | Transaction, int] = {}
        """The number of times that the latest read contained each transaction."""

    def follow(self, follower: TakesTransactions) -> None:
        """Add a part of the engine that receives new transactions from now on."""
        self._followers.append(follower)

    def read_soon(self, at: Instant) -> None:
        """Make the next read due at the instant ``at``, unless it is due earlier already."""
        self._next_at = min(self._next_at, at)

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next page of transactions is due. While a page has no answer yet, or the
        daemon does not quote, the result is ``NEVER``."""
        if self._life.step is not Step.READY or self._shared.waits_for_answer(self):
            return NEVER
        return max(self._next_at, self._shared.pacer.ready_at("transactions", now))

    def next(self, now: Instant) -> Request | None:
        """Return the next read if it has waited so long that it takes precedence over quotes. Otherwise return None."""
        return self.when_idle(now) if self.due_at(now) + TRANSACTIONS_PATIENCE <= now else None

    def when_idle(self, now: Instant) -> Request | None:
        """Return the request for the next page if it is due. Otherwise return None."""
        if self.due_at(now) > now:
            return None
        shared = self._shared
        if self._range is None:
            there = shared.clock.time_of(now)
            self._began_at = now
            self._range = (shared.clock.time_of(self._read_to) - TRANSACTIONS_OVERLAP, there + MINUTE)
        shared.pacer.take("transactions", now)
        request = ReadTransactions(shared.request_id(), *self._range, cursor=self._cursor)
        shared.send(self, request, now)
        return request

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a request for a page of transactions. If the request failed, plan a new read that begins
        at the first page."""
        if isinstance(answer, TransactionsRead):
            self._found += answer.transactions
            if answer.unread:
                self._shared.outbox.alert(Severity.WARNING, "transactions.unread", number=answer.unread)
            self._cursor = answer.next_cursor
            if not self._cursor:
                self._finish(now)
            elif self._cursor in self._cursors or len(self._cursors) >= MOST_TRANSACTION_PAGES:
                self._shared.outbox.alert(Severity.ERROR, "transactions.endless", pages=len(self._cursors) + 1)
                self._start_again(now + self._shared.settings.audit_money)
            else:
                self._cursors[self._cursor] = None
        elif isinstance(answer, Failed):
            self._start_again(max(now + TRANSACTIONS_RETRY, answer.retry_at or 0))

    def _start_again(self, at: Instant) -> None:
        self._range, self._cursor, self._cursors, self._found = None, "", {}, []
        self._next_at = at

    def _finish(self, now: Instant) -> None:
        """Pass on the new transactions of a complete read, even if there is none."""
        if self._found and (self._found[0].created_at or 0) > (self._found[-1].created_at or 0):
            self._found.reverse()  # the exchange lists the newest first
        counts: dict[str | Transaction, int] = {}
        new: list[Transaction] = []
        for each in self._found:
            key = each.transaction_id or replace(each, status="")  # the status of a deposit may change
            counts[key] = counts.get(key, 0) + 1
            if counts[key] > self._known.get(key, 0):
                new.append(each)
        self._known = counts
        self._read_to = self._began_at
        self._start_again(now + self._shared.settings.audit_money)
        ordered = tuple(sorted(new, key=lambda each: each.created_at or 0))
        for follower in self._followers:
            follower.took(ordered, now)
