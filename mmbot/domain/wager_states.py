"""The states of a wager, and the table that gives the next state after each thing that can happen to the wager.

Source: docs/protocol.md 6.3 to 6.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mmbot.domain.wager import Status


class State(StrEnum):
    """The state of a wager, as far as mmbot knows it."""

    PLACING = "placing"
    """The state of a wager whose placement was sent and has no answer yet."""
    INACTIVE = "inactive"
    """The state of a wager that the exchange accepted, while no report has said ``open`` yet."""
    OPEN = "open"
    CANCELLING = "cancelling"
    """The state of a wager whose cancel was sent, while no report has shown the result of the cancel yet. The answer to
    the cancel may already have been 200."""
    UNKNOWN = "unknown"
    """The state of a wager whose placement was sent, while it is unknown whether the exchange accepted the wager."""
    ABSENT = "absent"
    """The state of a wager that was never placed, as the exchange's history proved."""
    REJECTED = "rejected"
    """The state of a wager whose placement the exchange rejected."""
    INVALID = "invalid"
    CANCELED = "canceled"
    MATCHED = "matched"
    """The state of a wager that has no result yet and no stake that could still be matched."""
    WIPED = "wiped"
    VOID = "void"
    SETTLED = "settled"
    CLOSED = "closed"
    MANUAL = "manual"


class Happening(StrEnum):
    """Everything that can happen to a wager: the results of our own requests, the reports of the exchange
    (``SAID_...``), and the facts that the exchange's records proved (``PROVED_...``)."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The exchange rejected the placement of the wager. A rejected cancel is ``CANCEL_EARLY`` or ``CANCEL_REJECTED``.
    """
    LOST = "lost"
    """The placement got no readable answer, so it is unknown whether the exchange accepted the wager."""
    ABSENT = "absent"
    """The exchange's history lacks the wager, although the history is complete up to a time after the placement."""
    CANCEL_SENT = "cancel_sent"
    CANCEL_TAKEN = "cancel_taken"
    """The cancel was answered with 200, or with "nothing left to cancel". The wager cannot be matched any more, but
    earlier matches may still be reported."""
    CANCEL_LOST = "cancel_lost"
    """The cancel got no answer, or the answer 404, so it is unknown whether the wager was cancelled."""
    CANCEL_EARLY = "cancel_early"
    """The exchange rejected the cancel, because the wager is not open yet."""
    CANCEL_REJECTED = "cancel_rejected"
    """The exchange rejected the cancel, and the wager is still open."""

    SAID_INACTIVE = "said_inactive"
    SAID_OPEN = "said_open"
    SAID_FILLED = "said_filled"
    """A report says ``open`` and ``fully_matched``: the whole stake is matched, or the unmatched rest was cancelled."""
    SAID_INVALID = "said_invalid"
    SAID_CANCELED = "said_canceled"
    SAID_WIPED = "said_wiped"
    SAID_VOID = "said_void"
    SAID_SETTLED = "said_settled"
    SAID_CLOSED = "said_closed"
    SAID_MANUAL = "said_manual"

    PROVED_INACTIVE = "proved_inactive"
    """The exchange's records proved that the wager is inactive, although earlier reports said something else. Every
    fact whose name begins with ``PROVED_`` was confirmed by a second read after a grace period
    (``mmbot/engine/audit/``)."""
    PROVED_OPEN = "proved_open"
    PROVED_FILLED = "proved_filled"
    PROVED_INVALID = "proved_invalid"
    PROVED_CANCELED = "proved_canceled"
    PROVED_WIPED = "proved_wiped"
    PROVED_VOID = "proved_void"
    PROVED_SETTLED = "proved_settled"
    PROVED_CLOSED = "proved_closed"
    PROVED_MANUAL = "proved_manual"
    PROVED_ABSENT = "proved_absent"
    """The exchange's records proved that the exchange does not know the wager, although it once accepted the placement.
    """


class ImpossibleError(Exception):
    """Raised if something happens to a wager that its state makes impossible. This is a bug in mmbot."""


# Rules:
# 1. "=" keeps the state; "-" cannot happen.
# 2. The second table is for reports (SAID_...). A report can come late, twice or not at all, and a private message can
#    be false. So any report can come at any time, and a report moves a wager only forward.
# 3. The third table is for what the exchange's records proved (PROVED_...). It moves a wager to the state in the
#    records, even back: no report is believed for ever. A wager that is open before and after keeps its state.
# 4. A report revives an ABSENT or REJECTED wager: the exchange processed the placement late. A CANCELED wager stays so.
_REQUESTS = """
             ACCEPTED  REJECTED  LOST     ABSENT  CANCEL_SENT  CANCEL_TAKEN  CANCEL_LOST  CANCEL_EARLY  CANCEL_REJECTED
PLACING      INACTIVE  REJECTED  UNKNOWN  =       -            -             -            -             -
INACTIVE     =         =         =        =       CANCELLING   =             =            =             =
OPEN         =         =         =        =       CANCELLING   =             =            =             =
CANCELLING   =         =         =        =       =            =             =            INACTIVE      OPEN
UNKNOWN      INACTIVE  REJECTED  =        ABSENT  -            -             -            -             -
ABSENT       INACTIVE  =         =        =       -            -             -            -             -
REJECTED     INACTIVE  =         =        =       -            -             -            -             -
INVALID      =         =         =        =       -            =             =            =             =
CANCELED     =         =         =        =       -            =             =            =             =
MATCHED      =         =         =        =       -            =             =            =             =
WIPED        =         =         =        =       -            =             =            =             =
VOID         =         =         =        =       -            =             =            =             =
SETTLED      =         =         =        =       -            =             =            =             =
CLOSED       =         =         =        =       -            =             =            =             =
MANUAL       =         =         =        =       -            =             =            =             =
"""

