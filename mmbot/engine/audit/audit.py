"""Compares our records of wagers with the exchange's records while the daemon quotes, and repairs our records.

Theory of operation. At the interval ``audit.wagers_s``, a *round* reads the account's open wagers from the exchange's
history. At the interval ``audit.money_s``, the round also reads the wagers that changed since the previous round that
read changes. The number of pages that a round reads does not grow with the number of matched and unsettled wagers. A
round goes through these stages:

    RESTING → WAGERS → (CHANGES →) RESTING

A *doubt* about a wager begins if the exchange's report of the wager differs from our figures, or if a list that should
contain the wager lacks it (doubts.py). After ``audit.grace_s`` the wager itself is read. If the read still differs from
our figures, and no private message about the wager came meanwhile, the doubt becomes a *difference*. Then a guard stops
quoting on the line or sport event of the wager, and the ledger takes over the exchange's figures. The guard is lifted
by the next complete round that leaves no doubt about a wager on this line or sport event.

A round has a deadline. If no round is complete for too long, all quotes stop.
"""

# long: the stages of a round share their state, and each stage decides which stage comes next.

from __future__ import annotations

from enum import Enum
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, NEVER, SECOND, Duration, Instant, in_seconds
from mmbot.domain.wager import Matching, Status, WagerReport
from mmbot.domain.wager_states import State
from mmbot.engine.audit.doubts import Cause, Doubt, Figures, ours, theirs
from mmbot.engine.events import Answer, Failed, HistoryRead, WagerRead
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.reading.history import MOST_RANGES, HistoryPager, Query
from mmbot.engine.records import SaveCompared
from mmbot.engine.requests import ReadHistory, ReadWager, Request
from mmbot.engine.risk.guards import ACCOUNT, shown
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager, Wager

AUDIT_LAG: Final = 10 * SECOND
"""The longest expected lag of the exchange's history. An audit round ignores the absence of a wager that opened less
than this time before the round."""

LONGEST_ROUND: Final = 2 * MINUTE
"""The longest time that a round of the audit may take. A longer round is given up, and the next round begins."""

ROUNDS_WITHOUT: Final = 15
"""All quotes stop after this number of intervals (``audit.wagers_s``) without a complete audit round."""

SOON: Final = 5 * SECOND
"""The wait between the repair of a difference and the next round of the audit."""

AUDIT_PATIENCE: Final = 2 * SECOND
"""The longest time for which a read of the audit waits while quotes have precedence."""

MOST_LOOKUPS: Final = 100
"""The greatest number of wagers that one audit round looks up because no list confirms their matches or results."""

MISSES: Final = 3
"""The audit believes that the exchange does not know a wager after this number of such answers."""

UNKNOWN_AGAIN: Final = 5 * MINUTE
"""The wait before the audit reads a wager again that has matches in our records but is unknown to the exchange."""

KINDS: Final = ("wager", "match", "result", "absent", "missed", "money")
"""The kinds of difference that the audit counts."""


class AuditStage(Enum):
    """What the present round (one pass of the audit) is reading."""

    RESTING = "resting"
    WAGERS = "wagers"
    """The stage in which the audit round reads the open wagers."""
    CHANGES = "changes"
    """The stage in which the audit round reads the wagers that changed since the previous round that read changes."""


