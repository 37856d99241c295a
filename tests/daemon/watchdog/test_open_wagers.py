"""Our open wagers are found on every page of the history, however few wagers a page has."""

from __future__ import annotations

from mmbot.daemon.watchdog.open_wagers import OpenWagers
from mmbot.domain.clock import SystemClock
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine.events import Answer, HistoryRead
from mmbot.engine.requests import ReadHistory, Request

PAGE = 100


def wager(number: int) -> WagerReport:
    return WagerReport(
        f"w{number}", f"1abc-{number}", 1, 2, "l", -110, 500, Status.OPEN, Matching.UNMATCHED, Winning.TBD, 0
    )


class Exchange:
    """Shows open wagers in pages of 100."""

    def __init__(self, count: int) -> None:
        self.wagers = [wager(number) for number in range(count)]

    async def perform(self, request: Request) -> Answer:
        assert isinstance(request, ReadHistory)
        if request.matching != Matching.UNMATCHED.value:
            return HistoryRead(request.id, (), "", 0)
        start = int(request.cursor or 0)
        after = start + PAGE
        return HistoryRead(
            request.id, tuple(self.wagers[start:after]), str(after) if after < len(self.wagers) else "", 0
        )


async def test_more_than_ten_pages_are_read() -> None:
    found = OpenWagers(Exchange(1_450), SystemClock(rate=10_000.0), lambda external_id: True)  # type: ignore[arg-type]
    await found.read()
    assert len(found.found) == 1_450
