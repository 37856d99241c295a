"""A line under a rule: the line itself, the latest view of its strategy, its targets, and its open wagers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmbot.domain.catalogue import Line, Market, SportEvent
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder
from mmbot.engine.books.books import BookState
from mmbot.engine.quoting.memo import Rest, Wanted
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
    """The lines under the same rule. Set first, when the line is added to them."""

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
        """The number of levels of each side that the strategy sees; None for all."""
        self.sound: Final = line.status == "active" and market.status == "active" and line.quotable
        """True if the line is active and has two outcomes that can be backed."""
        self.book: Final = book
        """Its book. Only the books write it."""
        self.live: Final = live
        """Its wagers that could still match, by our id. Only the ledger writes it."""

        self.seen: LineView | None = None
        """The latest view of the line. It is the same object while its content is the same."""
        self.fair: float | None = None
        """The fair probability of outcome 0 in ``seen``: the user's own price if there is one, otherwise the book's."""
        self.wanted = Wanted((), "no quote was decided yet")
        self.rest = Rest((), 0, ())

        # When to look again.
        self.own_changes = 1
        """The number of changes of own wagers and of the position."""
        self.outdated = True
        """True if the book, own wagers or the position changed since ``seen`` was made."""
        self.unsettled = False
        """True if the view is made at every look, because its price by the user ages or a guard of the line may be
        lifted."""
        self.wakes_at: Instant = 0
        """If later than now: a timer has the line looked at then or earlier."""
        self.view_index: int | None = None
        """The index of its view among those that the strategy is shown; None while the line is hidden."""

    @property
    def why(self) -> str | None:
        """The reason why there are no targets, or why a target cannot be placed; None if there is no such reason."""
        return self.wanted.why or self.rest.why


Conditions = tuple[int, int, Ladder]
"""The conditions of all lines: ``Guards.changes``, the generation of the sport event's books, and the ladder. When one
of them changes, every line is looked at."""


class RuleLines:
    """The lines of one sport event under one rule. One call of a strategy quotes all of them."""

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
        """The state that the strategy keeps between its calls."""
        self.said: Said | None = None
        """The latest answer of the strategy; None if it has to be asked again."""
        self.shown: list[QuotedLine] = []
        """The lines that the strategy is shown, in the order of the board."""
        self.views: list[LineView] = []
        """The view of each line in ``shown``."""
        self.outdated: dict[QuotedLine, None] = {}
        """The lines whose view is out of date, in the order in which they became so."""
        self.unsettled: list[QuotedLine] = []
        self.several = False
        """True if several lines share a market, and so its limit."""
        self.moved: dict[int, None] = {}
        """The markets with a line whose own wagers or position changed."""
        self.conditions: Conditions | None = None
        """The conditions when every line was last looked at; None has every line looked at next time."""
        self.soft = False
        """True if the sport event, the tournament or the account was at soft."""
        self.needs: Cents | None = None
        """The greatest ``Wanted.needs`` of the lines; None if one of them is None."""

    def add(self, line: QuotedLine) -> None:
        """Add a line of the sport event."""
        if self.lines and self.lines[-1].market.key == line.market.key:
            self.several = True
        line.rule_lines = self
        self.lines.append(line)

    def dissolve(self) -> None:
        """Drop all lines. They are under other rules now, or under none."""
        for lines in (self.lines, self.shown, self.unsettled):
            lines.clear()
        self.outdated.clear()

    def look_at_all(self) -> None:
        """Have every line looked at next time, and the strategy asked."""
        self.conditions = None
        self.said = None
        self.outdated.clear()


class EventLines:
    """The lines of one sport event, by rule."""

    __slots__ = ("by_rule", "judged", "judged_until")

    def __init__(self) -> None:
        self.by_rule: Final[dict[int, RuleLines]] = {}
        self.judged: SportEvent | None = None
        """The sport event as its guards were last judged. They stay the same until ``judged_until``."""
        self.judged_until: Instant = 0

    def add(self, line: QuotedLine, state: object) -> None:
        """Add a line. ``state``: the first state for the strategy of its rule."""
        lines = self.by_rule.get(line.rule)
        if lines is None:
            lines = self.by_rule[line.rule] = RuleLines(line.rule, state)
        lines.add(line)

    def __iter__(self) -> Iterator[QuotedLine]:
        for lines in self.by_rule.values():
            yield from lines.lines