class Audit:
    """Compares wagers, matches and results with the exchange's history."""

    def __init__(self, shared: Shared, effects: AppliesReports, life: OrderOfLife, past: Instant, now: Instant) -> None:
        """Start before the first round. ``past`` is the instant up to which an earlier run compared all changes of
        wagers, or 0 if no earlier run did."""
        self._shared: Final = shared
        self._effects: Final = effects
        self._life: Final = life
        self._history: Final = HistoryPager(shared.clock, shared.pacer, shared.request_id, shared.note_endless)
        self.stage = AuditStage.RESTING
        self._quoting = False
        """True while the audit makes rounds, which is while the daemon quotes."""
        self._round_at = self._changes_at = self._began_at = self._fresh_at = now
        self._longest_round: Final[Duration] = round(LONGEST_ROUND * shared.settings.stretch)
        self._changes_from: Instant = now
        """The instant up to which all changes of wagers have been compared, and from which the next comparison
        starts."""
        self._compared_to = past
        self._shown: dict[str, None] = {}
        """The exchange's ids of the wagers in the present audit round's list of open wagers."""
        self._ranges = MOST_RANGES
        """The number of seven-day ranges of the history that the next audit round searches."""
        self._doubts: dict[str, Doubt] = {}
        self.unconfirmed: dict[str, Instant] = {}
        """The wagers with a match or a result that a message reported and no read has confirmed yet. The keys are the
        exchange's ids of the wagers. The values are the instants of the newest messages about a match or a result."""
        self._held: dict[tuple[str, LineKey | int], Instant] = {}
        self.completed_at: Instant | None = None
        """The instant at which the latest complete audit round began. None if no round was complete so far."""
        self.differences: dict[str, int] = dict.fromkeys(KINDS, 0)
        """The number of differences of each kind that the audit found."""

    # --- changes --------------------------------------------------------------------------------------------------

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a match or a result, remember the wager until a round that reads changes confirms the
        change. If a report names two wagers, read both of them."""
        kind, wager = change.kind, change.wager
        if kind is Kind.IDS_DIFFER:
            self.doubt(wager, Cause.DIFFERS, now)
        moved = kind is Kind.MATCHED or kind is Kind.SETTLED or kind is Kind.TAKEN_BACK
        if moved and wager.wager_id is not None:
            self.unconfirmed[wager.wager_id] = now

    def check_soon(self, since: Instant, now: Instant) -> None:
        """Make a round due now. This round compares all changes of wagers since the instant ``since``. This method is
        called when money moved and no known match or result explains the movement."""
        self._changes_from = min(self._changes_from, since)
        self._changes_at = now
        self._round_at = min(self._round_at, now)

    # --- requests -------------------------------------------------------------------------------------------------

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the audit will have a read to send. While the daemon does not quote, the result
        is ``NEVER``."""
        if self._life.step is not Step.READY:
            return NEVER
        at = self._history.due_at(now) if self.stage is not AuditStage.RESTING else self._round_at
        if self.stage is not AuditStage.RESTING:
            at = min(at, self._began_at + self._longest_round)
        for doubt in self._doubts.values():
            if not doubt.asking and doubt.look_at < at:
                at = doubt.look_at
        return at

    def next(self, now: Instant) -> Request | None:
        """Return the next read of the audit if it has waited so long that it takes precedence over quotes. Otherwise
        return None."""
        return self.when_idle(now) if self.due_at(now) + AUDIT_PATIENCE <= now else None

    def when_idle(self, now: Instant) -> Request | None:
        """Return the next read of the audit if one is due. Otherwise return None."""
        ready = self._life.step is Step.READY
        if ready is not self._quoting:
            self._start_over(ready, now)
        if not ready or self.due_at(now) > now:
            return None
        self._judge_time(now)
        request: Request | None = self._look_up(now)
        if request is None and self.stage is AuditStage.RESTING and now >= self._round_at:
            self._begin(now)
        if request is None and self.stage is not AuditStage.RESTING:
            request = self._history.next(now)
        if request is not None:
            self._shared.send(self, request, now)
        return request

    def _start_over(self, ready: bool, now: Instant) -> None:
        """Drop the round that was under way. The order of life (the steps from start to quoting) reads everything again
        before quoting starts."""
        self._quoting = ready
        self.stage = AuditStage.RESTING
        self._history.drop()
        self._doubts = {key: doubt for key, doubt in self._doubts.items() if doubt.misses >= MISSES}
        self._fresh_at = now
        self._round_at = now + self._shared.settings.audit_wagers
        self._changes_at = now + self._shared.settings.audit_money
        self._changes_from = min(now - self._shared.settings.audit_wagers, self._compared_to or now)

    def _judge_time(self, now: Instant) -> None:
        """Give up a round (one pass of the audit) that takes too long. If no round has been complete for too long, make
        the guard ``audit_late`` stop all quotes."""
        shared = self._shared
        if self.stage is not AuditStage.RESTING and now >= self._began_at + self._longest_round:
            shared.outbox.alert(Severity.WARNING, "audit.unfinished", stage=self.stage.value)
            self.stage = AuditStage.RESTING
            self._history.drop()
            self._round_at = now
        since = max(self._fresh_at, self.completed_at or 0)
        if now - since >= ROUNDS_WITHOUT * shared.settings.audit_wagers:
            minutes = (now - since) // MINUTE
            reason = f"the wagers were not compared with the exchange's history for {minutes} minutes"
            shared.hold("audit_late", ACCOUNT, reason, now)

    def _begin(self, now: Instant) -> None:
        self.stage = AuditStage.WAGERS
        self._began_at = now
        self._round_at = now + self._shared.settings.audit_wagers
        self._shown = {}
        self._history.drop()
        live = self._shared.ledger.all_live()
        oldest = min([wager.sent_at for wager in live], default=now)
        ranges = max(self._ranges, min(MOST_RANGES, self._history.ranges_since(oldest, now)))
        open_ = Status.OPEN.value
        # A wager only moves forward. So does the order of the reads, so that a later read shows what an earlier missed.
        for matching in (Matching.UNMATCHED, Matching.PARTIALLY_MATCHED):
            for ago in range(ranges):
                self._history.ask(Query(open_, matching.value, ranges_ago=ago))

    def _look_up(self, now: Instant) -> ReadWager | None:
        """Return a read of a doubtful wager if one is due. Otherwise return None."""
        for doubt in list(self._doubts.values()):
            if doubt.asking or doubt.look_at > now:
                continue
            if doubt.cause is Cause.OVERTAKEN:
                self._judge_overtaken(doubt, now)
                continue
            doubt.asking = True
            return ReadWager(self._shared.request_id(), doubt.wager_id)
        return None

    # --- answers --------------------------------------------------------------------------------------------------

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a read of the audit. The answer holds a page of the history, or one doubtful wager."""
        if isinstance(request, ReadWager):
            doubt = self._doubts.get(request.wager_id)
            if doubt is None:
                if isinstance(answer, WagerRead) and answer.report is not None:
                    self._effects.take_report(answer.report, sent_at, now)
                return
            doubt.asking = False
            if isinstance(answer, WagerRead) and answer.unread is not None:
                doubt.look_at = now + MINUTE  # it may be readable then
                self._effects.take_unread(answer.unread, sent_at, now)
            elif isinstance(answer, WagerRead):
                self._on_wager(doubt, answer.report, sent_at, now)
            elif isinstance(answer, Failed):
                doubt.look_at = max(now + SECOND, min(answer.retry_at or 0, now + MINUTE))
        elif isinstance(answer, HistoryRead):
            for report in answer.wagers:
                self.compare(report, sent_at, now)
            for unread in answer.unread:
                self._shown[unread.wager_id] = None
                self._effects.take_unread(unread, sent_at, now)
            if self._history.came(answer):
                self._history.take(answer, self._began_at - AUDIT_LAG, now)
                if self._history.idle and self.stage is not AuditStage.RESTING:
                    self._finish(now)
            self._effects.take_positions(now)
        elif isinstance(answer, Failed) and isinstance(request, ReadHistory):
            self._history.failed(answer, now)

    def compare(self, report: WagerReport, sent_at: Instant, now: Instant) -> None:
        """Apply a report from the history. If our figures of the wager still differ from the report after this, mark
        the wager as doubtful."""
        if report.resting:
            self._shown[report.wager_id] = None
        wager = self._shared.ledger.by_id(report.wager_id)
        before = None if wager is None else ours(wager)
        self._effects.take_report(report, sent_at, now)
        wager = self._shared.ledger.by_id(report.wager_id)
        if wager is None or wager.uncounted:
            return
        figures = ours(wager)
        if figures == theirs(report):
            if self.unconfirmed.get(report.wager_id, NEVER) < sent_at:
                del self.unconfirmed[report.wager_id]
            doubt = self._doubts.get(report.wager_id)
            if doubt is not None and doubt.cause is not Cause.OVERTAKEN and not doubt.asking and doubt.since < sent_at:
                del self._doubts[report.wager_id]
            if before is not None and before != figures:
                self.doubt(wager, Cause.OVERTAKEN, now)
        elif wager.heard_at < sent_at:
            self.doubt(wager, Cause.DIFFERS, now)

    def doubt(self, wager: Wager, cause: Cause, now: Instant) -> None:
        """Have a wager read after the grace period, because our figures of the wager may differ from the exchange's
        figures."""
        wager_id = wager.wager_id
        if wager_id is not None and wager_id not in self._doubts:
            self._doubts[wager_id] = Doubt(wager_id, cause, now, now + self._shared.settings.audit_grace)

    def _finish(self, now: Instant) -> None:
        """Finish a stage of the round after its final page. Mark each wager as doubtful that the pages should have
        shown and did not. If the round is complete, lift guards (reasons not to quote). Otherwise begin the next
        stage."""
        if self.stage is AuditStage.WAGERS:
            for wager in self._shared.ledger.all_live():
                shown_open = wager.state is State.OPEN or wager.state is State.CANCELLING
                settled = (wager.opened_at or now) < self._began_at - AUDIT_LAG
                if shown_open and settled and wager.wager_id not in self._shown:
                    self.doubt(wager, Cause.NOT_SHOWN, now)
            self._ranges = 1
            if now >= self._changes_at:
                self.stage = AuditStage.CHANGES
                self._changes_at = now + self._shared.settings.audit_money
                self._history.ask(Query(changed_since=self._changes_from))
                return
        else:
            self._compared_to = self._changes_from = self._began_at - AUDIT_LAG
            self._shared.outbox.record(SaveCompared(self._compared_to))
            self._doubt_unconfirmed(now)
        self.stage = AuditStage.RESTING
        self.completed_at = self._began_at
        self._shared.hold("audit_late", ACCOUNT, None, now)
        self._lift(now)

    def _doubt_unconfirmed(self, now: Instant) -> None:
        """If a message reported a match or a result of a wager, but the exchange's list of changes lacks the wager,
        mark the wager as doubtful."""
        overdue = [key for key, at in self.unconfirmed.items() if at < self._began_at - AUDIT_LAG]
        for wager_id in overdue[:MOST_LOOKUPS]:
            del self.unconfirmed[wager_id]
            wager = self._shared.ledger.by_id(wager_id)
            if wager is not None and not wager.uncounted:
                self.doubt(wager, Cause.UNCONFIRMED, now)

    # --- doubts ---------------------------------------------------------------------------------------------------

    def _on_wager(self, doubt: Doubt, report: WagerReport | None, sent_at: Instant, now: Instant) -> None:
        """Decide whether our figures of a doubtful wager really differ. ``report`` comes from a read of the wager after
        the grace period. If a message about the wager came too recently, plan another read of the wager."""
        ledger, grace = self._shared.ledger, self._shared.settings.audit_grace
        wager = ledger.by_id(doubt.wager_id)
        if wager is None:
            del self._doubts[doubt.wager_id]
            return
        if report is None:
            self._not_found(doubt, wager, now)
            return
        before = ours(wager)
        self._effects.take_report(report, sent_at, now)
        named = ledger.by_id(report.wager_id)
        if named is not wager:  # the id was another wager's
            if named is None:
                del self._doubts[doubt.wager_id]
                return
            wager, before = named, ours(named)
        found, right = ours(wager), theirs(report)
        if found != right and wager.heard_at + grace > sent_at:
            doubt.look_at = wager.heard_at + grace
            return
        del self._doubts[doubt.wager_id]
        if found != right:
            self._stop(wager, found, right, now)
            self._effects.apply(ledger.prove(report, now), now)
            self._round_at = min(self._round_at, now + SOON)
        elif before != found:
            self._missed(wager, before, found)

    def _not_found(self, doubt: Doubt, wager: Wager, now: Instant) -> None:
        """Handle the answer that the exchange does not know a wager. A single such answer proves nothing."""
        doubt.misses += 1
        doubt.look_at = now + self._shared.settings.audit_grace
        if doubt.misses < MISSES:
            return
        found = ours(wager)
        if doubt.misses == MISSES:
            self._stop(wager, found, None, now)
        if wager.matched:  # its money is somewhere: a person has to look
            self._effects.apply(self._shared.ledger.prove_absent(wager.external_id, now), now)
            doubt.look_at = now + UNKNOWN_AGAIN
            return
        del self._doubts[doubt.wager_id]
        self._effects.apply(self._shared.ledger.prove_absent(wager.external_id, now), now)
        self._round_at = min(self._round_at, now + SOON)

    def _judge_overtaken(self, doubt: Doubt, now: Instant) -> None:
        """Examine a change that a read reported before any message reported it. If no message has confirmed the change
        by the end of the grace period, count a lost message."""
        del self._doubts[doubt.wager_id]
        wager = self._shared.ledger.by_id(doubt.wager_id)
        if wager is not None and wager.heard_at < doubt.since:
            self._missed(wager, None, ours(wager))

    def _missed(self, wager: Wager, before: Figures | None, found: Figures) -> None:
        """Count and log a lost message. The ledger already contains the change that the message would have reported."""
        self.differences["missed"] += 1
        self._shared.outbox.alert(
            Severity.WARNING,
            "audit.missed",
            external_id=wager.external_id,
            ours=None if before is None else str(before),
            theirs=str(found),
        )

    def _stop(self, wager: Wager, found: Figures, right: Figures | None, now: Instant) -> None:
        """Stop quoting the line or sport event of a wager whose figures differ from the exchange's figures. Count the
        difference, and log both sets of figures."""
        kind = "absent"
        if right is not None:
            kind = "wager" if found.open != right.open else "match" if found.matched != right.matched else "result"
        self.differences[kind] += 1
        said = "it does not know the wager" if right is None else str(right)
        guard, scope = _place(wager)
        self._held[guard, scope] = now
        self._shared.outbox.alert(
            Severity.WARNING,
            "audit.difference",
            kind=kind,
            external_id=wager.external_id,
            wager_id=wager.wager_id,
            scope=shown(scope),
            ours=str(found),
            theirs=said,
        )
        reason = f"wager {wager.external_id}: mmbot counted {found}; the exchange says {said}"
        self._shared.hold(guard, scope, reason, now)

    def _lift(self, now: Instant) -> None:
        """Lift each guard (reason not to quote) of the audit that meets two conditions. The latest complete round began
        after the difference was found, and no wager on the line or sport event of the guard is doubtful."""
        doubted: dict[tuple[str, LineKey | int], None] = {}
        for doubt in self._doubts.values():
            wager = self._shared.ledger.by_id(doubt.wager_id)
            if wager is not None and doubt.cause is not Cause.OVERTAKEN:
                doubted[_place(wager)] = None
        for place, held_at in list(self._held.items()):
            if held_at < self._began_at and place not in doubted:
                del self._held[place]
                self._shared.hold(*place, None, now)

    # --- status ---------------------------------------------------------------------------------------------------

    def age_s(self, now: Instant) -> float | None:
        """Return the time since the latest complete round of the audit began, in seconds. The result is None if no
        round was complete so far."""
        return None if self.completed_at is None else in_seconds(now - self.completed_at)

    @property
    def grace(self) -> Duration:
        """How long a wager may stay doubtful before it is read again (``audit.grace_s``)."""
        return self._shared.settings.audit_grace


def _place(wager: Wager) -> tuple[str, LineKey | int]:
    """Return the guard (a reason not to quote) for a difference in a wager, and the line or sport event that the guard
    covers."""
    if isinstance(wager, LineWager):
        return "audit_wager", wager.line
    return "audit_market", wager.sport_event
