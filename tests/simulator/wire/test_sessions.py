"""Log-in, refresh, tokens and the rate limit of the local exchange, over HTTP."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.simulator.venue.error_table import Rejection
from mmbot.simulator.wire.rate_limit import RateLimit
from mmbot.simulator.wire.sessions import SESSIONS, Sessions


async def test_a_log_in_gives_both_tokens_and_their_ends_in_unix_seconds(partner: Any) -> None:
    data = await partner.log_in()
    assert set(data) == {"access_token", "refresh_token", "access_expire_time", "refresh_expire_time"}
    assert abs(data["access_expire_time"] - (time.time() + 1200)) < 5
    assert abs(data["refresh_expire_time"] - (time.time() + 3 * 86_400)) < 5
    claims = json.loads(base64.urlsafe_b64decode(data["access_token"].split(".")[1] + "=="))
    assert claims["partnerID"] == partner.exchange.account
    assert claims["exp"] == data["access_expire_time"]


async def test_wrong_keys_are_unauthorized_in_the_captured_words(partner: Any) -> None:
    status, body = await partner.post("auth/login", {"access_key": "nobody", "secret_key": "x"})
    assert (status, body) == (401, {"error": "unauthorized", "message": "Unauthorized"})
    status, _ = await partner.post("auth/login", partner.keys | {"secret_key": "wrong"})
    assert status == 401


async def test_a_refresh_keeps_the_refresh_token_and_the_session(partner: Any) -> None:
    given = await partner.log_in()
    status, body = await partner.post("auth/refresh", {"refresh_token": given["refresh_token"]})
    assert status == 200
    assert set(body["data"]) == {"access_token", "access_expire_time"}
    assert body["data"]["access_token"] != given["access_token"]
    partner.token = body["data"]["access_token"]
    assert (await partner.get("mm/get_balance"))[0] == 200
    partner.token = given["access_token"]
    assert (await partner.get("mm/get_balance"))[0] == 200
    assert (await partner.post("auth/refresh", {"refresh_token": "stale"}))[0] == 401


async def test_a_refresh_without_a_body_is_an_invalid_request_called_eof(partner: Any) -> None:
    url = f"{partner.server.base_url}/auth/refresh"
    async with partner.http.post(url, data=b"") as answer:
        assert answer.status == 400
        assert json.loads(await answer.read()) == {"error": "invalid_request", "message": "EOF"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic x", "Bearer a.b.c"])
async def test_every_endpoint_but_the_session_s_own_asks_for_a_token(partner: Any, header: str | None) -> None:
    sent = {} if header is None else {"Authorization": header}
    for path in ("mm/get_balance", "websocket/connection-config", "v2/mm/get_wager_histories"):
        async with partner.http.get(f"{partner.server.base_url}/{path}", headers=sent) as answer:
            assert answer.status == 401
            assert json.loads(await answer.read()) == {"error": "unauthorized", "message": "Unauthorized"}


async def test_a_refresh_token_is_no_access_token(partner: Any) -> None:
    partner.token = (await partner.log_in())["refresh_token"]
    assert (await partner.get("mm/get_balance"))[0] == 401


async def test_the_twenty_first_session_is_rejected_and_a_refresh_opens_none(partner: Any) -> None:
    given = [await partner.log_in() for _ in range(SESSIONS - 1)]
    assert (await partner.post("auth/refresh", {"refresh_token": given[0]["refresh_token"]}))[0] == 200
    status, body = await partner.post("auth/login", partner.keys)
    assert (status, body["error"]) == (403, "session_num_exceed")


def test_sessions_are_counted_by_key_pair() -> None:
    accounts = Sessions(b"signing")
    for key in ("one", "two"):
        accounts.add_keys(key, "secret", "account-1")
        for _ in range(SESSIONS):
            accounts.log_in(key, "secret", SECOND)
        with pytest.raises(Rejection, match="session_num_exceed"):
            accounts.log_in(key, "secret", SECOND)


def test_tokens_end_by_the_clock_and_expired_sessions_make_room() -> None:
    accounts = Sessions(b"signing")
    accounts.add_keys("key", "secret", "account-1")
    clock = ManualClock(1_000 * SECOND)
    tokens = accounts.log_in("key", "secret", clock.now())
    assert accounts.authorise(f"Bearer {tokens.access}", clock.advance(20 * MINUTE - SECOND)) == "account-1"
    with pytest.raises(Rejection, match="unauthorized"):
        accounts.authorise(f"Bearer {tokens.access}", clock.advance(SECOND))
    for _ in range(SESSIONS - 1):
        accounts.log_in("key", "secret", clock.now())
    with pytest.raises(Rejection, match="session_num_exceed"):
        accounts.log_in("key", "secret", clock.now())
    later = clock.move_to(tokens.refresh_expires)
    with pytest.raises(Rejection, match="unauthorized"):
        accounts.refresh(tokens.refresh, later)
    accounts.log_in("key", "secret", later)


async def test_a_refresh_replaces_tokens_expired_on_demand_and_a_log_in_replaces_sessions(partner: Any) -> None:
    given = await partner.log_in()
    await partner.fault("expire_tokens")
    assert (await partner.get("mm/get_balance"))[0] == 401
    _, body = await partner.post("auth/refresh", {"refresh_token": given["refresh_token"]})
    partner.token = body["data"]["access_token"]
    assert (await partner.get("mm/get_balance"))[0] == 200
    await partner.fault("expire_sessions")
    assert (await partner.post("auth/refresh", {"refresh_token": given["refresh_token"]}))[0] == 401
    await partner.log_in()
    assert (await partner.get("mm/get_balance"))[0] == 200


def test_no_window_of_a_second_holds_more_than_the_ceiling() -> None:
    throttle = RateLimit(50)
    assert all(throttle.admit(n) is None for n in range(50))
    assert throttle.admit(60) == SECOND
    assert throttle.admit(SECOND - 1) == SECOND
    assert throttle.admit(SECOND) is None
    assert throttle.admit(SECOND) == SECOND + 1


async def test_the_fifty_first_request_in_a_second_is_429_and_says_when_to_try_again(
    partner: Any,
) -> None:
    statuses = []
    for _ in range(60):
        status, body = await partner.get("mm/get_odds_ladder")
        statuses.append(status)
        if status == 429:
            assert body["error"] == "rate_limit_reached"
            assert partner.headers["Retry-After"] == "1"
            assert 0 < body["details"]["next_allow_at"] - time.time() * 1000 <= 1001
            break
    else:
        pytest.skip("this machine was too slow to send 50 requests in a second")
    assert statuses[:-1] == [200] * (len(statuses) - 1)
