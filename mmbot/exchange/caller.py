"""Makes one call to the exchange. It adds the access token, limits the time and reads the answer.

The HTTP status 401 says that the exchange does not accept the token. After this status, the call is repeated once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import aiohttp

from mmbot.domain.instant import SECOND, Clock, Instant
from mmbot.exchange.dialect import Call, MalformedItems
from mmbot.exchange.errors import (
    ErrorTable,
    ExchangeError,
    Purpose,
    Rejected,
    Retryable,
    unreachable,
    without_answer,
)
from mmbot.net.http import (
    LARGEST_CHANGE,
    LARGEST_READ,
    NoAnswer,
    NotSent,
    OnRequest,
    Reply,
    Withdrawn,
    date_of,
    pause_until,
    send,
    timeout_for,
)
from mmbot.net.warm import Connection, Outcome

OnMalformed = Callable[[str, str], None]
"""The type of a function that is called for each unreadable item of an answer. It gets the name of the call and the
reason."""

T = TypeVar("T")


class Session(Protocol):
    """The part of a session that a call needs."""

    def current(self) -> str | None:
        """Return the access token if it is valid now. Otherwise return None."""

    async def token(self, urgent: bool = False) -> str:
        """Return an access token. If there is no valid token, wait for a renewal."""

    def accepted(self, token: str) -> None:
        """Record that the exchange accepted this token."""

    def reject(self, token: str) -> None:
        """Drop a token to which the exchange answered 401 (token not accepted)."""

    async def rejected(self, token: str, urgent: bool = False) -> str:
        """Drop a token to which the exchange answered 401 (token not accepted), and wait for the next token."""

    def scrub(self, text: str) -> str:
        """Hide every key and every token in a text."""


class Written(NamedTuple, Generic[T]):
    """A call whose request is already on its way to the exchange. ``outcome`` receives the answer later."""

    call: Call[T]
    token: str
    at: Instant
    outcome: asyncio.Future[Outcome]


class Caller:
    """Makes calls to the exchange, over a pool of connections or over one open connection.

    Args:
        errors: the table of the exchange's error codes and their meanings.
        change_s: the timeout of a placement or a cancel, in seconds of ``clock``. The clock may run faster than real
            time.
        read_s: the timeout of a read, in seconds of ``clock``. Each timeout is at least one real second.
    """

    def __init__(
        self,
        keeper: Session,
        clock: Clock,
        errors: ErrorTable,
        base_url: str,
        change_s: float,
        read_s: float,
        on_request: OnRequest | None,
        on_malformed: OnMalformed | None,
    ) -> None:
        self._keeper: Final = keeper
        self._clock: Final = clock
        self._errors: Final = errors
        self._base_url: Final = base_url.rstrip("/")
        self._change_s: Final = timeout_for(clock, change_s)
        self._read_s: Final = timeout_for(clock, read_s)
        self._on_request = on_request
        self._on_malformed = on_malformed
        self._date: str | None = None

    @property
    def date(self) -> Instant | None:
        """The exchange's time in whole seconds, from the ``Date`` header of the newest answer that has this header.
        None before the first such answer."""
        return date_of(self._date)

    def write(self, call: Call[T], connection: Connection | None) -> Written[T] | None:
        """Write a request to an open connection now. If there is no connection or no token, send nothing and return
        None."""
        token = self._keeper.current()
        if connection is None or token is None:
            return None
        outcome = connection.write(call.method, call.path, call.body or b"", token, self._limit_s(call.purpose))
        return Written(call, token, self._clock.now(), outcome)

    async def __call__(self, call: Call[T] | Written[T], http: aiohttp.ClientSession) -> T:
        """Make a call and read its answer. If the request was already written, it is not sent again.

        Raises:
            Rejected, Retryable, UnknownOutcome, Malformed: if the call fails. A call that only reads never raises
                UnknownOutcome.
        """
        written: Written[T] | None = None
        if isinstance(call, Written):
            written, call = call, call.call
        token = await self._token(call.purpose) if written is None else written.token
        try:
            return await self._once(call, http, token, written)
        except _Unauthorized:
            if call.purpose is Purpose.PLACE:
                # Do not repeat the placement: it may no longer be allowed, so the engine has to decide again.
                self._keeper.reject(token)
                raise Rejected("unauthorized", "the token was not accepted; nothing was placed") from None
        token = await self._keeper.rejected(token, call.purpose is Purpose.CANCEL)
        try:
            return await self._once(call, http, token)
        except _Unauthorized:
            self._keeper.reject(token)
            later = self._clock.now() + SECOND
            raise Retryable("unauthorized", "a new token was not accepted either", later) from None

    async def _token(self, purpose: Purpose) -> str:
        """Return the access token for a call. A placement does not wait for a new token, because its quote would then
        be out of date."""
        if purpose is not Purpose.PLACE:
            return await self._keeper.token(purpose is Purpose.CANCEL)
        token = self._keeper.current()
        if token is None:
            raise Rejected("unauthorized", "no session at the moment; nothing was placed")
        return token

    async def _once(
        self, call: Call[T], http: aiohttp.ClientSession, token: str, written: Written[T] | None = None
    ) -> T:
        started = self._clock.now() if written is None else written.at
        outcome = "cancelled"
        malformed: MalformedItems = []
        try:
            reply = await (self._send(call, http, token) if written is None else self._answer(written))
            self._date = reply.date or self._date
            result = self._judge(call, reply, token, malformed)
            outcome = "ok"
        except _Unauthorized:
            outcome = "unauthorized"
            raise
        except ExchangeError as error:
            outcome = error.failure.value
            raise
        finally:
            if self._on_request is not None:
                self._on_request(call.name, outcome, self._clock.now() - started)
        if self._on_malformed is not None:
            for reason in malformed:
                self._on_malformed(call.name, self._keeper.scrub(reason))
        return result

    async def _send(self, call: Call[T], http: aiohttp.ClientSession, token: str) -> Reply:
        limit_s = self._limit_s(call.purpose)
        try:
            return await send(
                http,
                call.method,
                self._base_url + call.path,
                body=call.body,
                token=token,
                timeout_s=limit_s,
                withdrawn=call.withdrawn,
                largest=LARGEST_READ if call.purpose is Purpose.READ else LARGEST_CHANGE,
            )
        except Withdrawn:
            raise Retryable("withdrawn", "everything was cancelled before the request left; nothing was done") from None
        except NotSent as error:
            raise unreachable(str(error)) from None
        except NoAnswer as error:
            raise without_answer(call.purpose, error.code, error.message) from None

    @staticmethod
    async def _answer(written: Written[T]) -> Reply:
        outcome = await written.outcome
        if isinstance(outcome, NoAnswer):
            raise without_answer(written.call.purpose, outcome.code, outcome.message)
        return outcome

    def _limit_s(self, purpose: Purpose) -> float:
        return self._read_s if purpose is Purpose.READ else self._change_s

    def _judge(self, call: Call[T], reply: Reply, token: str, malformed: MalformedItems) -> T:
        if reply.status == 401:
            raise _Unauthorized
        if reply.status < 500:  # a failing gateway has not checked the token
            self._keeper.accepted(token)
        if 300 <= reply.status < 400:
            raise without_answer(call.purpose, "redirect", f"HTTP {reply.status}, which is not followed")
        if not 200 <= reply.status < 300:
            said = self._errors.read(reply.body)
            until = pause_until(reply, said.next_allow_at, self._clock)
            message = self._keeper.scrub(said.message)
            raise self._errors.error_of(call.purpose, reply.status, said.code, message, self._clock.now(), until)
        try:
            return call.read(reply.body, malformed)
        except (ValueError, RecursionError) as bad:
            raise without_answer(call.purpose, "undecodable", self._keeper.scrub(str(bad))[:300]) from None


class _Unauthorized(Exception):
    """Raised if the exchange answered with the HTTP status 401. Only this module raises and catches this exception."""
