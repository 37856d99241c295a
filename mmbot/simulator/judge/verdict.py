"""The limits that the referee enforces, and the referee's report."""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side


class RefereeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that the referee enforces. Money is in cents, and durations are in nanoseconds. A limit that is None
    is not enforced."""

    line: Cents | None = None
    market: Cents | None = None
    sport_event: Cents | None = None
    tournament: Cents | None = None
    account: Cents | None = None
    requests_per_second: int = 50
    clear_within_ns: Duration = 10 * SECOND
    """The time that the open wagers may take to end after a lost feed, a kill or a stop."""
    in_flight_ns: Duration = 2 * SECOND
    """The time for which a new wager may still arrive after a lost feed. The bot may have sent the wager before the
    loss."""


class Breach(msgspec.Struct, frozen=True):
    """A broken rule. ``invariant`` is the number of the rule in docs/design.md, *What holds at every instant*. The
    number 0 means that the exchange's own books do not balance."""

    invariant: int
    at: Instant
    detail: str


class ScopeFigure(msgspec.Struct, frozen=True):
    """The worst case of one scope (line, market, sport event, tournament or account) in cents. ``now`` is the present
    value, and ``greatest`` is the largest value so far. Both count matched wagers, and wagers that could still be
    matched. ``matched_now`` and ``matched_greatest`` count only matched wagers."""

    kind: str
    id: str
    now: Cents
    greatest: Cents
    matched_now: Cents
    matched_greatest: Cents
    limit: Cents | None


class OutcomeFigure(msgspec.Struct, frozen=True):
    """The account's matches on one outcome. ``stake`` is the sum of their stakes, and ``win`` is the profit if the
    outcome wins. Both are in cents."""

    line: LineKey
    side: Side
    line_id: str
    matches: int
    stake: Cents
    win: Cents


class Profit(msgspec.Struct, frozen=True):
    """Profit from settled markets in cents. ``gross`` is the profit before commission, and ``net`` is the profit after
    commission. Commission is charged on each market's net gain."""

    gross: Cents
    commission: Cents
    net: Cents
    wallet: Cents
    """The money in the wallet minus all deposits, in cents. Stakes of matches without a result count as money in the
    wallet. Once every result is paid, this figure equals ``net``."""


class Clearing(msgspec.Struct, frozen=True):
    """The time until all open wagers had ended after a lost feed, a kill or a stop. ``took_ns`` is None if some of the
    wagers are still open."""

    cause: str
    at: Instant
    took_ns: Duration | None


class RefereeReport(msgspec.Struct, frozen=True):
    """The referee's judgement of the account so far."""

    ok: bool
    at: Instant
    broken: tuple[Breach, ...]
    """The oldest 200 breaches (broken rules). ``broken_count`` counts all breaches."""
    broken_count: int
    worst_case: tuple[ScopeFigure, ...]
    matched: tuple[OutcomeFigure, ...]
    profit: Profit
    live_wagers: int
    """The number of wagers that could still be matched. Such a wager is open or still being placed."""
    open_wagers: int
    placed: int
    ended: dict[str, int]
    """The number of wagers in each status at present, including wagers that are still open."""
    requests: dict[str, int]
    busiest_second: int
    clearings: tuple[Clearing, ...]
