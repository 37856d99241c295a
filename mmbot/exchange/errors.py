"""What can go wrong with a call, as four kinds that a caller can act on, and the exchange's error table.

*Refused*: nothing was done. *Retry later*: nothing was done and it may be asked again. *Unknown outcome*: it may have
been done or not. *Malformed*: the exchange found our request wrong, which is our bug. One code may mean different
things for a placement, a cancel and a read, so the table has a column for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.events import Failed, Failure

RETRY_SOON: Final = 300 * MILLISECOND
"""How long to wait after a cancel met a wager that is being placed or matched (specification, ``opened_retry``)."""

RETRY_LIMITED: Final = SECOND
"""How long to wait after a 429 that does not say."""


class Purpose(Enum):
    """What a call does, which decides what its failure means."""

    PLACE = "place"
    CANCEL = "cancel"
    READ = "read"


class ExchangeError(Exception):
    """A call that failed. The text holds no secret.

    Args:
        code: the exchange's error code, or ours: ``timeout``, ``connection``, ``redirect``, ``undecodable``,
            ``http_NNN`` where an answer named none, ``login_refused``, ``login_cooldown``, ``withdrawn``.
        message: what the exchange said.
    """

    failure: ClassVar[Failure]

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code: Final = code
        self.message: Final = message
        self.retry_at: Instant | None = None


class Refused(ExchangeError):
    """The exchange said no; nothing was done."""

    failure = Failure.REFUSED


class LoginRefused(Refused):
    """The keys are wrong or barred. Asking again without a change would not help."""


class RetryLater(ExchangeError):
    """Nothing was done and it may be asked again, from ``retry_at`` on if given."""

    failure = Failure.LATER

    def __init__(self, code: str, message: str = "", retry_at: Instant | None = None) -> None:
        super().__init__(code, message)
        self.retry_at = retry_at


class UnknownOutcome(ExchangeError):
    """No readable answer to a request that changes something: it may have been done or not."""

    failure = Failure.UNKNOWN


class Malformed(ExchangeError):
    """The exchange, or a check before sending, found the request wrong; nothing was done. Our bug."""

    failure = Failure.BUG


class Meaning(NamedTuple):
    """What a code means for each purpose."""

    place: Failure
    cancel: Failure
    read: Failure


_NO, _LATER, _UNKNOWN, _BUG = Failure.REFUSED, Failure.LATER, Failure.UNKNOWN, Failure.BUG

_WRONG: Final = Meaning(_BUG, _BUG, _BUG)
_REFUSED: Final = Meaning(_NO, _NO, _NO)
_BUSY: Final = Meaning(_LATER, _LATER, _LATER)
_BROKEN: Final = Meaning(_UNKNOWN, _UNKNOWN, _LATER)

CODES: Final[Mapping[str, Meaning]] = {
    # the request is wrong: a bug of ours
    "invalid_request": _WRONG,  # also a stake below the minimum (PROTOCOL 4.2)
    "invalid_param": _WRONG,
    "invalid_line_id": _WRONG,
    "invalid_stake": _WRONG,
    "invalid_external_id": _WRONG,
    "invalid_wager_id": _WRONG,
    "invalid_cursor": _WRONG,
    "invalid_from": _WRONG,
    "invalid_to": _WRONG,
    "invalid_updated_at_from": _WRONG,
    "invalid_updated_at_to": _WRONG,
    "invalid_market_id": _WRONG,
    "invalid_event_id": _WRONG,
    "invalid_competitor_id": _WRONG,
    "wager_invalid_odds": _WRONG,
    "30010": _WRONG,  # the gateway's number for invalid odds (PROTOCOL 3)
    "wager_stake_exceeds_max": _WRONG,
    "wager_invalid_profit": _WRONG,
    "wager_limit_exceeded": _WRONG,
    "market_event_limit_exceeded": _WRONG,
    "market_invalid_event": _WRONG,
    "wager_not_matching_external_id": _WRONG,
    "from_date_greater_than_to_date": _WRONG,
    "invalid_from_to_range": _WRONG,
    "invalid_updated_at_range": _WRONG,
    "missing_date_range": _WRONG,
    "err_ref_id_invalid": _WRONG,
    "exceed_subscription_count": _WRONG,
    # answered although the HTTP status is 500; a placement that meets it did not follow the table, so look it up
    "wager_not_belongs_to_user": Meaning(_UNKNOWN, _BUG, _BUG),
    # the exchange says no
    "unauthorized": Meaning(_NO, _LATER, _LATER),  # the token: a new one may do, and a placement is decided anew
    "data_not_found": _REFUSED,
    "sport_event_not_found": _REFUSED,
    "wallet_not_found": _REFUSED,
    "no_cancellable_wagers": _REFUSED,
    "keypair_num_exceed": _REFUSED,
    "insufficient_amount": _REFUSED,
    "event_not_available": _REFUSED,
    "sport_event_is_not_booked": _REFUSED,
    "sport_event_competitor_blacklisted": _REFUSED,
    "supplemental_market_pre_match_only": _REFUSED,
    "market_line_invalid": _REFUSED,
    "wager_already_matched": _REFUSED,
    "wager_already_cancelled": _REFUSED,
    "wager_is_invalid": _REFUSED,
    "self_match": _REFUSED,
    "err_order_placement_disabled": _REFUSED,  # maintenance
    "err_add_liquidity_only_disabled": _REFUSED,
    # it was placed by an earlier request, whose answer we may have lost
    "wager_external_id_existed": Meaning(_UNKNOWN, _NO, _NO),
    "wager_ref_id_existed": Meaning(_UNKNOWN, _NO, _NO),
    # not now
    "rate_limit_reached": _BUSY,
    "too_many_delayed_requests": _BUSY,
    "session_num_exceed": _BUSY,
    "reporting_not_available": _BROKEN,
    # the wager is being placed or matched: a cancel comes again soon, a placement has to be verified
    "wager_is_placing": Meaning(_UNKNOWN, _LATER, _LATER),
    "wager_opened_retry": Meaning(_UNKNOWN, _LATER, _LATER),
    "opened_retry": Meaning(_UNKNOWN, _LATER, _LATER),
    # the exchange broke on the way
    "internal_error": _BROKEN,
    "wager_balance_check_timeout": _BROKEN,
    "wager_unable_to_place": _BROKEN,
    "wager_unable_to_cancel": _BROKEN,
    "unknown_error": _BROKEN,
}
"""The error table (specification; PROTOCOL 4.3), in the legacy dialect's names."""

