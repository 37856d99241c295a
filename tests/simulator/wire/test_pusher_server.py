"""The feed of the local exchange: Pusher frames byte for byte, authorisation, and all eight topics."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from small_world import GAME, MONEYLINE, NBA, NHL, SPREAD

from mmbot.domain.catalogue import Tournament
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.simulator.wire.local_exchange import LocalSettings
from mmbot.simulator.wire.pusher_server import BROADCAST, FeedSettings


def opened(frame: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A channel message's envelope, and its payload."""
    envelope = json.loads(frame["data"])
    return envelope, json.loads(base64.b64decode(envelope["payload"], validate=True))


def of_type(change_type: str) -> Callable[[dict[str, Any]], bool]:
    return lambda frame: "channel" in frame and json.loads(frame["data"]).get("change_type") == change_type


async def test_the_first_frame_brings_the_socket_id_inside_a_string(connect: Any) -> None:
    feed = await connect(subscribe=False)
    frame = await feed.frame()
    assert set(frame) == {"event", "data"}
    assert frame["event"] == "pusher:connection_established"
    data = json.loads(frame["data"])
    assert set(data) == {"socket_id", "activity_timeout"}
    head, tail = data["socket_id"].split(".")
    assert head.isdigit()
    assert tail.isdigit()
    assert data["activity_timeout"] == 120


async def test_a_subscription_is_confirmed_and_brings_no_snapshot(partner: Any, connect: Any) -> None:
    partner.crowd_rests(0, -117, 800_00)
    feed = await connect()
    await feed.send("pusher:ping", {})
    assert await feed.frame() == {"event": "pusher:pong", "data": "{}"}


@pytest.mark.parametrize("auth", ["", "local-key:00", "other:00"])
async def test_a_subscription_with_a_wrong_signature_is_rejected(partner: Any, connect: Any, auth: str) -> None:
    feed = await connect(subscribe=False)
    await feed.hello()
    await feed.send("pusher:subscribe", {"channel": BROADCAST, "auth": auth})
    frame = await feed.frame()
    assert frame["event"] == "pusher:error"
    assert frame["data"]["code"] == 4009
    partner.crowd_rests(0, -117, 800_00)
    await feed.send("pusher:ping", {})
    assert (await feed.frame())["event"] == "pusher:pong"


async def test_a_signature_is_valid_for_its_own_socket_and_channel_only(partner: Any, connect: Any) -> None:
    first, second = await connect(subscribe=False), await connect(subscribe=False)
    await first.hello()
    await second.hello()
    _, body = await partner.post("mm/pusher", {"socket_id": first.socket_id})
    broadcast, private = body["data"]["authorized_channel"]
    for feed, channel, auth in (
        (second, broadcast["channel_name"], broadcast["auth"]),
        (first, private["channel_name"], broadcast["auth"]),
    ):
        await feed.send("pusher:subscribe", {"channel": channel, "auth": auth})
        assert (await feed.frame())["event"] == "pusher:error"


@pytest.mark.parametrize(
    ("key", "query", "code"),
    [("stranger", "protocol=7", 4001), (None, "", 4008), (None, "protocol=3", 4007)],
)
async def test_an_invalid_connection_is_closed_with_its_code(
    connect: Any, key: str | None, query: str, code: int
) -> None:
    feed = await connect(subscribe=False, key=key, query=query)
    frame = await feed.frame()
    assert (frame["event"], frame["data"]["code"]) == ("pusher:error", code)
    assert await feed.ended() == code


@pytest.mark.parametrize("text", ["", "{", "[]", '{"data": {}}', "\x00"])
async def test_a_frame_that_cannot_be_read_is_answered_and_harms_nothing(connect: Any, text: str) -> None:
    feed = await connect()
    await feed.socket.send_str(text)
    frame = await feed.frame()
    assert (frame["event"], frame["data"]["code"]) == ("pusher:error", None)
    await feed.send("client-hello", {})
    assert (await feed.frame())["data"]["code"] == 4301
    await feed.send("pusher:ping", {})
    assert (await feed.frame())["event"] == "pusher:pong"


