"""Settings of the local exchange, for behaviour of the real exchange that varies or is not known."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import DAY, MILLISECOND, SECOND, Duration
from mmbot.domain.money import Cents
from mmbot.simulator.venue.odds_ladder import STANDARD

FILL_OR_KILL = "fillOrKill"
"""The only wager strategy that the local exchange accepts: the unmatched part is cancelled after two seconds."""

ADD_LIQUIDITY_ONLY = "ALO"
"""A wager strategy that the real exchange may switch off. The local exchange always rejects it (docs/protocol.md
6.1)."""


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the exchange. Durations in nanoseconds, money in cents."""

    ladder: tuple[int, ...] = STANDARD
    activation_ns: Duration = 150 * MILLISECOND
    """For a wager before the start of the sport event: the time from its acceptance until it opens."""
    live_activation_ns: Duration = 5 * SECOND
    """For a wager while the sport event is in play: the time from its acceptance until it opens. Exchanges call it the
    bet delay (docs/protocol.md 6.6)."""
    commission: str = "0.02"
    """The share of an account's net gain in a market that the exchange keeps, as a decimal number."""
    commission_rounding: str = "half_up"
    """The rounding of the commission on a market's net gain to the cent: ``half_up``, ``half_even``, ``down`` or
    ``up``. The fee page says 2 % and names no rounding (docs/protocol.md 10)."""
    funds: str = "at_match"
    """The moment at which a stake leaves the balance: ``at_match`` or ``at_placement``."""
    unmatched_multiple: int = 10
    """The greatest sum of unmatched stakes, as a multiple of the balance. Applies only if funds are taken at the
    match."""
    maker_wins: str = "takers_stake"
    """The win of a maker. ``takers_stake``: the stake of the taker, whose own win is rounded half-up. ``half_up``: the
    profit of the maker's own matched stake, rounded half-up, so that the taker's stake follows from it
    (docs/protocol.md 7.5; inferred)."""
    shown_profit: str = "offered"
    """The field ``profit`` of a wager. ``offered``: the win of the present stake at the wager's own odds, as in the
    examples of the specification. ``matched``: the wins of the matches, and for the unmatched part the win at the
    wager's own odds. No source says which."""
    match_profit: bool = True
    """If true, each match in the matching detail contains its win (``profit``). No source describes these fields."""
    min_stake: Cents = 100
    max_stake: Cents = 10_000_000_000
    history_lag_ns: Duration = 50 * MILLISECOND
    """The age of the state that the wager history shows. The answer has the time of this state in
    ``last_synced_at``."""
    history_newest_first: bool = False
    """True: the wager history lists the newest wager first. No source says in which order the real exchange lists
    them."""
    self_match: str = "reject"
    """The treatment of a wager that could match another wager of the same account: ``reject`` rejects the new wager,
    and ``wipe`` ends both (docs/protocol.md 6.3)."""
    fill_or_kill_ns: Duration = 2 * SECOND
    payout_ns: Duration = 200 * MILLISECOND
    """The time from the result to the payment. Won wagers are ``settled`` until the payment and ``closed``
    afterwards."""
    opened_retry_ns: Duration = 0
    """A cancel of a single wager within this time after the wager opened is answered with 425 ``wager_opened_retry``. A
    cancel within this time after a match is answered with 500 ``opened_retry`` (docs/protocol.md 6.4). 0: no such
    answers."""
    delayed_wagers: int = 1_000
    """The greatest number of an account's wagers that may wait for their bet delay at the same time. The exchange's
    documents mention such a limit but do not say how high it is."""
    created_range_ns: Duration = 7 * DAY
    updated_range_ns: Duration = 2 * DAY
