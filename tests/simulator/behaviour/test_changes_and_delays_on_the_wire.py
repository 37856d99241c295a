"""Changes during a run as a client on the wire sees them: late, twice, out of order or not at all."""

from __future__ import annotations

import asyncio
import base64
import json
from random import Random
from typing import Any

import pytest
from small_world import GAME, MONEYLINE, NBA, SPREAD, TOTAL

from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND, Instant
from mmbot.simulator.crowd.synthetic_crowd import FIRST_SPORT_EVENT, BoardSettings
from mmbot.simulator.wire.apply_faults import apply_fault
from mmbot.simulator.wire.faults import DelayMessages, DropMessages, FaultPlan
from mmbot.simulator.wire.local_exchange import LocalExchange, LocalSettings
from mmbot.simulator.wire.one_off_faults import CreateEvent, ListEvent
from mmbot.simulator.wire.pusher_server import FeedSettings
from mmbot.simulator.wire.server import Server
from mmbot.simulator.world import synthetic_world


def said(frame: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """change_type, op and payload of a message."""
    envelope = json.loads(frame["data"])
    return envelope["change_type"], envelope["op"], json.loads(base64.b64decode(envelope["payload"]))


async def next_of(feed: Any, change_type: str) -> tuple[str, dict[str, Any]]:
    frame = await feed.until(lambda f: f["event"] != "health_check" and said(f)[0] == change_type)
    _, op, payload = said(frame)
    return op, payload


class TestTheBoard:
    async def test_a_moved_sport_event_has_its_new_time_everywhere(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("move_event", event=GAME, starts_in=7 * 3600)
        op, payload = await next_of(feed, "sport_event")
        _, body = await partner.get("mm/get_sport_events", event_ids=GAME)
        (sport_event,) = body["data"]["sport_events"]
        assert (op, payload["info"]["scheduled"], payload["info"]["status"]) == (
            "u",
            sport_event["scheduled"],
            "not_started",
        )

    async def test_a_postponed_sport_event_is_announced_and_rejects_wagers(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("postpone_event", event=GAME)
        op, payload = await next_of(feed, "sport_event")
        assert (op, payload["info"]["status"]) == ("u", "postponed")
        wager = {"external_id": "a", "line_id": partner.line_id(0), "odds": 110, "stake": 10}
        status, body = await partner.post("mm/place_wager", wager)
        assert (status, body["error"]) == (400, "event_not_available")

    async def test_a_relisted_sport_event_comes_with_its_whole_particulars(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("unlist_event", event=GAME)
        assert await next_of(feed, "sport_event") == ("d", {"id": str(GAME), "tournament_id": str(NBA)})
        await partner.fault("list_event", event=GAME)
        op, payload = await next_of(feed, "sport_event")
        assert (op, payload["info"]["event_id"], payload["info"]["status"]) == ("u", GAME, "not_started")

    async def test_a_line_may_be_closed_by_itself(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("line_status", event=GAME, market=SPREAD, line=-3.5, status="suspended")
        told = [await next_of(feed, "market_line") for _ in range(2)]
        assert [(payload["info"]["line"], payload["info"]["status"]) for _, payload in told] == [
            (-3.5, "suspended"),
            (3.5, "suspended"),
        ]
        _, body = await partner.get("v2/mm/get_markets", event_id=GAME)
        (spread,) = [market for market in body["data"]["markets"] if market["id"] == SPREAD]
        assert (spread["status"], spread["market_lines"][0]["status"]) == ("active", "suspended")

    async def test_the_ladder_changes_and_comes_back(self, partner: Any) -> None:
        before = (await partner.get("mm/get_odds_ladder"))[1]["data"]
        await partner.fault("odds_ladder", odds=[-110, 100, 110])
        assert (await partner.get("mm/get_odds_ladder"))[1]["data"] == [-110, 100, 110]
        wager = {"external_id": "a", "line_id": partner.line_id(0), "odds": 105, "stake": 10}
        status, body = await partner.post("mm/place_wager", wager)
        assert (status, body["error"]) == (400, "wager_invalid_odds")
        await partner.fault("odds_ladder")
        assert (await partner.get("mm/get_odds_ladder"))[1]["data"] == before

    async def test_lines_may_have_results_of_their_own(self, partner: Any) -> None:
        total = {"external_id": "a", "line_id": partner.line_id(0, TOTAL, 886), "odds": -110, "stake": 11}
        wager = (await partner.post("mm/place_wager", total))[1]["data"]["wager"]
        await partner.opened(wager["id"])
        world = partner.exchange.world
        now = partner.exchange.tick()
        line = partner.exchange.venue.find_line(total["line_id"])[0]
        partner.exchange.venue.crowd.enter(world.crowd, line, 1, 110, 10_00, now)
        await partner.fault("settle", event=GAME, market=TOTAL, winner=1, lines={"221.5": 0})
        await partner.until(wager["id"], lambda each: each["status"] == "closed")
        assert (await partner.get("mm/get_balance"))[1]["data"]["balance"] == 1_000 + 10 - 0.20

    async def test_a_connection_config_with_another_key_leaves_present_sockets_connected(
        self, partner: Any, connect: Any
    ) -> None:
        feed = await connect()
        await partner.fault("connection_config", key="another-key")
        assert (await partner.get("websocket/connection-config"))[1]["key"] == "another-key"
        await partner.fault("market_status", event=GAME, market=TOTAL, status="suspended")
        assert (await next_of(feed, "market"))[1]["info"]["status"] == "suspended"
        rejected = await connect(subscribe=False, key="local-key")
        assert (await rejected.frame())["data"]["code"] == 4001
        anew = await connect(key="another-key")
        await partner.fault("market_status", event=GAME, market=TOTAL, status="active")
        assert (await next_of(anew, "market"))[1]["info"]["status"] == "active"

    async def test_money_comes_and_goes_with_a_line_in_the_wallet(self, partner: Any) -> None:
        await partner.fault("deposit", amount=250)
        await partner.fault("deposit", amount=-100.5)
        assert (await partner.get("mm/get_balance"))[1]["data"]["balance"] == 1_149.5
        _, body = await partner.get("v2/mm/get_transactions", limit=2)
        assert [line["transaction_type"] for line in body["data"]["transactions"]] == ["WITHDRAW", "DEPOSIT"]

    @pytest.mark.parametrize(
        "order",
        [
            {"fault": "move_event", "event": 7, "starts_in": 60},
            {"fault": "move_event", "event": GAME, "starts_in": 0},
            {"fault": "postpone_event", "event": 7},
            {"fault": "line_status", "event": GAME, "market": SPREAD, "line": -9.5, "status": "suspended"},
            {"fault": "odds_ladder", "odds": [100, -100]},
            {"fault": "connection_config", "key": ""},
            {"fault": "settle", "event": GAME, "market": TOTAL, "winner": 0, "lines": {"200.5": 0}},
            {"fault": "settle", "event": GAME, "market": TOTAL, "winner": 0, "lines": {"many": 0}},
            {"fault": "delay_messages", "jitter": -1},
            {"fault": "drop_messages", "share": 0},
        ],
        ids=json.dumps,
    )
    async def test_impossible_changes_are_rejected(self, partner: Any, order: dict[str, object]) -> None:
        async with partner.http.post(f"{partner.server.url}/sim/faults", json=order) as answer:
            assert answer.status == 400
            assert (await answer.json())["message"]


async def test_a_sport_event_may_be_created_and_is_traded_when_it_is_listed() -> None:
    clock = SystemClock(20.0)
    world = synthetic_world(None, 1, clock.now(), board=BoardSettings(sport_events=1))
    async with Server(LocalExchange(world, clock)) as server:
        exchange = server.exchange
        created = (await apply_fault(exchange, CreateEvent(starts_in=3600, listed=False)))["event"]
        assert created == FIRST_SPORT_EVENT + 1
        assert isinstance(created, int)
        assert [sport_event.sport_event_id for sport_event in exchange.venue.sport_events()] == [FIRST_SPORT_EVENT]
        await apply_fault(exchange, ListEvent(event=created))
        (moneyline, *_) = exchange.venue.markets(created) or ()
        async with asyncio.timeout(10):
            while True:
                if all(exchange.venue.book(moneyline.lines[0].key).sides):
                    break
                await asyncio.sleep(0.01)


class TestTheFeed:
    """Ten books of one line are published, and arrive as the fault has it."""

    PRICES = (101, 102, 103, 104, 105, 106, 107, 108, 109, 110)

    @pytest.fixture
    def local_settings(self) -> LocalSettings:
        return LocalSettings(feed=FeedSettings(health_check=HOUR))

    async def arrivals(self, partner: Any, connect: Any, count: int, **fault: object) -> list[int]:
        feed = await connect()
        await partner.fault(**fault)
        for place, odds in enumerate(self.PRICES):
            partner.crowd_rests(0, odds, 1_000 + place)
        found = []
        for _ in range(count):
            _, payload = await next_of(feed, "market_selections")
            found.append(len(payload["info"]["selections"][1]))
        return found

    async def test_delayed_messages_keep_their_order(self, partner: Any, connect: Any) -> None:
        began = partner.exchange.clock.now()
        found = await self.arrivals(partner, connect, 10, fault="delay_messages", seconds=0.15, jitter=0.05)
        assert found == list(range(1, 11))
        assert partner.exchange.clock.now() - began >= 150 * MILLISECOND

    async def test_messages_may_overtake_each_other_and_none_is_lost(self, partner: Any, connect: Any) -> None:
        found = await self.arrivals(partner, connect, 10, fault="delay_messages", jitter=0.1, in_order=False)
        assert sorted(found) == list(range(1, 11))
        assert found != sorted(found)

    async def test_the_second_of_two_may_come_later(self, partner: Any, connect: Any) -> None:
        found = await self.arrivals(partner, connect, 20, fault="duplicate", seconds=0.02)
        assert sorted(found) == sorted([*range(1, 11), *range(1, 11)])
        assert found[:10] != sorted(found)[:10]

    async def test_some_may_be_lost_by_chance(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("drop_messages", change_type="market_selections", share=0.5)
        for place, odds in enumerate(self.PRICES):
            partner.crowd_rests(0, odds, 1_000 + place)
        await partner.fault("market_status", event=GAME, market=TOTAL, status="suspended")
        kinds = []
        while "market" not in kinds:
            kinds.append(said(await feed.frame())[0])
        assert 1 <= kinds.count("market_selections") <= 9

    async def test_a_delay_of_one_kind_leaves_the_others(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("delay_messages", change_type="market_selections", seconds=0.1)
        partner.crowd_rests(0, 110, 1_000)
        await partner.fault("market_status", event=GAME, market=TOTAL, status="suspended")
        assert [said(await feed.frame())[0] for _ in range(2)] == ["market", "market_selections"]

    async def test_delayed_messages_still_arrive_after_the_delay_is_lifted(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("delay_messages", seconds=0.1)
        partner.crowd_rests(0, 110, 1_000)
        await partner.sim("DELETE", "sim/faults")
        assert (await next_of(feed, "market_selections"))[1]["market_id"] == MONEYLINE


def test_random_faults_follow_from_the_seed() -> None:
    def drawn(seed: int) -> tuple[list[object], list[bool]]:
        plan = FaultPlan(Random(seed))
        plan.add(DelayMessages(seconds=0.01, jitter=0.2))
        plan.add(DropMessages(share=0.3))
        return [plan.delay_of("wager") for _ in range(200)], [plan.drops("wager") for _ in range(200)]

    delays, lost = drawn(7)
    assert drawn(7) == (delays, lost)
    assert drawn(8) != (delays, lost)
    lengths = [delay[0] for delay in delays if isinstance(delay, tuple)]
    assert min(lengths) >= 10 * MILLISECOND
    assert 0.15 < sum(lengths) / len(lengths) / SECOND < 0.27
    assert 35 < sum(lost) < 85


async def test_answers_take_as_long_as_chance_has_it(partner: Any) -> None:
    await partner.fault("delay_answer", endpoint="get_balance", seconds=0.02, jitter=0.05, times=None)
    took: list[Instant] = []
    for _ in range(6):
        began = partner.exchange.clock.now()
        assert (await partner.get("mm/get_balance"))[0] == 200
        took.append(partner.exchange.clock.now() - began)
    assert min(took) >= 20 * MILLISECOND
    assert max(took) - min(took) > 5 * MILLISECOND


class TestOneQueryASecond:
    @pytest.fixture
    def local_settings(self) -> LocalSettings:
        return LocalSettings(one_query_a_second=True)

    async def test_a_second_read_of_a_path_is_rejected_and_another_path_is_not(self, partner: Any) -> None:
        assert (await partner.get("mm/get_tournaments"))[0] == 200
        status, body = await partner.get("mm/get_tournaments")
        assert (status, body["error"]) == (429, "rate_limit_reached")
        now = partner.exchange.clock.now()
        assert 0 < body["details"]["next_allow_at"] * MILLISECOND - now <= SECOND + MILLISECOND
        assert partner.headers["Retry-After"] == "1"
        assert (await partner.get("mm/get_balance"))[0] == 200
        assert (await partner.get("mm/get_markets", event_id=GAME))[0] == 200
        assert (await partner.get("v2/mm/get_markets", event_id=GAME))[0] == 200

    async def test_wagers_and_their_reads_are_not_queries_of_the_board(self, partner: Any) -> None:
        wager = await partner.place("a")
        for _ in range(3):
            assert (await partner.get(f"mm/get_wager/{wager['id']}"))[0] == 200


async def test_an_empty_side_may_come_without_the_placeholder_that_names_its_outcome(
    partner: Any, connect: Any
) -> None:
    feed = await connect()

    async def shown() -> tuple[list[int], list[int]]:
        """How many entries each side has, in an answer and in a message."""
        _, body = await partner.get("v2/mm/get_multiple_markets", event_ids=GAME)
        market = next(each for each in body["data"][str(GAME)] if each["id"] == MONEYLINE)
        partner.crowd_rests(0, -117, 100)
        _, message = await next_of(feed, "market_selections")
        return [len(side) for side in market["selections"]], [len(side) for side in message["info"]["selections"]]

    assert await shown() == ([1, 1], [1, 1])
    await partner.fault("bare_sides")
    assert await shown() == ([0, 1], [0, 1])
    await partner.sim("DELETE", "sim/faults")
    assert await shown() == ([1, 1], [1, 1])
