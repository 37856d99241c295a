"""Wagers that ended. The ledger holds them for another hour, for late messages; then only their results are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from mmbot.domain.instant import DAY, HOUR, Instant
from mmbot.engine.timing.timers import NEVER
from mmbot.engine.wagers.remembered_results import Archive, Remembered
from mmbot.engine.wagers.wager import Wager

KEPT: Final = HOUR
"""How long a wager that ended is held for late messages."""

KEPT_FOREIGN: Final = 3 * DAY
"""How long a settled wager that is not ours is held, in case its result is corrected. The archive cannot keep such a
wager, because its id does not end in a number. A correction after this time is not noticed."""


class EndedWagers:
    """The wagers that ended: when each may be forgotten, and the results of the forgotten wagers."""

    __slots__ = ("_archive", "_foreign", "_ours", "due_at")

    def __init__(self) -> None:
        self._archive = Archive()
        self._ours: deque[tuple[Instant, Wager]] = deque()
        self._foreign: deque[tuple[Instant, Wager]] = deque()
        self.due_at: Instant = NEVER
        """The earliest instant at which a wager may be forgotten."""

    def remembered(self, external_id: str) -> Remembered | None:
        """Return the figures of a forgotten wager of ours; None if no wager with this id was forgotten."""
        return self._archive.get(external_id)

    def note(self, wager: Wager, now: Instant) -> None:
        """Record that a wager ended at ``now`` and may be forgotten some time later. A later call for the same wager
        restarts this time."""
        wager.over_at = now
        foreign = wager.foreign and wager.booked is not None
        (self._foreign if foreign else self._ours).append((now, wager))
        self.due_at = min(self.due_at, now + (KEPT_FOREIGN if foreign else KEPT))

    def due(self, now: Instant) -> Iterator[Wager]:
        """Yield at most three wagers that may be forgotten now. The number is small so that no call is slow."""
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
        )

    def remember(self, wager: Wager) -> None:
        """Remember the result of a wager of ours. The caller then forgets the wager."""
        if not wager.foreign:
            record = wager.matches
            remembered = Remembered() if record is None else Remembered(record.total, record.win, wager.booked or 0)
            self._archive.put(wager.external_id, remembered)
