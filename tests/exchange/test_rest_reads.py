"""The REST client against a real server: look-ups, the history, and other reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from rest_wagers import START, WAGER
from scripted_exchange import (
    ScriptedExchange,
    Step,
    answer,
    client_of,
    data,
    error,
)

from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import DAY, SECOND
from mmbot.domain.wager import Winning
from mmbot.engine import events, requests
from mmbot.engine.events import Failed, Failure
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.errors import Malformed, Retryable
from mmbot.exchange.grants import Topics


async def test_a_wager_is_looked_up(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/mm/get_wager/w1", data(WAGER), error(404, "data_not_found"), answer(b"404 page not found", 404))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        found, absent, broken = [await client.perform(requests.ReadWager(1, "w1")) for _ in range(3)]
    assert isinstance(found, events.WagerRead)
    assert found.report is not None
    assert (found.report.sport_event_id, found.report.market_id, found.report.winning) == (7, 219, Winning.TBD)
    assert absent == events.WagerRead(1, None)
    assert isinstance(broken, Failed)
    assert broken.failure is Failure.REJECTED


@pytest.mark.parametrize(
    ("date", "told"),
    [("Fri, 15 Jan 2027 08:00:00 GMT", 1_800_000_000 * SECOND), ("soon", None), ("", None)],
)
async def test_answers_on_which_a_proof_rests_tell_the_exchanges_clock(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, date: str, told: int | None
) -> None:
    headers = {"Date": date}
    exchange.script("/mm/cancel_all_wagers", answer({"error": "no_cancellable_wagers"}, 404, headers))
    exchange.script("/mm/cancel_wager", answer({"data": {"success": True}}, 200, headers))
    exchange.script("/v2/mm/get_wager_histories", answer({"data": {"wagers": []}}, 200, headers))
    balance = {"balance": 1000, "matched_wager_balance": 0, "unmatched_wager_balance": 0}
    exchange.script("/mm/get_balance", answer({"data": balance}, 200, headers))
    asked = [
        requests.CancelAll(1),
        requests.CancelMany(2, (requests.Cancellation("w1", "e1"),)),
        requests.ReadHistory(3, created_from=START - DAY, created_to=START),
        requests.ReadBalance(4),
    ]
    async with client_of(exchange, clock, tmp_path) as (client, _):
        for request in asked:
            got = await client.perform(request)
            assert isinstance(got, events.CancelledAll | events.Cancelled | events.HistoryRead | events.BalanceRead)
            assert got.date == told


async def test_a_page_of_the_history(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    synced = "2026-09-21T14:00:05.123456789Z"
    exchange.script(
        "/v2/mm/get_wager_histories", data({"wagers": [WAGER], "next_cursor": "c+/="}, last_synced_at=synced)
    )
    query = requests.ReadHistory(
        9,
        updated_from=START - DAY,
        updated_to=START,
        status="open",
        matching="unmatched",
        cursor="a&b=c d",
        limit=500,
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        page = await client.perform(query)
    assert isinstance(page, events.HistoryRead)
    assert (page.next_cursor, page.last_synced_at) == ("c+/=", 1_789_999_205_123_456_789)
    assert [report.wager_id for report in page.wagers] == ["w1"]
    assert exchange.seen[-1].query == {
        "updated_at_from": "1789913600",
        "updated_at_to": "1790000001",
        "status": "open",
        "matching_status": "unmatched",
        "next_cursor": "a&b=c d",
        "limit": "500",
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (requests.ReadHistory(1), "missing_date_range"),
        (requests.ReadHistory(1, created_from=START - 8 * DAY, created_to=START), "invalid_from_to_range"),
        (requests.ReadHistory(1, created_from=START - 8 * DAY), "invalid_from_to_range"),
        (requests.ReadHistory(1, updated_from=START - 3 * DAY), "invalid_updated_at_range"),
        (requests.ReadHistory(1, created_from=START, created_to=START - 1), "from_date_greater_than_to_date"),
    ],
)
async def test_a_range_that_the_exchange_would_reject_is_not_sent(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, query: requests.ReadHistory, code: str
) -> None:
    async with client_of(exchange, clock, tmp_path) as (client, _):
        before = len(exchange.seen)
        failed = await client.perform(query)
        assert isinstance(failed, Failed)
        assert (failed.failure, failed.code) == (Failure.BUG, code)
        with pytest.raises(Malformed):
            await client.history(query)
        assert len(exchange.seen) == before


@pytest.mark.parametrize("count", [0, 21])
async def test_a_batch_that_the_exchange_would_reject_is_not_sent(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, count: int
) -> None:
    placements = tuple(Placement(f"x{n}", "line", 100, 100) for n in range(count))
    cancels = tuple(Cancellation(f"w{n}", f"x{n}") for n in range(count))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        before = len(exchange.seen)
        for asked in (requests.PlaceMany(1, placements), requests.CancelMany(1, cancels)):
            failed = await client.perform(asked)
            assert isinstance(failed, Failed)
            assert failed.failure is Failure.BUG
        for asked in (requests.ReadMarkets(1, tuple(range(51))), requests.ReadMarkets(1, ())):
            failed = await client.perform(asked)
            assert isinstance(failed, Failed)
            assert failed.code == "wrong_size"
        assert len(exchange.seen) == before


async def test_reads(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script(
        "/mm/get_balance",
        data({"balance": 1000, "matched_wager_balance": 12.34, "unmatched_wager_balance": None}),
    )
    exchange.script("/mm/get_odds_ladder", data([100, 101.0, -101]))
    exchange.script("/mm/get_tournaments", data({"tournaments": [{"id": 132, "name": "NBA", "sport": {"name": "B"}}]}))
    exchange.script(
        "/mm/get_sport_events", data({"sport_events": [{"event_id": 7, "tournament_id": 132, "status": "not_started"}]})
    )
    exchange.script("/v2/mm/get_multiple_markets", data({"7": [{"id": 219, "type": "moneyline"}]}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert await client.perform(requests.ReadBalance(1)) == events.BalanceRead(1, 100_000, 1_234, 0)
        assert await client.perform(requests.ReadLadder(2)) == events.LadderRead(2, (100, 101, -101))
        tournaments = await client.perform(requests.ReadTournaments(3))
        listed = await client.perform(requests.ReadSportEvents(4, 132))
        markets = await client.perform(requests.ReadMarkets(5, (7, 8)))
    assert isinstance(tournaments, events.TournamentsRead)
    assert [(t.tournament_id, t.sport_name) for t in tournaments.tournaments] == [(132, "B")]
    assert isinstance(listed, events.SportEventsRead)
    assert [(sport_event.sport_event_id, sport_event.status) for sport_event in listed.sport_events] == [
        (7, "not_started")
    ]
    assert isinstance(markets, events.MarketsRead)
    assert [image.market.key for image in markets.markets[7]] == [(7, 219)]
    assert markets.markets[8] == ()
    assert exchange.calls("/mm/get_tournaments")[0].query == {"has_active_events": "true"}
    assert exchange.calls("/mm/get_sport_events")[0].query == {"tournament_id": "132"}
    assert exchange.calls("/v2/mm/get_multiple_markets")[0].query == {"event_ids": "7,8"}


async def test_nothing_there_and_a_failure_are_told_apart(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    nothing: tuple[Step, ...] = (
        error(404, "data_not_found", "Record not found"),
        data({"sport_events": None}),
        data({}),
        data(None),
    )
    failures: tuple[Step, ...] = (
        answer(b"404 page not found", 404),
        answer({}),
        answer([]),
        answer(b"null"),
        error(503, None),
        data({"sport_events": 7}),
    )
    exchange.script("/mm/get_sport_events", *nothing, *failures)
    exchange.script("/v2/mm/get_multiple_markets", nothing[0], *nothing[2:], *failures[:-1], data([]))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        for _ in nothing:
            assert await client.perform(requests.ReadSportEvents(1, 132)) == events.SportEventsRead(1, ())
        for _ in failures:
            assert isinstance(await client.perform(requests.ReadSportEvents(1, 132)), Failed)
        for _ in range(3):
            assert await client.perform(requests.ReadMarkets(1, (7,))) == events.MarketsRead(1, {7: ()})
        for _ in failures:
            assert isinstance(await client.perform(requests.ReadMarkets(1, (7,))), Failed)


async def test_some_matches_of_a_wager_are_never_given_for_all_of_them(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    good = {"wager_id": "w1", "matched_stake": 1, "matched_odds": 110}
    exchange.script(
        "/mm/get_wager_matching_detail",
        data({"matching_details": [good, good | {"wager_id": "w2"}], "next_cursor": "more"}),
        data({"matching_details": [good | {"matched_odds": None}]}),
    )
    async with client_of(exchange, SystemClock(rate=1000.0), tmp_path) as (client, _):
        read = await client.matches(("w1", "w2"))
    assert [match.wager_id for match in read.matches] == ["w2"]


async def test_matches_are_read_to_the_last_page(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    def match(wager: str, stake: float, odds: float) -> dict[str, object]:
        return {"id": "m", "wager_id": wager, "matched_stake": stake, "matched_odds": odds}

    exchange.script(
        "/mm/get_wager_matching_detail",
        data({"matching_details": [match("w1", 10, 120.0), match("w2", 0.01, -105)], "next_cursor": "two"}),
        data({"matching_details": [match("w1", 2.5, 126)], "next_cursor": ""}),
    )
    async with client_of(exchange, SystemClock(rate=1000.0), tmp_path) as (client, _):
        read = await client.perform(requests.ReadMatches(6, ("w1", "w2")))
    assert isinstance(read, events.MatchesRead)
    assert [(m.wager_id, m.stake, m.odds) for m in read.matches] == [
        ("w1", 1000, 120),
        ("w2", 1, -105),
        ("w1", 250, 126),
    ]
    first, second = exchange.calls("/mm/get_wager_matching_detail")
    assert first.query == {"wager_ids": "w1,w2", "limit": "100"}
    assert second.query["next_cursor"] == "two"


async def test_pages_without_an_end_are_a_failure(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/get_wager_matching_detail", data({"matching_details": [], "next_cursor": "again"}))
    async with client_of(exchange, SystemClock(rate=10_000.0), tmp_path) as (client, _):
        assert isinstance(await client.perform(requests.ReadMatches(6, ("w1",))), Failed)


async def test_a_page_of_matched_bets(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script(
        "/mm/get_matched_bets",
        data({"matched_bets": [{"wager_id": "w1", "stake": 5, "odds": 100}], "next_cursor": "n"}),
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        page = await client.matched_bets(START - DAY, START)
    assert [(m.wager_id, m.stake, m.odds) for m in page.matches] == [("w1", 500, 100)]
    assert page.next_cursor == "n"
    assert exchange.seen[-1].query == {"from": "1789913600", "to": "1790000001", "limit": "100"}


async def test_the_way_to_the_feed(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script(
        "/websocket/connection-config",
        answer({"app_id": "1", "key": "k", "cluster": "mt1", "ws_host": "ws.example", "service": "pusher"}),
        answer({"key": "k", "cluster": "mt1", "ws_host": None}),
        answer({"cluster": "mt1"}),
    )
    exchange.script(
        "/mm/pusher",
        answer(
            {
                "auth": "k:outer",
                "data": {
                    "success": True,
                    "authorized_channel": [
                        {
                            "channel_name": "public",
                            "auth": "k:own",
                            "binding_events": [{"name": "general", "type": "g"}],
                        },
                        {"channel_name": "private", "binding_events": ["wagers", "health_check"]},
                    ],
                },
            }
        ),
        answer({"data": {"authorized_channel": [{"channel_name": "private", "binding_events": None}]}}),
        data({"authorized_channel": None}),
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        config = await client.connection_config()
        assert (config.key, config.cluster, config.ws_host, config.app_id) == ("k", "mt1", "ws.example", "1")
        assert (await client.connection_config()).ws_host is None
        with pytest.raises(Retryable, match="undecodable"):
            await client.connection_config()
        registration = await client.register("12.34", Topics(tournaments=(132, 31)))
        assert [(c.name, c.auth, c.bindings) for c in registration.channels] == [
            ("public", "k:own", ("general",)),
            ("private", "k:outer", ("wagers", "health_check")),
        ]
        for _ in range(2):
            with pytest.raises(Retryable, match="undecodable"):
                await client.register("12.34")
    first, second, _ = exchange.calls("/mm/pusher")
    assert first.json == {"socket_id": "12.34", "subscriptions": [{"type": "tournament", "ids": ["132", "31"]}]}
    assert second.json == {"socket_id": "12.34"}
