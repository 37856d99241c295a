"""Our own stake in the book of one line: which part of the book is ours, and the book without that part."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from mmbot.domain.book import Book, Level, Levels
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate, profit
from mmbot.engine.wagers.wager import LineWager

Shown = dict[Odds, tuple[Cents, int]]
"""Our own stake in the price levels that takers of one outcome see. For each price: the stake that takers could place
against our wagers, in cents, and the number of our wagers."""


NOTHING_SHOWN: Final[tuple[Shown, Shown]] = ({}, {})
"""Our own stake for both outcomes if no stake of ours is in the book. Code must not change this value, because many
books share it."""


class LeftStake(NamedTuple):
    """Stake of ours that was matched or cancelled. A book whose sequence number is lower than ``sequence`` may still
    show this stake."""

    side: Side
    odds: Odds
    stake: Cents
    sequence: int


class OwnStake:
    """Our wagers in the book of one line.

    The sequence number of a message shows which of our wagers the book in the message contains: the wagers that entered
    the exchange's book before the message and have not left it. A book from a REST read has no sequence number, so
    every open wager of ours counts as being in such a book. If only a REST read showed that a wager is open, the wager
    counts as being in every book.
    """

    __slots__ = ("_entered", "_left", "certain", "shown")

    def __init__(self) -> None:
        self.shown: tuple[Shown, Shown] | None = None
        """The part of the book that consists of our own wagers, for each outcome. None if it must be computed again."""
        self.certain = False
        """True if the book contains all our open wagers, and none of our matched or cancelled stake. The next message
        then does not change our part of the book."""
        self._entered: Final[dict[str, int]] = {}
        """For the ``external_id`` of each wager of ours: the lowest sequence number of a book that contains the
        wager."""
        self._left: list[LeftStake] = []

    def enter(self, external_id: str, sequence: int) -> None:
        """Record that a wager of ours is open. Every book whose sequence number is at least ``sequence`` contains the
        wager."""
        self._entered[external_id] = sequence
        self.shown = None

    def end(self, external_id: str) -> None:
        """Forget at which sequence number a wager of ours entered the book, because the wager ended."""
        self._entered.pop(external_id, None)

    def leave(self, stake: LeftStake) -> None:
        """Record that stake of ours was matched or cancelled. The book may still show this stake until the next
        message."""
        self._left.append(stake)
        self.shown = None

    def await_placed(self) -> None:
        """Record that a wager of ours was just placed. The present book does not contain the wager, but the next book
        may contain it."""
        self.certain = False

    def take_message(self, sequence: int) -> None:
        """Forget the stake of ours that left the exchange's book before a new message. ``sequence`` is the sequence
        number of this message."""
        if self._left:
            self._left = [stake for stake in self._left if stake.sequence > sequence]

    def find_awaited(self, awaited: Iterable[LineWager], former: Book, book: Book, sequence: int) -> None:
        """Find wagers of ours in the book of a new message, before a private message reports that these wagers are
        open.

        A wager counts as found if the level at its odds grew at least by the size that the wager would show.

        Args:
            awaited: our wagers on the line that are not known to be open yet.
            former: the book before the message.
            book: the book in the message.
            sequence: the sequence number of the message.
        """
        for wager in awaited:
            ours = profit(wager.remaining, wager.odds)
            odds = negate(wager.odds)
            before = sum([level.value for level in former.sides[1 - wager.side] if level.odds == odds])
            after = sum([level.value for level in book.sides[1 - wager.side] if level.odds == odds])
            if after - before >= ours - 1:
                self._entered.setdefault(wager.external_id, sequence)

    def take_out(self, book: Book, live: Collection[LineWager], sequence: int, exact: bool) -> Book:
        """Return the book without our own stake. A level is left out unless it is certain that others have stake in it.

        Args:
            book: the book with our own stake.
            live: the wagers on the line that could still match. If one of these wagers is not ours, it counts as an
                offer of others.
            sequence: the sequence number of the latest message.
            exact: true if the book came from the latest message, false if the book came from a REST read.
        """
        if not live and not self._left:
            self.shown, self.certain = NOTHING_SHOWN, True
            return book
        shown = self.shown if self.certain else None
        if shown is None:
            shown = self.shown = self._find(live, sequence, exact)
        if not any(shown):
            return book
        under_0, under_1 = book.sides
        return Book((_without(under_0, shown[0]), _without(under_1, shown[1])))

    def _find(self, live: Collection[LineWager], sequence: int, exact: bool) -> tuple[Shown, Shown]:
        shown: tuple[Shown, Shown] = ({}, {})
        self.certain = not self._left
        for wager in live:
            if wager.foreign:
                continue
            since = self._entered.get(wager.external_id)
            if since is None:
                if wager.opened_at is None:
                    self.certain = False
                    continue  # not activated, so not shown
            elif since > sequence:
                self.certain = False  # a message that is older than the wager may still come
                if exact:
                    continue  # the book is older than the wager, too
            _add(shown[1 - wager.side], wager.odds, wager.remaining)
        for left in self._left:
            _add(shown[1 - left.side], left.odds, left.stake)
        return shown


def _add(shown: Shown, odds: Odds, stake: Cents) -> None:
    there, ours = negate(odds), profit(stake, odds)
    same = shown.get(there)
    shown[there] = (ours, 1) if same is None else (same[0] + ours, same[1] + 1)


def _without(levels: Levels, shown: Shown) -> Levels:
    for odds, (ours, count) in shown.items():
        first = 0
        for level in levels:
            if level.odds <= odds:  # the best odds for a taker come first
                break
            first += 1
        else:
            continue
        if level.odds != odds:
            continue
        kept = []
        last = first
        while last < len(levels) and levels[last].odds == odds:
            rest = levels[last].value - ours
            if rest > count:  # each of our wagers may be rounded by a cent
                kept.append(Level(odds, rest))
            last += 1
        levels = (*levels[:first], *kept, *levels[last:])
    return levels
