"""Turns the engine's records into SQL statements and rows of the journal. This is done in the journal's thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mmbot.domain.book import Levels
from mmbot.domain.bounds import LARGEST_ID
from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent
from mmbot.domain.transaction import Transaction
from mmbot.engine.orders import Record, SaveDay, SaveSettlement, SaveWager
from mmbot.engine.records import (
    SaveCompared,
    SaveDecision,
    SaveFair,
    SaveMatch,
    SaveNames,
    SaveResult,
    SaveTransactions,
)
from mmbot.store import rows, schema

Row = tuple[str | int | float | None, ...]
Entry = tuple[str, Row]
"""The type of an entry: a SQL statement of ``schema``, and the values for the statement."""


MOST_NAMES: Final = 5_000
"""The greatest number of names that are remembered as written to the journal. A forgotten name that occurs again is
written again. The number is limited because a daemon sees new sport events for months."""


class Entries:
    """Makes the entries of the journal. It remembers the names that the journal has, so that each name is written only
    once."""

    def __init__(self, strategies: Sequence[str] = ()) -> None:
        """Create the object. ``strategies`` contains the name of each quoting rule's strategy, in the order of the
        rules."""
        self._strategies: Final = tuple(strategies)
        self._named: dict[object, object] = {}
        self._fresh: dict[object, object] = {}

    def of(self, record: Record) -> list[Entry]:
        """Return the entries for a record. A record with a number that SQLite cannot hold has no entries."""
        entries = self._of(record)
        fits = all(not isinstance(value, int) or abs(value) <= LARGEST_ID for _, row in entries for value in row)
        return entries if fits else []

    def written(self) -> None:
        """Record that all entries made since the previous call are on disk."""
        named = self._named
        named.update(self._fresh)
        self._fresh.clear()
        while len(named) > MOST_NAMES:
            del named[next(iter(named))]

    def not_written(self) -> None:
        """Record that the entries made since the previous call are lost. The names in them are written again later."""
        self._fresh.clear()

    def _of(self, record: Record) -> list[Entry]:
        match record:
            case SaveWager():
                return [(schema.SAVE_WAGER, rows.of_wager(record))]
            case SaveDay():
                return [(schema.SAVE_DAY, rows.of_day(record))]
            case SaveSettlement():
                return [(schema.SAVE_SETTLEMENT, rows.of_settlement(record))]
            case SaveDecision():
                return self._decision(record)
            case SaveNames():
                return self._names(record.market, record.line, record.sport_event)
            case SaveMatch():
                row: Row = (
                    record.external_id,
                    record.at,
                    record.stake,
                    record.win,
                    record.odds,
                    int(record.taker),
                    record.fair,
                )
                return [(schema.SAVE_MATCH, row)]
            case SaveResult():
                line = record.line
                row = (
                    record.external_id,
                    line.sport_event,
                    line.market,
                    record.at,
                    record.result,
                    record.stake,
                    record.profit,
                    record.commission,
                    int(record.first),
                )
                return [(schema.SAVE_RESULT, row)]
            case SaveCompared():
                return [(schema.SAVE_READ_TO, (schema.COMPARED, record.at))]
            case SaveFair():
                return [(schema.SAVE_FAIR, (*record.line, record.at, record.fair))]
            case SaveTransactions():
                return [(schema.SAVE_TRANSACTION, _transaction(each, record.read_at)) for each in record.transactions]

    def _decision(self, made: SaveDecision) -> list[Entry]:
        view, placement = made.view, made.placement
        rule = made.rule
        strategy = self._strategies[rule] if rule < len(self._strategies) else f"rule {rule}"
        row: Row = (
            placement.external_id,
            made.at,
            strategy,
            int(made.hedge),
            placement.line_id,
            placement.odds,
            placement.stake,
            None if view is None or view.fair is None else view.fair.probability,
            None if view is None or view.given is None else view.given.probability,
            *((None,) * 4 if view is None else (*_best(view.book.sides[0]), *_best(view.book.sides[1]))),
            *((None, None) if view is None else view.profit),
            " ".join(made.guards),
        )
        market, line = (None, None) if view is None else (view.market, view.line)
        names = self._names(market, line, made.sport_event)
        return [(schema.SAVE_DECISION, row), *names]

    def _names(self, market: Market | None, line: Line | None, sport_event: SportEvent | None) -> list[Entry]:
        """Return entries for the names that the journal does not have yet."""
        entries: list[Entry] = []
        if sport_event is not None and self._is_new(sport_event.sport_event_id, sport_event):
            at = sport_event
            row: Row = (
                at.sport_event_id,
                at.name,
                at.tournament_id,
                at.tournament_name,
                at.sport_name,
                at.scheduled,
            )
            entries.append((schema.SAVE_SPORT_EVENT, row))
        if market is not None and self._is_new(
            market.key, (market.name, market.type, market.sub_type, market.category_name)
        ):
            row = (*market.key, market.name, market.type, market.sub_type, market.category_name)
            entries.append((schema.SAVE_MARKET, row))
        if line is not None and self._is_new(line.key, (line.name, line.outcomes)):
            entries += _outcomes(line.key, line)
        return entries

    def _is_new(self, key: object, value: object) -> bool:
        known = self._fresh.get(key, self._named.get(key))
        if known is value or known == value:
            return False
        self._fresh[key] = value
        return True


def _outcomes(key: LineKey, line: Line) -> Iterable[Entry]:
    for side, outcome in enumerate(line.outcomes):
        if outcome.line_id:
            yield schema.SAVE_OUTCOME, (outcome.line_id, *key, side, line.name, outcome.name)


def _best(levels: Levels) -> tuple[int | None, int | None]:
    return (levels[0].odds, levels[0].value) if levels else (None, None)


def _transaction(each: Transaction, read_at: int) -> Row:
    """Return the row of a transaction. A transaction without an id is identified by its content. The content is unique
    because it includes the balance after the transaction."""
    at = read_at if each.created_at is None else each.created_at
    key = each.transaction_id or f"{each.created_at} {each.word} {each.change} {each.balance} {each.wager_id}"
    return (
        key,
        at,
        each.type.value,
        each.word,
        each.change,
        each.balance,
        each.sport_event_id,
        each.market_id,
        each.wager_id,
        each.status,
    )
