"""The order of life is the sequence of steps from start to quoting: cancel everything, prove the account clear, read
the history, connect, read books, wait (the hold), quote.

Theory of operation. A start, a lost feed, a kill and a stop all go through the same steps. ``OrderOfLife._table`` holds
the transitions.

1. A start, a lost feed, a kill and a stop lead from any step to CANCEL. Nothing else leads back to CANCEL, except an
   open wager that PROVE or LOOKUPS found.
2. While the account is being cleared (``clear_proof.py``), answers change the step directly. A ``cancel_all`` that was
   answered, or tried in vain, leads from CANCEL to PROVE. A page of the history that shows an open wager leads from
   PROVE to CANCEL. Only a complete proof leads from PROVE to HISTORY.
3. Some rows of the table apply to one step, and the others apply to every step. All rows that apply to the present step
   are checked from the top. The first row whose condition is true decides: its action is done and its next step is
   entered. This is repeated until no condition is true.
4. A stop ends the daemon after LOOKUPS, before the step that would connect the feed. At the deadline of the stop, the
   daemon ends in any step. ENDED is final.

Source: docs/design.md, *Order of life*.
"""

# long: the table of the steps stands next to the conditions and actions that its rows name.

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from mmbot.domain.instant import MINUTE, NEVER, Instant, in_seconds
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Answer, CancelledAll, Failed, FailureReason, HistoryRead
from mmbot.engine.life.catch_up import CatchUp
from mmbot.engine.life.clear_proof import ClearProof, ProofStage
from mmbot.engine.life.journal_check import JournalCheck
from mmbot.engine.life.placed_since import placed_since
from mmbot.engine.life.revive import revive
from mmbot.engine.orders import ANOTHERS_STATE, NOT_CLEAR, NOT_STARTED, STOPPED, Connect, Exit, SaveWager, Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.history import HistoryPager
from mmbot.engine.reading.late_history import LateHistory
from mmbot.engine.requests import CancelAll, Request
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step


class Row(NamedTuple):
    """One transition of the order of life (the steps from start to quoting)."""

    step: Step | None
    """The step of the order of life to which the row of the table applies. None if the row applies to every step except
    ENDED."""
    when: Callable[[Instant], bool]
    do: Callable[[Instant], None]
    then: Step


