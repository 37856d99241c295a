"""Cancels everything without an engine, and proves that the account is clear (no wager of ours is open). This is needed
after the engine failed. ``mmbot kill`` needs it too, if no daemon runs.

The class ``ClearAlone`` builds the requests and decides when the account is proved clear. This module sends the
requests and reports to the operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from mmbot.config import Config
from mmbot.daemon.loop import Client
from mmbot.domain.instant import Clock, Duration, Instant, iso, seconds
from mmbot.engine.events import Answer, Failed, Failure, FailureReason
from mmbot.engine.exports import ClearAlone
from mmbot.engine.requests import CancelAll, CancelMany, Request
from mmbot.store.heartbeat import read_heartbeat
from mmbot.store.journal import JournalError, run_ids_of

_EMERGENCY_REQUEST: Final = 1 << 62
"""The number of the first request after the engine failed. It is far above the engine's own numbers."""

SHORTEST_REAL_S: Final = 10.0
"""The shortest time that the daemon has to cancel everything in an emergency, in real seconds. A faster clock of the
exchange does not shorten it."""


class Cleared(msgspec.Struct, frozen=True):
    """The result of an attempt to cancel everything and to prove that no wager of ours is open."""

    proved: bool
    took: Duration
    cancels: int
    """The number of cancel requests that the exchange accepted."""
    open_wagers: int
    """The number of open wagers on the newest page of the account's wager history that showed an open wager. 0 if no
    wager is open any more."""
    trouble: str | None
    """The newest problem with the exchange, in words. None if there was no problem."""
    nothing: bool = False
    """True if it is certain that the exchange carried out no cancel."""
    retry_at: Instant | None = None
    """The earliest time for another attempt to cancel. None if no wait is required."""
    keys_rejected: bool = False
    """True if the exchange rejected the access key and the secret key."""


def emergency_limit(config: Config, clock: Clock) -> Duration:
    """Return how long the daemon may try to prove in an emergency that no wager of ours is open. An emergency is a
    failure of the engine."""
    limit = seconds(config.stop.deadline_s)
    return limit if clock.rate <= 1 else max(limit, seconds(SHORTEST_REAL_S * clock.rate))


