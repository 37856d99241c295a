"""Reads the exchange's wager history, one query after another and page by page. Time ranges are by the exchange's
clock.

The history is read at the start, and to prove that no wager is open. It is also read to learn what became of placements
of unknown outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace

from mmbot.domain.instant import DAY, MINUTE, NEVER, SECOND, Duration, Instant
from mmbot.domain.wager import Matching, Status
from mmbot.engine.events import Failed, Failure, HistoryRead
from mmbot.engine.requests import ReadHistory
from mmbot.engine.state.exchange_clock import ExchangeClock
from mmbot.engine.timing.limiter import Pacer

LONGEST_WAIT: Final = 10 * SECOND
"""The longest wait after a failed read of the history, even if the exchange's ``Retry-After`` is longer. A longer wait
would delay the proof that no wager is open."""

HISTORY_OVERLAP: Final = MINUTE
"""How much earlier than the wanted instant the time range of a query starts, because the exchange's clock may be behind
our clock."""

MOST_HISTORY_PAGES: Final = 1000
"""The greatest number of pages of one query of the history. If a query has more pages, the exchange's list of pages
probably never ends."""

LONGEST_QUERY: Final = 30 * MINUTE
"""The longest time that the pages of one query of the history may take."""

ENDLESS_PAUSE: Final = 10 * SECOND
"""If the pages of a query of the history do not end, the query starts again after this wait."""

CREATED_RANGE: Final = 7 * DAY - MINUTE
MOST_RANGES: Final = 4
"""The greatest number of ranges of the length ``CREATED_RANGE``, one before the other, in which open wagers are
searched: four weeks. It applies to the proof that no wager is open, to the audit and to the sweep."""

UPDATED_RANGE: Final = 2 * DAY - MINUTE
"""The longest time range of a query for changed wagers. It is a minute shorter than the exchange allows, because clocks
differ (docs/protocol.md 4.1)."""


class Query(NamedTuple):
    """One query of the history. A query reads wagers by the time at which they were created or changed."""

    status: str | None = None
    matching: str | None = None
    changed_since: Instant | None = None
    """The start of the query's time range, by our clock, if the query reads wagers by the time of their change. None if
    the query reads wagers by the time of their creation."""
    created_since: Instant | None = None
    """The start of the query's time range, by our clock, if the query reads wagers by the time of their creation. None
    if the time range has the full length ``CREATED_RANGE`` (a week less a minute)."""
    ranges_ago: int = 0
    """The number of the time range, if the query reads wagers by the time of their creation. Range 0 has the length
    ``CREATED_RANGE`` and ends now. Range 1 is the range before range 0, and so on."""


def open_queries(ranges: int) -> list[Query]:
    """Return the queries for all wagers that others could match, now or after the wager becomes active.

    The order is that of the states through which a wager passes. So a wager that changes its state between two queries
    is not missed. ``ranges`` is the number of time ranges that are searched for open wagers.
    """
    queries = [Query(Status.INACTIVE.value)]
    for ago in range(ranges):
        for matching in (Matching.UNMATCHED, Matching.PARTIALLY_MATCHED):
            queries.append(Query(Status.OPEN.value, matching.value, ranges_ago=ago))
    return queries


class HistoryPager:
    """Carries out queries of the wager history in the order in which they were added, one page at a time.

    The pages of a query are bounded in number and in time, and no cursor may come twice. If a query breaks one of these
    bounds, it starts again after ``ENDLESS_PAUSE``, because an incomplete read proves nothing.

    Args:
        number: a function that returns the id for a new request.
        endless: a function that is called with the reason if the pages of a query do not end.
    """

    def __init__(
        self, clock: ExchangeClock, pacer: Pacer, number: Callable[[], int], endless: Callable[[str], None]
    ) -> None:
        self._clock: Final = clock
        self._endless: Final = endless
        self._pacer: Final = pacer
        self._number: Final = number
        self._queries: list[Query] = []
        self._range: ReadHistory | None = None
        """The request for the first page of the current query, with its time range. None before the first page is
        requested."""
        self._cursor = ""
        """The cursor with which the next page of the history is requested."""
        self._cursors: dict[str, None] = {}
        """The cursors that the current query of the history has given so far."""
        self._began_at: Instant = 0
        """The instant at which the first page of the current query was requested."""
        self._request: int | None = None
        """The id of the request for the page that is still to come. None if no page is still to come, or if that page
        is no longer wanted."""
        self._not_before: Instant = 0
        self._complete_to: Instant | None = NEVER
        """The instant of the exchange's clock up to which all pages of the current query are complete. None if some
        page did not give such an instant."""
        self.synced: Instant = 0
        """The instant of the exchange's clock up to which its history was complete: the latest ``last_synced_at`` of
        all pages. Pages that came before the latest call of ``drop`` do not count."""

    @property
    def idle(self) -> bool:
        """Return true if no query is left and no requested page is still to come."""
        return not self._queries and self._request is None

    @property
    def under_way(self) -> bool:
        """Return true if a requested page is still to come and still wanted."""
        return self._request is not None

    # --- queries --------------------------------------------------------------------------------------------------

    def ask(self, *queries: Query) -> None:
        """Add queries to the end of the list."""
        self._queries += queries

    def drop(self) -> None:
        """Drop all queries, and no longer wait for the page that is still to come."""
        self._queries = []
        self._request = None
        self.synced = 0
        self._rewind()

    def read_again(self, now: Instant) -> None:
        """Read the current query again from its first page, after at least a second."""
        self._rewind()
        self._not_before = now + SECOND

    def _rewind(self) -> None:
        self._from_first_page()
        self._complete_to = NEVER

    def _from_first_page(self) -> None:
        self._range = None
        self._cursor = ""
        self._cursors = {}

    def _range_of(self, query: Query, now: Instant) -> ReadHistory:
        """Return the request for a query, with its time range. The range starts early enough even if our clock was
        corrected after the start of the range was recorded."""
        clock = self._clock
        there = clock.time_of(now)
        if query.changed_since is not None:
            since = min(query.changed_since, clock.schedule(query.changed_since)) - HISTORY_OVERLAP
            return ReadHistory(0, updated_from=max(since, there - UPDATED_RANGE), updated_to=there + MINUTE)
        end = there - query.ranges_ago * CREATED_RANGE
        start = end - CREATED_RANGE
        if query.created_since is not None:
            start = max(min(query.created_since, clock.schedule(query.created_since)) - HISTORY_OVERLAP, start)
        return ReadHistory(0, created_from=start, created_to=end + MINUTE, status=query.status, matching=query.matching)

    def reaches_change(self, instant: Instant, now: Instant) -> bool:
        """Return whether a query that begins now can read all wagers that changed since an instant of our clock."""
        since = min(instant, self._clock.schedule(instant)) - HISTORY_OVERLAP
        return since >= self._clock.time_of(now) - UPDATED_RANGE

    def ranges_since(self, instant: Instant, now: Instant) -> int:
        """Return how many ranges of the length ``CREATED_RANGE`` are needed to reach back to an instant of our
        clock."""
        clock = self._clock
        since = min(instant, clock.schedule(instant)) - HISTORY_OVERLAP
        return 1 + max(0, clock.time_of(now) - since) // CREATED_RANGE

    # --- requests -------------------------------------------------------------------------------------------------

    def next(self, now: Instant) -> ReadHistory | None:
        """Return the request for the next page if it is due. Otherwise return None."""
        if now < self.due_at(now):
            return None
        if self._range is None:
            self._range = self._range_of(self._queries[0], now)
            self._began_at = now
        request = replace(self._range, id=self._number(), cursor=self._cursor)
        self._request = request.id
        self._pacer.take("history", now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next page is due. If no query is left, or a requested page is still to come,
        the result is ``NEVER``."""
        return self.ready_at(now) if self._queries and self._request is None else NEVER

    def ready_at(self, now: Instant) -> Instant:
        """Return the earliest instant at which a page may be read."""
        return max(self._not_before, self._pacer.ready_at("history", now))

    # --- answers --------------------------------------------------------------------------------------------------

    def failed(self, answer: Failed, now: Instant) -> None:
        """Record that the read of a page failed. If the page is still wanted, it is read again later. If the exchange
        rejected the cursor, the query starts again from its first page."""
        if answer.request == self._request:
            self._request = None
            if self._cursor and answer.failure in (Failure.REJECTED, Failure.BUG):
                self._rewind()
            self._not_before = max(now + SECOND, min(answer.retry_at or 0, now + LONGEST_WAIT))

    def came(self, answer: HistoryRead) -> bool:
        """Return whether a page that came is still wanted. If the page is wanted, the caller must call ``take``,
        ``turn`` or ``drop`` next."""
        if answer.request != self._request:
            return False
        self._request = None
        return True

    def turn(self, answer: HistoryRead, now: Instant) -> bool:
        """Record a page, and go on to the next page of the query. Return True if this page ends the query. If the pages
        do not end, the query starts again later."""
        clock, synced, asked = self._clock, answer.last_synced_at, self._range
        clock.note_date(answer.date, now)
        if synced is None or not clock.note_history(synced, now):
            self._complete_to = None
        elif self._complete_to is not None and asked is not None:
            self.synced = max(self.synced, synced)
            ends = NEVER if self._queries[0].ranges_ago else end_of(asked)
            self._complete_to = min(self._complete_to, synced, ends)
        cursor = answer.next_cursor
        if cursor and (why := self._endless_because(cursor, now)) is not None:
            self._endless(why)
            self._rewind()
            self._not_before = now + ENDLESS_PAUSE
            return False
        self._cursor = cursor
        return not cursor

    def _endless_because(self, cursor: str, now: Instant) -> str | None:
        """After a query gave one more cursor, return the reason why the query seems to have no end. The result is None
        if the query may still end."""
        if cursor in self._cursors:
            return "a cursor came twice"
        self._cursors[cursor] = None
        if len(self._cursors) >= MOST_HISTORY_PAGES:
            return f"more than {MOST_HISTORY_PAGES} pages"
        if now - self._began_at > LONGEST_QUERY:
            return f"the pages took longer than {LONGEST_QUERY // MINUTE} minutes"
        return None

    def next_query(self) -> bool:
        """After a query has ended, go on to the next query. Return False if no query is left. ``holds_all`` judges the
        pages of the ended query and of the next query together."""
        self._queries.pop(0)
        self._from_first_page()
        return bool(self._queries)

    def holds_all(self, instant: Instant) -> bool:
        """Return whether the pages of the current query are complete beyond an instant of our clock."""
        return self._complete_to is not None and self._clock.time_of(instant) < self._complete_to

    def take(self, answer: HistoryRead, after: Instant, now: Instant) -> bool:
        """Record a page, and go on to the next page or the next query.

        If the page is not complete up to ``after`` (an instant of our clock), or is older than an earlier page, its
        query starts again a second later. This is so if the exchange's history lags, or if a clock was behind, so that
        the time range ended too early.

        Returns:
            True if the page counts. False if the query of the page starts again.
        """
        before = self.synced
        last = self.turn(answer, now)
        if self._range is None:  # the pages did not end
            return False
        if not self.holds_all(after) or answer.last_synced_at is None or answer.last_synced_at < before:
            self.read_again(now)
            return False
        if last:
            self._queries.pop(0)
            self._rewind()
        return True

    def behind(self, answer: HistoryRead, now: Instant) -> Duration:
        """Return how far a page of the history was behind the exchange's clock. The result is 0 if the page gave no
        ``last_synced_at``."""
        return 0 if answer.last_synced_at is None else self._clock.time_of(now) - answer.last_synced_at


def end_of(asked: ReadHistory) -> Instant:
    """Return the end of the time range in a request. The result is ``NEVER`` if the request has no time range."""
    end = asked.created_to if asked.updated_to is None else asked.updated_to
    return NEVER if end is None else end
