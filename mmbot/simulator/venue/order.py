"""A wager as the matching engine holds it, and the account whose it is: each knows the other."""

from __future__ import annotations

from collections import deque

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, profit
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.simulator.venue.records import VenueMatch, VenueWager
from mmbot.simulator.venue.wallet import Wallet


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


class Account:
    """An account with its wallet and its wagers: by id, by creation and by change, each in order of time."""

    __slots__ = (
        "account_id",
        "by_external_id",
        "by_id",
        "changed_at",
        "changes",
        "created",
        "created_at",
        "delayed",
        "live",
        "matched_at",
        "matches",
        "name",
        "of_wager",
        "on_line",
        "open_stakes",
        "wallet",
    )

    def __init__(self, account_id: str, name: str, wallet: Wallet) -> None:
        self.account_id = account_id
        self.name = name
        self.wallet = wallet
        self.by_id: dict[str, Order] = {}
        self.by_external_id: dict[str, Order] = {}
        self.live: dict[int, Order] = {}
        """Wagers that could still match, oldest first."""
        self.on_line: dict[LineKey, dict[int, Order]] = {}
        """The same by line."""
        self.open_stakes: Cents = 0
        """What is unmatched of those that are open."""
        self.delayed: deque[Instant] = deque()
        """When its wagers on events in play will have waited for their bet delay."""
        self.matches: list[VenueMatch] = []
        self.of_wager: dict[str, list[VenueMatch]] = {}
        self.matched_at: list[Instant] = []
        self.created: list[Order] = []
        self.created_at: list[Instant] = []
        self.changes: list[Order] = []
        self.changed_at: list[Instant] = []

    def opened(self, order: Order) -> None:
        """A wager was accepted."""
        self.by_id[order.wager_id] = order
        self.by_external_id[order.external_id] = order
        self.live[order.number] = order
        self.on_line.setdefault(order.line, {})[order.number] = order
        self.created.append(order)
        self.created_at.append(order.created_at)

    def ended(self, order: Order) -> None:
        """A wager cannot match any more."""
        if self.live.pop(order.number, None) is not None:
            del self.on_line[order.line][order.number]

    def changed(self, order: Order, lag: Duration) -> VenueWager:
        """A wager changed at its ``updated_at``: keep its record for as long as the history may show the one before."""
        record = order.snapshot()
        versions = order.versions
        if versions and versions[-1].updated_at == record.updated_at:
            versions[-1] = record
        else:
            versions.append(record)
            self.changes.append(order)
            self.changed_at.append(order.updated_at)
        while len(versions) > 1 and versions[1].updated_at <= record.updated_at - lag:
            del versions[0]
        return record

    def matched(self, match: VenueMatch) -> None:
        """A wager of this account was matched."""
        self.matches.append(match)
        self.matched_at.append(match.matched_at)
        self.of_wager.setdefault(match.wager_id, []).append(match)
