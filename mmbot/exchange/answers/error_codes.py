"""The error codes that are the same in all dialects (versions of the exchange's API)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mmbot.engine.events import Failure, FailureReason
from mmbot.exchange.errors import BROKEN, BUSY, IN_MOTION, NO, STALE_TOKEN, WRONG, Known, Meaning

EXISTS: Final = Meaning(Failure.UNKNOWN, Failure.REJECTED, Failure.REJECTED)
"""The meaning of an error with which the exchange says that it already has a wager with this id. An earlier request
placed the wager, and the answer to that request may have been lost."""

NOT_OURS: Final = Meaning(Failure.UNKNOWN, Failure.BUG, Failure.BUG)
"""The meaning of an error with which the exchange says that the wager belongs to another account. For a placement this
error makes no sense. It then counts as not known whether the wager was placed, and the wager is looked up (read by its
id)."""

COMMON: Final[Mapping[str, Known]] = {
    # The request is wrong: our bug.
    "invalid_request": Known(WRONG),  # also a stake below the minimum (docs/protocol.md 4.2)
    "invalid_param": Known(WRONG),
    "invalid_external_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "invalid_cursor": Known(WRONG),
    "invalid_from": Known(WRONG),
    "invalid_to": Known(WRONG),
    "invalid_updated_at_from": Known(WRONG),
    "invalid_updated_at_to": Known(WRONG),
    "invalid_market_id": Known(WRONG),
    "invalid_event_id": Known(WRONG),
    "invalid_competitor_id": Known(WRONG),
    "market_event_limit_exceeded": Known(WRONG),
    "market_invalid_event": Known(WRONG),
    "from_date_greater_than_to_date": Known(WRONG),
    "invalid_from_to_range": Known(WRONG),
    "invalid_updated_at_range": Known(WRONG),
    "missing_date_range": Known(WRONG),
    "err_ref_id_invalid": Known(WRONG),
    "30010": Known(WRONG, FailureReason.OFF_LADDER),  # the gateway's number for invalid odds (docs/protocol.md 3)
    "exceed_subscription_count": Known(WRONG),
    # The exchange rejects the request.
    "unauthorized": Known(STALE_TOKEN),
    "data_not_found": Known(NO, FailureReason.NOT_FOUND),
    "sport_event_not_found": Known(NO, FailureReason.NOT_FOUND),
    "wallet_not_found": Known(NO),
    "keypair_num_exceed": Known(NO),
    "insufficient_amount": Known(NO),
    "event_not_available": Known(NO),
    "sport_event_is_not_booked": Known(NO),
    "sport_event_competitor_blacklisted": Known(NO),
    "supplemental_market_pre_match_only": Known(NO),
    "self_match": Known(NO),
    "err_order_placement_disabled": Known(NO),  # maintenance
    "err_add_liquidity_only_disabled": Known(NO),
    # Nothing was done now; the request may be repeated.
    "rate_limit_reached": Known(BUSY, FailureReason.TOO_MANY),
    "too_many_delayed_requests": Known(BUSY, FailureReason.TOO_MANY),
    "session_num_exceed": Known(BUSY, FailureReason.NO_SESSION_FREE),
    "reporting_not_available": Known(BROKEN),
    # The wager is being placed or matched: a cancel is repeated soon, and a placement must be looked up.
    "opened_retry": Known(IN_MOTION, FailureReason.BEING_MATCHED),
    # The exchange failed while it handled the request.
    "internal_error": Known(BROKEN),
    "unknown_error": Known(BROKEN),
}
"""The meaning of each error code that has the same name in all dialects."""
