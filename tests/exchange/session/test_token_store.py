"""The token store's file spares log-ins after a restart, and no secret shows in it or in any text."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest
from deep_json import beside
from scripted_exchange import ACCESS_KEY, LEGACY, SECRET_KEY, ScriptedExchange, Told, data, error, keeping
from session_calls import log_ins, refreshes

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import HOUR, SECOND
from mmbot.exchange.errors import ExchangeError
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import Kept, TokenStore
from mmbot.net.http import open_http


async def test_the_kept_refresh_token_spares_a_log_in_after_a_restart(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    for _ in range(30):
        async with keeping(exchange, clock, tmp_path) as keeper:
            await keeper.token()
        clock.advance(SECOND)
    assert (log_ins(exchange), refreshes(exchange)) == (1, 29)


@pytest.mark.parametrize("other", ["keys", "exchange"])
async def test_what_was_kept_for_another_account_is_not_used(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, other: str
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    key = "another-access-key" if other == "keys" else ACCESS_KEY
    url = exchange.base_url if other == "keys" else exchange.base_url.replace("127.0.0.1", "localhost")
    async with keeping(exchange, clock, tmp_path, access_key=key, base_url=url) as keeper:
        await keeper.token()
    assert (log_ins(exchange), refreshes(exchange)) == (2, 0)


async def test_a_rotated_refresh_token_is_kept(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/auth/refresh", data({"access_token": "a", "refresh_token": "r2-refresh-token"}))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
        clock.advance(HOUR)
        await keeper.token()
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    assert exchange.calls("/auth/refresh")[1].json == {"refresh_token": "r2-refresh-token"}


async def test_the_file_is_its_owners_alone_and_whole(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    (file,) = os.scandir(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = await asyncio.to_thread(Path(file).read_bytes)
    assert SECRET_KEY.encode() not in content
    assert ACCESS_KEY.encode() not in content


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"account":1}'])
async def test_a_broken_file_is_as_good_as_none(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "session.json").write_bytes(content)
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    assert log_ins(exchange) == 1
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    assert (log_ins(exchange), refreshes(exchange)) == (1, 1)


async def test_a_file_that_cannot_be_written_keeps_nobody_from_logging_in(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    async with keeping(exchange, clock, tmp_path / "missing", told=told) as keeper:
        await keeper.token()
    assert "session.not_kept" in told.names()


async def test_a_short_key_hides_no_part_of_other_words(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_http() as http:
        keeper = SessionKeeper(
            http, LEGACY, exchange.base_url, "a", "secret", clock, TokenStore(tmp_path / "session.json")
        )
        assert keeper.scrub('{"at":"2026","why":"secret"}') == '{"at":"2026","why":"***"}'
        await keeper.close()


async def test_no_secret_shows(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    told = Told()
    secrets = (SECRET_KEY, ACCESS_KEY, "r1-refresh-token", "a1-access-token")
    shown: list[str] = []
    async with keeping(exchange, clock, tmp_path, told=told) as keeper:
        await keeper.token()
        shown.append(repr(keeper))
        exchange.script("/auth/refresh", error(401, "unauthorized", f"bad {secrets}"))
        exchange.script("/auth/login", error(500, "internal_error", f"broken by {secrets}"))
        clock.advance(HOUR)
        with pytest.raises(ExchangeError) as broken:
            await keeper.token()
        shown += [repr(broken.value), repr(broken.value.__context__), repr(broken.value.__cause__)]
    shown += [repr(told.events), repr(TokenStore(tmp_path / "session.json").load("x"))]
    shown.append(repr(Kept("x", refresh_token="r1-refresh-token")))
    for secret in secrets:
        assert not [text for text in shown if secret in text]


def test_a_saved_session_that_is_nested_too_deeply_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    file.write_bytes(beside(b'{"account": "us", "refresh_token": "token"}'))
    assert TokenStore(file).load("us") == Kept("us")
