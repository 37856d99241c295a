"""A burst over the whole board: the engine works in slices, so cancels and a kill leave between them, and the cost per
line does not grow with the board."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from counted import Counted
from engine_scene import MONEYLINE, Fixed, Scene, maker, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.engine import SLICE
from mmbot.engine.requests import BATCH

pytestmark = pytest.mark.plain

SPORT_EVENTS = 60
LINES_A_SPORT_EVENT = 3
LINES = tuple(
    LineKey(sport_event, MONEYLINE + market, 0)
    for sport_event in range(1, SPORT_EVENTS + 1)
    for market in range(LINES_A_SPORT_EVENT)
)


def board(lines: tuple[LineKey, ...] = LINES) -> tuple[Scene, Fixed]:
    """Return a quiet scene in which every line is quoted."""
    strategy = Fixed((0, 105, 2000), (1, 105, 2000))
    config = settings(
        guards=GuardsConfig(hold_s=1.0, awaiting_activation=10_000),
        limits=LimitsConfig(event=100_000, tournament=1_000_000, account=1_000_000, open_wagers=10_000),
    )
    scene = Scene(strategy, config=config, lines=lines, balance=100_000_000).quoted()
    scene.go(5 * SECOND)
    return scene, strategy


def asked(scene: Scene, note: Callable[[r.Request | None, Instant], None]) -> None:
    """Report the result of each call for a request."""
    following = scene.run.engine.next_request

    def next_request(now: Instant) -> r.Request | None:
        request = following(now)
        note(request, now)
        return request

    scene.run.engine.next_request = next_request  # type: ignore[method-assign]


def move(scene: Scene, strategy: Fixed) -> None:
    """Move every book, and with it the targets, in one instant."""
    strategy.wants[None] = ((0, 104, 2000), (1, 104, 2000))
    for line in scene.lines:
        scene.around(line, (112, 112))


def test_one_call_looks_at_one_slice_and_full_cancel_batches_leave_between_slices() -> None:
    scene, strategy = board()
    looks: list[int] = []
    seen: list[tuple[str, int, int]] = []
    before = strategy.calls

    def note(request: r.Request | None, _now: Instant) -> None:
        looks.append(strategy.calls - before)
        if isinstance(request, r.CancelMany | r.PlaceMany):
            seen.append((type(request).__name__, len(request.items), strategy.calls - before))

    asked(scene, note)
    move(scene, strategy)
    scene.go(60 * SECOND)
    assert (
        max(after - earlier for earlier, after in zip([0, *looks], looks, strict=False)) * LINES_A_SPORT_EVENT
        < SLICE + LINES_A_SPORT_EVENT
    )
    cancels = [(count, calls) for name, count, calls in seen if name == "CancelMany"]
    assert cancels[0][1] < SPORT_EVENTS  # before every line was looked at
    assert all(count == BATCH for count, _ in cancels[:-1])
    placing = next(calls for name, _, calls in seen if name == "PlaceMany")
    assert placing >= SPORT_EVENTS  # nothing is placed before that
    assert all({odds for _, odds, _ in scene.resting(line)} == {104} for line in LINES)
    scene.agree()
    scene.close()


def test_a_kill_during_a_burst_is_the_next_request_and_leads_to_clear() -> None:
    scene, strategy = board()
    calls = strategy.calls
    after: list[r.Request] = []
    killed = False

    def note(request: r.Request | None, now: Instant) -> None:
        nonlocal killed
        if killed and request is not None:
            after.append(request)
        elif not killed and 0 < strategy.calls - calls < SPORT_EVENTS:
            killed = True
            scene.referee.note_latched(now, "kill")
            scene.run.engine.handle(e.KillRequested("in the middle"), now)

    asked(scene, note)
    move(scene, strategy)
    scene.until(lambda: scene.status().clear)
    assert isinstance(after[0], r.CancelAll)
    assert not any(isinstance(request, r.PlaceMany) for request in after)
    assert not scene.wagers()
    scene.close()


def test_the_cost_of_a_book_does_not_grow_with_the_lines_of_the_board() -> None:
    def cost(lines: tuple[LineKey, ...]) -> float:
        scene, strategy = board(lines)
        strategy.price_tolerance = 0.2  # every quote may stay
        for line in lines:
            scene.around(line, (111, 111))
        scene.go(5 * SECOND)
        rng = random.Random(1)
        counted = Counted(scene.run.engine)
        before = scene.run.events
        for turn in range(200):
            scene.around(lines[turn % len(lines)], (rng.randrange(111, 115), 111))
            scene.go(SECOND // 100)
        assert scene.run.events - before >= 190
        return counted.calls / (scene.run.events - before)

    few, many = cost(LINES[:LINES_A_SPORT_EVENT]), cost(LINES)
    assert many < 1.1 * few, (few, many)


@pytest.mark.parametrize("size", [30, 1])
def test_the_cost_of_a_book_does_not_grow_with_the_lines_of_its_sport_event(size: int) -> None:
    """The same holds where every quote is too small to be placed."""

    def cost(count: int) -> float:
        lines = tuple(LineKey(1, MONEYLINE + market, 0) for market in range(count))
        config = settings(
            guards=GuardsConfig(hold_s=1.0, awaiting_activation=10_000),
            limits=LimitsConfig(event=100_000, tournament=1_000_000, account=1_000_000, open_wagers=10_000),
        )
        scene = Scene(maker(margin=0.02, size=size, price_tolerance=0.019), config, lines=lines, balance=100_000_000)
        scene.go(60 * SECOND)
        counted = Counted(scene.run.engine)
        before = scene.run.events
        for turn in range(200):
            scene.around(lines[turn % 3], (110 + turn // 3 % 2, 110))
            scene.go(SECOND // 100)
        return counted.calls / (scene.run.events - before)

    few, many = cost(3), cost(120)
    assert many < 1.2 * few, (few, many)


def test_lines_that_wait_for_room_cost_nothing_and_give_their_reason() -> None:
    def cost(open_wagers: int) -> float:
        config = settings(
            guards=GuardsConfig(hold_s=1.0, awaiting_activation=10_000),
            limits=LimitsConfig(event=100_000, tournament=1_000_000, account=1_000_000, open_wagers=open_wagers),
        )
        strategy = Fixed((0, 105, 2000), (1, 105, 2000))
        scene = Scene(strategy, config=config, lines=LINES, balance=100_000_000)
        scene.go(60 * SECOND)
        assert len(scene.wagers()) == min(open_wagers, 2 * len(LINES))
        waiting = [line for line in LINES if not scene.wagers(line)]
        assert {scene.line(line).why for line in waiting} <= {"limits.open_wagers is reached"}
        before = len(scene.placements())
        counted = Counted(scene.run.engine)
        for turn in range(200):  # wagers come and go all the time, and the room changes with them
            line = scene.wagers()[0].line
            odds = 104 - turn % 2
            strategy.wants[line] = ((0, odds, 2000), (1, odds, 2000))
            scene.around(line, (110 + turn % 3, 110))
            scene.go(SECOND // 5)
        assert len(scene.placements()) - before > 150
        return counted.calls / (len(scene.placements()) - before)

    few, all_of_them = cost(60), cost(10_000)
    assert few < 1.5 * all_of_them, (few, all_of_them)
