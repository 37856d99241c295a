"""The error codes of the legacy dialect (version of the exchange's API), and the reader of its error answers."""

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
    "invalid_line_id": Known(WRONG),
    "invalid_stake": Known(WRONG),
    "invalid_wager_id": Known(WRONG, FailureReason.WRONG_WAGER),
    "wager_invalid_odds": Known(WRONG, FailureReason.OFF_LADDER),
    "wager_stake_exceeds_max": Known(WRONG),
    "wager_invalid_profit": Known(WRONG),
    "wager_limit_exceeded": Known(WRONG),
    "wager_not_matching_external_id": Known(WRONG, FailureReason.WRONG_WAGER),
    # A definite answer although the HTTP status is 500. On a placement it makes no sense: look the placement up.
    "wager_not_belongs_to_user": Known(NOT_OURS, FailureReason.WRONG_WAGER),
    # The exchange rejects the request.
    "no_cancellable_wagers": Known(NO, FailureReason.NOTHING_OPEN),
    "market_line_invalid": Known(NO),
    "wager_already_matched": Known(NO, FailureReason.NOTHING_LEFT),
    "wager_already_cancelled": Known(NO, FailureReason.NOTHING_LEFT),
    "wager_is_invalid": Known(NO, FailureReason.WRONG_WAGER),
    # An earlier request placed the wager. The answer to that request may have been lost.
    "wager_external_id_existed": Known(EXISTS, FailureReason.ID_EXISTS),
    "wager_ref_id_existed": Known(EXISTS, FailureReason.ID_EXISTS),
    # The wager is being placed or matched: a cancel is repeated soon, and a placement must be looked up.
    "wager_is_placing": Known(IN_MOTION, FailureReason.NOT_LIVE_YET),
    "wager_opened_retry": Known(IN_MOTION, FailureReason.BEING_MATCHED),
    # The exchange failed while it handled the request.
    "wager_balance_check_timeout": Known(BROKEN),
    "wager_unable_to_place": Known(BROKEN),
    "wager_unable_to_cancel": Known(BROKEN),
}
"""The meaning of each error code of the exchange (docs/protocol.md 4.3)."""


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
