"""An engine that follows a small script, an exchange of which a test holds the strings, and a process made of them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from mmbot.config import Config, loads
from mmbot.daemon.run import run
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.status import Counts, EngineStatus, ProfitStatus

SETTINGS = """
environment: local
exchange: {base_url: "http://127.0.0.1:1/partner", change_timeout_s: 1}
stop: {deadline_s: 2}
prices: {http: true}
telemetry: {port: 0, log_format: json}
"""

KEYS = {"PROPHETX_ACCESS_KEY": "access-key-of-the-test", "PROPHETX_SECRET_KEY": "secret-key-of-the-test"}


def settings(**changes: object) -> Config:
    """The settings above, with changes: a mapping replaces single keys of its section."""
    config = loads(SETTINGS)
    for name, value in changes.items():
        section = getattr(config, name)
        new = msgspec.structs.replace(section, **value) if isinstance(value, dict) else value
        config = msgspec.structs.replace(config, **{name: new})
    return config


def status_of(
    now: int = 0, *, quoting: bool = False, latched: str | None = None, clear: bool = True, **more: object
) -> EngineStatus:
    """A status in which nothing goes on."""
    plain = EngineStatus(
        now=now,
        phase="ready",
        quoting=quoting,
        latched=latched,
        feed_up=False,
        feed_age_s=None,
        balance=None,
        locked=0,
        sport_events=(),
        scopes=(),
        guards=(),
        matches=(),
        counts=Counts(0, 0, 0, 0, 0, 0, 0, 0, 0),
        profit=ProfitStatus(0, 0, 0, 0),
        clear=clear,
    )
    return msgspec.structs.replace(plain, **more)


class ScriptedEngine:
    """Cancels everything at its start, at a stop and at a kill; a price of the line ``boom`` breaks it."""

    def __init__(self, config: Config | None = None, seed: o.Seed | None = None, strategies=(), now: int = 0) -> None:
        self.seed = seed
        self.differences: dict[str, int] = {}
        self.taken_or_pulled: dict[str, int] = {}
        self.audited: dict[str, int] = {}
        self.heard: list[tuple[e.Event, int]] = []
        self.asked: list[int] = []
        self.wake_at: int | None = None
        self.requests: list[r.Request] = [r.CancelAll(1)]
        self.outbox: list[o.Order] = []
        self.latched = seed.latched if seed else None
        self.latch_unstored: str | None = None
        self.clear = False
        self.ready = True
        self.stopping = False
        self.ids = 1

    def cancel_all(self) -> None:
        self.ids += 1
        self.clear = False
        self.requests.insert(0, r.CancelAll(self.ids))

    def handle(self, event: e.Event, now: int) -> None:
        self.heard.append((event, now))
        match event:
            case e.StopRequested(hurry=hurry):
                if self.stopping and hurry:
                    self.outbox.append(o.Exit(3, "stopped in a hurry"))
                self.stopping = True
                self.cancel_all()
            case e.KillRequested(reason=reason):
                self.latched, self.latch_unstored = reason, "still being written"
                self.cancel_all()
                self.outbox.append(o.WriteLatch(reason, now))
            case e.LatchWritten(error=error, reason=reason) if self.latched is not None:
                self.latched, self.latch_unstored = reason or self.latched, error
            case e.ResumeRequested():
                self.latched = self.latch_unstored = None
                self.outbox.append(o.ReleaseLatch())
            case e.CancelledAll():
                self.clear = True
                if self.stopping:
                    self.outbox.append(o.Exit(0, "stopped"))
            case e.PriceGiven(line_id="boom"):
                raise RuntimeError("the engine broke over secret-key-of-the-test")

    def price_doubt(self, price: e.PriceGiven, now: int) -> str | None:
        return None if price.line_id in ("a", "boom") else "unknown_line"

    def next_request(self, now: int) -> r.Request | None:
        self.asked.append(now)
        return self.requests.pop(0) if self.requests else None

    def deadline(self, now: int) -> int | None:
        return self.wake_at

    def orders(self) -> list[o.Order]:
        taken, self.outbox = self.outbox, []
        return taken

    def status(self, now: int, *, sport_events: bool = True) -> EngineStatus:
        return status_of(now, latched=self.latched, clear=self.clear, latch_unstored=self.latch_unstored)


class HeldClient:
    """A client whose answers a test gives, or which answers cancels by itself."""

    def __init__(self, answer_cancels: bool = True) -> None:
        self.answer_cancels = answer_cancels
        self.sent: list[r.Request] = []
        self.waiting: dict[int, asyncio.Future[e.Answer]] = {}

    async def perform(self, request: r.Request) -> e.Answer:
        self.sent.append(request)
        if self.answer_cancels and isinstance(request, r.CancelAll):
            return e.CancelledAll(request.id, nothing_open=False)
        answer = self.waiting[request.id] = asyncio.get_running_loop().create_future()
        return await answer


class HeldWire:
    """The exchange's side around a client."""

    def __init__(self, client) -> None:
        self.client = client
        self.connects: list[str] = []
        self.closed = False
        self.work = {}

    def connect(self, reason: str) -> None:
        self.connects.append(reason)

    def another_client(self):
        return self.client

    def parts(self):
        return self.work

    async def close(self) -> None:
        self.closed = True


async def until(condition) -> None:
    """Let the loop run until the condition holds, for five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


async def slow_start(surroundings, seconds: str):
    """Opens a wire that takes a while to open, and says so."""
    sys.stdout.write("opening\n")
    sys.stdout.flush()
    await asyncio.sleep(float(seconds))
    return wire_that_tells(surroundings)


def wire_that_tells(_surroundings, answer: bool = True):
    """A wire that writes every request to standard output."""

    class Telling(HeldClient):
        async def perform(self, request):
            sys.stdout.write(f"{type(request).__name__}\n")
            sys.stdout.flush()
            return await super().perform(request)

    return HeldWire(Telling(answer))


def main(directory: str, mode: str, detail: str = "") -> int:
    """Live as a process: ``answering``, ``silent`` (cancels get no answer) or ``slow SECONDS`` to open."""

    async def open_wire(surroundings):
        if mode == "slow":
            return await slow_start(surroundings, detail)
        return wire_that_tells(surroundings, answer=mode == "answering")

    config = settings()
    return asyncio.run(run(config, (), Path(directory), open_wire, ScriptedEngine))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
