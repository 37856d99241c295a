"""Circuit breakers: a new one is one class and one entry in a list.

docs/architecture.md shows the class of this page, and says so.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Final

from engine_scene import GAME, LINE, MONEYLINE, Fixed, Scene

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine.risk.guards import Guard
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind

ELSEWHERE = LineKey(GAME + 1, MONEYLINE, 0)


# --- shown in docs/architecture.md
class FillRate:
    """Stops quoting a line for a minute when three matches come there within ten seconds."""

    guard: Final = Guard("fill_rate", "line", "a minute after the third match")

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._matched_at: dict[LineKey, deque[Instant]] = {}

    def changed(self, change: Change, now: Instant) -> None:
        if change.kind is Kind.MATCHED:
            times = self._matched_at.setdefault(change.wager.line, deque(maxlen=3))
            times.append(now)
            if len(times) == 3 and now - times[0] <= 10 * SECOND:
                self._shared.hold("fill_rate", change.wager.line, "3 matches within 10 s", now)
                self._shared.timers.set(Due.BREAKER, "fill_rate", now + MINUTE)

    def due(self, now: Instant) -> None:
        for line, times in self._matched_at.items():
            if times[-1] + MINUTE <= now:
                self._shared.hold("fill_rate", line, None, now)


# --- to here


def scene() -> Scene:
    return Scene(Fixed((0, 105, 5000), (1, 105, 5000)), lines=(LINE, ELSEWHERE), breakers=(FillRate,)).quoted()


def three_matches(scene: Scene) -> Instant:
    for side in (0, 1, 0):
        scene.take(side, 1000)
        scene.go(SECOND)
    return scene.now


def test_a_breaker_stops_its_line_alone_and_lifts_its_guard_by_its_timer() -> None:
    fills = scene()
    third = three_matches(fills)
    guard = fills.guard("fill_rate")
    assert guard is not None
    assert (guard.scope, guard.reason, guard.lifts) == (
        "line 1/219/0",
        "3 matches within 10 s",
        "a minute after the third match",
    )
    assert fills.run.engine.guards["fill_rate"] == 1
    assert fills.sides(LINE) == set()
    assert fills.sides(ELSEWHERE) == {0, 1}
    fills.until(lambda: fills.guard("fill_rate") is None, within=2 * MINUTE)
    assert fills.now >= third + MINUTE - 3 * SECOND
    fills.quoted()
    fills.close()


def test_slower_matches_do_not_trip_the_breaker() -> None:
    fills = scene()
    for side in (0, 1, 0, 1):
        fills.take(side, 1000)
        fills.go(6 * SECOND)
    assert fills.guard("fill_rate") is None
    fills.close()


def test_the_breaker_on_the_page_is_the_one_in_this_file() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    shown = here.partition("# --- shown in docs/architecture.md\n")[2].partition("\n\n# --- to here")[0].strip()
    page = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert shown in page
