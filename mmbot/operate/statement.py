"""The statement. It shows the profit of a period by strategy, market type, tournament, sport event and day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, NamedTuple

from msgspec import Meta

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.operate.tables import STRATEGY, typed

DIMENSIONS: Final = ("strategy", "market_type", "tournament", "sport_event")
"""The properties by which the profit is grouped, apart from the day."""

_KEYS: Final = f"""
    {STRATEGY},
    CASE WHEN m.type IS NULL THEN '(unknown)' WHEN m.sub_type IN ('', m.type) THEN m.type
         ELSE m.type || '/' || m.sub_type END,
    coalesce(nullif(e.tournament_name, ''), '(unknown)'),
    coalesce(e.name, 'sport event ' || {{of}}.sport_event)
"""
_JOINS: Final = """
    LEFT JOIN decisions d ON d.external_id = w.external_id
    LEFT JOIN markets m ON m.sport_event = {of}.sport_event AND m.market = {of}.market
    LEFT JOIN sport_events e ON e.sport_event = {of}.sport_event
"""
_RESULTS: Final = f"""
    SELECT r.at, r.profit, r.commission, {_KEYS.format(of="r")}
    FROM results r LEFT JOIN wagers w ON w.external_id = r.external_id {_JOINS.format(of="r")}
    WHERE r.at >= ? AND r.at < ? ORDER BY r.id
"""
_FAIR: Final = """
    (SELECT f.fair FROM fairs f WHERE f.sport_event = w.sport_event AND f.market = w.market AND f.number = w.number
     AND f.at < {until} ORDER BY f.at DESC LIMIT 1)
"""
_MATCHES: Final = f"""
    SELECT x.at, x.stake, x.win, x.taker, w.side, e.scheduled, {_FAIR.format(until="e.scheduled")},
           {_KEYS.format(of="w")}
    FROM matches x JOIN wagers w ON w.external_id = x.external_id {_JOINS.format(of="w")}
    WHERE x.at >= ? AND x.at < ? ORDER BY x.id
"""
_OPEN: Final = f"""
    SELECT w.side, sum(x.stake), sum(x.win), {_FAIR.format(until="?1")}, {_KEYS.format(of="w")}
    FROM matches x JOIN wagers w ON w.external_id = x.external_id {_JOINS.format(of="w")}
    WHERE x.at < ?1 AND NOT EXISTS (
        SELECT 1 FROM results r WHERE r.external_id = x.external_id AND r.is_first AND r.at < ?1)
    GROUP BY x.external_id
