"""The referee's limits and its report."""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side


class RefereeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that the referee enforces. Money in cents, durations in nanoseconds; None is not judged."""

    line: Cents | None = None
    market: Cents | None = None
    event: Cents | None = None
    tournament: Cents | None = None
    account: Cents | None = None
    requests_per_second: int = 50
    clear_within_ns: Duration = 10 * SECOND
    """The time from a lost feed, a kill or a stop until no older wager may be open."""
    in_flight_ns: Duration = 2 * SECOND
    """A wager that arrives within this time after the feed was lost may have been on its way already."""


class Breach(msgspec.Struct, frozen=True):
    """A rule that was broken. ``invariant`` is its number in docs/design.md, *What holds at every instant*; 0 is
    money that the exchange itself created or lost."""

    invariant: int
    at: Instant
    detail: str


class ScopeFigure(msgspec.Struct, frozen=True):
    """The worst case of one scope in cents: the present one and the greatest so far, for all wagers and for matched
    stakes alone."""

    kind: str
    id: str
    now: Cents
    greatest: Cents
    matched_now: Cents
    matched_greatest: Cents
    limit: Cents | None


class OutcomeFigure(msgspec.Struct, frozen=True):
    """The matched stakes of one outcome in cents. ``matches`` is the number of single matches."""

    line: LineKey
    side: Side
    line_id: str
    matches: int
    stake: Cents
    win: Cents


class Profit(msgspec.Struct, frozen=True):
    """Profit of the results so far in cents: ``gross`` before commission; ``commission`` on each market's net gain."""

    gross: Cents
    commission: Cents
    net: Cents
    wallet: Cents
    """The wallet's gain beyond its deposits, counting stakes of open matches as its own. Equal to ``net`` once
    everything is paid."""


class Clearing(msgspec.Struct, frozen=True):
    """A lost feed, kill or stop, and the time until all wagers that were open then had ended; None if some are still
    open."""

    cause: str
    at: Instant
    took_ns: Duration | None


class RefereeReport(msgspec.Struct, frozen=True):
    """The judgement."""

    ok: bool
    at: Instant
    broken: tuple[Breach, ...]
    """The first two hundred breaches."""
    broken_count: int
    worst_case: tuple[ScopeFigure, ...]
    matched: tuple[OutcomeFigure, ...]
    profit: Profit
    live_wagers: int
    """Open or placing."""
    open_wagers: int
    placed: int
    ended: dict[str, int]
    """The number of wagers by present status."""
    requests: dict[str, int]
    busiest_second: int
    clearings: tuple[Clearing, ...]
