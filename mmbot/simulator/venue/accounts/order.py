"""Orders and accounts of the exchange. An order is a wager in the matching engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, profit
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.simulator.venue.accounts.wallet import Wallet
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import VenueMatch, VenueWager


class Order:
    """A wager in the matching engine. Money is in cents."""

    __slots__ = (
        "account",
        "asked_stake",
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
        "queue_ahead",
        "released",
        "sequence",
        "shown_value",
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
        self.market = MarketKey(line.sport_event, line.market)
        self.side = side
        self.line_id = line_id
        self.outcome_id = outcome_id
        self.odds = odds
        self.stake = stake
        self.asked_stake = stake
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
        self.shown_value: Cents = 0
        """The stake that takers can put against the order, in cents. While the order is in the book, the ``value`` of
        its price level includes this stake."""
        self.queue_ahead: Cents = 0
        """The ``value`` of the crowd's orders that are ahead of a user's order in the queue at the same price. The tape
        crowd (the traders of a recorded market) updates this figure."""
        self.versions: list[VenueWager] = []
        """The records of the order's states, oldest first. Records that the wager history can no longer show are
        dropped."""
        self.paid: Cents = 0
        """The amount that was paid into the balance for the order's result, in cents."""
        self.released = False
        """True once the result of the order was paid. The matched stake is then no longer part of the staked money in
        the wallet."""

    @property
    def remaining(self) -> Cents:
        """The part of the stake that is not matched, in cents."""
        return self.stake - self.matched

    @property
    def live(self) -> bool:
        """True while the order can still be matched. Such an order is open or still being placed."""
        return self.stake > self.matched and (self.status is Status.OPEN or self.status is Status.INACTIVE)

    def snapshot(self) -> VenueWager:
        """Return a record of the order's present state."""
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
            self._shown_profit(),
            self.strategy,
            self.created_at,
            self.updated_at,
            self.sequence,
        )

    def _shown_profit(self) -> Cents:
        if not self.account.shows_matched_profit:
            return profit(self.stake, self.odds)
        unmatched = self.stake - self.matched
        return self.win + (profit(unmatched, self.odds) if unmatched else 0)


class Account:
    """An account with its wallet and its wagers. The wagers can be found by id, by creation time and by time of
    change."""

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
        "shows_matched_profit",
        "wallet",
    )

    def __init__(self, account_id: str, name: str, wallet: Wallet, *, shows_matched_profit: bool = False) -> None:
        self.account_id = account_id
        self.name = name
        self.wallet = wallet
        self.shows_matched_profit = shows_matched_profit
        """True if the field ``profit`` of a wager counts each match at the odds of the match
        (``VenueSettings.shown_profit``)."""
        self.by_id: dict[str, Order] = {}
        self.by_external_id: dict[str, Order] = {}
        self.live: dict[int, Order] = {}
        """The wagers that can still be matched, by number, oldest first."""
        self.on_line: dict[LineKey, dict[int, Order]] = {}
        """The wagers that can still be matched, by line and number."""
        self.open_stakes: Cents = 0
        """The sum of the unmatched stakes of open wagers, in cents."""
        self.delayed: deque[Instant] = deque()
        """The times at which bet delays end, with one time for each wager that waits. A bet delay is the wait before a
        wager in play opens."""
        self.matches: list[VenueMatch] = []
        self.of_wager: dict[str, list[VenueMatch]] = {}
        self.matched_at: list[Instant] = []
        self.created: list[Order] = []
        self.created_at: list[Instant] = []
        self.changes: list[Order] = []
        self.changed_at: list[Instant] = []

    def accepted(self, order: Order) -> None:
        """Add a wager to the account's books when the exchange accepts it."""
        self.by_id[order.wager_id] = order
        if order.external_id:
            self.by_external_id[order.external_id] = order
        self.live[order.number] = order
        self.on_line.setdefault(order.line, {})[order.number] = order
        self.created.append(order)
        self.created_at.append(order.created_at)

    def ended(self, order: Order) -> None:
        """Record that a wager cannot be matched any more."""
        if self.live.pop(order.number, None) is not None:
            del self.on_line[order.line][order.number]

    def changed(self, order: Order, lag: Duration) -> VenueWager:
        """Record the present state of a wager that changed. Drop the older states that the wager history can no longer
        show. ``lag`` is the age in nanoseconds of the states that the history shows."""
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
        """Record a match of one of the account's wagers."""
        self.matches.append(match)
        self.matched_at.append(match.matched_at)
        self.of_wager.setdefault(match.wager_id, []).append(match)

    def wager(self, wager_id: str) -> VenueWager:
        """Return the present state of one wager. Raises VenueError with the HTTP status 404 if the account has no such
        wager."""
        order = self.by_id.get(wager_id)
        if order is None:
            raise VenueError("data_not_found")
        return order.snapshot()

    def matches_of(self, wager_ids: Iterable[str]) -> list[VenueMatch]:
        """Return every match of the given wagers. The ids of other accounts' wagers are ignored."""
        return [match for wager_id in wager_ids for match in self.of_wager.get(wager_id, ())]
