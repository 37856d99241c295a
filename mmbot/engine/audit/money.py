"""Compares the balance of the account with our matches and results.

Theory of operation. The *equity* is the balance, plus the stakes that are locked in matches, less the realised profit.
Only deposits and withdrawals change the equity. A match moves money from the balance to the locked stakes. A result
moves money from the locked stakes to the balance and the realised profit. So two reads of the balance must give the
same equity. If they do not, a match or a result was missed or reported falsely.

The exchange does not send a message at the very instant at which it changes the balance. So a read of the balance is
judged some time later, with our figures at every instant in a time range around the read. The read *agrees* if the
figures at one of these instants give the known equity. A difference of a few cents is accepted, because the exchange
rounds each match and each commission. Each read that agrees becomes the basis for the next read, so such differences do
not add up.

The balance may contain exposure credits: the part of the stakes on a line that comes back whichever outcome wins
(docs/protocol.md 7.6). So a read is compared in two *readings*, without and with these credits. A reading that differs
for two minutes while the other one agrees is dropped. From then on, only the other reading can explain the balance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.domain.money import Cents, show
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.engine.audit.audit import Audit
from mmbot.engine.audit.readings import Range, WithCredits, WithoutCredits
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import Severity
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager

BEFORE: Final = 30 * SECOND
AFTER: Final = 10 * SECOND
"""The balance from a read is compared with our figures in a time range around the read. The range ends this time after
the answer. It begins 30 s (``BEFORE``) earlier than the request. The exchange's balance and its exposure credits may
lag behind the private messages by some seconds (docs/protocol.md 4.1, 7.6)."""

OUTLIVES: Final = 2 * MINUTE
"""The time after which a difference between the exchange's balance and our figures makes a guard stop quoting. Before
this time, mmbot reads the transactions and the changes of wagers, because they explain most differences."""

ACCEPTED: Final = 5 * MINUTE
"""The time for which an unexplained difference between the exchange's balance and our figures stops all quotes. After
this time, the exchange's balance becomes the new basis."""

EXTERNAL: Final = (
    TransactionType.DEPOSIT,
    TransactionType.WITHDRAW,
    TransactionType.REJECT_WITHDRAW,
    TransactionType.APPROVE_WITHDRAW,
    TransactionType.ADJUSTMENT_REDUCE,
    TransactionType.ADJUSTMENT_INCREASE,
)
"""The types of transactions that change the equity (balance plus locked stakes, less realised profit). A transaction
that concerns a wager never changes the equity, whatever its type."""

MOVES: Final = (Kind.MATCHED, Kind.TAKEN_BACK, Kind.SETTLED, Kind.OPENED, Kind.ENDED, Kind.REVIVED)


class _Read(NamedTuple):
    balance: Cents
    sent_at: Instant
    came_at: Instant


class _Credit(NamedTuple):
    """A change of the exposure credit of a line, in cents."""

    at: Instant
    line: LineKey
    before: Cents
    after: Cents


class _Found(NamedTuple):
    """The equity that follows from a read of the balance, in cents."""

    without: list[Cents]
    """The amounts that the equity may have, if the balance has no exposure credits."""
    credited: list[Range]
    """The ranges of amounts that the equity may have, if the balance contains exposure credits."""


