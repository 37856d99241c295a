"""What is traded: tournaments, sport events, markets and their lines, in the exchange's own terms."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.odds import Side


class LineKey(NamedTuple):
    """Which line: the REST ``id`` of a line repeats its market's, so a line is known by these three (PROTOCOL 5.2)."""

    event: int
    market: int
    number: int
    """The first outcome's spread, or the total, in quarter points; 0 where a market has one line only."""


class MarketKey(NamedTuple):
    """Which market: template ids repeat from event to event, so both ids are needed."""

    event: int
    market: int


def market_of(line: LineKey) -> MarketKey:
    """The market that a line belongs to."""
    return MarketKey(line.event, line.market)


def quarter_points(number: float) -> int:
    """A line's number in quarter points. Raises ValueError if something smaller is left over."""
    scaled = number * 4
    try:
        whole = round(scaled)
    except OverflowError as bad:
        raise ValueError(f"{number!r} is no line's number") from bad
    if abs(scaled - whole) > 1e-9:
        raise ValueError(f"{number!r} is no multiple of a quarter point")
    return whole


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """One outcome of a line. ``line_id`` is what a wager on it is placed with; empty where no read has named it, as an
    empty side of a book need not (PROTOCOL 5.2)."""

    outcome_id: int
    line_id: str
    name: str
    competitor_id: int | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line with its outcomes, in the exchange's order. Only a line of exactly two can be quoted."""

    key: LineKey
    outcomes: tuple[Outcome, ...]
    name: str = ""
    status: str = "active"
    favourite: bool = False

    @property
    def quotable(self) -> bool:
        """Whether it has exactly two outcomes that a wager can be placed on."""
        return len(self.outcomes) == 2 and all(outcome.line_id for outcome in self.outcomes)

    def side_of(self, line_id: str) -> Side | None:
        """Which outcome a ``line_id`` stands for, or None if for neither."""
        for side, outcome in enumerate(self.outcomes):
            if outcome.line_id == line_id:
                return side
        return None


class Market(msgspec.Struct, frozen=True, gc=False):
    """A market of an event. ``type`` alone does not tell a game from its first half: ``sub_type`` and
    ``category_name`` do (PROTOCOL 5.2)."""

    key: MarketKey
    name: str
    type: str
    sub_type: str = ""
    category_name: str = ""
    status: str = "active"
    lines: tuple[Line, ...] = ()
    player_id: int | None = None
    """Whose prop it is; None for a market of the game (PROTOCOL 5.2)."""


class SportEvent(msgspec.Struct, frozen=True, gc=False):
    """A sport event. ``status`` is the exchange's own string; an unknown one means not tradeable."""

    event_id: int
    tournament_id: int
    name: str
    status: str
    scheduled: Instant | None
    """When it is due to start; None where the exchange gave no time that can be read."""
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
    """A player of a tournament, by whom props are told apart."""

    player_id: int
    name: str
    competitor_id: int | None = None
    """The team; None where the exchange named none."""
