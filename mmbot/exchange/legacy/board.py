"""The board in the legacy dialect (version of the exchange's API). It consists of the odds ladder, tournaments, sport
events, players, markets and books.

An item that cannot be read is left out and not quoted. The reason is added to the list ``malformed``. If one level of a
book cannot be read, the whole line is left out, because a book without this level would be wrong. An answer that cannot
be read at all raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from mmbot.domain.book import Book
from mmbot.domain.catalogue import (
    Line,
    LineKey,
    Market,
    MarketKey,
    Outcome,
    Player,
    SportEvent,
    Tournament,
)
from mmbot.domain.money import Cents
from mmbot.engine.events import MarketImage
from mmbot.exchange.dialect import Call, MalformedItems, Version
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.messages import SportEventInfo, TournamentInfo
from mmbot.exchange.legacy.selections import book_of, number_of
from mmbot.exchange.legacy.wire import (
    Id,
    Part,
    Text,
    WireLevel,
    each,
    moment,
    part,
    unwrap,
    unwrap_or_none,
    whole,
    why,
)

T = TypeVar("T")


# --- calls ----------------------------------------------------------------------------------------------------------


def ladder() -> Call[tuple[int, ...]]:
    """The call that reads the odds ladder."""
    return _get("ladder", paths.LADDER, lambda answer, _: read_ladder(answer))


def tournaments(active: bool) -> Call[tuple[Tournament, ...]]:
    """The call that reads the tournaments."""
    return _get("tournaments", paths.tournaments_path(active), read_tournaments)


def sport_events(tournament: int) -> Call[tuple[SportEvent, ...]]:
    """The call that reads the sport events of a tournament."""
    path = paths.sport_events_path(tournament)
    return _get("sport_events", path, lambda answer, malformed: read_sport_events(answer, tournament, malformed))


def sport_events_by_id(sport_events: Sequence[int]) -> Call[tuple[SportEvent, ...]]:
    """The call that reads some sport events."""
    path = paths.sport_events_by_id_path(sport_events)
    return _get("sport_events_by_id", path, lambda answer, malformed: read_sport_events(answer, None, malformed))


def markets(sport_events: Sequence[int], version: Version) -> Call[dict[int, tuple[MarketImage, ...]]]:
    """The call that reads the markets of some sport events."""
    path = paths.markets_path(sport_events, version)
    return _get("markets", path, lambda answer, malformed: read_markets(answer, sport_events, malformed))


def markets_of(sport_event: int, version: Version) -> Call[tuple[MarketImage, ...]]:
    """The call that reads the markets of one sport event."""
    path = paths.markets_of_path(sport_event, version)
    return _get("markets_of", path, lambda answer, malformed: read_markets_of(answer, sport_event, malformed))


def search(
    tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents
) -> Call[tuple[MarketImage, ...]]:
    """The call that searches the markets of a tournament."""
    return _get("search_markets", paths.search_path(tournament, sport_events, types, least), read_search)


def players(tournament: int) -> Call[tuple[Player, ...]]:
    """The call that reads the players of a tournament."""
    return _get("players", paths.players_path(tournament), read_players)


def player(player: int, tournament: int) -> Call[Player]:
    """The call that reads one player."""
    return _get("player", paths.player_path(player, tournament), lambda answer, _: read_player(answer))


def _get(name: str, path: str, read: Callable[[bytes, MalformedItems], T]) -> Call[T]:
    return Call(name, Purpose.READ, "GET", path, None, read)


# --- answers --------------------------------------------------------------------------------------------------------


def read_ladder(body: bytes) -> tuple[int, ...]:
    """Read the odds ladder from an answer. The odds stay in the exchange's order."""
    return tuple(whole(tick, "odds") for tick in msgspec.json.decode(unwrap(body), type=list[float]))


class _Tournaments(msgspec.Struct):
    tournaments: list[msgspec.Raw] | None = None


