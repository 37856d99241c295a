"""Reads markets and books from REST answers. Each dialect (version of the exchange's API) has its own field names.

An item that cannot be read is left out and not quoted. The reason is added to the list ``malformed``. If one level of a
book cannot be read, the whole line is left out, because a book without this level would be wrong. An answer that cannot
be read at all raises ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from mmbot.domain.book import Book
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome
from mmbot.engine.events import MarketImage
from mmbot.exchange.answers.selections import WireLevel, book_of, number_of
from mmbot.exchange.answers.values import Id, Text, each, unwrap_or_none, whole, why
from mmbot.exchange.answers.words import Words, check_words
from mmbot.exchange.dialect import MalformedItems


class BoardLevel(WireLevel, gc=False):
    outcome_id: Id = None
    line_id: Text | None = None
    competitor_id: Id = None
    name: Text | None = None
    display_name: Text | None = None
    line: float | None = None


Sides = list[list[BoardLevel] | None]

_UNNAMED: Final = Outcome(0, "", "")


class BoardLine(msgspec.Struct):
    line: float | None = None
    name: Text | None = None
    status: Text | None = None
    favourite: bool | None = None
    selections: Sides | None = None


class BoardMarket(msgspec.Struct):
    id: Id = None
    sport_event_id: Id = None
    event_id: Id = None
    player_id: Id = None
    name: Text | None = None
    type: Text | None = None
    sub_type: Text | None = None
    category_name: Text | None = None
    status: Text | None = None
    line: float | None = None
    selections: Sides | None = None
    market_lines: list[msgspec.Raw] | None = None


class _Markets(msgspec.Struct):
    markets: list[msgspec.Raw] | None = None


class MarketReader:
    """Reads markets with their lines and books.

    Args:
        foreign: the field names that only other dialects (versions of the exchange's API) use.
        market: the type of a market. The fields may have other names in the exchange's JSON.
        line: the type of a line of a market.
    """

    def __init__(
        self, foreign: Words, market: type[BoardMarket] = BoardMarket, line: type[BoardLine] = BoardLine
    ) -> None:
        self._foreign: Final = foreign
        self._market: Final = market
        self._line: Final = line

    def read_markets(
        self, body: bytes, wanted: Sequence[int], malformed: MalformedItems
    ) -> dict[int, tuple[MarketImage, ...]]:
        """Read the markets and books of the sport events ``wanted``. A sport event that is missing or null in the
        answer has no markets. If the markets of a sport event are not a list, the sport event is left out of the
        result."""
        data = unwrap_or_none(body)
        by_sport_event = msgspec.json.decode(data, type=dict[str, msgspec.Raw]) if data is not None else {}
        found: dict[int, tuple[MarketImage, ...]] = {}
        for sport_event in wanted:
            raw = by_sport_event.get(str(sport_event))
            try:
                items = msgspec.json.decode(raw, type=list[msgspec.Raw] | None) if raw is not None else None
            except ValueError as bad:
                malformed.append(f"markets of sport event {sport_event}: {why(bad)}")
                continue
            found[sport_event] = self.images(sport_event, items, malformed)
        return found

    def read_markets_of(self, body: bytes, sport_event: int, malformed: MalformedItems) -> tuple[MarketImage, ...]:
        """Read the markets of one sport event. The list of markets is the value of ``data`` or a member of it
        (docs/protocol.md 4.1)."""
        data = unwrap_or_none(body)
        if data is None:
            return ()
        if bytes(data)[:1] == b"[":
            return self.images(sport_event, msgspec.json.decode(data, type=list[msgspec.Raw]), malformed)
        return self.images(sport_event, msgspec.json.decode(data, type=_Markets).markets, malformed)

    def images(
        self, sport_event: int | None, items: list[msgspec.Raw] | None, malformed: MalformedItems
    ) -> tuple[MarketImage, ...]:
        """Return the markets of one sport event. If ``sport_event`` is None, each market has to name its own sport
        event."""
        images = []
        where = "" if sport_event is None else f" of sport event {sport_event}"
        for place, item in each(items or (), self._market, malformed, "market"):
            try:
                named = item.event_id if item.sport_event_id is None else item.sport_event_id
                number = whole(named, "sport_event_id") if sport_event is None else sport_event
                images.append(self._image(number, item, (items or ())[place], malformed))
            except ValueError as bad:
                malformed.append(f"market {place}{where}: {why(bad)}")
        return tuple(images)

    def _image(self, sport_event: int, market: BoardMarket, raw: msgspec.Raw, malformed: MalformedItems) -> MarketImage:
        market_id = whole(market.id, "market id")
        where = f"market {market_id} of sport event {sport_event}"
        if not market.market_lines and not market.selections:
            check_words(raw, self._foreign)
        lines: dict[int, Line] = {}
        books: list[Book] = []
        for place, item, line_raw in self._lines(market, raw, where, malformed):
            try:
                self._check(item, line_raw)
                number = number_of(item.line, item.selections, market.type)
                if number in lines:
                    raise ValueError(f"the line at {number / 4:g} stands twice")
                line, book = _line(LineKey(sport_event, market_id, number), item)
            except ValueError as bad:
                malformed.append(f"line {place} of {where}: {why(bad)}")
            else:
                lines[number] = line
                books.append(book)
        return MarketImage(
            Market(
                key=MarketKey(sport_event, market_id),
                name=market.name or "",
                type=market.type or "",
                sub_type=market.sub_type or "",
                category_name=market.category_name or "",
                status=market.status or "",
                lines=tuple(lines.values()),
                player_id=_player_id(market.player_id),
            ),
            tuple(books),
        )

    def _lines(
        self, market: BoardMarket, raw: msgspec.Raw, where: str, malformed: MalformedItems
    ) -> list[tuple[int, BoardLine, msgspec.Raw]]:
        """Return the lines of a market, each with its JSON. A market of point spreads or totals has a list of lines.
        Any other market has a single line, whose fields are among the fields of the market."""
        if market.market_lines:
            before = len(malformed)
            lines = [
                (place, line, market.market_lines[place])
                for place, line in each(market.market_lines, self._line, malformed, "line")
            ]
            malformed[before:] = [f"{reason} ({where})" for reason in malformed[before:]]
            return lines
        if market.selections:
            return [(0, BoardLine(market.line, market.name, selections=market.selections), raw)]
        return []

    def _check(self, line: BoardLine, raw: msgspec.Raw) -> None:
        """Check that a line has no field with the name that another dialect uses. Raises ValueError if it has one."""
        if line.line is None:
            check_words(raw, self._foreign)
        if all(level.line_id for side in line.selections or () for level in side or ()):
            return
        for side in msgspec.json.decode(raw, type=_Levels).selections or ():
            for level in side or ():
                check_words(level, self._foreign)


class _Levels(msgspec.Struct):
    selections: list[list[msgspec.Raw] | None] | None = None


def _player_id(value: Id) -> int | None:
    """Return the id of the player in a market about a single player. None if the id is 0, empty or unreadable."""
    try:
        return whole(value, "player_id") or None
    except ValueError:
        return None


def _line(key: LineKey, line: BoardLine) -> tuple[Line, Book]:
    """Return a line with its book. If nobody offers a price on an outcome, a placeholder usually names the outcome. If
    the placeholder is missing too (docs/protocol.md 5.2), the outcome keeps its place but has no name."""
    sides = [side or [] for side in line.selections or ()]
    outcomes = tuple([_outcome(side) for side in sides])
    named = [outcome.line_id for outcome in outcomes if outcome.line_id]
    if len(set(named)) != len(named):
        raise ValueError("two outcomes share a line_id")
    book = book_of([list[WireLevel](side) for side in sides]) if len(sides) == 2 else Book()
    status = "active" if line.status is None else line.status
    return Line(key, outcomes, line.name or "", status, bool(line.favourite)), book


def _outcome(side: list[BoardLevel]) -> Outcome:
    """Return the outcome to which one side of a book belongs. Raises ValueError if the levels of the side name
    different outcomes."""
    named = [level for level in side if level.line_id]
    if not named:
        return _UNNAMED
    if any(level.line_id != named[0].line_id for level in named):
        raise ValueError("one side holds levels of two outcomes")
    level = named[0]
    return Outcome(
        outcome_id=0 if level.outcome_id is None else whole(level.outcome_id, "outcome_id"),
        line_id=level.line_id or "",
        name=level.name or level.display_name or "",
        competitor_id=None if level.competitor_id is None else whole(level.competitor_id, "competitor_id"),
    )
