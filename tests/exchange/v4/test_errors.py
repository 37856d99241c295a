"""Each error of the v4 dialect: what it means for a placement, a cancel and a read, and how its answer may look."""

from __future__ import annotations

import orjson
import pytest
from v4_bodies import NOW, V4

from mmbot.domain.instant import MILLISECOND
from mmbot.engine.events import Failure, FailureReason
from mmbot.exchange.errors import Purpose

ERRORS = V4.errors
BUG = (Failure.BUG, Failure.BUG, Failure.BUG)
NO = (Failure.REJECTED, Failure.REJECTED, Failure.REJECTED)
BUSY = (Failure.RETRYABLE, Failure.RETRYABLE, Failure.RETRYABLE)
BROKEN = (Failure.UNKNOWN, Failure.UNKNOWN, Failure.RETRYABLE)
SOON = (Failure.UNKNOWN, Failure.RETRYABLE, Failure.RETRYABLE)
AGAIN = (Failure.UNKNOWN, Failure.REJECTED, Failure.REJECTED)
TOKEN = (Failure.REJECTED, Failure.RETRYABLE, Failure.RETRYABLE)
OTHERS = (Failure.UNKNOWN, Failure.BUG, Failure.BUG)
R = FailureReason

TABLE = [
    (400, "invalid_request", BUG, R.OTHER),
    (400, "invalid_param", BUG, R.OTHER),
    (401, "unauthorized", TOKEN, R.OTHER),
    (403, "session_num_exceed", BUSY, R.NO_SESSION_FREE),
    (403, "keypair_num_exceed", NO, R.OTHER),
    (403, "insufficient_amount", NO, R.OTHER),
    (403, "err_order_placement_disabled", NO, R.OTHER),
    (403, "", NO, R.OTHER),
    (404, "data_not_found", NO, R.NOT_FOUND),
    (404, "sport_event_not_found", NO, R.NOT_FOUND),
    (404, "wallet_not_found", NO, R.OTHER),
    (404, "err_ref_id_invalid", BUG, R.OTHER),
    (404, "no_cancellable_orders", NO, R.NOTHING_OPEN),
    (409, "order_is_placing", SOON, R.NOT_LIVE_YET),
    (425, "order_opened_retry", SOON, R.BEING_MATCHED),
    (429, "rate_limit_reached", BUSY, R.TOO_MANY),
    (429, "too_many_delayed_requests", BUSY, R.TOO_MANY),
    (429, "", BUSY, R.TOO_MANY),
    (400, "invalid_strike_id", BUG, R.OTHER),
    (400, "strike_id_invalid", NO, R.OTHER),
    (400, "invalid_price", BUG, R.OFF_LADDER),
    (400, "invalid_quantity", BUG, R.OTHER),
    (400, "order_quantity_exceeds_max", BUG, R.OTHER),
    (400, "order_invalid_profit", BUG, R.OTHER),
    (400, "invalid_external_id", BUG, R.WRONG_WAGER),
    (400, "order_external_id_existed", AGAIN, R.ID_EXISTS),
    (400, "order_ref_id_existed", AGAIN, R.ID_EXISTS),
    (400, "invalid_order_id", BUG, R.WRONG_WAGER),
    (400, "order_not_matching_external_id", BUG, R.WRONG_WAGER),
    (400, "order_is_invalid", NO, R.WRONG_WAGER),
    (400, "order_already_filled", NO, R.NOTHING_LEFT),
    (400, "order_already_cancelled", NO, R.NOTHING_LEFT),
    (400, "order_limit_exceeded", BUG, R.OTHER),
    (400, "market_event_limit_exceeded", BUG, R.OTHER),
    (400, "market_invalid_event", BUG, R.OTHER),
    (400, "invalid_event_id", BUG, R.OTHER),
    (400, "invalid_market_id", BUG, R.OTHER),
    (400, "invalid_competitor_id", BUG, R.OTHER),
    (400, "event_not_available", NO, R.OTHER),
    (400, "sport_event_is_not_booked", NO, R.OTHER),
    (400, "sport_event_competitor_blacklisted", NO, R.OTHER),
    (400, "supplemental_market_pre_match_only", NO, R.OTHER),
    (400, "err_add_liquidity_only_disabled", NO, R.OTHER),
    (400, "self_match", NO, R.OTHER),
    (400, "missing_date_range", BUG, R.OTHER),
    (400, "invalid_from", BUG, R.OTHER),
    (400, "invalid_to", BUG, R.OTHER),
    (400, "from_date_greater_than_to_date", BUG, R.OTHER),
    (400, "invalid_from_to_range", BUG, R.OTHER),
    (400, "invalid_updated_at_from", BUG, R.OTHER),
    (400, "invalid_updated_at_to", BUG, R.OTHER),
    (400, "invalid_updated_at_range", BUG, R.OTHER),
    (400, "invalid_cursor", BUG, R.OTHER),
    (400, "exceed_subscription_count", BUG, R.OTHER),
    (500, "internal_error", BROKEN, R.OTHER),
    (500, "unknown_error", BROKEN, R.OTHER),
    (500, "opened_retry", SOON, R.BEING_MATCHED),
    (500, "order_unable_to_place", BROKEN, R.OTHER),
    (500, "order_unable_to_cancel", BROKEN, R.OTHER),
    (500, "order_balance_check_timeout", BROKEN, R.OTHER),
    (500, "order_not_belongs_to_user", OTHERS, R.WRONG_WAGER),
    (503, "reporting_not_available", BROKEN, R.OTHER),
    (400, "30010", BUG, R.OFF_LADDER),
    (502, "", BROKEN, R.OTHER),
    (408, "", BROKEN, R.OTHER),
]


