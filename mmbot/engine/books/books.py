"""Books of all lines: messages and REST reads merged, compared and repaired; our own stake taken out.

A REST read has no sequence: it loses to any message for its line that came after it was asked for, and a difference
counts only if none did (DESIGN, *What the exchange does*).
"""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import Final, NamedTuple

from mmbot.domain.book import Book, Level, Levels
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, negate, profit
from mmbot.engine.books.coverage import Coverage
from mmbot.engine.wagers.wager import LineWager

IN_FLIGHT: Final = 2 * SECOND
"""A message may still be under way this long after a read that already shows its effect."""


UNREAD: Final = -1
"""In place of a generation: the book was not confirmed under any."""


class Ghost(NamedTuple):
    """Own stake that is over, but may still be in the book that we hold."""

    side: Side
    odds: Odds
    stake: Cents
    sequence: int


class BookState:
    """One line's book and what is known about it."""

    __slots__ = (
        "book",
        "differed",
        "entered",
        "exact",
        "former",
        "generation",
        "ghosts",
        "known",
        "message_at",
        "mine",
        "net",
        "plain",
        "read_at",
        "sequence",
        "suspect",
    )

    def __init__(self) -> None:
        self.book = Book()
        self.former: Book | None = None
        """What the latest message replaced; None if nothing was known under its generation."""
        self.known = False
        self.net: Book | None = None
        """The book without our own stake; None while it has to be made anew."""
        self.mine: tuple[_Mine, _Mine] | None = None
        """What of the book was ours when that was made; None since our wagers changed."""
        self.plain = False
        """Whether each of our wagers was in the book then, and nothing that is over: the next message changes nothing
        about what is ours in it."""
        self.sequence = 0
        self.generation = UNREAD
        """The generation under which the book was last confirmed."""
        self.message_at: Instant = 0
        self.read_at: Instant = 0
        self.suspect: tuple[Instant, tuple[str, ...]] | None = None
        self.differed = 0
        self.exact = False
        """Whether ``sequence`` dates the book: it came as a message, not from a read."""
        self.entered: dict[str, int] = {}
        """Own wagers known to have entered the book, with the sequence from which on it holds them."""
        self.ghosts: list[Ghost] = []

    def touch(self) -> None:
        """What is ours in it changed: the net book has to be made anew."""
        self.net = self.mine = None

    def await_ours(self) -> None:
        """Expect a wager of ours that was just placed: the next message may hold it. This book does not."""
        self.plain = False

    @property
    def fresh_at(self) -> Instant:
        """The latest message or agreeing read."""
        return max(self.message_at, self.read_at)

    @property
    def doubtful(self) -> bool:
        """Two reads running differed and none has agreed since."""
        return self.differed >= 2


