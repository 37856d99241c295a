"""Cases that provoke the guards, by the scope of the guard, and the checks that the cases share."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from engine_scene import GAME, LINE, MONEYLINE, Scene

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND
from mmbot.domain.wager import Status, UnreadWager
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.records import VenueWager

Case = Callable[[], None]

ELSEWHERE = LineKey(2, 219, 0)
"""A line of another sport event, which no guard of the first may touch."""


class Cases:
    """The cases of one module."""

    def __init__(self) -> None:
        self.by_guard: dict[str, Case] = {}

    def provokes(self, guard: str) -> Callable[[Case], Case]:
        """Decorate the case that provokes a guard."""

        def note(case: Case) -> Case:
            self.by_guard[guard] = case
            return case

        return note


def held(scene: Scene, guard: str, why: str, line: LineKey = LINE) -> None:
    """Check the guard, its reason and its metric, that its scope has no open wagers, and the reason of the line."""
    scene.until(lambda: scene.guard(guard) is not None)
    status = scene.guard(guard)
    assert status is not None
    assert why in status.reason
    assert scene.run.engine.guards[guard] >= 1
    scene.until(lambda: not scene.wagers(line), within=5 * SECOND)
    scene.go(5 * SECOND)
    assert not scene.wagers(line)
    shown = [each for sport_event in scene.status().sport_events for each in sport_event.lines]
    for each in shown:
        if (each.sport_event, each.market, each.number) == line:
            assert each.why is not None
            assert each.why.startswith(f"{guard}: ") or guard not in [g.guard for g in scene.status().guards][:1]


def lifted(scene: Scene, guard: str, within: int = 60 * SECOND) -> None:
    """Check that the guard is lifted and the line is quoted again."""
    scene.until(lambda: scene.guard(guard) is None, within)
    scene.until(lambda: all(scene.sides(line) == {0, 1} for line in scene.lines), within=30 * SECOND)
    scene.go(5 * SECOND)
    assert scene.guard(guard) is None
    assert scene.run.engine.guards[guard] == 0
    scene.agree()
    scene.close()


def two_sport_events(**more: object) -> Scene:
    return Scene(lines=(LINE, ELSEWHERE), **more).quoted()  # type: ignore[arg-type]


UNREAD = UnreadWager("w-1", "", True, "odds 2.5", Status.OPEN, sport_event_id=GAME, market_id=MONEYLINE, stake=500)


def unread(scene: Scene, wager: UnreadWager) -> None:
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, wager))


def falsely_canceled(scene: Scene, wager: VenueWager) -> None:
    """Tell the engine that one of the account's open wagers is canceled."""
    answer = scene.run.ask(r.ReadWager(0, wager.wager_id))
    assert isinstance(answer, e.WagerRead)
    assert answer.report is not None
    told = msgspec.structs.replace(answer.report, status=Status.CANCELED, sequence=scene.now)
    scene.run.tell(e.WagerMessage(scene.run.connection, told))
