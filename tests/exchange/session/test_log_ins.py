"""The session keeper logs in as rarely as possible: log-ins keep a cool-down, and cancels do not wait for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted_exchange import ACCESS_KEY, LEGACY, SECRET_KEY, ScriptedExchange, answer, data, error, keeping, reset
from session_calls import START, log_ins

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import HOUR, MINUTE, SECOND, iso
from mmbot.exchange.errors import ExchangeError, LoginRejected, Retryable
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.net.http import open_http


@contextlib.asynccontextmanager
async def urgent(exchange: ScriptedExchange, clock: ManualClock, path: Path) -> AsyncIterator[SessionKeeper]:
    """The keeper of a kill by a person."""
    store = TokenStore(path / "session.json")
    async with open_http() as http:
        keeper = SessionKeeper(http, LEGACY, exchange.base_url, ACCESS_KEY, SECRET_KEY, clock, store, urgent=True)
        try:
            yield keeper
        finally:
            await keeper.close()


async def has_token(keeper: SessionKeeper) -> bool:
    """Return whether a cancel gets a token."""
    try:
        return bool(await asyncio.wait_for(keeper.token(urgent=True), 5))
    except Retryable:
        return False


async def test_the_first_token_comes_from_a_log_in(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        assert keeper.current() is None
        token = await keeper.token()
        assert token == keeper.current() == "a1-access-token"
        assert await keeper.token() == token
    (log_in,) = exchange.seen
    assert (log_in.method, log_in.path) == ("POST", "/auth/login")
    assert log_in.json == {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    assert log_in.token == ""


async def test_log_ins_keep_their_distance(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    exchange.life_s = 10.0
    async with keeping(exchange, clock, tmp_path) as keeper:
        keeper.accepted(await keeper.token())
        clock.advance(11 * SECOND)
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
        assert retryable.value.code == "login_cooldown"
        assert retryable.value.retry_at == START + MINUTE
        assert iso(START + MINUTE).startswith("2026-09-21T14:14:20.")
        assert retryable.value.message == "the next log-in is at 14:14:20Z (exchange.login_cooldown_s)"
        with pytest.raises(Retryable):
            await keeper.token()
        assert log_ins(exchange) == 1
        clock.advance(50 * SECOND)
        await keeper.token()
    assert log_ins(exchange) == 2


async def test_the_cool_down_outlives_a_restart(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    clock.advance(20 * SECOND)
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
        assert (retryable.value.code, retryable.value.retry_at) == ("login_cooldown", START + MINUTE)
    assert log_ins(exchange) == 1


async def test_a_log_in_that_was_lost_on_the_way_counts_after_a_restart_too(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", reset)
    for _ in range(5):
        async with keeping(exchange, clock, tmp_path) as keeper:
            with pytest.raises(Retryable):
                await keeper.token()
        clock.advance(SECOND)
    assert log_ins(exchange) == 1


async def test_a_last_log_in_that_lies_ahead_bars_no_longer_than_the_cool_down(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    clock.step_wall(-2 * HOUR)
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
        assert retryable.value.retry_at == START + MINUTE
        clock.advance(MINUTE)
        assert await keeper.token() == "a2-access-token"


async def test_wrong_keys_are_asked_about_once(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/auth/login", error(401, "unauthorized", f"Unauthorized {SECRET_KEY}"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        for _ in range(20):
            with pytest.raises(LoginRejected) as rejected:
                await keeper.token()
            assert rejected.value.code == "login_rejected"
            assert SECRET_KEY not in str(rejected.value)
            clock.advance(5 * SECOND)
        assert log_ins(exchange) == 1
        clock.advance(10 * MINUTE)
        exchange.script("/auth/login", data({"access_token": "mended"}))
        assert await keeper.token() == "mended"


async def test_a_start_after_wrong_keys_waits_for_seconds_and_not_for_the_cool_down(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", error(401, "unauthorized"))
    for _ in range(10):  # a crash loop
        async with keeping(exchange, clock, tmp_path) as keeper:
            with pytest.raises(ExchangeError):
                await keeper.token()
        clock.advance(SECOND)
    assert log_ins(exchange) == 2
    exchange.script("/auth/login", data({"access_token": "mended"}))
    async with keeping(exchange, clock, tmp_path) as keeper:
        assert await keeper.token() == "mended"


async def test_a_rejected_log_in_leaves_the_cool_down_of_one_that_opened_a_session(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    clock.advance(10 * SECOND)
    exchange.script("/auth/login", error(401, "unauthorized"))
    async with urgent(exchange, clock, tmp_path) as keeper:
        with pytest.raises(LoginRejected):
            await keeper.token()
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
    assert retryable.value.retry_at == START + MINUTE


async def test_an_urgent_log_in_does_not_wait_for_the_cool_down_but_the_next_one_does(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    clock.advance(SECOND)
    exchange.script("/auth/login", reset)
    async with urgent(exchange, clock, tmp_path) as keeper:
        for _ in range(5):
            with pytest.raises(Retryable) as retryable:
                await keeper.token()
            assert retryable.value.retry_at == START + SECOND + MINUTE
        assert log_ins(exchange) == 2
        clock.advance(MINUTE)
        with pytest.raises(Retryable):
            await keeper.token()
        assert log_ins(exchange) == 3
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
        assert retryable.value.code == "login_cooldown"


async def test_a_cancel_after_a_restart_does_not_wait_for_the_cool_down(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    clock.advance(7 * SECOND)
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable):  # a read waits
            await keeper.token()
        assert log_ins(exchange) == 1
        assert await has_token(keeper)
    assert log_ins(exchange) == 2


async def test_a_cancel_that_comes_while_a_renewal_fails_for_the_cool_down_logs_in(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    async with keeping(exchange, clock, tmp_path) as keeper:
        reading = asyncio.create_task(keeper.token())
        await asyncio.sleep(0)
        assert await has_token(keeper)
        await asyncio.gather(reading, return_exceptions=True)
    assert log_ins(exchange) == 2


async def test_cancels_of_a_crash_loop_open_two_sessions_in_a_cool_down(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    opened = []
    for _ in range(60):
        async with keeping(exchange, clock, tmp_path) as keeper:
            with contextlib.suppress(Retryable):
                await keeper.token(urgent=True)
        opened.append(log_ins(exchange))
        clock.advance(3 * SECOND)
    assert opened[0] == 1
    assert max(b - a for a, b in zip(opened, opened[20:], strict=False)) <= 2  # in any minute


async def test_a_crash_loop_of_cancels_with_wrong_keys_asks_every_five_seconds(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", error(401, "unauthorized"))
    for _ in range(10):
        async with keeping(exchange, clock, tmp_path) as keeper:
            with pytest.raises(ExchangeError):
                await keeper.token(urgent=True)
        clock.advance(SECOND)
    assert log_ins(exchange) == 2


async def test_when_all_sessions_are_taken_it_waits(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", error(403, "session_num_exceed"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        for _ in range(3):
            with pytest.raises(Retryable) as retryable:
                await keeper.token()
            assert (retryable.value.code, retryable.value.retry_at) == ("session_num_exceed", START + 10 * MINUTE)
            clock.advance(2 * MINUTE)
    assert log_ins(exchange) == 1


async def test_a_limited_log_in_comes_again_when_the_exchange_says(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", answer({"error": "rate_limit_reached"}, 429, {"Retry-After": "90"}))
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
    assert retryable.value.retry_at == START + 90 * SECOND


async def test_an_exchange_that_is_down_costs_no_cool_down(clock: ManualClock, tmp_path: Path) -> None:
    exchange = ScriptedExchange()
    async with exchange.serving():
        port = int(exchange.base_url.split(":")[2].split("/")[0])
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
        assert (retryable.value.code, retryable.value.retry_at) == ("connection", None)
        async with exchange.serving(port):
            assert await keeper.token() == "a1-access-token"


async def test_log_ins_that_come_to_nothing_are_tried_ever_more_slowly(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", error(500, "internal_error"))
    waits = []
    async with keeping(exchange, clock, tmp_path) as keeper:
        for _ in range(5):
            with pytest.raises(Retryable) as retryable:
                await keeper.token()
            assert retryable.value.retry_at is not None
            waits.append((retryable.value.retry_at - clock.now()) // MINUTE)
            clock.move_to(retryable.value.retry_at)
    assert waits == [2, 4, 8, 10, 10]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", {"data": None}, {"data": {}}, {"data": {"access_token": ""}}, {"data": {"access_token": "a\nb"}}],
)
async def test_a_log_in_whose_answer_holds_no_token_fails_clearly(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, body: object
) -> None:
    exchange.script("/auth/login", answer(body))
    async with keeping(exchange, clock, tmp_path) as keeper:
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
    assert retryable.value.code == "undecodable"
