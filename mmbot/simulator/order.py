"""A wager as the matching engine holds it, and the arithmetic of a match in whole cents (PROTOCOL 7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds, Side, profit
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.simulator.records import VenueWager

if TYPE_CHECKING:
    from mmbot.simulator.history import Account


def pair(favourite: Cents, underdog: Cents, points: int) -> tuple[Cents, Cents]:
    """What two remainders match at odds of -points against +points: (favourite's stake, underdog's stake) in cents.

    The underdog's stake is the favourite's win and the other way round, and each is the half-up profit of the other at
    its own odds, so whoever works a win out from stake and odds agrees with the exchange to the cent. That holds only
    if the underdog's cents are chosen and the favourite's follow: several favourite stakes share one rounded win.
    """
    stake = min(underdog, (100 * favourite + 49) // points)
    return half_up(stake * points, 100), stake


def takeable(remaining: Cents, odds: Odds) -> Cents:
    """What takers can stake against a maker's remainder: the ``value`` that is shown. 0 if it cannot win a cent."""
    return half_up(remaining * odds, 100) if odds > 0 else (100 * remaining + 49) // -odds


class Order:
    """A wager as the matching engine holds it. ``remaining`` is what can still match once it is open."""

    __slots__ = (
        "account",
        "ahead",
        "asked",
        "created_at",
        "external_id",
        "line",
        "line_id",
        "market",
        "matched",
        "matching",
        "number",
        "odds",
        "opened_at",
        "outcome_id",
        "paid",
        "released",
        "sequence",
        "shown",
        "side",
        "stake",
        "status",
        "strategy",
        "updated_at",
        "versions",
        "wager_id",
        "win",
        "winning",
    )

    def __init__(
        self,
        number: int,
        wager_id: str,
        external_id: str,
        account: Account,
        line: LineKey,
        side: Side,
        line_id: str,
        outcome_id: int,
        odds: Odds,
        stake: Cents,
        strategy: str | None,
        now: Instant,
    ) -> None:
        self.number = number
        self.wager_id = wager_id
        self.external_id = external_id
        self.account = account
        self.line = line
        self.market = MarketKey(line.event, line.market)
        self.side = side
        self.line_id = line_id
        self.outcome_id = outcome_id
        self.odds = odds
        self.stake = stake
        self.asked = stake
        self.matched: Cents = 0
        self.win: Cents = 0
        self.status = Status.INACTIVE
        self.matching = Matching.UNMATCHED
        self.winning = Winning.TBD
        self.strategy = strategy
        self.created_at = now
        self.updated_at = now
        self.opened_at: Instant | None = None
        self.sequence = now
        self.shown: Cents = 0
        """Its part of its level's value while it rests."""
        self.ahead: Cents = 0
        """A user's: what the crowd showed at its price when it joined. A crowd that replays a tape keeps it current."""
        self.versions: list[VenueWager] = []
        """Its records, oldest first, as far back as the history lags."""
        self.paid: Cents = 0
        """What its result has put into the balance."""
        self.released = False
        """Whether its matched stake has left what the wallet counts as staked."""

    @property
    def remaining(self) -> Cents:
        """What is not matched of the present stake."""
        return self.stake - self.matched

    @property
    def live(self) -> bool:
        """Whether it rests or is about to."""
        return self.stake > self.matched and (self.status is Status.OPEN or self.status is Status.INACTIVE)

    def snapshot(self) -> VenueWager:
        """Its record now."""
        return VenueWager(
            self.wager_id,
            self.external_id,
            self.account.account_id,
            self.line,
            self.side,
            self.line_id,
            self.outcome_id,
            self.odds,
            self.stake,
            self.status,
            self.matching,
            self.winning,
            self.matched,
            self.win,
            self.remaining if self.live else 0,
            profit(self.stake, self.odds),
            self.strategy,
            self.created_at,
            self.updated_at,
            self.sequence,
        )
