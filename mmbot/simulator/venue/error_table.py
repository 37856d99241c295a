"""The exchange's error table. It has the HTTP status and the message of each error code (docs/protocol.md 4.3). The
error codes are those of the legacy dialect (the version of the API with the words wager, odds, stake and line).

Most messages come from the exchange's published reference. A message that was captured from a real answer is used
instead (docs/protocol.md 2, 4.1, 6.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from mmbot.domain.instant import Instant


class Row(NamedTuple):
    """The HTTP status and the message of one error code."""

    status: int
    message: str


TABLE: Final[Mapping[str, Row]] = {
    "invalid_request": Row(400, "Invalid request"),
    "invalid_param": Row(400, "Invalid param"),
    "unauthorized": Row(401, "Unauthorized"),
    "data_not_found": Row(404, "Record not found"),
    "internal_error": Row(500, "Internal server error"),
    "keypair_num_exceed": Row(403, "Cannot create new key pair, only 20 key pair can be created"),
    "session_num_exceed": Row(403, "Cannot authorize new session, only 20 sessions can exist simultaneously"),
    "rate_limit_reached": Row(429, "Rate limit reached, can only send up to 50 requests per seconds"),
    "insufficient_amount": Row(403, "You don't have sufficient amount to proceed the operation"),
    "invalid_line_id": Row(400, "Invalid line id"),
    "invalid_stake": Row(400, "Invalid stake"),
    "invalid_external_id": Row(400, "Invalid external id"),
    "invalid_wager_id": Row(400, "Invalid wager id"),
    "invalid_cursor": Row(400, "Invalid cursor"),
    "invalid_from": Row(400, "Invalid param from"),
    "invalid_to": Row(400, "Invalid param to"),
    "invalid_updated_at_from": Row(400, "Invalid param updated_at_from"),
    "invalid_updated_at_to": Row(400, "Invalid param updated_at_to"),
    "invalid_market_id": Row(400, "Invalid market id"),
    "invalid_event_id": Row(400, "Invalid event id"),
    "invalid_competitor_id": Row(400, "Invalid competitor id"),
    "wager_limit_exceeded": Row(400, "Wager limit exceeded"),
    "market_event_limit_exceeded": Row(400, "Event limit exceeded"),
    "market_invalid_event": Row(400, "Invalid event_id"),
    "sport_event_not_found": Row(404, "Sport event not found"),
    "event_not_available": Row(400, "event is not available for betting"),
    "sport_event_is_not_booked": Row(400, "sport event is not booked"),
    "sport_event_competitor_blacklisted": Row(400, "can not place bet with given competitors"),
    "supplemental_market_pre_match_only": Row(400, "supplemental market just ready for pre-match sport event"),
    "market_line_invalid": Row(400, "market line id is invalid"),
    "wager_ref_id_existed": Row(400, "wager ref id is already existing"),
    "wager_external_id_existed": Row(400, "given user id already has wager with the same external id"),
    "wager_invalid_odds": Row(400, "invalid odds"),
    "wager_stake_exceeds_max": Row(400, "your wager stake exceeds the maximum allowed"),
    "wager_invalid_profit": Row(400, "update odds or stake then try again"),
    "wager_already_matched": Row(400, "Failed to cancel play. play is already matched"),
    "wager_already_cancelled": Row(400, "Failed to cancel play. play is already cancelled"),
    "wager_is_invalid": Row(400, "The wager you attempting to cancel is invalid"),
    "wager_not_matching_external_id": Row(400, "external id must matches with existing wager"),
    "wager_not_belongs_to_user": Row(500, "this wager does not belong to user"),
    "wager_is_placing": Row(409, "cannot cancel a placing wager, please try again later"),
    "wager_opened_retry": Row(425, "Newly opened wager is in its first matching queue, please retry after 300ms."),
    "opened_retry": Row(500, "We are processing other request. Please wait and retry later"),
    "wager_balance_check_timeout": Row(500, "wallet check balance request timeout"),
    "wager_unable_to_place": Row(500, "we cannot place your bet"),
    "wager_unable_to_cancel": Row(500, "failed to cancel wager"),
    "unknown_error": Row(500, "Unknown error"),
    "wallet_not_found": Row(404, "Wallet not found"),
    "err_ref_id_invalid": Row(404, "reference id invalid"),
    "no_cancellable_wagers": Row(404, "Failed to cancel wagers. No available wagers to be cancelled"),
    "reporting_not_available": Row(503, "reporting service not available"),
    "from_date_greater_than_to_date": Row(400, "from date must be lower than to date"),
    "invalid_from_to_range": Row(400, "'from' can't be more than 7 days from 'to'"),
    "invalid_updated_at_range": Row(400, "updated_at_from can't be more than 2 days from updated_at_to"),
    "missing_date_range": Row(400, "missing date range param"),
    "too_many_delayed_requests": Row(429, "The request cannot be delayed at the moment"),
    "err_order_placement_disabled": Row(403, "wager placement is currently disabled"),
    "err_add_liquidity_only_disabled": Row(400, "add-liquidity-only orders are not currently available"),
    "self_match": Row(400, "wager would match your own wager"),
    "exceed_subscription_count": Row(400, "too many subscriptions"),
}
"""The rows of the error table by error code. Two error codes are not in the published table: ``self_match``
(docs/protocol.md 14) and ``exceed_subscription_count`` (docs/protocol.md 13.5)."""

STATUS: Final[Mapping[str, int]] = {code: row.status for code, row in TABLE.items()}


TOO_SMALL: Final = "your wager stake is below the minimum allowed"
"""The message of the error ``invalid_request`` if the stake is below the minimum (docs/protocol.md 4.2)."""


class Rejection(Exception):
    """Raised for a request that is answered with an error.

    Args:
        code: the error code. If it is not in the error table, ``status`` must be given.
        message: the text of the answer. If it is None, the text comes from the error table.
        status: the HTTP status. If it is None, the status comes from the error table.
        retry_at: the earliest time at which the client may try again after a 429.
    """

    def __init__(
        self, code: str, message: str | None = None, *, status: int | None = None, retry_at: Instant | None = None
    ) -> None:
        row = TABLE.get(code, Row(500, ""))
        self.code: Final = code
        self.message: Final = row.message if message is None else message
        self.status: Final = row.status if status is None else status
        self.retry_at: Final = retry_at
        super().__init__(f"{code}: {self.message}")


class VenueError(Rejection):
    """Raised for a request that the exchange rejects. The reason is the content of the request, or the state of the
    market or the account."""