class MoneyCheck:
    """Judges each read of the balance. While nothing explains the balance, the guard ``audit_money`` stops quoting."""

    def __init__(self, shared: Shared, audit: Audit, life: OrderOfLife) -> None:
        self._shared: Final = shared
        self._life: Final = life
        self._audit: Final = audit
        stretch = shared.settings.stretch  # a message takes as long on a faster clock, which covers more of its time
        self._before: Final[Duration] = round(BEFORE * stretch)
        self._after: Final[Duration] = round(AFTER * stretch)
        self._outlives: Final[Duration] = round(OUTLIVES * stretch)
        self._accepted: Final[Duration] = round(ACCEPTED * stretch)
        self._at_placement: Final = shared.config.exchange.funds == "at_placement"
        self.on_doubt: Callable[[Instant], None] | None = None
        """The function that is called with the present instant if a balance differs from our figures. It can have the
        transactions read, because they may explain the difference."""
        self._committed: deque[tuple[Instant, Cents]] = deque()
        """The recent values of the amount that, together with the balance, gives the equity: the money that the
        exchange has taken for our stakes, less the realised profit. Each entry holds a value, and the instant from
        which the value applied."""
        self._open: Cents = 0
        """The sum of the open wagers' stakes, if the exchange takes a stake at the placement. Otherwise the value is
        0."""
        self._read: _Read | None = None
        self._credits: dict[LineKey, Cents] = {}
        """The exposure credit of each line with a credit, in cents."""
        self._credit_changes: deque[_Credit] = deque()
        """The recent changes of ``_credits``."""
        self._without: Final = WithoutCredits()
        self._with: Final = WithCredits()
        self._based = False
        """True if an earlier read is the basis for the next one."""
        self._basis_at: Instant = 0
        """The instant of the answer to the latest balance read that agreed with our figures."""
        self._moves = 0
        self._differs_since: Instant | None = None
        self._held_at: Instant | None = None

    def changed(self, change: Change, now: Instant) -> None:
        """If a change of a wager moves money, record the change."""
        kind, wager = change.kind, change.wager
        credit: Cents = 0
        if isinstance(wager, LineWager) and (kind in MOVES or kind is Kind.REPRICED):
            credit = self._note_credit(wager.line, now)
        if kind not in MOVES:
            return
        if self._at_placement:
            self._note_open(change)
        elif kind is Kind.OPENED or kind is Kind.ENDED or kind is Kind.REVIVED:
            return
        self._moves += 1
        self._committed.append((now, self._commitment()))
        if kind is Kind.TAKEN_BACK:  # the basis may contain the false match, for example after a restart
            self._without.may_move(-change.stake)
            self._with.may_move(-change.stake - credit)

    def _note_credit(self, line: LineKey, now: Instant) -> Cents:
        """Compute the exposure credit of a line again, and return its change."""
        before, after = self._credits.get(line, 0), self._shared.ledger.totals.credit(line)
        if after != before:
            self._credit_changes.append(_Credit(now, line, before, after))
            if after:
                self._credits[line] = after
            else:
                del self._credits[line]
        return after - before

    def _note_open(self, change: Change) -> None:
        kind, wager = change.kind, change.wager
        if kind is Kind.OPENED:
            self._open += wager.stake
        elif kind is Kind.MATCHED or (kind is Kind.ENDED and wager.opened_at is not None):
            self._open -= change.stake
        elif kind is Kind.REVIVED and wager.opened_at is not None:
            self._open += change.stake

    def _commitment(self) -> Cents:
        ledger = self._shared.ledger
        return ledger.totals.locked_in_all - ledger.realised + ledger.commission + self._open

    def read(self, balance: Cents, sent_at: Instant, now: Instant) -> None:
        """Take a new read of the balance, and judge the previous read. If it is too early to judge the previous read,
        ignore the new read."""
        if self._life.step is not Step.READY:  # matches and results may not have been read yet
            self._read = None
            return
        former = self._read
        if former is not None:
            if now < former.came_at + self._after:
                return
            self._judge(former, now)
        self._read = _Read(balance, sent_at, now)
        if not self._committed:
            self._committed.append((now, self._commitment()))
        lines = [place for place in self._shared.ledger.totals.locked if isinstance(place, LineKey)]
        for line in dict.fromkeys((*self._credits, *lines)):  # a wager whose line has become known caused no change
            self._note_credit(line, now)
        while len(self._committed) > 1 and self._committed[1][0] < sent_at - self._before:
            self._committed.popleft()
        while self._credit_changes and self._credit_changes[0].at < sent_at - self._before:
            self._credit_changes.popleft()

    def took(self, transactions: tuple[Transaction, ...], now: Instant) -> None:
        """Take new transactions. Deposits, withdrawals and adjustments explain a change of the equity."""
        since = self._shared.clock.time_of(self._basis_at)
        moved = sum(
            each.change
            for each in transactions
            if each.type in EXTERNAL and not each.wager_id and (each.created_at or 0) > since
        )
        if moved and self._based:
            self._without.move(moved)
            self._with.move(moved)
            self._shared.outbox.alert(Severity.INFO, "audit.moved", cents=moved)

    # --- judging ----------------------------------------------------------------------------------------------------

    def _find(self, read: _Read) -> _Found:
        """Return the equity that follows from a read of the balance."""
        without = self._fits(read)
        least = most = sum(self._credits.values())
        lows: dict[LineKey, Cents] = {}
        highs: dict[LineKey, Cents] = {}
        begin = read.sent_at - self._before
        for _, line, before, after in [each for each in self._credit_changes if each.at >= begin]:
            lows[line] = min(lows.get(line, before), before, after)
            highs[line] = max(highs.get(line, before), before, after)
        for line, low in lows.items():
            credit = self._credits.get(line, 0)
            least -= credit - low
            most += highs[line] - credit
        return _Found(without, [(one - most, one - least) for one in without])

    def _fits(self, read: _Read) -> list[Cents]:
        """Return the amounts that the equity may have if a read of the balance is right and has no exposure credits.
        There is one amount for each value that our figures had from 30 s (``BEFORE``) before the request to 10 s
        (``AFTER``) after the answer."""
        begin, end = read.sent_at - self._before, read.came_at + self._after
        around: list[Cents] = []
        before: Cents | None = None
        for at, committed in self._committed:
            if at < begin:
                before = committed
            elif at <= end:
                around.append(read.balance + committed)
        if before is None and not around:
            before = self._commitment()
        return around if before is None else [read.balance + before, *around]

    def _judge(self, read: _Read, now: Instant) -> None:
        found, moves = self._find(read), self._moves
        if not self._based:
            self._start(found, read, now)
            return
        without = self._without.agreeing(found.without, moves)
        credited = self._with.agreeing(found.credited, moves)
        if not without and not credited:
            self._differ(read, found, now)
            return
        before = self._moves_before(read)
        if without:
            self._without.start(without, before)
        else:
            self._without.differs(now, self._outlives)
        if credited:
            self._with.start(credited, before)
        else:
            self._with.differs(now, self._outlives)
        self._agreed(read, now)

    def _start(self, found: _Found, read: _Read, now: Instant) -> None:
        """Take a read as the new basis, in both readings."""
        self._based = True
        before = self._moves_before(read)
        self._without.start(found.without, before)
        self._with.start(found.credited, before)
        self._agreed(read, now)

    def _moves_before(self, read: _Read) -> int:
        """Return the number of matches and results before the answer to a read."""
        return self._moves - sum(1 for at, _ in self._committed if at > read.came_at)

    def _agreed(self, read: _Read, now: Instant) -> None:
        self._basis_at = read.came_at
        self._differs_since = None
        if self._held_at is not None:
            self._held_at = None
            self._shared.hold("audit_money", ACCOUNT, None, now)

    def _differ(self, read: _Read, found: _Found, now: Instant) -> None:
        """Look for an explanation of a difference. If there is no explanation for ``OUTLIVES`` (2 minutes), stop
        quoting. If the difference then lasts for another ``ACCEPTED`` (5 minutes), take the exchange's balance as the
        new basis."""
        shared = self._shared
        if self._differs_since is None:
            self._differs_since = now
            self._explain(now)
            return
        without, credited = self._without.differences(found.without), self._with.differences(found.credited)
        difference = min([*without, *credited], key=abs)
        expected = read.balance - difference
        if self._held_at is None:
            if now - self._differs_since < self._outlives:
                return
            self._held_at = now
            self._audit.differences["money"] += 1
            sides = {"ours": show(expected), "theirs": show(read.balance)}
            shared.outbox.alert(Severity.WARNING, "audit.difference", kind="money", **sides)
            reason = f"the balance is {show(read.balance)}; matches and results explain {show(expected)}"
            shared.hold("audit_money", ACCOUNT, reason, now)
            self._explain(now)
        elif now - self._held_at >= self._accepted:
            sides = {"ours": show(expected), "theirs": show(read.balance)}
            shared.outbox.alert(Severity.ERROR, "audit.money_accepted", **sides)
            self._start(found, read, now)

    def _explain(self, now: Instant) -> None:
        """Make the reads of changed wagers and of transactions due now, because they may explain a difference."""
        self._audit.check_soon(self._basis_at - MINUTE, now)
        if self.on_doubt is not None:
            self.on_doubt(now)
