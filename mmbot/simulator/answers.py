"""What an HTTP answer of the local exchange looks like: the data envelope, and the error table (PROTOCOL 3, 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web

from mmbot.domain.instant import MILLISECOND, SECOND, Instant

Json = Mapping[str, object] | list[object]

STATUS: Final[Mapping[str, int]] = {
    "invalid_request": 400,
    "invalid_param": 400,
    "unauthorized": 401,
    "data_not_found": 404,
    "internal_error": 500,
    "keypair_num_exceed": 403,
    "session_num_exceed": 403,
    "rate_limit_reached": 429,
    "insufficient_amount": 403,
    "invalid_line_id": 400,
    "invalid_stake": 400,
    "wager_invalid_odds": 400,
    "invalid_external_id": 400,
    "invalid_wager_id": 400,
    "invalid_cursor": 400,
    "invalid_from": 400,
    "invalid_to": 400,
    "invalid_updated_at_from": 400,
    "invalid_updated_at_to": 400,
    "invalid_market_id": 400,
    "invalid_event_id": 400,
    "invalid_competitor_id": 400,
    "wager_limit_exceeded": 400,
    "market_event_limit_exceeded": 400,
    "market_invalid_event": 400,
    "sport_event_not_found": 404,
    "event_not_available": 400,
    "sport_event_is_not_booked": 400,
    "sport_event_competitor_blacklisted": 400,
    "supplemental_market_pre_match_only": 400,
    "market_line_invalid": 400,
    "wager_ref_id_existed": 400,
    "wager_external_id_existed": 400,
    "wager_already_matched": 400,
    "wager_already_cancelled": 400,
    "wager_is_invalid": 400,
    "wager_not_matching_external_id": 400,
    "wager_not_belongs_to_user": 500,
    "wager_stake_exceeds_max": 400,
    "wager_invalid_profit": 400,
    "wager_is_placing": 409,
    "wager_opened_retry": 425,
    "opened_retry": 500,
    "wager_balance_check_timeout": 500,
    "wager_unable_to_place": 500,
    "wager_unable_to_cancel": 500,
    "unknown_error": 500,
    "wallet_not_found": 404,
    "err_ref_id_invalid": 404,
    "no_cancellable_wagers": 404,
    "reporting_not_available": 503,
    "from_date_greater_than_to_date": 400,
    "invalid_from_to_range": 400,
    "invalid_updated_at_range": 400,
    "missing_date_range": 400,
    "too_many_delayed_requests": 429,
    "err_order_placement_disabled": 403,
    "err_add_liquidity_only_disabled": 400,
    "self_match": 400,
    "exceed_subscription_count": 400,
}
"""The table's codes in the legacy dialect's names with their HTTP status (PROTOCOL 4.3, and the specification), and
``self_match`` and the registration's own (PROTOCOL 8.2)."""


class Refusal(Exception):
    """A request that is answered with an error. ``status`` is taken from the table where it is not given."""

    def __init__(self, code: str, message: str, *, status: int | None = None, retry_at: Instant | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Final = code
        self.message: Final = message
        self.status: Final = STATUS[code] if status is None else status
        self.retry_at: Final = retry_at
        """When to come again, for a 429."""


def answer(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)


def data(value: object, *, last_synced_at: str | None = None) -> web.Response:
    """A success: ``{"data": ...}``, with ``last_synced_at`` beside it where there is one."""
    body: dict[str, object] = {"data": value}
    if last_synced_at is not None:
        body["last_synced_at"] = last_synced_at
    return answer(body)


def refused(refusal: Refusal, now: Instant) -> web.Response:
    """An error: ``{"error": code, "message": text}``; a 429 also says when to come again, as a ``Retry-After`` in
    seconds and as ``details.next_allow_at`` in milliseconds (PROTOCOL 11)."""
    body: dict[str, object] = {"error": refusal.code, "message": refusal.message}
    if refusal.retry_at is None:
        return answer(body, refusal.status)
    body["details"] = {"next_allow_at": -(-refusal.retry_at // MILLISECOND)}
    wait = max(1, -(-(refusal.retry_at - now) // SECOND))
    return answer(body, refusal.status, {"Retry-After": str(wait)})
