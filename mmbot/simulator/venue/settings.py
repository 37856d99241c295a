"""Settings of the local exchange. Each setting is for a behaviour of the real exchange that varies or is not known."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import DAY, MILLISECOND, SECOND, Duration
from mmbot.domain.money import Cents
from mmbot.simulator.venue.odds_ladder import STANDARD

FILL_OR_KILL = "fillOrKill"
"""The name of the only wager strategy that the local exchange accepts. The unmatched part of a fill-or-kill wager is
cancelled after two seconds."""

ADD_LIQUIDITY_ONLY = "ALO"
"""The name of a wager strategy that the real exchange may switch off. The local exchange always rejects it
(docs/protocol.md 6.1)."""


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the exchange. Durations are in nanoseconds, and money is in cents."""

    ladder: tuple[int, ...] = STANDARD
    activation_ns: Duration = 150 * MILLISECOND
    """The delay between the acceptance and the opening of a wager whose sport event has not started."""
    live_activation_ns: Duration = 5 * SECOND
    """The delay between the acceptance and the opening of a wager whose sport event is in play. Exchanges call this
    delay the bet delay (docs/protocol.md 6.6)."""
    commission: str = "0.02"
    """The share of an account's net gain in a market that the exchange keeps as commission, as a decimal number."""
    commission_rounding: str = "half_up"
    """The rounding of the commission on a market's net gain to the cent. The values are ``half_up``, ``half_even``,
    ``down`` and ``up``. The exchange's fee page names 2 % and no rounding (docs/protocol.md 10)."""
    funds: str = "at_match"
    """The moment at which a stake leaves the balance. The values are ``at_match`` and ``at_placement``."""
    credits: str = "none"
    """The treatment of stakes on both outcomes of a line. With ``none``, the balance lacks all of them. With
    ``in_balance``, the balance contains the part of the stakes that comes back whichever outcome wins. Only the shown
    balance changes: a match is still paid from the cash, and transactions list the whole stake (docs/protocol.md 7.6;
    inferred)."""
    credit_late_ns: Duration = 5 * SECOND
    """The time from a match until the shown balance contains its exposure credit."""
    unmatched_multiple: int = 10
    """The greatest sum of unmatched stakes, as a multiple of the balance. It applies only if funds are taken at the
    match."""
    maker_wins: str = "takers_stake"
    """The rule for the amount that a maker can win in a match. With ``takers_stake``, the maker can win the taker's
    stake. The amount that the taker can win is rounded half-up. With ``half_up``, the maker can win the maker's own
    stake times the odds, rounded half-up. The taker's stake is then equal to this amount (docs/protocol.md 7.5;
    inferred)."""
    partly_canceled: str = "open"
    """The ``status`` of a wager that was matched in part and whose rest was then cancelled. With ``open``, the wager is
    fully matched and its stake is the matched part (docs/protocol.md 6.3). With
    ``canceled``, the wager stays partially matched and keeps its whole stake. No source fully describes the meaning of
    ``canceled``. A bot must count the matched part under both settings."""
    shown_profit: str = "offered"
    """The meaning of the field ``profit`` of a wager. With ``offered``, the field has what the present stake can win at
    the wager's own odds, as in the exchange's examples (docs/protocol.md 6.2). With ``matched``, the matched part
    counts at the odds of its matches, and the unmatched part at the wager's own odds. No source says which value is
    right."""
    match_profit: bool = True
    """True if each match in the matching detail says how much it can win (``profit``). No source describes this
    field."""
    min_stake: Cents = 100
    max_stake: Cents = 10_000_000_000
    history_lag_ns: Duration = 50 * MILLISECOND
    """The age of the state that the wager history shows. The field ``last_synced_at`` of the answer has the time of
    this state."""
    history_newest_first: bool = False
    """True if the wager history lists the newest wager first. No source says how the real exchange sorts the wagers."""
    results_dated: bool = True
    """True if the result of a wager counts as a change of the wager. The history then lists the wager among the changed
    wagers. No source says whether a result counts as a change."""
    self_match: str = "reject"
    """The treatment of a wager that could match another wager of the same account. With ``reject``, the new wager is
    rejected. With ``wipe``, both wagers are ended (docs/protocol.md 14)."""
    fill_or_kill_ns: Duration = 2 * SECOND
    payout_ns: Duration = 200 * MILLISECOND
    """The time from a result to its payment. Until the payment, wagers that won have the status ``settled``. After the
    payment they have the status ``closed``."""
    opened_retry_ns: Duration = 0
    """The time for which a cancel of a single wager is rejected after the wager opened or was matched. After the
    opening, the answer is 425 ``wager_opened_retry``. After a match, the answer is 500 ``opened_retry``
    (docs/protocol.md 6.4). With 0, no cancel is rejected for this reason."""
    delayed_wagers: int = 1_000
    """The greatest number of an account's wagers that may wait at the same time for the end of their bet delay. The
    exchange's documents mention such a limit but not its size."""
    created_range_ns: Duration = 7 * DAY
    updated_range_ns: Duration = 2 * DAY
