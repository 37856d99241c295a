"""The error table row by row: the meaning of each answer for a placement, a cancel and a read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mocked_exchange import MockedExchange
from scripted_exchange import LEGACY, ScriptedExchange, answer, client_of, error

from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.engine.events import Failed, Failure, FailureReason
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.errors import (
    ExchangeError,
    LoginRejected,
    Malformed,
    Rejected,
    Retryable,
    UnknownOutcome,
    failed,
)
from mmbot.exchange.rest import Client

START = 1_790_000_000 * SECOND
KINDS: dict[str, type[ExchangeError]] = {
    "rejected": Rejected,
    "retryable": Retryable,
    "unknown": UnknownOutcome,
    "bug": Malformed,
}
FAILURES = {
    "rejected": Failure.REJECTED,
    "retryable": Failure.RETRYABLE,
    "unknown": Failure.UNKNOWN,
    "bug": Failure.BUG,
}

# status, code, then what it means for a placement, a cancel and a read
ROWS = """
400 invalid_request                     bug       bug       bug
400 invalid_param                       bug       bug       bug
404 data_not_found                      rejected  rejected  rejected
500 internal_error                      unknown   unknown   retryable
403 keypair_num_exceed                  rejected  rejected  rejected
403 session_num_exceed                  retryable retryable retryable
429 rate_limit_reached                  retryable retryable retryable
403 insufficient_amount                 rejected  rejected  rejected
400 invalid_line_id                     bug       bug       bug
400 invalid_strike_id                   bug       bug       bug
400 invalid_stake                       bug       bug       bug
400 invalid_quantity                    bug       bug       bug
400 wager_invalid_odds                  bug       bug       bug
400 invalid_price                       bug       bug       bug
400 invalid_external_id                 bug       bug       bug
400 invalid_wager_id                    bug       bug       bug
400 invalid_cursor                      bug       bug       bug
400 invalid_from                        bug       bug       bug
400 invalid_to                          bug       bug       bug
400 invalid_updated_at_from             bug       bug       bug
400 invalid_updated_at_to               bug       bug       bug
400 invalid_market_id                   bug       bug       bug
400 invalid_event_id                    bug       bug       bug
400 invalid_competitor_id               bug       bug       bug
400 wager_limit_exceeded                bug       bug       bug
400 order_limit_exceeded                bug       bug       bug
400 market_event_limit_exceeded         bug       bug       bug
400 market_invalid_event                bug       bug       bug
404 sport_event_not_found               rejected  rejected  rejected
400 event_not_available                 rejected  rejected  rejected
400 sport_event_is_not_booked           rejected  rejected  rejected
400 sport_event_competitor_blacklisted  rejected  rejected  rejected
400 supplemental_market_pre_match_only  rejected  rejected  rejected
400 market_line_invalid                 rejected  rejected  rejected
400 strike_id_invalid                   rejected  rejected  rejected
400 wager_ref_id_existed                unknown   rejected  rejected
400 wager_external_id_existed           unknown   rejected  rejected
400 order_external_id_existed           unknown   rejected  rejected
400 wager_already_matched               rejected  rejected  rejected
400 order_already_filled                rejected  rejected  rejected
400 wager_already_cancelled             rejected  rejected  rejected
400 order_already_cancelled             rejected  rejected  rejected
400 wager_is_invalid                    rejected  rejected  rejected
400 wager_not_matching_external_id      bug       bug       bug
500 wager_not_belongs_to_user           unknown   bug       bug
400 wager_stake_exceeds_max             bug       bug       bug
400 order_quantity_exceeds_max          bug       bug       bug
400 wager_invalid_profit                bug       bug       bug
409 wager_is_placing                    unknown   retryable retryable
425 wager_opened_retry                  unknown   retryable retryable
500 opened_retry                        unknown   retryable retryable
500 wager_balance_check_timeout         unknown   unknown   retryable
500 wager_unable_to_place               unknown   unknown   retryable
500 wager_unable_to_cancel              unknown   unknown   retryable
500 unknown_error                       unknown   unknown   retryable
404 wallet_not_found                    rejected  rejected  rejected
404 err_ref_id_invalid                  bug       bug       bug
404 no_cancellable_wagers               rejected  rejected  rejected
404 no_cancellable_orders               rejected  rejected  rejected
503 reporting_not_available             unknown   unknown   retryable
400 from_date_greater_than_to_date      bug       bug       bug
400 invalid_from_to_range               bug       bug       bug
400 invalid_updated_at_range            bug       bug       bug
400 missing_date_range                  bug       bug       bug
429 too_many_delayed_requests           retryable retryable retryable
403 err_order_placement_disabled        rejected  rejected  rejected
400 err_add_liquidity_only_disabled     rejected  rejected  rejected
400 self_match                          rejected  rejected  rejected
400 a_code_that_is_new                  bug       bug       bug
403 a_code_that_is_new                  rejected  rejected  rejected
409 a_code_that_is_new                  unknown   retryable retryable
422 a_code_that_is_new                  bug       retryable bug
425 a_code_that_is_new                  unknown   retryable retryable
429 a_code_that_is_new                  retryable retryable retryable
500 a_code_that_is_new                  unknown   unknown   retryable
500 rate_limit_reached                  unknown   retryable retryable
400 -                                   bug       bug       bug
403 -                                   rejected  rejected  rejected
404 -                                   rejected  rejected  rejected
405 -                                   bug       bug       bug
408 -                                   unknown   unknown   retryable
418 -                                   unknown   unknown   retryable
429 -                                   retryable retryable retryable
500 -                                   unknown   unknown   retryable
502 -                                   unknown   unknown   retryable
503 -                                   unknown   unknown   retryable
504 -                                   unknown   unknown   retryable
"""


@pytest.fixture
async def exchange() -> AsyncIterator[ScriptedExchange]:
    mocked = MockedExchange()
    async with mocked.serving():
        yield mocked


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


async def fails_with(client: Client, exchange: ScriptedExchange, purpose: int) -> ExchangeError:
    calls = (
        lambda: client.place_one(Placement("run-s-1", "line-a", 110, 1000)),
        lambda: client.cancel_one(Cancellation("w1", "run-s-1")),
        client.balance,
    )
    before = len(exchange.seen)
    with pytest.raises(ExchangeError) as caught:
        await calls[purpose]()
    assert len(exchange.seen) == before + 1, "nothing is repeated"
    return caught.value


async def test_every_row_of_the_table_means_what_it_says(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path
) -> None:
    wrong = []
    async with client_of(exchange, clock, tmp_path) as (client, _):
        for row in ROWS.strip().splitlines():
            status, code, *meanings = row.split()
            told = None if code == "-" else code
            for path in ("/mm/place_wager", "/mm/cancel_wager", "/mm/get_balance"):
                exchange.script(path, error(int(status), told, "the reason"))
            for purpose, meaning in enumerate(meanings):
                caught = await fails_with(client, exchange, purpose)
                if type(caught) is not KINDS[meaning] or caught.failure is not FAILURES[meaning]:
                    wrong.append((row, purpose, caught))
                assert caught.message == "the reason"
                assert caught.code == f"http_{status}" if told is None else caught.code
    assert not wrong


def test_no_code_of_the_table_goes_untested() -> None:
    rows = {row.split()[1] for row in ROWS.strip().splitlines()}
    assert set(LEGACY.errors.codes) - rows == {"unauthorized", "30010", "exceed_subscription_count"}


@pytest.mark.parametrize(
    ("status", "code", "wait"),
    [
        (409, "wager_is_placing", 300 * MILLISECOND),
        (425, "wager_opened_retry", 300 * MILLISECOND),
        (500, "opened_retry", 300 * MILLISECOND),
        (429, "rate_limit_reached", SECOND),
    ],
)
async def test_a_cancel_that_comes_too_early_is_told_when_to_come_again(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, status: int, code: str, wait: int
) -> None:
    exchange.script("/mm/cancel_wager", error(status, code))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        caught = await fails_with(client, exchange, 1)
    assert caught.retry_at == START + wait


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry-After": "3"}, {}, 3 * SECOND),
        ({"Retry-After": "Mon, 21 Sep 2026 14:13:25 GMT"}, {}, 5 * SECOND),
        ({"Retry-After": "soon"}, {}, SECOND),
        ({"Retry-After": "999999"}, {}, 5 * MINUTE),
        ({"Retry-After": "1"}, {"details": {"next_allow_at": 1_790_000_000_250}}, 250 * MILLISECOND),
        ({}, {"details": {"next_allow_at": 1_790_000_002}}, 2 * SECOND),
        ({}, {"details": {"next_allow_at": 1_790_000_002_000_000_000}}, 2 * SECOND),
        ({}, {"details": {"next_allow_at": 1_789_999_999_000}}, 0),
        ({}, {"details": {"next_allow_at": "never"}}, SECOND),
        ({}, {"details": ["what"]}, SECOND),
    ],
)
async def test_a_limited_request_is_told_when_to_come_again(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, headers: dict[str, str], body: object, wait: int
) -> None:
    exchange.script("/mm/get_balance", answer({"error": "rate_limit_reached"} | body, 429, headers))  # type: ignore[operator]
    async with client_of(exchange, clock, tmp_path) as (client, _):
        caught = await fails_with(client, exchange, 2)
    assert isinstance(caught, Retryable)
    assert caught.retry_at == START + wait


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>Bad Gateway</html>", "http_400"),
        (b"", "http_400"),
        (b"[1]", "http_400"),
        (b'{"error":{"error":"x"}}', "http_400"),
        (b'{"error":"Some Text","error_code":30010}', "30010"),
        (b'{"error":"Some Text","error_code":10001}', "10001"),
        (b'{"error":"invalid odds","error_code":true}', "http_400"),
        (b'{"error":"failed","message":"Failed to cancel play. play is already matched"}', "failed"),
        (b'{"error":"Failed to cancel play. play is already matched","error_code":10001}', "wager_already_matched"),
    ],
)
async def test_any_error_body_is_read(
    exchange: ScriptedExchange, clock: ManualClock, tmp_path: Path, body: bytes, code: str
) -> None:
    exchange.script("/mm/get_balance", answer(body, 400))
    async with client_of(exchange, clock, tmp_path) as (client, _):
        assert (await fails_with(client, exchange, 2)).code == code


def test_an_error_becomes_the_engines_event() -> None:
    retryable = Retryable("rate_limit_reached", "slowly", START)
    assert failed(7, retryable) == Failed(7, Failure.RETRYABLE, "rate_limit_reached", "slowly", START)
    assert failed(8, LoginRejected("login_rejected")) == Failed(
        8, Failure.REJECTED, "login_rejected", reason=FailureReason.LOGIN
    )
    assert failed(9, UnknownOutcome("timeout", "5 s")) == Failed(9, Failure.UNKNOWN, "timeout", "5 s")
    assert failed(10, Malformed("invalid_request")) == Failed(10, Failure.BUG, "invalid_request")
