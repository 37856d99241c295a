"""The HTTP and websocket server of the local exchange. It has the routes, the authorisation and the rate limit. It also
simulates failures of endpoints."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from email.utils import formatdate
from typing import Any, Final, NamedTuple, cast

import msgspec
from aiohttp import web

from mmbot.domain.instant import SECOND, Instant, seconds
from mmbot.simulator.venue.error_table import Rejection
from mmbot.simulator.wire.api_request import ApiRequest, Body
from mmbot.simulator.wire.control_endpoints import add_controls
from mmbot.simulator.wire.faults import (
    AddWagers,
    DelayAnswer,
    DelayRequest,
    EndlessAnswer,
    EndpointFault,
    FailAnswer,
    FailRequest,
    GarbleAnswer,
    HangAnswer,
    LoseAnswer,
    LoseRequest,
    ReplaceAnswer,
)
from mmbot.simulator.wire.json_responses import error_response
from mmbot.simulator.wire.legacy import rest_board, rest_session, rest_wagers, rest_wallet
from mmbot.simulator.wire.local_exchange import LocalExchange

BASE: Final = "/partner"
JSON: Final = "application/json"

Endpoint = Callable[[LocalExchange, ApiRequest], web.Response]
Identify = Callable[[LocalExchange, ApiRequest, str | None], str]


class Route(NamedTuple):
    """One endpoint of the partner API. The function ``identify`` finds the account of a request."""

    method: str
    path: str
    endpoint: Endpoint
    identify: Identify


def bearer(exchange: LocalExchange, api_request: ApiRequest, authorization: str | None) -> str:
    """Return the account to which the access token in the request's header belongs. Raises Rejection with the error
    code ``unauthorized`` if the token is not valid."""
    return exchange.sessions.authorise(authorization, api_request.now)


def key_holder(exchange: LocalExchange, api_request: ApiRequest, authorization: str | None) -> str:
    """Return the account to which the access key in the request's body belongs. The result is empty if the access key
    is unknown."""
    given = _readable(api_request, rest_session.LogIn)
    return (exchange.sessions.account_of_key(given.access_key) if given else None) or ""


def refresh_holder(exchange: LocalExchange, api_request: ApiRequest, authorization: str | None) -> str:
    """Return the account to which the refresh token in the request's body belongs. The result is empty if the token is
    unknown."""
    given = _readable(api_request, rest_session.Refresh)
    return (exchange.sessions.account_of_refresh(given.refresh_token) if given else None) or ""


def _readable(api_request: ApiRequest, kind: type[Body]) -> Body | None:
    try:
        return api_request.json(kind)
    except Rejection:
        return None


ROUTES: Final = (
    Route("POST", "/auth/login", rest_session.log_in, key_holder),
    Route("POST", "/auth/refresh", rest_session.refresh, refresh_holder),
    Route("GET", "/mm/get_balance", rest_wallet.get_balance, bearer),
    Route("GET", "/mm/get_tournaments", rest_board.get_tournaments, bearer),
    Route("GET", "/mm/get_sport_events", rest_board.get_sport_events, bearer),
    Route("GET", "/mm/get_markets", rest_board.get_markets(1), bearer),
    Route("GET", "/v2/mm/get_markets", rest_board.get_markets(2), bearer),
    Route("GET", "/mm/get_multiple_markets", rest_board.get_multiple_markets(1), bearer),
    Route("GET", "/v2/mm/get_multiple_markets", rest_board.get_multiple_markets(2), bearer),
    Route("GET", "/mm/search_markets", rest_board.search_markets, bearer),
    Route("GET", "/mm/get_players", rest_board.get_players, bearer),
    Route("GET", "/mm/get_players/{player_id}", rest_board.get_player, bearer),
    Route("GET", "/mm/get_odds_ladder", rest_board.get_odds_ladder, bearer),
    Route("GET", "/v2/mm/get_transactions", rest_wallet.get_transactions, bearer),
    Route("GET", "/mm/get_matched_bets", rest_wallet.get_matched_bets, bearer),
    Route("GET", "/mm/get_wager_matching_detail", rest_wallet.get_matches, bearer),
    Route("GET", "/v2/mm/get_wager_matching_detail", rest_wallet.get_matches_of, bearer),
    Route("GET", "/websocket/connection-config", rest_session.connection_config, bearer),
    Route("POST", "/mm/pusher", rest_session.register, bearer),
    Route("POST", "/mm/place_wager", rest_wagers.place_wager, bearer),
    Route("POST", "/mm/place_multiple_wagers", rest_wagers.place_multiple_wagers, bearer),
    Route("POST", "/mm/cancel_wager", rest_wagers.cancel_wager, bearer),
    Route("POST", "/mm/cancel_multiple_wagers", rest_wagers.cancel_multiple_wagers, bearer),
    Route("POST", "/mm/cancel_all_wagers", rest_wagers.cancel_all_wagers, bearer),
    Route("POST", "/mm/cancel_wagers_by_event", rest_wagers.cancel_wagers_by_event, bearer),
    Route("POST", "/mm/cancel_wagers_by_market", rest_wagers.cancel_wagers_by_market, bearer),
    Route("GET", "/mm/get_wager/{wager_id}", rest_wagers.get_wager, bearer),
    Route("GET", "/mm/get_wager_histories", rest_wagers.get_wager_histories(1000), bearer),
    Route("GET", "/v2/mm/get_wager_histories", rest_wagers.get_wager_histories(1000), bearer),
)


def application(exchange: LocalExchange) -> web.Application:
    """Make the whole web application. It has the partner API, the feed and the control endpoints."""
    app = web.Application(client_max_size=4 * 2**20)
    for route in ROUTES:
        app.router.add_route(route.method, BASE + route.path, _serve(exchange, route))
    app.router.add_get("/app/{key}", exchange.pusher.connect)
    add_controls(app, exchange)
    return app


def endpoint_name(path: str) -> str:
    """Return the short name of an endpoint. Faults and the referee use this name. For the path
    ``/mm/get_wager/{wager_id}`` it is ``get_wager``."""
    return path.split("/{")[0].rpartition("/")[2]


def _serve(exchange: LocalExchange, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    name = endpoint_name(route.path)

    async def handler(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        now = exchange.tick()
        exchange.world.referee.note_request(now, name)
        faults = exchange.faults.at_endpoint(name)
        if _has(faults, LoseRequest):
            return _cut(request)
        for fault in faults:
            if isinstance(fault, DelayRequest):
                await exchange.sleep(exchange.faults.draw_delay(fault))
                now = exchange.tick()
        response = _process(exchange, route, request, body, now, faults)
        response.headers["Date"] = formatdate(now // SECOND, usegmt=True)  # by the exchange's clock, not the machine's
        if _has(faults, HangAnswer):
            await exchange.closing.wait()
        if _has(faults, EndlessAnswer):
            return await _never_end(request, exchange)
        for fault in faults:
            if isinstance(fault, DelayAnswer):
                await exchange.sleep(exchange.faults.draw_delay(fault))
        if _has(faults, LoseAnswer) or _has(faults, HangAnswer):
            return _cut(request)
        return response

    return handler


def _process(
    exchange: LocalExchange, route: Route, request: web.Request, body: bytes, now: Instant, faults: list[EndpointFault]
) -> web.Response:
    """Process a request at once, and return the answer."""
    api_request = ApiRequest("", now, request.query, request.headers, body, request.match_info)
    try:
        api_request = msgspec.structs.replace(
            api_request, account=route.identify(exchange, api_request, request.headers.get("Authorization"))
        )
        exchange.admit(api_request.account, endpoint_name(route.path), route.path, now)
        for fault in faults:
            if isinstance(fault, FailRequest):
                retry_at = None if fault.retry_after is None else now + seconds(fault.retry_after)
                raise Rejection(fault.code, "fault on demand", status=fault.status, retry_at=retry_at)
        response = route.endpoint(exchange, api_request)
    except Rejection as rejection:
        response = error_response(rejection, now)
    exchange.flush()
    exchange.wake()
    for fault in faults:
        if isinstance(fault, FailAnswer):
            response = error_response(Rejection(fault.code, "fault on demand", status=fault.status), now)
        elif isinstance(fault, GarbleAnswer):
            response = web.Response(body=b'{"data": {"suc', content_type="application/json")
        elif isinstance(fault, ReplaceAnswer):
            body = fault.body.encode()
            response = web.Response(status=fault.status, headers={"Content-Type": JSON} | fault.headers, body=body)
        elif isinstance(fault, AddWagers) and response.status == 200:
            response = _with_wagers(response, fault.wagers)
    return response


def _with_wagers(response: web.Response, wagers: list[Any]) -> web.Response:
    """Return the answer with further items in its list of wagers. An answer without such a list gets a list."""
    said = json.loads(cast("bytes", response.body))
    said["data"]["wagers"] = [*(said["data"].get("wagers") or ()), *wagers]
    return web.Response(body=json.dumps(said).encode(), content_type=JSON)  # orjson has no integers beyond 64 bits


async def _never_end(request: web.Request, exchange: LocalExchange) -> web.StreamResponse:
    """Send an answer without an end, until the client closes the connection or the exchange stops."""
    response = web.StreamResponse(headers={"Content-Type": JSON})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while not exchange.closing.is_set():
            await response.write(b" " * 65_536)
    return response


def _has(faults: list[EndpointFault], kind: type[EndpointFault]) -> bool:
    return any(isinstance(fault, kind) for fault in faults)


def _cut(request: web.Request) -> web.Response:
    """Cut the connection. The web server needs the returned answer, but nobody receives it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