class OrderOfLife:
    """Goes through the steps of the order of life. Only this class decides when the daemon may quote, and when it
    ends."""

    def __init__(
        self,
        shared: Shared,
        effects: AppliesReports,
        board: BoardReader,
        since: Instant,
        known_to: Instant,
        now: Instant,
    ) -> None:
        """Start with the step CANCEL. ``since`` is the latest instant at which an earlier run is known to have been
        alive. ``known_to`` is the instant up to which the journal knows all wagers (``Seed.known_to``). Without an
        earlier run, both are 0."""
        self._shared: Final = shared
        self._effects: Final = effects
        self._board: Final = board
        self.step = Step.CANCEL
        self._idle_until: Instant = 0
        """The instant until which ``do_due`` has nothing to do."""
        self.cause = "start"
        self.started_at = now
        self.clear = False
        """True if the account was proved clear (without open wagers), and nothing was placed since the proof."""
        self._history: Final = HistoryPager(shared.clock, shared.pacer, shared.request_id, shared.note_endless)
        self._unread: Final = CatchUp(self._history, since, known_to)
        self._proof: Final = ClearProof(self._history, shared.request_id, shared.settings.exclusive, self._is_ours, now)
        self._known_to: Instant = known_to
        """The instant up to which the ledger holds every wager that may be open."""
        self._cancelled = False
        """True if everything was cancelled after the latest call of ``restart``."""
        self._proved_at: Instant = 0
        self._read_past: Instant = 0
        """The instant beyond which the history has to be complete when it is read after the proof that no wager is
        open."""
        self._late: Final = LateHistory(shared)
        self._hold_until: Instant = 0
        self._losses: list[Instant] = []
        self._connect_ordered = False
        self._stop_deadline: Instant | None = None
        self._hurry = False
        self._login_rejected = self._cannot_cancel = False
        self._asked: dict[str, None] = {}
        self._journal: Final = JournalCheck()
        self._rows: Final = self._table()

    def _table(self) -> tuple[Row, ...]:
        """Return the transitions. Each row holds a step, a condition, an action and the next step."""
        any_step: Step | None = None
        cancel, prove, history, lookups = Step.CANCEL, Step.PROVE, Step.HISTORY, Step.LOOKUPS
        connect, read, hold, ready, ended = Step.CONNECT, Step.READ, Step.HOLD, Step.READY, Step.ENDED
        return (
            Row(any_step, self._keys_are_rejected, self._ends(NOT_STARTED, "login_rejected"), ended),
            Row(any_step, self._deadline_is_over, self._exit_at_the_deadline, ended),
            Row(any_step, self._hurries_and_cancelled, self._exit_in_a_hurry, ended),
            Row(any_step, self._hurries_and_cannot_cancel, self._ends(NOT_CLEAR, "cancel_all failed"), ended),
            Row(cancel, self._ours_are_gone, self._start_proof, prove),
            Row(cancel, lambda _: self._proof.tried, self._proof.cancelled, prove),
            Row(prove, self._all_is_resolved, self._start_reads, prove),
            Row(prove, self._is_proved, self._catch_up, history),
            Row(history, self._unread.takes_too_long, self._read_all, history),
            Row(history, self._history_is_read, self._look_up, lookups),
            Row(lookups, self._journal_is_anothers, self._exit_with_anothers_journal, ended),
            Row(lookups, self._something_is_open, self._cancel_again, cancel),
            Row(lookups, self._stops, self._ends(STOPPED, "stopped"), ended),
            Row(lookups, self._goes_on_with_feed, self._read_books, read),
            Row(lookups, self._goes_on, self._order_connect, connect),
            Row(connect, self._feed_is_up, self._read_books, read),
            Row(read, self._books_are_read, self._start_hold, hold),
            Row(hold, self._hold_is_over, self._start_quoting, ready),
        )

    def do_due(self, now: Instant) -> None:
        """Make the transition of the uppermost row whose condition is true. Repeat this until no condition is true."""
        if now < self._idle_until:
            return
        while (row := self._row(now)) is not None:
            row.do(now)
            self.step = row.then
        if self.step is Step.READY:
            self._idle_until = NEVER

    def _row(self, now: Instant) -> Row | None:
        """Return the uppermost row whose condition is true. The result is None if no condition is true."""
        if self.step is not Step.ENDED:
            for row in self._rows:
                if (row.step is None or row.step is self.step) and row.when(now):
                    return row
        return None

    # --- conditions -----------------------------------------------------------------------------------------------

    def _deadline_is_over(self, now: Instant) -> bool:
        return self._stop_deadline is not None and now >= self._stop_deadline

    def _hurries_and_cancelled(self, _: Instant) -> bool:
        return self._hurry and self._cancelled

    def _hurries_and_cannot_cancel(self, _: Instant) -> bool:
        return self._cannot_cancel

    def _keys_are_rejected(self, _: Instant) -> bool:
        return self._login_rejected

    def _ours_are_gone(self, _: Instant) -> bool:
        """Return true if the account is shared and none of our wagers could still match. On a shared account, our
        wagers are cancelled one by one."""
        return not self._shared.settings.exclusive and not self._ours_are_live()

    def _all_is_resolved(self, _: Instant) -> bool:
        """Return true if the reads of the proof can start: every placement that was ever sent is accepted, rejected or
        proved absent. After the start of these reads, return false."""
        awaiting, out_of_reach = self._shared.ledger.awaiting(), self._shared.out_of_reach
        waits = any(
            wager.wager_id is None and not wager.foreign and wager.external_id not in out_of_reach for wager in awaiting
        )
        return self._proof.stage is ProofStage.CANCELLED and not waits

    def _is_proved(self, _: Instant) -> bool:
        return self._proof.stage is ProofStage.CLEAR

    def _history_is_read(self, _: Instant) -> bool:
        return self._history.idle

    def _goes_on(self, _: Instant) -> bool:
        """Return true if every look-up of a wager has been answered."""
        return not any(wager_id in self._shared.lookups for wager_id in self._asked)

    def _journal_is_anothers(self, now: Instant) -> bool:
        return bool(self._journal.missing) and self._goes_on(now)

    def _something_is_open(self, now: Instant) -> bool:
        return self._goes_on(now) and self._ours_are_live()

    def _stops(self, now: Instant) -> bool:
        return self.stopping and self._goes_on(now)

    def _goes_on_with_feed(self, now: Instant) -> bool:
        return self._shared.coverage.up and self._goes_on(now)

    def _feed_is_up(self, _: Instant) -> bool:
        return self._shared.coverage.up

    def _books_are_read(self, _: Instant) -> bool:
        return self._board.idle

    def _hold_is_over(self, now: Instant) -> bool:
        return now >= self._hold_until and self._history.idle

    # --- actions --------------------------------------------------------------------------------------------------

    def _start_proof(self, now: Instant) -> None:
        self._cancelled = True
        self._proof.cancelled(now)

    def _start_reads(self, now: Instant) -> None:
        since = placed_since(self._shared, self._known_to)
        self._proof.resolved(self._shared.last_placement_at, since, now)

    def _catch_up(self, now: Instant) -> None:
        """Note that the account is clear (without open wagers). Request reads of the wagers that changed while no
        message about them could come."""
        self.clear = True
        self._effects.proved_clear(self._proof.read_since, now)
        self._known_to = self._proof.read_since
        self._proved_at = self._read_past = now
        took = now - self.started_at
        self._shared.outbox.alert(Severity.INFO, "life.clear", cause=self.cause, seconds=in_seconds(took))
        self._unread.begin(now)

    def _read_all(self, now: Instant) -> None:
        self._read_past = now
        self._unread.read_all()

    def _look_up(self, _: Instant) -> None:
        """Look up every wager that could still match. When the daemon starts, also look up some of the journal's
        wagers, to check that the exchange knows one of them."""
        self._unread.done(self._proved_at)
        self._asked = {}
        for wager in self._shared.ledger.all_live():
            if wager.wager_id is not None and not wager.foreign:
                self._asked[wager.wager_id] = None
                self._shared.lookups[wager.wager_id] = "everything was cancelled"
        for wager_id in self._journal.to_ask_for():
            self._asked[wager_id] = None
            self._shared.lookups[wager_id] = "not in the history"

    def _cancel_again(self, now: Instant) -> None:
        self._shared.outbox.alert(Severity.WARNING, "life.live_after_clear", wagers=self._shared.ledger.live_count)
        self.restart(self.cause, now)

    def _order_connect(self, _: Instant) -> None:
        if not self._connect_ordered:
            self._connect_ordered = True
            self._shared.outbox.order(Connect(self.cause))

    def _read_books(self, now: Instant) -> None:
        """Request reads of the books and of the wagers that changed. Until the feed was up, no message reported such
        changes."""
        self._board.everything(now)
        self._read_past = now
        self._unread.read_changes()

    def _start_hold(self, now: Instant) -> None:
        settings = self._shared.settings
        hold = settings.flap_hold if len(self._losses) > 3 else settings.hold
        self._hold_until = now + hold
        self._shared.outbox.alert(Severity.INFO, "life.hold", seconds=in_seconds(hold))

    def _start_quoting(self, now: Instant) -> None:
        shared = self._shared
        for guard in ("starting", "feed", "stood_still"):
            shared.hold(guard, ACCOUNT, None, now)
        shared.touch_scope(ACCOUNT)  # after a kill and a resume, neither guard held
        shared.outbox.alert(Severity.INFO, "life.ready")

    def _exit_at_the_deadline(self, _: Instant) -> None:
        self._exit(STOPPED if self.clear else NOT_CLEAR, "stopped" if self.clear else "not clear at the deadline")

    def _exit_in_a_hurry(self, _: Instant) -> None:
        self._exit(STOPPED if self.clear else NOT_CLEAR, "stopped in a hurry")

    def _exit_with_anothers_journal(self, _: Instant) -> None:
        missing = self._journal.missing
        self._shared.outbox.alert(Severity.ERROR, "journal.unknown", wagers=len(missing), last=list(missing)[-1])
        if self.stopping:
            self._exit(STOPPED, "stopped")
        else:
            self._exit(NOT_STARTED, ANOTHERS_STATE)

    def _ends(self, code: int, reason: str) -> Callable[[Instant], None]:
        return lambda _: self._exit(code, reason)

    def _exit(self, code: int, reason: str) -> None:
        self._shared.outbox.order(Exit(code, reason))

    # --- causes ---------------------------------------------------------------------------------------------------

    def restart(self, cause: str, now: Instant) -> None:
        """Cancel everything, and go through all steps of the order of life again."""
        if self.step is Step.ENDED:
            return
        if self.step is Step.READY:  # before READY, the changes since the last loss may not have been read yet
            self._unread.heard(self._shared.coverage.heard_at)
        if not self.clearing or cause in ("stop", "kill"):
            self.started_at = now
            self.cause = cause
        self.step = Step.CANCEL
        self._idle_until = 0
        self.clear = False
        self._proof.restart(now)
        self._cancelled = False
        self._connect_ordered = False
        self._asked = {}
        self._shared.outbox.alert(Severity.INFO, "life.clearing", cause=cause)

    def feed_lost(self, now: Instant) -> None:
        """Cancel everything, and count the loss of the feed. If the feed was lost more than three times within ten
        minutes, the wait before quoting is longer."""
        self._losses = [at for at in self._losses if at > now - 10 * MINUTE]
        self._losses.append(now)
        self.restart("feed", now)

    def stop(self, hurry: bool, now: Instant) -> None:
        """Cancel everything, prove that no wager is open, and end the daemon. With ``hurry``, the proof is skipped, but
        ``cancel_all`` is not skipped. A second call can add ``hurry``."""
        if self.stopping:
            self._hurry = self._hurry or hurry
            return
        self._stop_deadline = now + self._shared.settings.stop_deadline
        self._hurry = hurry
        self._shared.hold("stop", ACCOUNT, "the daemon is ending", now)
        self.restart("stop", now)

    def kill(self, now: Instant) -> None:
        """Cancel everything. The caller must make the guard ``latch`` hold, so that nothing is quoted."""
        self.restart("kill", now)

    def may_rest(self, now: Instant) -> None:
        """Note that a wager may be open. If everything is being cancelled now, ``cancel_all`` is sent once more,
        because the previous ``cancel_all`` may have come before the wager was active."""
        if self.clearing:
            self._proof.cancels.wager_may_be_open(now)

    def expect(self, wagers: Iterable[SaveWager]) -> None:
        """Take the wagers of the journal. The exchange has to know at least one of them."""
        self._journal.expect(wagers)

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Record that the exchange knows the wagers in ``reports``."""
        self._journal.saw(reports)

    def placed(self) -> None:
        """Note that a placement was returned for sending. From now on, the account is no longer clear (without open
        wagers)."""
        self.clear = False

    def _is_ours(self, report: WagerReport) -> bool:
        wager = self._shared.ledger.get(report.external_id)
        return wager is not None and not wager.foreign

    def _ours_are_live(self) -> bool:
        out_of_reach = self._shared.out_of_reach
        live = self._shared.ledger.all_live()
        return any(not wager.foreign and wager.external_id not in out_of_reach for wager in live)

    @property
    def clearing(self) -> bool:
        """True while everything is being cancelled, or while the account is being proved clear (without open
        wagers)."""
        return self.step is Step.CANCEL or self.step is Step.PROVE

    @property
    def stopping(self) -> bool:
        """True if the daemon was told to stop."""
        return self._stop_deadline is not None

    # --- requests and their answers -------------------------------------------------------------------------------

    def urgent(self, now: Instant) -> Request | None:
        """Return a ``cancel_all`` if one is due. Otherwise return None."""
        return self._sent(self._proof.cancel(now), now) if self.clearing else None

    def next(self, now: Instant) -> Request | None:
        """Return the next read of the proof or of the history, if one is due. Otherwise return None."""
        return self._sent(self._proof.read(now) if self.clearing else self._history.next(now), now)

    def _sent(self, request: Request | None, now: Instant) -> Request | None:
        if request is not None:
            self._shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which ``urgent``, ``next`` or ``do_due`` will have something to do."""
        times = [self._proof.due_at(now) if self.clearing else self._history.due_at(now)]
        if self.step is Step.HOLD:
            times.append(self._hold_until)
        if self._stop_deadline is not None and self.step is not Step.ENDED:
            times.append(self._stop_deadline)
        return min(times)

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a ``cancel_all`` or to a read of the history. A page of the history that was requested
        before the latest ``restart`` proves nothing, but its reports of wagers are applied."""
        if isinstance(answer, HistoryRead):
            self._effects.take_page(answer, sent_at, now)
            if self._history.came(answer):
                self._take_page(answer, now)
            self._effects.take_positions(now)
        elif isinstance(answer, CancelledAll):
            self._shared.clock.note_date(answer.date, now)
            if self._proof.cancels.answered(answer.request, now):
                self._start_proof(now)
                if self.step is Step.CANCEL:
                    self.step = Step.PROVE
        elif isinstance(answer, Failed):
            if isinstance(request, CancelAll):
                self._cancel_failed(answer, now)
            else:
                self._history.failed(answer, now)

    def _cancel_failed(self, answer: Failed, now: Instant) -> None:
        """Plan to send ``cancel_all`` again, because it failed."""
        cancels = self._proof.cancels
        if cancels.failed(answer, now):
            self._login_rejected = answer.reason is FailureReason.LOGIN and self.cause == "start"
            self._cannot_cancel = self._hurry and not cancels.under_way
            self._idle_until = 0

    def _take_page(self, answer: HistoryRead, now: Instant) -> None:
        """Use a page of the history for the proof or for another read. The ledger already holds the page's reports."""
        self._journal.saw((*answer.wagers, *[wager.at_worst() for wager in answer.unread]))
        if self.step is not Step.PROVE:
            complete = self._history.take(answer, self._read_past, now)
        else:
            found = self._proof.take(answer, now)
            complete = self._proof.complete
            if found:
                self._shared.outbox.alert(Severity.WARNING, "life.still_open", wagers=len(found))
                self.step = Step.CANCEL
                revive(self._shared, self._effects, found, answer, now)
        if not complete:
            self._late.note(self._history.behind(answer, now), now)