async def test_a_book_message_replaces_both_sides_of_a_line(partner: Any, connect: Any) -> None:
    feed = await connect()
    partner.crowd_rests(0, -117, 800_00)
    frame = await feed.until(of_type("market_selections"))
    assert frame["event"] == f"tournament_{NBA}"
    assert frame["channel"] == BROADCAST
    envelope, payload = opened(frame)
    assert set(envelope) == {"timestamp", "change_type", "op", "payload"}
    assert envelope["op"] == "u"
    assert (payload["sport_event_id"], payload["market_id"]) == (GAME, MONEYLINE)
    info = payload["info"]
    assert (info["type"], info["line"]) == ("moneyline", 0)
    assert info["sequence_number"] == envelope["timestamp"]
    assert len(str(info["sequence_number"])) == 19
    under_0, under_1 = info["selections"]
    assert [level["odds"] for level in under_0] == [None]
    assert [(level["odds"], level["stake"], level["value"]) for level in under_1] == [(117, 800, 683.76)]


async def test_a_taker_shrinks_value_and_not_stake_and_is_printed(partner: Any, connect: Any) -> None:
    partner.crowd_rests(0, 126, 800_00)
    feed = await connect()
    partner.crowd_rests(1, -126, 10_00)
    _, printed = opened(await feed.until(of_type("matched_bet")))
    info = printed["info"]
    assert (info["line_id"], info["outcome_id"]) == (partner.line_id(1), 5)
    assert (info["odds"], info["matched_odds"], info["matched_stake"]) == (-126, -126, 10.0)
    assert (info["sport_event_id"], info["market_id"], info["line"]) == (GAME, MONEYLINE, 0)
    _, book = opened(await feed.until(of_type("market_selections")))
    (level,) = book["info"]["selections"][1]
    assert (level["odds"], level["stake"], level["value"]) == (-126, 800, 998.0)


async def test_an_own_wager_s_life_comes_on_the_private_channel(partner: Any, connect: Any) -> None:
    feed = await connect()
    wager = await partner.place("w", side=0, odds=110, stake=10.0)
    frame = await feed.until(of_type("wager"))
    assert frame["event"] == "wagers"
    assert frame["channel"] == partner.exchange.private_channel(partner.exchange.account)
    _, payload = opened(frame)
    info = payload["info"]
    assert (info["id"], info["external_id"], info["user_id"]) == (wager["id"], "w", partner.exchange.account)
    assert (info["status"], info["matching_status"], info["update_type"]) == ("open", "unmatched", "status")
    assert (info["stake"], info["unmatched_stake"], info["profit"]) == (10.0, 10.0, 11.0)
    partner.crowd_rests(1, -110, 3_30)
    _, payload = opened(await feed.until(of_type("wager")))
    info = payload["info"]
    assert (info["update_type"], info["matching_status"]) == ("matching", "partially_matched")
    assert (info["matched_stake"], info["matched_odds"], info["totally_matched_stake"]) == (3.0, 110, 3.0)
    assert info["unmatched_stake"] == 7.0
    partner.crowd_rests(1, -110, 1_10)
    _, payload = opened(await feed.until(of_type("wager")))
    assert (payload["info"]["matched_stake"], payload["info"]["totally_matched_stake"]) == (1.0, 4.0)
    await partner.post("mm/cancel_wager", {"wager_id": wager["id"], "external_id": "w"})
    _, payload = opened(await feed.until(of_type("wager")))
    info = payload["info"]
    assert (info["status"], info["matching_status"], info["stake"]) == ("open", "fully_matched", 4.0)


async def test_going_live_wipes_and_says_so(partner: Any, connect: Any) -> None:
    wager = await partner.place("w")
    await partner.opened(wager["id"])
    feed = await connect()
    await partner.sim("POST", f"sim/live/{GAME}")
    _, payload = opened(await feed.until(of_type("sport_event")))
    assert (payload["id"], payload["tournament_id"]) == (str(GAME), str(NBA))
    assert payload["info"]["status"] == "live"
    _, payload = opened(await feed.until(of_type("wager")))
    assert payload["info"]["status"] == "wiped"


async def test_an_unlisted_sport_event_is_deleted_by_its_ids_alone(partner: Any, connect: Any) -> None:
    feed = await connect()
    await partner.fault("unlist_event", event=GAME)
    frame = await feed.until(of_type("sport_event"))
    envelope, payload = opened(frame)
    assert envelope["op"] == "d"
    assert payload == {"id": str(GAME), "tournament_id": str(NBA)}
    assert frame["event"] == f"tournament_{NBA}"
    assert (await partner.get("v2/mm/get_multiple_markets", event_ids=GAME))[1]["data"] == {str(GAME): None}


