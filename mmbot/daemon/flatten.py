"""Cancel everything and prove it, without an engine: for a daemon whose engine broke, and for ``mmbot kill`` alone.

Flat is what DESIGN says: a history that is complete up to after the last thing sent, and shows nothing that rests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from mmbot.daemon.loop import Client
from mmbot.domain.instant import DAY, MILLISECOND, MINUTE, SECOND, Clock, Duration, Instant, iso
from mmbot.domain.wager import Status, WagerReport
from mmbot.domain.words import counted
from mmbot.engine.events import Answer, Cancelled, CancelledAll, Failed, Failure, HistoryRead
from mmbot.engine.requests import BATCH, CancelAll, Cancellation, CancelMany, ReadHistory, Request
from mmbot.exchange.credentials import LOGIN_REFUSED

AGAIN: Final[Duration] = 300 * MILLISECOND
"""Pause after a ``cancel_all`` that did not get through."""

READ_PAUSE: Final[Duration] = SECOND
"""Reads of one path: one a second (PROTOCOL 11)."""

WEEKS: Final = 4
"""How far back open wagers are looked for, in windows of seven days, the longest that one read may span."""

_WINDOW: Final[Duration] = 7 * DAY - MINUTE


class Flat(msgspec.Struct, frozen=True):
    """How it ended."""

    proved: bool
    took: Duration
    cancels: int
    """How many cancel requests were answered."""
    resting: int
    """Wagers that the last complete look still found."""
    trouble: str | None
    """The last thing that went wrong, for a person; None if nothing did."""
    nothing: bool = False
    """No cancel was answered, and none can have been done without an answer."""
    retry_at: Instant | None = None
    """When the next try would be allowed, if it had to wait."""


class Flattener:
    """Cancels everything over a client until it is proved flat, or time is up.

    Args:
        client: how requests are sent.
        clock: the one of the whole process.
        ours: on a shared account, tells by ``external_id`` which wagers are ours: they are found in the history and
            cancelled one by one. None: the account is exclusive, and ``cancel_all`` is used.
        first_request: number of the first request; answers repeat it.
        say: takes a line for a person at each new trouble while nothing was answered.
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
        self._say: Final = say
        self._next: int = first_request
        self._cancels = 0
        self._resting = 0
        self._trouble: str | None = None
        self._read_at: Instant = 0
        self._retry_at: Instant = 0
        self._answered = False
        self._maybe = False  # whether a cancel without an answer may have been done
        self._keys_refused = False

    async def run(self, limit: Duration, patience: Duration = 0) -> Flat:
        """Do it, for at most ``limit``; a cancel under way then is still waited for.

        Args:
            limit: counted from the first answer.
            patience: how much longer the first answer is waited for, so that a log-in may be tried again. Given at a
                person's kill, which wrong keys end at once: waiting would not mend them.
        """
        begun = self._clock.now()
        end = begun + patience + limit
        answered = False
        told: str | None = None
        found: list[WagerReport] | None = []
        while True:
            pause = AGAIN
            through = await self._cancel(found or [])
            if self._answered and not answered:
                answered, end = True, min(end, self._clock.now() + limit)
            found = await self._look(self._clock.now(), end) if through else None
            if found is None:
                pause = max(pause, self._retry_at - self._clock.now())
            if found == [] or self._clock.now() + pause >= end or (patience and self._keys_refused):
                break
            if not self._answered and self._trouble != told:
                told = self._trouble
                self._say(f"{told}; trying again{f' at {iso(self._retry_at)[11:19]}Z' if pause > AGAIN else ''}")
            await asyncio.sleep(self._clock.real_seconds(pause))
        now = self._clock.now()
        if found == []:
            return Flat(True, now - begun, self._cancels, self._resting, None)
        nothing = self._cancels == 0 and not self._maybe
        retry_at = self._retry_at if self._retry_at > now else None
        return Flat(False, now - begun, self._cancels, self._resting, self._trouble, nothing, retry_at)

    async def _cancel(self, found: Sequence[WagerReport]) -> bool:
        """Cancel all, or those of ours that were found. False if that did not get through."""
        through = True
        if self._ours is None:
            through = self._note_cancel(await self._client.perform(CancelAll(self._number())))
        else:
            for start in range(0, len(found), BATCH):
                items = tuple(Cancellation(one.wager_id, one.external_id) for one in found[start : start + BATCH])
                through &= self._note_cancel(await self._client.perform(CancelMany(self._number(), items)))
        return through

    async def _look(self, after: Instant, end: Instant) -> list[WagerReport] | None:
        """What rests, by a history that is complete up to ``after``; None if there was none in time."""
        now = self._clock.now()
        # Inactive ones first: one that opens between two reads is then seen by the second.
        windows = [(now - _WINDOW, now + MINUTE, Status.INACTIVE), (now - _WINDOW, now + MINUTE, Status.OPEN)]
        windows += [(now - (n + 1) * _WINDOW, now - n * _WINDOW + MINUTE, Status.OPEN) for n in range(1, WEEKS)]
        found: list[WagerReport] = []
        for created_from, created_to, status in windows:
            resting = await self._resting_in(created_from, created_to, status, after, end)
            if resting is None:
                return None
            found += resting
            if found and self._ours is None:
                break  # enough to know that it takes another cancel_all
        self._resting = len(found)
        if found:
            self._trouble = f"{counted(len(found), 'wager')} still {'rests' if len(found) == 1 else 'rest'}"
        return found

    async def _resting_in(
        self, created_from: Instant, created_to: Instant, status: Status, after: Instant, end: Instant
    ) -> list[WagerReport] | None:
        """What rests of the wagers of one window, or None if no complete look was had in time."""
        cursor = ""
        resting: list[WagerReport] = []
        while True:
            request = ReadHistory(
                self._number(), created_from=created_from, created_to=created_to, status=status.value, cursor=cursor
            )
            answer = await self._read(request, end)
            if answer is None:
                return None
            if answer.last_synced_at is None or answer.last_synced_at <= after:
                self._trouble = "the history is not complete up to the cancel"
                cursor, resting = "", []
                continue
            resting += [wager for wager in answer.wagers if _rests(wager) and self._is_ours(wager)]
            cursor = answer.next_cursor
            if not cursor:
                return resting

    def _is_ours(self, wager: WagerReport) -> bool:
        return self._ours is None or self._ours(wager.external_id)

    async def _read(self, request: ReadHistory, end: Instant) -> HistoryRead | None:
        """One page, or None when it failed or time is up."""
        wait = self._read_at - self._clock.now()
        if self._clock.now() + max(wait, 0) >= end:
            self._trouble = self._trouble or "out of time"
            return None
        if wait > 0:
            await asyncio.sleep(self._clock.real_seconds(wait))
        self._read_at = self._clock.now() + READ_PAUSE
        answer = await self._client.perform(request)
        if isinstance(answer, HistoryRead):
            self._answered = True
            return answer
        self._note(answer)
        return None

    def _note_cancel(self, answer: Answer) -> bool:
        self._maybe |= isinstance(answer, Failed) and answer.failure is Failure.UNKNOWN
        return self._note(answer)

    def _note(self, answer: Answer) -> bool:
        """Whether a cancel got through; if not, the reason is kept."""
        match answer:
            case CancelledAll() | Cancelled():
                self._cancels += 1
                self._answered = True
                return True
            case Failed():
                self._trouble = f"{answer.code}: {answer.message}" if answer.message else answer.code
                self._retry_at = answer.retry_at or 0
                self._keys_refused = answer.code == LOGIN_REFUSED
            case _:
                self._trouble = f"an answer of the wrong kind: {type(answer).__name__}"
        return False

    def _number(self) -> int:
        number = self._next
        self._next += 1
        return number


class Guarded:
    """A client whose exceptions, of which it should raise none, are answers like any other: nothing stops a cancel."""

    def __init__(self, client: Client) -> None:
        self._client: Final = client

    async def perform(self, request: Request) -> Answer:
        """Send a request; an exception becomes ``Failed``."""
        task = asyncio.ensure_future(self._client.perform(request))
        await asyncio.wait({task})
        if task.cancelled():
            return Failed(request=request.id, failure=Failure.UNKNOWN, code="cancelled")
        error = task.exception()
        if error is None:
            return task.result()
        return Failed(request=request.id, failure=Failure.UNKNOWN, code="shell", message=repr(error))


def _rests(wager: WagerReport) -> bool:
    return wager.resting or wager.status is Status.INACTIVE
