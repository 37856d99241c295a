"""The status of the engine, for ``/status``, the live view and ``mmbot why``."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds


class LevelStatus(msgspec.Struct, frozen=True):
    """One level of a book."""

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
    """Which outcomes of a line have one of our wagers that could still match."""

    sides: tuple[bool, bool]
    why: str | None
    """The reason why the line is not quoted; None while the line is quoted."""


class LineStatus(msgspec.Struct, frozen=True):
    """One line to which a quoting rule applies."""

    sport_event: int
    market: int
    number: int
    name: str
    outcomes: tuple[str, str]
    book: tuple[tuple[LevelStatus, ...], tuple[LevelStatus, ...]]
    """The best three levels of each side of the book, without our own stake."""
    fair: float | None
    own: tuple[OwnStatus, ...]
    profit: tuple[Cents, Cents]
    """Profit of the matched stakes if outcome 0 wins, and if outcome 1 wins, in cents."""
    locked: Cents
    """Matched stakes of both outcomes that are not settled, in cents. The exchange has taken these stakes from the
    balance."""
    worst_case: Cents
    limit: Cents
    matches: int
    why: str | None
    """The reason why the line is not quoted; None while the line is quoted."""


class SportEventStatus(msgspec.Struct, frozen=True):
    """One sport event with its quoted lines."""

    sport_event: int
    name: str
    tournament: str
    status: str
    start: Instant | None
    lines: tuple[LineStatus, ...]
    covered_since: Instant | None = None
    """The instant from which on the feed has brought every change of the sport event's books. None while the feed does
    not bring them."""


class PositionStatus(msgspec.Struct, frozen=True):
    """The wagers of one line to which no quoting rule applies now, or of one market whose lines are not known."""

    sport_event: int
    market: int
    number: int | None
    """The number of the line in quarter points; None if only the market is known."""
    name: str
    tournament: str
    """Empty if the tournament is not known. Until it is known, the wagers count in every tournament."""
    profit: tuple[Cents, Cents] | None
    """Profit of the matched stakes if outcome 0 wins, and if outcome 1 wins, in cents; None if only the market is
    known."""
    remaining: Cents
    """The stakes that could still match, in cents."""
    locked: Cents
    """Matched stakes that are not settled, in cents."""
    worst_case: Cents


class ScopeStatus(msgspec.Struct, frozen=True):
    """The worst case and the thresholds of one scope. The status shows one scope of each kind: the scope that has used
    the greatest share of its limit."""

    scope: str
    """``line``, ``market``, ``sport_event``, ``tournament`` or ``account``."""
    name: str
    worst_case: Cents
    matched: Cents
    """The worst case of matched wagers alone, in cents."""
    soft: Cents
    hedge: Cents
    limit: Cents


class GuardStatus(msgspec.Struct, frozen=True):
    """A guard that holds now."""

    guard: str
    scope: str
    reason: str
    lifts: str
    since: Instant


class MatchStatus(msgspec.Struct, frozen=True):
    """One of the latest matches."""

    at: Instant
    sport_event: int
    outcome: str
    odds: Odds
    stake: Cents
    hedge: bool


class Counts(msgspec.Struct, frozen=True):
    """Totals of this run."""

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
    """Wagers of which some part could not be read."""


class ProfitStatus(msgspec.Struct, frozen=True):
    """Profit in cents. ``realised`` is before commission. ``marked`` values unsettled wagers at fair value."""

    realised: Cents
    commission: Cents
    marked: Cents
    today: Cents


class Status(msgspec.Struct, frozen=True):
    """The status of the whole engine."""

    now: Instant
    phase: str
    quoting: bool
    latched: str | None
    feed_up: bool
    feed_age_s: float | None
    balance: Cents | None
    locked: Cents
    """Matched stakes that are not settled, in cents, on all lines, including lines that are not listed any more."""
    sport_events: tuple[SportEventStatus, ...]
    scopes: tuple[ScopeStatus, ...]
    guards: tuple[GuardStatus, ...]
    matches: tuple[MatchStatus, ...]
    counts: Counts
    profit: ProfitStatus
    clear: bool
    positions: tuple[PositionStatus, ...] = ()
    """Wagers on lines that ``sport_events`` does not show, such as positions in games that are in play."""
    unread: tuple[str, ...] = ()
    """The first wagers that could not be read, each with the reason, as text for a person."""
    audit_age_s: float | None = None
    """Seconds since the latest complete audit of the open wagers began; None before the first."""
