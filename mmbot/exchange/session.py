"""The session with the exchange. It offers a valid access token at any time, with as few log-ins as possible.

A pair of keys may have twenty sessions, and each log-in opens a session (docs/protocol.md 2). So the refresh token and
the time of the newest log-in are kept across restarts. A refresh is tried before a log-in. Log-ins have a shortest time
between them (the cool-down).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from mmbot.domain.bounds import SHORTEST_SECRET
from mmbot.domain.instant import MINUTE, SECOND, Clock, Duration, Instant, in_seconds, iso
from mmbot.engine.events import FailureReason
from mmbot.exchange.credentials import LOGIN_REJECTED
from mmbot.exchange.dialect import Dialect
from mmbot.exchange.errors import ExchangeError, LoginRejected, Retryable, unreachable
from mmbot.exchange.grants import Tokens
from mmbot.exchange.token_life import REFRESHES_APART, life_of, refresh_after
from mmbot.exchange.token_requests import TokenRequests
from mmbot.exchange.token_store import Kept, TokenStore
from mmbot.net.http import NoAnswer, NotSent, OnRequest, pause_until

RENEWALS_APART: Final = SECOND
"""The average time between two renewals of rejected tokens is at least this long."""

RENEWALS_AT_ONCE: Final = 5
"""The number of renewals of rejected tokens that may follow each other without a pause."""

REJECTED_PAUSE: Final = 10 * MINUTE
"""The pause after a log-in that fails because the keys are wrong or all sessions are in use (docs/protocol.md 2)."""

REJECTED_APART: Final = 5 * SECOND
"""The shortest time between a rejected log-in and the log-in of the next start. It keeps a restarting bot from sending
too many log-ins."""

OnEvent = Callable[[str, Mapping[str, str | float]], None]
"""The type of a function that is called with the name and the fields of a log entry. No field contains a key or a
token."""


class SessionKeeper:
    """Keeps one session. Only one renewal of the token runs at a time, and all callers wait for it.

    Args:
        http: connections from ``open_http``. The caller closes these connections after ``close``.
        dialect: writes the log-in and the refresh, and names their errors.
        base_url: the address of the REST API, including ``/partner``.
        cooldown: the shortest time between two log-ins, also across restarts. The cool-down doubles with each log-in
            that gets no answer. A log-in that a cancel needs does not wait for the cool-down. The next log-in waits for
            it.
        timeout_s: the time limit of one request, in seconds.
        urgent: True for a kill by the operator. The first log-in then does not wait for the cool-down of an earlier
            process. A log-in without an answer then does not lengthen the cool-down.
        on_event: called for each log entry, such as ``session.logged_in``, ``session.refreshed``,
            ``session.renewal_failed``.
        on_request: called after each request with the name of the call, its result, and its duration.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        dialect: Dialect,
        base_url: str,
        access_key: str,
        secret_key: str,
        clock: Clock,
        store: TokenStore,
        *,
        cooldown: Duration = MINUTE,
        timeout_s: float = 5.0,
        urgent: bool = False,
        on_event: OnEvent | None = None,
        on_request: OnRequest | None = None,
    ) -> None:
        self._requests: Final = TokenRequests(http, base_url.rstrip("/"), clock, timeout_s, on_request)
        self._session: Final = dialect.session
        self._errors: Final = dialect.errors
        self._access_key = access_key
        self._secret_key = secret_key
        self._clock = clock
        self._store = store
        self._cooldown = cooldown
        self._urgent = urgent
        self._on_event = on_event
        digest = hashlib.sha256(f"{base_url.rstrip('/')}\n{access_key}".encode()).hexdigest()
        self._kept = Kept(digest[:32])
        self._loaded = False
        self._logged_in: Instant | None = None  # like ``_kept.logged_in_at``, but by the monotonic clock
        self._access: str | None = None
        self._ends: Instant = 0
        self._refresh_at: Instant = 0
        self._renewals: Final[deque[Instant]] = deque(maxlen=RENEWALS_AT_ONCE)
        self._refreshed = False  # True if the token came from a refresh
        self._proved = False  # True once the exchange has accepted the token
        self._silent_log_ins = 0
        self._barred: ExchangeError | None = None
        self._barred_until: Instant = 0
        self._hurry = False  # whether a cancel waits for the renewal
        self._renewal: asyncio.Task[str] | None = None
        self._changed = asyncio.Event()
        self._closed = False
        self._told = ""
        self._lately: deque[str] = deque(maxlen=8)

    def current(self) -> str | None:
        """Return the access token if it is valid now. Otherwise return None. Nothing is sent."""
        return self._access if self._access is not None and self._clock.now() < self._ends else None

    async def token(self, urgent: bool = False) -> str:
        """Return an access token. If there is no valid token, wait for a renewal.

        Args:
            urgent: True if a cancel needs the token. A log-in is then sent at once, without the wait since the previous
                log-in. This is not done twice in a row.

        Raises:
            LoginRejected: if the exchange rejects the keys. No other log-in is sent in the next ten minutes.
            Retryable: if no token is available now.
        """
        if (token := self.current()) is not None or not urgent or self._urgent:
            return token or await self._renewed()
        self._hurry = True
        try:
            return await self._renewed()
        except Retryable as later:
            if later.reason is not FailureReason.LOGIN_WAITS or not self._hurry or self._kept.hurried:
                raise
            return await self._renewed()  # the renewal started before the cancel asked for one

    def accepted(self, token: str) -> None:
        """Record that the exchange accepted this token."""
        if token == self._access:
            self._proved = True

    def reject(self, token: str) -> None:
        """Drop a token that the exchange rejected with 401. If there is no newer token, start a renewal."""
        if token != self._access:
            return
        self._access = None
        if not self._closed:
            self._start()

    async def rejected(self, token: str, urgent: bool = False) -> str:
        """Drop a token to which the exchange answered 401 (token not accepted). Then wait for the next token, as
        ``token`` does.

        Raises:
            LoginRejected, Retryable: as in ``token``. Retryable is also raised if a new token is rejected at once.
        """
        self._hurry = self._hurry or (urgent and not self._urgent)
        self.reject(token)
        return await self.token(urgent)

    async def run(self) -> None:
        """Renew the token before it expires, until this task is cancelled. After a failure, wait up to 30 s."""
        failures = 0
        while True:
            self._changed.clear()
            now = self._clock.now()
            if self.current() is None or now >= self._refresh_at:
                try:
                    await self._renewed()
                    failures = 0
                except ExchangeError as error:
                    failures += 1
                    now = self._clock.now()
                    pause = min(SECOND << min(failures - 1, 5), 30 * SECOND)
                    await self._wait(max(pause, (error.retry_at or now) - now))
                    continue
            await self._wait(self._refresh_at - self._clock.now())

    async def close(self) -> None:
        """End a renewal that is under way. The session at the exchange stays open for the next start."""
        self._closed = True
        if (renewal := self._renewal) is not None:
            renewal.cancel()
            await asyncio.wait((renewal,))

    def scrub(self, text: str) -> str:
        """Return the text without the keys and tokens of this session. Recent tokens are removed too. A key or token
        shorter than ``SHORTEST_SECRET`` stays, because an ordinary word may contain it."""
        for secret in (self._secret_key, self._access_key, *self._lately):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text

    # --- one renewal at a time --------------------------------------------------------------------------------------

    def _start(self) -> asyncio.Task[str]:
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew(), name="session renewal")
            self._renewal.add_done_callback(self._ended)
        return self._renewal

    def _ended(self, renewal: asyncio.Task[str]) -> None:
        self._renewal = None
        error = None if renewal.cancelled() else renewal.exception()
        if isinstance(error, ExchangeError) and error.code != self._told:
            self._told = error.code  # report it once, however many calls ask for a token
            self._tell("session.renewal_failed", code=error.code, message=error.message, reason=error.reason.value)

    async def _renewed(self) -> str:
        if self._closed:
            raise Retryable("closed", "the session keeper is closed")
        renewal = self._start()
        try:
            return await asyncio.shield(renewal)
        except asyncio.CancelledError:
            if renewal.cancelled() and not _being_cancelled():
                raise Retryable("closed", "the session keeper is closed") from None
            raise

    async def _wait(self, duration: Duration) -> None:
        """Wait until there is a new token, for at most ``duration``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.01, self._clock.real_seconds(duration))):
                await self._changed.wait()

    async def _renew(self) -> str:
        if not self._loaded:
            self._kept = await asyncio.to_thread(self._store.load, self._kept.account)
            self._loaded = True
            if self._kept.refresh_token is not None:
                self._lately.append(self._kept.refresh_token)
            if (last := self._kept.logged_in_at) is not None and not self._urgent:
                # After a step of the wall clock the saved time may lie in the future. It then counts as now.
                self._logged_in = self._clock.now() - max(self._clock.wall() - last, 0)
        now = self._clock.now()
        unproved = bool(self._renewals) and self._access is None and not self._proved
        again = 0
        if len(self._renewals) == RENEWALS_AT_ONCE:
            again = self._renewals[0] + RENEWALS_AT_ONCE * RENEWALS_APART
        if unproved and self._renewals:
            again = self._renewals[-1] + RENEWALS_APART
        if now < again:
            raise Retryable("unauthorized", "the exchange rejects new tokens at once", again)
        refresh_token = self._kept.refresh_token
        if refresh_token is not None and not (unproved and self._refreshed and self._log_in_barred(now) is None):
            renewed = await self._refresh(refresh_token)
            if renewed is not None:
                return renewed
        return await self._log_in()

    async def _refresh(self, refresh_token: str) -> str | None:
        """Refresh the session. Return None if a log-in has to follow.

        Raises:
            Retryable: if the refresh has to be tried again later. A log-in would not help now, or is not needed yet.
        """
        call = self._session.refresh(refresh_token)
        try:
            reply = await self._requests.send(call)
        except NotSent as error:
            raise unreachable(f"refresh: {error}") from None
        except NoAnswer as error:
            # A log-in would probably get no answer either. It could also open a session of which mmbot does not learn.
            raise Retryable(error.code, f"refresh: {error.message}") from None
        if 200 <= reply.status < 300:
            try:
                tokens = call.read(reply.body, [])
            except ValueError:
                tokens = None
            if tokens is not None:
                token = self._adopt(tokens, refreshed=True)
                if tokens.refresh is not None and tokens.refresh != refresh_token:
                    await self._keep(tokens.refresh, self._kept.logged_in_at)
                return token
        error_body = self._errors.read(reply.body)
        code = error_body.code or f"http_{reply.status}"
        rejected = 400 <= reply.status < 500 and reply.status not in (408, 429)
        self._tell("session.refresh_rejected" if rejected else "session.refresh_failed", code=code)
        if reply.status == 429:
            raise Retryable(code, "refresh", pause_until(reply, error_body.next_allow_at, self._clock))
        if rejected:
            await self._keep(None, self._kept.logged_in_at)
        elif self.current() is not None:
            raise Retryable(code, "refresh")
        return None

    async def _log_in(self) -> str:
        now = self._clock.now()
        if (barred := self._log_in_barred(now)) is not None:
            raise barred
        before, logged_in, wall = self._kept, self._logged_in, self._clock.wall()
        hurried = self._cooling_until(now) is not None
        self._hurry = False
        self._logged_in = now
        await self._keep(before.refresh_token, wall, hurried)
        call = self._session.log_in(self._access_key, self._secret_key)
        try:
            reply = await self._requests.send(call)
        except NotSent as error:
            self._logged_in = logged_in  # the log-in opened no session
            await self._keep(before.refresh_token, before.logged_in_at, before.hurried)
            raise unreachable(f"log-in: {error}") from None
        except NoAnswer as error:
            self._silent_log_ins += 1
            raise Retryable(error.code, f"log-in: {error.message}", now + self._pause()) from None
        if 200 <= reply.status < 300:
            try:
                tokens = call.read(reply.body, [])
            except ValueError as bad:
                self._silent_log_ins += 1
                raise Retryable("undecodable", f"log-in: {bad}", now + self._pause()) from None
            self._silent_log_ins = 0
            token = self._adopt(tokens, refreshed=False)
            await self._keep(tokens.refresh, self._kept.logged_in_at)
            return token
        error_body = self._errors.read(reply.body)
        code = error_body.code or f"http_{reply.status}"
        if self._errors.reason_of(reply.status, error_body.code) is FailureReason.NO_SESSION_FREE:
            raise self._bar(Retryable(code, error_body.message, now + REJECTED_PAUSE), REJECTED_PAUSE)
        if reply.status == 429:
            until = pause_until(reply, error_body.next_allow_at, self._clock) or now + self._pause()
            raise self._bar(Retryable(code, error_body.message, until), until - now)
        if 400 <= reply.status < 500 and reply.status not in (404, 408, 409, 425):
            self._logged_in = logged_in  # the log-in opened no session
            apart = wall - self._cooldown + min(self._cooldown, REJECTED_APART)
            await self._keep(before.refresh_token, max(before.logged_in_at or 0, apart), True)
            said = self.scrub(f"{code}: {error_body.message}")
            raise self._bar(LoginRejected(LOGIN_REJECTED, said), REJECTED_PAUSE)
        self._silent_log_ins += 1
        raise Retryable(code, self.scrub(error_body.message), now + self._pause())

    def _pause(self) -> Duration:
        """Return the present cool-down (the shortest time between log-ins). It doubles with each log-in that gets no
        answer, up to ten minutes."""
        if self._urgent:
            return self._cooldown
        return max(self._cooldown, min(self._cooldown << min(self._silent_log_ins, 10), REJECTED_PAUSE))

    def _log_in_barred(self, now: Instant) -> ExchangeError | None:
        """Return an error that says why no log-in may be sent now. None if a log-in may be sent."""
        if self._barred is not None and now < self._barred_until:
            return self._barred
        if (until := self._cooling_until(now)) is None or (self._hurry and not self._kept.hurried):
            return None
        said = f"the next log-in is at {iso(until)[11:19]}Z (exchange.login_cooldown_s)"
        waits = Retryable("login_cooldown", said, until)
        waits.reason = FailureReason.LOGIN_WAITS
        return waits

    def _cooling_until(self, now: Instant) -> Instant | None:
        """Return the end of the cool-down (wait) after the newest log-in. None if the cool-down is over."""
        if self._logged_in is None or now >= (until := self._logged_in + self._pause()):
            return None
        return until

    def _bar(self, error: ExchangeError, pause: Duration) -> ExchangeError:
        self._barred = error
        self._barred_until = self._clock.now() + pause
        return error

    def _adopt(self, tokens: Tokens, *, refreshed: bool) -> str:
        now = self._clock.now()
        life = life_of(tokens.expires, self._clock.wall())
        self._lately.extend(token for token in (tokens.access, tokens.refresh) if token and token not in self._lately)
        self._hurry = False
        self._access = tokens.access
        self._ends = now + life
        self._refresh_at = now + max(refresh_after(life), REFRESHES_APART)
        self._renewals.append(now)
        self._refreshed = refreshed
        self._proved = False
        self._barred = None
        self._told = ""
        self._changed.set()
        self._tell("session.refreshed" if refreshed else "session.logged_in", life_s=in_seconds(life))
        return tokens.access

    async def _keep(self, refresh: str | None, logged_in_at: Instant | None, hurried: bool | None = None) -> None:
        """Write the session to disk. ``hurried`` is True if the newest log-in did not wait for the cool-down. If
        ``hurried`` is None, its value on disk stays."""
        hurried = self._kept.hurried if hurried is None else hurried
        self._kept = Kept(self._kept.account, refresh, logged_in_at, hurried)
        try:
            await asyncio.to_thread(self._store.save, self._kept)
        except OSError as error:
            # Go on: a missing file costs one more log-in at the next start, but without a session nothing could be
            # cancelled.
            self._tell("session.not_kept", error=error.strerror or type(error).__name__)

    def _tell(self, name: str, **fields: str | float) -> None:
        if self._on_event is not None:
            self._on_event(name, {k: self.scrub(v) if isinstance(v, str) else v for k, v in fields.items()})


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
