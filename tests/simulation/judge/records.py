"""Plain records of what the exchange did and of what the bot claims. Money in cents, times in nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

SECOND = 1_000_000_000


class Place(NamedTuple):
    """The scopes in which a wager counts, each by its name."""

    line: str
    market: str
    sport_event: str
    tournament: str
    outcomes: int = 2


@dataclass(frozen=True, slots=True)
class WagerRecord:
    """One wager at one moment, by the books of the exchange."""

    wager_id: str
    external_id: str
    place: Place
    side: int
    odds: int
    stake: int
    status: str
    matched: int
    """The matched part of the stake."""
    win: int
    """The exact win of the matched part, without the stake."""
    result: str
    """The exchange's ``winning_status``."""
    by_hand: bool
    expires: bool = False
    """True for a fill-or-kill wager: the bot knows by itself when it ends."""

    @property
    def could_match(self) -> int:
        """The stake that can still match."""
        return self.stake - self.matched if self.status in ("inactive", "open") else 0


class Item(NamedTuple):
    """One wager of a placement request, as it arrives at the exchange."""

    external_id: str
    line: str
    side: int
    odds: int
    stake: int
    reduces: bool = False
    """True for a hedge, which the loss of a day does not forbid."""


class Entry(NamedTuple):
    """One transaction of the wallet."""

    type: str
    amount: int
    market: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that are in force. None: no limit."""

    line: int | None = None
    market: int | None = None
    sport_event: int | None = None
    tournament: int | None = None
    account: int | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long the bot may take, and what the exchange is like. Durations in nanoseconds."""

    clear_within: int = 15 * SECOND
    """From a stop, a kill or a lost feed until nothing is open, counted from the last disturbed request."""
    agree_within: int = 30 * SECOND
    """From the last change of a line until the bot's figures equal the exchange's."""
    unseen: int = 3600 * SECOND
    """From a change of a book that does not reach the bot until the bot may place nothing on that line."""
    expired_within: int = 20 * SECOND
    """From the end of a fill-or-kill wager until the bot knows it, whatever became of the message."""
    audited: int = 180 * SECOND
    """Within this time after a restart the bot has to find out what it was told wrongly before it."""
    requests_a_second: int = 50
    commission_percent: int = 2
    commission_rounding: str = "half_up"
    charged_within: int = 180 * SECOND
    """From a result until the bot knows the commission of its market. Before, it may be a cent off."""
    win_shown: bool = True
    """True if the exchange shows the exact win of each match. Otherwise the bot may count a little less."""
    at_placement: bool = False
    """True if the exchange takes a stake from the balance when the wager opens, not when it is matched."""
    exclusive: bool = True
    """True if the bot has to cancel wagers by hand too."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The bot's own figures at one moment."""

    positions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each shown line: the profit if outcome 0 or 1 wins."""
    worst: dict[str, int] = field(default_factory=dict)
    """For each shown line: its worst case."""
    open: dict[str, int] = field(default_factory=dict)
    """Of the shown lines: what is left to match of each wager, by external id."""
    open_count: int = 0
    """Open wagers on all lines."""
    locked: int = 0
    """Matched stakes without a result, on all lines."""
    account_worst: int | None = None
    realised: int = 0
    commission: int = 0


class Breach(NamedTuple):
    """A rule that the bot broke."""

    at: int
    rule: str
    detail: str
