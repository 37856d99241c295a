"""The four kinds of failed calls, and a table of the exchange's error codes.

*Rejected* means that nothing was done. *Retryable* means that nothing was done and that the call may be repeated.
*Unknown outcome* means that the change may or may not have been made. *Malformed* means that our request was wrong,
which is a bug in mmbot.

An error code can mean one kind for a placement and another kind for a cancel or a read. So the table has a column for
each of these calls. The table also has a ``FailureReason`` for each error code. It is the engine's name for the reason
of the failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.events import Failed, Failure, FailureReason

RETRY_SOON: Final = 300 * MILLISECOND
"""The wait before a cancel is repeated if its wager was just being placed or matched (source: the error
``opened_retry`` in docs/protocol.md 4.3)."""

RETRY_LIMITED: Final = SECOND
"""The wait after HTTP 429 (too many requests) if the answer names no wait."""


CONNECTION: Final = "connection"
"""The error code of mmbot itself for a call whose connection broke or could not be opened."""


NOT_OFFERED: Final = "not_offered"
"""The error code of mmbot itself for a call that a dialect (version of the exchange's API) lacks."""


class Purpose(Enum):
    """The purpose of a call. The meaning of a failure depends on this purpose."""

    PLACE = "place"
    CANCEL = "cancel"
    READ = "read"


class ExchangeError(Exception):
    """Raised if a call failed. The text contains no key and no token.

    Args:
        code: the exchange's error code, or one of our own error codes. Our own codes are ``timeout``, ``connection``,
            ``redirect``, ``undecodable``, ``login_rejected``, ``login_cooldown`` and ``withdrawn``. If an answer has no
            error code, its code is ``http_NNN`` (the HTTP status).
        message: the text of the exchange.
    """

    failure: ClassVar[Failure]
    reason: FailureReason = FailureReason.OTHER
    """The engine's name for the reason of the failure."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code: Final = code
        self.message: Final = message
        self.retry_at: Instant | None = None


class Rejected(ExchangeError):
    """Raised if the exchange rejected the call. Nothing was done."""

    failure = Failure.REJECTED


class LoginRejected(Rejected):
    """Raised if the exchange rejected the keys. It would not help to repeat the log-in with the same keys."""

    reason = FailureReason.LOGIN


class Retryable(ExchangeError):
    """Raised if nothing was done and the call may be repeated. If ``retry_at`` is given, the call must not be repeated
    before this time."""

    failure = Failure.RETRYABLE

    def __init__(self, code: str, message: str = "", retry_at: Instant | None = None) -> None:
        super().__init__(code, message)
        self.retry_at = retry_at


class UnknownOutcome(ExchangeError):
    """Raised if nobody knows whether a placement or a cancel was carried out."""

    failure = Failure.UNKNOWN


class Malformed(ExchangeError):
    """Raised if the request was wrong, which is a bug in mmbot. The exchange, or a check before sending, rejected the
    request. Nothing was done."""

    failure = Failure.BUG


class Meaning(NamedTuple):
    """The kinds of failure that an error code means for a placement, for a cancel and for a read."""

    place: Failure
    cancel: Failure
    read: Failure


class Known(NamedTuple):
    """The entry of the error table for one error code. It has the meanings of the code, and the engine's name for the
    reason of the failure."""

    meaning: Meaning
    reason: FailureReason = FailureReason.OTHER


class ErrorBody(NamedTuple):
    """The content of an error answer."""

    code: str
    """The error code of the answer, spelt as in the error table. It is empty if the answer has no error code."""
    message: str
    next_allow_at: Instant | None
    """The time from which the exchange allows the next request, by the exchange's clock. None if the answer names no
    such time."""


WRONG: Final = Meaning(Failure.BUG, Failure.BUG, Failure.BUG)
"""The meaning of an error that was caused by a wrong request, which is a bug in mmbot."""

NO: Final = Meaning(Failure.REJECTED, Failure.REJECTED, Failure.REJECTED)
"""The meaning of an error with which the exchange rejected the request and did nothing."""

BUSY: Final = Meaning(Failure.RETRYABLE, Failure.RETRYABLE, Failure.RETRYABLE)
"""The meaning of an error after which the request may be repeated later. The exchange did nothing."""

BROKEN: Final = Meaning(Failure.UNKNOWN, Failure.UNKNOWN, Failure.RETRYABLE)
"""The meaning of an error that shows that the exchange failed while it handled the request."""

IN_MOTION: Final = Meaning(Failure.UNKNOWN, Failure.RETRYABLE, Failure.RETRYABLE)
"""The meaning of an error that comes while the wager is just being placed or matched. A cancel is repeated soon. After
a placement, it is not known whether the wager was placed, so the wager is looked up (read by its id)."""

STALE_TOKEN: Final = Meaning(Failure.REJECTED, Failure.RETRYABLE, Failure.RETRYABLE)
"""The meaning of an error that shows that the access token is not valid. A cancel or a read may succeed with a new
token. A placement has to be decided again."""

STATUSES: Final[Mapping[int, Meaning]] = {
    400: WRONG,
    401: STALE_TOKEN,
    402: NO,
    403: NO,  # the error "User is suspended" comes without a code
    404: NO,
    405: WRONG,
    406: WRONG,
    408: BROKEN,
    409: IN_MOTION,
    410: NO,
    413: WRONG,
    414: WRONG,
    415: WRONG,
    422: Meaning(Failure.BUG, Failure.RETRYABLE, Failure.BUG),  # on a cancel: the wager is still being processed
    425: IN_MOTION,
    429: BUSY,
}
"""The meaning of each HTTP status, used if the answer has no error code of the error table. A status without an entry
counts as ``BROKEN``."""

SOON: Final = frozenset({FailureReason.NOT_LIVE_YET, FailureReason.BEING_MATCHED})
"""The reasons of a failed cancel after which the cancel is repeated in ``RETRY_SOON`` (300 ms)."""

NOTHING_FOUND: Final = frozenset({FailureReason.NOT_FOUND, FailureReason.NOTHING_OPEN})
"""The reasons with which the exchange says that it found nothing. An answer 404 without an error code does not count as
nothing found: it may come from a gateway and mean a wrong path."""

OF_THE_WAGER: Final = SOON | NOTHING_FOUND | {FailureReason.NOTHING_LEFT, FailureReason.WRONG_WAGER}
"""The reasons of a failed cancel that concern the wager itself. Any other reason concerns the request as a whole."""


class ErrorTable:
    """The error codes of a dialect (version of the exchange's API), with the reader of its error answers.

    Args:
        codes: the entry for each error code that is known.
        read: the function that reads the body of an error answer, even if the body is not JSON.
    """

    def __init__(self, codes: Mapping[str, Known], read: Callable[[bytes], ErrorBody]) -> None:
        self.codes: Final = codes
        self.read: Final = read

    def failure_of(self, purpose: Purpose, status: int, code: str) -> Failure:
        """Return the kind of failure that an error answer means for a call with this purpose. If the error code of the
        answer is in this table, the error code decides. Otherwise the HTTP status decides. After a placement, a status
        of 500 or more always means that nobody knows whether the wager was placed."""
        known = self.codes.get(code)
        meaning = known.meaning if known is not None else STATUSES.get(status, BROKEN)
        if purpose is Purpose.PLACE:
            # After a 5xx the outcome of a placement is unknown, whatever the code says.
            return Failure.UNKNOWN if status >= 500 else meaning.place
        return meaning.cancel if purpose is Purpose.CANCEL else meaning.read

    def reason_of(self, status: int, code: str) -> FailureReason:
        """Return the engine's name for the reason that an error answer gives."""
        if (known := self.codes.get(code)) is not None:
            return known.reason
        return FailureReason.TOO_MANY if status == 429 and not code else FailureReason.OTHER

    def error_of(
        self, purpose: Purpose, status: int, code: str, message: str, now: Instant, retry_at: Instant | None
    ) -> ExchangeError:
        """Return the exception for an error answer.

        Args:
            code: the error code, spelt as in this table. It is empty if the answer has no error code.
            now: the present time, from which a short pause before a retry is counted.
            retry_at: the earliest time of a retry, if the answer names one.
        """
        failure = self.failure_of(purpose, status, code)
        reason = self.reason_of(status, code)
        name = code or f"http_{status}"
        error: ExchangeError
        if failure is Failure.RETRYABLE:
            if retry_at is None and (reason in SOON or status in (409, 422, 425)):
                retry_at = now + RETRY_SOON
            elif retry_at is None and status == 429:
                retry_at = now + RETRY_LIMITED
            error = Retryable(name, message, retry_at)
        elif failure is Failure.REJECTED:
            error = Rejected(name, message)
        elif failure is Failure.BUG:
            error = Malformed(name, message)
        else:
            error = UnknownOutcome(name, message)
        error.reason = reason
        return error


def without_answer(purpose: Purpose, code: str, message: str) -> ExchangeError:
    """Return the exception for a call that got no readable answer. A read may be repeated. A placement or a cancel may
    have been carried out."""
    error = Retryable(code, message) if purpose is Purpose.READ else UnknownOutcome(code, message)
    if code == CONNECTION:
        error.reason = FailureReason.UNREACHABLE
    return error


def unreachable(message: str) -> Retryable:
    """Return the exception for a call that never reached the exchange."""
    error = Retryable(CONNECTION, message)
    error.reason = FailureReason.UNREACHABLE
    return error


def not_offered(what: str) -> Malformed:
    """Return the exception for a call that a dialect (version of the exchange's API) lacks."""
    return Malformed(NOT_OFFERED, what)


def failed(request_id: int, error: ExchangeError) -> Failed:
    """Return the engine's event for a failed request."""
    return Failed(request_id, error.failure, error.code, error.message, error.retry_at, error.reason)
