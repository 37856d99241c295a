"""Checks that each id of the exchange belongs to exactly one outcome, line, market or sport event.

The exchange names an outcome of a line by its ``line_id``. If two lines have the same ``line_id``, a quote on one line
may open on the other line. The limits would then count the position wrongly. So neither line is quoted. For the same
reason, mmbot does not quote:

* a market or a line that is listed twice;
* a line whose two outcomes have the same id;
* a line that now has an id of another line, while we still have a stake on this other line;
* a sport event that two tournaments list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey
from mmbot.domain.odds import Side

Place = tuple[LineKey, Side]


class LineIds:
    """Keeps the ``line_id`` of each outcome of the lines that the exchange lists now. Finds the disputed lines. A
    disputed line must not be quoted, because an id or a listing is not unique.

    Args:
        known: the line and outcome under which our wagers with a ``line_id`` are counted.
    """

    def __init__(self, known: Mapping[str, tuple[LineKey, Side | None]]) -> None:
        self._known: Final = known
        self.staked: Callable[[LineKey, str], bool] = _nothing_staked
        """The function that returns True if we have a position on a line, or an open wager with the given
        ``line_id``."""
        self._moved: Final[dict[LineKey, LineKey]] = {}
        """The lines that are disputed because one of their ids belonged to another line before. Each has the other
        line, on which our wagers with the id count."""
        self._claims: Final[dict[str, dict[Place, None]]] = {}
        """The places (line and outcome) in which each ``line_id`` is listed now."""
        self._of_sport_event: Final[dict[int, tuple[tuple[str, Place], ...]]] = {}
        self._twice: Final[dict[LineKey, str]] = {}
        """The lines that are disputed because the list of their own sport event contradicts itself, each with the
        reason."""
        self.disputed: Final[dict[LineKey, str]] = {}
        """The lines that must not be quoted because an id is disputed, each with the reason."""
        self._changed: dict[int, None] = {}
        """The sport events that have a line that became disputed, or is no longer disputed, since the latest call of
        ``take_changed``. A line is disputed if one of its ids or its listing is not unique."""

    def listed(self, sport_event: int, markets: Sequence[Market]) -> tuple[str, ...]:
        """Replace the lines of a sport event with the lines from a read. Return each ``line_id`` that this sport event
        listed before the read, because such an id may have become unique. If nothing changed, return an empty tuple."""
        before = self._of_sport_event.get(sport_event, ())
        claims = _once(
            (outcome.line_id, (line.key, side))
            for market in markets
            for line in market.lines
            for side, outcome in enumerate(line.outcomes)
            if outcome.line_id
        )
        twice = _twice(markets)
        had = {line: why for line, why in self._twice.items() if line.sport_event == sport_event}
        for line in list(self._moved):
            self._judge(line)
        if claims == before and twice == had:
            return ()
        for line_id, place in before:
            places = self._claims[line_id]
            places.pop(place, None)
            if not places:
                del self._claims[line_id]
        for line_id, place in claims:
            self._claims.setdefault(line_id, {})[place] = None
        self._of_sport_event[sport_event] = claims
        for line in had:
            del self._twice[line]
        self._twice.update(twice)
        lines = dict.fromkeys(place[0] for _, place in (*before, *claims)) | dict.fromkeys((*had, *twice))
        for line_id, _ in (*before, *claims):
            lines.update((place[0], None) for place in self._claims.get(line_id, ()))
        for line in lines:
            self._judge(line)
        return tuple([line_id for line_id, _ in before])

    def forget(self, sport_event: int) -> None:
        """Drop the lines of a sport event."""
        self.listed(sport_event, ())
        self._of_sport_event.pop(sport_event, None)

    def only(self, line_id: str) -> Place | None:
        """Return the place in which a ``line_id`` is listed. The result is None if the id is listed nowhere, or in more
        than one place."""
        places = self._claims.get(line_id, {})
        return next(iter(places)) if len(places) == 1 else None

    def home(self, line_id: str, line: LineKey) -> LineKey | None:
        """If our wagers with a ``line_id`` count on another line than ``line``, and we still have a stake there, return
        this other line. In all other cases return None."""
        known = self._known.get(line_id)
        if known is None or known[0] == line or not self.staked(known[0], line_id):
            return None
        return known[0]

    def is_disputed(self, line_id: str) -> bool:
        """Return true if a ``line_id`` is listed in more than one place."""
        return len(self._claims.get(line_id, ())) > 1

    def moved(self) -> tuple[LineKey, ...]:
        """Return the lines that are disputed because one of their ids belonged to another line before. They have to be
        read again, because the dispute ends as soon as we have no stake on the other line."""
        return tuple(self._moved)

    def take_changed(self) -> dict[int, None]:
        """Return the sport events that have a line that became disputed, or is no longer disputed, since the previous
        call of this method. A line is disputed if one of its ids or its listing is not unique."""
        changed, self._changed = self._changed, {}
        return changed

    def _judge(self, line: LineKey) -> None:
        homes = [self._moved.pop(line, None)]
        why, home = self._why(line)
        if home is not None:
            self._moved[line] = home
            homes.append(home)
        self._note(line, why)
        for other in homes:
            if other is not None:
                self._note(other, self._why(other)[0])

    def _why(self, line: LineKey) -> tuple[str | None, LineKey | None]:
        """Return the reason why a line is disputed, or None if it is not. Also return the line to which one of its ids
        belonged before, or None if there is no such line."""
        why = self._twice.get(line)
        if why is not None:
            return why, None
        for line_id, place in self._of_sport_event.get(line.sport_event, ()):
            if place[0] != line:
                continue
            if len(self._claims[line_id]) > 1:
                return f"line_id {line_id} stands in {len(self._claims[line_id])} places", None
            home = self.home(line_id, line)
            if home is not None:
                return f"line_id {line_id} has moved here from another line, on which we still have a stake", home
        if line in self._moved.values():
            why = "one of its ids has moved to another line, and we still have a stake here"
        return why, None

    def _note(self, line: LineKey, why: str | None) -> None:
        if why == self.disputed.get(line):
            return
        self._changed[line.sport_event] = None
        if why is None:
            del self.disputed[line]
        else:
            self.disputed[line] = why


def _nothing_staked(line: LineKey, line_id: str) -> bool:
    return False


class Tournaments:
    """For each sport event, the tournaments that list this sport event."""

    def __init__(self) -> None:
        self._of: Final[dict[int, dict[int, None]]] = {}

    def listed(self, tournament: int, sport_events: Iterable[int]) -> list[int]:
        """Replace the sport events that a tournament lists. Return the sport events that this tournament newly lists or
        no longer lists, and that another tournament lists, too."""
        now = dict.fromkeys(sport_events)
        changed = []
        for sport_event, of in list(self._of.items()):
            if tournament in of and sport_event not in now:
                del of[tournament]
                if of:
                    changed.append(sport_event)
                else:
                    del self._of[sport_event]
        for sport_event in now:
            of = self._of.setdefault(sport_event, {})
            if tournament not in of:
                of[tournament] = None
                if len(of) > 1:
                    changed.append(sport_event)
        return changed

    def said(self, sport_event: int, tournament: int) -> bool:
        """Record the tournament that a message gives for a sport event. Return true if another tournament lists this
        sport event, too."""
        of = self._of.setdefault(sport_event, {})
        of[tournament] = None
        return len(of) > 1

    def of(self, sport_event: int) -> tuple[int, ...]:
        """Return the tournaments that list a sport event."""
        return tuple(self._of.get(sport_event, ()))

    def forget(self, sport_event: int) -> None:
        """Drop a sport event that is no longer listed."""
        self._of.pop(sport_event, None)


def _once(claims: Iterable[tuple[str, Place]]) -> tuple[tuple[str, Place], ...]:
    return tuple(dict.fromkeys(claims))


def _twice(markets: Sequence[Market]) -> dict[LineKey, str]:
    """Return the disputed lines of one sport event, each with the reason. A line is disputed if the line or its market
    is listed twice, or if both outcomes have the same id."""
    found: dict[LineKey, str] = {}
    seen: dict[MarketKey, None] = {}
    lines: dict[LineKey, None] = {}
    for market in markets:
        again = market.key in seen
        seen[market.key] = None
        for line in market.lines:
            if line.key in lines or again:
                found[line.key] = f"market {market.key.market} or its line {line.key.number / 4:g} is listed twice"
            elif _same_outcome(line):
                found[line.key] = f"both outcomes have the id {line.outcomes[0].outcome_id}"
            lines[line.key] = None
        if again:
            found.update(
                (line, f"market {market.key.market} is listed twice")
                for line in lines
                if line.market == market.key.market
            )
    return found


def _same_outcome(line: Line) -> bool:
    ids = [outcome.outcome_id for outcome in line.outcomes if outcome.outcome_id]
    return len(ids) == 2 and ids[0] == ids[1]
