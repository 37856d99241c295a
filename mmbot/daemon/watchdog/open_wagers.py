"""Finds our open wagers on a shared account without an engine, and cancels them. Our wagers are recognised in the
account's wager history by their ``external_id``.

The class ``FindOpen`` builds the reads and judges the answers. This module sends the requests.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Final

from mmbot.daemon.loop import Client
from mmbot.domain.instant import SECOND, Clock, Instant
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Cancelled, Failed
from mmbot.engine.exports import MOST_RANGES, FindOpen
from mmbot.engine.requests import BATCH, Cancellation, CancelMany

PATIENCE: Final = 30 * SECOND
"""The time after which a read ends without success because the history lags, by the clock of the exchange."""

_LOOK_S: Final = 0.1  # the longest sleep before ``goes_on`` is asked again


class OpenWagers:
    """Our open wagers.

    Args:
        client: the client that sends the requests. It answers with ``Failed`` instead of raising an exception.
        ours: a function that returns True for the ``external_id`` of our wagers.
        since: an instant of the clock. A complete read shows every open wager that was placed before it.
        sport_event: the sport event whose wagers are found. If it is None, the wagers of all sport events are found. A
            wager whose sport event cannot be read counts as a wager of this sport event.
        ranges: the number of time ranges of a week that are searched. The default is that of the proof.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        ours: Callable[[str], bool],
        since: Instant,
        sport_event: int | None = None,
        ranges: int = MOST_RANGES,
    ) -> None:
        self._client: Final = client
        self._clock: Final = clock
        self._ours: Final = ours
        self._sport_event: Final = sport_event
        self._number: Final = itertools.count(1).__next__
        self._search: Final = FindOpen(self._is_wanted, self._number, since, ranges)
        self.trouble: str | None = None
        """The reason why the latest read or cancel was not complete, as a code. None if it was complete."""

    @property
    def found(self) -> Mapping[str, str]:
        """The wagers that the reads have shown and that are not cancelled. The keys are the exchange's ids, and the
        values are our ids."""
        return self._search.found

    async def read(self, *, cancel: bool = False, goes_on: Callable[[], bool] = lambda: True) -> bool:
        """Read the open wagers, one page a second, until a pass over all pages is complete. After a failure, the next
        call goes on with the same page.

        Args:
            cancel: True if the wagers of each page are cancelled before the next page is read. As a cancel may move
                later wagers to an earlier page, another pass then follows.
            goes_on: a function that returns False if the read is no longer wanted. The read then ends.

        Returns:
            True if the pages showed every wager that was placed before ``since``, and with ``cancel`` every cancel was
            carried out. False at the first failure, or if the history still lags after ``PATIENCE``. ``trouble`` then
            names the failure.
        """
        search = self._search
        self.trouble = None
        until = self._clock.now() + PATIENCE
        moved = False
        while goes_on():
            if search.ended:
                search.begin()
            now = self._clock.now()
            request = search.next(now)
            if request is None:
                wait = self._clock.real_seconds(max(0, search.due_at(now) - now))
                await asyncio.sleep(min(wait, _LOOK_S))
                continue
            search.take(request, await self._client.perform(request), self._clock.now())
            if search.trouble is not None:
                self.trouble = search.trouble
            if cancel and self.found:
                moved = moved or not search.ended
                await self.cancel()
            if self.trouble is not None:
                return False
            if not search.ended:
                continue
            if search.complete and not moved:
                return True
            moved = False
            if self._clock.now() > until:
                self.trouble = "history_not_complete"
                return False
        return False

    async def cancel(self) -> bool:
        """Cancel the wagers in ``found``, up to 20 in each request, and remove them from ``found``. Return False at the
        first request that failed. ``trouble`` then names the failure."""
        while first := list(self._search.found.items())[:BATCH]:
            items = tuple([Cancellation(*one) for one in first])
            answer = await self._client.perform(CancelMany(self._number(), items))
            if not isinstance(answer, Cancelled):
                self.trouble = answer.code if isinstance(answer, Failed) else "wrong_answer"
                return False
            for wager_id, _ in first:  # a wager whose cancel was rejected is found again by the next pass
                self._search.found.pop(wager_id, None)
        return True

    def _is_wanted(self, report: WagerReport) -> bool:
        here = self._sport_event is None or report.sport_event_id in (self._sport_event, 0)
        return here and self._ours(report.external_id)
