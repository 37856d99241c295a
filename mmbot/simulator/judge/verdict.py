"""What the referee is given to judge by, and what it says."""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side


class RefereeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What must not be passed. Money in cents; None is not judged."""

    line: Cents | None = None
    market: Cents | None = None
    event: Cents | None = None
    tournament: Cents | None = None
    account: Cents | None = None
    requests_per_second: int = 50
    clear_within_ns: Duration = 10 * SECOND
    """From a lost feed, a kill or a stop, until nothing of before is open."""
    in_flight_ns: Duration = 2 * SECOND
    """A wager that arrives this soon after the feed was lost may have been on its way."""


class Breach(msgspec.Struct, frozen=True):
    """A rule that was broken. ``invariant`` is its number in DESIGN, *What must hold at every instant*; 0 is money
    that the exchange itself made or lost."""

    invariant: int
    at: Instant
    detail: str


class ScopeFigure(msgspec.Struct, frozen=True):
    """The worst case of one scope in cents: now, the greatest ever, and the same of what is matched alone."""

    kind: str
    id: str
    now: Cents
    greatest: Cents
    matched_now: Cents
    matched_greatest: Cents
    limit: Cents | None


class OutcomeFigure(msgspec.Struct, frozen=True):
    """What was matched on one outcome; ``matches`` counts single matches."""

    line: LineKey
    side: Side
    line_id: str
    matches: int
    stake: Cents
    win: Cents


class Profit(msgspec.Struct, frozen=True):
    """Of results so far, in cents: ``gross`` before commission, ``commission`` on each market's net gain."""

    gross: Cents
    commission: Cents
    net: Cents
    wallet: Cents
    """What the wallet gained since its deposits, stakes of open matches counted as its own: ``net``, once paid."""


class Clearing(msgspec.Struct, frozen=True):
    """A lost feed, kill or stop, and how long what was open then stayed so; None if it still is."""

    cause: str
    at: Instant
    took_ns: Duration | None


class RefereeReport(msgspec.Struct, frozen=True):
    """The judgement."""

    ok: bool
    at: Instant
    broken: tuple[Breach, ...]
    """The first two hundred."""
    broken_count: int
    worst_case: tuple[ScopeFigure, ...]
    matched: tuple[OutcomeFigure, ...]
    profit: Profit
    live_wagers: int
    """Open or placing."""
    open_wagers: int
    placed: int
    ended: dict[str, int]
    """Wagers by the status they have now."""
    requests: dict[str, int]
    busiest_second: int
    clearings: tuple[Clearing, ...]
