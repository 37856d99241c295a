"""What is known of each line that falls under a rule: what its strategy saw and wants, and what is still to
be placed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds
from mmbot.engine.books.books import BookState
from mmbot.engine.quoting.target import Target
from mmbot.engine.wagers.wager import LineWager
from mmbot.strategy.interface import Decision, LineView, Said

NO_ROOM: Final[Cents] = 1 << 62
"""More than any scope has: targets that were cut are cut anew whenever a position moved."""

HIDDEN: Final = -1
"""In place of a place: the strategy is not shown the line."""

ANEW: Final = -1
"""In place of a count of changes: everything is to be looked at again."""


class Slot:
    """One line under a rule."""

    __slots__ = (
        "asked",
        "best",
        "book",
        "decision",
        "depth",
        "dirty",
        "fair",
        "group",
        "judged",
        "key",
        "ladder",
        "leaving",
        "line",
        "live",
        "market",
        "most",
        "moves",
        "needs",
        "pending",
        "place",
        "restless",
        "rule",
        "sound",
        "targets",
        "touched",
        "view",
        "wakes_at",
        "wanted",
        "why",
    )

    group: Group
    """Set when a group takes it in, before anything else."""

    def __init__(
        self,
        line: Line,
        market: Market,
        rule: int,
        most: Cents,
        depth: int | None,
        book: BookState,
        live: dict[str, LineWager],
    ) -> None:
        self.key: Final = line.key
        self.line: Final = line
        self.market: Final = market
        self.rule: Final = rule
        self.most: Final = most
        """The largest stake of one wager."""
        self.depth: Final = depth
        """How many levels of each side the strategy is shown; None for all."""
        self.sound: Final = line.status == "active" and market.status == "active" and line.quotable
        """Open, with two outcomes that can be backed."""
        self.book: Final = book
        """What is known of its book."""
        self.live: Final = live
        """Its wagers that could still match, by our id. The ledger alone writes it."""
        self.wakes_at: Instant = 0
        """Later than now: a timer that makes it be looked at again is due then, or before."""
        self.place = HIDDEN
        """Its place among the views of its group; ``HIDDEN`` where it is not shown."""

        self.view: LineView | None = None
        """What the strategy saw last, or is to see now. It stays the same object while it says the same."""
        self.dirty = True
        """The view is out of date: the book, own wagers or the position changed."""
        self.restless = False
        """The view is made anew at every look: the user's own price in it ages, or a guard of the line may clear."""
        self.fair: float | None = None
        """Of outcome 0: the user's own price if there is one, otherwise the book's."""

        self.targets: tuple[Target, ...] = ()
        self.pending: tuple[Target, ...] = ()
        """What is still to be placed."""
        self.leaving = False
        """Some of what rested was to be cancelled when that was last compared with what is wanted."""
        self.why: str | None = "not looked at yet"
        """Why nothing is wanted, or why what is wanted cannot be placed."""
        self.touched = True
        """Own wagers or the position changed since what rests was last compared with what is wanted."""

        # What ``wanted`` follows from. While that is the same, so is ``wanted``.
        self.wanted: tuple[tuple[Target, ...], str | None] = ((), None)
        self.asked = False
        self.decision: Decision | None = None
        self.judged: LineView | None = None
        self.best: tuple[float | None, Odds | None, Odds | None] = (None, None, None)
        """The fair probability and both best odds."""
        self.ladder: Ladder | None = None
        self.moves = 0
        """``Shared.moves`` at that time."""
        self.needs: Cents = NO_ROOM
        """With less room than this in the event, the tournament or the account, ``wanted`` may be less."""

    @property
    def shown(self) -> bool:
        """Whether the strategy is shown the line, and no guard of it and no price of the user's makes that change by
        itself."""
        return self.place != HIDDEN and not self.restless


