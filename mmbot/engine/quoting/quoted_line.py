"""The state of a line to which a quoting rule applies. It holds the latest view for the strategy, the targets (the
wagers that should be open), and the open wagers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mmbot.domain.catalogue import Line, Market, SportEvent
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder
from mmbot.engine.books.books import BookState
from mmbot.engine.quoting.memo import Comparison, Wanted
from mmbot.engine.wagers.wager import LineWager
from mmbot.strategy.interface import LineView, Said


class QuotedLine:
    """One line to which a quoting rule applies. Only the package ``quoting`` changes this object."""

    __slots__ = (
        "book",
        "comparison",
        "depth",
        "fair",
        "key",
        "line",
        "live",
        "market",
        "max_stake",
        "outdated",
        "own_changes",
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
    """The lines of the sport event that have the same quoting rule as this line. ``RuleLines.add`` sets this
    attribute."""

    def __init__(
        self,
        line: Line,
        market: Market,
        rule: int,
        max_stake: Cents,
        depth: int | None,
        book: BookState,
        live: dict[str, LineWager],
        disputed: bool = False,
    ) -> None:
        # These values never change. When the line, its market or its rule changes, a new QuotedLine is made.
        self.key: Final = line.key
        self.line: Final = line
        self.market: Final = market
        self.rule: Final = rule
        self.max_stake: Final = max_stake
        """The largest stake of one wager, in cents."""
        self.depth: Final = depth
        """The number of levels on each side of the book that the strategy sees. None if the strategy sees all
        levels."""
        active = line.status == "active" and market.status == "active"
        self.sound: Final = active and line.quotable and not disputed
        """True if the line could be quoted. The line and its market must be active, the line must have exactly two
        outcomes that can be backed, and no id may be disputed."""
        self.book: Final = book
        """The book of the line. Only ``Books`` changes it."""
        self.live: Final = live
        """The wagers on the line that could still be matched, by their ``external_id``. Only the ledger changes this
        dictionary."""

        self.seen: LineView | None = None
        """The latest view of the line for its strategy. While the content of the view stays the same, the object stays
        the same."""
        self.fair: float | None = None
        """The fair probability of outcome 0 in the latest view of the line. The user's own price takes precedence over
        the price from the book. None if both are missing."""
        self.wanted = Wanted((), "no quote was decided yet")
        self.comparison = Comparison((), 0, ())

        # When to decide the quotes again.
        self.own_changes = 1
        """The number of times that our wagers on the line or the position of the line changed."""
        self.outdated = True
        """True if the line's book, our wagers on the line, or its position changed after its latest view was made."""
        self.unsettled = False
        """True if the view of the line has to be made again at each decision. This is so while a guard (a reason not to
        quote) holds on the line, and while the user has given a price for the line, because the price may become too
        old."""
        self.wakes_at: Instant = 0
        """The instant at which a timer requests a new decision on the line's quotes. An instant in the past has no
        meaning."""
        self.view_index: int | None = None
        """The index of the line's view in ``RuleLines.views``. None while the strategy does not see the line."""

    @property
    def why(self) -> str | None:
        """The reason why the line has no targets (wagers that should be open), or why a target cannot be placed. None
        if there is no such reason."""
        return self.wanted.why or self.comparison.why


Conditions = tuple[int, int, Ladder]
"""The three values that matter for all lines: the number of changes of guards (``Guards.changes``), the generation of
the sport event's books, and the ladder of odds. If one of these values changes, the quotes of every line are decided
again."""


class RuleLines:
    """The lines of one sport event to which the same rule applies. One call of the rule's strategy quotes all these
    lines."""

    __slots__ = (
        "conditions",
        "lines",
        "moved",
        "moves",
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
        """The state that the strategy keeps from one call to the next."""
        self.said: Said | None = None
        """The latest answer of the strategy. None if the strategy has to be asked again."""
        self.shown: list[QuotedLine] = []
        """The lines that the strategy sees, in the sequence in which the exchange lists them."""
        self.views: list[LineView] = []
        """The view of each line in ``shown`` (the lines that the strategy sees)."""
        self.outdated: dict[QuotedLine, None] = {}
        """The lines whose view is out of date, in the sequence in which their views became out of date."""
        self.unsettled: list[QuotedLine] = []
        self.several = False
        """True if several of the rule's lines belong to one market, so that they share the limit of the market."""
        self.moved: dict[int, None] = {}
        """The markets in which our wagers or the position of a line changed."""
        self.conditions: Conditions | None = None
        """The ``Conditions`` (values that matter for all lines) at the latest decision on all lines. None if the next
        decision must cover all lines."""
        self.soft = False
        """True if the sport event, the tournament or the account was at its soft threshold when the latest decision was
        made."""
        self.needs: Cents | None = None
        """The largest ``Wanted.needs`` of the lines, in cents: the amount by which worst-case losses must be able to
        rise for the targets (wagers that should be open) of a line. None if limits cut the targets of a line."""
        self.moves = -1
        """The number of changes of positions and of placements (``Shared.moves``) when the latest decision was made."""

    def add(self, line: QuotedLine) -> None:
        """Add a line of the sport event."""
        if self.lines and self.lines[-1].market.key == line.market.key:
            self.several = True
        line.rule_lines = self
        self.lines.append(line)

    def dissolve(self) -> None:
        """Drop all lines, because another rule or no rule applies to them now."""
        for lines in (self.lines, self.shown, self.unsettled):
            lines.clear()
        self.outdated.clear()

    def look_at_all(self) -> None:
        """At the next decision, ask the strategy again and decide on every line."""
        self.conditions = None
        self.said = None
        self.outdated.clear()


class SportEventLines:
    """The lines of one sport event, grouped by the rule that applies to them."""

    __slots__ = ("by_rule", "judged", "judged_until")

    def __init__(self) -> None:
        self.by_rule: Final[dict[int, RuleLines]] = {}
        self.judged: SportEvent | None = None
        """The sport event as it was when its guards (reasons not to quote) were judged most recently. If the sport
        event does not change, the guards stay the same until ``judged_until``."""
        self.judged_until: Instant = 0

    def add(self, line: QuotedLine, state: object) -> None:
        """Add a line. ``state`` is the state with which the strategy of the line's rule begins."""
        lines = self.by_rule.get(line.rule)
        if lines is None:
            lines = self.by_rule[line.rule] = RuleLines(line.rule, state)
        lines.add(line)

    def __iter__(self) -> Iterator[QuotedLine]:
        for lines in self.by_rule.values():
            yield from lines.lines