class AccountClearer:
    """Cancels everything over a client, until it is proved that no wager of ours is open or the time is up.

    Args:
        client: the client that sends requests.
        clock: the clock of the process.
        ours: for a shared account, a function that returns True if an ``external_id`` is one of ours. Our wagers are
            then found in the account's wager history and cancelled by their ids. For an exclusive account, ``ours`` is
            None, and ``cancel_all`` is used.
        first_request: the number of the first request. Each later request has the next number.
        say: a function that shows a line to the operator. It is called for each new problem until the exchange has
            answered once.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        ours: Callable[[str], bool] | None = None,
        first_request: int = 1,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client: Final = client
        self._clock: Final = clock
        self._ours: Final = ours
        self._first_request: Final = first_request
        self._say: Final = say
        self._cancels = 0
        self._answered = False
        self._maybe = False  # True if a cancel without an answer may have succeeded
        self._failed: Failed | None = None  # the last request, if it failed
        self._told: str | None = None

    async def run(self, limit: Duration, patience: Duration = 0, grace: Duration | None = None) -> Cleared:
        """Cancel everything, for at most ``limit``. If a request is under way when the time is up, wait for its answer.

        Args:
            limit: the time limit, counted from the first answer of the exchange.
            patience: the time that is added to ``limit`` until the exchange has answered for the first time, so that a
                log-in can be repeated. If it is not 0, wrong keys end the attempt immediately.
            grace: the longest wait for the answer to a request that is under way when the time is up. If it is None,
                the wait is the normal time limit of the request.
        """
        started = self._clock.now()
        end = started + patience + limit
        work = ClearAlone(self._ours, self._first_request, started)
        while not work.clear:
            now = self._clock.now()
            request = work.next(now)
            if request is None:
                due_at = work.due_at(now)
                if due_at >= end:
                    break
                await asyncio.sleep(self._clock.real_seconds(due_at - now))
                continue
            if now >= end:
                break
            answer = await self._perform(request, None if grace is None else end + grace - now)
            now = self._clock.now()
            first = not self._answered
            self._note(request, answer)
            work.take(request, answer, now)
            if first and self._answered:
                end = min(end, now + limit)
            if not self._answered:
                if self._waits_in_vain(end, patience):
                    break
                self._tell(work)
        return self._ended(work, self._clock.now() - started)

    async def _perform(self, request: Request, longest: Duration | None) -> Answer:
        """Send a request. If no answer comes within ``longest``, it is not known whether the exchange carried the
        request out."""
        if longest is None:
            return await self._client.perform(request)
        task = asyncio.ensure_future(self._client.perform(request))
        await asyncio.wait({task}, timeout=self._clock.real_seconds(longest))
        if task.done():
            return task.result()
        task.cancel()
        return Failed(request=request.id, failure=Failure.UNKNOWN, code="timeout", message="no answer in time")

    def _waits_in_vain(self, end: Instant, patience: Duration) -> bool:
        """Return True if no log-in can succeed before the time is up."""
        if self._reason is FailureReason.LOGIN_WAITS:
            return (self._retry_at or 0) >= end
        return self._reason is FailureReason.LOGIN and patience > 0

    @property
    def _reason(self) -> FailureReason | None:
        """The reason why the newest request failed. None if the newest request did not fail."""
        return None if self._failed is None else self._failed.reason

    @property
    def _retry_at(self) -> Instant | None:
        """The earliest time for another attempt, if the error of the newest request names such a time. Otherwise
        None."""
        at = None if self._failed is None else self._failed.retry_at
        return at if at is not None and at > self._clock.now() else None

    def _note(self, request: Request, answer: Answer) -> None:
        self._failed = answer if isinstance(answer, Failed) else None
        self._answered |= self._failed is None
        if isinstance(request, CancelAll | CancelMany):
            self._cancels += self._failed is None
            self._maybe |= self._failed is not None and self._failed.failure is Failure.UNKNOWN

    def _tell(self, work: ClearAlone) -> None:
        """Report the present problem to the operator, unless the same problem was reported before."""
        if work.trouble == self._told:
            return
        self._told = work.trouble
        retry_at = self._retry_at
        later = f" at {iso(retry_at)[11:19]}Z" if retry_at is not None else ""
        self._say(f"{work.trouble}; trying again{later}")

    def _ended(self, work: ClearAlone, took: Duration) -> Cleared:
        if work.clear:
            return Cleared(True, took, self._cancels, 0, None)
        nothing = self._cancels == 0 and not self._maybe
        trouble = work.trouble or "out of time"
        keys_rejected = self._reason is FailureReason.LOGIN
        return Cleared(False, took, self._cancels, work.open_wagers, trouble, nothing, self._retry_at, keys_rejected)


class Guarded:
    """A client that answers with ``Failed`` instead of raising an exception, so that no error stops the cancelling."""

    def __init__(self, client: Client) -> None:
        self._client: Final = client

    async def perform(self, request: Request) -> Answer:
        """Send a request, and return its answer. If sending raises an exception, the answer is ``Failed``."""
        task = asyncio.ensure_future(self._client.perform(request))
        await asyncio.wait({task})
        if task.cancelled():
            return Failed(request=request.id, failure=Failure.UNKNOWN, code="cancelled")
        error = task.exception()
        if error is None:
            return task.result()
        return Failed(request=request.id, failure=Failure.UNKNOWN, code="shell", message=repr(error))


def ours_of(account: str, directory: Path) -> Callable[[str], bool] | None:
    """Return a function that returns True for the ``external_id`` of a wager of ours. For an exclusive account, return
    None, because every wager is ours.

    If the journal is damaged, the heartbeat file still names the newest run that may have open wagers. This is enough,
    because a run quotes only after it has proved that earlier runs have no open wagers.

    Raises:
        JournalError: if neither the journal nor the heartbeat names a run.
    """
    if account == "exclusive":
        return None
    heartbeat = read_heartbeat(directory)
    last = () if heartbeat is None else (heartbeat.run_id,)
    try:
        runs = frozenset((*run_ids_of(directory), *last))
    except JournalError:
        if not last:
            raise
        runs = frozenset(last)
    return lambda external_id: external_id.partition("-")[0] in runs


async def clear_after_fault(
    client: Client, clock: Clock, config: Config, run_id: str, finish: Callable[[], Awaitable[object]]
) -> Cleared:
    """Cancel everything after the engine failed, and try to prove that no wager of ours is open.

    Args:
        run_id: the id of this run. On a shared account only its wagers are cancelled.
        finish: waits for the requests that the engine sent before it failed.
    """
    guarded = Guarded(client)
    exclusive = config.exchange.account == "exclusive"
    if exclusive:  # send it immediately; the code below handles wagers that are still being placed
        await guarded.perform(CancelAll(_EMERGENCY_REQUEST))
    await finish()
    ours = None if exclusive else lambda external_id: bool(external_id.startswith(f"{run_id}-"))
    return await AccountClearer(guarded, clock, ours, _EMERGENCY_REQUEST).run(emergency_limit(config, clock))
