"""docs/endpoints.md agrees with the published endpoints, the client, the local exchange and the named tests."""

from __future__ import annotations

import ast
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from mmbot.config import ExchangeConfig
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import HOUR
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange.dialect import Dialect
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import ExchangeError, Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.exchange.v4 import paths as v4_paths
from mmbot.net.http import open_http
from mmbot.simulator.venue.error_table import STATUS
from mmbot.simulator.wire.server import BASE, ROUTES

ROOT = Path(__file__).parents[1]
LEGACY, V4 = dialect_of("legacy"), dialect_of("v4")
PAGE = (ROOT / "docs" / "endpoints.md").read_text()

# The paths of the Market Maker part, as the exchange publishes them.
SPECIFIED = """
POST /auth/login
POST /auth/refresh
GET /mm/get_tournaments
GET /mm/get_sport_events?tournament_id
GET /mm/get_sport_events?event_ids
GET /mm/get_markets (deprecated)
GET /v2/mm/get_markets
GET /mm/get_multiple_markets (deprecated)
GET /v2/mm/get_multiple_markets
GET /mm/search_markets
GET /mm/get_players
GET /mm/get_players/{player_id}
GET /mm/get_balance
GET /v2/mm/get_transactions
GET /mm/get_odds_ladder
POST /mm/place_wager
POST /mm/place_multiple_wagers
POST /mm/cancel_wager
POST /mm/cancel_multiple_wagers
POST /mm/cancel_all_wagers
POST /mm/cancel_wagers_by_event
POST /mm/cancel_wagers_by_market
GET /mm/get_wager/{wager_id}
GET /v2/mm/get_wager_histories
GET /mm/get_matched_bets
GET /mm/get_wager_matching_detail
GET /v2/mm/get_wager_matching_detail
GET /websocket/connection-config
POST /mm/pusher
"""

NO_ENDPOINT = {"close", "keep_warm", "warm_up"}
"""Coroutines of the client that are no call of their own: they end it, or repeat one."""


class Row(NamedTuple):
    """One line of the table."""

    method: str
    endpoint: str
    """As the exchange publishes it."""
    call: str
    """Empty where the client has none."""
    path: str
    tests: tuple[str, ...]

    @property
    def specified(self) -> str:
        return f"{self.method} {self.endpoint}"

    @property
    def fixed(self) -> str:
        """The constant part of a path, without the base."""
        return self.path.removeprefix(BASE).partition("{")[0]


def table(heading: str) -> list[list[str]]:
    """The cells of each table whose header starts with this column."""
    found: list[list[str]] = []
    inside = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif inside and not set(line) <= set("|-"):
            found.append(cells)
        inside = inside or (line.startswith("|") and cells[0] == heading)
    return found


def row_of(cells: list[str]) -> Row:
    specified, call, path, tests = (cell.replace("`", "") for cell in cells)
    return row_from(specified, call, path, tests)


def v4_row_of(cells: list[str]) -> Row:
    specified, call, tests = (cell.replace("`", "") for cell in cells)
    return row_from(specified, call, BASE + specified.partition(" ")[2].partition("?")[0], tests)


def row_from(specified: str, call: str, path: str, tests: str) -> Row:
    method, _, endpoint = specified.partition(" ")
    return Row(method, endpoint, "" if call == "–" else call, path, tuple(tests.split("<br>")))


TABLE = [row_of(cells) for cells in table("the specification")]
CALLED = [row for row in TABLE if row.call]
V4_TABLE = [v4_row_of(cells) for cells in table("v4 endpoint")]


def test_every_endpoint_of_the_specification_has_a_row_and_a_call() -> None:
    listed = [row.specified for row in TABLE]
    assert len(listed) == len(set(listed))
    wanted = SPECIFIED.strip().splitlines()
    assert listed[: len(wanted)] == wanted
    assert [row.specified for row in TABLE if not row.call] == ["GET /mm/get_wager_histories"], "beyond it"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.specified)
