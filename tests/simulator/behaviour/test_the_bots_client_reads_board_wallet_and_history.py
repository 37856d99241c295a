"""The client's reads against the local exchange: two codecs that were written separately have to agree."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from small_world import EMPTY, GAME, MONEYLINE, NBA, NHL, SPREAD, TOTAL, crowd_rests

from mmbot.backtest.link import Link
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, Player
from mmbot.domain.instant import HOUR, MINUTE, SECOND, Clock
from mmbot.domain.money import Cents
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.domain.wager import Status
from mmbot.engine.events import Answer, TransactionsRead
from mmbot.engine.requests import Cancellation, Placement, ReadHistory, ReadTransactions, Request
from mmbot.exchange.errors import Malformed
from mmbot.exchange.grants import Topics
from mmbot.exchange.rest import Client

PROP = 46_000_023


async def wager(server: Any, client: Client, external_id: str, *matches: int, odds: int = 110) -> str:
    """An open wager of ten dollars with matches of so many dollars each."""
    venue = server.exchange.venue
    line_id = venue.line_id(GAME, MONEYLINE, 0, 0)
    report = await client.place_one(Placement(external_id, line_id, odds, 10_00))
    venue.advance(venue.next_due())
    for dollars in matches:
        crowd_rests(server, 1, -odds, dollars * odds)
    return report.wager_id


def settled(server: Any) -> None:
    """Bring the world to where the history's lag has passed over everything."""
    server.exchange.venue.advance(server.exchange.tick() + 10 * SECOND)


async def test_all_tournaments_and_those_that_are_active(server: Any, client: Client) -> None:
    assert [each.tournament_id for each in await client.tournaments()] == [NBA]
    assert [each.tournament_id for each in await client.tournaments(active=False)] == [NBA, NHL]


async def test_sport_events_by_their_ids(server: Any, client: Client) -> None:
    both = await client.sport_events(NBA)
    assert await client.sport_events_by_id((EMPTY, 77, GAME)) == both
    assert await client.sport_events_by_id((GAME,)) == both[:1]
    assert await client.sport_events_by_id((77,)) == ()
    with pytest.raises(Malformed, match="51 sport events"):
        await client.sport_events_by_id(range(1, 52))


async def test_markets_of_one_sport_event_and_of_many_in_both_versions(server: Any, client: Client) -> None:
    venue = server.exchange.venue
    line = Line(LineKey(GAME, PROP, 0), (Outcome(1, "", "Yes"), Outcome(2, "", "No")))
    prop = Market(
        MarketKey(GAME, PROP), "Points", "moneyline", "player_points", "Player Props", lines=(line,), player_id=23
    )
    venue.add_market(prop, server.exchange.tick())
    crowd_rests(server, 0, -117, 800_00)
    newer = await client.markets_of(GAME)
    older = await client.markets_of(GAME, version=1)
    assert newer is not None
    assert older is not None
    for image, held in zip(newer, venue.markets(GAME), strict=True):
        read = image.market
        assert (read.key, read.name, read.type, read.sub_type, read.category_name, read.status) == (
            held.key,
            held.name,
            held.type,
            held.sub_type,
            held.category_name,
            held.status,
        )
        assert [line.key for line in read.lines] == [line.key for line in held.lines]
    assert newer[0].books[0].sides[1][0].value == 683_76
    assert [image.market.player_id for image in newer] == [None, None, None, 23]
    assert [image.books for image in older] == [image.books for image in newer]
    assert {(image.market.sub_type, image.market.category_name) for image in older} == {("", "")}
    assert await client.markets((GAME, EMPTY)) == {GAME: newer, EMPTY: ()}
    assert await client.markets((GAME, EMPTY), version=1) == {GAME: older, EMPTY: ()}
    assert await client.markets_of(EMPTY) == ()
    assert await client.markets_of(77) is None
    assert await client.markets_of(77, version=1) is None