@pytest.mark.parametrize(("status", "code", "kinds", "reason"), TABLE, ids=lambda value: str(value)[:40])
def test_an_error_means(status: int, code: str, kinds: tuple[Failure, ...], reason: FailureReason) -> None:
    assert tuple(ERRORS.failure_of(purpose, status, code) for purpose in Purpose) == kinds
    assert ERRORS.reason_of(status, code) is reason


def test_the_table_has_every_code() -> None:
    assert {code for _, code, _, _ in TABLE if code} == set(ERRORS.codes)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "order_is_placing", "message": "cannot cancel a placing order"}, "order_is_placing"),
        ({"code": "order_is_placing", "message": "cannot cancel a placing order"}, "order_is_placing"),
        ({"error": None, "code": "rate_limit_reached"}, "rate_limit_reached"),
        ({"error": "wager_is_placing"}, "order_is_placing"),
        ({"error": "wager_opened_retry"}, "order_opened_retry"),
        ({"error": "no_cancellable_wagers"}, "no_cancellable_orders"),
        ({"error": "wager_already_matched"}, "order_already_filled"),
        ({"error": "order_already_canceled"}, "order_already_cancelled"),
        ({"error": "market_line_invalid"}, "strike_id_invalid"),
        ({"error": "invalid_line_id"}, "invalid_strike_id"),
        ({"error": "invalid_stake"}, "invalid_quantity"),
        ({"error": "wager_invalid_odds"}, "invalid_price"),
        ({"error": "wager_stake_exceeds_max"}, "order_quantity_exceeds_max"),
        ({"error": "Bad Gateway", "error_code": 10001}, "10001"),
        ({"error": "some text", "message": "order is already matched"}, "order_already_filled"),
        ({"message": "User is suspended"}, ""),
        ([], ""),
        ("text", ""),
    ],
)
def test_the_code_of_an_answer(answer: object, code: str) -> None:
    assert ERRORS.read(orjson.dumps(answer)).code == code


def test_a_gateways_page_has_no_code() -> None:
    assert ERRORS.read(b"<html>502 Bad Gateway</html>") == ("", "", None)


def test_the_time_of_the_next_request_is_read() -> None:
    answer = {"error": "rate_limit_reached", "details": {"next_allow_at": NOW // MILLISECOND}}
    assert ERRORS.read(orjson.dumps(answer)).next_allow_at == NOW