def read_tournaments(body: bytes, malformed: MalformedItems) -> tuple[Tournament, ...]:
    """Read the tournaments from an answer."""
    found = []
    for place, item in each(
        msgspec.json.decode(unwrap(body), type=_Tournaments).tournaments or (), TournamentInfo, malformed
    ):
        try:
            sport = (item.sport and item.sport.name) or ""
            found.append(Tournament(whole(item.id, "id"), item.name or "", sport))
        except ValueError as bad:
            malformed.append(f"tournament {place}: {why(bad)}")
    return tuple(found)


class _SportEvent(SportEventInfo, gc=False):
    id: Id = None


class _SportEvents(msgspec.Struct):
    sport_events: list[msgspec.Raw] | None = None


def read_sport_events(body: bytes, tournament: int | None, malformed: MalformedItems) -> tuple[SportEvent, ...]:
    """Read the sport events of a tournament. If ``tournament`` is None, each sport event must name its tournament. A
    missing status is read as an empty text, and the sport event is then not quoted."""
    data = unwrap_or_none(body)
    items = msgspec.json.decode(data, type=_SportEvents).sport_events if data is not None else None
    found = []
    for place, item in each(items or (), _SportEvent, malformed):
        try:
            sport_event_id = whole(item.id if item.event_id is None else item.event_id, "event_id")
            named = tournament if item.tournament_id is None else item.tournament_id
            of = whole(named, "tournament_id")
        except ValueError as bad:
            malformed.append(f"sport event {place}: {why(bad)}")
            continue
        found.append(
            SportEvent(
                sport_event_id=sport_event_id,
                tournament_id=of,
                name=item.name or item.display_name or "",
                status=item.status or "",
                scheduled=moment(item.scheduled),
                sport_name=item.sport_name or "",
                tournament_name=item.tournament_name or "",
                sub_type=item.sub_type or "",
                competitors=tuple(competitor.name or "" for competitor in item.competitors or ()),
            )
        )
    return tuple(found)


class _Player(msgspec.Struct):
    id: Id = None
    player_id: Id = None
    name: Text | None = None
    display_name: Text | None = None
    competitor_id: Id = None
    team_id: Id = None


class _Players(msgspec.Struct):
    players: list[msgspec.Raw] | None = None
    player: Part = msgspec.UNSET


def read_players(body: bytes, malformed: MalformedItems) -> tuple[Player, ...]:
    """Read the players of a tournament. The list of players is the value of ``data`` or a member of it."""
    data = unwrap_or_none(body)
    if data is None:
        return ()
    if bytes(data)[:1] == b"[":
        items: list[msgspec.Raw] | None = msgspec.json.decode(data, type=list[msgspec.Raw])
    else:
        items = msgspec.json.decode(data, type=_Players).players
    found = []
    for place, item in each(items or (), _Player, malformed):
        try:
            found.append(_player(item))
        except ValueError as bad:
            malformed.append(f"player {place}: {why(bad)}")
    return tuple(found)


def read_player(body: bytes) -> Player:
    """Read one player. The player is the value of ``data`` or its member ``player``."""
    data = unwrap(body)
    inner = part(msgspec.json.decode(data, type=_Players).player)
    return _player(msgspec.json.decode(data if inner is None else inner, type=_Player))


def _player(item: _Player) -> Player:
    team = item.team_id if item.competitor_id is None else item.competitor_id
    return Player(
        player_id=whole(item.id if item.player_id is None else item.player_id, "player id"),
        name=item.name or item.display_name or "",
        competitor_id=None if team is None else whole(team, "competitor_id"),
    )


class _Level(WireLevel, gc=False):
    outcome_id: Id = None
    line_id: Text | None = None
    competitor_id: Id = None
    name: Text | None = None
    display_name: Text | None = None
    line: float | None = None


_Sides = list[list[_Level] | None]

_UNNAMED: Final = Outcome(0, "", "")


class _Line(msgspec.Struct):
    line: float | None = None
    name: Text | None = None
    status: Text | None = None
    favourite: bool | None = None
    selections: _Sides | None = None