async def test_a_search_with_each_of_its_filters(server: Any, client: Client) -> None:
    crowd_rests(server, 0, -117, 800_00)
    everything = await client.markets_of(GAME)
    assert everything is not None
    assert await client.search_markets(NBA) == everything
    assert await client.search_markets(NBA, types=("total", "spread")) == everything[1:]
    assert await client.search_markets(NBA, sport_events=(GAME,), least=683_76) == everything[:1]
    assert await client.search_markets(NBA, least=683_77) == ()
    assert await client.search_markets(NBA, sport_events=(EMPTY, 77)) == ()
    assert await client.search_markets(NHL) == ()


async def test_players(server: Any, client: Client) -> None:
    ada, ben = Player(23, "Ada Alder", 11), Player(24, "Ben Birch")
    for player in (ada, ben):
        server.exchange.venue.board.add_player(NBA, player)
    assert await client.players(NBA) == (ada, ben)
    assert await client.players(NHL) == await client.players(9) == ()
    assert await client.player(24, NBA) == ben
    assert await client.player(24, NHL) is None
    assert await client.player(99, NBA) is None


async def test_the_wallet_s_lines_are_those_of_the_exchange(server: Any, client: Client) -> None:
    venue, account = server.exchange.venue, server.exchange.account
    first = await wager(server, client, "one", 10)
    await wager(server, client, "two", 3, odds=105)
    venue.settle(MarketKey(GAME, MONEYLINE), 0, server.exchange.tick())
    settled(server)
    venue.correct(MarketKey(GAME, MONEYLINE), 1, server.exchange.tick())
    venue.correct(MarketKey(GAME, MONEYLINE), 0, server.exchange.tick())
    venue.void(MarketKey(GAME, MONEYLINE), server.exchange.tick())
    outside = (TransactionType.WITHDRAW, TransactionType.REJECT_WITHDRAW, TransactionType.APPROVE_WITHDRAW)
    for amount, kind in zip((-20_00, 20_00, 0), outside, strict=True):
        venue.deposit(account, amount, server.exchange.tick(), kind.value)
    page = await client.transactions(limit=1000)
    held = list(reversed(venue.transactions(account)))
    assert (page.next_cursor, page.unread) == ("", 0)
    assert [(line.word, line.change, line.balance, line.created_at) for line in page.transactions] == [
        (line.type, line.amount, line.balance, line.created_at) for line in held
    ]
    assert all(line.type.value == line.word for line in page.transactions)
    assert {line.type for line in page.transactions} >= {
        TransactionType.DEPOSIT,
        TransactionType.BET,
        TransactionType.PAY,
        TransactionType.COMMISSION,
        TransactionType.ADJUSTMENT_REDUCE,
        TransactionType.ADJUSTMENT_INCREASE,
        TransactionType.VOID,
        *outside,
    }
    assert sum(line.change for line in page.transactions) == (await client.balance()).balance
    paid = (await client.transactions(type=TransactionType.PAY, wager_id=first)).transactions
    assert [(line.change, line.sport_event_id, line.market_id, line.wager_id) for line in paid] == [
        (21_00, GAME, MONEYLINE, first)
    ]
    everything = page.transactions
    assert (await client.transactions(sport_event=GAME, limit=1000)).transactions == tuple(
        line for line in everything if line.sport_event_id == GAME
    )
    assert (await client.transactions(market=TOTAL)).transactions == ()
    now = server.exchange.clock.now()
    assert (await client.transactions(now - HOUR, now + HOUR, limit=1000)).transactions == everything
    assert (await client.transactions(end=now - HOUR)).transactions == ()


