"""The bot's own client and feed against the local exchange: two codecs that were written separately have to agree."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from small_world import EMPTY, GAME, MONEYLINE, NBA, NHL, SPREAD, TOTAL, crowd_rests

from mmbot.domain.book import Level
from mmbot.domain.catalogue import Tournament
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.engine import events, requests
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.feed import Feed, FeedSettings
from mmbot.exchange.rest import Client
from mmbot.net.transport_aiohttp import open_link
from mmbot.simulator.wire.faults import FailRequest, LoseAnswer


class Heard:
    """A feed of the bot's, and what it delivered, taken in its order."""

    def __init__(self, server: Any, client: Client, settings: FeedSettings | None = None) -> None:
        self.messages: list[Any] = []
        self.feed = Feed(
            dialect=dialect_of("legacy").feed,
            config_source=client.connection_config,
            register=client.register,
            deliver=self.messages.append,
            clock=server.exchange.clock,
            open_link=open_link,
            rng=random.Random(1),
            ws_url=server.ws_url,
            settings=settings or FeedSettings(),
        )

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(10):
            while True:
                for place, each in enumerate(self.messages):
                    if wanted(each):
                        del self.messages[: place + 1]
                        return each
                await asyncio.sleep(0.01)


async def test_the_board_is_read_as_the_exchange_has_it(server: Any, client: Client) -> None:
    crowd_rests(server, 0, -117, 800_00)
    venue = server.exchange.venue
    assert await client.ladder() == venue.settings.ladder
    assert [each.tournament_id for each in await client.tournaments()] == [NBA]
    assert await client.sport_events(NHL) == ()
    found = await client.sport_events(NBA)
    for read, held in zip(found, venue.sport_events(), strict=True):
        assert (read.sport_event_id, read.tournament_id, read.name, read.status) == (
            held.sport_event_id,
            held.tournament_id,
            held.name,
            held.status,
        )
        assert abs((read.scheduled or 0) - held.scheduled) < SECOND
    markets = await client.markets([GAME, EMPTY, 77])
    assert markets[EMPTY] == markets[77] == ()
    for image, held in zip(markets[GAME], venue.markets(GAME), strict=True):
        assert (image.market.key, image.market.type, image.market.sub_type, image.market.category_name) == (
            held.key,
            held.type,
            held.sub_type,
            held.category_name,
        )
        assert [line.key for line in image.market.lines] == [line.key for line in held.lines]
        for line, same in zip(image.market.lines, held.lines, strict=True):
            assert [outcome.line_id for outcome in line.outcomes] == [outcome.line_id for outcome in same.outcomes]
            assert [outcome.outcome_id for outcome in line.outcomes] == [4, 5]
    assert markets[GAME][0].books[0].sides == ((), (Level(117, 683_76),))


