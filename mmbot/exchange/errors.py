"""The four kinds of failure that a caller can act on, and the table that sorts a dialect's error codes into them.

*Refused*: nothing was done. *Retry later*: nothing was done, and the call may be repeated. *Unknown outcome*: it may
have been done or not. *Malformed*: the exchange found our request wrong, which is our bug. One code may mean different
things for a placement, a cancel and a read, so the table has a column for each. A code also has a ``Rejection``, the
reason in the engine's terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.engine.events import Failed, Failure, Rejection

RETRY_SOON: Final = 300 * MILLISECOND
"""The pause after a cancel that met a wager in placement or in a match (specification, ``opened_retry``)."""

RETRY_LIMITED: Final = SECOND
"""The pause after a 429 that names none."""


CONNECTION: Final = "connection"
"""Our code for a call whose connection could not be opened, or broke."""


class Purpose(Enum):
    """The effect of a call, which decides the meaning of its failure."""

    PLACE = "place"
    CANCEL = "cancel"
    READ = "read"


class ExchangeError(Exception):
    """A call that failed. The text holds no secret.

    Args:
        code: the exchange's error code, or ours: ``timeout``, ``connection``, ``redirect``, ``undecodable``,
            ``http_NNN`` where an answer named none, ``login_refused``, ``login_cooldown``, ``withdrawn``.
        message: the exchange's own text.
    """

    failure: ClassVar[Failure]
    rejection: Rejection = Rejection.OTHER
    """The reason in the engine's terms."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code: Final = code
        self.message: Final = message
        self.retry_at: Instant | None = None


class Refused(ExchangeError):
    """The exchange rejected the call; nothing was done."""

    failure = Failure.REFUSED


class LoginRefused(Refused):
    """The keys are wrong or barred. Repeating the log-in unchanged would not help."""

    rejection = Rejection.LOGIN


class RetryLater(ExchangeError):
    """Nothing was done, and the call may be repeated, from ``retry_at`` on if given."""

    failure = Failure.LATER

    def __init__(self, code: str, message: str = "", retry_at: Instant | None = None) -> None:
        super().__init__(code, message)
        self.retry_at = retry_at


class UnknownOutcome(ExchangeError):
    """No readable answer to a request that changes something: the change may have been made or not."""

    failure = Failure.UNKNOWN


class Malformed(ExchangeError):
    """The exchange, or a check before sending, found the request wrong. Nothing was done; it is our bug."""

    failure = Failure.BUG


class Meaning(NamedTuple):
    """The meaning of a code for each purpose."""

    place: Failure
    cancel: Failure
    read: Failure


class Known(NamedTuple):
    """An error code that a dialect knows."""

    meaning: Meaning
    rejection: Rejection = Rejection.OTHER


class ErrorBody(NamedTuple):
    """The body of an error answer."""

    code: str
    """In the names of the dialect's table; empty where the answer has none."""
    message: str
    next_allow_at: Instant | None
    """By the exchange's clock."""


WRONG: Final = Meaning(Failure.BUG, Failure.BUG, Failure.BUG)
"""The request is wrong."""

NO: Final = Meaning(Failure.REFUSED, Failure.REFUSED, Failure.REFUSED)
"""The exchange says no."""

BUSY: Final = Meaning(Failure.LATER, Failure.LATER, Failure.LATER)
"""Not now."""

BROKEN: Final = Meaning(Failure.UNKNOWN, Failure.UNKNOWN, Failure.LATER)
"""The exchange broke down on the way."""

IN_MOTION: Final = Meaning(Failure.UNKNOWN, Failure.LATER, Failure.LATER)
"""The wager is being placed or matched: a cancel is repeated soon, the outcome of a placement has to be looked up."""

STALE_TOKEN: Final = Meaning(Failure.REFUSED, Failure.LATER, Failure.LATER)
"""A new token may do, but a placement has to be decided again."""

