"""The session keeper against a real server: as few log-ins as possible, and a token that is always valid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_exchange import (
    ACCESS_KEY,
    LEGACY,
    SECRET_KEY,
    ScriptedExchange,
    Told,
    answer,
    data,
    error,
    keeping,
    reset,
)

from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND, iso
from mmbot.exchange.errors import ExchangeError, LoginRejected, Retryable
from mmbot.exchange.session import LONGEST_LIFE, SessionKeeper, refresh_after
from mmbot.exchange.token_store import Kept, TokenStore
from mmbot.net.http import open_http

START = 1_790_000_000 * SECOND


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    scripted = ScriptedExchange()
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


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
    """Whether a cancel gets a token."""
    try:
        return bool(await asyncio.wait_for(keeper.token(urgent=True), 5))
    except Retryable:
        return False


def log_ins(exchange: ScriptedExchange) -> int:
    return len(exchange.calls("/auth/login"))


def refreshes(exchange: ScriptedExchange) -> int:
    return len(exchange.calls("/auth/refresh"))


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


async def test_the_kept_refresh_token_spares_a_log_in_after_a_restart(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    for _ in range(30):
        async with keeping(exchange, clock, tmp_path) as keeper:
            await keeper.token()
        clock.advance(SECOND)
    assert (log_ins(exchange), refreshes(exchange)) == (1, 29)


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


async def test_a_rotated_refresh_token_is_kept(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script("/auth/refresh", data({"access_token": "a", "refresh_token": "r2-refresh-token"}))
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
        clock.advance(HOUR)
        await keeper.token()
    async with keeping(exchange, clock, tmp_path) as keeper:
        await keeper.token()
    assert exchange.calls("/auth/refresh")[1].json == {"refresh_token": "r2-refresh-token"}


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


@given(st.integers(min_value=1, max_value=LONGEST_LIFE))
def test_a_refresh_comes_within_the_life_and_well_before_its_end(life: int) -> None:
    after = refresh_after(life)
    assert 0 <= after < life
    assert after <= life * 6 // 10
    if life >= 2 * MINUTE:
        assert life - after >= 90 * SECOND
    assert refresh_after(DAY) == DAY * 6 // 10
