"""What the order of life reads of the wager history: query by query, page by page, until each is complete."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from mmbot.domain.instant import DAY, MINUTE, SECOND, Instant
from mmbot.engine.desk import Desk
from mmbot.engine.events import Failed, HistoryRead
from mmbot.engine.requests import ReadHistory

LONGEST_WAIT: Final = 10 * SECOND
"""A read that a 429 refused is made again after this at the latest: a nonsensical hint must not end a proof."""

OVERLAP: Final = MINUTE
"""How much earlier than an instant what changed since is read."""

RESTING: Final = ("inactive", "open")
"""The statuses that are read to prove it flat. ``open`` lists what awaits its result too; that does not rest.
``inactive`` comes first: what opens between the two reads is then in the second."""

CREATED_RANGE: Final = 7 * DAY - MINUTE
UPDATED_RANGE: Final = 2 * DAY - MINUTE
"""The exchange's longest ranges, less a margin for the clocks (PROTOCOL 4.1)."""


class History:
    """Queries, in the order in which they were asked for. Every range is by the exchange's clock."""

    def __init__(self, desk: Desk) -> None:
        self._desk: Final = desk
        self._queries: list[ReadHistory] = []
        self._cursor = ""
        """Of the next page of the first query."""
        self._request: int | None = None
        self._not_before: Instant = 0

    @property
    def idle(self) -> bool:
        """Nothing is wanted and nothing is under way."""
        return not self._queries and self._request is None

    # --- what is wanted -------------------------------------------------------------------------------------------

    def drop(self) -> None:
        """Nothing is wanted any more; an answer that is still under way is nobody's."""
        self._queries = []
        self._cursor = ""
        self._request = None

    def resting(self, now: Instant) -> None:
        """Ask for nothing but all that could rest."""
        self.drop()
        there = self._desk.exchange_time(now)
        for status in RESTING:
            self._ask(ReadHistory(0, created_from=there - CREATED_RANGE, created_to=there + MINUTE, status=status))

    def created(self, now: Instant) -> None:
        """Ask for all that was placed within the longest range."""
        there = self._desk.exchange_time(now)
        self._ask(ReadHistory(0, created_from=there - CREATED_RANGE, created_to=there + MINUTE))

    def changed(self, since: Instant, now: Instant) -> None:
        """Ask for what changed since an instant. The exchange's clock may have been behind ours by ``OVERLAP``, and
        ours may have been put right since."""
        there = self._desk.exchange_time(now)
        updated_from = max(min(since, self._desk.schedule(since)) - OVERLAP, there - UPDATED_RANGE)
        self._ask(ReadHistory(0, updated_from=updated_from, updated_to=there + MINUTE))

    def _ask(self, query: ReadHistory) -> None:
        self._queries.append(query)

    # --- what is sent ---------------------------------------------------------------------------------------------

    def next(self, now: Instant) -> ReadHistory | None:
        """The next page, if one is wanted, none is under way, and it may be read now."""
        ready_at = self.wake_at(now)
        if ready_at is None or now < ready_at:
            return None
        request = replace(self._queries[0], id=self._desk.request_id(), cursor=self._cursor)
        self._request = request.id
        self._desk.pacer.take("history", now)
        return request

    def wake_at(self, now: Instant) -> Instant | None:
        """When ``next`` has something to send."""
        if self._request is not None or not self._queries:
            return None
        return max(self._not_before, self._desk.pacer.ready_at("history", now))

    # --- answers --------------------------------------------------------------------------------------------------

    def on_failed(self, answer: Failed, now: Instant) -> bool:
        """A page could not be read: ask for it again. True if it was ours."""
        if answer.request != self._request:
            return False
        self._request = None
        self._not_before = max(now + SECOND, min(answer.retry_at or 0, now + LONGEST_WAIT))
        return True

    def came(self, answer: HistoryRead) -> bool:
        """Whether a page is ours. It is then to be given to ``take``, or all is dropped."""
        if answer.request != self._request:
            return False
        self._request = None
        return True

    def take(self, answer: HistoryRead, after: Instant, now: Instant) -> None:
        """Go on to the next page, or to the next query. A page that is not complete past ``after`` begins its query
        again in a while."""
        synced = answer.last_synced_at
        if synced is not None:
            self._desk.note_exchange_time(synced, now)
        if synced is None or synced <= self._desk.exchange_time(after):
            self._cursor = ""
            self._not_before = now + SECOND
            return
        self._cursor = answer.next_cursor
        if not self._cursor:
            self._queries.pop(0)
