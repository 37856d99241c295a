"""The order of life: cancel everything, prove it flat, read what happened, connect, read books, hold, quote.

Start, a lost feed, a kill and a stop all walk the same steps; a later cause starts them again. Source: DESIGN,
*Order of life*.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND, Instant, in_seconds
from mmbot.domain.wager import Status, WagerReport
from mmbot.engine.events import Answer, CancelledAll, Failed, HistoryRead
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.history import History
from mmbot.engine.requests import CancelAll, Connect, Exit, Level, Request, SaveWager
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared


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

APART: Final = 100 * MILLISECOND
"""Between two that news of wagers led to: many open at a time."""

AGAIN: Final = 300 * MILLISECOND
"""After a refused or lost ``cancel_all``, and after a proof that found something resting."""

SWEEP: Final = 15 * MINUTE
"""While all is well, what changed is read from the history this often: a message can be lost without a sign."""


ANOTHERS_STATE: Final = "state_of_another"
"""The reason of the exit at a start whose journal tells of wagers of which the exchange knows none."""

ASKED_FOR: Final = 5
"""So many of them are asked for by id before that is believed."""


class OrderOfLife:
    """Walks the steps. It alone decides when the daemon may quote, and when it ends."""

    def __init__(
        self, shared: Shared, effects: AppliesReports, board: BoardReader, since: Instant, now: Instant
    ) -> None:
        self._shared = shared
        self._effects = effects
        self._board = board
        self.step = Step.CANCEL
        self.idle_until: Instant = 0
        """``advance`` has nothing to do before."""
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
        self._cancel_sent = self._cancel_done = 0
        """The latest ``cancel_all``, and the latest whose answer counts for nothing any more, by their ids."""
        self._cancelled = False
        self._history: Final = History(shared)
        self._hold_until: Instant = 0
        self._losses: list[Instant] = []
        self._connect_ordered = False
        self._stop_deadline: Instant | None = None
        self._hurry = False
        self._asked: dict[str, None] = {}
        self._expected: dict[str, str] = {}

    def expect(self, wagers: Iterable[SaveWager]) -> None:
        """Wagers of the journal, in the order of sending, that the exchange has to know if it took them: one of them at
        least, or the journal is of another account or exchange, or of one that was reset. What it says was matched
        counts for nothing then, so that the daemon ends before it quotes."""
        self._expected = {saved.external_id: saved.wager_id for saved in wagers if saved.wager_id is not None}

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """The exchange knows these wagers."""
        if self._expected and any(report.external_id in self._expected for report in reports):
            self._expected = {}

    @property
    def flattening(self) -> bool:
        """Whether everything is being cancelled, or proved to be."""
        return self.step is Step.CANCEL or self.step is Step.PROVE

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
            self._since = max(self._since, self._shared.coverage.heard_at)
        if self.step not in (Step.CANCEL, Step.PROVE):
            self.begun_at = now
            self.cause = cause
        elif cause in ("stop", "kill"):
            self.cause = cause
            self.begun_at = now
        self.step = Step.CANCEL
        self.idle_until = 0
        self.flat = False
        self._cancel_at = now
        self._cancel_done = self._cancel_sent
        self._cancelled = False
        self._history.drop()
        self._proof_from = None
        self._connect_ordered = False
        self._asked = {}
        self._shared.alert(Level.INFO, "life.flatten", cause=cause)

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
        self._stop_deadline = now + self._shared.settings.stop_deadline
        self._hurry = hurry
        self._shared.hold("stop", ACCOUNT, "the daemon is ending", now)
        self.restart("stop", now)

    def kill(self, now: Instant) -> None:
        """Flatten; the latch itself is a guard."""
        self.restart("kill", now)

    def may_rest(self, now: Instant) -> None:
        """A placement may stand, or a wager is said to be open. One that was under way when everything was cancelled
        may have come after that, or was not active yet: everything is cancelled once more."""
        if self.step in (Step.CANCEL, Step.PROVE):
            self._cancel_at = min(self._cancel_at, max(now, self._cancel_sent_at + APART))

    def feed_is_up(self, now: Instant) -> None:
        """The feed is up: go on from waiting for it."""
        if self.step is Step.CONNECT:
            self._begin_reads(now)

    # --- what to send ---------------------------------------------------------------------------------------------

    def urgent(self, now: Instant) -> Request | None:
        """``cancel_all``, when it is due."""
        if self.step not in (Step.CANCEL, Step.PROVE) or not self._shared.settings.exclusive:
            return None
        if now < self._cancel_at:
            return None
        request = CancelAll(self._shared.request_id())
        self._cancel_sent = request.id
        self._cancel_sent_at = now
        self._cancel_at = now + UNANSWERED
        self._shared.send(self, request, now)
        return request

    def next(self, now: Instant) -> Request | None:
        """The next read of a proof or of the history."""
        request = self._history.next(now) if self._may_read() else None
        if request is not None:
            self._shared.send(self, request, now)
        return request

    def wake_at(self, now: Instant) -> Instant | None:
        """When ``urgent``, ``next`` or ``advance`` has something to do."""
        times: list[Instant] = []
        if self.step in (Step.CANCEL, Step.PROVE) and self._shared.settings.exclusive:
            times.append(self._cancel_at)
        if self._may_read() and (at := self._history.wake_at(now)) is not None:
            times.append(at)
        if self.step is Step.HOLD:
            times.append(self._hold_until)
        if self.step is Step.READY:
            times.append(self._sweep_at)
        if self._stop_deadline is not None and self.step is not Step.ENDED:
            times.append(self._stop_deadline)
        return min(times, default=None)

    def _may_read(self) -> bool:
        """Whether what the history shows now would prove anything."""
        return self.step is not Step.PROVE or self._proof_from is not None

    # --- answers --------------------------------------------------------------------------------------------------

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a ``cancel_all`` or to a read of the history. What was asked for before the latest restart
        proves nothing; its reports are applied."""
        if isinstance(answer, HistoryRead):
            self._on_history(answer, sent_at, now)
        elif isinstance(answer, Failed):
            if not isinstance(request, CancelAll):
                self._history.on_failed(answer, now)
            elif request.id > self._cancel_done:
                self._cancel_failed(answer, now)
        elif isinstance(answer, CancelledAll) and request.id > self._cancel_done:
            self._cancel_done = self._cancel_sent
            self._cancel_at = now + REPEAT
            if self.step is Step.CANCEL:
                self._begin_proof(now)

    def _cancel_failed(self, answer: Failed, now: Instant) -> None:
        """A ``cancel_all`` failed: repeat it."""
        hinted = min(answer.retry_at or 0, now + UNANSWERED)
        self._cancel_at = min(self._cancel_at, max(now + AGAIN, hinted))
        if answer.code == "login_refused" and self.cause == "start":
            self._end(2, "login_refused")
        elif self._hurry and not self._cancels_under_way():
            self._end(3, "cancel_all failed")

    def _cancels_under_way(self) -> bool:
        """Whether a ``cancel_all`` that counts has no answer yet."""
        return any(
            isinstance(sent.request, CancelAll) and sent.request.id > self._cancel_done
            for sent in self._shared.in_flight.values()
        )

    def _on_history(self, answer: HistoryRead, sent_at: Instant, now: Instant) -> None:
        """Apply a page and go on from it, unless it was asked for before the latest restart."""
        for report in answer.wagers:
            self._effects.said(report, sent_at, now)
        if self._history.came(answer):
            self._take_page(answer, now)
        self._effects.take_touched(now)

    def _take_page(self, answer: HistoryRead, now: Instant) -> None:
        self.saw(answer.wagers)
        exclusive = self._shared.settings.exclusive
        resting = sum(is_resting(report) and (exclusive or self._is_ours(report)) for report in answer.wagers)
        if self.step is Step.PROVE and resting:
            self._shared.alert(Level.WARNING, "life.still_resting", wagers=resting)
            self.step = Step.CANCEL
            self._cancel_at = min(self._cancel_at, now + AGAIN)
            self._history.drop()
            return
        after = self._read_past
        if self.step is Step.PROVE:
            after = max(self._shared.last_placement_at, self._cancelled_at, self._proof_from or now)
        self._history.take(answer, after, now)

    def _is_ours(self, report: WagerReport) -> bool:
        wager = self._shared.ledger.get(report.external_id)
        return wager is not None and not wager.foreign

    # --- going on -------------------------------------------------------------------------------------------------

    def advance(self, now: Instant) -> None:
        """Take the steps whose conditions hold."""
        shared = self._shared
        if self._stop_deadline is not None and now >= self._stop_deadline:
            self._end(0 if self.flat else 3, "stopped" if self.flat else "not flat at the deadline")
            return
        if self._hurry and self._cancelled and self.step is not Step.ENDED:
            self._end(0 if self.flat else 3, "stopped in a hurry")
            return
        if self.step is Step.CANCEL and not shared.settings.exclusive and self._nothing_of_ours():
            self._begin_proof(now)
        if self.step is Step.PROVE and self._proof_from is None and self._resolved():
            self._proof_from = now
        if self.step is Step.PROVE and self._history.idle:
            self._proved(now)
        if self.step is Step.HISTORY and self._history.idle:
            self._caught_up = True
            self._since = self._proved_at
            self.step = Step.LOOKUPS
            self._ask_for_all()
        if self.step is Step.LOOKUPS and self._answered():
            self._looked_up(now)
        if self.step is Step.READ and self._board.idle:
            flapping = len(self._losses) > 3
            hold = shared.settings.flap_hold if flapping else shared.settings.hold
            self._hold_until = now + hold
            self.step = Step.HOLD
            shared.alert(Level.INFO, "life.hold", seconds=in_seconds(hold))
        if self.step is Step.HOLD and now >= self._hold_until and self._history.idle:
            self.step = Step.READY
            self._sweep_at = now + SWEEP
            shared.hold("starting", ACCOUNT, None, now)
            shared.hold("feed", ACCOUNT, None, now)
            shared.touch_scope(ACCOUNT)  # a latch that was released on the way held no guard to clear here
            shared.alert(Level.INFO, "life.ready")
        if self.step is Step.READY and now >= self._sweep_at:
            self._sweep_at = now + SWEEP
            self._read_changes(now - SWEEP, now)
        if self.step is Step.READY:
            self.idle_until = self._sweep_at

    def placed(self) -> None:
        """Something was placed: no longer flat."""
        self.flat = False

    def _begin_proof(self, now: Instant) -> None:
        self._cancelled = True
        self._cancelled_at = now
        self.step = Step.PROVE
        self._history.resting()

    def _nothing_of_ours(self) -> bool:
        return not any(True for wager in self._shared.ledger.all_live() if not wager.foreign)

    def _resolved(self) -> bool:
        """Every placement ever sent is resolved."""
        return not any(wager.wager_id is None and not wager.foreign for wager in self._shared.ledger.awaiting())

    def _proved(self, now: Instant) -> None:
        self.flat = True
        self._proved_at = self._read_past = now
        took = now - self.begun_at
        self._shared.alert(Level.INFO, "life.flat", cause=self.cause, seconds=in_seconds(took))
        self.step = Step.HISTORY
        if not self._caught_up:
            self._history.created()
        if self._since:
            self._read_changes(self._since, now)

    def _read_changes(self, since: Instant, now: Instant) -> None:
        self._read_past = now
        self._history.changed(since)

    def _ask_for_all(self) -> None:
        self._asked = {}
        for wager in self._shared.ledger.all_live():
            if wager.wager_id is not None and not wager.foreign:
                self._asked[wager.wager_id] = None
                self._shared.lookups[wager.wager_id] = "flattened"
        for wager_id in list(self._expected.values())[-ASKED_FOR:]:
            self._asked[wager_id] = None
            self._shared.lookups[wager_id] = "not in the history"

    def _answered(self) -> bool:
        return not any(wager_id in self._shared.lookups for wager_id in self._asked)

    def _looked_up(self, now: Instant) -> None:
        shared = self._shared
        if self._expected:
            shared.alert(Level.ERROR, "journal.unknown", wagers=len(self._expected), last=list(self._expected)[-1])
            if self.stopping:
                self._end(0, "stopped")
            else:
                self._end(2, ANOTHERS_STATE)
            return
        if not self._nothing_of_ours():
            shared.alert(Level.WARNING, "life.live_after_flat", wagers=shared.ledger.live_count)
            self.restart(self.cause, now)
            return
        if self.stopping:
            self._end(0, "stopped")
        elif shared.coverage.up:
            self._begin_reads(now)
        else:
            self.step = Step.CONNECT
            if not self._connect_ordered:
                self._connect_ordered = True
                shared.order(Connect(self.cause))

    def _begin_reads(self, now: Instant) -> None:
        """Read books; and what happened to wagers from the proof until the feed was up, which no message told."""
        self.step = Step.READ
        self._board.everything(now)
        self._read_changes(self._since, now)

    def _end(self, code: int, reason: str) -> None:
        self.step = Step.ENDED
        self._shared.order(Exit(code, reason))

    _cancel_sent_at: Instant = 0
    _cancelled_at: Instant = 0
    _proved_at: Instant = 0
    _read_past: Instant = 0
    """The history has to be complete beyond this."""


def is_resting(report: WagerReport) -> bool:
    """Whether others can match the wager, or soon could."""
    return report.resting or report.status is Status.INACTIVE
