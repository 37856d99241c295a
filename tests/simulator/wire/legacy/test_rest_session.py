"""The connection config and the feed's registration in the legacy dialect."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest


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
async def test_a_registration_without_a_socket_id_is_rejected(partner: Any, socket_id: str) -> None:
    status, body = await partner.post("mm/pusher", {"socket_id": socket_id})
    assert (status, body["error"]) == (400, "invalid_request")
