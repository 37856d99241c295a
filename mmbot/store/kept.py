"""Reads what a restart needs from the journal."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from mmbot.domain.instant import DAY, HOUR, Duration, Instant
from mmbot.engine.orders import SaveDay, SaveSettlement, SaveWager
from mmbot.store import rows, schema

KEPT_FOR: Final[Duration] = 3 * DAY
"""A start still loads a wager with matches if the wager ended at most this long before the end of the previous run. The
result of such a wager may still be corrected."""

KEPT_UNMATCHED_FOR: Final[Duration] = HOUR
"""A start still loads a wager without matches if the wager ended at most this long before the end of the previous run.
Messages about such a wager may still come late."""


class Kept(NamedTuple):
    """Records of earlier runs."""

    wagers: tuple[SaveWager, ...]
    """All unsettled wagers, and the wagers that ended shortly before the end of the previous run, oldest first.
    ``KEPT_FOR`` is the bound for wagers with matches, and ``KEPT_UNMATCHED_FOR`` for wagers without matches."""
    day: SaveDay | None
    """The record of the newest day. None if the journal has no day."""
    settlements: tuple[SaveSettlement, ...]
    since: Instant
    """The newest time at which an earlier run is known to have been alive. It is 0 if there was no earlier run."""
    known_to: Instant = 0
    """The latest instant at which the journal is known to have all wagers of the account (``Seed.known_to``)."""
    compared_to: Instant = 0
    """The instant up to which the audit compared all changes of wagers with the exchange's history
    (``Seed.compared_to``)."""


def load(journal: sqlite3.Connection, now: Instant) -> Kept:
    """Return the records of earlier runs that are needed at the time ``now``.

    Raises:
        sqlite3.Error: if the file cannot be read.
        UNREADABLE: if a row cannot be read.
    """
    day = journal.execute(schema.LOAD_DAY).fetchone()
    settlements = journal.execute("SELECT sport_event, market, gross, commission, at FROM settlements ORDER BY at")
    settled = tuple(rows.settlement(row) for row in settlements)
    touched = journal.execute("SELECT at FROM last_instant").fetchone()
    since = 0 if touched is None else rows.instant(touched)
    kept_from = (min(now, since) if since else now) - KEPT_FOR
    bounds = (kept_from, kept_from + KEPT_FOR - KEPT_UNMATCHED_FOR)
    wagers = tuple(rows.wager(row) for row in journal.execute(schema.LOAD_WAGERS, bounds))
    last = max([since, *(wager.sent_at for wager in wagers)])
    known, compared = _read_to(journal, schema.KNOWN), _read_to(journal, schema.COMPARED)
    return Kept(
        wagers, None if day is None else rows.day(day), settled, min(last, now), min(known, now), min(compared, now)
    )


def _read_to(journal: sqlite3.Connection, what: str) -> Instant:
    row = journal.execute(schema.LOAD_READ_TO, (what,)).fetchone()
    return 0 if row is None else rows.instant(row)
