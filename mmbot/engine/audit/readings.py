"""The two readings of a balance: without exposure credits and with them (docs/protocol.md 7.6).

Each reading knows which equity follows from the balances so far, and says whether a new balance agrees.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents

SLACK: Final[Cents] = 5
CENTS: Final[Cents] = 2
"""The number of cents by which the balance may differ for each match or result since the latest read that agreed.
``SLACK`` cents are allowed in addition."""

MOST_EQUITIES: Final = 32
"""If this many amounts of the equity are possible, false matches that are taken back add no further ones."""

Range = tuple[Cents, Cents]
"""The type of a range of amounts: its least and its greatest amount."""


class WithoutCredits:
    """The reading in which the balance lacks every matched stake. The equity is one of a few exact amounts."""

    __slots__ = ("_differs_since", "_equities", "_moves")

    def __init__(self) -> None:
        self._equities: list[Cents] = []
        """The amounts that the equity may have, in rising order, from the latest read that agreed and the later
        deposits and withdrawals. If our figures changed near the time of the read, there are several amounts. The list
        is empty before the first read, and if this reading was dropped."""
        self._moves = 0
        self._differs_since: Instant | None = None

    def start(self, found: list[Cents], moves: int) -> None:
        """Take the amounts that follow from a read as the basis. ``moves`` is the number of matches and results
        before."""
        self._equities, self._moves, self._differs_since = sorted(found), moves, None

    def agreeing(self, found: list[Cents], moves: int) -> list[Cents]:
        """Return the found amounts that agree with the basis. ``moves`` is the present number of matches and
        results."""
        slack = SLACK + CENTS * (moves - self._moves)
        return [one for one in found if self._equities and abs(self._distance(one)) <= slack]

    def differs(self, now: Instant, longest: Duration) -> None:
        """Note that a read differs, although it agrees with the other reading. If this lasts for ``longest``, drop this
        reading."""
        if self._differs_since is None:
            self._differs_since = now
        elif now - self._differs_since >= longest:
            self._equities = []

    def move(self, cents: Cents) -> None:
        """Note that a deposit or a withdrawal changed the equity."""
        self._equities = [equity + cents for equity in self._equities]

    def may_move(self, cents: Cents) -> None:
        """Note that the equity may be different, because the basis may contain a false match."""
        known = self._equities
        if len(known) < MOST_EQUITIES:
            self._equities = sorted(dict.fromkeys([*known, *[equity + cents for equity in known]]))

    def differences(self, found: list[Cents]) -> list[Cents]:
        """Return the difference of each found amount from the basis. Empty if this reading was dropped."""
        return [self._distance(one) for one in found] if self._equities else []

    def _distance(self, amount: Cents) -> Cents:
        place = bisect_left(self._equities, amount)
        near = self._equities[max(0, place - 1) : place + 1]
        return min([amount - other for other in near], key=abs)


class WithCredits:
    """The reading in which the balance contains the exposure credits. The exchange counts each credit at a time of its
    own. So the equity lies within a range, which is exact as soon as no credit has changed for a while."""

    __slots__ = ("_differs_since", "_high", "_known", "_low", "_moves")

    def __init__(self) -> None:
        self._known = False
        """False before the first read, and if this reading was dropped."""
        self._low: Cents = 0
        self._high: Cents = 0
        self._moves = 0
        self._differs_since: Instant | None = None

    def start(self, found: list[Range], moves: int) -> None:
        """Take the ranges that follow from a read as the basis. ``moves`` is the number of matches and results
        before."""
        self._low, self._high = min([low for low, _ in found]), max([high for _, high in found])
        self._known, self._moves, self._differs_since = True, moves, None

    def agreeing(self, found: list[Range], moves: int) -> list[Range]:
        """Return the parts of the found ranges that agree with the basis. ``moves`` is the present number of matches
        and results."""
        if not self._known:
            return []
        slack = SLACK + CENTS * (moves - self._moves)
        parts = [(max(low, self._low - slack), min(high, self._high + slack)) for low, high in found]
        return [(low, high) for low, high in parts if low <= high]

    def differs(self, now: Instant, longest: Duration) -> None:
        """Note that a read differs, although it agrees with the other reading. If this lasts for ``longest``, drop this
        reading."""
        if self._differs_since is None:
            self._differs_since = now
        elif now - self._differs_since >= longest:
            self._known = False

    def move(self, cents: Cents) -> None:
        """Note that a deposit or a withdrawal changed the equity."""
        self._low += cents
        self._high += cents

    def may_move(self, cents: Cents) -> None:
        """Note that the equity may be different, because the basis may contain a false match."""
        self._low += min(0, cents)
        self._high += max(0, cents)

    def differences(self, found: list[Range]) -> list[Cents]:
        """Return the difference of each range from the basis. Empty if this reading was dropped."""
        return [self._distance(low, high) for low, high in found] if self._known else []

    def _distance(self, low: Cents, high: Cents) -> Cents:
        if low > self._high:
            return low - self._high
        return min(0, high - self._low)
