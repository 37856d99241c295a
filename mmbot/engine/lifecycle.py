"""The order of life: cancel everything, prove it flat, read what happened, connect, read books, hold, quote.

Start, a lost feed, a kill and a stop all walk the same steps; a later cause starts them again. Source: DESIGN,
*Order of life*.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from mmbot.domain.instant import DAY, MILLISECOND, MINUTE, SECOND, Instant, in_seconds
from mmbot.domain.wager import Status, WagerReport
from mmbot.engine.desk import Desk
from mmbot.engine.events import CancelledAll, Failed, HistoryRead
from mmbot.engine.guards import ACCOUNT
from mmbot.engine.reads import Reads
from mmbot.engine.requests import CancelAll, Connect, Exit, Level, ReadHistory, Request


class Step(Enum):
    """Where in the order of life."""

    CANCEL = "cancelling"
    PROVE = "proving flat"
    HISTORY = "reading history"
    LOOKUPS = "asking for wagers"
    CONNECT = "connecting"
    READ = "reading books"
    HOLD = "holding"
    READY = "ready"
    ENDED = "ended"


REPEAT: Final = 2 * SECOND
"""``cancel_all`` is repeated this often until flat."""

UNANSWERED: Final = SECOND
"""After a ``cancel_all`` without an answer another is sent: it does no harm twice, and quotes that stay up do."""

AGAIN: Final = 300 * MILLISECOND
"""After a refused or lost ``cancel_all``, and after a proof that found something resting."""

LONGEST_WAIT: Final = 10 * SECOND
"""A read that a 429 refused is made again after this at the latest: a nonsensical hint must not end a proof."""

OVERLAP: Final = MINUTE
"""How much earlier than the last message the history is read."""

RESTING: Final = ("inactive", "open")
"""The statuses that are read to prove it flat. ``open`` lists what awaits its result too; that does not rest.
``inactive`` comes first: what opens between the two reads is then in the second."""

SWEEP: Final = 15 * MINUTE
"""While all is well, what changed is read from the history this often: a message can be lost without a sign."""

CREATED_RANGE: Final = 7 * DAY - MINUTE
UPDATED_RANGE: Final = 2 * DAY - MINUTE
"""The exchange's longest ranges, less a margin for the clocks (PROTOCOL 4.1)."""


class _Query:
    """One history query, page by page."""

    __slots__ = ("cursor", "query")

    def __init__(self, query: ReadHistory) -> None:
        self.query = query
        self.cursor = ""


