"""The board. It has the tournaments, sport events, markets and lines with their books. It also decides which lines
trade."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, Player, SportEvent, Tournament, market_of
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.simulator.venue.announcements import Announcements
from mmbot.simulator.venue.board.book import LineBook
from mmbot.simulator.venue.changes import (
    BookChanged,
    LineChanged,
    MarketChanged,
    Printed,
    SportEventChanged,
    TournamentChanged,
)
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import ShownBook, ShownLevel

NOT_STARTED: Final = "not_started"
LIVE: Final = "live"
POSTPONED: Final = "postponed"
FINISHED: Final = "finished"
ACTIVE: Final = "active"
SUPPLEMENTAL: Final = "sup_moneyline"
"""The type of a market that does not trade in play (docs/protocol.md 4.3)."""
_OPEN_STATUSES: Final = (NOT_STARTED, LIVE)


def derived_id(*parts: object) -> str:
    """Return an id of 32 hexadecimal digits. The id depends only on ``parts``."""
    return hashlib.blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=16).hexdigest()


class Board:
    """The catalogue of sport events, markets and lines, with one book for each line. The feed announces every change of
    the catalogue except changes of players."""

    def __init__(self, announcements: Announcements, seed: int) -> None:
        self._announcements = announcements
        self._seed = seed
        self.tournaments: dict[int, Tournament] = {}
        self.players: dict[int, dict[int, Player]] = {}
        """The players of each tournament, by the tournament's id and the player's id."""
        self.sport_events: dict[int, SportEvent] = {}
        self.unlisted: dict[int, None] = {}
        self.markets: dict[MarketKey, Market] = {}
        self.markets_of: dict[int, list[MarketKey]] = {}
        self.lines: dict[LineKey, Line] = {}
        self.books: dict[LineKey, LineBook] = {}
        self.maintenance = False
        """True during maintenance of the exchange. During maintenance, no wager is accepted, opened or matched on any
        line."""
        self.blacklisted: dict[str, None] = {}
        """The names of the blacklisted competitors. No wager is accepted on their sport events."""
        self._levels_shown: dict[LineKey, tuple[tuple[ShownLevel, ...], ...]] = {}
        """The price levels of the lines with three outcomes. Such lines are shown, but not traded."""
        self._by_line_id: dict[str, tuple[LineKey, Side]] = {}

    def line_id(self, sport_event: int, market: int, number: int, side: Side) -> str:
        """Return the ``line_id`` of one outcome of a line. ``number`` is the line's number in quarter points."""
        return derived_id("line", self._seed, sport_event, market, number, side)

    def add_tournament(self, tournament: Tournament, now: Instant) -> None:
        """Add a tournament to the list, or replace the tournament that has the same id."""
        op = "u" if tournament.tournament_id in self.tournaments else "c"
        self.tournaments[tournament.tournament_id] = tournament
        self._announcements.add(TournamentChanged(op, tournament, now))

    def add_player(self, tournament_id: int, player: Player) -> None:
        """Add a player to a tournament. Nothing is announced, because the feed has no message for players.

        Raises:
            ValueError: if the tournament does not exist.
        """
        if tournament_id not in self.tournaments:
            raise ValueError(f"player {player.player_id}: tournament {tournament_id} does not exist")
        self.players.setdefault(tournament_id, {})[player.player_id] = player

    def add_sport_event(self, sport_event: SportEvent, now: Instant, *, listed: bool = True) -> None:
        """Create a sport event. It is announced only if it is listed (docs/protocol.md 9).

        Raises:
            ValueError: if its tournament does not exist, or if the sport event exists already.
        """
        if sport_event.tournament_id not in self.tournaments:
            raise ValueError(
                f"sport event {sport_event.sport_event_id}: tournament {sport_event.tournament_id} does not exist"
            )
        if sport_event.sport_event_id in self.sport_events:
            raise ValueError(f"sport event {sport_event.sport_event_id} exists already")
        self.sport_events[sport_event.sport_event_id] = sport_event
        self.markets_of[sport_event.sport_event_id] = []
        if listed:
            self._announcements.add(SportEventChanged("c", sport_event, now))
        else:
            self.unlisted[sport_event.sport_event_id] = None

    def update_sport_event(self, sport_event: SportEvent, now: Instant) -> None:
        """Replace the sport event that has the same id. Raises KeyError if there is no such sport event."""
        if sport_event.sport_event_id not in self.sport_events:
            raise KeyError(sport_event.sport_event_id)
        self.sport_events[sport_event.sport_event_id] = sport_event
        if sport_event.sport_event_id not in self.unlisted:
            self._announcements.add(SportEventChanged("u", sport_event, now))

    def reschedule(self, sport_event_id: int, status: str, scheduled: Instant | None, now: Instant) -> None:
        """Set the status and the scheduled start of a sport event. This reschedules or postpones the sport event.
        Raises KeyError if the sport event does not exist, and VenueError if the sport event is in play or over."""
        sport_event = self.sport_events[sport_event_id]
        if sport_event.status not in (NOT_STARTED, POSTPONED):
            raise VenueError("event_not_available", f"sport event is {sport_event.status}")
        self.update_sport_event(msgspec.structs.replace(sport_event, status=status, scheduled=scheduled), now)

    def go_live(self, sport_event_id: int, now: Instant) -> None:
        """Start a sport event. Raises KeyError if the sport event does not exist, and VenueError if the sport event is
        over."""
        sport_event = self.sport_events[sport_event_id]
        if sport_event.status == FINISHED:
            raise VenueError("event_not_available", "the sport event is over")
        self.update_sport_event(msgspec.structs.replace(sport_event, status=LIVE), now)

    def list_sport_event(self, sport_event_id: int, now: Instant) -> None:
        """Put a sport event back on the list."""
        self.unlisted.pop(sport_event_id, None)
        self._announcements.add(SportEventChanged("u", self.sport_events[sport_event_id], now))

    def unlist_sport_event(self, sport_event_id: int, now: Instant) -> None:
        """Take a sport event off the list. It is then neither shown nor traded. Its open wagers stay open until they
        are cancelled."""
        self.unlisted[sport_event_id] = None
        self._announcements.add(SportEventChanged("d", self.sport_events[sport_event_id], now))

    def add_market(self, market: Market, now: Instant) -> None:
        """Add a market with its lines. An outcome without a ``line_id`` gets a new ``line_id``.

        Raises:
            ValueError: if the sport event does not exist. The error is also raised if the market, one of its lines or
                one of its ids exists already.
        """
        if market.key.sport_event not in self.sport_events:
            raise ValueError(f"market {market.key}: its sport event does not exist")
        if market.key in self.markets:
            raise ValueError(f"market {market.key} exists already")
        market = msgspec.structs.replace(market, lines=tuple(self._with_ids(line) for line in market.lines))
        for line in market.lines:
            if line.key in self.lines or market_of(line.key) != market.key:
                raise ValueError(f"line {line.key} cannot be added to market {market.key}")
            for side, outcome in enumerate(line.outcomes):
                if outcome.line_id in self._by_line_id:
                    raise ValueError(f"line id {outcome.line_id} exists already")
                self._by_line_id[outcome.line_id] = (line.key, side)
            self.lines[line.key] = line
            self.books[line.key] = LineBook(line.key)
        self.markets[market.key] = market
        self.markets_of[market.key.sport_event].append(market.key)
        if market.key.sport_event in self.unlisted:
            return
        self._announcements.add(MarketChanged("c", market.key.sport_event, market, now))
        for line in market.lines:
            for side in range(len(line.outcomes)):
                self._announcements.add(LineChanged("c", line, side, now))

    def _with_ids(self, line: Line) -> Line:
        key = line.key
        return msgspec.structs.replace(
            line,
            outcomes=tuple(
                outcome
                if outcome.line_id
                else Outcome(
                    outcome.outcome_id,
                    self.line_id(key.sport_event, key.market, key.number, side),
                    outcome.name,
                    outcome.competitor_id,
                )
                for side, outcome in enumerate(line.outcomes)
            ),
        )

    def set_market_status(self, key: MarketKey, status: str, now: Instant) -> None:
        """Change a market's status. The market trades only while its status is ``active``. Raises KeyError if the
        market does not exist."""
        market = self.markets[key]
        if market.status != status:
            self.markets[key] = market = msgspec.structs.replace(market, status=status)
            self._announcements.add(MarketChanged("u", key.sport_event, market, now))

    def set_line_status(self, key: LineKey, status: str, now: Instant) -> None:
        """Change a line's status. The line trades only while its status is ``active``. Raises KeyError if the line does
        not exist."""
        line = self.lines[key]
        if line.status == status:
            return
        line = self.lines[key] = msgspec.structs.replace(line, status=status)
        market = self.markets[market_of(key)]
        lines = tuple(line if each.key == key else each for each in market.lines)
        self.markets[market.key] = msgspec.structs.replace(market, lines=lines)
        for side in range(len(line.outcomes)):
            self._announcements.add(LineChanged("u", line, side, now))

    def set_blacklisted(self, competitor: str, on: bool) -> None:
        """Reject wagers on the sport events of a competitor from now on. If ``on`` is False, accept them again."""
        if on:
            self.blacklisted[competitor] = None
        else:
            self.blacklisted.pop(competitor, None)

    def show_levels(self, key: LineKey, sides: tuple[tuple[ShownLevel, ...], ...], now: Instant) -> None:
        """Show price levels on a line with three outcomes. Such a line does not trade.

        Raises:
            KeyError: if the line does not exist.
            ValueError: if the line has two outcomes, because its book is made from its orders. The error is also raised
                if ``sides`` does not have one entry for each outcome.
        """
        line = self.lines[key]
        if len(line.outcomes) == 2 or len(sides) != len(line.outcomes):
            raise ValueError(f"line {key} has {len(line.outcomes)} outcomes and cannot show {len(sides)} sides")
        self._levels_shown[key] = sides
        if key.sport_event not in self.unlisted:
            self._announcements.add(BookChanged(key, now))

    def announce_match(self, key: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant) -> None:
        """Announce a match that was recorded elsewhere. Neither account of the match is on this exchange."""
        line_id = self.lines[key].outcomes[side].line_id
        self._announcements.add(Printed(key, side, line_id, odds, odds, stake, now))

    def shown(self, key: LineKey) -> ShownBook:
        """Return the public book of a line. Raises KeyError if the line does not exist."""
        outcomes = len(self.lines[key].outcomes)
        if outcomes == 2:
            return self.books[key].shown()
        sides = self._levels_shown.get(key, ((),) * outcomes)
        return ShownBook(key, sides, max((level.updated_at for side in sides for level in side), default=0))

    def listed(self, tournament_id: int | None, ids: list[int] | None) -> list[SportEvent]:
        """Return the listed sport events. If ``tournament_id`` is given, only sport events of this tournament are
        returned. If ``ids`` is given, only these sport events are returned."""
        return [
            sport_event
            for sport_event in self.sport_events.values()
            if sport_event.sport_event_id not in self.unlisted
            and (tournament_id is None or sport_event.tournament_id == tournament_id)
            and (ids is None or sport_event.sport_event_id in ids)
        ]

    def markets_shown(self, sport_event_id: int) -> list[Market] | None:
        """Return the markets of a sport event. None if the sport event is not listed."""
        if sport_event_id not in self.sport_events or sport_event_id in self.unlisted:
            return None
        return [self.markets[key] for key in self.markets_of[sport_event_id]]

    def players_of(self, tournament_id: int) -> list[Player] | None:
        """Return the players of a tournament. None if the tournament does not exist."""
        return list(self.players.get(tournament_id, {}).values()) if tournament_id in self.tournaments else None

    def find(self, line_id: str) -> tuple[LineKey, Side] | None:
        """Return the line and the outcome to which a ``line_id`` belongs. None if the id is unknown."""
        return self._by_line_id.get(line_id)

    def rejection(self, key: LineKey) -> VenueError | None:
        """Return the reason why a line does not trade now. None if the line trades."""
        if self.maintenance:
            return VenueError("err_order_placement_disabled")
        sport_event = self.sport_events[key.sport_event]
        if key.sport_event in self.unlisted:
            return VenueError("sport_event_is_not_booked")
        if sport_event.status not in _OPEN_STATUSES:
            return VenueError("event_not_available")
        if self.blacklisted and any(name in self.blacklisted for name in sport_event.competitors):
            return VenueError("sport_event_competitor_blacklisted")
        market = self.markets[market_of(key)]
        if market.status != ACTIVE:
            return VenueError("event_not_available")
        if market.type == SUPPLEMENTAL and sport_event.status == LIVE:
            return VenueError("supplemental_market_pre_match_only")
        line = self.lines[key]
        if line.status != ACTIVE or len(line.outcomes) != 2:
            return VenueError("market_line_invalid")
        return None

    def tradeable(self, key: LineKey) -> bool:
        """True if wagers on the line are accepted and matched now."""
        return self.rejection(key) is None

    def in_play(self, sport_event_id: int) -> bool:
        """True if the sport event is in play."""
        return self.sport_events[sport_event_id].status == LIVE
