"""The daemon's HTTP server. It offers the status and the metrics to readers, and accepts a few commands from this
machine.

A POST must come from this machine, use a loopback host name and have a JSON body. It must also have the header
``X-Mmbot``. A browser does not send this header for a foreign web page. So no web page can turn the kill switch on or
off.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final, Protocol

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from mmbot.daemon.http_bounds import IDLE_S, Connections, body_of, is_known, is_loopback
from mmbot.daemon.operate import LONGEST
from mmbot.daemon.prices import PriceError, parse
from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.instant import Clock, Instant
from mmbot.engine.events import Control, KillRequested, PriceGiven, ResumeRequested
from mmbot.engine.status import EngineStatus
from mmbot.screen.daemon_status import quoting_text
from mmbot.telemetry.metrics import CONTENT_TYPE, Metrics
from mmbot.telemetry.scrapes import Scrapes

HEADER: Final = "X-Mmbot"
"""The name of the header that each POST request must have. Any value of the header is accepted."""

ALIVE_WITHIN_S: Final = 5.0
"""The longest pause of the main loop, in real seconds, with which the health check ``/healthz`` still answers 200."""

_STATUS_FOR_S: Final = 0.1  # real seconds for which a status is used again

_PROMETHEUS: Final = "X-Prometheus-Scrape-Timeout-Seconds"  # sent with each scrape by Prometheus, and by nobody else


class DoorError(Exception):
    """Raised if the HTTP server cannot start. The message tells the operator why."""


class Pumped(Protocol):
    """The part of the main loop that the HTTP server needs."""

    @property
    def pumped_at(self) -> float:
        """The time at which the engine ran most recently, in seconds of the machine's monotonic clock."""

    def deliver(self, event: Control) -> None:
        """Give an event to the engine."""


class Readiness(msgspec.Struct, frozen=True):
    """The answer of ``/readyz``, which says whether the bot quotes."""

    ready: bool
    phase: str
    reasons: tuple[str, ...]


class _Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] = "POST /kill"


class _PriceResult(msgspec.Struct, frozen=True):
    """The result for one price of ``POST /prices``."""

    line_id: str
    result: str