class Pending:
    """Lines with something to place: those of a higher priority first, and of one priority in the order in which they
    came. The cost of a call does not grow with their number, unless it says so."""

    __slots__ = ("_by_priority", "lines")

    def __init__(self) -> None:
        self._by_priority: Final[dict[int, dict[LineKey, Slot]]] = {}
        self.lines: Final[dict[LineKey, int]] = {}
        """Each with its priority: the highest among what it has to place."""

    def put(self, slot: Slot) -> None:
        """Add a line, or note that what it has to place is another. It has something."""
        priority = max([target.priority for target in slot.pending])
        if self.lines.get(slot.key, priority) != priority:
            self.drop(slot.key)
        self.lines[slot.key] = priority
        self._by_priority.setdefault(priority, {})[slot.key] = slot

    def drop(self, line: LineKey) -> None:
        """Take a line out. An unknown one is none."""
        priority = self.lines.pop(line, None)
        if priority is not None:
            bucket = self._by_priority[priority]
            del bucket[line]
            if not bucket:
                del self._by_priority[priority]

    def first(self, count: int) -> list[Slot]:
        """So many of those of the highest priority, at most."""
        if not self._by_priority:
            return []
        return list(islice(self._by_priority[max(self._by_priority)].values(), count))


class Group:
    """The lines of one event under one rule: what one call of a strategy is about."""

    __slots__ = (
        "dirty",
        "generation",
        "guards_at",
        "ladder",
        "moved",
        "needs",
        "open",
        "restless",
        "result",
        "rule",
        "several",
        "slots",
        "soft",
        "state",
        "views",
    )

    def __init__(self, rule: int, state: object) -> None:
        self.rule: Final = rule
        self.result: Said | None = None
        """What the strategy returned last, while it would return the same again."""
        self.slots: Final[list[Slot]] = []
        self.state = state
        """The strategy's own."""
        self.open: list[Slot] = []
        """Those that the strategy is shown, in the order of the board."""
        self.views: list[LineView] = []
        """What it is shown of each."""
        self.dirty: dict[Slot, None] = {}
        """Those of which the view is out of date, in the order in which that arose."""
        self.restless: list[Slot] = []
        self.several = False
        """Whether lines share a market, and so its limit."""
        self.moved: dict[int, None] = {}
        """Markets with a line of which own wagers or the position changed."""
        self.guards_at = ANEW
        """``Guards.changes`` when every line was last looked at."""
        self.generation = 0
        """The generation of the sport event's books at that time."""
        self.ladder: Ladder | None = None
        self.soft = False
        """Whether the event, the tournament or the account was at soft."""
        self.needs: Cents = NO_ROOM
        """No line's ``needs`` is more."""

    def add(self, slot: Slot) -> None:
        """Take in a line of the event."""
        if self.slots and self.slots[-1].market.key == slot.market.key:
            self.several = True
        slot.group = self
        self.slots.append(slot)

    def dissolve(self) -> None:
        """Its lines stand in other groups now, or nowhere."""
        for lines in (self.slots, self.open, self.restless, self.dirty):
            lines.clear()

    def anew(self) -> None:
        """Look at every line next time."""
        self.guards_at = ANEW
        self.result = None
        self.dirty.clear()


class EventSlots:
    """The lines of one event by rule."""

    __slots__ = ("groups", "judged", "judged_until")

    def __init__(self) -> None:
        self.groups: dict[int, Group] = {}
        self.judged: SportEvent | None = None
        """The event by which its guards were last judged; they stand until ``judged_until``."""
        self.judged_until: Instant = 0

    def add(self, slot: Slot, state: object) -> None:
        """Take in a line. ``state`` is what the strategy of its rule is handed first."""
        group = self.groups.get(slot.rule)
        if group is None:
            group = self.groups[slot.rule] = Group(slot.rule, state)
        group.add(slot)

    def __iter__(self) -> Iterator[Slot]:
        for group in self.groups.values():
            yield from group.slots