async def test_the_engine_reads_the_same_lines_over_the_wire_and_in_virtual_time(server: Any, client: Client) -> None:
    """The link of the backtest returns the pages that the client reads, except that the wire gives a line no id."""
    venue, account = server.exchange.venue, server.exchange.account
    await wager(server, client, "one", 10)
    begin = server.exchange.tick()
    await wager(server, client, "two", 3, odds=105)
    venue.settle(MarketKey(GAME, MONEYLINE), 0, server.exchange.tick())
    settled(server)
    end = server.exchange.tick() + HOUR
    link = Link(venue, account)

    async def answered(request: Request) -> Answer:
        return link.answer(request, end)

    for limit in (1, 2, 1000):
        over_the_wire: list[Transaction] = []
        direct: list[Transaction] = []
        for found, ask in ((over_the_wire, client.perform), (direct, answered)):
            cursor = ""
            while True:
                page = await ask(ReadTransactions(7, begin - SECOND, end, cursor, limit))
                assert isinstance(page, TransactionsRead)
                assert (page.request, page.unread) == (7, 0)
                assert len(page.transactions) <= limit
                found += page.transactions
                cursor = page.next_cursor
                if not cursor:
                    break
        assert over_the_wire == [replace(line, transaction_id="", status="Completed") for line in direct]
        assert len(direct) > 2
    nothing = link.answer(ReadTransactions(8, end - HOUR - SECOND, end - HOUR - SECOND), end)
    assert nothing == TransactionsRead(8, (), "")


async def test_the_wallet_s_lines_are_read_page_by_page(server: Any, client: Client) -> None:
    venue, account = server.exchange.venue, server.exchange.account
    for number in range(6):
        venue.deposit(account, 1_00 + number, server.exchange.tick())
    read: list[Cents] = []
    cursor = ""
    while True:
        page = await client.transactions(cursor=cursor, limit=3)
        read += [line.change for line in page.transactions]
        cursor = page.next_cursor
        if not cursor:
            break
    assert read == [1_05, 1_04, 1_03, 1_02, 1_01, 1_00, 1000_00]


async def test_matches_by_several_wagers_by_one_and_by_time(server: Any, client: Client) -> None:
    one = await wager(server, client, "one", 1, 2, 3)
    two = await wager(server, client, "two", 4, odds=105)
    both = (await client.matches((two, one))).matches
    assert [(each.wager_id, each.stake, each.odds) for each in both] == [
        (two, 4_00, 105),
        (one, 1_00, 110),
        (one, 2_00, 110),
        (one, 3_00, 110),
    ]
    assert (await client.matches_of(one)).matches == both[1:]
    first = await client.matches_of(one, limit=2)
    assert first.matches == both[1:3]
    last = await client.matches_of(one, first.next_cursor, limit=2)
    assert (last.matches, last.next_cursor) == (both[3:], "")
    assert (await client.matches_of("nobody")).matches == ()
    now = server.exchange.clock.now()
    in_time = (*both[1:], both[0])
    assert (await client.matched_bets(now - HOUR, now + HOUR)).matches == in_time
    page = await client.matched_bets(now - HOUR, now + HOUR, limit=3)
    assert page.matches == in_time[:3]
    page = await client.matched_bets(now - HOUR, now + HOUR, page.next_cursor, limit=3)
    assert (page.matches, page.next_cursor) == (in_time[3:], "")


async def test_the_longest_allowed_range_is_not_rejected_for_its_fractions(server: Any, client: Client) -> None:
    day = 24 * HOUR
    now = server.exchange.clock.now() // SECOND * SECOND + 500_000_000
    assert (await client.matched_bets(now - 7 * day, now)).matches == ()
    with pytest.raises(Malformed, match="invalid_from_to_range"):
        await client.matched_bets(now - 7 * day - SECOND, now)


