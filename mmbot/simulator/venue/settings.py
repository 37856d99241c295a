"""Settings of the local exchange, for the places where the real exchange's behaviour varies or is not known."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import DAY, MILLISECOND, SECOND, Duration
from mmbot.domain.money import Cents
from mmbot.simulator.venue.odds_ladder import STANDARD

FILL_OR_KILL = "fillOrKill"
"""The one strategy of a wager besides none: what is unmatched is cancelled after two seconds."""

ADD_LIQUIDITY_ONLY = "ALO"
"""A strategy that the real exchange may switch off, and that this one never has on (PROTOCOL 6.1)."""


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
