"""Settings of the local exchange, for the places where the real exchange's behaviour varies or is not known."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import DAY, MILLISECOND, SECOND, Duration
from mmbot.domain.money import Cents
from mmbot.simulator.venue.odds_ladder import STANDARD

FILL_OR_KILL = "fillOrKill"
"""The only wager strategy that is accepted: the unmatched part is cancelled after two seconds."""

ADD_LIQUIDITY_ONLY = "ALO"
"""A wager strategy that the real exchange may switch off. Here it is always off (docs/protocol.md 6.1)."""


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the exchange. Durations in nanoseconds, money in cents."""

    ladder: tuple[int, ...] = STANDARD
    activation_ns: Duration = 150 * MILLISECOND
    """From acceptance to open, before the sport event is live."""
    live_activation_ns: Duration = 5 * SECOND
    """From acceptance to open on a live sport event: the bet delay (docs/protocol.md 6.6)."""
    commission: str = "0.02"
    """The share of an account's net gain in a market, as a decimal number."""
    funds: str = "at_match"
    """The moment at which stakes leave the balance: ``at_match`` or ``at_placement``."""
    unmatched_multiple: int = 10
    """The greatest sum of unmatched stakes, as a multiple of the balance (if funds are taken at the match)."""
    min_stake: Cents = 100
    max_stake: Cents = 10_000_000_000
    history_lag_ns: Duration = 50 * MILLISECOND
    """The history shows the state of this long ago, and says so in ``last_synced_at``."""
    self_match: str = "reject"
    """The treatment of a wager that could match another of its account: ``reject`` it, or ``wipe`` both
    (docs/protocol.md 6.3)."""
    fill_or_kill_ns: Duration = 2 * SECOND
    payout_ns: Duration = 200 * MILLISECOND
    """From the result to the payment. Until then winners are ``settled``, afterwards ``closed``."""
    opened_retry_ns: Duration = 0
    """A single cancel within this time after the wager opened is answered with 425 ``wager_opened_retry``. Within this
    time after a match, while the exchange settles it with the wallet, the answer is 500 ``opened_retry``
    (docs/protocol.md 6.4)."""
    delayed_wagers: int = 1_000
    """The number of wagers of an account that may wait for their bet delay at a time. The documents say that there is a
    limit but not how high it is."""
    created_range_ns: Duration = 7 * DAY
    updated_range_ns: Duration = 2 * DAY
