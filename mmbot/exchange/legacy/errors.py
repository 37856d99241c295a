"""The error codes of the legacy dialect (version of the exchange's API), and the reader of its error answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mmbot.engine.events import Failure, FailureReason
from mmbot.exchange.answers.errors import ErrorReader
from mmbot.exchange.errors import (
    BROKEN,
    BUSY,
    IN_MOTION,
    NO,
    STALE_TOKEN,
    WRONG,
    ErrorTable,
    Known,
    Meaning,
)

_EXISTS: Final = Meaning(Failure.UNKNOWN, Failure.REJECTED, Failure.REJECTED)
_NOT_OURS: Final = Meaning(Failure.UNKNOWN, Failure.BUG, Failure.BUG)

CODES: Final[Mapping[str, Known]] = {
    # The request is wrong: our bug.
    "invalid_request": Known(WRONG),  # also a stake below the minimum (docs/protocol.md 4.2)
    "invalid_param": Known(WRONG),
    "invalid_line_id": Known(WRONG),
    "invalid_stake": Known(WRONG),
    "invalid_external_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "invalid_wager_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "invalid_cursor": Known(WRONG),
    "invalid_from": Known(WRONG),
    "invalid_to": Known(WRONG),
    "invalid_updated_at_from": Known(WRONG),
    "invalid_updated_at_to": Known(WRONG),
    "invalid_market_id": Known(WRONG),
    "invalid_event_id": Known(WRONG),
    "invalid_competitor_id": Known(WRONG),
    "wager_invalid_odds": Known(WRONG, FailureReason.OFF_LADDER),
    "30010": Known(WRONG, FailureReason.OFF_LADDER),  # the gateway's number for invalid odds (docs/protocol.md 3)
    "wager_stake_exceeds_max": Known(WRONG),
    "wager_invalid_profit": Known(WRONG),
    "wager_limit_exceeded": Known(WRONG),
    "market_event_limit_exceeded": Known(WRONG),
    "market_invalid_event": Known(WRONG),
    "wager_not_matching_external_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "from_date_greater_than_to_date": Known(WRONG),
    "invalid_from_to_range": Known(WRONG),
    "invalid_updated_at_range": Known(WRONG),
    "missing_date_range": Known(WRONG),
    "err_ref_id_invalid": Known(WRONG),
    "exceed_subscription_count": Known(WRONG),
    # A definite answer although the HTTP status is 500. On a placement it makes no sense: look the placement up.
    "wager_not_belongs_to_user": Known(_NOT_OURS, FailureReason.WRONG_WAGER),
    # The exchange rejects the request.
    "unauthorized": Known(STALE_TOKEN),
    "data_not_found": Known(NO, FailureReason.NOT_FOUND),
    "sport_event_not_found": Known(NO, FailureReason.NOT_FOUND),
    "wallet_not_found": Known(NO),
    "no_cancellable_wagers": Known(NO, FailureReason.NOTHING_OPEN),
    "keypair_num_exceed": Known(NO),
    "insufficient_amount": Known(NO),
    "event_not_available": Known(NO),
    "sport_event_is_not_booked": Known(NO),
    "sport_event_competitor_blacklisted": Known(NO),
    "supplemental_market_pre_match_only": Known(NO),
    "market_line_invalid": Known(NO),
    "wager_already_matched": Known(NO, FailureReason.NOTHING_LEFT),
    "wager_already_cancelled": Known(NO, FailureReason.NOTHING_LEFT),
    "wager_is_invalid": Known(NO, FailureReason.WRONG_WAGER),
    "self_match": Known(NO),
    "err_order_placement_disabled": Known(NO),  # maintenance
    "err_add_liquidity_only_disabled": Known(NO),
    # An earlier request placed the wager. The answer to that request may have been lost.
    "wager_external_id_existed": Known(_EXISTS, FailureReason.ID_EXISTS),
    "wager_ref_id_existed": Known(_EXISTS, FailureReason.ID_EXISTS),
    # Nothing was done now; the request may be repeated.
    "rate_limit_reached": Known(BUSY, FailureReason.TOO_MANY),
    "too_many_delayed_requests": Known(BUSY, FailureReason.TOO_MANY),
    "session_num_exceed": Known(BUSY, FailureReason.NO_SESSION_FREE),
    "reporting_not_available": Known(BROKEN),
    # The wager is being placed or matched: a cancel is repeated soon, and a placement must be looked up.
    "wager_is_placing": Known(IN_MOTION, FailureReason.NOT_LIVE_YET),
    "wager_opened_retry": Known(IN_MOTION, FailureReason.BEING_MATCHED),
    "opened_retry": Known(IN_MOTION, FailureReason.BEING_MATCHED),
    # The exchange failed while it handled the request.
    "internal_error": Known(BROKEN),
    "wager_balance_check_timeout": Known(BROKEN),
    "wager_unable_to_place": Known(BROKEN),
    "wager_unable_to_cancel": Known(BROKEN),
    "unknown_error": Known(BROKEN),
}
"""The meaning of each error code of the exchange (specification, and docs/protocol.md 4.3)."""


# --- error answers --------------------------------------------------------------------------------------------------

_RENAMED: Final[Mapping[str, str]] = {
    "invalid_strike_id": "invalid_line_id",
    "invalid_quantity": "invalid_stake",
    "invalid_price": "wager_invalid_odds",
    "strike_id_invalid": "market_line_invalid",
    "no_cancellable_orders": "no_cancellable_wagers",
    "order_quantity_exceeds_max": "wager_stake_exceeds_max",
    "order_already_filled": "wager_already_matched",
    "invalid_order_id": "invalid_wager_id",
    "order_already_canceled": "wager_already_cancelled",
    "wager_already_canceled": "wager_already_cancelled",
}
_SAID: Final = (
    ("already cancelled", "wager_already_cancelled"),
    ("already canceled", "wager_already_cancelled"),
    ("already matched", "wager_already_matched"),
)


def _spelt(code: str) -> str:
    """Return an error code in the spelling of the error table."""
    code = _RENAMED.get(code, code)
    return "wager_" + code.removeprefix("order_") if code.startswith("order_") else code


READER: Final = ErrorReader(_spelt, _SAID)

error_body = READER.error_body

TABLE: Final = ErrorTable(CODES, error_body)
