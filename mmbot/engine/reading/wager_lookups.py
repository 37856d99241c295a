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

QUICK_LOOKUPS: Final = 3
"""An id that the exchange does not know is looked up this number of times without a pause."""

SLOWEST: Final = 8 * SECOND
"""The longest pause before an id is looked up again that the exchange did not know."""

MOST_UNKNOWN: Final = 1_000
"""The greatest number of ids that mmbot remembers because the exchange does not know them."""

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
        self._unknown: dict[str, tuple[int, Instant]] = {}
        """The ids that the exchange does not know. The values are the number of such answers, and the instant before
        which the id is not looked up again."""

    def _next_id(self) -> tuple[str, Instant] | None:
        """Return the id of the next wager to look up, and the instant at which this may be done. A wager whose look-up
        has no answer yet is passed over. The result is None if no wager is left."""
        shared = self._shared
        if not shared.lookups:
            return None
        asked = {sent.request.wager_id for sent in shared.in_flight.values() if isinstance(sent.request, ReadWager)}
        best: tuple[str, Instant] | None = None
        for wager_id in shared.lookups:
            if wager_id in asked:
                continue
            _, at = self._unknown.get(wager_id, (0, 0))
            if at <= self._not_before:
                return wager_id, self._not_before
            if best is None or at < best[1]:
                best = wager_id, at
        return best

    def _note_unknown(self, wager_id: str, now: Instant) -> None:
        """Note that the exchange does not know an id. After several such answers, each next look-up waits longer."""
        count = self._unknown.pop(wager_id, (0, 0))[0] + 1
        wait = 0 if count < QUICK_LOOKUPS else min(SLOWEST, SECOND << min(8, count - QUICK_LOOKUPS))
        self._unknown[wager_id] = count, now + wait if wait else 0
        if len(self._unknown) > MOST_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]

    def next(self, now: Instant) -> Request | None:
        """Return the next look-up if it may be sent now. Otherwise return None."""
        found = self._next_id()
        if found is None or now < found[1]:
            return None
        wager_id = found[0]
        request = ReadWager(self._shared.request_id(), wager_id)
        self._shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next look-up is due. The result is ``NEVER`` if there is nothing to look
        up."""
        found = self._next_id()
        return NEVER if found is None else found[1]

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
        if answer.report is None and answer.unread is None:
            self._note_unknown(wager_id, now)
        else:
            self._unknown.pop(wager_id, None)
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
            and not wager.hedge  # the exchange itself cancels what is left of a fill-or-kill wager
        )