async def test_markets_lines_and_tournaments_have_topics_of_their_own(partner: Any, connect: Any) -> None:
    feed = await connect()
    await partner.fault("market_status", event=GAME, market=SPREAD, status="suspended")
    envelope, payload = opened(await feed.until(of_type("market")))
    assert (envelope["op"], payload["id"]) == ("u", str(GAME))
    assert (payload["info"]["id"], payload["info"]["sport_event_id"]) == (SPREAD, GAME)
    assert payload["info"]["status"] == "suspended"
    venue, now = partner.exchange.venue, partner.exchange.tick()
    (line,) = next(market for market in venue.markets(GAME) if market.key.market == SPREAD).lines
    venue.set_line_status(line.key, "suspended", now)
    venue.add_tournament(Tournament(NHL, "National Hockey League", "Ice Hockey"), now)
    venue.add_tournament(Tournament(31, "NFL", "American Football"), now)
    partner.exchange.flush()
    lines = [opened(await feed.until(of_type("market_line")))[1] for _ in range(2)]
    assert [each["info"]["line"] for each in lines] == [-3.5, 3.5]
    assert [each["info"]["line_id"] for each in lines] == [partner.line_id(side, SPREAD, -14) for side in (0, 1)]
    assert {each["info"]["status"] for each in lines} == {"suspended"}
    assert lines[0]["id"] == lines[0]["info"]["id"] != lines[1]["id"]
    changed = await feed.until(of_type("tournament"))
    assert changed["event"] == f"tournament_{NHL}"
    assert opened(changed)[1]["info"]["name"] == "National Hockey League"
    new = await feed.until(of_type("tournament"))
    assert (new["event"], opened(new)[0]["op"], opened(new)[1]["id"]) == ("general", "c", "31")


class TestHealthChecks:
    """Every so often on the private channel."""

    @pytest.fixture
    def local_settings(self) -> LocalSettings:
        return LocalSettings(feed=FeedSettings(health_check=50 * MILLISECOND, broadcast_health_check=True))

    async def test_come_with_an_empty_payload_on_the_channels_that_have_them(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        private = partner.exchange.private_channel(partner.exchange.account)
        stamps = []
        for _ in range(3):
            frame = await feed.until(lambda each: each.get("channel") == private)
            assert frame["event"] == "health_check"
            envelope = json.loads(frame["data"])
            assert (envelope["change_type"], envelope["op"], envelope["payload"]) == (
                "private_system_signal",
                "u",
                "e30=",
            )
            stamps.append(envelope["timestamp"])
        assert stamps[0] < stamps[1] < stamps[2]
        assert (await feed.until(lambda each: each.get("channel") == BROADCAST))["event"] == "health_check"


class TestIdleSockets:
    """A client that says nothing."""

    @pytest.fixture
    def local_settings(self) -> LocalSettings:
        return LocalSettings(feed=FeedSettings(activity_timeout=SECOND, pong_timeout=SECOND))

    async def test_is_pinged_and_closed_when_it_does_not_answer(self, connect: Any) -> None:
        feed = await connect()
        await feed.until(lambda frame: frame["event"] == "pusher:ping")
        await feed.send("pusher:pong", {})
        await feed.until(lambda frame: frame["event"] == "pusher:ping")
        assert await feed.ended() == 4201


async def test_the_referee_knows_when_the_feed_is_lost_and_up_again(partner: Any, connect: Any) -> None:
    feed = await connect()
    wager = await partner.place("w")
    await partner.opened(wager["id"])
    await feed.socket.close()
    clearings = []
    while not clearings:
        clearings = (await partner.sim("GET", "referee"))["clearings"]
    assert (clearings[0]["cause"], clearings[0]["took_ns"]) == ("feed", None)
    await partner.post("mm/cancel_all_wagers")
    report = await partner.sim("GET", "referee")
    assert report["clearings"][0]["took_ns"] > 0
    assert report["ok"]
    assert report["requests"]["place_wager"] == 1


async def test_a_feed_left_by_one_of_two_sockets_is_not_lost(partner: Any, connect: Any) -> None:
    first, second = await connect(), await connect()
    await first.socket.close()
    partner.crowd_rests(0, -117, 800_00)
    await second.until(of_type("market_selections"))
    while len(partner.exchange.pusher.sockets) == 2:
        await second.send("pusher:ping", {})
        await second.frame()
    assert (await partner.sim("GET", "referee"))["clearings"] == []
