"""Tournaments, sport events, markets and lines, in the exchange's own terms."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mmbot.domain.bounds import LARGEST_LINE
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Side


class LineKey(NamedTuple):
    """The identity of a line. Three numbers are needed, because the exchange gives a line the same ``id`` as its market
    (docs/protocol.md 5.2)."""

    sport_event: int
    market: int
    number: int
    """The point spread of outcome 0, or the total, in quarter points. For example, a point spread of -3.5 is -14. In a
    market with a single line, the value is 0."""


class MarketKey(NamedTuple):
    """The identity of a market. Two numbers are needed, because markets of two sport events may have the same id."""

    sport_event: int
    market: int


def market_of(line: LineKey) -> MarketKey:
    """Return the market of a line."""
    return MarketKey(line.sport_event, line.market)


def quarter_points(number: float) -> int:
    """Convert the number of a line (a point spread or a total), such as -3.5, to quarter points, such as -14.

    Raises:
        ValueError: if the number is not a multiple of a quarter point, or is beyond ``LARGEST_LINE``.
    """
    scaled = number * 4
    try:
        whole = round(scaled)
    except OverflowError as bad:
        raise ValueError(f"{number!r} is not the number of a line") from bad
    if abs(scaled - whole) > 1e-9:
        raise ValueError(f"{number!r} is not a multiple of a quarter point")
    if abs(number) > LARGEST_LINE:
        raise ValueError(f"{number!r} is beyond every line")
    return whole


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """One outcome of a line. Wagers name the outcome by its ``line_id``. While the outcome has no offers, the exchange
    may leave out the ``line_id`` (docs/protocol.md 5.2). The ``line_id`` is then empty until a REST read contains
    it."""

    outcome_id: int
    line_id: str
    name: str
    competitor_id: int | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line with its outcomes, in the exchange's order. Only a line with exactly two outcomes can be quoted."""

    key: LineKey
    outcomes: tuple[Outcome, ...]
    name: str = ""
    status: str = "active"
    favourite: bool = False

    @property
    def quotable(self) -> bool:
        """True if the line has exactly two outcomes, and both have a ``line_id``."""
        return len(self.outcomes) == 2 and all(outcome.line_id for outcome in self.outcomes)

    def side_of(self, line_id: str) -> Side | None:
        """Return the number (0 or 1) of the outcome with this ``line_id``. The result is None if the line has no such
        outcome."""
        for side, outcome in enumerate(self.outcomes):
            if outcome.line_id == line_id:
                return side
        return None


class Market(msgspec.Struct, frozen=True, gc=False):
    """A market of a sport event. The markets of the whole sport event and of its first half have the same ``type``.
    They differ in ``sub_type`` and ``category_name`` (docs/protocol.md 5.2)."""

    key: MarketKey
    name: str
    type: str
    sub_type: str = ""
    category_name: str = ""
    status: str = "active"
    lines: tuple[Line, ...] = ()
    player_id: int | None = None
    """The id of the player, in a market about one player (a prop). None in a market about the whole sport event
    (docs/protocol.md 5.2)."""


class SportEvent(msgspec.Struct, frozen=True, gc=False):
    """A sport event. ``status`` is the exchange's own word for its state. If mmbot does not know this word, the sport
    event is not quoted."""

    sport_event_id: int
    tournament_id: int
    name: str
    status: str
    scheduled: Instant | None
    """The scheduled start of the sport event. None if the exchange gave no readable time."""
    sport_name: str = ""
    tournament_name: str = ""
    sub_type: str = ""
    competitors: tuple[str, ...] = ()


class Tournament(msgspec.Struct, frozen=True, gc=False):
    """A tournament: a league or a cup."""

    tournament_id: int
    name: str
    sport_name: str = ""


class Player(msgspec.Struct, frozen=True):
    """A player in a tournament."""

    player_id: int
    name: str
    competitor_id: int | None = None
    """The id of the player's team. None if the exchange gave no team."""
