"""The registration of a connection in the v4 dialect: what it asks for, and what the exchange grants."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from v4_bodies import V4

from mmbot.exchange.grants import EVERYTHING, ConnectionConfig, Registration, RejectedTopic, Topics, address_of
from mmbot.net.pusher import SignIn

WANTED = Topics((109,), (19458, 19460), ((19458, "{Player Total Hits}"),))
BROADCAST = {
    "channel_name": "private-broadcast-service=6-device_type=5",
    "auth": "k3y:m",
    "binding_events": [
        {"name": "tournament_109", "type": "tournament"},
        {"name": "general", "type": "general"},
    ],
}
PRIVATE = {
    "channel_name": "private-service=6-device_type=5-user=0123",
    "auth": "k3y:p",
    "binding_events": [
        {"name": "orders", "type": "orders"},
        {"name": "health_check", "type": "private_system_signal"},
    ],
}


def books(name: str, **scope: object) -> dict[str, Any]:
    bindings = [{"name": "market_selections", "type": "market_selections"}]
    return {"channel_name": name, "auth": f"k3y:{name}", "binding_events": bindings, "scope": scope}


ANSWER: dict[str, Any] = {
    "success": True,
    "status": "CONNECTED",
    "updated_at": 1790000000,
    "subscriptions": [],
    "authorized_channel": [
        BROADCAST,
        PRIVATE,
        books("a", event_id=19458),
        books("b", event_id="19460"),
        books("c", event_id=19458, sub_type="player_total_hits"),
    ],
    "channel_count": 3,
    "channel_limit": 400,
    "authenticated": {"auth": "k3y:s", "user_data": '{"id":"0123…cdef"}'},
    "rejected": None,
}


def granted(topics: Topics = WANTED, malformed: list[str] | None = None, **changed: object) -> Registration:
    answer = {"auth": "k3y:…", "data": ANSWER | changed}
    call = V4.feed.register("123.456", topics, "pusher")
    return call.read(orjson.dumps(answer), [] if malformed is None else malformed)


def test_a_registration_says_everything_that_the_connection_wants() -> None:
    call = V4.feed.register("123.456", WANTED._replace(sub_types=((19458, "A/B"), (19458, "a b"), (7, "?"))), "other")
    assert (call.method, call.path) == ("POST", "/v4/mm/websocket")
    assert json.loads(call.body or b"") == {
        "socket_id": "123.456",
        "service": "other",
        "subscriptions": [
            {"type": "tournament", "ids": ["109"]},
            {"type": "event", "ids": ["19458", "19460"]},
            {"type": "event_subtype", "ids": ["19458:a_b"]},
        ],
    }


def test_without_topics_nothing_is_asked_for() -> None:
    call = V4.feed.register("1.2", EVERYTHING, "pusher")
    assert json.loads(call.body or b"") == {"socket_id": "1.2", "service": "pusher"}


def test_the_scope_and_not_the_name_says_what_a_channel_brings() -> None:
    malformed: list[str] = []
    registration = granted(malformed=malformed)
    assert [(grant.name, grant.auth, grant.covers, grant.private) for grant in registration.channels] == [
        ("private-broadcast-service=6-device_type=5", "k3y:m", (), False),
        ("private-service=6-device_type=5-user=0123", "k3y:p", (), True),
        ("a", "k3y:a", (19458,), False),
        ("b", "k3y:b", (19460,), False),
        ("c", "k3y:c", (19458,), False),
    ]
    assert registration.channels[1].bindings == ("orders", "health_check")
    assert (registration.rejected, registration.channel_limit, malformed) == ((), 400, [])


def test_a_sub_type_alone_does_not_cover_its_sport_event() -> None:
    registration = granted(
        authorized_channel=[
            PRIVATE,
            books("c", event_id=19458, sub_type="player_total_hits"),
            books("b", event_id=19460),
        ]
    )
    assert [grant.covers for grant in registration.channels] == [(), (), (19460,)]
    assert RejectedTopic("event", "19458", "no_channel") in registration.rejected


def test_the_proof_of_identity_is_passed_on_unchanged() -> None:
    assert granted().sign_in == SignIn("k3y:s", '{"id":"0123…cdef"}')
    assert granted(authenticated=None).sign_in is None
    for broken in ({"auth": "x"}, {"auth": "x", "user_data": {"id": 1}}, {"user_data": "{}"}):
        with pytest.raises(ValueError, match=r".+"):
            granted(authenticated=broken)


@pytest.mark.parametrize(
    "bindings",
    [[{"name": "wagers", "type": "wagers"}], [{"name": "order"}], [{"name": "positions", "type": "new"}], []],
)
def test_a_channel_without_a_scope_is_private_unless_all_its_events_are_for_everyone(bindings: list[Any]) -> None:
    registration = granted(EVERYTHING, authorized_channel=[BROADCAST, PRIVATE | {"binding_events": bindings}])
    assert [grant.private for grant in registration.channels] == [False, True]


def test_a_registration_without_a_private_channel_is_malformed() -> None:
    for channels in ([BROADCAST], [], None, [books("a", event_id=19458)]):
        with pytest.raises(ValueError, match="no private channel"):
            granted(authorized_channel=channels)
    with pytest.raises(ValueError, match="no success"):
        granted(success=False)


def test_a_rejected_topic_is_reported_and_the_rest_stands() -> None:
    malformed: list[str] = []
    rejected = [{"type": "event", "id": "*", "reason": "wildcard_not_allowed"}, {"id": 7}, "what"]
    registration = granted(malformed=malformed, rejected=rejected)
    assert registration.rejected == (RejectedTopic("event", "*", "wildcard_not_allowed"), RejectedTopic("", "7", ""))
    assert len(registration.channels) == 5
    assert len(malformed) == 3


def test_a_topic_that_is_neither_granted_nor_rejected_is_reported() -> None:
    malformed: list[str] = []
    rejected = [{"type": "event", "id": "19460", "reason": "malformed_id"}]
    registration = granted(
        malformed=malformed, authorized_channel=[PRIVATE, books("a", event_id=19458)], rejected=rejected
    )
    assert registration.rejected == (
        RejectedTopic("event", "19460", "malformed_id"),
        RejectedTopic("event_subtype", "19458:player_total_hits", "no_channel"),
    )
    assert len(malformed) == 2


@pytest.mark.parametrize(
    "channel",
    ["what", {"auth": "x"}, books("z", event_id="x"), books("z" * 1_001, event_id=19460), {"channel_name": 1}],
)
def test_a_channel_that_cannot_be_read_takes_no_other_with_it(channel: object) -> None:
    malformed: list[str] = []
    registration = granted(malformed=malformed, authorized_channel=[PRIVATE, books("a", event_id=19458), channel])
    assert [grant.covers for grant in registration.channels] == [(), (19458,)]
    assert ("event", "19460", "no_channel") in registration.rejected
    assert malformed


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ({"ws_host": "ws.sandbox.prophetx.dev"}, "wss://ws.sandbox.prophetx.dev/app/k3y?protocol=7"),
        ({"ws_host": "ws.example.test:8443"}, "wss://ws.example.test:8443/app/k3y?protocol=7"),
        ({"ws_host": "ws://ws.example.test"}, "ws://ws.example.test/app/k3y?protocol=7"),
        ({}, "wss://ws-mt1.pusher.com/app/k3y?protocol=7"),
    ],
)
def test_the_address_comes_from_the_connection_config(config: dict[str, str], address: str) -> None:
    body = orjson.dumps({"app_id": "1", "key": "k3y", "cluster": "mt1", "service": "talaria"} | config)
    read = V4.feed.connection_config().read(body, [])
    assert isinstance(read, ConnectionConfig)
    assert read.service == "talaria"
    assert address_of(read, None).startswith(address)
    assert V4.feed.connection_config().read(b'{"key":"k","cluster":"c"}', []).service == "pusher"
