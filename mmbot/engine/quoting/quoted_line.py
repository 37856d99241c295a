"""A line under a rule: what it is, what its strategy saw, what is wanted there, and what rests there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmbot.domain.catalogue import Line, Market, SportEvent
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder
from mmbot.engine.books.books import BookState
from mmbot.engine.quoting.target import Rest, Wanted
from mmbot.engine.wagers.wager import LineWager
from mmbot.strategy.interface import LineView, Said


class QuotedLine:
    """One line under a rule. Only the district ``quoting`` writes it."""

    __slots__ = (
        "book",
        "depth",
        "fair",
        "key",
        "line",
        "live",
        "market",
        "max_stake",
        "outdated",
        "own_changes",
        "rest",
        "rule",
        "rule_lines",
        "seen",
        "sound",
        "unsettled",
        "view_index",
        "wakes_at",
        "wanted",
    )

    rule_lines: RuleLines
    """Set when the line is added to them, before anything else."""

    def __init__(
        self,
        line: Line,
        market: Market,
        rule: int,
        max_stake: Cents,
        depth: int | None,
        book: BookState,
        live: dict[str, LineWager],
    ) -> None:
        # The line itself: a changed line, market or rule makes another QuotedLine.
        self.key: Final = line.key
        self.line: Final = line
        self.market: Final = market
        self.rule: Final = rule
        self.max_stake: Final = max_stake
        """The largest stake of one wager."""
        self.depth: Final = depth
        """How many levels of each side the strategy is shown; None for all."""
        self.sound: Final = line.status == "active" and market.status == "active" and line.quotable
        """Open, with two outcomes that can be backed."""
        self.book: Final = book
        """What is known of its book. The books alone write it."""
        self.live: Final = live
        """Its wagers that could still match, by our id. The ledger alone writes it."""

        self.seen: LineView | None = None
        """The latest view of the line: the same object while it says the same."""
        self.fair: float | None = None
        """The fair probability of outcome 0 in ``seen``: the user's own price if there is one, otherwise the book's."""
        self.wanted = Wanted((), "not looked at yet")
        self.rest = Rest((), 0, ())

        # When to look again.
        self.own_changes = 1
        """Counts the changes of own wagers and of the position."""
        self.outdated = True
        """The book, own wagers or the position changed since ``seen`` was made."""
        self.unsettled = False
        """The view is made at every look: the user's own price in it ages, or a guard of the line may lift."""
        self.wakes_at: Instant = 0
        """If later than now: a timer makes the line be looked at then, or before."""
        self.view_index: int | None = None
        """Its place among the views that the strategy is shown; None where the line is hidden."""

    @property
    def why(self) -> str | None:
        """Why nothing is wanted, or why a target cannot be placed."""
        return self.wanted.why or self.rest.why


Conditions = tuple[int, int, Ladder]
"""What holds for every line: ``Guards.changes``, the generation of the sport event's books, and the ladder. When one of
them changes, every line is looked at."""


class RuleLines:
    """The lines of one sport event under one rule: one call of a strategy is about these."""

    __slots__ = (
        "conditions",
        "lines",
        "moved",
        "needs",
        "outdated",
        "rule",
        "said",
        "several",
        "shown",
        "soft",
        "state",
        "unsettled",
        "views",
    )

    def __init__(self, rule: int, state: object) -> None:
        self.rule: Final = rule
        self.lines: Final[list[QuotedLine]] = []
        self.state = state
        """The strategy's own."""
        self.said: Said | None = None
        """What the strategy returned last; None once it may return something else."""
        self.shown: list[QuotedLine] = []
        """Lines that the strategy is shown, in the order of the board."""
        self.views: list[LineView] = []
        """The view of each of them."""
        self.outdated: dict[QuotedLine, None] = {}
        """Lines whose view is out of date, in the order in which that arose."""
        self.unsettled: list[QuotedLine] = []
        self.several = False
        """Whether lines share a market, and so its limit."""
        self.moved: dict[int, None] = {}
        """Markets with a line of which own wagers or the position changed."""
        self.conditions: Conditions | None = None
        """What held when every line was last looked at; None makes the next look be at every line."""
        self.soft = False
        """Whether the event, the tournament or the account was at soft."""
        self.needs: Cents | None = None
        """No line's ``Wanted.needs`` is more; None if one of them is."""

    def add(self, line: QuotedLine) -> None:
        """Add a line of the sport event."""
        if self.lines and self.lines[-1].market.key == line.market.key:
            self.several = True
        line.rule_lines = self
        self.lines.append(line)

    def dissolve(self) -> None:
        """Drop all lines: they stand under other rules now, or under none."""
        for lines in (self.lines, self.shown, self.unsettled):
            lines.clear()
        self.outdated.clear()

    def look_at_all(self) -> None:
        """Make the next look be at every line, and ask the strategy."""
        self.conditions = None
        self.said = None
        self.outdated.clear()


class EventLines:
    """The lines of one sport event, by rule."""

    __slots__ = ("by_rule", "judged", "judged_until")

    def __init__(self) -> None:
        self.by_rule: Final[dict[int, RuleLines]] = {}
        self.judged: SportEvent | None = None
        """The sport event by which its guards were last judged; they stand until ``judged_until``."""
        self.judged_until: Instant = 0

    def add(self, line: QuotedLine, state: object) -> None:
        """Add a line. ``state`` is handed to the strategy of its rule first."""
        lines = self.by_rule.get(line.rule)
        if lines is None:
            lines = self.by_rule[line.rule] = RuleLines(line.rule, state)
        lines.add(line)

    def __iter__(self) -> Iterator[QuotedLine]:
        for lines in self.by_rule.values():
            yield from lines.lines
