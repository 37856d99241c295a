"""Cancels single wagers, in batches of up to 20 wagers from any markets. Each cancel is repeated until the exchange
confirms the cancel."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.domain.wager_states import State
from mmbot.engine.events import Answer, Cancelled, CancelledAll, Failed, FailedItem, Failure, FailureReason
from mmbot.engine.owners import AppliesReports
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.requests import BATCH, Cancellation, CancelMany, CancelSportEvent, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change, Changes
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.ledger import Wager

CANCEL_RETRY: Final = 300 * MILLISECOND
"""The wait before the next try, if a cancel failed because the wager was being placed or matched (docs/protocol.md
6.4)."""

CANCEL_PATIENCE: Final = SECOND
"""The longest time that a cancel waits for its wager to open."""

CONFIRM: Final = 2 * SECOND
"""The longest wait for a private message that confirms an accepted cancel. After this time, the cancel is tried again
or the wager is read."""

CANCELLABLE: Final = (State.INACTIVE, State.OPEN, State.CANCELLING)
"""The states of a wager that the exchange knows and that could still be matched."""

OVER: Final = (FailureReason.NOTHING_LEFT, FailureReason.NOT_FOUND)
"""The reasons for a rejected cancel after which the wager is read from the exchange, to learn its state."""


class Cancelling:
    """Cancels single wagers, in batches."""

    def __init__(self, shared: Shared, effects: AppliesReports, quoting: Quoting) -> None:
        self._shared = shared
        self._effects = effects
        self._quoting: Final = quoting
        self.ready: Final[dict[str, None]] = {}
        """The ``external_id`` of each wager whose cancel may be sent now, in the sequence in which the cancels were
        requested."""
        self._waiting: dict[str, None] = {}
        self._asked: dict[str, None] = {}
        """The ``external_id`` of each wager that is to be read, or has been read, because its latest cancel was not
        confirmed."""
        self.sent = 0

    @property
    def full(self) -> bool:
        """True if the cancels that may be sent now fill a whole batch."""
        return len(self.ready) >= BATCH

    def changed(self, change: Change, now: Instant) -> None:
        """Note that a wager opened or ended. If the wager should not be open, cancel it."""
        wager, kind = change.wager, change.kind
        if kind is Kind.OPENED:
            self.opened(wager.external_id)
        elif kind is Kind.ENDED:
            self.keep(wager.external_id)
        elif kind is Kind.REVIVED:
            self.want(wager)
        elif kind is Kind.FOREIGN and self._shared.settings.exclusive:
            self.want(wager)  # nobody else may use this account

    def collect(self) -> None:
        """Take over from ``Quoting`` which wagers to keep and which wagers to cancel."""
        compared = self._quoting.compared
        for comparison in compared:
            for external_id in comparison.keep:
                self.keep(external_id)
            for external_id in comparison.cancel:
                wager = self._shared.ledger.get(external_id)
                if wager is not None:
                    self.want(wager)
        compared.clear()

    def want(self, wager: Wager) -> None:
        """Request the cancel of a wager.

        The exchange rejects the cancel of a wager that is not open yet (409). So the cancel waits until the wager is
        open, but no longer than a second.
        """
        key = wager.external_id
        if wager.state is State.CANCELLING or key in self.ready or key in self._waiting:
            return
        if wager.state is State.OPEN:
            self.ready[key] = None
        else:
            self._waiting[key] = None
            if wager.wager_id is not None:
                self._shared.timers.set(Due.CANCEL, key, (wager.accepted_at or wager.sent_at) + CANCEL_PATIENCE)

    def keep(self, external_id: str) -> None:
        """Withdraw the cancel of a wager, if the cancel was not sent yet."""
        self.ready.pop(external_id, None)
        self._waiting.pop(external_id, None)

    def opened(self, external_id: str) -> None:
        """Note that a wager is open, so that its cancel may be sent."""
        if external_id in self._waiting:
            del self._waiting[external_id]
            self.ready[external_id] = None

    def identified(self, external_id: str, now: Instant) -> None:
        """Note that the exchange's id of a wager is known. If a cancel is waiting for the wager to open, the cancel
        waits at most ``CANCEL_PATIENCE`` (1 s) from now on."""
        if external_id in self._waiting:
            self._shared.timers.set(Due.CANCEL, external_id, now + CANCEL_PATIENCE)

    def next(self, now: Instant) -> Request | None:
        """Return the next cancel request, for a batch of wagers or for all wagers of a sport event. If no cancel may be
        sent, return None.

        All wagers of a sport event are cancelled with one request if a guard (a reason not to quote) of the sport event
        holds, and its wagers do not fit in one batch. This is done only if the bot alone uses the account (setting
        ``account: exclusive``).
        """
        shared = self._shared
        batch: list[Wager] = []
        by_sport_event: dict[int, int] = {}
        items: list[Cancellation] = []
        many = len(self.ready) > BATCH
        for external_id in list(self.ready):
            wager = shared.ledger.get(external_id)
            if wager is None or not wager.remaining or wager.wager_id is None:
                del self.ready[external_id]
                continue
            if many:
                sport_event = wager.sport_event
                count = by_sport_event[sport_event] = by_sport_event.get(sport_event, 0) + 1
                if count > BATCH and shared.settings.exclusive and shared.guards.any(sport_event):
                    return self._whole_sport_event(sport_event, now)
            if len(batch) < BATCH:
                batch.append(wager)
                named = external_id if external_id != wager.wager_id else ""
                items.append(Cancellation(wager.wager_id, named))
            elif not shared.guards.any(wager.sport_event):
                break
        if not batch:
            return None
        for wager in batch:
            self._note_sent(wager, now)
        request = CancelMany(shared.request_id(), tuple(items))
        shared.send(self, request, now)
        return request

    def _whole_sport_event(self, sport_event: int, now: Instant) -> Request:
        shared = self._shared
        for external_id in list(self.ready):
            wager = shared.ledger.get(external_id)
            if wager is not None and wager.sport_event == sport_event:
                self._note_sent(wager, now)
        request = CancelSportEvent(shared.request_id(), sport_event)
        shared.send(self, request, now)
        return request

    def _note_sent(self, wager: Wager, now: Instant) -> None:
        del self.ready[wager.external_id]
        self._asked.pop(wager.external_id, None)
        self._shared.ledger.cancel_sent(wager.external_id, now)
        self._shared.timers.set(Due.CANCEL, wager.external_id, now + CONFIRM + self._shared.settings.print_match)
        self.sent += 1

    def cancelled_elsewhere(self, sport_event: int, now: Instant) -> None:
        """Note that something outside the engine sent cancels for our wagers on a sport event. Look up each of these
        wagers.

        The engine does not know of any answer to these cancels. If a wager is still open, it is cancelled again.
        """
        shared = self._shared
        for wager in shared.ledger.all_live():
            if wager.sport_event != sport_event or wager.foreign:
                continue
            if wager.wager_id is None or wager.state not in CANCELLABLE:
                continue  # placements that are not known to the exchange yet are resolved elsewhere
            self.ready.pop(wager.external_id, None)
            self._waiting.pop(wager.external_id, None)
            shared.ledger.cancel_sent(wager.external_id, now)
            shared.lookups[wager.wager_id] = "its strategy was slow"
            shared.timers.set(Due.CANCEL, wager.external_id, now + CANCEL_PATIENCE)

    # --- answers --------------------------------------------------------------------------------------------------

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a cancel."""
        if not isinstance(request, CancelMany | CancelSportEvent):
            return
        if isinstance(answer, Failed):
            self._effects.apply(self._on_failed(request, answer, now), now)
        elif isinstance(answer, Cancelled) and isinstance(request, CancelMany):
            self._effects.apply(self._on_many(request, answer, now), now)
        elif isinstance(answer, CancelledAll) and isinstance(request, CancelSportEvent):
            self._on_sport_event(request, now)

    def _on_many(self, request: CancelMany, answer: Cancelled, now: Instant) -> Changes:
        """Take the answer to a batch of cancels. Each item is accepted, rejected or missing. If an item is missing, it
        is unknown whether the wager was cancelled, and the cancel is tried again."""
        changes: Changes = ()
        failed = {item.external_id: item for item in answer.failed}
        accepted = dict.fromkeys(answer.accepted)
        for item in request.items:
            key = item.key
            if key in accepted:
                changes += self._shared.ledger.cancel_accepted(key, now)
            elif key in failed:
                changes += self._rejected(key, failed[key], now)
            else:
                changes += self._lost(key, now)
        return changes

    def _on_sport_event(self, request: CancelSportEvent, now: Instant) -> None:
        """Wait for a private message about each cancelled wager of a sport event. If no message about a wager comes,
        send a single cancel for this wager."""
        for wager in self._shared.ledger.all_live():
            if wager.sport_event == request.sport_event and wager.state is State.CANCELLING:
                self._shared.timers.set(Due.CANCEL, wager.external_id, now + CONFIRM)

    def _on_failed(self, request: CancelMany | CancelSportEvent, answer: Failed, now: Instant) -> Changes:
        """Take the failure of a whole cancel request. Each cancel in the request was rejected, or its result is
        unknown."""
        changes: Changes = ()
        if isinstance(request, CancelMany):
            for item in request.items:
                if answer.failure is Failure.UNKNOWN:
                    changes += self._lost(item.key, now)
                else:
                    changes += self._rejected(item.key, answer, now)
            return changes
        for wager in self._shared.ledger.all_live():
            if wager.sport_event == request.sport_event and wager.state is State.CANCELLING:
                changes += self._lost(wager.external_id, now)
        return changes

    def again(self, external_id: str, now: Instant) -> None:
        """After a pause, cancel a wager again if it could still match.

        Read the wager from the exchange first, if an earlier cancel was accepted, or after more than two tries. If this
        read shows that the wager is over, no cancel is sent.
        """
        wager = self._shared.ledger.get(external_id)
        if wager is None or not wager.remaining or wager.wager_id is None:
            self._asked.pop(external_id, None)
            return
        doubtful = wager.cancel_accepted_at is not None or wager.cancel_tries > 2
        if doubtful and external_id not in self._asked:
            self._asked[external_id] = None
            self._shared.lookups[wager.wager_id] = "cancel not confirmed"
            self._shared.timers.set(Due.CANCEL, external_id, now + CONFIRM)
        elif wager.cancel_sent_at is not None or external_id in self._waiting:
            self._waiting.pop(external_id, None)
            self.ready[external_id] = None

    def _rejected(self, external_id: str, why: FailedItem | Failed, now: Instant) -> Changes:
        wager = self._shared.ledger.get(external_id)
        if wager is None:
            return ()
        if why.reason in OVER and wager.wager_id is not None:
            self._shared.lookups[wager.wager_id] = why.code
        self._shared.timers.set(
            Due.CANCEL, external_id, now + (CANCEL_RETRY if why.failure is Failure.RETRYABLE else CONFIRM)
        )
        return self._shared.ledger.cancel_rejected(external_id, why.reason, now)

    def _lost(self, external_id: str, now: Instant) -> Changes:
        if self._shared.ledger.get(external_id) is None:
            return ()
        self._shared.timers.set(Due.CANCEL, external_id, now + CANCEL_RETRY)
        return self._shared.ledger.cancel_lost(external_id, now)
