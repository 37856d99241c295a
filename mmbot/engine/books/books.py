"""Keeps the books of all lines. Merges messages and REST reads, compares them, and repairs differences.

A message carries a sequence number, but a REST read does not. If a message about a line came after a read was
requested, the message counts and the read does not. A difference between our book and a read counts only if no message
about the line explains it in time.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import Final

from mmbot.domain.book import Book
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.engine.books.coverage import Coverage
from mmbot.engine.books.own_stake import LeftStake, OwnStake
from mmbot.engine.wagers.wager import LineWager

IN_FLIGHT: Final = 2 * SECOND
"""The longest time by which the message about a change may come later than a REST read that shows the change."""


UNREAD: Final = -1
"""The generation number of a book that no message and no read has confirmed yet. A generation begins when another feed
connection or channel starts to bring the book."""


class BookState:
    """The book of one line, and how far the book can be trusted."""

    __slots__ = (
        "book",
        "differed",
        "exact",
        "former",
        "generation",
        "known",
        "message_at",
        "net",
        "own",
        "read_at",
        "sequence",
        "suspect",
    )

    def __init__(self) -> None:
        self.book = Book()
        self.former: Book | None = None
        """The book of the line before the latest message. None if no earlier book came over the same connection and
        channels."""
        self.known = False
        self.net: Book | None = None
        """The book of the line without our own stake. None if it must be computed again, because the book or our stake
        changed."""
        self.own: Final = OwnStake()
        self.sequence = 0
        self.generation = UNREAD
        """The generation in which the book was confirmed most recently. A new generation begins when another connection
        or channel starts to bring the book (coverage.py)."""
        self.message_at: Instant = 0
        self.read_at: Instant = 0
        self.suspect: tuple[Instant, tuple[str, ...]] | None = None
        self.differed = 0
        self.exact = False
        """True if the book came in a message with the number ``sequence``. False if the book came from a REST read."""

    def own_changed(self) -> None:
        """Drop ``net``, the book without our own stake, because our wagers on the line changed."""
        self.net = None
        self.own.shown = None

    @property
    def fresh_at(self) -> Instant:
        """The time of the latest message, or of the latest read that agreed with the book, whichever is later."""
        return max(self.message_at, self.read_at)

    @property
    def doubtful(self) -> bool:
        """True if two REST reads in a row differed from the book, and no read has agreed with the book since."""
        return self.differed >= 2


class Books:
    """The books of all lines."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage: Final = coverage
        self._states: dict[LineKey, BookState] = {}
        self.differences: dict[str, int] = {"missing": 0, "extra": 0, "size": 0}
        """The number of repaired differences of each kind. ``missing`` counts price levels that only the REST read had.
        ``extra`` counts levels that only our book had. ``size`` counts levels with two different sizes."""
        self.stale_messages = 0

    def get(self, line: LineKey) -> BookState | None:
        """Return the state of a line's book. The result is None if the line has no book yet."""
        return self._states.get(line)

    def of(self, line: LineKey) -> BookState:
        """Return the state of a line's book. If the line has no book yet, create an empty state. Every call for a line
        returns the same object, until the sport event of the line is forgotten."""
        state = self._states.get(line)
        if state is None:
            state = self._states[line] = BookState()
        return state

    def distrust(self, line: LineKey) -> None:
        """Mark a line's book as unconfirmed. The book is not used until a read or a message confirms it again."""
        state = self._states.get(line)
        if state is not None:
            state.generation = UNREAD

    def lines(self) -> list[LineKey]:
        """Return all lines that have a book."""
        return list(self._states)

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the books of sport events that are over."""
        for line in [line for line in self._states if line.sport_event in sport_events]:
            del self._states[line]

    def on_message(self, line: LineKey, book: Book, sequence: int, generation: int, now: Instant) -> BookState | None:
        """Replace the book of a line with the book in a message, and return the state of the book. If the message is
        dropped, return None. A message is dropped if its connection does not bring the books of the sport event
        (``generation`` is 0). It is also dropped if our book has a higher sequence number."""
        if not generation:
            self.stale_messages += 1
            return None
        state = self.of(line)
        if sequence < state.sequence and state.generation == generation:
            self.stale_messages += 1
            return None
        state.former = state.book if state.known and state.generation == generation else None
        state.book = book
        state.known = True
        state.net = None
        state.exact = True
        state.sequence = sequence
        state.generation = generation
        state.message_at = now
        state.suspect = None
        state.own.take_message(sequence)
        return state

    def on_read(self, line: LineKey, book: Book, sent_at: Instant, now: Instant) -> bool:
        """Compare our book of a line with the book of a REST read that was sent at ``sent_at``. Repair our book. Return
        True if our book changed, or if the read confirmed a book that was not current."""
        state, cover = self.of(line), self._coverage.of(line.sport_event)
        generation = cover.generation
        current = state.known and state.generation == generation
        if current and state.message_at >= sent_at:
            if state.book == book:
                state.read_at = now
                state.differed = 0
            return False
        changed = state.book != book
        if not changed:
            state.differed = 0
            state.suspect = None
        elif state.known:
            state.suspect = (now + IN_FLIGHT, _differences(state.book, book))
        if changed:
            state.book = book
            state.net = None
            state.exact = False
        state.known = True
        if generation and cover.since <= sent_at and not (current and changed):
            state.generation = generation
            state.read_at = now
        return changed or not current

    def judge(self, line: LineKey, now: Instant) -> bool:
        """If no message has explained a difference between our book and a read in time, count the difference. Return
        True if this made the book doubtful."""
        state = self._states.get(line)
        if state is None or state.suspect is None or state.suspect[0] > now:
            return False
        for kind in state.suspect[1]:
            self.differences[kind] += 1
        state.suspect = None
        state.differed += 1
        return state.differed == 2

    def find_awaited(self, line: LineKey, awaited: list[LineWager], book: Book, sequence: int) -> None:
        """Search the book in a new message for wagers of ours that are not known to be open yet. This method must be
        called before ``on_message``."""
        state = self._states.get(line)
        if state is not None and state.known:
            state.own.find_awaited(awaited, state.book, book, sequence)

    def note_opened(self, line: LineKey, external_id: str, sequence: int) -> None:
        """Record that a wager of ours is open. Every book whose sequence number is at least ``sequence`` contains the
        wager."""
        state = self._states.get(line)
        if state is not None:
            state.own.enter(external_id, sequence)
            state.net = None

    def note_ended(self, line: LineKey, external_id: str) -> None:
        """Record that a wager of ours ended."""
        state = self._states.get(line)
        if state is not None:
            state.own.end(external_id)

    def note_left_book(self, line: LineKey, stake: LeftStake) -> None:
        """Record that stake of ours was matched or cancelled. Our copy of the book may still show this stake until the
        next message."""
        state = self._states.get(line)
        if state is None or stake.stake <= 0 or (state.exact and 0 < stake.sequence <= state.sequence):
            return  # our book is newer than the change
        state.own.leave(stake)
        state.net = None

    def own_changed(self, line: LineKey) -> None:
        """Drop the computed net book of a line (the book without our own stake), because our wagers on the line
        changed."""
        state = self._states.get(line)
        if state is not None:
            state.own_changed()

    def net(self, state: BookState, live: Collection[LineWager]) -> Book:
        """Return the book of a line without our own stake. ``live`` holds the wagers on the line that could still
        match."""
        if state.net is None:
            state.net = state.own.take_out(state.book, live, state.sequence, state.exact)
        return state.net


def _differences(ours: Book, theirs: Book) -> tuple[str, ...]:
    kinds: list[str] = []
    for mine, shown in zip(ours.sides, theirs.sides, strict=True):
        had = {level.odds: level.value for level in mine}
        has = {level.odds: level.value for level in shown}
        kinds += ["missing" for odds in has if odds not in had]
        kinds += ["extra" for odds in had if odds not in has]
        kinds += ["size" for odds in had if odds in has and had[odds] != has[odds]]
    return tuple(kinds) or ("size",)
