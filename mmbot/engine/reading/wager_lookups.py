"""Looks up single wagers by their ids."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from mmbot.domain.instant import NEVER, SECOND, Instant
from mmbot.domain.wager import Matching, Status, WagerReport
from mmbot.domain.wager_states import State
from mmbot.engine.events import Answer, Failed, WagerRead
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports, HearsOfWagers, Reconnects
from mmbot.engine.requests import ReadWager, Request
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step
from mmbot.engine.wagers.wager import Wager

_ENDED: Final = (Status.CANCELED, Status.INVALID, Status.WIPED)


class WagerLookups:
    """Looks up the wagers in ``Shared.lookups`` (the wagers that have to be read from the exchange). Each wager is
    looked up with its own request."""

    def __init__(self, shared: Shared, effects: AppliesReports, life: HearsOfWagers, feed: Reconnects) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._life: Final = life
        self._feed: Final = feed
        self._not_before: Instant = 0

    def _next_id(self) -> str | None:
        """Return the id of the next wager to look up. A wager whose look-up has no answer yet is passed over. The
        result is None if no wager is left."""
        shared = self._shared
        if not shared.lookups:
            return None
        asked = {sent.request.wager_id for sent in shared.in_flight.values() if isinstance(sent.request, ReadWager)}
        for wager_id in shared.lookups:
            if wager_id not in asked:
                return wager_id
        return None

    def next(self, now: Instant) -> Request | None:
        """Return the next look-up if it may be sent now. Otherwise return None."""
        if now < self._not_before or (wager_id := self._next_id()) is None:
            return None
        request = ReadWager(self._shared.request_id(), wager_id)
        self._shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next look-up is due. The result is ``NEVER`` if there is nothing to look
        up."""
        return NEVER if self._next_id() is None else self._not_before

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply the exchange's report on a wager. If the look-up failed, repeat it later."""
        if not isinstance(request, ReadWager):
            return
        if isinstance(answer, Failed):
            self._not_before = max(now + SECOND, answer.retry_at or 0)
        elif isinstance(answer, WagerRead):
            self._on_wager(request.wager_id, sent_at, answer, now)

    def _on_wager(self, wager_id: str, sent_at: Instant, answer: WagerRead, now: Instant) -> None:
        shared = self._shared
        why = shared.lookups.pop(wager_id, "")
        if answer.unread is not None:
            self._life.saw((answer.unread.at_worst(),))
            self._effects.take_unread(answer.unread, sent_at, now)
            return
        if answer.report is None:
            shared.outbox.alert(Severity.ERROR, "wager.not_found", wager_id=wager_id, why=why)
            return
        self._life.saw((answer.report,))
        wager = shared.ledger.by_id(wager_id)
        was_inactive = wager is not None and wager.state is State.INACTIVE
        report = answer.report
        if wager is not None and self._unconfirmed_end(wager, report):
            shared.outbox.alert(
                Severity.WARNING,
                "wager.end_unconfirmed",
                external_id=wager.external_id,
                wager_id=wager_id,
                status=report.status.value,
                why=why,
            )
            report = replace(report, status=Status.OPEN)  # its matches count in any case
        self._effects.take_report(report, sent_at, now)
        if was_inactive and wager is not None and wager.state is not State.INACTIVE and why == "not activated":
            self._feed.reconnect("an activation was not reported", now)

    def _unconfirmed_end(self, wager: Wager, report: WagerReport) -> bool:
        """Return true if a look-up alone says that a wager ended that we count as open and did not cancel.

        Such an answer may be false, so the wager goes on counting. The next round of the audit (``audit.wagers_s``)
        reads the list of open wagers. If the list lacks the wager too, the audit takes over its end. While the daemon
        does not quote, the audit makes no rounds, so then a look-up is enough.
        """
        return (
            self._life.step is Step.READY
            and report.status in _ENDED
            and report.matching is not Matching.FULLY_MATCHED
            and report.external_id == wager.external_id
            and wager.state is State.OPEN
            and wager.cancel_sent_at is None
        )
