"""Cancels the wagers of a sport event whose strategy does not return. A second thread with its own connection does
this.

The strategy runs inside the engine, in the thread of the event loop. This thread runs nothing else until the strategy
returns. The second thread sees for which sport event the strategy was called, and never touches the engine. The main
loop tells the engine when the call has returned.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from structlog.types import FilteringBoundLogger

from mmbot.daemon.clear_account import Guarded
from mmbot.daemon.watchdog.open_wagers import OpenWagers
from mmbot.daemon.wire import AnotherClient
from mmbot.domain.instant import Clock, seconds
from mmbot.engine.events import CancelledAll, Failed, StrategyOverran
from mmbot.engine.requests import CancelSportEvent
from mmbot.strategy.interface import EventView, Result, Strategy, depth_of

AGAIN_S: Final = 1.0
"""The time between two cancels while the strategy does not return, in seconds. The cancel is repeated because an
accepted wager may not have been open at the first cancel."""

RETRY_S: Final = 0.3
"""The wait after a failed cancel before the cancel is repeated, in seconds."""

LOOKS: Final = 10
"""The number of times that the second thread checks a call of the strategy during the time that the call may take."""


class Calls:
    """The present call of a strategy. The thread of the event loop writes these attributes, and the second thread reads
    them."""

    __slots__ = ("number", "overruns", "sport_event")

    def __init__(self) -> None:
        self.number = 0
        """The number of the newest call of a strategy."""
        self.sport_event: int | None = None
        """The id of the sport event for which the strategy is being called. None between two calls."""
        self.overruns = 0
        """The number of calls of the strategy that took too long. The second thread writes this number."""


class WatchedStrategy:
    """A strategy whose calls can be observed from another thread."""

    def __init__(self, strategy: Strategy, calls: Calls) -> None:
        self._quote: Final = strategy.quote
        self._calls: Final = calls
        self.book_depth: Final = depth_of(strategy)

    def quote(self, view: EventView, state: Any) -> Result:
        """Call the strategy for a sport event."""
        calls = self._calls
        calls.number += 1
        calls.sport_event = view.sport_event.sport_event_id
        try:
            return self._quote(view, state)
        finally:
            calls.sport_event = None


class SlowStrategies:
    """The thread that watches the strategies.

    Args:
        limit_s: how many seconds a call may take.
        another_client: a function that creates the client. The thread calls it when it first needs the client.
        clock: the clock of the exchange.
        ours: on a shared account, a function that returns True for the ``external_id`` of our wagers. On an exclusive
            account, ``ours`` is None.
        log: the log, which gets a line for each call that takes too long.
    """

    def __init__(
        self,
        limit_s: float,
        another_client: Callable[[], AnotherClient],
        clock: Clock,
        ours: Callable[[str], bool] | None,
        log: FilteringBoundLogger,
    ) -> None:
        self._limit_s: Final = limit_s
        self._another_client: Final = another_client
        self._clock: Final = clock
        self._ours: Final = ours
        self._log: Final = log
        self._calls: Final = Calls()
        self._overran: Final[deque[tuple[int, float]]] = deque()
        self._closing = threading.Event()
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._run, name="slow strategies", daemon=True)

    def watched(self, strategies: Sequence[Strategy]) -> tuple[Strategy, ...]:
        """Return the strategies in a form that can be observed."""
        return tuple(WatchedStrategy(strategy, self._calls) for strategy in strategies)

    @property
    def overruns(self) -> int:
        """The number of calls that took too long so far."""
        return self._calls.overruns

    def take(self) -> Sequence[StrategyOverran]:
        """Return the calls that took too long since the previous call of this method, as events for the engine."""
        events = []
        while self._overran:
            sport_event, since = self._overran.popleft()
            events.append(StrategyOverran(sport_event, seconds(time.monotonic() - since)))
        return events

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        client: AnotherClient | None = None
        calls = self._calls
        seen, since = 0, time.monotonic()
        try:
            while not self._closing.is_set():
                await asyncio.sleep(self._limit_s / LOOKS)
                number, sport_event = calls.number, calls.sport_event
                now = time.monotonic()
                if number != seen or sport_event is None:
                    seen, since = number, now
                elif now - since >= self._limit_s:
                    client = client or self._another_client()
                    await self._cancel(client, number, sport_event, since)
        finally:
            if client is not None:
                await client.close()

    async def _cancel(self, client: AnotherClient, number: int, sport_event: int, since: float) -> None:
        """Cancel the wagers of a sport event repeatedly until the call of the strategy has returned."""
        calls = self._calls
        self._overran.append((sport_event, since))
        calls.overruns += 1  # before the first cancel leaves, so that the engine hears of it in any case
        self._log.error("strategy.overdue", sport_event=sport_event, limit_s=self._limit_s)
        guarded = Guarded(client)
        called_at = self._clock.now() - round(seconds(time.monotonic() - since) * self._clock.rate)
        wagers = None if self._ours is None else OpenWagers(guarded, self._clock, self._ours, called_at, sport_event)
        while self._lasts(number):
            if wagers is None:
                trouble = await self._cancel_once(guarded, sport_event)
            else:
                good = await wagers.read(cancel=True, goes_on=lambda: self._lasts(number))
                trouble = None if good else wagers.trouble
            if trouble is not None:
                self._log.error("strategy.not_cancelled", sport_event=sport_event, code=trouble)
            until = time.monotonic() + (AGAIN_S if trouble is None else RETRY_S)
            while self._lasts(number) and time.monotonic() < until:  # noqa: ASYNC110 - nothing can wake this thread
                await asyncio.sleep(0.05)

    def _lasts(self, number: int) -> bool:
        calls = self._calls
        return calls.number == number and calls.sport_event is not None and not self._closing.is_set()

    async def _cancel_once(self, client: Guarded, sport_event: int) -> str | None:
        """Cancel the wagers of a sport event on an exclusive account. Return None, or the error code if this failed."""
        answer = await client.perform(CancelSportEvent(next(self._numbers), sport_event))
        if isinstance(answer, Failed):
            return answer.code
        return None if isinstance(answer, CancelledAll) else "wrong_answer"
