"""Keeps the catalogue (tournaments, sport events, markets and lines) up to date from REST reads and messages."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from msgspec.structs import replace

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.odds import Side
from mmbot.engine.books.identities import LineIds, Tournaments
from mmbot.engine.events import LineMessage, MarketImage, MarketMessage, Op, SportEventMessage, TournamentMessage

TRADEABLE: Final = ("not_started", "scheduled")
"""The statuses of a sport event that has not started (docs/protocol.md 5.3). If a sport event has another status, none
of its lines is quoted."""

UNLISTED: Final = "unlisted"
"""The status that mmbot gives to a sport event, market or line that the exchange has taken off its list."""


class Catalogue:
    """All tournaments, sport events, markets and lines, and the line and outcome of each ``line_id``.

    A ``line_id`` is kept longer than its line, because matches and results may come after the exchange has removed the
    line.
    """

    def __init__(self) -> None:
        self.tournaments: dict[int, Tournament] = {}
        self.sport_events: dict[int, SportEvent] = {}
        self._learned: dict[int, None] = {}
        """The sport events that were looked up by their ids and have not appeared in any list so far."""
        self.markets: dict[int, dict[MarketKey, Market]] = {}
        self.lines: dict[LineKey, Line] = {}
        self._listed_by: Final = Tournaments()
        self._by_line_id: dict[str, tuple[LineKey, Side | None]] = {}
        """The line and outcome of each ``line_id``. If the line does not have exactly two outcomes, None replaces the
        outcome."""
        self.line_ids: Final = LineIds(self._by_line_id)
        self._outcomes: dict[LineKey, tuple[Outcome, ...]] = {}
        """The outcomes of each line, from the latest read in which the line had two outcomes and both had a
        ``line_id``."""

    def resolve(self, line_id: str) -> tuple[LineKey, Side] | None:
        """Return the line and outcome of a ``line_id``. The result is None if the line is not known, or does not have
        exactly two outcomes."""
        place = self._by_line_id.get(line_id)
        if place is None or place[1] is None or self.line_ids.is_disputed(line_id):
            return None
        return place[0], place[1]

    def line_of(self, line_id: str) -> LineKey | None:
        """Return the line of a ``line_id``, even if the line has more than two outcomes. The result is None if the line
        is not known."""
        place = self._by_line_id.get(line_id)
        return None if place is None else place[0]

    def remember_id(self, line_id: str, line: LineKey, side: Side) -> None:
        """Remember the line and outcome of a ``line_id`` that the journal gave. A REST read may bring the line
        later."""
        self._by_line_id.setdefault(line_id, (line, side))

    def market(self, line: LineKey) -> Market | None:
        """Return the market of a line. The result is None if the market is not known."""
        return self.markets.get(line.sport_event, {}).get(MarketKey(line.sport_event, line.market))

    def open_lines(self, sport_event: int) -> list[LineKey]:
        """Return the active lines of a sport event."""
        return [
            listed.key
            for market in self.markets.get(sport_event, {}).values()
            if market.status == "active"
            for listed in market.lines
            if self.lines.get(listed.key, listed).status == "active"
        ]

    def outcome_name(self, line: LineKey, side: Side) -> str:
        """Return the name of an outcome. If the line is not known, return the number of the outcome as text."""
        known = self.lines.get(line)
        if known is None or not 0 <= side < len(known.outcomes):
            return str(side)
        return known.outcomes[side].name

    def outcome_by_id(self, line_id: str) -> str:
        """Return the name of the outcome that has this ``line_id``. If the line is not known, return the
        ``line_id``."""
        line = self.line_of(line_id)
        known = self.lines.get(line) if line is not None else None
        for outcome in known.outcomes if known is not None else ():
            if outcome.line_id == line_id:
                return outcome.name
        return line_id

    def tournament_of(self, sport_event: int) -> int:
        """Return the id of a sport event's tournament. The result is 0 if the tournament is not known, or if several
        tournaments list the sport event."""
        known = self.sport_events.get(sport_event)
        return 0 if known is None or len(self._listed_by.of(sport_event)) > 1 else known.tournament_id

    def named(self, sport_event: int) -> SportEvent | None:
        """Return a sport event with the name of its tournament. If the sport event itself lacks this name, the name
        comes from the list of tournaments. The result is None if the sport event is not known."""
        known = self.sport_events.get(sport_event)
        if known is None or known.tournament_name:
            return known
        tournament = self.tournaments.get(known.tournament_id)
        return known if tournament is None else replace(known, tournament_name=tournament.name)

    def tournaments_of(self, sport_event: int) -> tuple[int, ...]:
        """Return every tournament that lists a sport event."""
        return self._listed_by.of(sport_event)

    def off_list(self, also: Iterable[int]) -> dict[int, None]:
        """Return the ids of the sport events that the exchange no longer lists. The sport events in ``also`` are
        checked, too, even if the catalogue does not know them."""
        known = dict.fromkeys((*self.sport_events, *(line.sport_event for line, _ in self._by_line_id.values()), *also))
        listed = {
            sport_event: None
            for sport_event, each in self.sport_events.items()
            if each.status != UNLISTED and sport_event not in self._learned
        }
        return {sport_event: None for sport_event in known if sport_event not in listed}

    def take_off(self, sport_events: Container[int]) -> None:
        """Drop the markets and lines of sport events that are no longer listed. The ``line_id`` of each outcome is
        kept."""
        for sport_event in [sport_event for sport_event in self.markets if sport_event in sport_events]:
            del self.markets[sport_event]
            self.line_ids.forget(sport_event)
        for line in [line for line in self.lines if line.sport_event in sport_events]:
            del self.lines[line]

    def forget(self, sport_events: Container[int]) -> None:
        """Drop sport events with everything that belongs to them: markets, lines, and the ``line_id`` of each
        outcome."""
        self.take_off(sport_events)
        for sport_event in [sport_event for sport_event in self.sport_events if sport_event in sport_events]:
            del self.sport_events[sport_event]
            self._learned.pop(sport_event, None)
            self._listed_by.forget(sport_event)
        for key in [key for key in self._outcomes if key.sport_event in sport_events]:
            del self._outcomes[key]
        for line_id in [line_id for line_id, (line, _) in self._by_line_id.items() if line.sport_event in sport_events]:
            del self._by_line_id[line_id]

    def learn(self, sport_event: SportEvent) -> None:
        """Add a sport event that was looked up by its id. The catalogue keeps this sport event only while a stake
        depends on it."""
        if sport_event.sport_event_id not in self.sport_events:
            self.sport_events[sport_event.sport_event_id] = sport_event
            self._learned[sport_event.sport_event_id] = None

    # --- REST -----------------------------------------------------------------------------------------------------

    def read_tournaments(self, tournaments: Iterable[Tournament]) -> None:
        """Replace the list of tournaments."""
        self.tournaments = {t.tournament_id: t for t in tournaments}

    def read_sport_events(self, tournament: int, sport_events: Iterable[SportEvent]) -> list[int]:
        """Replace the sport events of a tournament with the sport events of a read. Return the ids of the sport events
        that changed."""
        listed = {e.sport_event_id: e for e in sport_events}
        changed = [event for event in self._listed_by.listed(tournament, listed) if event in self.sport_events]
        for sport_event_id, sport_event in listed.items():
            self._learned.pop(sport_event_id, None)
            if self.sport_events.get(sport_event_id) != sport_event:
                self.sport_events[sport_event_id] = sport_event
                if sport_event_id not in changed:
                    changed.append(sport_event_id)
        for sport_event_id, sport_event in self.sport_events.items():
            gone = (
                sport_event.tournament_id == tournament
                and sport_event_id not in listed
                and sport_event.status != UNLISTED
                and not self._listed_by.of(sport_event_id)
            )
            if gone:
                changed.append(sport_event_id)
        for sport_event_id in changed:
            if sport_event_id not in listed and not self._listed_by.of(sport_event_id):
                self.sport_events[sport_event_id] = replace(self.sport_events[sport_event_id], status=UNLISTED)
        return changed

    def read_markets(self, sport_event: int, images: Iterable[MarketImage]) -> bool:
        """Replace the markets of a sport event with the markets of a read. Return True if anything changed.

        A market that the read lacks is removed, but the ``line_id`` of each of its outcomes is kept. If an outcome has
        no name in the read, it keeps its earlier name.
        """
        images = tuple(images)
        left = self.line_ids.listed(sport_event, [image.market for image in images])
        markets = {image.market.key: self._completed(image.market) for image in images}
        lines = [line for market in markets.values() for line in market.lines]
        if self.markets.get(sport_event) == markets and all(self.lines.get(line.key) == line for line in lines):
            for line in lines:
                self._remember_ids(line)
            return False
        for old in self.markets.get(sport_event, {}).values():
            for line in old.lines:
                self.lines.pop(line.key, None)
        self.markets[sport_event] = markets
        for line in lines:
            self._set_line(line)
        for line_id in left:
            place = self.line_ids.only(line_id)
            line_there = None if place is None else self.lines.get(place[0])
            if line_there is not None:
                self._set_line(line_there)
        return True

    def _completed(self, market: Market) -> Market:
        """Return a market in which outcomes without a name have their earlier names."""
        lines = tuple([self._named(line) for line in market.lines])
        return market if lines == market.lines else replace(market, lines=lines)

    def _named(self, line: Line) -> Line:
        if any(self._by_line_id.get(each.line_id) == (line.key, 1 - side) for side, each in enumerate(line.outcomes)):
            # The two outcomes changed places. Books and positions refer to them by place, so the line is not traded.
            return replace(line, outcomes=())
        if line.quotable:
            self._outcomes[line.key] = line.outcomes
            return line
        known = self._outcomes.get(line.key, ())
        pairs = list(zip(line.outcomes, known, strict=False))
        if len(known) == len(line.outcomes) and all(each.line_id in ("", before.line_id) for each, before in pairs):
            return replace(line, outcomes=known)
        return line

    # --- messages -------------------------------------------------------------------------------------------------

    def on_tournament(self, message: TournamentMessage) -> bool:
        """Apply a message about a tournament. Return True if anything changed."""
        if message.op is Op.DELETE:
            return self.tournaments.pop(message.tournament_id, None) is not None
        if message.tournament is None or self.tournaments.get(message.tournament_id) == message.tournament:
            return False
        self.tournaments[message.tournament_id] = message.tournament
        return True

    def on_sport_event(self, message: SportEventMessage) -> bool:
        """Apply a message about a sport event. Return True if anything changed."""
        known = self.sport_events.get(message.sport_event_id)
        if message.op is Op.DELETE or message.sport_event is None:
            if known is None or known.status == UNLISTED:
                return False
            self.sport_events[message.sport_event_id] = replace(known, status=UNLISTED)
            self._listed_by.forget(message.sport_event_id)
            return True
        if self._listed_by.of(message.sport_event_id):
            self._listed_by.said(message.sport_event_id, message.sport_event.tournament_id)
        if known == message.sport_event:
            return False
        self.sport_events[message.sport_event_id] = message.sport_event
        return True

    def on_market(self, message: MarketMessage) -> bool:
        """Apply a message about the status of a market. Return True if the sport event must be read again, because the
        status changed or the market is not known."""
        key = MarketKey(message.sport_event, message.market)
        market = self.markets.get(message.sport_event, {}).get(key)
        if market is None:
            return message.op is not Op.DELETE
        status = UNLISTED if message.op is Op.DELETE else message.status
        if market.status == status:
            return False
        self.markets[message.sport_event][key] = replace(market, status=status)
        return True

    def on_line(self, message: LineMessage) -> bool:
        """Apply a message about the status of a line. Return True if the sport event must be read again, because the
        status changed or the line is not known."""
        place = self._by_line_id.get(message.line_id)
        line = self.lines.get(place[0]) if place else None
        if line is None:
            return message.op is not Op.DELETE
        status = UNLISTED if message.op is Op.DELETE else message.status
        if line.status == status:
            return False
        self.lines[line.key] = replace(line, status=status)
        return True

    def _set_line(self, line: Line) -> None:
        self.lines[line.key] = line
        self._remember_ids(line)

    def _remember_ids(self, line: Line) -> None:
        """From now on, count wagers with one of a line's ids on this line. Wagers with a disputed id still count where
        they counted before."""
        ids, two = self.line_ids, len(line.outcomes) == 2
        for side, outcome in enumerate(line.outcomes):
            line_id = outcome.line_id
            if line_id and not ids.is_disputed(line_id) and ids.home(line_id, line.key) is None:
                self._by_line_id[line_id] = (line.key, side if two else None)
