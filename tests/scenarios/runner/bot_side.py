"""The daemon of a scenario: the real one, with its log kept in memory and its clock in virtual time."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import yaml

from mmbot.config import Config
from mmbot.config.reading import loads
from mmbot.daemon import run, wiring
from mmbot.daemon.trouble import with_trouble
from mmbot.daemon.wire import Surroundings
from mmbot.domain.instant import Instant
from mmbot.engine.engine import Engine
from mmbot.engine.events import Event
from mmbot.engine.requests import PlaceMany, Request
from mmbot.engine.status import EngineStatus
from mmbot.screen.status_text import why_text
from mmbot.strategy.loader import load

from .exchange_side import ExchangeSide
from .virtual_loop import LoopClock

WRITTEN_S = 0.15
"""Real seconds within which the writer of the journal has written what it was given."""


def settings(base_url: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a scenario's bot."""
    standard: dict[str, Any] = {
        "environment": "local",
        "exchange": {"base_url": base_url},
        "quoting": [
            {
                "match": {"type": ["moneyline", "spread", "total"]},
                "strategy": "strategies.fair_value:FairValueMaker",
                "params": {"margin": 0.005, "price_tolerance": 0.003, "size": 50, "inventory": 150, "skew_price": 0.02},
            }
        ],
        "limits": {"line": 200, "market": 200, "event": 400, "tournament": 600, "account": 800, "daily_loss": 100000},
        "guards": {"hold_s": 1, "flap_hold_s": 3, "matches_a_minute": 1000},
        "state_dir": "state",
        "telemetry": {"port": 0, "last_scrape_s": 0, "log_format": "json"},
    }
    return _merged(standard, changes)


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(first)
    for name, value in second.items():
        old = both.get(name)
        both[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


class _Lines:
    """Takes the place of the thread that writes the log."""

    terminal = False
    dropped = 0

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self.said: list[tuple[Instant, dict[str, Any]]] = []

    def write(self, line: str) -> None:
        """Keep a line with its time."""
        self.said.append((self._clock.now(), json.loads(line)))

    def close(self) -> None:
        """Nothing: no thread writes."""


class _AtOnce:
    """Takes the place of the thread that writes the kill switch, because virtual time would not wait for it."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        """Do the work now."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args))
        except Exception as bad:  # noqa: BLE001 - it belongs to whoever looks at the future
            done.set_exception(bad)
        return done

    def shutdown(self, **_: object) -> None:
        """Nothing waits."""


class _Tapped:
    """A client that tells the exchange's judge when each placement leaves the bot."""

    def __init__(self, client: Any, exchange: ExchangeSide) -> None:
        self._client = client
        self._exchange = exchange

    def perform(self, request: Request) -> Coroutine[Any, Any, Any]:
        """Send a request."""
        if isinstance(request, PlaceMany):
            for item in request.items:
                self._exchange.note_sent(item.external_id, item.line_id)
        performed: Coroutine[Any, Any, Any] = self._client.perform(request)
        return performed


class _Wire:
    def __init__(self, wire: Any, exchange: ExchangeSide) -> None:
        self._wire = wire
        self.client = _Tapped(wire.client, exchange)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)


class BotSide:
    """The daemons of a scenario, one after the other, with one state directory."""

    def __init__(self, exchange: ExchangeSide, clock: LoopClock, folder: Path, base_url: str, changes: dict[str, Any]):
        self._exchange = exchange
        self.clock = clock
        self._folder = folder
        self._base_url = base_url
        self._changes = changes
        self._lines = _Lines(exchange.local.clock)  # type: ignore[arg-type]
        self._stack = ExitStack()
        self._stack.enter_context(patch("mmbot.daemon.run.clock_for", lambda setting: clock))
        self._stack.enter_context(patch("mmbot.daemon.run.LineWriter", lambda out: self._lines))
        self._stack.enter_context(patch("mmbot.daemon.orders.ThreadPoolExecutor", _AtOnce))
        chance = SimpleNamespace(Random=lambda: Random(1))  # the pauses between two connections of the feed
        self._stack.enter_context(patch("mmbot.daemon.wiring.random", chance))
        self._around: Surroundings | None = None
        self._engine: Engine | None = None
        self._task: asyncio.Task[int] | None = None

    # --- life -------------------------------------------------------------------------------------------------------

    @property
    def directory(self) -> Path:
        """The state directory."""
        return self._folder / "state"

    def start(self, changes: dict[str, Any]) -> Config:
        """Start a daemon, whose settings differ by ``changes`` from those of the one before. Returns its settings."""
        self._changes = _merged(self._changes, changes)
        config = loads(yaml.safe_dump(settings(self._base_url, self._changes)))
        strategies = load(config, Path.cwd())
        keys = self._exchange.local.settings
        self._around = self._engine = None
        self._task = asyncio.get_running_loop().create_task(
            run.run(
                config,
                strategies,
                self.directory,
                self._open,
                self._make,
                environ={"PROPHETX_ACCESS_KEY": keys.access_key, "PROPHETX_SECRET_KEY": keys.secret_key},
                out=sys.stderr,
            )
        )
        return config

    async def _open(self, around: Surroundings) -> Any:
        self._around = around
        return _Wire(await wiring.open_wire(around), self._exchange)

    def _make(self, *parts: Any) -> Engine:
        self._engine = Engine(*parts)
        return self._engine

    @property
    def running(self) -> bool:
        """True if a daemon was started and has not ended."""
        return self._task is not None and not self._task.done()

    @property
    def exit(self) -> int | None:
        """The exit code of the daemon that was started last. None if it was not started or has not ended. Raises
        whatever the daemon raised."""
        return self._task.result() if self._task is not None and self._task.done() else None

    def deliver(self, event: Event) -> None:
        """Give the engine an event, as a signal or the daemon's own door does."""
        assert self._around is not None, "the daemon is not ready for events"
        self._around.deliver(event)

    async def crash(self) -> None:
        """End the daemon, and leave its files as they were before the end."""
        assert self._task is not None
        time.sleep(WRITTEN_S)  # noqa: ASYNC251 - its threads had all the time before; the virtual time was too short
        kept = self._folder / "kept"
        shutil.copytree(self.directory, kept)
        await self._end(self._task)
        self._task = None
        shutil.rmtree(self.directory)
        kept.rename(self.directory)

    async def close(self) -> None:
        """End whatever runs."""
        if self.running:
            assert self._task is not None
            await self._end(self._task)
        self._stack.close()

    @staticmethod
    async def _end(life: asyncio.Task[int]) -> None:
        """Cancel a daemon with its main loop, which is a task of its own."""
        pumps = [task for task in asyncio.all_tasks() if task.get_name() == "pump"]
        for task in (*pumps, life):
            task.cancel()
        await asyncio.gather(*pumps, life, return_exceptions=True)

    # --- what can be asked --------------------------------------------------------------------------------------------

    def status(self) -> EngineStatus | None:
        """The engine's status; None before the engine is made."""
        return None if self._engine is None else self._engine.status(self.clock.now())

    def why(self) -> str:
        """The answer of ``mmbot why``."""
        status = self.status()
        if status is None or self._around is None:
            return ""
        return why_text(with_trouble(status, self._around.config, self._around.troubles))

    def said(self, since: Instant) -> list[dict[str, Any]]:
        """The lines of the log since an instant of the exchange's clock."""
        return [line for at, line in self._lines.said if at >= since]
