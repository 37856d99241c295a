"""The calls of the REST client: requests, the forms of answers that are accepted, and requests that are never sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from mocked_exchange import MockedExchange
from scripted_exchange import ScriptedExchange, Step, Told, answer, client_of, data, error

from mmbot.domain.catalogue import Player
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import DAY, SECOND
from mmbot.domain.transaction import TransactionType
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.dialect import TransactionPage
from mmbot.exchange.errors import Malformed, Rejected, Retryable
from mmbot.exchange.grants import ConnectionConfig
from mmbot.exchange.rest import Client

START = 1_790_000_000 * SECOND + 123_456_789

Ask = Callable[[Client], Awaitable[object]]


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    mocked = MockedExchange()
    async with mocked.serving():
        yield mocked


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def level(line_id: str, odds: float | None = None, value: float = 0) -> list[dict[str, object]]:
    return [{"line_id": line_id, "outcome_id": 4, "odds": odds, "value": value}]


def market(sport_event: int | None = 7, market_id: int = 219, value: float = 100, **more: object) -> dict[str, object]:
    named = {} if sport_event is None else {"sport_event_id": sport_event}
    sides = [level(f"{sport_event}-{market_id}-a", 110, value), level(f"{sport_event}-{market_id}-b")]
    return named | {"id": market_id, "type": "moneyline", "status": "active", "selections": sides} | more


# --- what is sent -------------------------------------------------------------------------------------------------

SENT: dict[str, tuple[Ask, str, dict[str, str]]] = {
    "all tournaments": (lambda c: c.tournaments(active=False), "/mm/get_tournaments", {}),
    "active tournaments": (lambda c: c.tournaments(), "/mm/get_tournaments", {"has_active_events": "true"}),
    "sport events by id": (lambda c: c.sport_events_by_id((3, 1, 2)), "/mm/get_sport_events", {"event_ids": "3,1,2"}),
    "markets": (lambda c: c.markets((7, 8)), "/v2/mm/get_multiple_markets", {"event_ids": "7,8"}),
    "markets, deprecated": (lambda c: c.markets((7,), version=1), "/mm/get_multiple_markets", {"event_ids": "7"}),
    "markets of": (lambda c: c.markets_of(7), "/v2/mm/get_markets", {"event_id": "7"}),
    "markets of, deprecated": (lambda c: c.markets_of(7, version=1), "/mm/get_markets", {"event_id": "7"}),
    "search": (lambda c: c.search_markets(132), "/mm/search_markets", {"tournament_id": "132"}),
    "search, filtered": (
        lambda c: c.search_markets(132, sport_events=(7, 8), types=("spread", "total"), least=12_50),
        "/mm/search_markets",
        {"tournament_id": "132", "event_ids": "7,8", "market_types": "spread,total", "min_liquidity": "12.50"},
    ),
    "players": (lambda c: c.players(132), "/mm/get_players", {"tournament_id": "132"}),
    "player": (lambda c: c.player(23, 132), "/mm/get_players/23", {"tournament_id": "132"}),
    "transactions": (lambda c: c.transactions(), "/v2/mm/get_transactions", {"limit": "100"}),
    "transactions, filtered": (
        lambda c: c.transactions(
            START - DAY,
            START,
            type=TransactionType.PAY,
            sport_event=7,
            market=219,
            wager_id="w 1",
            cursor="a+b/c=",
            limit=5000,
        ),
        "/v2/mm/get_transactions",
        {
            "from": "1789913600",
            "to": "1790000001",
            "transaction_type": "PAY",
            "event_id": "7",
            "market_id": "219",
            "wager_id": "w 1",
            "next_cursor": "a+b/c=",
            "limit": "1000",
        },
    ),
    "matches of one": (
        lambda c: c.matches_of("w&1", "c=d", 500),
        "/v2/mm/get_wager_matching_detail",
        {"wager_id": "w&1", "next_cursor": "c=d", "limit": "100"},
    ),
    "matches of several": (
        lambda c: c.matches(("w1", "w2")),
        "/mm/get_wager_matching_detail",
        {"wager_ids": "w1,w2", "limit": "100"},
    ),
    "matched bets": (
        lambda c: c.matched_bets(START - DAY, START, "c+1", 7),
        "/mm/get_matched_bets",
        {"from": "1789913600", "to": "1790000001", "next_cursor": "c+1", "limit": "7"},
    ),
    "history": (
        lambda c: c.history(
            ReadHistory(1, created_from=START - DAY, created_to=START, status="open", matching="unmatched"),
            market=219,
            sport_event=7,
        ),
        "/v2/mm/get_wager_histories",
        {
            "from": "1789913600",
            "to": "1790000001",
            "status": "open",
            "matching_status": "unmatched",
            "market_id": "219",
            "event_id": "7",
            "limit": "1000",
        },
    ),
}


@pytest.mark.parametrize("name", SENT)
async def test_what_is_asked_for(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, name: str) -> None:
    ask, path, query = SENT[name]
    exchange.script(path, data({} if name != "player" else {"id": 23, "name": "A"}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        await ask(client)
    assert [(seen.method, seen.path, seen.query) for seen in exchange.seen[1:]] == [("GET", path, query)]


UNSENT: dict[str, tuple[Ask, str]] = {
    "no sport events": (lambda c: c.sport_events_by_id(()), "wrong_size"),
    "too many sport events": (lambda c: c.sport_events_by_id(range(1, 52)), "wrong_size"),
    "no markets": (lambda c: c.markets((), version=1), "wrong_size"),
    "no wagers": (lambda c: c.matches(()), "wrong_size"),
    "reversed transactions": (lambda c: c.transactions(START, START - 1), "from_date_greater_than_to_date"),
    "reversed bets": (lambda c: c.matched_bets(START, START - 1), "from_date_greater_than_to_date"),
    "too long a range of bets": (lambda c: c.matched_bets(START - 8 * DAY, START), "invalid_from_to_range"),
}


@pytest.mark.parametrize("name", UNSENT)
async def test_what_is_never_sent(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, name: str) -> None:
    ask, code = UNSENT[name]
    async with client_of(exchange, clock, tmp_path) as (client, _):
        with pytest.raises(Malformed) as caught:
            await ask(client)
    assert caught.value.code == code
    assert len(exchange.seen) == 1, "the log-in alone"


# --- nothing, and no answer ---------------------------------------------------------------------------------------

NOTHING: dict[str, tuple[str, Ask, object]] = {
    "sport events by id": ("/mm/get_sport_events", lambda c: c.sport_events_by_id((7,)), ()),
    "markets": ("/mm/get_multiple_markets", lambda c: c.markets((7,), version=1), {7: ()}),
    "markets of": ("/v2/mm/get_markets", lambda c: c.markets_of(7), None),
    "search": ("/mm/search_markets", lambda c: c.search_markets(132), ()),
    "players": ("/mm/get_players", lambda c: c.players(132), ()),
    "player": ("/mm/get_players/23", lambda c: c.player(23, 132), None),
}


@pytest.mark.parametrize("name", NOTHING)
async def test_a_404_of_the_exchange_is_nothing_and_a_gateway_s_is_a_failure(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, name: str
) -> None:
    path, ask, nothing = NOTHING[name]
    exchange.script(
        path,
        error(404, "data_not_found", "Record not found"),
        error(404, "sport_event_not_found"),
        answer(b"<html>404</html>", 404),
        answer(b"[]"),
        error(400, "invalid_param"),
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await ask(client) == nothing
        assert await ask(client) == nothing
        with pytest.raises(Rejected):
            await ask(client)
        with pytest.raises(Retryable, match="undecodable"):
            await ask(client)
        with pytest.raises(Malformed):
            await ask(client)


@pytest.mark.parametrize("body", [None, {"markets": None}, {"markets": []}, []])
async def test_a_sport_event_without_markets(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, body: object
) -> None:
    exchange.script("/v2/mm/get_markets", data(body))
    exchange.script("/mm/search_markets", data(body))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await client.markets_of(7) == ()
        assert await client.search_markets(132) == ()


# --- how answers are read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step", [data({"sport_event_id": 7, "markets": [market(None)]}), data([market(None)]), data([market(7)])]
)
async def test_the_markets_of_a_sport_event_alone_or_under_a_name(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, step: Step
) -> None:
    exchange.script("/v2/mm/get_markets", step)
    async with client_of(exchange, clock, tmp_path) as (client, _):
        images = await client.markets_of(7)
    assert images is not None
    assert [image.market.key for image in images] == [(7, 219)]


@pytest.mark.parametrize(
    "step",
    [
        data({"markets": [market(7), market(8)]}),
        data([market(7), market(None, event_id="8")]),
        data({"7": [market(None)], "8": [market(None)], "9": None}),
    ],
)
async def test_a_search_s_answer_in_each_shape_that_it_may_have(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, step: Step
) -> None:
    exchange.script("/mm/search_markets", step)
    async with client_of(exchange, clock, tmp_path) as (client, _):
        images = await client.search_markets(132)
    assert [image.market.key for image in images] == [(7, 219), (8, 219)]


async def test_filters_that_the_exchange_does_not_know_hold_all_the_same(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    found = [market(7, 1, 10), market(7, 2, 20, type="spread"), market(8, 3, 30), market(8, 4, 9.99, type="total")]
    exchange.script("/mm/search_markets", data({"markets": found}))
    rows = [
        {"transaction_type": kind, "change": -1.0, "event_id": sport_event, "market_id": "219", "wager_id": wager}
        for kind, sport_event, wager in (("BET", "7", "w1"), ("BET", 8, "w2"), ("PAY", 7, "w1"), ("PUSH", None, None))
    ]
    exchange.script("/v2/mm/get_transactions", data({"transactions": rows, "next_cursor": "n"}))
    async with client_of(exchange, clock, tmp_path) as (client, _):

        async def search(**filters: object) -> list[int]:
            images = await client.search_markets(132, **filters)  # type: ignore[arg-type]
            return [image.market.key.market for image in images]

        assert await search() == [1, 2, 3, 4]
        assert await search(sport_events=(8,)) == [3, 4]
        assert await search(types=("moneyline",)) == [1, 3]
        assert await search(least=10_00) == [1, 2, 3]
        assert await search(least=10_01) == [2, 3]
        assert await search(sport_events=(7,), types=("spread", "total"), least=20_00) == [2]

        async def lines(**filters: object) -> list[tuple[str, int | None]]:
            page = await client.transactions(**filters)  # type: ignore[arg-type]
            assert page.next_cursor == "n"
            return [(line.word, line.sport_event_id) for line in page.transactions]

        assert len(await lines()) == 4
        assert await lines(type=TransactionType.BET) == [("BET", 7), ("BET", 8)]
        assert await lines(sport_event=7) == [("BET", 7), ("PAY", 7)]
        assert await lines(market=219, type=TransactionType.PUSH) == [("PUSH", None)]
        assert await lines(wager_id="w2") == [("BET", 8)]
        assert await lines(market=1) == []


@pytest.mark.parametrize(
    "step",
    [
        data({"players": [{"id": 23, "name": "Ada", "competitor_id": 11}, {"player_id": "24", "display_name": "Ben"}]}),
        data([{"player_id": 23, "name": "Ada", "team_id": "11"}, {"id": 24.0, "name": "Ben", "position": "G"}]),
    ],
)
async def test_players_in_each_shape_that_they_may_have(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, step: Step
) -> None:
    exchange.script("/mm/get_players", step)
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await client.players(132) == (Player(23, "Ada", 11), Player(24, "Ben"))


@pytest.mark.parametrize(
    "step",
    [data({"id": 23, "name": "Ada", "competitor_id": 11}), data({"player": {"id": 23, "name": "Ada", "team_id": 11}})],
)
async def test_one_player(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, step: Step) -> None:
    exchange.script("/mm/get_players/23", step)
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await client.player(23, 132) == Player(23, "Ada", 11)


async def test_a_wager_and_the_way_to_the_feed_alone_or_under_a_name(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    wager = {"id": "w1", "odds": 110, "stake": 5, "status": "open", "matched_stake": 0}
    exchange.script("/mm/get_wager/w1", data(wager), data({"wager": wager}), data(wager | {"wager": None}))
    config = {"key": "k", "cluster": "mt1"}
    exchange.script("/websocket/connection-config", answer(config), data(config), answer(config | {"data": None}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        for _ in range(3):
            report = await client.wager("w1")
            assert report is not None
            assert (report.wager_id, report.odds, report.stake) == ("w1", 110, 5_00)
        assert {await client.connection_config() for _ in range(3)} == {ConnectionConfig("k", "mt1")}


async def test_what_cannot_be_read_is_named_and_leaves_the_others(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    exchange.script("/mm/get_players", data({"players": [{"name": "nobody"}, {"id": 24, "name": "Ben"}, 7]}))
    exchange.script("/mm/search_markets", data({"markets": [market(None), market(8), {"id": "x", "event_id": 7}]}))
    exchange.script(
        "/mm/get_sport_events", data({"sport_events": [{"event_id": 1}, {"event_id": 2, "tournament_id": 5}]})
    )
    exchange.script("/v2/mm/get_markets", data([market(7, player_id="x"), market(7, 220, player_id=0), 5]))
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        assert await client.players(132) == (Player(24, "Ben"),)
        assert [image.market.key for image in await client.search_markets(132)] == [(8, 219)]
        assert [
            (sport_event.sport_event_id, sport_event.tournament_id)
            for sport_event in await client.sport_events_by_id((1, 2))
        ] == [(2, 5)]
        images = await client.markets_of(7)
    assert images is not None
    assert [(image.market.key.market, image.market.player_id) for image in images] == [(219, None), (220, None)]
    assert [(call, why.split(":")[0]) for call, why in told.malformed] == [
        ("players", "player 0"),
        ("players", "player 2"),
        ("search_markets", "market 0"),
        ("search_markets", "market 2"),
        ("sport_events_by_id", "sport event 0"),
        ("markets_of", "market 2"),
    ]


# --- the wallet's lines -------------------------------------------------------------------------------------------


def line(**members: object) -> dict[str, object]:
    return {"transaction_type": "BET", "created_at": "2026-09-21T14:00:05.5Z"} | members


@pytest.mark.parametrize(
    ("members", "change"),
    [
        ({"change": -10.5, "amount": 10.5}, -10_50),
        ({"change": 0, "amount": 10.5, "transaction_type": "APPROVE_WITHDRAW"}, 0),
        ({"change": -3, "transaction_type": "A_NEW_ONE"}, -3_00),
        ({"amount": 10.5, "balance": 89.5, "balance_before": 100}, -10_50),
        ({"amount": 10.5, "balance": 110.5, "balance_before": 100, "transaction_type": "A_NEW_ONE"}, 10_50),
        ({"amount": -10.5}, -10_50),
        ({"amount": -10.5, "transaction_type": "A_NEW_ONE"}, -10_50),
        ({"amount": 0, "transaction_type": "APPROVE_WITHDRAW"}, 0),
        ({"amount": 10.5}, -10_50),
        ({"amount": 10.5, "transaction_type": "TRADE"}, -10_50),
        ({"amount": 10.5, "transaction_type": "WITHDRAW"}, -10_50),
        ({"amount": 0.22, "transaction_type": "COMMISSION"}, -22),
        ({"amount": 1, "transaction_type": "ADJUSTMENT_REDUCE"}, -1_00),
        ({"amount": 1, "transaction_type": "ADJUSTMENT_INCREASE"}, 1_00),
        ({"amount": 1, "transaction_type": "DEPOSIT"}, 1_00),
        ({"amount": 1, "transaction_type": "REFUND"}, 1_00),
        ({"amount": 1, "transaction_type": "PAY"}, 1_00),
        ({"amount": 1, "transaction_type": "VOID"}, 1_00),
        ({"amount": 1, "transaction_type": "CANCEL"}, 1_00),
        ({"amount": 1, "transaction_type": "PUSH"}, 1_00),
        ({"amount": 1, "transaction_type": "REJECT_WITHDRAW"}, 1_00),
    ],
)
async def test_what_a_line_put_into_the_balance(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, members: dict[str, object], change: int
) -> None:
    exchange.script("/v2/mm/get_transactions", data({"transactions": [line(**members)]}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        (read,) = (await client.transactions()).transactions
    assert read.change == change
    word = members.get("transaction_type", "BET")
    known = word != "A_NEW_ONE"
    assert (read.word, read.type) == (word, TransactionType(word) if known else TransactionType.OTHER)


async def test_a_line_whose_direction_is_unknown_is_counted_and_not_guessed(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    rows = [
        line(amount=5, transaction_type="APPROVE_WITHDRAW"),
        line(amount=5, transaction_type="A_NEW_ONE"),
        line(amount=5, transaction_type=None),
        line(),
        line(change=0.005),
        line(change=-1, market_id="x"),
        7,
        line(change=-1),
    ]
    exchange.script("/v2/mm/get_transactions", data({"transactions": rows, "next_cursor": None}))
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        page = await client.transactions()
    assert [read.change for read in page.transactions] == [-1_00]
    assert (page.next_cursor, page.unread) == ("", 7)
    assert len(told.malformed) == 7


@pytest.mark.parametrize(
    ("body", "cursor"),
    [
        ({"transactions": None}, ""),
        ({"transactions": [], "next_cursor": None}, ""),
        ({"transactions": [], "next_cursor": "a"}, "a"),
        ({"transactions": [], "next": "b"}, "b"),
        ({"transactions": [], "next_cursor": "", "next": ""}, ""),
    ],
)
async def test_the_cursor_by_either_of_its_names(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, body: object, cursor: str
) -> None:
    exchange.script("/v2/mm/get_transactions", data(body))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await client.transactions() == TransactionPage((), cursor, 0)


async def test_the_ids_of_a_line_in_each_form(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    rows = [
        line(change=1, id=5, balance=7, event_id="7", market_id=219.0, wager_id="w", status="Completed"),
        line(
            change=1,
            transaction_id="t",
            sport_event_id=7,
            market_id="",
            event_id=None,
            created_at=None,
            type="PAY",
        ),
        line(change=1, event_id=0, market_id=0),
    ]
    exchange.script("/v2/mm/get_transactions", data({"transactions": rows}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        first, second, third = (await client.transactions()).transactions
    assert (first.transaction_id, first.sport_event_id, first.market_id, first.wager_id) == ("5", 7, 219, "w")
    assert (first.balance, first.status, first.created_at) == (7_00, "Completed", 1_789_999_205_500_000_000)
    assert (second.transaction_id, second.sport_event_id, second.market_id, second.wager_id) == ("t", 7, None, "")
    assert (second.balance, second.status, second.created_at, second.word) == (None, "", None, "BET")
    assert (third.sport_event_id, third.market_id) == (None, None)