async def test_each_filter_of_the_history(server: Any, client: Client, clock: Clock) -> None:
    venue = server.exchange.venue
    await wager(server, client, "part", 1)
    await wager(server, client, "open", odds=150)
    total = Placement("total", venue.line_id(GAME, TOTAL, 886, 1), 120, 5_00)
    await client.place_one(total)
    settled(server)
    recent = {"created_from": clock.now() - MINUTE}

    async def listed(market: int | None = None, sport_event: int | None = None, **query: Any) -> list[str]:
        page = await client.history(ReadHistory(1, **(recent | query)), market=market, sport_event=sport_event)
        assert page.last_synced_at is not None
        return [each.external_id for each in page.wagers]

    assert await listed() == ["part", "open", "total"]
    assert await listed(status="open", matching="unmatched") == ["open", "total"]
    assert await listed(matching="partially_matched") == ["part"]
    assert await listed(status=Status.SETTLED.value) == []
    assert await listed(market=TOTAL) == ["total"]
    assert await listed(market=MONEYLINE, status="open") == ["part", "open"]
    assert await listed(sport_event=GAME) == ["part", "open", "total"]
    assert await listed(sport_event=EMPTY) == []
    assert await listed(created_from=None, updated_from=clock.now() - MINUTE, market=TOTAL) == ["total"]
    first = await client.history(ReadHistory(1, **recent, limit=2), sport_event=GAME)
    assert [each.external_id for each in first.wagers] == ["part", "open"]
    last = await client.history(ReadHistory(1, **recent, limit=2, cursor=first.next_cursor), sport_event=GAME)
    assert ([each.external_id for each in last.wagers], last.next_cursor) == (["total"], "")


async def test_every_way_to_place_and_to_cancel(server: Any, client: Client) -> None:
    venue, account = server.exchange.venue, server.exchange.account
    home, total = venue.line_id(GAME, MONEYLINE, 0, 0), venue.line_id(GAME, TOTAL, 886, 1)
    placed = await client.place_many(
        [Placement(f"m{n}", home, 110 + 5 * n, 5_00) for n in range(4)] + [Placement("t", total, 110, 5_00)]
    )
    assert [each.external_id for each in placed.accepted] == ["m0", "m1", "m2", "m3", "t"]
    one = await client.place_one(Placement("fok", total, 120, 5_00, fill_or_kill=True))
    settled(server)
    live = {each.external_id for each in venue.wagers(account) if each.live}
    assert live == {"m0", "m1", "m2", "m3", "t"}, "the fill-or-kill ended by itself"
    assert (await client.wager(one.wager_id)).status is Status.CANCELED  # type: ignore[union-attr]
    ids = {each.external_id: each.wager_id for each in placed.accepted}
    await client.cancel_one(Cancellation(ids["m0"], "m0"))
    done = await client.cancel_many([Cancellation(ids["m1"], "m1"), Cancellation(ids["m0"], "m0")])
    assert done.accepted == ("m1",)
    assert [(item.external_id, item.code) for item in done.failed] == [("m0", "wager_already_cancelled")]
    assert await client.cancel_market(GAME, TOTAL, home) is False
    assert await client.cancel_market(GAME, TOTAL, total) is True
    assert await client.cancel_market(GAME, SPREAD) is False
    assert {each.external_id for each in venue.wagers(account) if each.live} == {"m2", "m3"}
    assert await client.cancel_sport_event(EMPTY) is False
    assert await client.cancel_sport_event(GAME) is True
    assert await client.cancel_all() is False
    assert not any(each.live for each in venue.wagers(account))


async def test_the_ladder_the_balance_and_the_way_to_the_feed(server: Any, client: Client) -> None:
    assert await client.ladder() == server.exchange.venue.settings.ladder
    await wager(server, client, "one", 3)
    money = await client.balance()
    assert (money.balance, money.matched, money.unmatched) == (997_00, 3_00, 7_00)
    config = await client.connection_config()
    assert config.ws_host == f"127.0.0.1:{server.ws_port}"
    everything = await client.register("1.2")
    assert [channel.auth.partition(":")[0] for channel in everything.channels] == [config.key] * 2
    (broadcast, _) = (await client.register("1.2", Topics(tournaments=(NHL,)))).channels
    assert set(everything.channels[0].bindings) - set(broadcast.bindings) == {f"tournament_{NBA}"}
