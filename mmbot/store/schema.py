"""The tables of the journal. If a table changes, a new step has to migrate older files."""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x6D6D626A
"""The number that marks a SQLite file as mmbot's journal: the text ``mmbj`` in ASCII."""

STEPS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE runs (
        number      INTEGER PRIMARY KEY,
        run_id      TEXT NOT NULL UNIQUE,
        started_at  INTEGER NOT NULL,
        reserved    INTEGER NOT NULL
    );
    CREATE TABLE wagers (
        external_id TEXT PRIMARY KEY,
        wager_id    TEXT,
        event       INTEGER NOT NULL,
        market      INTEGER NOT NULL,
        number      INTEGER NOT NULL,
        side        INTEGER NOT NULL,
        line_id     TEXT NOT NULL,
        odds        INTEGER NOT NULL,
        stake       INTEGER NOT NULL,
        state       TEXT NOT NULL,
        matched     INTEGER NOT NULL,
        win         INTEGER NOT NULL,
        result      TEXT NOT NULL,
        hedge       INTEGER NOT NULL,
        sent_at     INTEGER NOT NULL,
        sequence    INTEGER NOT NULL,
        done        INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX wagers_to_load ON wagers (done, sent_at);
    CREATE TABLE days (
        day         INTEGER PRIMARY KEY,
        opening     INTEGER NOT NULL,
        latest      INTEGER NOT NULL
    );
    CREATE TABLE settlements (
        event       INTEGER NOT NULL,
        market      INTEGER NOT NULL,
        gross       INTEGER NOT NULL,
        commission  INTEGER NOT NULL,
        at          INTEGER NOT NULL,
        PRIMARY KEY (event, market)
    ) WITHOUT ROWID;
    CREATE TABLE last_instant (
        only        INTEGER PRIMARY KEY CHECK (only = 0),
        at          INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE days ADD COLUMN lost_at INTEGER;
    ALTER TABLE days ADD COLUMN loss INTEGER;
    ALTER TABLE days ADD COLUMN loss_limit INTEGER;
    """,
    """
    UPDATE wagers SET state = 'rejected' WHERE state = 'refused';
    """,
    """
    ALTER TABLE wagers RENAME COLUMN event TO sport_event;
    ALTER TABLE settlements RENAME COLUMN event TO sport_event;
    """,
    """
    ALTER TABLE wagers ADD COLUMN placed INTEGER;
    ALTER TABLE wagers ADD COLUMN matches TEXT;
    ALTER TABLE wagers ADD COLUMN is_foreign INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE wagers ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE wagers ADD COLUMN accepted_at INTEGER;
    ALTER TABLE wagers ADD COLUMN opened_at INTEGER;
    ALTER TABLE wagers ADD COLUMN cancel_sent_at INTEGER;
    ALTER TABLE wagers ADD COLUMN cancel_accepted_at INTEGER;
    ALTER TABLE wagers ADD COLUMN cancel_tries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE wagers ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE wagers ADD COLUMN over_at INTEGER;
    UPDATE wagers SET opened_at = sent_at WHERE state NOT IN ('placing', 'inactive', 'unknown');
    UPDATE wagers SET cancel_sent_at = sent_at WHERE state = 'cancelling';
    DROP INDEX wagers_to_load;
    CREATE INDEX wagers_to_load ON wagers (done);
    CREATE INDEX wagers_ended ON wagers (coalesce(over_at, sent_at));
    """,
    """
    ALTER TABLE days ADD COLUMN opening_realised INTEGER;
    ALTER TABLE days ADD COLUMN opening_commission INTEGER;
    CREATE TABLE sport_events (
        sport_event     INTEGER PRIMARY KEY,
        name            TEXT NOT NULL,
        tournament      INTEGER NOT NULL,
        tournament_name TEXT NOT NULL,
        sport           TEXT NOT NULL,
        scheduled       INTEGER
    );
    CREATE TABLE markets (
        sport_event INTEGER NOT NULL,
        market      INTEGER NOT NULL,
        name        TEXT NOT NULL,
        type        TEXT NOT NULL,
        sub_type    TEXT NOT NULL,
        category    TEXT NOT NULL,
        PRIMARY KEY (sport_event, market)
    ) WITHOUT ROWID;
    CREATE TABLE outcomes (
        line_id     TEXT PRIMARY KEY,
        sport_event INTEGER NOT NULL,
        market      INTEGER NOT NULL,
        number      INTEGER NOT NULL,
        side        INTEGER NOT NULL,
        line_name   TEXT NOT NULL,
        name        TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE decisions (
        external_id  TEXT PRIMARY KEY,
        at           INTEGER NOT NULL,
        strategy     TEXT NOT NULL,
        hedge        INTEGER NOT NULL,
        line_id      TEXT NOT NULL,
        odds         INTEGER NOT NULL,
        stake        INTEGER NOT NULL,
        fair         REAL,
        given        REAL,
        best_odds_0  INTEGER,
        best_value_0 INTEGER,
        best_odds_1  INTEGER,
        best_value_1 INTEGER,
        profit_0     INTEGER,
        profit_1     INTEGER,
        guards       TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX decisions_at ON decisions (at);
    CREATE TABLE matches (
        id          INTEGER PRIMARY KEY,
        external_id TEXT NOT NULL,
        at          INTEGER NOT NULL,
        stake       INTEGER NOT NULL,
        win         INTEGER NOT NULL,
        odds        INTEGER,
        taker       INTEGER NOT NULL,
        fair        REAL
    );
    CREATE INDEX matches_at ON matches (at);
    CREATE INDEX matches_of ON matches (external_id);
    CREATE TABLE results (
        id          INTEGER PRIMARY KEY,
        external_id TEXT NOT NULL,
        sport_event INTEGER NOT NULL,
        market      INTEGER NOT NULL,
        at          INTEGER NOT NULL,
        result      TEXT NOT NULL,
        stake       INTEGER NOT NULL,
        profit      INTEGER NOT NULL,
        commission  INTEGER NOT NULL,
        is_first    INTEGER NOT NULL
    );
    CREATE INDEX results_at ON results (at);
    CREATE INDEX results_of ON results (external_id);
    CREATE TABLE fairs (
        sport_event INTEGER NOT NULL,
        market      INTEGER NOT NULL,
        number      INTEGER NOT NULL,
        at          INTEGER NOT NULL,
        fair        REAL NOT NULL,
        PRIMARY KEY (sport_event, market, number, at)
    ) WITHOUT ROWID;
    CREATE TABLE transactions (
        key         TEXT PRIMARY KEY,
        at          INTEGER NOT NULL,
        type        TEXT NOT NULL,
        word        TEXT NOT NULL,
        change      INTEGER NOT NULL,
        balance     INTEGER,
        sport_event INTEGER,
        market      INTEGER,
        wager_id    TEXT NOT NULL,
        status      TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX transactions_at ON transactions (at);
    CREATE INDEX transactions_of ON transactions (wager_id);
    """,
    """
    CREATE INDEX wagers_by_id ON wagers (wager_id);
    CREATE INDEX transactions_of_market ON transactions (sport_event, market);
    """,
    """
    CREATE TABLE read_to (
        what        TEXT PRIMARY KEY,
        at          INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX wagers_with_result ON wagers (coalesce(over_at, sent_at))
        WHERE done = 1 AND (matched > 0 OR matches IS NOT NULL);
    """,
)
"""The steps that migrate older files of the journal. ``STEPS[n]`` migrates a file from version n to version n + 1."""

VERSION: Final = len(STEPS)

_KEPT: Final = (
    "wager_id",
    "sport_event",
    "market",
    "number",
    "side",
    "line_id",
    "odds",
    "stake",
    "state",
    "matched",
    "win",
    "result",
    "hedge",
    "sent_at",
    "sequence",
    "placed",
    "matches",
    "is_foreign",
    "uncounted",
    "accepted_at",
    "opened_at",
    "cancel_sent_at",
    "cancel_accepted_at",
    "cancel_tries",
    "heard_at",
    "over_at",
)

WAGER_COLUMNS: Final = ("external_id", *_KEPT, "done")

SAVE_WAGER: Final = (
    f"INSERT INTO wagers ({', '.join(WAGER_COLUMNS)}) VALUES ({', '.join('?' * len(WAGER_COLUMNS))}) "
    f"ON CONFLICT (external_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in WAGER_COLUMNS[1:])}"
)

_LOAD: Final = f"SELECT external_id, {', '.join(_KEPT)} FROM wagers "

LOAD_WAGERS: Final = (
    f"{_LOAD} WHERE done = 0 UNION ALL "
    f"{_LOAD} WHERE done = 1 AND (matched > 0 OR matches IS NOT NULL) AND coalesce(over_at, sent_at) >= ? UNION ALL "
    f"{_LOAD} WHERE done = 1 AND NOT (matched > 0 OR matches IS NOT NULL) AND coalesce(over_at, sent_at) >= ? "
    "ORDER BY sent_at, external_id"
)
"""The SQL that loads wagers at a start: wagers without a result, and wagers that ended recently. The first parameter is
the earliest end of a wager with matches. The second parameter is the earliest end of a wager without matches."""

SAVE_DAY: Final = """
    INSERT INTO days (day, opening, latest, lost_at, loss, loss_limit, opening_realised, opening_commission)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (day) DO UPDATE SET
        opening = excluded.opening, latest = excluded.latest, lost_at = excluded.lost_at, loss = excluded.loss,
        loss_limit = excluded.loss_limit, opening_realised = excluded.opening_realised,
        opening_commission = excluded.opening_commission
"""

LOAD_DAY: Final = """
    SELECT day, opening, latest, lost_at, loss, loss_limit, opening_realised, opening_commission
    FROM days ORDER BY day DESC LIMIT 1
"""

SAVE_SETTLEMENT: Final = """
    INSERT INTO settlements (sport_event, market, gross, commission, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sport_event, market) DO UPDATE SET
        gross = excluded.gross, commission = excluded.commission, at = excluded.at
"""

SAVE_INSTANT: Final = """
    INSERT INTO last_instant (only, at) VALUES (0, ?) ON CONFLICT (only) DO UPDATE SET at = excluded.at
"""

SAVE_READ_TO: Final = "INSERT INTO read_to (what, at) VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET at = excluded.at"

LOAD_READ_TO: Final = "SELECT at FROM read_to WHERE what = ?"

KNOWN: Final = "known"
COMPARED: Final = "compared"
"""The key of ``Kept.compared_to`` in the table ``read_to``."""

SAVE_SPORT_EVENT: Final = """
    INSERT INTO sport_events (sport_event, name, tournament, tournament_name, sport, scheduled)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (sport_event) DO UPDATE SET
        name = coalesce(nullif(excluded.name, ''), name),
        tournament_name = CASE WHEN excluded.tournament = tournament
            THEN coalesce(nullif(excluded.tournament_name, ''), tournament_name) ELSE excluded.tournament_name END,
        tournament = excluded.tournament,
        sport = coalesce(nullif(excluded.sport, ''), sport),
        scheduled = excluded.scheduled
"""
"""The SQL that saves the names of a sport event. A missing name never replaces a known name."""
SAVE_MARKET: Final = "INSERT OR REPLACE INTO markets VALUES (?, ?, ?, ?, ?, ?)"
SAVE_OUTCOME: Final = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)"
SAVE_DECISION: Final = f"INSERT OR REPLACE INTO decisions VALUES ({', '.join('?' * 16)})"
SAVE_MATCH: Final = "INSERT INTO matches (external_id, at, stake, win, odds, taker, fair) VALUES (?, ?, ?, ?, ?, ?, ?)"
SAVE_RESULT: Final = (
    "INSERT INTO results (external_id, sport_event, market, at, result, stake, profit, commission, is_first) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SAVE_FAIR: Final = "INSERT OR REPLACE INTO fairs VALUES (?, ?, ?, ?, ?)"
SAVE_TRANSACTION: Final = "INSERT OR IGNORE INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

FORGET: Final[tuple[str, ...]] = (
    "DELETE FROM matches WHERE id IN (SELECT id FROM matches WHERE at < ? LIMIT ?)",
    "DELETE FROM results WHERE id IN (SELECT id FROM results WHERE at < ? LIMIT ?)",
    "DELETE FROM decisions WHERE external_id IN (SELECT external_id FROM decisions WHERE at < ? LIMIT ?)",
    "DELETE FROM fairs WHERE (sport_event, market, number, at) IN "
    "(SELECT sport_event, market, number, at FROM fairs WHERE at < ? LIMIT ?)",
    "DELETE FROM transactions WHERE key IN (SELECT key FROM transactions WHERE at < ? LIMIT ?)",
    "DELETE FROM wagers WHERE external_id IN "
    "(SELECT external_id FROM wagers WHERE done = 1 AND coalesce(over_at, sent_at) < ? LIMIT ?)",
)
"""The SQL statements that delete old entries of the journal. Settlements and days are kept, because the profit is
computed from them."""