class Books:
    """The books of all lines."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage: Final = coverage
        self._states: dict[LineKey, BookState] = {}
        self.differences: dict[str, int] = {"missing": 0, "extra": 0, "size": 0}
        """Repaired differences by kind: a level REST shows and we had not, the reverse, another size."""
        self.stale_messages = 0

    def get(self, line: LineKey) -> BookState | None:
        """The state of a line's book; None where none was ever asked for."""
        return self._states.get(line)

    def of(self, line: LineKey) -> BookState:
        """The state of a line's book, which stays the same object until its event is forgotten."""
        state = self._states.get(line)
        if state is None:
            state = self._states[line] = BookState()
        return state

    def distrust(self, line: LineKey) -> None:
        """What is known of a line's book counts for nothing until it is read, or a message brings another."""
        state = self._states.get(line)
        if state is not None:
            state.generation = UNREAD

    def lines(self) -> list[LineKey]:
        """All lines with a book."""
        return list(self._states)

    def forget(self, events: Container[int]) -> None:
        """Drop the books of events that are over."""
        for line in [line for line in self._states if line.event in events]:
            del self._states[line]

    def on_message(self, line: LineKey, book: Book, sequence: int, generation: int, now: Instant) -> BookState | None:
        """Take a full replacement. Returns None if the message was dropped, since it is strictly older by its sequence,
        or since its connection does not cover the sport event: then ``generation`` is 0."""
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
        if state.ghosts:
            state.ghosts = [ghost for ghost in state.ghosts if ghost.sequence > sequence]
        return state

    def on_read(self, line: LineKey, book: Book, sent_at: Instant, now: Instant) -> bool:
        """Compare a REST image that was asked for at ``sent_at``. True if it changed the book."""
        state, cover = self.of(line), self._coverage.of(line.event)
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
        """Count a difference once no message explained it in time. True if the line became doubtful by it."""
        state = self._states.get(line)
        if state is None or state.suspect is None or state.suspect[0] > now:
            return False
        for kind in state.suspect[1]:
            self.differences[kind] += 1
        state.suspect = None
        state.differed += 1
        return state.differed == 2

    def expect(self, line: LineKey, awaited: list[LineWager], book: Book, sequence: int) -> None:
        """Before a message is taken: a level that grows by what a wager of ours that awaits its activation would show
        holds it, though the private message that says so is still under way."""
        state = self._states.get(line)
        if state is None or not state.known:
            return
        for wager in awaited:
            ours = profit(wager.remaining, wager.odds)
            odds = negate(wager.odds)
            before = sum(level.value for level in state.book.sides[1 - wager.side] if level.odds == odds)
            after = sum(level.value for level in book.sides[1 - wager.side] if level.odds == odds)
            if after - before >= ours - 1:
                state.entered.setdefault(wager.external_id, sequence)

    def enter(self, line: LineKey, external_id: str, sequence: int) -> None:
        """A wager of ours is live: books from ``sequence`` on hold it."""
        state = self._states.get(line)
        if state is not None:
            state.entered[external_id] = sequence
            state.touch()

    def leave(self, line: LineKey, external_id: str) -> None:
        """A wager of ours is over."""
        state = self._states.get(line)
        if state is not None:
            state.entered.pop(external_id, None)

    def haunt(self, line: LineKey, side: Side, odds: Odds, stake: Cents, sequence: int) -> None:
        """Own stake ended: it may stand in the book until the next message."""
        state = self._states.get(line)
        if state is None or stake <= 0 or (state.exact and 0 < sequence <= state.sequence):
            return  # the book that we hold is later than that
        state.ghosts.append(Ghost(side, odds, stake, sequence))
        state.touch()

    def touch(self, line: LineKey) -> None:
        """Own wagers on a line changed: its net book has to be made anew."""
        state = self._states.get(line)
        if state is not None:
            state.touch()

    def net(self, state: BookState, live: Collection[LineWager]) -> Book:
        """The book without our own stake. A level of which it is not certain that others stand in it is left out.

        ``live`` are the line's wagers that could still match; those that are not ours are others' offers.

        A message's sequence tells which of our wagers it holds: those that entered before it and had not left. Where
        the book came from a read, or a wager was found open by one, the wager is taken to be in it.
        """
        if state.net is not None:
            return state.net
        mine = state.mine if state.plain else None
        if mine is None:
            mine = state.mine = _mine(state, live)
        under_0, under_1 = state.book.sides
        state.net = Book((_without(under_0, mine[0]), _without(under_1, mine[1]))) if any(mine) else state.book
        return state.net


_Mine = dict[Odds, tuple[Cents, int]]
"""Under one outcome, by the odds shown: what of ours takers can stake there, and in how many wagers."""


def _mine(state: BookState, live: Collection[LineWager]) -> tuple[_Mine, _Mine]:
    """What of ours stands in a book, under each outcome. Notes whether the next message could change that."""
    mine: tuple[_Mine, _Mine] = ({}, {})
    state.plain = not state.ghosts
    for wager in live:
        if wager.foreign:
            continue
        since = state.entered.get(wager.external_id)
        if since is None:
            if wager.opened_at is None:
                state.plain = False
                continue  # not activated, so not shown
        elif since > state.sequence:
            state.plain = False  # a message that is older than the wager may still come
            if state.exact:
                continue  # and so is the book
        _add(mine[1 - wager.side], wager.odds, wager.remaining)
    for ghost in state.ghosts:
        _add(mine[1 - ghost.side], ghost.odds, ghost.stake)
    return mine


def _add(mine: _Mine, odds: Odds, stake: Cents) -> None:
    shown, ours = negate(odds), profit(stake, odds)
    same = mine.get(shown)
    mine[shown] = (ours, 1) if same is None else (same[0] + ours, same[1] + 1)


def _without(levels: Levels, mine: _Mine) -> Levels:
    for odds, (ours, count) in mine.items():
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


def _differences(ours: Book, theirs: Book) -> tuple[str, ...]:
    kinds: list[str] = []
    for mine, shown in zip(ours.sides, theirs.sides, strict=True):
        had = {level.odds: level.value for level in mine}
        has = {level.odds: level.value for level in shown}
        kinds += ["missing" for odds in has if odds not in had]
        kinds += ["extra" for odds in had if odds not in has]
        kinds += ["size" for odds in had if odds in has and had[odds] != has[odds]]
    return tuple(kinds) or ("size",)