def test_a_row_names_existing_functions_and_tests(row: Row) -> None:
    assert row.path.startswith(BASE)
    assert row.path.removeprefix(BASE) == row.endpoint.split(" ")[0].split("?")[0]
    assert (row.method, row.path.removeprefix(BASE)) in {(route.method, route.path) for route in ROUTES}
    assert len(set(row.tests)) == len(row.tests) >= (2 if row.call else 1)
    check_tests(row)


@pytest.mark.parametrize("row", V4_TABLE, ids=lambda row: row.specified)
def test_a_row_of_v4_names_existing_tests(row: Row) -> None:
    check_tests(row)


def check_tests(row: Row) -> None:
    for name in row.tests:
        stem, _, function = name.partition("::")
        (file,) = ROOT.glob(f"tests/**/{stem}.py")
        functions = (ast.AsyncFunctionDef, ast.FunctionDef)
        tests = {each.name for each in ast.parse(file.read_text()).body if isinstance(each, functions)}
        assert function in tests, f"{file} has no {function}"


def test_every_route_of_the_local_exchange_has_a_row() -> None:
    assert {(route.method, BASE + route.path) for route in ROUTES} == {(row.method, row.path) for row in TABLE}


def test_every_call_of_the_client_has_a_row() -> None:
    asked = {
        name
        for name, member in vars(Client).items()
        if inspect.iscoroutinefunction(member) and not name.startswith("_")
    }
    legacy, v4 = called(CALLED), called(V4_TABLE)
    assert asked - NO_ENDPOINT == legacy | v4
    assert asked >= NO_ENDPOINT
    assert (legacy - v4, v4 - legacy) == ({"players", "player", "search_markets"}, {"lines"})
    known = {value for name, value in vars(paths).items() if name.isupper() and str(value).startswith("/")}
    assert known == {row.fixed for row in CALLED} - {"/mm/get_players/"}, "a player's path is made from the players'"


def called(rows: list[Row]) -> set[str]:
    """The calls of the client in some rows."""
    names = {row.call.partition("(")[0] for row in rows}
    return {name.removeprefix("Client.") for name in names if name.startswith("Client.")}


def test_every_path_of_v4_has_a_row() -> None:
    known = {value for name, value in vars(v4_paths).items() if name.isupper() and str(value).startswith("/")}
    assert known == {row.fixed for row in V4_TABLE}
    listed = [row.specified for row in V4_TABLE]
    assert len(listed) == len(set(listed))


# --- where each call goes -----------------------------------------------------------------------------------------