STATUSES: Final[Mapping[int, Meaning]] = {
    400: WRONG,
    401: STALE_TOKEN,
    402: NO,
    403: NO,  # "User is suspended" comes without a code
    404: NO,
    405: WRONG,
    406: WRONG,
    408: BROKEN,
    409: IN_MOTION,
    410: NO,
    413: WRONG,
    414: WRONG,
    415: WRONG,
    422: Meaning(Failure.BUG, Failure.LATER, Failure.BUG),  # on a cancel: still being processed
    425: IN_MOTION,
    429: BUSY,
}
"""The meaning of an answer whose code is missing or new. With any other status the outcome is unknown."""

SOON: Final = frozenset({Rejection.NOT_LIVE_YET, Rejection.BEING_MATCHED})
"""After these a cancel is repeated in ``RETRY_SOON``."""

NOTHING_FOUND: Final = frozenset({Rejection.NOT_FOUND, Rejection.NOTHING_OPEN})
"""The exchange itself says that there is nothing. A gateway's bare 404 only says that a path is wrong."""

OF_THE_WAGER: Final = SOON | NOTHING_FOUND | {Rejection.NOTHING_LEFT, Rejection.WRONG_WAGER}
"""The answer to a single cancel speaks about its wager; any other failure is about the call."""


class ErrorTable:
    """The error codes of a dialect, and how it writes an error.

    Args:
        codes: each code that the dialect knows.
        read: reads the body of an error answer, whatever it is.
    """

    def __init__(self, codes: Mapping[str, Known], read: Callable[[bytes], ErrorBody]) -> None:
        self.codes: Final = codes
        self.read: Final = read

    def failure_of(self, purpose: Purpose, status: int, code: str) -> Failure:
        """Return the outcome of a call of this purpose after an error answer: by its code if the dialect knows it,
        otherwise by its HTTP status."""
        known = self.codes.get(code)
        meaning = known.meaning if known is not None else STATUSES.get(status, BROKEN)
        if purpose is Purpose.PLACE:
            # A 5xx on a placement stays unknown whatever its code says, and a cancel's code on one makes no sense.
            return Failure.UNKNOWN if status >= 500 else meaning.place
        return meaning.cancel if purpose is Purpose.CANCEL else meaning.read

    def rejection_of(self, status: int, code: str) -> Rejection:
        """The reason of an error answer in the engine's terms."""
        if (known := self.codes.get(code)) is not None:
            return known.rejection
        return Rejection.TOO_MANY if status == 429 and not code else Rejection.OTHER

    def error_of(
        self, purpose: Purpose, status: int, code: str, message: str, now: Instant, retry_at: Instant | None
    ) -> ExchangeError:
        """The error for an answer.

        Args:
            code: in the names of this table; empty where the answer had none.
            now: from which a short pause is counted.
            retry_at: when to come again, where the answer said so.
        """
        failure = self.failure_of(purpose, status, code)
        rejection = self.rejection_of(status, code)
        name = code or f"http_{status}"
        error: ExchangeError
        if failure is Failure.LATER:
            if retry_at is None and (rejection in SOON or status in (409, 422, 425)):
                retry_at = now + RETRY_SOON
            elif retry_at is None and status == 429:
                retry_at = now + RETRY_LIMITED
            error = RetryLater(name, message, retry_at)
        elif failure is Failure.REFUSED:
            error = Refused(name, message)
        elif failure is Failure.BUG:
            error = Malformed(name, message)
        else:
            error = UnknownOutcome(name, message)
        error.rejection = rejection
        return error


def without_answer(purpose: Purpose, code: str, message: str) -> ExchangeError:
    """The error for a call that got no readable answer: a read may be repeated, a change may have been done."""
    error = RetryLater(code, message) if purpose is Purpose.READ else UnknownOutcome(code, message)
    if code == CONNECTION:
        error.rejection = Rejection.UNREACHABLE
    return error


def unreachable(message: str) -> RetryLater:
    """The error for a call that never reached the exchange."""
    error = RetryLater(CONNECTION, message)
    error.rejection = Rejection.UNREACHABLE
    return error


def failed(request_id: int, error: ExchangeError) -> Failed:
    """The engine's event for an error."""
    return Failed(request_id, error.failure, error.code, error.message, error.retry_at, error.rejection)
