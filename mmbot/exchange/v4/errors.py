"""The error codes of the v4 dialect (version of the exchange's API), and the reader of its error answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mmbot.engine.events import FailureReason
from mmbot.exchange.answers.error_codes import COMMON, EXISTS, NOT_OURS
from mmbot.exchange.answers.errors import ErrorReader
from mmbot.exchange.errors import BROKEN, IN_MOTION, NO, WRONG, ErrorTable, Known

CODES: Final[Mapping[str, Known]] = {
    **COMMON,
    # The request is wrong: our bug.
    "invalid_strike_id": Known(WRONG),
    "invalid_price": Known(WRONG, FailureReason.OFF_LADDER),
    "invalid_quantity": Known(WRONG),
    "order_quantity_exceeds_max": Known(WRONG),
    "order_invalid_profit": Known(WRONG),
    "invalid_order_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "order_not_matching_external_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "order_limit_exceeded": Known(WRONG),
    # A definite answer although the HTTP status is 500. On a placement it makes no sense: look the placement up.
    "order_not_belongs_to_user": Known(NOT_OURS, FailureReason.WRONG_WAGER),
    # The exchange rejects the request.
    "strike_id_invalid": Known(NO),
    "no_cancellable_orders": Known(NO, FailureReason.NOTHING_OPEN),
    "order_already_filled": Known(NO, FailureReason.NOTHING_LEFT),
    "order_already_cancelled": Known(NO, FailureReason.NOTHING_LEFT),
    "order_is_invalid": Known(NO, FailureReason.WRONG_WAGER),
    # An earlier request placed the wager. The answer to that request may have been lost.
    "order_external_id_existed": Known(EXISTS, FailureReason.ID_EXISTS),
    "order_ref_id_existed": Known(EXISTS, FailureReason.ID_EXISTS),
    # The wager is being placed or matched: a cancel is repeated soon, and a placement must be looked up.
    "order_is_placing": Known(IN_MOTION, FailureReason.NOT_LIVE_YET),
    "order_opened_retry": Known(IN_MOTION, FailureReason.BEING_MATCHED),
    # The exchange failed while it handled the request.
    "order_balance_check_timeout": Known(BROKEN),
    "order_unable_to_place": Known(BROKEN),
    "order_unable_to_cancel": Known(BROKEN),
}
"""The meaning of each error code of the exchange (docs/protocol.md 13.4)."""


# --- error answers --------------------------------------------------------------------------------------------------

_RENAMED: Final[Mapping[str, str]] = {
    "invalid_line_id": "invalid_strike_id",
    "invalid_stake": "invalid_quantity",
    "invalid_wager_id": "invalid_order_id",
    "market_line_invalid": "strike_id_invalid",
    "no_cancellable_wagers": "no_cancellable_orders",
    "order_already_canceled": "order_already_cancelled",
    "order_already_matched": "order_already_filled",
    "order_invalid_odds": "invalid_price",
    "order_stake_exceeds_max": "order_quantity_exceeds_max",
}
"""The codes of the legacy dialect whose name is not only another prefix. A part of the exchange may still use them."""

_SAID: Final = (
    ("already cancelled", "order_already_cancelled"),
    ("already canceled", "order_already_cancelled"),
    ("already matched", "order_already_filled"),
    ("already filled", "order_already_filled"),
)


def _spelt(code: str) -> str:
    """Return an error code in the spelling of the error table."""
    if code.startswith("wager_"):
        code = "order_" + code.removeprefix("wager_")
    return _RENAMED.get(code, code)


READER: Final = ErrorReader(_spelt, _SAID, ("error", "code"))

error_body = READER.error_body

TABLE: Final = ErrorTable(CODES, error_body)