class Recorder:
    """An exchange that grants tokens, answers 404 otherwise, and records every request."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.queries: list[set[str]] = []
        self.base_url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path))
        self.queries.append(set(request.query))
        if "/auth/" in request.path:
            return web.json_response({"data": {"access_token": f"a{len(self.asked)}", "refresh_token": "r"}})
        return web.json_response({"error": "data_not_found", "message": "Record not found"}, status=404)


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    recording = Recorder()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", recording.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    recording.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}{BASE}"
    yield recording
    await runner.cleanup()


Ask = Callable[[Client, SessionKeeper], Awaitable[Any]]

WAGER = Placement("a", "l", 110, 5_00)
GONE = Cancellation("w", "a")

CALLS: dict[str, Ask] = {
    "SessionKeeper.token": lambda client, keeper: keeper.token(),
    "SessionKeeper.rejected": lambda client, keeper: keeper.rejected(keeper.current() or ""),
    "Client.tournaments": lambda client, keeper: client.tournaments(),
    "Client.sport_events": lambda client, keeper: client.sport_events(132),
    "Client.sport_events_by_id": lambda client, keeper: client.sport_events_by_id((7,)),
    "Client.markets_of(version=1)": lambda client, keeper: client.markets_of(7, version=1),
    "Client.markets_of": lambda client, keeper: client.markets_of(7),
    "Client.markets(version=1)": lambda client, keeper: client.markets((7,), version=1),
    "Client.markets": lambda client, keeper: client.markets((7,)),
    "Client.lines": lambda client, keeper: client.lines(("l",)),
    "Client.search_markets": lambda client, keeper: client.search_markets(132),
    "Client.players": lambda client, keeper: client.players(132),
    "Client.player": lambda client, keeper: client.player(23, 132),
    "Client.balance": lambda client, keeper: client.balance(),
    "Client.transactions": lambda client, keeper: client.transactions(),
    "Client.ladder": lambda client, keeper: client.ladder(),
    "Client.place_one": lambda client, keeper: client.place_one(WAGER),
    "Client.place_many": lambda client, keeper: client.place_many((WAGER,)),
    "Client.cancel_one": lambda client, keeper: client.cancel_one(GONE),
    "Client.cancel_many": lambda client, keeper: client.cancel_many((GONE,)),
    "Client.cancel_all": lambda client, keeper: client.cancel_all(),
    "Client.cancel_sport_event": lambda client, keeper: client.cancel_sport_event(7),
    "Client.cancel_market": lambda client, keeper: client.cancel_market(7, 219),
    "Client.wager": lambda client, keeper: client.wager("w"),
    "Client.history": lambda client, keeper: client.history(ReadHistory(1, created_to=HOUR)),
    "Client.matched_bets": lambda client, keeper: client.matched_bets(0, HOUR),
    "Client.matches": lambda client, keeper: client.matches(("w",)),
    "Client.matches_of": lambda client, keeper: client.matches_of("w"),
    "Client.connection_config": lambda client, keeper: client.connection_config(),
    "Client.register": lambda client, keeper: client.register("1.2"),
}


@pytest.mark.parametrize(
    ("dialect", "row"),
    [*((LEGACY, row) for row in CALLED), *((V4, row) for row in V4_TABLE)],
    ids=lambda value: value.call if isinstance(value, Row) else value.name,
)
async def test_a_call_uses_the_method_and_path_of_its_row(
    dialect: Dialect, row: Row, recorder: Recorder, tmp_path: Path
) -> None:
    clock = SystemClock()
    async with open_http() as http:
        keeper = SessionKeeper(
            http, dialect, recorder.base_url, "key", "secret", clock, TokenStore(tmp_path / "tokens")
        )
        client = Client(keeper, clock, dialect, ExchangeConfig(base_url=recorder.base_url))
        if row.call != "SessionKeeper.token":
            keeper.accepted(await keeper.token())
            recorder.asked.clear()
        rejections: set[str] = set()
        try:
            await CALLS[row.call](client, keeper)
        except ExchangeError as error:
            rejections.add(error.code)
        await client.close()
        await keeper.close()
    assert rejections <= {"data_not_found"}
    ((method, path),) = recorder.asked
    assert method == row.method
    if "{" in row.path:
        assert path.rpartition("/")[0] == row.path.rpartition("/")[0]
    else:
        assert path == row.path
    parameter = row.endpoint.partition("?")[2]
    assert not parameter or recorder.queries[-1] - {"limit"} == {parameter}


# --- errors -------------------------------------------------------------------------------------------------------


def test_the_error_table_equals_the_answers_of_the_exchange_and_the_errors_of_the_client() -> None:
    listed = {cells[0].strip("`"): (int(cells[1]), *cells[2:]) for cells in table("code")}
    assert listed == {
        code: (status, *(LEGACY.errors.failure_of(purpose, status, code).value for purpose in Purpose))
        for code, status in STATUS.items()
    }
    assert set(listed) == set(LEGACY.errors.codes) - {"30010"}


def test_the_error_table_of_v4_equals_the_errors_of_the_client() -> None:
    listed = {cells[0].strip("`"): (int(cells[1]), *cells[2:]) for cells in table("v4 code")}
    assert listed == {
        code: (status, *(V4.errors.failure_of(purpose, status, code).value for purpose in Purpose))
        for code, (status, *_) in listed.items()
    }
    assert set(listed) == set(V4.errors.codes) - {"30010"}
