"""Settings of the local exchange. Each setting is a behaviour of the real exchange that varies or is not known."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import DAY, MILLISECOND, SECOND, Duration
from mmbot.domain.money import Cents
from mmbot.simulator.venue.odds_ladder import STANDARD

FILL_OR_KILL = "fillOrKill"
"""The only wager strategy that the local exchange accepts. The unmatched part of such a wager is cancelled after two
seconds."""

ADD_LIQUIDITY_ONLY = "ALO"
"""A wager strategy that the real exchange may switch off. The local exchange always rejects it (docs/protocol.md
6.1)."""


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the exchange. Durations are in nanoseconds, and money is in cents."""

    ladder: tuple[int, ...] = STANDARD
    activation_ns: Duration = 150 * MILLISECOND
    """For a wager before the start of the sport event: the time from its acceptance until it opens."""
    live_activation_ns: Duration = 5 * SECOND
    """For a wager while the sport event is in play: the time from its acceptance until it opens. Exchanges call it the
    bet delay (docs/protocol.md 6.6)."""
    commission: str = "0.02"
    """The share of an account's net gain in a market that the exchange keeps as commission, as a decimal number."""
    commission_rounding: str = "half_up"
    """How the commission on a market's net gain is rounded to the cent. The values are ``half_up``, ``half_even``,
    ``down`` and ``up``. The fee page says 2 % and names no rounding (docs/protocol.md 10)."""
    funds: str = "at_match"
    """When a stake leaves the balance. The values are ``at_match`` and ``at_placement``."""
    unmatched_multiple: int = 10
    """The greatest sum of unmatched stakes, as a multiple of the balance. It applies only if funds are taken at the
    match."""
    maker_wins: str = "takers_stake"
    """How the win of a maker is computed. With ``takers_stake``, it is the stake of the taker, whose own win is rounded
    half-up. With ``half_up``, it is the profit of the maker's own matched stake, rounded half-up, and the taker's stake
    follows from it (docs/protocol.md 7.5; inferred)."""
    shown_profit: str = "offered"
    """What the field ``profit`` of a wager shows. With ``offered``, it shows the win of the present stake at the
    wager's own odds, as the examples of the specification do. With ``matched``, it adds the wins of the matches to the
    win of the unmatched part at the wager's own odds. No source says which value is right."""
    match_profit: bool = True
    """If True, each match in the matching detail contains its win (``profit``). No source describes these fields."""
    min_stake: Cents = 100
    max_stake: Cents = 10_000_000_000
    history_lag_ns: Duration = 50 * MILLISECOND
    """How old the state is that the wager history shows. The field ``last_synced_at`` of the answer has the time of
    this state."""
    history_newest_first: bool = False
    """If True, the wager history lists the newest wager first. No source says in which order the real exchange lists
    the wagers."""
    self_match: str = "reject"
    """What happens to a wager that could match another wager of the same account. With ``reject``, the new wager is
    rejected. With ``wipe``, both wagers are ended (docs/protocol.md 6.3)."""
    fill_or_kill_ns: Duration = 2 * SECOND
    payout_ns: Duration = 200 * MILLISECOND
    """How long after a result the payment comes. Until the payment, won wagers have the status ``settled``. Afterwards
    they have the status ``closed``."""
    opened_retry_ns: Duration = 0
    """For how long after a wager opened or was matched a cancel of this single wager is rejected. After the opening the
    answer is 425 ``wager_opened_retry``, and after a match it is 500 ``opened_retry`` (docs/protocol.md 6.4). If this
    setting is 0, there are no such answers."""
    delayed_wagers: int = 1_000
    """The greatest number of an account's wagers that may wait for their bet delay at the same time. The exchange's
    documents mention such a limit but do not say how high it is."""
    created_range_ns: Duration = 7 * DAY
    updated_range_ns: Duration = 2 * DAY