class Lifecycle:
    """Walks the steps. It alone decides when the daemon may quote, and when it ends."""

    def __init__(self, desk: Desk, reads: Reads, since: Instant, now: Instant) -> None:
        self._desk = desk
        self._reads = reads
        self.step = Step.CANCEL
        self.cause = "start"
        self.begun_at = now
        self.flat = False
        """Proved, and nothing was placed since."""
        self._since = since
        self._caught_up = False
        """Whether this run has read what happened before it."""
        self._sweep_at: Instant = 0
        self._proof_from: Instant | None = None
        """Since when every placement is resolved; only what is read after that proves anything."""
        self._cancel_at: Instant = now
        self._cancel_ids: dict[int, None] = {}
        self._cancelled = False
        self._queries: list[_Query] = []
        self._query_id: int | None = None
        self._history_at: Instant = 0
        self._hold_until: Instant = 0
        self._losses: list[Instant] = []
        self._connect_ordered = False
        self._stop_deadline: Instant | None = None
        self._hurry = False
        self._asked: dict[str, None] = {}

    @property
    def stopping(self) -> bool:
        """Whether the daemon is on its way out."""
        return self._stop_deadline is not None

    # --- causes ---------------------------------------------------------------------------------------------------

    def restart(self, cause: str, now: Instant) -> None:
        """Cancel everything at once and walk the steps again."""
        if self.step is Step.ENDED:
            return
        if self.step is Step.READY:  # before that, what happened since the last loss may not have been read yet
            self._since = max(self._since, self._desk.heard_at)
        if self.step not in (Step.CANCEL, Step.PROVE):
            self.begun_at = now
            self.cause = cause
        elif cause in ("stop", "kill"):
            self.cause = cause
            self.begun_at = now
        self.step = Step.CANCEL
        self.flat = False
        self._cancel_at = now
        self._cancel_ids = {}
        self._cancelled = False
        self._queries = []
        self._query_id = None
        self._proof_from = None
        self._connect_ordered = False
        self._asked = {}
        self._desk.alert(Level.INFO, "life.flatten", cause=cause)

    def feed_lost(self, now: Instant) -> None:
        """Note a loss, for the length of the hold, and flatten."""
        self._losses = [at for at in self._losses if at > now - 10 * MINUTE]
        self._losses.append(now)
        self.restart("feed", now)

    def stop(self, hurry: bool, now: Instant) -> None:
        """Stop: flatten and exit. A second time with ``hurry`` skips the waiting, not the ``cancel_all``."""
        if self.stopping:
            self._hurry = self._hurry or hurry
            return
        self._stop_deadline = now + self._desk.settings.stop_deadline
        self._hurry = hurry
        self._desk.hold("stop", ACCOUNT, "the daemon is ending", now)
        self.restart("stop", now)

    def kill(self, now: Instant) -> None:
        """Flatten; the latch itself is a guard."""
        self.restart("kill", now)

    def feed_is_up(self, now: Instant) -> None:
        """The feed is up: go on from waiting for it."""
        if self.step is Step.CONNECT:
            self._begin_reads(now)

    # --- what to send ---------------------------------------------------------------------------------------------

    def urgent(self, now: Instant) -> Request | None:
        """``cancel_all``, when it is due."""
        if self.step not in (Step.CANCEL, Step.PROVE) or not self._desk.settings.exclusive:
            return None
        if now < self._cancel_at:
            return None
        request = CancelAll(self._desk.request_id())
        self._cancel_ids[request.id] = None
        self._cancel_at = now + UNANSWERED
        return request

    def next(self, now: Instant) -> Request | None:
        """The next read of a proof or of the history."""
        if not self._may_read():
            return None
        if now < self._history_at or self._desk.pacer.ready_at("history", now) > now:
            return None
        query = self._queries[0]
        wanted = query.query
        request = ReadHistory(
            self._desk.request_id(),
            created_from=wanted.created_from,
            created_to=wanted.created_to,
            updated_from=wanted.updated_from,
            updated_to=wanted.updated_to,
            status=wanted.status,
            matching=wanted.matching,
            cursor=query.cursor,
        )
        self._query_id = request.id
        self._desk.pacer.take("history", now)
        return request

    def wake_at(self, now: Instant) -> Instant | None:
        """When ``urgent``, ``next`` or ``advance`` has something to do."""
        times: list[Instant] = []
        if self.step in (Step.CANCEL, Step.PROVE) and self._desk.settings.exclusive:
            times.append(self._cancel_at)
        if self._may_read():
            times.append(max(self._history_at, self._desk.pacer.ready_at("history", now)))
        if self.step is Step.HOLD:
            times.append(self._hold_until)
        if self.step is Step.READY:
            times.append(self._sweep_at)
        if self._stop_deadline is not None and self.step is not Step.ENDED:
            times.append(self._stop_deadline)
        return min(times, default=None)

    def _may_read(self) -> bool:
        """Whether a page of the history is wanted and none is under way."""
        if self._query_id is not None or not self._queries:
            return False
        return self.step is not Step.PROVE or self._proof_from is not None

    # --- answers --------------------------------------------------------------------------------------------------

    def on_cancelled(self, answer: CancelledAll, now: Instant) -> bool:
        """``cancel_all`` was answered; True if it was ours."""
        if answer.request not in self._cancel_ids:
            return False
        self._cancel_ids = {}
        self._cancel_at = now + REPEAT
        if self.step is Step.CANCEL:
            self._begin_proof(now)
        return True

    def on_failed(self, answer: Failed, now: Instant) -> bool:
        """A ``cancel_all`` or a read of ours failed: repeat it. True if it was ours."""
        if answer.request in self._cancel_ids:
            del self._cancel_ids[answer.request]
            hinted = min(answer.retry_at or 0, now + UNANSWERED)
            self._cancel_at = min(self._cancel_at, max(now + AGAIN, hinted))
            if answer.code == "login_refused" and self.cause == "start":
                self._end(2, "login_refused")
            elif self._hurry and not self._cancel_ids:
                self._end(3, "cancel_all failed")
            return True
        if answer.request == self._query_id:
            self._query_id = None
            self._history_at = max(now + SECOND, min(answer.retry_at or 0, now + LONGEST_WAIT))
            return True
        return False

    def on_history(self, answer: HistoryRead, resting: tuple[WagerReport, ...], now: Instant) -> bool:
        """A page came (already applied to the ledger); ``resting`` are those of ours in it that others could match.
        True if the page was ours."""
        if answer.request != self._query_id:
            return False
        self._query_id = None
        query = self._queries[0]
        synced = answer.last_synced_at
        if self.step is Step.PROVE:
            after = max(self._desk.last_placement_at, self._cancelled_at, self._proof_from or now)
        else:
            after = self._read_past
        if self.step is Step.PROVE and resting:
            self._desk.alert(Level.WARNING, "life.still_resting", wagers=len(resting))
            self.step = Step.CANCEL
            self._cancel_at = min(self._cancel_at, now + AGAIN)
            self._queries = []
            return True
        if synced is not None:
            self._desk.note_exchange_time(synced, now)
        if synced is None or synced <= self._desk.exchange_time(after):
            query.cursor = ""  # not complete up to what has to be seen: read it again
            self._history_at = now + SECOND
            return True
        if answer.next_cursor:
            query.cursor = answer.next_cursor
            return True
        self._queries.pop(0)
        return True

    # --- going on -------------------------------------------------------------------------------------------------

    def advance(self, now: Instant) -> None:
        """Take the steps whose conditions hold."""
        if self.step is Step.READY and self._stop_deadline is None and now < self._sweep_at:
            return
        desk = self._desk
        if self._stop_deadline is not None and now >= self._stop_deadline:
            self._end(0 if self.flat else 3, "stopped" if self.flat else "not flat at the deadline")
            return
        if self._hurry and self._cancelled and self.step is not Step.ENDED:
            self._end(0 if self.flat else 3, "stopped in a hurry")
            return
        if self.step is Step.CANCEL and not desk.settings.exclusive and self._nothing_of_ours():
            self._begin_proof(now)
        if self.step is Step.PROVE and self._proof_from is None and self._resolved():
            self._proof_from = now
        if self.step is Step.PROVE and not self._queries and self._query_id is None:
            self._proved(now)
        if self.step is Step.HISTORY and not self._queries and self._query_id is None:
            self._caught_up = True
            self._since = self._proved_at
            self.step = Step.LOOKUPS
            self._ask_for_all()
        if self.step is Step.LOOKUPS and self._answered():
            self._looked_up(now)
        if self.step is Step.READ and self._reads.idle:
            flapping = len(self._losses) > 3
            hold = desk.settings.flap_hold if flapping else desk.settings.hold
            self._hold_until = now + hold
            self.step = Step.HOLD
            desk.alert(Level.INFO, "life.hold", seconds=in_seconds(hold))
        if self.step is Step.HOLD and now >= self._hold_until and not self._queries and self._query_id is None:
            self.step = Step.READY
            self._sweep_at = now + SWEEP
            desk.hold("starting", ACCOUNT, None, now)
            desk.hold("feed", ACCOUNT, None, now)
            desk.alert(Level.INFO, "life.ready")
        if self.step is Step.READY and now >= self._sweep_at:
            self._sweep_at = now + SWEEP
            self._read_changes(now - SWEEP, now)

    def placed(self) -> None:
        """Something was placed: no longer flat."""
        self.flat = False

    def _begin_proof(self, now: Instant) -> None:
        self._cancelled = True
        self._cancelled_at = now
        self.step = Step.PROVE
        there = self._desk.exchange_time(now)
        start = there - CREATED_RANGE
        self._queries = [
            _Query(ReadHistory(0, created_from=start, created_to=there + MINUTE, status=status)) for status in RESTING
        ]

    def _nothing_of_ours(self) -> bool:
        return not any(True for wager in self._desk.ledger.all_live() if not wager.foreign)

    def _resolved(self) -> bool:
        """Every placement ever sent is resolved."""
        return not any(wager.wager_id is None and not wager.foreign for wager in self._desk.ledger.awaiting())

    def _proved(self, now: Instant) -> None:
        self.flat = True
        self._proved_at = self._read_past = now
        took = now - self.begun_at
        self._desk.alert(Level.INFO, "life.flat", cause=self.cause, seconds=in_seconds(took))
        self.step = Step.HISTORY
        self._queries = []
        if not self._caught_up:
            there = self._desk.exchange_time(now)
            created = ReadHistory(0, created_from=there - CREATED_RANGE, created_to=there + MINUTE)
            self._queries.append(_Query(created))
        if self._since:
            self._read_changes(self._since, now)

    def _read_changes(self, since: Instant, now: Instant) -> None:
        """Ask for what changed since an instant, by the exchange's clock: it may have been behind ours by ``OVERLAP``,
        and ours may have been put right since."""
        self._read_past = now
        there = self._desk.exchange_time(now)
        updated_from = max(min(since, self._desk.schedule(since)) - OVERLAP, there - UPDATED_RANGE)
        self._queries.append(_Query(ReadHistory(0, updated_from=updated_from, updated_to=there + MINUTE)))

    def _ask_for_all(self) -> None:
        self._asked = {}
        for wager in self._desk.ledger.all_live():
            if wager.wager_id is not None and not wager.foreign:
                self._asked[wager.wager_id] = None
                self._desk.lookups[wager.wager_id] = "flattened"

    def _answered(self) -> bool:
        return not any(wager_id in self._desk.lookups for wager_id in self._asked)

    def _looked_up(self, now: Instant) -> None:
        desk = self._desk
        if not self._nothing_of_ours():
            desk.alert(Level.WARNING, "life.live_after_flat", wagers=desk.ledger.live_count)
            self.restart(self.cause, now)
            return
        if self.stopping:
            self._end(0, "stopped")
        elif desk.feed_up:
            self._begin_reads(now)
        else:
            self.step = Step.CONNECT
            if not self._connect_ordered:
                self._connect_ordered = True
                desk.order(Connect(self.cause))

    def _begin_reads(self, now: Instant) -> None:
        """Read books; and what happened to wagers from the proof until the feed was up, which no message told."""
        self.step = Step.READ
        self._reads.everything(now)
        self._read_changes(self._since, now)

    def _end(self, code: int, reason: str) -> None:
        self.step = Step.ENDED
        self._desk.order(Exit(code, reason))

    _cancelled_at: Instant = 0
    _proved_at: Instant = 0
    _read_past: Instant = 0
    """The history has to be complete beyond this."""


def is_resting(report: WagerReport) -> bool:
    """Whether others can match the wager, or soon could."""
    return report.resting or report.status is Status.INACTIVE