_REPORTS = """
            INACTIVE  OPEN  FILLED   INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
PLACING     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
INACTIVE    =         OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
OPEN        =         =     MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
CANCELLING  =         =     MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
UNKNOWN     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
ABSENT      INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
REJECTED    INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL
INVALID     =         =     MATCHED  =        =         =      VOID  SETTLED  CLOSED  MANUAL
CANCELED    =         =     MATCHED  =        =         =      VOID  SETTLED  CLOSED  MANUAL
MATCHED     =         =     =        =        =         =      VOID  SETTLED  CLOSED  MANUAL
WIPED       =         =     MATCHED  =        =         =      VOID  SETTLED  CLOSED  MANUAL
VOID        =         =     =        =        =         =      =     =        =       MANUAL
SETTLED     =         =     =        =        =         =      VOID  =        CLOSED  MANUAL
CLOSED      =         =     =        =        =         =      VOID  =        =       MANUAL
MANUAL      =         =     =        =        =         =      VOID  =        =       =
"""


_PROOFS = """
            INACTIVE  OPEN  FILLED   INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  ABSENT
PLACING     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  =
INACTIVE    =         OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  ABSENT
OPEN        =         =     MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  ABSENT
CANCELLING  =         =     MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  ABSENT
UNKNOWN     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  =
ABSENT      INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  =
REJECTED    INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  =
INVALID     INACTIVE  OPEN  MATCHED  =        CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  =
CANCELED    INACTIVE  OPEN  MATCHED  INVALID  =         WIPED  VOID  SETTLED  CLOSED  MANUAL  =
MATCHED     INACTIVE  OPEN  =        INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  MANUAL  =
WIPED       INACTIVE  OPEN  MATCHED  INVALID  CANCELED  =      VOID  SETTLED  CLOSED  MANUAL  =
VOID        INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  =     SETTLED  CLOSED  MANUAL  =
SETTLED     INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  =        CLOSED  MANUAL  =
CLOSED      INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  =       MANUAL  =
MANUAL      INACTIVE  OPEN  MATCHED  INVALID  CANCELED  WIPED  VOID  SETTLED  CLOSED  =       =
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
    _read(_REQUESTS, "") | _read(_REPORTS, "SAID_") | _read(_PROOFS, "PROVED_")
)
"""The next state of a wager, for each pair of its state and what happened to it. A pair that is missing here is
impossible."""

COULD_MATCH: Final = frozenset({State.PLACING, State.INACTIVE, State.OPEN, State.CANCELLING, State.UNKNOWN})
"""The states of a wager whose remaining stake could still be matched, or may have been matched without our
knowledge."""

AWAITING: Final = frozenset({State.PLACING, State.INACTIVE, State.UNKNOWN})
"""The states of a placed wager that, as far as mmbot knows, has not been open yet."""

FINAL: Final = frozenset({State.VOID, State.SETTLED, State.CLOSED, State.MANUAL})
"""The states in which a wager has its result."""

SAID: Final[Mapping[Status, Happening]] = MappingProxyType(
    {
        Status.INACTIVE: Happening.SAID_INACTIVE,
        Status.OPEN: Happening.SAID_OPEN,  # SAID_FILLED if it is fully matched
        Status.INVALID: Happening.SAID_INVALID,
        Status.CANCELED: Happening.SAID_CANCELED,
        Status.VOID: Happening.SAID_VOID,
        Status.WIPED: Happening.SAID_WIPED,
        Status.MANUALLY_SETTLED: Happening.SAID_MANUAL,
        Status.SETTLED: Happening.SAID_SETTLED,
        Status.CLOSED: Happening.SAID_CLOSED,
    }
)
"""What happened to the wager, for each value of the field ``status`` in a report."""


PROVED: Final[Mapping[Status, Happening]] = MappingProxyType(
    {status: Happening[said.name.replace("SAID_", "PROVED_")] for status, said in SAID.items()}
)
"""What happened to the wager, for each value of the field ``status`` that the exchange's records proved."""


def after(state: State, happening: Happening) -> State:
    """Return the state of a wager in ``state`` after ``happening`` happened to it.

    Raises:
        ImpossibleError: if ``happening`` is impossible for a wager in ``state``.
    """
    try:
        return TABLE[state, happening]
    except KeyError:
        raise ImpossibleError(f"{happening} cannot happen to a wager that is {state}") from None
