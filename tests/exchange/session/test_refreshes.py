"""The session keeper refreshes a token before it ends and after it is rejected, without a storm of refreshes."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_exchange import ScriptedExchange, Told, data, error, keeping
from session_calls import START, log_ins, refreshes

from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND
from mmbot.exchange.errors import ExchangeError, Retryable
from mmbot.exchange.token_life import LONGEST_LIFE, refresh_after


async def test_a_token_that_has_ended_is_refreshed_and_not_logged_in_for(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
        clock.advance(600 * SECOND)
        assert keeper.current() is None
        assert await keeper.token() == "a2-access-token"
    assert (log_ins(exchange), refreshes(exchange)) == (1, 1)
    assert exchange.calls("/auth/refresh")[0].json == {"refresh_token": "r1-refresh-token"}


async def test_run_refreshes_ahead_so_that_there_is_always_a_token(exchange: ScriptedExchange, tmp_path: Path) -> None:
    clock = SystemClock(rate=600.0)  # a token of ten minutes lives a second
    gaps = 0
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
        running = asyncio.create_task(keeper.run())
        for number in range(1, 4):
            await exchange.until(lambda number=number: refreshes(exchange) >= number)
            gaps += keeper.current() is None
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert gaps == 0
    assert log_ins(exchange) == 1


async def test_run_tries_again_after_a_failure(exchange: ScriptedExchange, tmp_path: Path) -> None:
    clock = SystemClock(rate=1000.0)
    exchange.script("/auth/login", error(503, None), error(503, None), data({"access_token": "late"}))
    async with keeping(exchange, clock, tmp_path, cooldown=SECOND) as keeper:
        running = asyncio.create_task(keeper.run())
        await exchange.until(lambda: log_ins(exchange) == 3)
        assert await keeper.token() == "late"
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_rejections_at_the_same_time_share_one_refresh(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    release = asyncio.Event()

    async def slowly(request: object) -> object:
        await release.wait()
        return await data({"access_token": "a2"})(request)  # type: ignore[arg-type]

    exchange.script("/auth/refresh", slowly)  # type: ignore[arg-type]
    async with keeping(exchange, clock, tmp_path) as keeper:
        token = await keeper.token()
        keeper.accepted(token)
        waiting = [asyncio.create_task(keeper.rejected(token)) for _ in range(20)]
        await exchange.until(lambda: refreshes(exchange) == 1)
        assert keeper.current() is None
        waiting[0].cancel()  # one that gives up takes nothing from the others
        release.set()
        got = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(got[0], asyncio.CancelledError)
        assert got[1:] == ["a2"] * 19
        # A 401 that comes late, for the token of before, starts nothing.
        assert await keeper.rejected(token) == "a2"
    assert (log_ins(exchange), refreshes(exchange)) == (1, 1)


async def test_a_rejected_refresh_is_followed_by_a_log_in(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
        clock.advance(10 * MINUTE)
        assert await keeper.token() == "a2-access-token"
    assert (log_ins(exchange), refreshes(exchange)) == (2, 1)


async def test_a_refresh_without_an_answer_opens_no_session(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", exchange.hang())
    async with keeping(exchange, clock, tmp_path, timeout_s=0.001) as keeper:
        await keeper.token()
        clock.advance(HOUR)
        with pytest.raises(Retryable) as retryable:
            await keeper.token()
    assert retryable.value.code == "timeout"
    assert log_ins(exchange) == 1


async def test_a_refresh_that_breaks_at_the_exchange_is_followed_by_a_log_in_once_the_token_has_ended(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/refresh", error(502, None))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
        clock.advance(HOUR)
        assert await keeper.token() == "a2-access-token"


async def test_a_refreshed_token_that_is_rejected_at_once_means_that_the_session_is_dead(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        keeper.accepted(await keeper.token())
        clock.advance(2 * MINUTE)
        refreshed = await keeper.rejected("a1-access-token")
        clock.advance(2 * SECOND)
        await keeper.rejected(refreshed)
        assert (log_ins(exchange), refreshes(exchange)) == (2, 1)


async def test_tokens_that_are_rejected_as_soon_as_given_make_no_storm(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    async with keeping(exchange, clock, tmp_path) as keeper:
        token = await keeper.token()
        for _ in range(50):
            with pytest.raises(Retryable) as retryable:
                await keeper.rejected(token)
            assert retryable.value.retry_at == START + SECOND
    assert len(exchange.seen) == 1


@pytest.mark.parametrize("life_s", [None, -30.0, 10.0**9])
async def test_a_life_that_is_missing_or_cannot_be_is_taken_for_ten_minutes(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, life_s: float | None
) -> None:
    exchange.life_s = life_s
    told = Told()
    async with keeping(exchange, clock, tmp_path, told=told) as keeper:
        await keeper.token()
        clock.advance(599 * SECOND)
        assert keeper.current() is not None
        clock.advance(SECOND)
        assert keeper.current() is None
    assert told.events == [("session.logged_in", {"life_s": 600.0})]


@pytest.mark.parametrize("life_s", [0.0, 0.001, 1.0, 5.0])
async def test_a_short_life_leads_to_few_refreshes(exchange: ScriptedExchange, tmp_path: Path, life_s: float) -> None:
    """The exchange accepts the tokens for longer: only the clocks differ."""
    exchange.life_s = life_s
    clock = exchange.clock = SystemClock(rate=20.0)
    async with keeping(exchange, clock, tmp_path / "session.json") as keeper:
        running = asyncio.create_task(keeper.run())
        await asyncio.sleep(1.0)  # 20 seconds of the clock
        running.cancel()
    assert len(exchange.calls("/auth/login")) == 1
    assert len(exchange.calls("/auth/refresh")) <= 4


async def test_tokens_that_are_rejected_after_a_moment_are_renewed_once_a_second_on_average(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.clock = clock
    async with keeping(exchange, clock, tmp_path / "session.json") as keeper:
        for _ in range(200):  # 20 seconds
            clock.advance(SECOND // 10)
            with contextlib.suppress(Retryable):
                token = await keeper.token()
                keeper.accepted(token)
                await keeper.rejected(token)
    assert 15 <= len(exchange.calls("/auth/refresh")) <= 25


async def test_closing_ends_a_renewal_and_those_who_wait_for_it(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", exchange.hang())
    async with keeping(exchange, clock, tmp_path) as keeper:
        waiting = asyncio.create_task(keeper.token())
        await exchange.until(lambda: log_ins(exchange) == 1)
        await keeper.close()
        with pytest.raises(Retryable) as retryable:
            await waiting
        assert retryable.value.code == "closed"
        with pytest.raises(Retryable):
            await keeper.token()


@given(st.integers(min_value=1, max_value=LONGEST_LIFE))
def test_a_refresh_comes_within_the_life_and_well_before_its_end(life: int) -> None:
    after = refresh_after(life)
    assert 0 <= after < life
    assert after <= life * 6 // 10
    if life >= 2 * MINUTE:
        assert life - after >= 90 * SECOND
    assert refresh_after(DAY) == DAY * 6 // 10


@pytest.mark.parametrize(
    ("status", "name", "outcome"),
    [
        (401, "session.refresh_rejected", "rejected"),
        (429, "session.refresh_failed", "retryable"),
        (503, "session.refresh_failed", "unknown"),
    ],
)
async def test_a_refresh_counts_as_rejected_only_if_the_exchange_rejected_it(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, status: int, name: str, outcome: str
) -> None:
    told = Told()
    exchange.script("/auth/refresh", error(status, None))
    async with keeping(exchange, clock, tmp_path, told=told) as keeper:
        await keeper.token()
        clock.advance(600 * SECOND)
        with contextlib.suppress(ExchangeError):
            await keeper.token()
    assert name in [event for event, _ in told.events]
    assert told.requests[1][1] == outcome