"""


_Fair = Annotated[float, Meta(ge=0, le=1)] | None
_RESULT: Final = tuple[int, int, int, str, str, str, str]
_MATCH: Final = tuple[int, int, int, int, int, int | None, _Fair, str, str, str, str]
_OPEN_WAGER: Final = tuple[int, int, int, _Fair, str, str, str, str]


class Figures(NamedTuple):
    """The figures of one group of wagers. Money is in cents."""

    matches: int = 0
    makers: int = 0
    """The number of matches in which our wager was the maker."""
    matched: Cents = 0
    """The matched stake of all matches in the group."""
    realised: Cents = 0
    """The profit of the group's settled wagers, before commission."""
    commission: Cents = 0
    marked: Cents = 0
    """The change in the value of unsettled matches, each valued at its fair probability."""
    closing: Cents = 0
    """The closing-line value: the expected profit of the matches at the fair probability just before the start (the
    closing line). Only matches on sport events that have started are included."""
    closing_stake: Cents = 0
    """The stake of the matches that count in the closing-line value (``closing``)."""

    @property
    def profit(self) -> Cents:
        """The realised profit less commission, plus the change in the value of the unsettled matches."""
        return self.realised - self.commission + self.marked

    def plus(self, other: Figures) -> Figures:
        """Return the sum of these figures and other figures."""
        return Figures(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Statement(NamedTuple):
    """The profit of a period."""

    total: Figures
    by: dict[str, dict[str, Figures]]
    """The figures of each group, for each property by which wagers are grouped. The properties are ``DIMENSIONS`` and
    ``day``. The groups are in the order in which they first appear."""
    open_stake: Cents
    """The matched stake that is not settled at the end of the period."""
    unvalued: Cents
    """The part of ``open_stake`` whose outcome or fair probability is not known. It is valued at its stake, that is,
    without profit or loss."""
    marked_at_end: Cents


def statement(journal: sqlite3.Connection, days: Sequence[tuple[str, Instant, Instant]], now: Instant) -> Statement:
    """Return the statement of a series of days.

    Args:
        journal: a journal that is open for reading. A value of the wrong kind raises ValueError.
        days: the name, the beginning and the end of each day.
        now: the present time. A sport event that starts later has no closing line yet.
    """
    groups = _Groups()
    worth: dict[tuple[str, ...], Cents] = _marked(journal, days[0][1]).worth
    open_at_end = _Open({}, 0, 0)
    for day, begin, end in days:
        for _, profit, commission, *keys in typed(journal.execute(_RESULTS, (begin, end)), _RESULT):
            groups.add(day, keys, Figures(realised=profit, commission=commission))
        for _, stake, win, taker, side, start, fair, *keys in typed(journal.execute(_MATCHES, (begin, end)), _MATCH):
            groups.add(
                day, keys, _matched(stake, win, taker, side, fair if start is not None and start <= now else None)
            )
        open_at_end = _marked(journal, end)
        for key in dict.fromkeys((*worth, *open_at_end.worth)):
            change = open_at_end.worth.get(key, 0) - worth.get(key, 0)
            if change:
                groups.add(day, key, Figures(marked=change))
        worth = open_at_end.worth
    return Statement(groups.total, groups.by, open_at_end.stake, open_at_end.unvalued, sum(open_at_end.worth.values()))


def _matched(stake: Cents, win: Cents, taker: int, side: int, fair: float | None) -> Figures:
    match = stake > 0
    closing = closing_stake = 0
    if fair is not None and stake > 0 and side in (0, 1):
        closing, closing_stake = _worth(side, stake, win, fair), stake
    return Figures(int(match), int(match and not taker), stake, closing=closing, closing_stake=closing_stake)


def _worth(side: int, stake: Cents, win: Cents, fair: float) -> Cents:
    """Return the expected profit of a matched stake, if outcome 0 has the probability ``fair``."""
    probability = fair if side == 0 else 1.0 - fair
    return round(probability * (stake + win)) - stake


class _Open(NamedTuple):
    worth: dict[tuple[str, ...], Cents]
    stake: Cents
    unvalued: Cents


def _marked(journal: sqlite3.Connection, at: Instant) -> _Open:
    """Return the value of the unsettled matches at one instant, for each group."""
    worth: dict[tuple[str, ...], Cents] = {}
    total = unvalued = 0
    for side, stake, win, fair, *keys in typed(journal.execute(_OPEN, (at,)), _OPEN_WAGER):
        total += stake
        if fair is None or side not in (0, 1):
            unvalued += stake
            continue
        worth[tuple(keys)] = worth.get(tuple(keys), 0) + _worth(side, stake, win, fair)
    return _Open(worth, total, unvalued)


class _Groups:
    """Adds up the figures of all wagers, and the figures of each group of wagers."""

    def __init__(self) -> None:
        self.total = Figures()
        self.by: dict[str, dict[str, Figures]] = {name: {} for name in (*DIMENSIONS, "day")}

    def add(self, day: str, keys: Iterable[str], figures: Figures) -> None:
        self.total = self.total.plus(figures)
        for dimension, key in zip((*DIMENSIONS, "day"), (*keys, day), strict=True):
            group = self.by[dimension]
            group[key] = group.get(key, Figures()).plus(figures)
