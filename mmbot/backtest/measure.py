"""Measures from the exchange's own books how long an account quoted a line, and how wide its bid-ask spread was."""

from __future__ import annotations

from typing import NamedTuple

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.odds import Odds, implied
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.crowd.tape import Tape
from mmbot.simulator.venue.records import RepeatedId, VenueWager


class Span(NamedTuple):
    """A period in which the open wagers of the account did not change."""

    start: Instant
    end: Instant
    width: float | None
    """The account's own bid-ask spread, in probability. It is 1 minus the sum of the implied probabilities of its best
    wagers on the two outcomes. None if an outcome was not quoted."""


class Presence:
    """Watches the open wagers of one account on one line."""

    def __init__(self, line: LineKey, start: Instant) -> None:
        self._line = line
        self._resting: tuple[dict[str, Odds], dict[str, Odds]] = ({}, {})
        self._since = start
        self._width: float | None = None
        self.spans: list[Span] = []

    def changed(self, wager: VenueWager, match_stake: int | None, match_odds: Odds | None, now: Instant) -> None:
        """Record that a wager is new or has changed."""
        if wager.line != self._line or wager.strategy is not None:
            return
        side = self._resting[wager.side]
        rests = wager.status is Status.OPEN and wager.matching is not Matching.FULLY_MATCHED
        if rests:
            side[wager.wager_id] = wager.odds
        elif side.pop(wager.wager_id, None) is None:
            return
        self._note(now)

    def repeated(self, repeat: RepeatedId, now: Instant) -> None:
        """Do nothing. A request that repeats an earlier ``external_id`` changes no wager."""

    def operation_complete(self, now: Instant) -> None:
        """Do nothing, because ``changed`` has already recorded every wager."""

    def close(self, now: Instant) -> None:
        """End the final span at the time ``now``."""
        self._note(now)

    def _note(self, now: Instant) -> None:
        if now > self._since:
            self.spans.append(Span(self._since, now, self._width))
            self._since = now
        best = [max((implied(odds) for odds in side.values()), default=None) for side in self._resting]
        self._width = None if best[0] is None or best[1] is None else 1.0 - best[0] - best[1]


class Quality(NamedTuple):
    """How long a line was quoted, and how wide the bid-ask spread was."""

    covered: float
    """The share of the wanted time in which both outcomes were quoted. The wanted time is the time in which the market
    should be quoted."""
    width: float | None
    """The time-weighted median of the account's own bid-ask spread while both outcomes were quoted, in probability.
    None if the two outcomes were never quoted together."""
    wanted: Duration
    """The length of the time in which the market should be quoted."""


def tight_times(tape: Tape, widest: float) -> list[tuple[Instant, Instant]]:
    """Return the periods in which the recorded bid-ask spread was at most ``widest``, in probability. Only periods
    before the sport event went live are returned. Each period is a pair of its start and its end, in the times of the
    recording."""
    books: list[float | None] = [None, None]
    is_open = False
    since: Instant | None = None
    times = []
    for change in tape.changes:
        if change.status is not None:
            is_open = change.status == "open"
        for side, prices in enumerate(change.books):
            if prices is not None:
                books[side] = 1.0 / prices[0].decimal if prices else None
        first, second = books
        tight = is_open and first is not None and second is not None and first + second - 1.0 <= widest
        if change.in_play:
            tight = False
        if tight and since is None:
            since = change.at
        elif not tight and since is not None:
            times.append((since, change.at))
            since = None
        if change.in_play:
            break
    return times


def quality(spans: list[Span], wanted: list[tuple[Instant, Instant]]) -> Quality:
    """Return the share of the wanted times in which the line was quoted, and the bid-ask spread of the quotes."""
    total = sum(end - start for start, end in wanted)
    widths: list[tuple[float, Duration]] = []
    place = 0
    for start, end in wanted:
        while place < len(spans) and spans[place].end <= start:
            place += 1
        at = place
        while at < len(spans) and spans[at].start < end:
            overlap = min(spans[at].end, end) - max(spans[at].start, start)
            width = spans[at].width
            if overlap > 0 and width is not None:
                widths.append((width, overlap))
            at += 1
    covered = sum(duration for _, duration in widths)
    widths.sort()
    half, seen = covered / 2, 0
    median: float | None = None
    for width, duration in widths:
        seen += duration
        if seen >= half:
            median = width
            break
    return Quality(covered / total if total else 0.0, median, total)
