"""Finds our open wagers on a shared account without an engine, and cancels them. Our wagers are recognised in the
account's wager history by their ``external_id``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from mmbot.daemon.loop import Client
from mmbot.domain.instant import DAY, MINUTE, SECOND, Clock
from mmbot.domain.wager import Matching, Status
from mmbot.engine.events import Cancelled, HistoryRead
from mmbot.engine.requests import BATCH, Cancellation, CancelMany, ReadHistory

_APART: Final = SECOND + SECOND // 20  # between two reads of the history
_RANGE: Final = 7 * DAY - 10 * MINUTE
_AHEAD: Final = 5 * MINUTE
_PAGES: Final = 100  # of one query; a dialect may have only 100 wagers on a page

_QUERIES: Final = (
    (Status.INACTIVE, None),
    (Status.OPEN, Matching.UNMATCHED),
    (Status.OPEN, Matching.PARTIALLY_MATCHED),
)
"""The queries of the account's wager history, each for the wagers in one state. The queries follow the states through
which a wager passes. So a wager that changes its state between two queries is not missed."""


class OpenWagers:
    """Our open wagers of the past seven days.

    Args:
        client: the client that sends the requests.
        ours: a function that returns True for the ``external_id`` of our wagers.
        sport_event: the sport event whose wagers are found. If it is None, the wagers of all sport events are found.
    """

    def __init__(
        self, client: Client, clock: Clock, ours: Callable[[str], bool], sport_event: int | None = None
    ) -> None:
        self._client: Final = client
        self._clock: Final = clock
        self._ours: Final = ours
        self._sport_event: Final = sport_event
        self._number = 0
        self._read_at: float | None = None
        self._found: dict[str, str] = {}

    @property
    def found(self) -> Mapping[str, str]:
        """The wagers that the reads have shown so far. The keys are the exchange's ids, and the values are our ids."""
        return self._found

    async def read(self) -> None:
        """Read the account's wager history, at most one page a second. If a page cannot be read, further pages of the
        same query are not read."""
        for status, matching in _QUERIES:
            cursor = ""
            for _ in range(_PAGES):
                page = await self._page(status, matching, cursor)
                if page is None:
                    break
                for report in page.wagers:
                    here = self._sport_event is None or report.sport_event_id == self._sport_event
                    if here and self._ours(report.external_id):
                        self._found[report.wager_id] = report.external_id
                cursor = page.next_cursor
                if not cursor:
                    break

    async def cancel(self) -> bool:
        """Cancel the wagers in ``found``, up to 20 in each request, and empty ``found``. Return False if a request
        failed."""
        found, self._found = list(self._found.items()), {}
        good = True
        for first in range(0, len(found), BATCH):
            items = tuple([Cancellation(*one) for one in found[first : first + BATCH]])
            self._number += 1
            answer = await self._client.perform(CancelMany(self._number, items))
            good = good and isinstance(answer, Cancelled)
        return good

    async def _page(self, status: Status, matching: Matching | None, cursor: str) -> HistoryRead | None:
        loop = asyncio.get_running_loop()
        if self._read_at is not None:
            await asyncio.sleep(max(0.0, self._read_at + self._clock.real_seconds(_APART) - loop.time()))
        self._read_at = loop.time()
        self._number += 1
        end = self._clock.wall() + _AHEAD
        answer = await self._client.perform(
            ReadHistory(
                self._number,
                created_from=end - _RANGE,
                created_to=end,
                status=status.value,
                matching=None if matching is None else matching.value,
                cursor=cursor,
            )
        )
        return answer if isinstance(answer, HistoryRead) else None