class Server:
    """A running local exchange. Use it as an asynchronous context manager."""

    def __init__(self, exchange: LocalExchange, host: str = "127.0.0.1", port: int = 0, ws_port: int | None = None):
        self.exchange: Final = exchange
        self._host: Final = host
        self._port: Final = port
        self._ws_port: Final = ws_port
        self._runner: web.AppRunner | None = None
        self._pump: asyncio.Task[None] | None = None
        self.port = port
        """The HTTP port of the server. Before the server starts, 0 means any free port. After the start it is the port
        in use."""
        self.ws_port = ws_port if ws_port is not None else port
        """The port of the feed. Before the server starts, 0 means any free port. After the start it is the port in
        use."""

    @property
    def url(self) -> str:
        """The URL of the server's root."""
        return f"http://{_bracketed(self._host)}:{self.port}"

    @property
    def base_url(self) -> str:
        """The URL to use as the bot's setting ``exchange.base_url``."""
        return self.url + BASE

    @property
    def ws_url(self) -> str:
        """The URL to use as the bot's setting ``exchange.ws_url``."""
        return f"ws://{_bracketed(self._host)}:{self.ws_port}"

    async def start(self) -> None:
        """Listen for requests, and start the simulation. Raises OSError if a port is in use."""
        runner = web.AppRunner(application(self.exchange), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runner = runner
        try:
            self.port = await _listen(runner, self._host, self._port)
            self.ws_port = self.port if self._ws_port is None else await _listen(runner, self._host, self._ws_port)
        except OSError:
            await runner.cleanup()
            raise
        self.exchange.ws_host = f"{_bracketed(self._host)}:{self.ws_port}"
        self._pump = asyncio.create_task(self.exchange.run())

    async def wait(self) -> None:
        """Wait until an error stops the simulation, and raise the error."""
        assert self._pump is not None, "the server was not started"
        await asyncio.shield(self._pump)

    async def stop(self) -> None:
        """End every connection and stop the simulation. If an error has already stopped the simulation, raise this
        error."""
        self.exchange.closing.set()
        await self.exchange.pusher.close()
        broken: Sequence[BaseException | None] = ()
        if self._pump is not None:
            self._pump.cancel()
            broken = await asyncio.gather(self._pump, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        for why in broken:
            if isinstance(why, Exception):
                raise why

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    site = web.TCPSite(runner, host, port)
    await site.start()
    addresses = runner.addresses
    return int(addresses[-1][1])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
