"""The board, the wallet and the feed's registration of the local exchange, as the legacy dialect writes them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from small_world import EMPTY, GAME, NBA, NHL


async def test_tournaments_can_be_asked_for_with_active_events_only(partner: Any) -> None:
    status, body = await partner.get("mm/get_tournaments")
    assert status == 200
    assert [each["id"] for each in body["data"]["tournaments"]] == [NBA, NHL]
    _, body = await partner.get("mm/get_tournaments", has_active_events="true")
    (nba,) = body["data"]["tournaments"]
    assert (nba["id"], nba["name"], nba["sport"]["name"]) == (NBA, "NBA", "Basketball")


async def test_sport_events_of_a_tournament(partner: Any) -> None:
    status, body = await partner.get("mm/get_sport_events", tournament_id=NBA)
    assert status == 200
    event = body["data"]["sport_events"][0]
    assert event["event_id"] == GAME
    assert event["status"] == "not_started"
    assert event["sub_type"] is None
    assert event["scheduled"].endswith("Z")
    assert [each["side"] for each in event["competitors"]] == ["home", "away"]


async def test_a_tournament_without_a_listed_event_is_404_and_unknown_ids_are_null(partner: Any) -> None:
    status, body = await partner.get("mm/get_sport_events", tournament_id=NHL)
    assert (status, body) == (404, {"error": "data_not_found", "message": "Record not found"})
    status, body = await partner.get("mm/get_sport_events", event_ids="999,998")
    assert (status, body) == (200, {"data": {"sport_events": None}})
    status, body = await partner.get("mm/get_sport_events", event_ids=f"{EMPTY},{GAME}")
    assert sorted(each["event_id"] for each in body["data"]["sport_events"]) == [GAME, EMPTY]


async def test_a_moneyline_holds_its_selections_and_other_types_their_lines(partner: Any) -> None:
    partner.crowd_rests(0, -117, 800_00)
    status, body = await partner.get("v2/mm/get_multiple_markets", event_ids=f"{GAME},{EMPTY},77")
    assert status == 200
    assert body["data"]["77"] is None
    assert body["data"][str(EMPTY)] == []
    moneyline, spread, total = body["data"][str(GAME)]
    assert (moneyline["type"], moneyline["sub_type"], moneyline["category_name"]) == (
        "moneyline",
        "moneyline",
        "Game Lines",
    )
    empty, shown = moneyline["selections"]
    assert [level["odds"] for level in empty] == [None]
    assert (empty[0]["value"], empty[0]["stake"], empty[0]["display_odds"], empty[0]["updated_at"]) == (0, 0, "", 0)
    assert empty[0]["line_id"] == partner.line_id(0)
    (level,) = shown  # a wager on outcome 0 at -117 shows under outcome 1 at +117
    assert (level["odds"], level["display_odds"], level["stake"], level["value"]) == (117, "+117", 800, 683.76)
    assert (level["line_id"], level["competitor_id"]) == (partner.line_id(1), 12)
    assert len(str(level["updated_at"])) == 19
    (line,) = spread["market_lines"]
    assert (line["id"], line["line"], line["favourite"]) == (223, -3.5, True)
    assert [side[0]["line"] for side in line["selections"]] == [-3.5, 3.5]
    assert [side[0]["display_line"] for side in line["selections"]] == ["-3.5", "+3.5"]
    (line,) = total["market_lines"]
    assert [side[0]["line"] for side in line["selections"]] == [221.5, 221.5]
    assert "competitor_id" not in line["selections"][0][0]
    assert "selections" not in total


async def test_the_older_version_lacks_what_the_newer_added(partner: Any) -> None:
    _, body = await partner.get("mm/get_multiple_markets", event_ids=GAME)
    assert "sub_type" not in body["data"][str(GAME)][0]
    _, body = await partner.get("v2/mm/get_markets", event_id=GAME)
    assert [each["id"] for each in body["data"]["markets"]] == [219, 223, 225]
    assert (await partner.get("mm/get_markets", event_id=99))[0] == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "market_event_limit_exceeded"),
        (",".join(str(n) for n in range(1, 52)), "market_event_limit_exceeded"),
        ("0", "market_invalid_event"),
        ("-5", "market_invalid_event"),
        ("2147483648", "market_invalid_event"),
        ("ten", "market_invalid_event"),
    ],
)
async def test_a_bad_list_of_events_is_refused_by_name(partner: Any, query: str, code: str) -> None:
    status, body = await partner.get("v2/mm/get_multiple_markets", event_ids=query)
    assert (status, body["error"]) == (400, code)


async def test_fifty_events_can_be_read_at_once(partner: Any) -> None:
    status, body = await partner.get("v2/mm/get_multiple_markets", event_ids=",".join(str(n) for n in range(1, 51)))
    assert status == 200
    assert list(body["data"].values()) == [None] * 50


async def test_the_ladder_is_a_list_of_555_odds(partner: Any) -> None:
    status, body = await partner.get("mm/get_odds_ladder")
    assert status == 200
    assert len(body["data"]) == 555
    assert -100 not in body["data"]


async def test_the_balance_in_the_legacy_names(partner: Any) -> None:
    status, body = await partner.get("mm/get_balance")
    assert status == 200
    data = body["data"]
    assert data.pop("unmatched_wager_last_synced_at").endswith("Z")
    assert data == {
        "balance": 1000.0,
        "matched_wager_balance": 0.0,
        "unmatched_wager_balance": 0.0,
        "unmatched_wager_balance_status": "active",
    }


async def test_the_connection_config_is_flat(partner: Any) -> None:
    status, body = await partner.get("websocket/connection-config")
    assert status == 200
    assert "data" not in body
    assert body["key"] == partner.exchange.pusher.settings.key
    assert body["ws_host"] == f"127.0.0.1:{partner.server.port}"


async def test_a_registration_gives_two_channels_each_with_its_own_signature(partner: Any) -> None:
    status, body = await partner.post("mm/pusher", {"socket_id": "12.34"})
    assert status == 200
    broadcast, private = body["data"]["authorized_channel"]
    assert broadcast["channel_name"].startswith("private-broadcast-service=")
    assert private["channel_name"].endswith(partner.exchange.account.replace("-", ""))
    settings = partner.exchange.pusher.settings
    for channel in (broadcast, private):
        signed = f"12.34:{channel['channel_name']}".encode()
        digest = hmac.new(settings.secret.encode(), signed, hashlib.sha256).hexdigest()
        assert channel["auth"] == f"{settings.key}:{digest}"
    assert [event["name"] for event in broadcast["binding_events"]] == ["general", "tournament_132", "tournament_234"]
    assert [event["name"] for event in private["binding_events"]] == ["wagers", "health_check"]


async def test_a_form_and_a_header_register_too(partner: Any) -> None:
    sent = {
        "Authorization": f"Bearer {partner.token}",
        "header-subscriptions": '[{"type":"tournament","ids":["234"]}]',
    }
    url = f"{partner.server.base_url}/mm/pusher"
    async with partner.http.post(url, data={"socket_id": "1.2"}, headers=sent) as answer:
        assert answer.status == 200
        broadcast, _ = (await answer.json())["data"]["authorized_channel"]
    assert [event["name"] for event in broadcast["binding_events"]] == ["general", "tournament_234"]


@pytest.mark.parametrize("socket_id", ["", "abc", "1", "1.x"])
async def test_a_registration_without_a_socket_id_is_refused(partner: Any, socket_id: str) -> None:
    status, body = await partner.post("mm/pusher", {"socket_id": socket_id})
    assert (status, body["error"]) == (400, "invalid_request")
