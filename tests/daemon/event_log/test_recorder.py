"""The daemon records the engine's events, and continues if the event log fails."""

import asyncio
import io
import json

import pytest
from scripted_daemon import KEYS, HeldClient, HeldWire, ScriptedEngine, settings, until

from mmbot.daemon.run import run
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.orders import NOT_CLEAR, NOT_STARTED, STOPPED
from mmbot.store.event_log import Asked, AskedDeadline, Handled, LoggedRun, Raised
from mmbot.store.event_log_writer import EventLogPlace


class Barred(HeldClient):
    """A client whose reads fail, so that an emergency waits for nothing."""

    async def perform(self, request):
        if isinstance(request, r.ReadHistory):
            return e.Failed(request.id, e.Failure.REJECTED, "barred", reason=e.FailureReason.LOGIN)
        return await super().perform(request)


class Life:
    """A daemon in this process that records."""

    def __init__(self, folder, place=None, engine=ScriptedEngine, **changes):
        self.out, self.wire, self.engine = io.StringIO(), HeldWire(Barred()), None
        self.directory, self.kind, self.around = folder / "events", engine, None
        place = place or EventLogPlace(self.directory, 1 << 30)
        self.task = asyncio.create_task(
            run(
                settings(**changes),
                (),
                folder / "state",
                self.open,
                self.make,
                environ=KEYS,
                out=self.out,
                event_log=place,
            )
        )

    async def open(self, surroundings):
        self.around = surroundings
        return self.wire

    def make(self, *given):
        self.engine = self.kind(*given)
        return self.engine

    async def up(self):
        await until(lambda: self.engine is not None and self.engine.heard)

    async def ended(self):
        async with asyncio.timeout(10):
            return await self.task

    def logged(self, name):
        return [line for line in map(json.loads, self.out.getvalue().splitlines()) if line["event"] == name]

    def records(self):
        log = LoggedRun(self.directory)
        return log, list(log.records())


async def test_every_call_is_recorded_in_its_order(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.around.deliver(e.PriceGiven("l", 0.5, 7))
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    log, records = life.records()
    assert [(one.event, one.now) for one in records if isinstance(one, Handled)] == life.engine.heard
    assert [one.now for one in records if isinstance(one, Asked)] == life.engine.asked
    assert [one.request for one in records if isinstance(one, Asked) and one.request] == life.wire.client.sent
    assert any(isinstance(one, AskedDeadline) for one in records)
    assert log.end == "the daemon ended"
    header = log.header()
    assert (header.config, header.seed) == (settings(), life.engine.seed)
    (started,) = life.logged("event_log.started")
    assert started["run"] == log.name


async def test_the_event_that_broke_the_engine_is_the_last_one_without_a_secret(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.around.deliver(e.PriceGiven("boom", 0.5, 7))
    assert await life.ended() == NOT_CLEAR
    _, records = life.records()
    assert [type(one) for one in records[-2:]] == [Handled, Raised]
    broke, raised = records[-2:]
    assert broke.event == e.PriceGiven("boom", 0.5, 7)
    assert raised == Raised(broke.now, "RuntimeError: the engine broke over " + "*" * len("secret-key-of-the-test"))
    assert b"secret-key-of-the-test" not in b"".join(file.read_bytes() for file in life.directory.iterdir())


async def test_a_directory_that_cannot_be_used_is_rejected_before_anything_is_sent(tmp_path):
    (tmp_path / "file").write_text("")
    life = Life(tmp_path, EventLogPlace(tmp_path / "file" / "log", 1 << 30))
    assert await life.ended() == NOT_STARTED
    assert life.around is None
    assert "file/log cannot be written" in life.logged("start.failed")[0]["why"]


async def test_twice_the_space_that_quoting_needs_is_left_on_the_disk(tmp_path):
    life = Life(tmp_path, journal={"min_free_mb": 1_000_000})
    await until(lambda: life.logged("event_log.ended"))
    assert life.logged("event_log.ended")[0]["why"] == "the disk has less than 2000000 MiB left"
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED


async def test_a_log_at_its_bound_ends_with_a_warning_and_the_daemon_goes_on(tmp_path):
    life = Life(tmp_path, EventLogPlace(tmp_path / "events", 1))
    await life.up()
    await until(lambda: life.logged("event_log.ended"))
    assert life.logged("event_log.ended")[0]["level"] == "warning"
    assert life.logged("event_log.ended")[0]["why"].startswith("it has reached its bound")
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED


@pytest.mark.parametrize("number", [2**70, "half a pair: \ud800"])
async def test_a_request_that_cannot_be_encoded_ends_the_log_and_not_the_daemon(tmp_path, number):
    class Strange(ScriptedEngine):
        def handle(self, event, now):
            super().handle(event, now)
            if isinstance(event, e.PriceGiven):
                self.requests.append(r.ReadWager(9, number))

    life = Life(tmp_path, engine=Strange)
    await life.up()
    life.around.deliver(e.PriceGiven("l", 0.5, 7))
    await until(lambda: life.logged("event_log.ended"))
    assert "cannot be encoded" in life.logged("event_log.ended")[0]["why"]
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    log, records = life.records()
    assert "cannot be encoded" in log.end
    assert not any(isinstance(one, Handled) and isinstance(one.event, e.PriceGiven) for one in records)
