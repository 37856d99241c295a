"""Memory of a daemon that runs for weeks: it keeps the board and unsettled wagers, not the past."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec
import pytest
from engine_scene import Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import DAY, HOUR, SECOND
from mmbot.domain.wager_states import State
from mmbot.engine import events as e
from mmbot.engine import requests as r

SPORT_EVENTS_A_DAY = 12
FIRST_SPORT_EVENT = 100


def held(engine: object) -> dict[str, int]:
    """The sizes of all collections inside an engine, by class and attribute."""
    sizes: dict[str, int] = {}
    seen: dict[int, object] = {}

    def walk(value: object, name: str) -> None:
        if id(value) in seen or isinstance(value, str | bytes | int | float | State | type | None):
            return
        seen[id(value)] = value
        if isinstance(value, dict | list | deque):
            sizes[name] = sizes.get(name, 0) + len(value)
            for part in [*value, *value.values()] if isinstance(value, dict) else list(value):
                walk(part, name)
        elif isinstance(value, tuple):
            for part in value:
                walk(part, name)
        elif type(value).__module__.startswith("mmbot.engine"):
            for attribute in attributes(value):
                walk(getattr(value, attribute, None), f"{type(value).__name__}.{attribute}")

    def attributes(value: object) -> Iterator[str]:
        yield from getattr(value, "__dict__", ())
        for base in type(value).__mro__:
            yield from (name for name in getattr(base, "__slots__", ()) if not name.startswith("__"))

    walk(engine, "engine")
    return sizes


class Weeks:
    """Days of a league, each with sport events that are quoted, matched, played, settled and removed from the board."""

    def __init__(self) -> None:
        config = settings(
            guards=GuardsConfig(hold_s=1.0, matches_a_minute=10_000),
            limits=LimitsConfig(
                line=60,
                market=60,
                event=60,
                tournament=100_000,
                account=100_000,
                daily_loss=100_000,
                stake=50,
                hedge=0.6,
            ),
        )
        self.strategy = Fixed((0, 105, 5000), (1, 105, 5000))
        self.scene = Scene(self.strategy, config, lines=(), balance=100_000_000)
        self.days = 0
        self.rejected: LineKey | None = None
        """A line on which the exchange takes no more placements."""

        def answer(request: r.Request, now: int) -> e.Answer | None:
            if isinstance(request, r.PlaceMany):
                ids = [
                    item.external_id
                    for item in request.items
                    if self.scene.venue.find_line(item.line_id)[0] == self.rejected
                ]
                if ids:
                    failed = tuple(e.FailedItem(each, e.Failure.REJECTED, "market_line_invalid") for each in ids)
                    return e.Placed(request.id, (), failed)
            return None

        self.scene.run.on_request = answer

    def leap(self, duration: int) -> None:
        """Let a long time pass in one step, with the feed up."""
        self.scene.run.leap(self.scene.now + duration)
        self.scene.go(5 * SECOND)

    def listed(self) -> list[LineKey]:
        """Put the sport events of a day on the board, quote them, and match one outcome of each."""
        scene, first = self.scene, FIRST_SPORT_EVENT + self.days * SPORT_EVENTS_A_DAY
        scene.starts = scene.now + 4 * HOUR
        lines = [LineKey(sport_event, 219, 0) for sport_event in range(first, first + SPORT_EVENTS_A_DAY)]
        for line in lines:
            scene.add_sport_event(line.sport_event, scene.now)
            scene.add_market(MarketKey(line.sport_event, 219), [line], scene.now)
            scene.around(line)
        scene.until(lambda: all(scene.sides(line) == {0, 1} for line in lines))
        for number, line in enumerate(lines):
            scene.take(number % 2, 700 + number, line)
        given = scene.venue.line(lines[0]).outcomes[0].line_id
        scene.run.tell(e.PriceGiven(given, 0.5, scene.now))
        never_listed = FIRST_SPORT_EVENT * 1000 + self.days
        scene.run.tell(e.BookMessage(scene.run.connection, LineKey(never_listed, 219, 0), scene.now, Book()))
        for _ in range(3):  # until the match is hedged
            scene.take(1, 2400, lines[2])
            scene.go(3 * SECOND)
        self.rejected = lines[1]
        self.strategy.wants[lines[1]] = ((0, 106, 5000), (1, 106, 5000))
        scene.around(lines[1], (112, 112))
        scene.go(5 * SECOND)
        del self.strategy.wants[lines[1]]
        self.strategy.seen.clear()
        return lines

    def played(self, lines: list[LineKey]) -> None:
        """Let the sport events start and leave the board."""
        scene = self.scene
        self.leap(4 * HOUR)
        for line in lines:
            scene.venue.go_live(line.sport_event, scene.now)
        self.leap(3 * HOUR)
        for line in lines:
            scene.venue.unlist_sport_event(line.sport_event, scene.now)
            scene.house.pop(line)

    def settled(self, lines: list[LineKey]) -> None:
        """Settle the sport events; void some of them."""
        for number, line in enumerate(lines):
            if number % 5 == 4:
                self.scene.venue.void(MarketKey(line.sport_event, 219), self.scene.now)
            else:
                self.scene.venue.settle(MarketKey(line.sport_event, 219), number % 3 % 2, self.scene.now)
        self.scene.go(30 * SECOND)

    def day(self) -> list[LineKey]:
        """Play a day from the listing of its sport events to their results."""
        ends = self.scene.now + DAY
        lines = self.listed()
        self.played(lines)
        self.settled(lines)
        self.days += 1
        self.leap(ends - self.scene.now)
        return lines


@pytest.mark.plain
def test_memory_does_not_grow_with_the_number_of_past_sport_events() -> None:
    weeks = Weeks()
    for _ in range(8):
        weeks.day()
    early = held(weeks.scene.run.engine)
    for _ in range(20):
        weeks.day()
    late = held(weeks.scene.run.engine)
    assert late.pop("Settlements._markets") == 28 * SPORT_EVENTS_A_DAY, (
        "a market's profit is kept: a result may be corrected"
    )
    grown = {name: (early.get(name, 0), size) for name, size in late.items() if size > early.get(name, 0) + 12}
    assert not grown
    status = weeks.scene.status()
    assert len(status.sport_events) <= SPORT_EVENTS_A_DAY
    assert len(status.guards) <= 3 * SPORT_EVENTS_A_DAY
    weeks.scene.agree()
    weeks.scene.close()


def test_a_result_corrected_after_its_sport_event_was_forgotten_counts_to_the_cent() -> None:
    weeks = Weeks()
    lines = weeks.day()
    scene = weeks.scene
    line_id = scene.venue.line_id(*lines[0], 0)

    def is_known() -> bool:
        before = len(scene.alerts("price.unknown_line"))
        scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
        return len(scene.alerts("price.unknown_line")) == before

    for _ in range(2):
        weeks.day()
    assert is_known()
    for _ in range(3):
        weeks.day()
    assert not is_known()
    before = scene.status().profit.realised
    for line in lines[:3]:
        scene.venue.correct(MarketKey(line.sport_event, 219), 1, scene.now)
    scene.venue.correct(MarketKey(lines[3].sport_event, 219), 0, scene.now)
    scene.venue.void(MarketKey(lines[5].sport_event, 219), scene.now)
    scene.go(SECOND)
    assert scene.status().profit.realised != before
    scene.agree()
    weeks.day()
    scene.restart()
    scene.until(lambda: scene.status().phase == "ready")
    scene.agree()
    scene.close()


def test_a_wager_that_awaits_its_result_is_kept_and_counts_in_every_scope() -> None:
    weeks = Weeks()
    lines = weeks.listed()
    weeks.played(lines)
    weeks.days += 1
    for _ in range(20):
        weeks.leap(DAY)
    scene = weeks.scene
    status = scene.agree() and scene.status()
    assert {line.sport_event for line in lines} == {sport_event.sport_event for sport_event in status.sport_events}
    assert status.locked == sum(scene.line(line).locked for line in lines) > 0
    account = next(scope for scope in status.scopes if scope.scope == "account")
    assert account.matched == sum(max(0, -min(scene.position(line))) for line in lines)
    weeks.settled(lines)
    weeks.leap(2 * HOUR)
    weeks.leap(2 * HOUR)
    assert not scene.status().sport_events
    assert scene.status().locked == 0
    scene.agree()
    scene.close()


def test_a_forgotten_sport_event_that_returns_is_quoted_again() -> None:
    weeks = Weeks()
    lines = weeks.listed()
    scene = weeks.scene
    back = lines[3]
    for days in (0, 5):  # its lines are dropped after an hour, their ids after some days
        scene.venue.unlist_sport_event(back.sport_event, scene.now)
        scene.go(5 * SECOND)
        assert not scene.wagers(back)
        scene.take(0, 1, back)
        for _ in range(days + 1):
            weeks.leap(2 * HOUR if not days else DAY)
        scene.starts = scene.now + 30 * DAY
        sport_event = scene.venue.sport_event(back.sport_event)
        scene.venue.update_sport_event(msgspec.structs.replace(sport_event, scheduled=scene.starts), scene.now)
        scene.venue.list_sport_event(back.sport_event, scene.now)
        scene.until(lambda: scene.sides(back) == {0, 1})
    scene.agree()
    scene.close()
