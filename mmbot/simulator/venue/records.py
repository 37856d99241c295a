"""What the local exchange takes and gives: settings, refusals, records of wagers and money, and what it publishes.

Domain words only; the wire's names are the server's business. Money in cents, instants in nanoseconds.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, SportEvent, Tournament
from mmbot.domain.instant import DAY, MILLISECOND, SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.simulator.venue.error_table import Refusal
from mmbot.simulator.venue.ladder import STANDARD

FILL_OR_KILL = "fillOrKill"
"""The one strategy of a wager besides none: what is unmatched is cancelled after two seconds."""

ADD_LIQUIDITY_ONLY = "ALO"
"""A strategy that the real exchange may switch off, and that this one never has on (PROTOCOL 6.1)."""


class VenueError(Refusal):
    """A request that the exchange itself refuses, whoever brings it and on whatever wire."""


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How this exchange behaves where the real one's habits vary or are in doubt."""

    ladder: tuple[int, ...] = STANDARD
    activation_ns: Duration = 150 * MILLISECOND
    """From acceptance to open, before the event is live."""
    live_activation_ns: Duration = 5 * SECOND
    """The same on a live event: the bet delay (PROTOCOL 6.6)."""
    commission: str = "0.02"
    """Of an account's net gain in a market; a decimal number."""
    funds: str = "at_match"
    """``at_match`` or ``at_placement``: when stakes leave the balance."""
    unmatched_multiple: int = 10
    """Unmatched stakes may be this many times the balance (funds at match)."""
    min_stake: Cents = 100
    max_stake: Cents = 10_000_000_000
    history_lag_ns: Duration = 50 * MILLISECOND
    """The history shows the state of this long ago, and says so in ``last_synced_at``."""
    self_match: str = "reject"
    """``reject`` the incoming wager, or ``wipe`` both (PROTOCOL 6.3)."""
    fill_or_kill_ns: Duration = 2 * SECOND
    payout_ns: Duration = 200 * MILLISECOND
    """From the result to the money: winners are ``settled`` meanwhile, then ``closed``."""
    opened_retry_ns: Duration = 0
    """A single cancel this soon after the wager opened is answered 425 ``wager_opened_retry``, and this soon after it
    was matched, while that is settled with the wallet, 500 ``opened_retry`` (PROTOCOL 6.4)."""
    delayed_wagers: int = 1_000
    """How many wagers of an account may wait for their bet delay at a time. That there is a limit is documented, not
    which."""
    created_range_ns: Duration = 7 * DAY
    updated_range_ns: Duration = 2 * DAY


class VenueWager(msgspec.Struct, frozen=True):
    """One wager at one instant, as the exchange's books have it."""

    wager_id: str
    external_id: str
    account: str
    line: LineKey
    side: Side
    line_id: str
    outcome_id: int
    odds: Odds
    stake: Cents
    """The present stake: what is cancelled after a partial match leaves it."""
    status: Status
    matching: Matching
    winning: Winning
    matched: Cents
    match_win: Cents
    """What the matched part wins beyond itself."""
    unmatched: Cents
    """What can still be matched once the wager is open; 0 when it has ended."""
    profit: Cents
    """What the present stake would win at the wager's own odds."""
    strategy: str | None
    created_at: Instant
    updated_at: Instant
    sequence: int

    @property
    def live(self) -> bool:
        """Whether it rests or is about to: it could still match."""
        return self.unmatched > 0 and self.status in (Status.INACTIVE, Status.OPEN)


class VenueMatch(msgspec.Struct, frozen=True):
    """One match of one wager. ``win`` is always the half-up profit of ``stake`` at ``odds``."""

    match_id: str
    wager_id: str
    external_id: str
    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """At which it was executed: the resting wager's price."""
    stake: Cents
    win: Cents
    taker: bool
    matched_at: Instant


class VenueBalance(msgspec.Struct, frozen=True):
    """A wallet. ``balance`` is free of what is matched; with funds at placement, of what is unmatched too.
    ``unmatched`` is as of ``last_synced_at``."""

    balance: Cents
    matched: Cents
    unmatched: Cents
    status: str
    last_synced_at: Instant


class VenueTransaction(msgspec.Struct, frozen=True):
    """One line of a wallet: the specification's transaction types; ``amount`` is signed."""

    transaction_id: str
    type: str
    amount: Cents
    balance: Cents
    """After it."""
    wager_id: str | None
    market: MarketKey | None
    created_at: Instant


class ShownLevel(msgspec.Struct, frozen=True):
    """One price of a shown book (PROTOCOL 7.2)."""

    odds: Odds
    """For a taker."""
    value: Cents
    """What takers can still stake."""
    stake: Cents
    """The makers' original stakes, which partial matches do not shrink."""
    updated_at: Instant


class ShownBook(msgspec.Struct, frozen=True):
    """Each outcome of a line as takers see it, best first, at most ten levels; an empty side is an empty tuple."""

    line: LineKey
    sides: tuple[tuple[ShownLevel, ...], ...]
    updated_at: Instant


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What of an account's wagers to list. Times in nanoseconds, both ends included; at least one range is needed."""

    created_from: Instant | None = None
    created_to: Instant | None = None
    updated_from: Instant | None = None
    updated_to: Instant | None = None
    status: Status | None = None
    matching: Matching | None = None
    market_id: int | None = None
    event_id: int | None = None
    cursor: str = ""
    limit: int = 20


class HistoryPage(msgspec.Struct, frozen=True):
    """One page; ``next_cursor`` is empty on the last."""

    wagers: tuple[VenueWager, ...]
    next_cursor: str
    last_synced_at: Instant


class MatchPage(msgspec.Struct, frozen=True):
    """One page of matches; ``next_cursor`` is empty on the last."""

    matches: tuple[VenueMatch, ...]
    next_cursor: str


class RepeatedId(msgspec.Struct, frozen=True):
    """An ``external_id`` that an account sent again."""

    account: str
    external_id: str
    same_content: bool
    at: Instant


# --- what is published --------------------------------------------------------------------------------------------


class BookChanged(msgspec.Struct, frozen=True):
    """The shown book of a line changed: read it with ``book``. One per line in a drain, at its latest place."""

    line: LineKey
    sequence: int


class Printed(msgspec.Struct, frozen=True):
    """A match between any two, for all to see, told from the taker's side."""

    line: LineKey
    side: Side
    line_id: str
    odds: Odds
    """The taker's own limit."""
    matched_odds: Odds
    stake: Cents
    """The taker's."""
    sequence: int


class WagerChanged(msgspec.Struct, frozen=True):
    """A private message to one account."""

    account: str
    wager: VenueWager
    kind: str
    """``status`` or ``matching``."""
    match_stake: Cents | None
    match_odds: Odds | None
    sequence: int


class TournamentChanged(msgspec.Struct, frozen=True):
    """``op`` is the wire's c, u or d."""

    op: str
    tournament: Tournament
    sequence: int


class EventChanged(msgspec.Struct, frozen=True):
    """``op`` d: unlisted; u: changed or listed again."""

    op: str
    event: SportEvent
    sequence: int


class MarketChanged(msgspec.Struct, frozen=True):
    """A market came, or its status changed."""

    op: str
    event_id: int
    market: Market
    sequence: int


class LineChanged(msgspec.Struct, frozen=True):
    """A line came, or its status changed: one message for each outcome."""

    op: str
    line: Line
    side: Side
    sequence: int


VenueEvent = BookChanged | Printed | WagerChanged | TournamentChanged | EventChanged | MarketChanged | LineChanged
