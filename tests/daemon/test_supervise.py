"""Parts of the daemon: none ends in silence, and a step of the wall clock is seen."""

import asyncio
import io

from scripted_daemon import until

from mmbot.daemon import supervise
from mmbot.daemon.supervise import Parts, every_second, watch_wall
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND
from mmbot.engine.events import WallStepped
from mmbot.telemetry.logs import LineWriter, Secrets, logger


class Watched:
    """Parts with what they reported."""

    def __init__(self):
        self.died, self.out = [], io.StringIO()
        self.lines = LineWriter(self.out)
        self.log = logger(self.lines, Secrets())
        self.parts = Parts(self.died.append, self.log)

    def logged(self):
        self.lines.close()
        return self.out.getvalue()


async def forever():
    await asyncio.Event().wait()


async def test_a_part_that_raises_is_logged_and_reported():
    watched = Watched()

    async def broken():
        raise ZeroDivisionError

    watched.parts.start("broken", broken())
    watched.parts.start("sound", forever())
    await until(lambda: watched.died)
    assert watched.died == ["broken"]
    await watched.parts.close()
    assert watched.died == ["broken"]
    assert "ZeroDivisionError" in watched.logged()


async def test_a_part_that_merely_ends_is_reported_too():
    watched = Watched()
    watched.parts.start("short", asyncio.sleep(0))
    await until(lambda: watched.died)
    assert "part.died" in watched.logged()


async def test_closing_ends_all_parts_and_reports_none():
    watched = Watched()
    ended = []

    async def part():
        try:
            await forever()
        finally:
            ended.append(True)

    watched.parts.start("one", part())
    watched.parts.start("two", part())
    await asyncio.sleep(0)
    await watched.parts.close()
    assert (watched.died, ended) == ([], [True, True])
    assert watched.logged() == ""


async def test_a_part_that_breaks_while_closing_is_still_logged():
    watched = Watched()

    async def part():
        try:
            await forever()
        finally:
            raise LookupError("on the way out")

    watched.parts.start("one", part())
    await asyncio.sleep(0)
    await watched.parts.close()
    assert watched.died == []
    assert "on the way out" in watched.logged()


async def test_a_step_of_the_wall_clock_is_told_with_the_whole_offset(monkeypatch):
    monkeypatch.setattr(supervise, "LOOK_S", 0.001)
    watched, clock, told = Watched(), ManualClock(HOUR), []
    task = asyncio.create_task(watch_wall(clock, told.append, watched.log))
    clock.step_wall(100 * MILLISECOND)  # jitter
    await asyncio.sleep(0.01)
    assert told == []
    clock.step_wall(3 * SECOND)
    await until(lambda: told)
    clock.step_wall(-HOUR)
    await until(lambda: len(told) == 2)
    assert told == [WallStepped(3 * SECOND + 100 * MILLISECOND), WallStepped(3 * SECOND + 100 * MILLISECOND - HOUR)]
    task.cancel()


async def test_what_is_done_every_second_is_done_again(monkeypatch):
    monkeypatch.setattr(supervise, "LOOK_S", 0.001)
    done = []
    task = asyncio.create_task(every_second(lambda: done.append(1)))
    await until(lambda: len(done) >= 3)
    task.cancel()
