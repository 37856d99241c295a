"""Wagers that ended. The ledger holds each of them for another hour, because late messages may come. After this hour,
only its result is kept.

Most wagers end without a match. A minute after its end, such a wager is packed (stored in a compact form, shelf.py),
because it is hardly ever needed again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from mmbot.domain.instant import DAY, HOUR, MINUTE, NEVER, Instant
from mmbot.domain.wager import Matching, WagerReport
from mmbot.domain.wager_states import SAID, after
from mmbot.engine.wagers.remembered_results import Archive, Remembered, split_id
from mmbot.engine.wagers.shelf import SPAN, Shelf
from mmbot.engine.wagers.wager import LineWager, Wager

KEPT: Final = HOUR
"""The time for which a wager that ended stays in memory, because a message about it may come late."""

UNPACKED: Final = MINUTE
"""The time after which a wager that ended without a match is packed (stored in a compact form)."""

PACKED_AT_ONCE: Final = 2
"""The greatest number of wagers that one call packs (stores in a compact form)."""

KEPT_FOREIGN: Final = 3 * DAY
"""The time for which a settled wager that is not ours stays in memory, because its result may be corrected. A
correction after this time is not noticed."""


class EndedWagers:
    """The wagers that ended. The class knows when each wager may be packed (stored in a compact form) or forgotten, and
    keeps the results of the forgotten wagers."""

    __slots__ = ("_archive", "_foreign", "_fresh", "_ours", "_shelf", "due_at", "pack_at")

    def __init__(self) -> None:
        self._archive = Archive()
        self._shelf = Shelf()
        self._fresh: deque[tuple[Instant, LineWager]] = deque()
        """The wagers that ended without a match and may be packed (stored in a compact form) later."""
        self._ours: deque[tuple[Instant, Wager]] = deque()
        self._foreign: deque[tuple[Instant, Wager]] = deque()
        self.due_at: Instant = NEVER
        """The earliest instant at which a wager may be forgotten."""
        self.pack_at: Instant = NEVER
        """The earliest instant at which a wager may be packed (stored in a compact form)."""

    def remembered(self, external_id: str) -> Remembered | None:
        """Return the figures of a forgotten wager of ours. The result is None if no wager with this id was
        forgotten."""
        return self._archive.get(external_id)

    def used(self, external_id: str) -> bool:
        """Return whether a wager with this id was packed (stored in a compact form) or forgotten."""
        prefix, number = split_id(external_id)
        return self._archive.holds(external_id, prefix, number) or self._shelf.holds(external_id, prefix, number)

    def says_nothing_new(self, report: WagerReport) -> bool:
        """Return whether a report is about a packed wager (one in a compact form) and would not change this wager."""
        if report.matched or report.match_stake or report.matching is Matching.FULLY_MATCHED:
            return False
        wager = self._shelf.see(report.external_id)
        return wager is not None and after(wager.state, SAID[report.status]) is wager.state

    def take(self, external_id: str) -> LineWager | None:
        """Unpack a wager from its compact form. From then on, the caller holds the wager again. The result is None if
        no wager with this id is packed."""
        return self._shelf.take(external_id)

    def take_by_id(self, wager_id: str) -> LineWager | None:
        """Unpack a wager with this ``wager_id`` (the exchange's id) from its compact form."""
        return self._shelf.take_by_id(wager_id)

    def note(self, wager: Wager, now: Instant) -> None:
        """Record that a wager ended at ``now`` and may be forgotten some time later. A later call for the same wager
        restarts this time."""
        wager.over_at = now
        if wager.foreign and wager.booked is not None:
            self._foreign.append((now, wager))
            self.due_at = min(self.due_at, now + KEPT_FOREIGN)
        elif wager.matches is None and not wager.foreign and isinstance(wager, LineWager):
            self._fresh.append((now, wager))
            if len(self._fresh) == 1:
                self.pack_at = now + UNPACKED
        else:
            self._ours.append((now, wager))
            self.due_at = min(self.due_at, now + KEPT)

    def pack(self, now: Instant) -> Sequence[Wager]:
        """Pack wagers that ended a while ago without a match (store them in a compact form), and return them. The
        caller must no longer hold these wagers. At most ``PACKED_AT_ONCE`` wagers are packed, so that no call is
        slow."""
        fresh = self._fresh
        packed: list[Wager] = []
        while fresh and fresh[0][0] + UNPACKED <= now and len(packed) < PACKED_AT_ONCE:
            over_at, wager = fresh.popleft()
            if wager.over_at != over_at or wager.live:
                continue
            if wager.matches is None and self._shelf.put(wager, over_at):
                wager.over_at = None
                packed.append(wager)
            else:
                self._ours.append((over_at, wager))
                self.due_at = min(self.due_at, over_at + KEPT)
        self.pack_at = fresh[0][0] + UNPACKED if fresh else NEVER
        if packed:
            self.due_at = min(self.due_at, self._shelf.oldest + KEPT + SPAN)
        return packed

    def due(self, now: Instant) -> Iterator[Wager]:
        """Yield at most three wagers that may be forgotten now. The number is small, so that no call is slow."""
        if now >= self._shelf.oldest + KEPT + SPAN:
            for external_id in self._shelf.drop_oldest():
                self._archive.put(external_id, Remembered())
        for queue, kept in ((self._ours, KEPT), (self._ours, KEPT), (self._foreign, KEPT_FOREIGN)):
            if not queue or queue[0][0] > now - kept:
                continue
            over_at, wager = queue.popleft()
            if wager.over_at == over_at and wager.over:
                wager.over_at = None
                yield wager
        self.due_at = min(
            self._ours[0][0] + KEPT if self._ours else NEVER,
            self._foreign[0][0] + KEPT_FOREIGN if self._foreign else NEVER,
            self._shelf.oldest + KEPT + SPAN,
        )

    def remember(self, wager: Wager) -> None:
        """Remember the result of a wager of ours. The caller then forgets the wager."""
        if not wager.foreign:
            record = wager.matches
            remembered = Remembered() if record is None else Remembered(record.total, record.win, wager.booked or 0)
            self._archive.put(wager.external_id, remembered)