class Door:
    """Serves one daemon over HTTP.

    Args:
        pump: the main loop, which takes the operator's commands.
        status: a function that returns the engine's status.
        metrics: the metrics for ``/metrics``.
        clock: the clock of the process.
        prices: True if POST /prices is accepted.
        head: a function that returns the status without sport events. It is faster than ``status`` and is used for
            ``/readyz``.
        names: the host names under which the server answers in addition to ``localhost`` and IP addresses.
        doubt: a function that returns the reason why a price is not used at an instant. It returns None if the price is
            used.
    """

    def __init__(
        self,
        pump: Pumped,
        status: Callable[[], EngineStatus],
        metrics: Metrics,
        clock: Clock,
        prices: bool,
        head: Callable[[], EngineStatus] | None = None,
        names: Iterable[str] = (),
        doubt: Callable[[PriceGiven, Instant], str | None] = lambda _price, _now: None,
    ) -> None:
        self._names: Final = frozenset(name.lower() for name in names)
        self._server: asyncio.Server | None = None
        self._pump: Final = pump
        self._read_status: Final = status
        self._read_head: Final = head or status
        self._metrics: Final = metrics
        self._clock: Final = clock
        self._prices: Final = prices
        self._doubt: Final = doubt
        self._known: EngineStatus | None = None
        self._known_at = 0.0
        self._runner: web.AppRunner | None = None
        self._scrapes: Final = Scrapes()
        self._hurry: asyncio.Event | None = None  # set while the daemon only waits for the last scrape

    async def open(self, host: str, port: int) -> str:
        """Start to listen, and return the address, such as ``http://127.0.0.1:9464``.

        Raises:
            DoorError: if the port is in use or the host is not an address of this machine.
        """
        app = web.Application(client_max_size=1024 * 1024, middlewares=(self._check_host,))
        app.router.add_get("/metrics", self._get_metrics)
        app.router.add_get("/healthz", self._get_health)
        app.router.add_get("/readyz", self._get_ready)
        app.router.add_get("/status", self._get_status)
        app.router.add_post("/prices", self._post_prices)
        app.router.add_post("/kill", self._post_kill)
        app.router.add_post("/resume", self._post_resume)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_server_log(),
            shutdown_timeout=1.0,
            handle_signals=False,
            keepalive_timeout=IDLE_S,
            lingering_time=1.0,
        )
        await runner.setup()
        assert runner.server is not None
        try:
            self._server = await asyncio.get_running_loop().create_server(
                Connections(runner.server), host, port, reuse_address=True
            )
        except OSError as bad:
            await runner.cleanup()
            raise DoorError(
                f"telemetry: cannot listen on {host}:{port}: {bad.strerror or bad}. Stop the other daemon, or set "
                "another telemetry.port"
            ) from bad
        self._runner = runner
        bound: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound[0], bound[0])
        return f"http://[{reachable}]:{bound[1]}" if ":" in reachable else f"http://{reachable}:{bound[1]}"

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def status(self) -> EngineStatus:
        """Return the engine's status. It is at most 0.1 s old."""
        now = time.monotonic()
        if self._known is None or now - self._known_at > _STATUS_FOR_S:
            self._known, self._known_at = self._read_status(), now
        return self._known

    @web.middleware
    async def _check_host(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Reject a request whose host name is not known, whatever the request asks for."""
        host = request.headers.get("Host")
        if not is_known(host, self._names):
            return _error(403, f"the host name {host!r} is not accepted; see telemetry.hosts")
        if self._hurry is not None and request.method == "POST":  # nobody takes commands any more
            self._hurry.set()
            return _error(503, "the daemon has stopped")
        return await handler(request)

    async def last_scrape(self, longest_s: float, hurry: asyncio.Event) -> None:
        """After a planned stop, wait for one more scrape (a read of the metrics by Prometheus). Return at once if no
        scrape is expected within ``longest_s`` real seconds. Return as soon as ``hurry`` is set."""
        if not self._metrics.is_stopped_clear:
            return
        self._hurry = hurry
        await self._scrapes.wait(longest_s, hurry)

    async def _get_metrics(self, request: web.Request) -> web.Response:
        if _PROMETHEUS in request.headers:
            self._scrapes.note(request.remote or "", time.monotonic())
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _get_health(self, _request: web.Request) -> web.Response:
        quiet = time.monotonic() - self._pump.pumped_at
        if quiet > ALIVE_WITHIN_S:
            return web.Response(status=503, text=f"the pump last ran {quiet:.1f} s ago\n")
        return web.Response(text="ok\n")

    async def _get_ready(self, _request: web.Request) -> web.Response:
        answer = readiness(self._read_head())
        return _json(answer, 200 if answer.ready else 503)

    async def _get_status(self, _request: web.Request) -> web.Response:
        return _json(self.status())

    async def _post_prices(self, request: web.Request) -> web.Response:
        if rejection := _rejection(request):
            return rejection
        if not self._prices:
            return _error(404, "prices.http is off in the settings")
        now = self._clock.now()
        try:
            prices = parse(await body_of(request), now, now, "POST /prices")
        except PriceError as bad:
            return _error(400, str(bad))
        results = [_PriceResult(price.line_id, self._doubt(price, now) or "accepted") for price in prices]
        for price in prices:
            self._pump.deliver(price)
        accepted = sum(1 for one in results if one.result == "accepted")
        return _json({"accepted": accepted, "prices": results}, 202)

    async def _post_kill(self, request: web.Request) -> web.Response:
        if rejection := _rejection(request):
            return rejection
        try:
            reason = msgspec.json.decode(await body_of(request) or b"{}", type=_Reason).reason
        except UNREADABLE as bad:  # the operator must learn at once that nothing was done
            return _error(
                400, f'NOT killed: {bad}; expected an empty body or {{"reason": text of up to {LONGEST} characters}}'
            )
        self._order(KillRequested(reason))
        return _json({"accepted": True}, 202)

    def _order(self, order: Control) -> None:
        self._pump.deliver(order)
        self._known = None  # the next reader must see the effect of the command

    async def _post_resume(self, request: web.Request) -> web.Response:
        if rejection := _rejection(request):
            return rejection
        self._order(ResumeRequested())
        return _json({"accepted": True}, 202)


class _OwnFaults(logging.Filter):
    """Keeps errors that a client caused out of the log. Otherwise anybody who can reach the server could fill the log
    with malformed requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False if a client caused the error."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


def _server_log() -> logging.Logger:
    log = logging.getLogger("aiohttp.server.mmbot")
    if not log.filters:
        log.addFilter(_OwnFaults())
    return log


def readiness(status: EngineStatus) -> Readiness:
    """Return whether the bot quotes at least one line. If it quotes none, the result has the reasons."""
    reasons = [f"{guard.guard}: {guard.reason}" for guard in status.guards if guard.scope == "account"]
    if status.latched is not None:
        reasons.insert(0, f"kill switch on: {status.latched}")
    if not status.quoting and not reasons:
        reasons.append(quoting_text(status) if status.may_quote else status.phase)
    return Readiness(status.quoting, status.phase, () if status.quoting else tuple(dict.fromkeys(reasons)))


def _rejection(request: web.Request) -> web.Response | None:
    host = request.url.host or ""
    if not is_loopback(request.remote):
        return _error(403, "this request is accepted from this machine only")
    if host != "localhost" and not is_loopback(host):
        return _error(403, f"the host name {host!r} is not accepted; use 127.0.0.1")
    if HEADER not in request.headers:
        return _error(403, f"the header {HEADER} is missing")
    if request.content_type != "application/json":
        return _error(415, "the content type must be application/json")
    return None


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


def _error(status: int, message: str) -> web.Response:
    return _json({"error": message}, status)
