"""The tables that ``mmbot journal`` shows. Each table names its columns, and says how rows are filtered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

import msgspec

from mmbot.domain.instant import Instant, iso

Value = str | int | float | None

_NAMES: Final = """
    LEFT JOIN markets m ON m.sport_event = {of}.sport_event AND m.market = {of}.market
    LEFT JOIN sport_events e ON e.sport_event = {of}.sport_event
"""

STRATEGY: Final = """
    CASE WHEN w.is_foreign THEN '(by hand)' WHEN coalesce(d.hedge, w.hedge) THEN '(hedge)'
    ELSE coalesce(d.strategy, '(unknown)') END
"""
"""The SQL that gives the strategy of a wager. In this SQL, ``w`` is the wager, and ``d`` is the decision that led to
the wager."""


class Table(NamedTuple):
    """One table that ``mmbot journal`` shows."""

    columns: tuple[str, ...]
    """The names of the table's columns. A column whose name ends in ``at`` has instants. A column whose name begins
    with ``$`` has cents."""
    query: str
    at: str
    """The name of the column with the instant of a row. Rows are sorted by this column, and a filter by time uses this
    column."""


_OF_WAGER: Final = f"""
    LEFT JOIN decisions d ON d.external_id = w.external_id
    LEFT JOIN outcomes o ON o.line_id = w.line_id
    {_NAMES.format(of="w")}
"""

TABLES: Final[dict[str, Table]] = {
    "wagers": Table(
        ("sent_at", "external_id", "strategy", "sport_event", "market", "line", "outcome", "odds", "$stake", "$matched",
         "$win", "state", "result"),
        f"""SELECT w.sent_at, w.external_id, {STRATEGY}, coalesce(e.name, w.sport_event), coalesce(m.name, w.market),
                   coalesce(o.line_name, ''), coalesce(o.name, w.side), w.odds, w.stake, w.matched, w.win, w.state,
                   w.result
            FROM wagers w {_OF_WAGER}""",
        "w.sent_at",
    ),
    "matches": Table(
        ("at", "external_id", "strategy", "sport_event", "market", "outcome", "odds", "$stake", "$win", "side", "fair"),
        f"""SELECT x.at, x.external_id, {STRATEGY}, coalesce(e.name, w.sport_event), coalesce(m.name, w.market),
                   coalesce(o.name, w.side), x.odds, x.stake, x.win, CASE WHEN x.taker THEN 'taker' ELSE 'maker' END,
                   CASE WHEN w.side = 1 THEN 1 - x.fair ELSE x.fair END
            FROM matches x LEFT JOIN wagers w ON w.external_id = x.external_id {_OF_WAGER}""",
        "x.at",
    ),
    "results": Table(
        ("at", "external_id", "strategy", "sport_event", "market", "outcome", "result", "$stake", "$profit",
         "$commission", "correction"),
        f"""SELECT x.at, x.external_id, {STRATEGY}, coalesce(e.name, x.sport_event), coalesce(m.name, x.market),
                   coalesce(o.name, w.side), x.result, x.stake, x.profit, x.commission, 1 - x.is_first
            FROM results x LEFT JOIN wagers w ON w.external_id = x.external_id {_OF_WAGER}""",
        "x.at",
    ),
    "decisions": Table(
        ("at", "external_id", "strategy", "sport_event", "market", "outcome", "odds", "$stake", "fair", "given",
         "best_odds_0", "$best_value_0", "best_odds_1", "$best_value_1", "$profit_0", "$profit_1", "guards"),
        f"""SELECT d.at, d.external_id, CASE WHEN d.hedge THEN '(hedge)' ELSE d.strategy END,
                   coalesce(e.name, o.sport_event), coalesce(m.name, o.market), o.name, d.odds, d.stake, d.fair,
                   d.given, d.best_odds_0, d.best_value_0, d.best_odds_1, d.best_value_1, d.profit_0, d.profit_1,
                   d.guards
            FROM decisions d LEFT JOIN outcomes o ON o.line_id = d.line_id {_NAMES.format(of="o")}""",
        "d.at",
    ),
    "transactions": Table(
        ("at", "type", "$change", "$balance", "sport_event", "market", "external_id", "wager_id", "status"),
        f"""SELECT t.at, t.word, t.change, t.balance, coalesce(e.name, t.sport_event), coalesce(m.name, t.market),
                   w.external_id, t.wager_id, t.status
            FROM transactions t
            LEFT JOIN wagers w ON w.wager_id = t.wager_id AND t.wager_id != '' {_NAMES.format(of="t")}""",
        "t.at",
    ),
}  # fmt: skip


class Filter(NamedTuple):
    """The filter for the rows of a table. A field that is None or an empty text excludes no row."""

    since: Instant | None = None
    until: Instant | None = None
    sport_event: str = ""
    """The text that the name of the sport event must contain. If the name of a sport event is not known, its id must
    contain the text."""
    market: str = ""
    strategy: str = ""
    external_id: str = ""
    limit: int | None = None
    """The greatest number of rows that are shown. If there are more rows, the newest rows are shown."""


Row = TypeVar("Row", bound=tuple[object, ...])


def typed(rows: Iterable[tuple[object, ...]], kind: type[Row]) -> Iterator[Row]:
    """Yield the given rows, after a check that each value has the type that ``kind`` gives for its column. The check is
    needed because SQLite keeps any value in any column.

    Raises:
        ValueError: if a value has another type.
    """
    for row in rows:
        yield msgspec.convert(row, kind)


def rows_of(journal: sqlite3.Connection, name: str, wanted: Filter) -> Iterator[tuple[Value, ...]]:
    """Yield the rows of a table, with the oldest first. Instants are texts in UTC, and money is in dollars."""
    table = TABLES[name]
    plain = [column.removeprefix("$") for column in table.columns]
    where, values = ["1"], list[Value]()
    for condition, value in ((f"{table.at} >= ?", wanted.since), (f"{table.at} < ?", wanted.until)):
        if value is not None:
            where.append(condition)
            values.append(value)
    inner = f"{table.query} WHERE {' AND '.join(where)} ORDER BY {table.at} DESC"
    outer = ["1"]
    for column in ("sport_event", "market", "strategy", "external_id"):
        text = getattr(wanted, column)
        if text and column in plain:
            outer.append(f"instr(lower({column}), lower(?))")
            values.append(text)
    query = f"WITH shown ({', '.join(plain)}) AS ({inner}) SELECT * FROM shown WHERE {' AND '.join(outer)}"
    if wanted.limit is not None:
        query += " LIMIT ?"
        values.append(wanted.limit)
    for row in reversed(journal.execute(query, values).fetchall()):
        yield tuple(_shown(column, value) for column, value in zip(table.columns, row, strict=True))


def _shown(column: str, value: Value) -> Value:
    if value is None:
        return None
    if column.startswith("$") and isinstance(value, int):
        return value / 100
    if column.endswith("at") and isinstance(value, int):
        return iso(value)
    return value
