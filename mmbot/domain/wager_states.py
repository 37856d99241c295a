"""A wager's life as a table: which state follows when something happens. It only ever moves forward.

Sources: the second document of the specification (play flow, cases 1 to 3), PROTOCOL 6.3 to 6.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mmbot.domain.wager import Status


class State(StrEnum):
    """Where a wager stands, as far as we know."""

    PLACING = "placing"
    """Sent, not answered."""
    INACTIVE = "inactive"
    """Accepted, not yet said to be live."""
    OPEN = "open"
    CANCELLING = "cancelling"
    """A cancel was sent and no report has yet told what became of it, though a 200 may have come."""
    UNKNOWN = "unknown"
    """The placement's outcome is unknown."""
    ABSENT = "absent"
    """Proved by the history never to have been placed."""
    REFUSED = "refused"
    INVALID = "invalid"
    CANCELED = "canceled"
    MATCHED = "matched"
    """Nothing is left to match; the result is awaited."""
    WIPED = "wiped"
    VOID = "void"
    SETTLED = "settled"
    CLOSED = "closed"
    MANUAL = "manual"


class Happening(StrEnum):
    """What can happen to a wager: first what we learn of our own requests, then what the exchange reports."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"
    """The placement was not answered: it may have been done or not."""
    ABSENT = "absent"
    """A history that is complete beyond the request does not hold it."""
    CANCEL_SENT = "cancel_sent"
    CANCEL_TAKEN = "cancel_taken"
    """200, or an answer that nothing is left to cancel: it can match no more. What matched before is yet to be told."""
    CANCEL_LOST = "cancel_lost"
    """The cancel was not answered, or with a 404, which proves nothing."""
    CANCEL_EARLY = "cancel_early"
    """The cancel was refused because the wager is not live yet."""
    CANCEL_REFUSED = "cancel_refused"
    """The cancel was refused and the wager still rests."""

    SAID_INACTIVE = "said_inactive"
    SAID_OPEN = "said_open"
    SAID_FILLED = "said_filled"
    """``open`` and ``fully_matched``: nothing rests, be it all matched or the remainder cancelled."""
    SAID_INVALID = "said_invalid"
    SAID_CANCELED = "said_canceled"
    SAID_WIPED = "said_wiped"
    SAID_VOID = "said_void"
    SAID_SETTLED = "said_settled"
    SAID_CLOSED = "said_closed"
    SAID_MANUAL = "said_manual"


class ImpossibleError(Exception):
    """Something happened to a wager that cannot happen in its state: a fault of ours."""


# "=" stays, "-" cannot happen. The second table is of what is reported (SAID_...); that can be anything at any time.
# An ABSENT or REFUSED wager that is reported after all was processed late and lives; a CANCELED one never does again.
_REQUESTS = """
             ACCEPTED  REFUSED  LOST     ABSENT  CANCEL_SENT  CANCEL_TAKEN  CANCEL_LOST  CANCEL_EARLY  CANCEL_REFUSED
PLACING      INACTIVE  REFUSED  UNKNOWN  =       -            -             -            -             -
INACTIVE     =         =        =        =       CANCELLING   =             =            =             =
OPEN         =         =        =        =       CANCELLING   =             =            =             =
CANCELLING   =         =        =        =       =            =             =            INACTIVE      OPEN
UNKNOWN      INACTIVE  REFUSED  =        ABSENT  -            -             -            -             -
ABSENT       INACTIVE  =        =        =       -            -             -            -             -
REFUSED      INACTIVE  =        =        =       -            -             -            -             -
INVALID      =         =        =        =       -            =             =            =             =
CANCELED     =         =        =        =       -            =             =            =             =
MATCHED      =         =        =        =       -            =             =            =             =
WIPED        =         =        =        =       -            =             =            =             =
VOID         =         =        =        =       -            =             =            =             =
SETTLED      =         =        =        =       -            =             =            =             =
CLOSED       =         =        =        =       -            =             =            =             =
MANUAL       =         =        =        =       -            =             =            =             =
"""

_REPORTS = """
            INACTIVE  OPEN  FILLED   INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
PLACING     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
INACTIVE    =         OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
OPEN        =         =     MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
CANCELLING  =         =     MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
UNKNOWN     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
ABSENT      INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
REFUSED     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
INVALID     =         =     MATCHED  =        =         =      VOID  SETTLED  CLOSED  MANUAL
CANCELED    =         =     MATCHED  =        =         =      VOID  SETTLED  CLOSED  MANUAL
MATCHED     =         =     =        =        =         =      VOID  SETTLED  CLOSED  MANUAL
WIPED       =         =     MATCHED  =        =         =      VOID  SETTLED  CLOSED  MANUAL
VOID        =         =     =        =        =         =      =     =        =       MANUAL
SETTLED     =         =     =        =        =         =      VOID  =        CLOSED  MANUAL
CLOSED      =         =     =        =        =         =      VOID  =        =       MANUAL
MANUAL      =         =     =        =        =         =      VOID  =        =       =
"""


def _read(grid: str, prefix: str) -> dict[tuple[State, Happening], State]:
    table: dict[tuple[State, Happening], State] = {}
    head, *rows = (line.split() for line in grid.strip().splitlines())
    for name, *cells in rows:
        for column, cell in zip(head, cells, strict=True):
            if cell != "-":
                table[State[name], Happening[prefix + column]] = State[name if cell == "=" else cell]
    return table


TABLE: Final[Mapping[tuple[State, Happening], State]] = MappingProxyType(
    _read(_REQUESTS, "") | _read(_REPORTS, "SAID_")
)
"""(state, happening) -> state. A pair that is missing cannot happen."""

COULD_MATCH: Final = frozenset({State.PLACING, State.INACTIVE, State.OPEN, State.CANCELLING, State.UNKNOWN})
"""Where what is left of the stake could still be matched, or may have been without our knowing."""

AWAITING: Final = frozenset({State.PLACING, State.INACTIVE, State.UNKNOWN})
"""Where a placement is not yet known to be live."""

FINAL: Final = frozenset({State.VOID, State.SETTLED, State.CLOSED, State.MANUAL})
"""Where the result counts."""

SAID: Final[Mapping[Status, Happening]] = MappingProxyType(
    {
        Status.INACTIVE: Happening.SAID_INACTIVE,
        Status.OPEN: Happening.SAID_OPEN,  # SAID_FILLED once nothing of it rests
        Status.INVALID: Happening.SAID_INVALID,
        Status.CANCELED: Happening.SAID_CANCELED,
        Status.VOID: Happening.SAID_VOID,
        Status.WIPED: Happening.SAID_WIPED,
        Status.MANUALLY_SETTLED: Happening.SAID_MANUAL,
        Status.SETTLED: Happening.SAID_SETTLED,
        Status.CLOSED: Happening.SAID_CLOSED,
    }
)
"""The happening that a reported ``status`` is."""


def after(state: State, happening: Happening) -> State:
    """The state that follows.

    Raises:
        ImpossibleError: if the happening cannot happen in that state.
    """
    try:
        return TABLE[state, happening]
    except KeyError:
        raise ImpossibleError(f"{happening} cannot happen to a wager that is {state}") from None
