"""What the order of life reads of the wager history: query by query, page by page, until each is complete."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from mmbot.domain.instant import DAY, MINUTE, SECOND, Instant, in_seconds
from mmbot.engine.events import Failed, HistoryRead
from mmbot.engine.requests import Level, ReadHistory
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import BELIEVED, Shared

LONGEST_WAIT: Final = 10 * SECOND
"""A read that a 429 refused is made again after this at the latest: a nonsensical hint must not end a proof."""

OVERLAP: Final = MINUTE
"""How much earlier than an instant what changed since is read."""

RESTING: Final = ("inactive", "open")
"""The statuses that are read to prove it flat. ``open`` lists what awaits its result too; that does not rest.
``inactive`` comes first: what opens between the two reads is then in the second."""

LATE: Final = MINUTE
"""A history that is further behind our clock is worth a warning, this often: it lags, or our clock is ahead."""

LATER: Final[Instant] = 1 << 63
"""Later than any instant."""

CREATED_RANGE: Final = 7 * DAY - MINUTE
UPDATED_RANGE: Final = 2 * DAY - MINUTE
"""The exchange's longest ranges, less a margin for the clocks (PROTOCOL 4.1)."""


class _Query(NamedTuple):
    """What is to be read: by creation as far back as may be, or by change."""

    status: str | None = None
    since: Instant | None = None
    """What changed since; None: by creation."""


class History:
    """Queries, in the order in which they were asked for. Every range is by the exchange's clock."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._queries: list[_Query] = []
        self._range: ReadHistory | None = None
        """The first query as its first page was asked for; None before that."""
        self._cursor = ""
        """Of the next page."""
        self._request: int | None = None
        """The page under way; None if there is none, or if its answer is no longer wanted."""
        self._not_before: Instant = 0
        self._told_at: Instant = 0

    @property
    def idle(self) -> bool:
        """Nothing is wanted and nothing is under way."""
        return not self._queries and self._request is None

    # --- what is wanted -------------------------------------------------------------------------------------------

    def drop(self) -> None:
        """Nothing is wanted any more; an answer that is still under way is nobody's."""
        self._queries = []
        self._range = None
        self._cursor = ""
        self._request = None

    def resting(self) -> None:
        """Ask for nothing but all that could rest."""
        self.drop()
        self._queries += [_Query(status=status) for status in RESTING]

    def created(self) -> None:
        """Ask for all that was placed within the longest range."""
        self._queries.append(_Query())

    def changed(self, since: Instant) -> None:
        """Ask for what changed since an instant."""
        self._queries.append(_Query(since=since))

    def _range_of(self, query: _Query, now: Instant) -> ReadHistory:
        """A query with its range as of now. The exchange's clock may have been behind ours by ``OVERLAP``, and ours may
        have been put right since."""
        there = self._shared.exchange_time(now)
        if query.since is None:
            start = there - CREATED_RANGE
            return ReadHistory(0, created_from=start, created_to=there + MINUTE, status=query.status)
        since = min(query.since, self._shared.schedule(query.since)) - OVERLAP
        return ReadHistory(0, updated_from=max(since, there - UPDATED_RANGE), updated_to=there + MINUTE)

    # --- what is sent ---------------------------------------------------------------------------------------------

    def next(self, now: Instant) -> ReadHistory | None:
        """The next page, if one is wanted, none is under way, and it may be read now."""
        ready_at = self.wake_at(now)
        if ready_at is None or now < ready_at:
            return None
        if self._range is None:
            self._range = self._range_of(self._queries[0], now)
        request = replace(self._range, id=self._shared.request_id(), cursor=self._cursor)
        self._request = request.id
        self._shared.pacer.take("history", now)
        return request

    def wake_at(self, now: Instant) -> Instant | None:
        """When ``next`` has something to send."""
        if self._request is not None or not self._queries:
            return None
        return max(self._not_before, self._shared.pacer.ready_at("history", now))

    # --- answers --------------------------------------------------------------------------------------------------

    def on_failed(self, answer: Failed, now: Instant) -> None:
        """A page could not be read: ask for it again, unless it is no longer wanted."""
        if answer.request == self._request:
            self._request = None
            self._not_before = max(now + SECOND, min(answer.retry_at or 0, now + LONGEST_WAIT))

    def came(self, answer: HistoryRead) -> bool:
        """Whether a page is still wanted. It is then to be given to ``take``, or all is dropped."""
        if answer.request != self._request:
            return False
        self._request = None
        return True

    def take(self, answer: HistoryRead, after: Instant, now: Instant) -> None:
        """Go on to the next page, or to the next query. A page that need not hold all up to ``after`` begins its query
        again in a while: it is not complete so far, or its range ended before that, by a clock that was behind."""
        synced, asked = answer.last_synced_at, self._range
        holds_all = synced is not None and asked is not None and note_clock(synced, self._shared, now)
        if holds_all and synced is not None and asked is not None:
            holds_all = self._shared.exchange_time(after) < min(synced, end_of(asked))
        if not holds_all:
            self._tell(synced, now)
            self._range = None
            self._cursor = ""
            self._not_before = now + SECOND
            return
        self._cursor = answer.next_cursor
        if not self._cursor:
            self._queries.pop(0)
            self._range = None

    def _tell(self, synced: Instant | None, now: Instant) -> None:
        """Say, once in a while, that a proof waits because the history is far behind our clock."""
        behind = 0 if synced is None else self._shared.exchange_time(now) - synced
        if behind > LATE and now >= self._told_at + LATE:
            self._told_at = now
            self._shared.alert(Level.WARNING, "history.behind", seconds=round(in_seconds(behind), 3))


def end_of(asked: ReadHistory) -> Instant:
    """Where the range of a query ends."""
    end = asked.created_to if asked.updated_to is None else asked.updated_to
    return LATER if end is None else end


def note_clock(synced: Instant, shared: Shared, now: Instant) -> bool:
    """Take the exchange's time up to which its history is complete as a reading of its clock.

    Returns:
        Whether that can be. If it is further ahead of ours than ``BELIEVED``, one of the two is wrong: the guard
        ``clock`` holds, and the history proves nothing, since its ranges end long before what was placed last.
    """
    shared.note_exchange_time(synced, now)
    ahead = synced - shared.schedule(now)
    if ahead > BELIEVED:
        minutes = round(in_seconds(ahead) / 60)
        shared.hold("clock", ACCOUNT, f"the exchange's is {minutes} minutes ahead of this machine's", now)
        return False
    if shared.guards.holds("clock", ACCOUNT):
        shared.hold("clock", ACCOUNT, None, now)
    return True
