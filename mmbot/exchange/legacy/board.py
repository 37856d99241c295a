"""The board in the legacy dialect (version of the exchange's API). It consists of the odds ladder, tournaments, sport
events, players, markets and books. Only this dialect has players and a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec

from mmbot.domain.catalogue import Player
from mmbot.domain.money import Cents
from mmbot.engine.events import MarketImage
from mmbot.exchange import calls
from mmbot.exchange.answers.listings import read_ladder, read_sport_events, read_tournaments
from mmbot.exchange.answers.markets import MarketReader
from mmbot.exchange.answers.values import Id, Part, Text, each, part, unwrap, unwrap_or_none, whole, why
from mmbot.exchange.calls import get
from mmbot.exchange.dialect import Call, MalformedItems
from mmbot.exchange.errors import not_offered
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.words import FOREIGN

__all__ = ["read_ladder", "read_sport_events", "read_tournaments"]

MARKETS: Final = MarketReader(FOREIGN)

read_markets = MARKETS.read_markets
read_markets_of = MARKETS.read_markets_of

# --- answers --------------------------------------------------------------------------------------------------------


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


def read_search(body: bytes, malformed: MalformedItems) -> tuple[MarketImage, ...]:
    """Read the markets that a search found. No source shows the form of the answer, so three forms are accepted. The
    first is a list of markets, each with its sport event. The second is an object that has this list under ``markets``.
    The third is an object with a list of markets for each sport event's id."""
    data = unwrap_or_none(body)
    if data is None:
        return ()
    if bytes(data)[:1] == b"[":
        return MARKETS.images(None, msgspec.json.decode(data, type=list[msgspec.Raw]), malformed)
    by_name = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    if "markets" in by_name:
        return MARKETS.images(None, msgspec.json.decode(by_name["markets"], type=list[msgspec.Raw] | None), malformed)
    wanted = [int(name) for name in by_name if name.isascii() and name.isdecimal()]
    if by_name and not wanted:
        raise ValueError("a search that names neither markets nor sport events")
    return tuple(image for images in MARKETS.read_markets(body, wanted, malformed).values() for image in images)


# --- calls ----------------------------------------------------------------------------------------------------------


class Board(calls.Board):
    """The calls that read the board. Only this dialect has players and a search."""

    def lines(self, line_ids: Sequence[str]) -> NoReturn:
        """Raise Malformed, because this dialect cannot read lines by their ids."""
        raise not_offered("lines by their ids")

    def search(
        self, tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents
    ) -> Call[tuple[MarketImage, ...]]:
        """The call that searches the markets of a tournament."""
        return get("search_markets", paths.search_path(tournament, sport_events, types, least), read_search)

    def players(self, tournament: int) -> Call[tuple[Player, ...]]:
        """The call that reads the players of a tournament."""
        return get("players", paths.players_path(tournament), read_players)

    def player(self, player: int, tournament: int) -> Call[Player]:
        """The call that reads one player."""
        return get("player", paths.player_path(player, tournament), lambda answer, _: read_player(answer))


CALLS: Final = Board(paths, MARKETS)