class _Market(msgspec.Struct):
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
    selections: _Sides | None = None
    market_lines: list[msgspec.Raw] | None = None


def read_markets(body: bytes, wanted: Sequence[int], malformed: MalformedItems) -> dict[int, tuple[MarketImage, ...]]:
    """Read the markets and books of the sport events ``wanted``. A sport event that is missing or null in the answer
    has no markets. If the markets of a sport event are not a list, the sport event is left out of the result."""
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
        found[sport_event] = _images(sport_event, items, malformed)
    return found


class _Markets(msgspec.Struct):
    markets: list[msgspec.Raw] | None = None


def read_markets_of(body: bytes, sport_event: int, malformed: MalformedItems) -> tuple[MarketImage, ...]:
    """Read the markets of one sport event. The list of markets is the value of ``data`` or a member of it
    (docs/protocol.md 4.1)."""
    data = unwrap_or_none(body)
    if data is None:
        return ()
    if bytes(data)[:1] == b"[":
        return _images(sport_event, msgspec.json.decode(data, type=list[msgspec.Raw]), malformed)
    return _images(sport_event, msgspec.json.decode(data, type=_Markets).markets, malformed)


def read_search(body: bytes, malformed: MalformedItems) -> tuple[MarketImage, ...]:
    """Read the markets that a search found. No source shows the form of the answer, so three forms are accepted. The
    first is a list of markets, each with its sport event. The second is an object with such a list under ``markets``.
    The third is an object with a list of markets for each sport event's id."""
    data = unwrap_or_none(body)
    if data is None:
        return ()
    if bytes(data)[:1] == b"[":
        return _images(None, msgspec.json.decode(data, type=list[msgspec.Raw]), malformed)
    by_name = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    if "markets" in by_name:
        return _images(None, msgspec.json.decode(by_name["markets"], type=list[msgspec.Raw] | None), malformed)
    wanted = [int(name) for name in by_name if name.isascii() and name.isdecimal()]
    if by_name and not wanted:
        raise ValueError("a search that names neither markets nor sport events")
    return tuple(image for images in read_markets(body, wanted, malformed).values() for image in images)


def _images(
    sport_event: int | None, items: list[msgspec.Raw] | None, malformed: MalformedItems
) -> tuple[MarketImage, ...]:
    """Return the markets of one sport event. If ``sport_event`` is None, each market has to name its own sport
    event."""
    images = []
    where = "" if sport_event is None else f" of sport event {sport_event}"
    for place, item in each(items or (), _Market, malformed):
        try:
            named = item.event_id if item.sport_event_id is None else item.sport_event_id
            images.append(
                _image(whole(named, "sport_event_id") if sport_event is None else sport_event, item, malformed)
            )
        except ValueError as bad:
            malformed.append(f"market {place}{where}: {why(bad)}")
    return tuple(images)


def _image(sport_event: int, market: _Market, malformed: MalformedItems) -> MarketImage:
    market_id = whole(market.id, "market id")
    where = f"market {market_id} of sport event {sport_event}"
    lines: dict[int, Line] = {}
    books: list[Book] = []
    for place, item in _lines(market, where, malformed):
        try:
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


def _player_id(value: Id) -> int | None:
    """Return the id of the player in a market about a single player. None if the id is 0, empty or unreadable."""
    try:
        return whole(value, "player_id") or None
    except ValueError:
        return None


def _lines(market: _Market, where: str, malformed: MalformedItems) -> list[tuple[int, _Line]]:
    """Return the lines of a market. A market of point spreads or totals has a list of lines. Any other market has a
    single line, whose fields are among the fields of the market."""
    if market.market_lines:
        before = len(malformed)
        lines = list(each(market.market_lines, _Line, malformed))
        malformed[before:] = [f"{reason} ({where})" for reason in malformed[before:]]
        return lines
    if market.selections:
        return [(0, _Line(market.line, market.name, selections=market.selections))]
    return []


def _line(key: LineKey, line: _Line) -> tuple[Line, Book]:
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


def _outcome(side: list[_Level]) -> Outcome:
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