STATUSES: Final[Mapping[int, Meaning]] = {
    400: _WRONG,
    401: Meaning(_NO, _LATER, _LATER),
    402: _REFUSED,
    403: _REFUSED,  # "User is suspended" comes without a code
    404: _REFUSED,
    405: _WRONG,
    406: _WRONG,
    408: _BROKEN,
    409: Meaning(_UNKNOWN, _LATER, _LATER),
    410: _REFUSED,
    413: _WRONG,
    414: _WRONG,
    415: _WRONG,
    422: Meaning(_BUG, _LATER, _BUG),  # on a cancel: still being processed
    425: Meaning(_UNKNOWN, _LATER, _LATER),
    429: _BUSY,
}
"""What an answer means whose code is missing or new. Every status that is not here may have been done or not."""

SOON: Final = frozenset({"wager_is_placing", "wager_opened_retry", "opened_retry"})
"""Codes after which a cancel is repeated in ``RETRY_SOON``."""

NOTHING_FOUND: Final = frozenset({"data_not_found", "sport_event_not_found", "no_cancellable_wagers"})
"""What the exchange itself says when there is nothing. A gateway's bare 404 only says that a path is wrong."""

OF_THE_WAGER: Final = SOON | {
    "data_not_found",
    "no_cancellable_wagers",
    "wager_already_matched",
    "wager_already_cancelled",
    "wager_is_invalid",
    "wager_not_matching_external_id",
    "wager_not_belongs_to_user",
    "invalid_wager_id",
    "invalid_external_id",
}
"""What the answer to a single cancel says about its wager; any other failure is about the call."""


def meaning(status: int, code: str) -> Meaning:
    """What an error answer means, by its code where the table knows it, else by its HTTP status."""
    if known := CODES.get(code):
        return known
    return STATUSES.get(status, _BROKEN)


def failure_of(purpose: Purpose, status: int, code: str) -> Failure:
    """What an error answer means for a call of this purpose."""
    at = meaning(status, code)
    if purpose is Purpose.PLACE:
        # A 5xx on a placement stays unknown whatever its code says, and a cancel's code on one makes no sense.
        return Failure.UNKNOWN if status >= 500 else at.place
    return at.cancel if purpose is Purpose.CANCEL else at.read


def error_of(
    purpose: Purpose, status: int, code: str, message: str, now: Instant, retry_at: Instant | None
) -> ExchangeError:
    """The error for an answer.

    Args:
        code: as the exchange gave it, in the legacy dialect's names; empty where there was none.
        now: from which a short pause is counted.
        retry_at: when to come again, where the answer said so.
    """
    failure = failure_of(purpose, status, code)
    name = code or f"http_{status}"
    if failure is Failure.LATER:
        if retry_at is None and (code in SOON or status in (409, 422, 425)):
            retry_at = now + RETRY_SOON
        elif retry_at is None and status == 429:
            retry_at = now + RETRY_LIMITED
        return RetryLater(name, message, retry_at)
    if failure is Failure.REFUSED:
        return Refused(name, message)
    if failure is Failure.BUG:
        return Malformed(name, message)
    return UnknownOutcome(name, message)


def without_answer(purpose: Purpose, code: str, message: str) -> ExchangeError:
    """The error for a call that got no readable answer: a read may be asked again, a change may have been done."""
    return RetryLater(code, message) if purpose is Purpose.READ else UnknownOutcome(code, message)


def failed(request_id: int, error: ExchangeError) -> Failed:
    """The engine's event for an error."""
    return Failed(request_id, error.failure, error.code, error.message, error.retry_at)
