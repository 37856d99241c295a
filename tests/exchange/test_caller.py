"""One call against a real server: missing and unreadable answers, the token, and the pools."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rest_wagers import ONE, START, WAGER
from scripted_exchange import (
    LEGACY,
    ScriptedExchange,
    Step,
    Told,
    answer,
    client_of,
    data,
    error,
    half,
    keeping,
    reset,
)

from mmbot.config import ExchangeConfig
from mmbot.domain.clock import ManualClock, SystemClock
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.engine import events, requests
from mmbot.engine.events import Failed, Failure, FailureReason
from mmbot.engine.requests import Cancellation
from mmbot.exchange.errors import Malformed, Rejected, Retryable, UnknownOutcome
from mmbot.exchange.rest import Client

# --- what goes wrong on the way ---------------------------------------------------------------------------------------

Broken = tuple[requests.Request, str, Failure]
PLACE: Broken = (requests.PlaceMany(1, (ONE,)), "/mm/place_multiple_wagers", Failure.UNKNOWN)
CANCEL: Broken = (requests.CancelMany(1, (Cancellation("w1", "x"),)), "/mm/cancel_wager", Failure.UNKNOWN)
BATCH: Broken = (
    requests.CancelMany(1, (Cancellation("w1", "x"), Cancellation("w2", "y"))),
    "/mm/cancel_multiple_wagers",
    Failure.UNKNOWN,
)
SWEEP: Broken = (requests.CancelAll(1), "/mm/cancel_all_wagers", Failure.UNKNOWN)
READ: Broken = (requests.ReadBalance(1), "/mm/get_balance", Failure.RETRYABLE)
ALL = (PLACE, CANCEL, BATCH, SWEEP, READ)
FORMLESS = (answer(b""), answer({"data": "what"}))
"""Answers that are good enough for a cancel of all wagers, whose content nobody needs."""


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (reset, "connection"),
        (half, "connection"),
        (answer(b"<html>welcome</html>"), "undecodable"),
        (answer(b'{"data":'), "undecodable"),
        (answer(b""), "undecodable"),
        (answer(b"[" * 100_000), "undecodable"),
        (answer({"data": "what"}), "undecodable"),
        (answer(b"not gzip at all", headers={"Content-Encoding": "gzip"}), "undecodable"),
        (answer(b"", 302, {"Location": "/partner/elsewhere"}), "redirect"),
        (answer(b"", 307, {"Location": "/partner/elsewhere"}), "redirect"),
        (answer(b"", 303, {"Location": "/partner/elsewhere"}), "redirect"),
    ],
)
async def test_a_change_without_a_readable_answer_is_unknown_and_a_read_may_come_again(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, step: Step, code: str
) -> None:
    told = Told()
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        for asked, path, failure in ALL:
            exchange.script(path, step)
            failed = await client.perform(asked)
            if asked is SWEEP[0] and step in FORMLESS:
                assert failed == events.CancelledAll(1, nothing_open=False)
                continue
            assert isinstance(failed, Failed), (path, failed)
            assert (failed.request, failed.failure, failed.code) == (1, failure, code), path
            sent = len(exchange.calls(path))
            # aiohttp repeats a read whose connection broke, and never anything else.
            assert sent == 1 or (asked is READ[0] and code == "connection" and sent == 2), path
    assert not exchange.calls("/elsewhere")
    outcomes = [failure.value for asked, _, failure in ALL if not (asked is SWEEP[0] and step in FORMLESS)]
    assert [outcome for _, outcome in told.requests if outcome != "ok"] == outcomes


async def test_a_slow_answer_is_a_timeout_and_no_timeout_goes_below_a_real_second(
    exchange: ScriptedExchange, tmp_path: Path
) -> None:
    clock = SystemClock(rate=1000.0)
    async with client_of(exchange, clock, tmp_path) as (client, _):
        # The sweep goes first: a placement that has not left when it goes is withdrawn.
        every = sorted(ALL, key=lambda each: not isinstance(each[0], requests.CancelAll))
        for _, path, _ in every:
            exchange.script(path, exchange.hang())

        async def fail(asked: requests.Request) -> events.Answer:
            return await client.perform(asked)

        started = asyncio.get_running_loop().time()
        failures = await asyncio.gather(*(fail(asked) for asked, _, _ in every))
        took = asyncio.get_running_loop().time() - started
    assert 0.95 <= took < 5.0
    for (_, _, failure), failed in zip(every, failures, strict=True):
        assert isinstance(failed, Failed)
        assert (failed.failure, failed.code) == (failure, "timeout")


async def test_what_never_left_is_known_not_to_have_been_done(clock: ManualClock, tmp_path: Path) -> None:
    exchange = ScriptedExchange()
    async with exchange.serving(), client_of(exchange, clock, tmp_path) as (_, keeper):
        nowhere = ExchangeConfig(base_url="http://127.0.0.1:9/partner")
        client = Client(keeper, clock, LEGACY, nowhere)
        try:
            for asked, path, _ in ALL:
                failed = await client.perform(asked)
                assert isinstance(failed, Failed)
                assert (failed.failure, failed.code) == (Failure.RETRYABLE, "connection"), path
        finally:
            await client.close()
        closed = await client.perform(SWEEP[0])
        assert isinstance(closed, Failed)
        assert closed.failure is Failure.RETRYABLE


async def test_a_compressed_answer_is_read(exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path) -> None:
    exchange.script(
        "/mm/get_balance", answer(gzip.compress(b'{"data":{"balance":7.25}}'), headers={"Content-Encoding": "gzip"})
    )
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert (await client.balance()).balance == 725


async def test_a_call_that_is_cancelled_says_so_and_leaves_the_client_working(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    exchange.script("/mm/get_balance", exchange.hang(), data({"balance": 1}))
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        reading = asyncio.create_task(client.perform(requests.ReadBalance(1)))
        await exchange.until(lambda: bool(exchange.calls("/mm/get_balance")))
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert (await client.balance()).balance == 100
    assert told.requests == [("balance", "cancelled"), ("balance", "ok")]


# --- the token --------------------------------------------------------------------------------------------------------


async def test_a_read_and_a_cancel_are_repeated_once_with_a_new_token(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    exchange.script("/mm/get_balance", data({"balance": 1}))
    exchange.script("/mm/cancel_all_wagers", data({"success": True}))
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        exchange.good.clear()
        assert (await client.balance()).balance == 100
        exchange.good.clear()
        assert await client.cancel_all()
    assert told.requests == [
        ("balance", "unauthorized"),
        ("balance", "ok"),
        ("cancel_all", "unauthorized"),
        ("cancel_all", "ok"),
    ]
    assert len(exchange.calls("/auth/refresh")) == 2


async def test_a_placement_is_not_repeated_but_the_session_is_renewed(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/place_multiple_wagers", data({"succeed_wagers": [WAGER]}))
    async with client_of(exchange, clock, tmp_path) as (client, keeper):
        exchange.good.clear()
        failed = await client.perform(requests.PlaceMany(1, (ONE,)))
        assert isinstance(failed, Failed)
        assert (failed.failure, failed.code) == (Failure.REJECTED, "unauthorized")
        assert len(exchange.calls("/mm/place_multiple_wagers")) == 1
        # While there is no token nothing is sent, and nothing waits for one.
        again = await client.perform(requests.PlaceMany(2, (ONE,)))
        assert isinstance(again, Failed)
        assert (again.failure, again.code) == (Failure.REJECTED, "unauthorized")
        assert len(exchange.calls("/mm/place_multiple_wagers")) == 1
        await keeper.token()
        assert isinstance(await client.perform(requests.PlaceMany(3, (ONE,))), events.Placed)
    assert len(exchange.calls("/auth/refresh")) == 1


async def test_calls_that_meet_an_expired_token_together_share_its_renewal(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/get_balance", data({"balance": 1}))
    exchange.script("/mm/cancel_all_wagers", data({"success": True}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        exchange.good.clear()
        calls: list[Awaitable[object]] = [client.balance() for _ in range(15)]
        calls += [client.cancel_all() for _ in range(15)]
        await asyncio.gather(*calls)
    assert len(exchange.calls("/auth/refresh")) == 1
    assert len(exchange.calls("/auth/login")) == 1


async def test_a_new_token_that_is_rejected_too_is_retryable(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/cancel_all_wagers", error(401, "unauthorized"))
    async with client_of(exchange, clock, tmp_path) as (client, keeper):
        clock.advance(2 * SECOND)
        failed = await client.perform(requests.CancelAll(1))
        assert isinstance(failed, Failed)
        assert (failed.failure, failed.code) == (Failure.RETRYABLE, "unauthorized")
        assert failed.retry_at == clock.now() + SECOND
        assert len(exchange.calls("/mm/cancel_all_wagers")) == 2
        with contextlib.suppress(Retryable):
            await keeper.token()


async def test_a_session_that_cannot_be_had_fails_calls_as_known_not_done(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/auth/login", error(401, "unauthorized"))
    async with keeping(exchange, clock, tmp_path) as keeper:
        client = Client(keeper, clock, LEGACY, ExchangeConfig(base_url=exchange.base_url))
        try:
            for asked in (requests.CancelAll(1), requests.ReadBalance(1)):
                failed = await client.perform(asked)
                assert isinstance(failed, Failed)
                assert (failed.failure, failed.code) == (Failure.REJECTED, "login_rejected")
        finally:
            await client.close()
    assert {seen.path for seen in exchange.seen} == {"/auth/login"}


async def test_an_echoed_secret_does_not_get_out(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    secret = "a1-access-token"
    exchange.script(
        "/mm/get_balance",
        error(400, "invalid_request", f"Bearer {secret}"),
        data({"balance": secret}),
        reset,
    )
    exchange.script("/mm/get_tournaments", data({"tournaments": [{"id": secret}]}))
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        caught = []
        for _ in range(3):
            with pytest.raises((Malformed, Retryable)) as failure:
                await client.balance()
            caught.append(failure.value)
        await client.tournaments()
    shown = [repr(e) for c in caught for e in (c, c.__cause__, c.__context__)] + [repr(told.malformed)]
    assert told.malformed
    assert not [text for text in shown if secret in text]


# --- the pools --------------------------------------------------------------------------------------------------------


async def test_cancels_never_wait_behind_placements_and_reads(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/place_multiple_wagers", exchange.hang())
    exchange.script("/mm/get_balance", exchange.hang())
    exchange.script("/mm/cancel_all_wagers", data({"success": True}))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        stuck = [asyncio.create_task(client.perform(requests.PlaceMany(n, (ONE,)))) for n in range(50)]
        stuck += [asyncio.create_task(client.perform(requests.ReadBalance(n))) for n in range(50)]
        await exchange.until(lambda: len(exchange.seen) > 100)
        assert await client.cancel_all()
        assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
    (cancel,) = exchange.calls("/mm/cancel_all_wagers")
    assert cancel.peer not in {seen.peer for seen in exchange.seen if seen is not cancel}


async def test_every_call_is_told_of_with_its_outcome(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    told = Told()
    steps: dict[str, tuple[str, Callable[[Client], Awaitable[object]], Step]] = {
        "place_one": ("/mm/place_wager", lambda c: c.place_one(ONE), data({"wager": WAGER})),
        "place_many": ("/mm/place_multiple_wagers", lambda c: c.place_many((ONE,)), data({"succeed_wagers": []})),
        "cancel_one": ("/mm/cancel_wager", lambda c: c.cancel_one(Cancellation("w", "x")), data({})),
        "cancel_many": ("/mm/cancel_multiple_wagers", lambda c: c.cancel_many((Cancellation("w", "x"),)), data([])),
        "cancel_sport_event": ("/mm/cancel_wagers_by_event", lambda c: c.cancel_sport_event(1), data({})),
        "cancel_market": ("/mm/cancel_wagers_by_market", lambda c: c.cancel_market(1, 2), data({})),
        "cancel_all": ("/mm/cancel_all_wagers", lambda c: c.cancel_all(), data({})),
        "ladder": ("/mm/get_odds_ladder", lambda c: c.ladder(), data([100])),
        "matches": ("/mm/get_wager_matching_detail", lambda c: c.matches(("w",)), data([])),
        "matched_bets": ("/mm/get_matched_bets", lambda c: c.matched_bets(0, 1), data([])),
    }
    async with client_of(exchange, clock, tmp_path, told=told) as (client, _):
        for path, call, step in steps.values():
            exchange.script(path, step)
            await call(client)
        exchange.script("/mm/cancel_all_wagers", error(429, "rate_limit_reached", details={"next_allow_at": 1}))
        with pytest.raises(Retryable):
            await client.cancel_all()
        exchange.script("/mm/cancel_all_wagers", error(403, "x"))
        with pytest.raises(Rejected):
            await client.cancel_all()
        exchange.script("/mm/cancel_all_wagers", answer(b"?"))
        with pytest.raises(UnknownOutcome):
            await client.cancel_all()
    assert told.requests == [(name, "ok") for name in steps] + [
        ("cancel_all", "retryable"),
        ("cancel_all", "rejected"),
        ("cancel_all", "unknown"),
    ]


async def test_a_cancel_during_a_match_is_told_to_come_again_in_300_ms(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    exchange.script("/mm/cancel_wagers_by_event", error(500, "opened_retry"))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        failed = await client.perform(requests.CancelSportEvent(1, 7))
    assert failed == Failed(
        1, Failure.RETRYABLE, "opened_retry", "", START + 300 * MILLISECOND, FailureReason.BEING_MATCHED
    )