async def test_a_wager_s_whole_life_is_understood_by_the_client_and_the_feed(server: Any, client: Client) -> None:
    # long: each step of the wager's life needs the steps before it.
    heard = Heard(server, client)
    feed, until = heard.feed, heard.until
    feed.connect("start")
    await until(lambda each: isinstance(each, events.FeedUp))
    line_id = server.exchange.venue.line_id(GAME, MONEYLINE, 0, 0)
    items = (
        requests.Placement("run-0-1", line_id, 110, 10_00),
        requests.Placement("run-0-2", line_id, 111_111, 10_00),
    )
    placed = await client.perform(requests.PlaceMany(1, items))
    assert isinstance(placed, events.Placed)
    (accepted,), (failed,) = placed.accepted, placed.failed
    assert (accepted.external_id, accepted.status, accepted.stake, accepted.odds) == (
        "run-0-1",
        Status.INACTIVE,
        10_00,
        110,
    )
    assert (failed.external_id, failed.code) == ("run-0-2", "wager_invalid_odds")
    wager = (await until(lambda each: isinstance(each, events.WagerMessage))).report
    assert (wager.wager_id, wager.status, wager.resting) == (accepted.wager_id, Status.OPEN, True)
    book = await until(lambda each: isinstance(each, events.BookMessage))
    assert book.line == (GAME, MONEYLINE, 0)
    assert book.book.sides == ((), (Level(-110, 11_00),))
    crowd_rests(server, 1, -110, 3_30)
    printed = await until(lambda each: isinstance(each, events.PrintMessage))
    assert (printed.line_id, printed.matched_odds, printed.stake) == (
        server.exchange.venue.line_id(GAME, MONEYLINE, 0, 1),
        -110,
        3_30,
    )
    heard.messages.clear()
    crowd_rests(server, 1, -110, 1_10)
    wager = (await until(lambda each: isinstance(each, events.WagerMessage))).report
    assert (wager.matched, wager.match_stake, wager.match_odds) == (4_00, 1_00, 110)
    assert wager.matching is Matching.PARTIALLY_MATCHED
    (detail, _) = (await client.matches([wager.wager_id])).matches
    assert (detail.wager_id, detail.stake, detail.odds) == (wager.wager_id, 3_00, 110)
    assert await client.cancel_all() is True
    assert await client.cancel_all() is False
    wager = (await until(lambda each: isinstance(each, events.WagerMessage))).report
    assert (wager.stake, wager.matching, wager.resting) == (4_00, Matching.FULLY_MATCHED, False)
    read = await client.wager(wager.wager_id)
    assert read is not None
    assert (read.stake, read.matched, read.status) == (4_00, 4_00, Status.OPEN)
    assert await client.wager("nobody") is None
    now = server.exchange.clock.now()
    page = await client.history(requests.ReadHistory(2, updated_from=now - 60 * SECOND))
    assert [each.external_id for each in page.wagers] == ["run-0-1"]
    assert page.last_synced_at is not None
    assert abs(page.last_synced_at - now) < 5 * SECOND
    money = await client.balance()
    assert (money.balance, money.matched, money.unmatched) == (996_00, 4_00, 0)
    bets = await client.matched_bets(now - 60 * SECOND, now + 60 * SECOND)
    assert [each.stake for each in bets.matches] == [3_00, 1_00]
    heard.messages.clear()
    venue = server.exchange.venue
    venue.go_live(GAME, server.exchange.tick())
    venue.add_tournament(Tournament(31, "NFL", "American Football"), server.exchange.tick())
    (market,) = (each for each in venue.markets(GAME) if each.key.market == SPREAD)
    venue.set_line_status(market.lines[0].key, "suspended", server.exchange.tick())
    venue.settle(venue.markets(GAME)[0].key, 0, server.exchange.tick())
    server.exchange.flush()
    changed = await until(lambda each: isinstance(each, events.SportEventMessage))
    assert (changed.sport_event_id, changed.tournament_id, changed.sport_event.status) == (GAME, NBA, "live")
    assert (await until(lambda each: isinstance(each, events.TournamentMessage))).tournament_id == 31
    for side in (0, 1):
        line = await until(lambda each: isinstance(each, events.LineMessage))
        assert (line.sport_event, line.market, abs(line.number), line.status) == (GAME, SPREAD, 14, "suspended")
        assert line.line_id == venue.line_id(GAME, SPREAD, -14, side)
    wager = (await until(lambda each: isinstance(each, events.WagerMessage))).report
    assert (wager.winning, wager.status) == (Winning.WON, Status.SETTLED)
    settled = await until(lambda each: isinstance(each, events.MarketMessage))
    assert (settled.sport_event, settled.market, settled.status) == (GAME, MONEYLINE, "settled")
    closed = await until(lambda each: isinstance(each, events.WagerMessage))
    assert closed.report.status is Status.CLOSED
    assert feed.undecodable == {}
    await feed.close()


async def test_errors_are_distinguished_as_the_engine_needs_them(server: Any, client: Client) -> None:
    await client.balance()
    server.exchange.venue.delay_activation(60 * SECOND)
    line_id = server.exchange.venue.line_id(GAME, TOTAL, 886, 1)
    placed = await client.perform(requests.PlaceMany(1, (requests.Placement("a", line_id, 110, 10_00),)))
    assert isinstance(placed, events.Placed)
    early = await client.perform(requests.CancelMany(2, (requests.Cancellation(placed.accepted[0].wager_id, "a"),)))
    assert isinstance(early, events.Cancelled)
    assert (early.failed[0].failure, early.failed[0].code) == (events.Failure.RETRYABLE, "wager_is_placing")
    again = await client.perform(requests.PlaceMany(3, (requests.Placement("a", line_id, 110, 10_00),)))
    assert isinstance(again, events.Placed)
    assert again.failed[0].code == "wager_external_id_existed"
    server.exchange.faults.add(LoseAnswer(endpoint="place_multiple_wagers"))
    lost = await client.perform(requests.PlaceMany(4, (requests.Placement("b", line_id, 110, 10_00),)))
    assert isinstance(lost, events.Failed)
    assert lost.failure is events.Failure.UNKNOWN
    server.exchange.faults.add(
        FailRequest(endpoint="place_multiple_wagers", status=429, code="rate_limit_reached", retry_after=3)
    )
    retryable = await client.perform(requests.PlaceMany(5, (requests.Placement("c", line_id, 110, 10_00),)))
    assert isinstance(retryable, events.Failed)
    assert retryable.failure is events.Failure.RETRYABLE
    assert retryable.retry_at is not None
    assert 0 < retryable.retry_at - server.exchange.clock.now() <= 4 * SECOND


async def test_a_connection_config_that_changes_moves_the_feed(server: Any, client: Client) -> None:
    heard = Heard(server, client, FeedSettings(config_every=50 * MILLISECOND))
    feed, until = heard.feed, heard.until
    feed.connect("start")
    first = await until(lambda each: isinstance(each, events.FeedUp))
    server.exchange.pusher.key = "another-key"
    lost = await until(lambda each: isinstance(each, events.FeedLost))
    assert (lost.connection, lost.reason) == (first.connection, "config_changed")
    feed.connect("lost")
    await until(lambda each: isinstance(each, events.FeedUp) and each.connection > first.connection)
    crowd_rests(server, 0, 110, 10_00)
    book = await until(lambda each: isinstance(each, events.BookMessage))
    assert book.connection > first.connection
    await feed.close()
