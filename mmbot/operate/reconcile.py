"""Compares the journal with the exchange's transactions, to the cent."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.operate.tables import typed

_MONEY: Final = ("DEPOSIT", "WITHDRAW", "APPROVE_WITHDRAW", "REJECT_WITHDRAW")
_WAGERS: Final = """
    SELECT r.external_id, w.wager_id, sum(r.profit),
           (SELECT sum(t.change) FROM transactions t WHERE t.wager_id = w.wager_id AND t.type != 'COMMISSION'),
           (SELECT count(*) FROM transactions t WHERE t.wager_id = w.wager_id)
    FROM results r LEFT JOIN wagers w ON w.external_id = r.external_id
    WHERE r.external_id IN (SELECT external_id FROM results WHERE at >= ?1 AND at < ?2)
    GROUP BY r.external_id ORDER BY min(r.id)
"""
_MARKETS: Final = """
    SELECT r.sport_event, r.market, coalesce(e.name, r.sport_event) || ', ' || coalesce(m.name, r.market),
           sum(r.commission),
           (SELECT coalesce(sum(t.change), 0) FROM transactions t
            WHERE t.type = 'COMMISSION' AND t.sport_event = r.sport_event AND t.market = r.market)
    FROM results r
    LEFT JOIN markets m ON m.sport_event = r.sport_event AND m.market = r.market
    LEFT JOIN sport_events e ON e.sport_event = r.sport_event
    WHERE (r.sport_event, r.market) IN (SELECT sport_event, market FROM results WHERE at >= ?1 AND at < ?2)
    GROUP BY r.sport_event, r.market ORDER BY min(r.id)
"""
_STRANGE: Final = """
    SELECT t.word, t.change, t.wager_id FROM transactions t
    WHERE t.at >= ?1 AND t.at < ?2 AND t.type NOT IN ('DEPOSIT', 'WITHDRAW', 'APPROVE_WITHDRAW', 'REJECT_WITHDRAW')
      AND t.type != 'COMMISSION' AND NOT EXISTS (SELECT 1 FROM wagers w WHERE w.wager_id = t.wager_id)
    ORDER BY t.at
"""


class Difference(NamedTuple):
    """A difference between the journal and the exchange's transactions. Money is in cents."""

    about: str
    """The wager, the market or the transaction with the difference, in words for a person."""
    ours: Cents | None
    """The amount according to the journal. None if the journal has no entry for the amount."""
    theirs: Cents | None
    """The amount according to the exchange's transactions. None if there are no transactions."""


class Reconciliation(NamedTuple):
    """The result of comparing a period. Money is in cents."""

    wagers: int
    """The number of wagers that were compared. Each compared wager has a result in the period."""
    ours: Cents
    """The profit of the compared wagers according to the journal, less the commission of their markets."""
    theirs: Cents
    """The profit of the compared wagers according to the transactions, less the commission of their markets."""
    differences: tuple[Difference, ...]
    moved: Cents
    """The deposits of the period less the withdrawals of the period."""


def reconcile(journal: sqlite3.Connection, begin: Instant, end: Instant) -> Reconciliation:
    """Compare all wagers and markets that have a result between two instants. All transactions of a wager count,
    including earlier ones. The exchange may have taken the stake long before the result.

    Raises:
        ValueError: if a value of the journal has the wrong kind.
    """
    differences: list[Difference] = []
    wagers = ours = theirs = 0
    for external_id, wager_id, profit, change, count in typed(
        journal.execute(_WAGERS, (begin, end)), tuple[str, str | None, int, int | None, int]
    ):
        wagers += 1
        ours += profit
        theirs += change or 0
        if not count and profit == 0:
            continue  # a void may have no transaction at all
        if change != profit:
            about = f"wager {external_id}" + (f" ({wager_id})" if wager_id and wager_id != external_id else "")
            differences.append(Difference(about, profit, change if count else None))
    for _, _, name, commission, change in typed(
        journal.execute(_MARKETS, (begin, end)), tuple[int, int, str, int, int]
    ):
        ours -= commission
        theirs += change
        if change != -commission:
            differences.append(Difference(f"commission of {name}", -commission, change))
    for word, change, wager_id in typed(journal.execute(_STRANGE, (begin, end)), tuple[str, int, str]):
        differences.append(Difference(f"transaction {word} of unknown wager {wager_id or '(none)'}", None, change))
    sums = journal.execute(
        f"SELECT coalesce(sum(change), 0) FROM transactions WHERE at >= ? AND at < ? AND type IN "
        f"({', '.join('?' * len(_MONEY))})",
        (begin, end, *_MONEY),
    )
    ((moved,),) = typed(sums, tuple[int])
    return Reconciliation(wagers, ours, theirs, tuple(differences), moved)
