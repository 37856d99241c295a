"""The status of the engine, for ``/status``, the live view and ``mmbot why``."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class LevelStatus(msgspec.Struct, frozen=True):
    """One level of a book, as the status shows it."""

    odds: Odds
    value: Cents


class OwnStatus(msgspec.Struct, frozen=True):
    """One of our wagers that could still match."""

    external_id: str
    side: int
    odds: Odds
    stake: Cents
    remaining: Cents
    state: str


class Quoted(NamedTuple):
    """The outcomes of a line that are quoted. An outcome is quoted if at least one of our wagers on it could still
    match."""

    sides: tuple[bool, bool]
    why: str | None
    """The reason why the line is not quoted. None while the line is quoted."""


class LineStatus(msgspec.Struct, frozen=True):
    """One line to which a quoting rule applies."""

    sport_event: int
    market: int
    number: int
    name: str
    outcomes: tuple[str, str]
    book: tuple[tuple[LevelStatus, ...], tuple[LevelStatus, ...]]
    """The best three levels of each side of the line's book. Our own stake is left out."""
    fair: float | None
    own: tuple[OwnStatus, ...]
    profit: tuple[Cents, Cents]
    """The two possible profits of the line's matched stakes, in cents: if outcome 0 wins, and if outcome 1 wins."""
    locked: Cents
    """The matched and unsettled stakes on both outcomes of the line, in cents. The exchange has taken these stakes from
    the balance."""
    worst_case: Cents
    limit: Cents
    matches: int
    why: str | None
    """The reason why the line is not quoted. None while the line is quoted."""
    behind: tuple[int | None, int | None] = (None, None)
    """The number of ticks by which our best price is behind the best price of others, for each outcome. The number is
    negative if our price is better. None if our price or the price of others is missing."""


class SportEventStatus(msgspec.Struct, frozen=True):
    """One sport event with its quoted lines."""

    sport_event: int
    name: str
    tournament: str
    status: str
    start: Instant | None
    lines: tuple[LineStatus, ...]
    covered_since: Instant | None = None
    """The instant since which the feed has brought every change of the sport event's books. None while the feed does
    not bring these books."""


class PositionStatus(msgspec.Struct, frozen=True):
    """The wagers on one line to which no quoting rule applies now. If the line of a wager is not known, the wager is
    counted with the other such wagers of its market."""

    sport_event: int
    market: int
    number: int | None
    """The number of the line (a point spread or a total) in quarter points. None if only the market is known."""
    name: str
    tournament: str
    """The name of the tournament. Empty if the tournament is not known. Wagers on an unknown tournament count in every
    tournament."""
    profit: tuple[Cents, Cents] | None
    """The two possible profits of the matched stakes, in cents: if outcome 0 wins, and if outcome 1 wins. None if only
    the market is known."""
    remaining: Cents
    """The sum of the stakes that could still be matched, in cents."""
    locked: Cents
    """The sum of the matched and unsettled stakes, in cents."""
    worst_case: Cents


class ScopeStatus(msgspec.Struct, frozen=True):
    """The worst case and the thresholds of one scope (a line, a market, a sport event, a tournament or the account).
    For each kind of scope, the status shows the scope that has used the greatest share of its limit."""

    scope: str
    """The kind of scope of the limit: ``line``, ``market``, ``sport_event``, ``tournament`` or ``account``."""
    name: str
    worst_case: Cents
    matched: Cents
    """The worst-case loss of the scope if no more stake is matched, in cents."""
    soft: Cents
    hedge: Cents
    limit: Cents


class GuardStatus(msgspec.Struct, frozen=True):
    """A guard (a reason not to quote) that holds now."""

    guard: str
    scope: str
    reason: str
    lifts: str
    since: Instant


class MatchStatus(msgspec.Struct, frozen=True):
    """One of the latest matches of our wagers."""

    at: Instant
    sport_event: int
    outcome: str
    odds: Odds
    stake: Cents
    hedge: bool


class Counts(msgspec.Struct, frozen=True):
    """How often things happened in this run."""

    matches: int
    matched_stake: Cents
    placed: int
    cancelled: int
    requests: int
    open_wagers: int
    unknown_wagers: int
    hedges: int
    book_differences: int
    unread_wagers: int = 0
    """The number of wagers that have some unreadable part."""


class ProfitStatus(msgspec.Struct, frozen=True):
    """Profit in cents. ``realised`` is before commission. ``marked`` values unsettled wagers at fair value.

    ``realised``, ``commission`` and ``marked`` cover all runs in the journal. ``today`` is the gain since midnight UTC:
    ``today_realised`` plus ``today_marked``, less ``today_commission``.
    """

    realised: Cents
    commission: Cents
    marked: Cents
    today: Cents
    today_realised: Cents = 0
    today_commission: Cents = 0
    today_marked: Cents = 0


class LineCounts(msgspec.Struct, frozen=True):
    """The number of lines that should be quoted, and the number of lines that are quoted."""

    quotable: int
    """The number of lines that should be quoted. Such a line is active and has two outcomes and a quoting rule. The
    sport event of the line is listed and not near its start. If such a line is not quoted, the operator should look at
    the reason."""
    quoted: int
    """The number of lines that should be quoted and have a wager of ours that could be matched."""
    why_not: str | None
    """The most frequent reason why a line is not quoted. None if all lines with a quoting rule are quoted."""


class EngineStatus(msgspec.Struct, frozen=True):
    """The status of the whole engine."""

    now: Instant
    phase: str
    quoting: bool
    """True while the bot may quote, and quotes at least one line."""
    latched: str | None
    feed_up: bool
    feed_age_s: float | None
    balance: Cents | None
    locked: Cents
    """The matched and unsettled stakes on all lines, in cents. Lines that the exchange no longer lists are included."""
    sport_events: tuple[SportEventStatus, ...]
    scopes: tuple[ScopeStatus, ...]
    guards: tuple[GuardStatus, ...]
    matches: tuple[MatchStatus, ...]
    counts: Counts
    profit: ProfitStatus
    clear: bool
    positions: tuple[PositionStatus, ...] = ()
    """The wagers on lines that ``sport_events`` does not show, such as wagers on sport events in play."""
    may_quote: bool = False
    """True while the daemon has reached the step ``ready`` and no guard (reason not to quote) of the account
    applies."""
    lines: LineCounts = LineCounts(0, 0, None)
    clock_behind_s: float | None = None
    """The number of seconds by which the machine's clock is behind the exchange's clock. It is negative if the
    machine's clock is ahead. None before two exchange answers with a date have come."""
    unread: tuple[str, ...] = ()
    """The earliest wagers that could not be read, each with the reason, as text for a person. Not all such wagers are
    shown."""
    audit_age_s: float | None = None
    """The time since the latest complete audit of the open wagers began, in seconds. None if no audit was complete so
    far."""
    equity: Cents | None = None
    """The present worth of the account, in cents: the balance, the stakes locked in matches, and the value of unsettled
    positions. Between two reads of the balance, mmbot adds the changes by matches and results. None before the first
    read of the balance."""
    latch_unstored: str | None = None
    """The reason why the kill switch is on but not saved on disk. The bot would then quote again after a restart. None
    if the switch is off, or saved on disk."""
    cause: str = "start"
    """The latest event after which the daemon went through the steps from start to quoting: ``start``, ``kill``,
    ``feed`` (lost), ``stood_still`` (interruption of the daemon) or ``stop``."""
    balance_age_s: float | None = None
    """The number of seconds since the balance was read. None before the first read of the balance."""
