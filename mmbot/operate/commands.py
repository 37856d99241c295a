"""The commands ``mmbot journal`` and ``mmbot statement``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final, NamedTuple

from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.words import counted
from mmbot.operate.days import DaysError, day_of, days_between, instant_of, zone_of
from mmbot.operate.export import ExportError, as_csv, as_parquet, as_text
from mmbot.operate.reconcile import reconcile
from mmbot.operate.statement import statement
from mmbot.operate.statement_text import text_of, values_of
from mmbot.operate.tables import TABLES, Filter, rows_of, typed
from mmbot.store.journal import JournalError
from mmbot.store.reading import backup, reading

DONE: Final = 0
DIFFERS: Final = 1
FAILED: Final = 2


class Listing(NamedTuple):
    """The arguments of ``mmbot journal``. They say which rows are listed, and whether the rows are shown or written to
    a file."""

    table: str
    since: str | None
    until: str | None
    sport_event: str
    market: str
    strategy: str
    external_id: str
    limit: int | None
    csv: Path | None
    parquet: Path | None
    backup: Path | None


def journal(directory: Path, zone_name: str, wanted: Listing, now: Instant) -> int:
    """List, export or back up the journal of a state directory.

    Returns the exit code. It is 0 after success. It is 2 if the arguments are wrong, or if the journal or the file
    cannot be used.
    """
    try:
        if wanted.backup is not None:
            backup(directory, wanted.backup)
            sys.stdout.write(f"the journal was copied to {wanted.backup}\n")
            return DONE
        zone = zone_of(zone_name)
        since = None if wanted.since is None else instant_of(day_of(wanted.since, zone, now), zone)
        until = None
        if wanted.until is not None:
            until = days_between(day := day_of(wanted.until, zone, now), day, zone)[0][2]
        chosen = Filter(
            since, until, wanted.sport_event, wanted.market, wanted.strategy, wanted.external_id, wanted.limit
        )
        columns = TABLES[wanted.table].columns
        with reading(directory) as opened:
            rows = rows_of(opened, wanted.table, chosen)
            if wanted.csv is not None:
                number, file = as_csv(columns, rows, wanted.csv), wanted.csv
            elif wanted.parquet is not None:
                number, file = as_parquet(columns, rows, wanted.parquet), wanted.parquet
            else:
                as_text(columns, rows, sys.stdout)
                return DONE
        sys.stdout.write(f"{counted(number, 'row')} of {wanted.table} written to {file}\n")
        return DONE
    except (JournalError, ExportError, DaysError) as bad:
        return _fail(bad)


def show_statement(
    directory: Path, zone_name: str, first: str, last: str | None, now: Instant, *, as_json: bool = False
) -> int:
    """Print the statement of a period.

    Args:
        directory: the state directory.
        zone_name: the time zone of the days.
        first: the first day, as ``days.day_of`` reads it.
        last: the last day, in the same form. If it is None, the statement covers only the first day.
        now: the present time.
        as_json: True to print JSON instead of text.

    Returns:
        The exit code. It is 0 if the journal agrees with the exchange's transactions or has no transactions. It is 1 if
            they differ. It is 2 if the statement cannot be made.
    """
    try:
        zone = zone_of(zone_name)
        begin = day_of(first, zone, now)
        end = begin if last is None else day_of(last, zone, now)
        days = days_between(begin, end, zone)
        with reading(directory) as opened:
            ((last_at,),) = typed(opened.execute("SELECT coalesce(max(at), 0) FROM last_instant"), tuple[int])
            made = statement(opened, days, max(now, last_at))  # the clock of a local exchange may be ahead of ours
            compared = reconcile(opened, days[0][1], days[-1][2])
            (transactions,) = opened.execute("SELECT count(*) FROM transactions").fetchone()
    except (JournalError, DaysError) as bad:
        return _fail(bad)
    period = f"{begin} ({zone_name})" if begin == end else f"{begin} to {end} ({zone_name})"
    if as_json:
        sys.stdout.write(json.dumps(values_of(period, made, compared), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(text_of(period, made, compared, transactions)) + "\n")
    return DIFFERS if transactions and compared.differences else DONE


def _fail(bad: Exception) -> int:
    sys.stderr.write(f"mmbot: {bad}\n")
    return FAILED


def present() -> Instant:
    """Return the present instant by the machine's clock, in whole seconds."""
    import time

    return time.time_ns() // SECOND * SECOND
