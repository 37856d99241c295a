"""The exchange itself, pure: what an account can ask for, what the crowd does in it, and what time brings.

It gives the order of events; matching is the floor's, money the wallets', the catalogue the board's. Each call is
given the time, which never goes back. Ids follow from the seed and from counters, so a run can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, SportEvent, Tournament
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side
from mmbot.domain.wager import Status
from mmbot.simulator.venue import history
from mmbot.simulator.venue.announcements import Announcements, Watcher
from mmbot.simulator.venue.board import NOT_STARTED, POSTPONED, Board, derived_id
from mmbot.simulator.venue.changes import Announcement
from mmbot.simulator.venue.crowd_orders import CrowdOrders
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.matching_engine import MatchingEngine
from mmbot.simulator.venue.order import Account, Order
from mmbot.simulator.venue.order_intake import OrderIntake
from mmbot.simulator.venue.payouts import Result
from mmbot.simulator.venue.records import (
    HistoryPage,
    HistoryQuery,
    MatchPage,
    ShownBook,
    VenueBalance,
    VenueMatch,
    VenueTransaction,
    VenueWager,
)
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.settlement import Settlement
from mmbot.simulator.venue.timers import Timers
from mmbot.simulator.venue.wallet import Wallet


class Venue:
    """One exchange in memory."""

    def __init__(self, settings: VenueSettings, seed: int = 0) -> None:
        self.settings = settings
        self._seed = seed
        self._announcements = Announcements()
        self._timers = Timers()
        self.board = Board(self._announcements, seed)
        """The catalogue with its books, for those inside the exchange: time and wagers are this class's."""
        self._matching_engine = MatchingEngine(self._announcements, settings.history_lag_ns)
        self._accounts: dict[str, Account] = {}
        self._order_intake = OrderIntake(
            settings, seed, self.board, self._matching_engine, self._announcements, self._timers, self._accounts
        )
        self._crowd_orders = CrowdOrders(self.board, self._matching_engine, self._order_intake)
        self._settlement = Settlement(settings, self.board, self._matching_engine, self._order_intake, self._timers)
        self._now: Instant = 0

    # --- the board ------------------------------------------------------------------------------------------------

    def line_id(self, event: int, market: int, number: int, side: Side) -> str:
        """The id that stands for one outcome of a line; ``number`` in quarter points."""
        return self.board.line_id(event, market, number, side)

    def add_tournament(self, tournament: Tournament, now: Instant | None = None) -> None:
        """List a tournament."""
        self.board.add_tournament(tournament, self._at(now))

    def add_event(self, event: SportEvent, now: Instant, *, listed: bool = True) -> None:
        """Create an event, and list it unless told otherwise. Raises ValueError without its tournament, or if it is
        there already."""
        self.board.add_event(event, self._at(now), listed=listed)

    def add_market(self, market: Market, now: Instant) -> None:
        """Add a market with its lines; empty ``line_id`` are filled. Raises ValueError if it cannot be added."""
        self.board.add_market(market, self._at(now))

    def update_event(self, event: SportEvent, now: Instant) -> None:
        """Replace an event's particulars. To go live use ``go_live``. Raises KeyError for an unknown event."""
        self.advance(now)
        self.board.update_event(event, now)

    def move_event(self, event_id: int, scheduled: Instant, now: Instant) -> None:
        """The event is due at another time; one that was postponed is to be played after all. Wagers stay.

        Raises KeyError for an unknown event, VenueError for one that is in play or over.
        """
        self.advance(now)
        self.board.reschedule(event_id, NOT_STARTED, scheduled, now)

    def postpone_event(self, event_id: int, now: Instant) -> None:
        """The event does not start for now: nothing is taken or matched there until it is moved. Wagers stay and can
        be cancelled; no source says whether the real exchange would wipe them. Raises as ``move_event`` does."""
        self.advance(now)
        self.board.reschedule(event_id, POSTPONED, self.board.events[event_id].scheduled, now)

    def list_event(self, event_id: int, now: Instant) -> None:
        """List again what was unlisted."""
        self.advance(now)
        self.board.list_event(event_id, now)

    def unlist_event(self, event_id: int, now: Instant) -> None:
        """Take an event off the list. Its wagers stay and can be cancelled, but nothing matches there."""
        self.advance(now)
        self.board.unlist_event(event_id, now)

    def set_market_status(self, market: MarketKey, status: str, now: Instant) -> None:
        """``active`` or, for instance, ``suspended``. Raises KeyError for an unknown market, VenueError for one that
        has its result."""
        self.advance(now)
        self._settlement.require_open(market)
        self.board.set_market_status(market, status, now)

    def set_line_status(self, line: LineKey, status: str, now: Instant) -> None:
        """The same for one line."""
        self.advance(now)
        self.board.set_line_status(line, status, now)

    @property
    def ladder(self) -> tuple[Odds, ...]:
        """The odds that are taken now."""
        return self._order_intake.ladder

    def set_ladder(self, odds: Sequence[Odds], now: Instant) -> None:
        """Take these odds from now on; what rests at others stays. Nothing tells: the ladder is read.

        Raises OddsError for what is no ladder.
        """
        self.advance(now)
        self._order_intake.set_ladder(Ladder(odds).rungs)

    def go_live(self, event_id: int, now: Instant) -> None:
        """The event starts: everything pre-match is wiped, of what was matched in part the rest (PROTOCOL 9).

        Raises KeyError for an unknown event, VenueError for one that is over.
        """
        self.advance(now)
        self.board.go_live(event_id, now)
        for key in self.board.markets_of[event_id]:
            self._order_intake.wipe(key, Status.WIPED, now)
        self._announcements.quiet(now)

    def set_maintenance(self, on: bool, now: Instant) -> None:
        """Begin or end maintenance: nothing is taken, opened or matched; what rests stays and can be cancelled."""
        self.advance(now)
        self.board.maintenance = on

    def set_blacklisted(self, competitor: str, on: bool, now: Instant) -> None:
        """Take no wagers on the events of a competitor, given by name, or take them again."""
        self.advance(now)
        self.board.set_blacklisted(competitor, on)

    def concluded(self, market: MarketKey) -> bool:
        """Whether the market has its result. Raises KeyError for an unknown market."""
        return self._settlement.concluded(market)

    # --- results --------------------------------------------------------------------------------------------------

    def settle(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """An automatic result. Winners are settled now, and paid and closed ``payout_ns`` later.

        Raises VenueError for a market that has a result: that is corrected, not settled twice.
        """
        self.advance(now)
        self._settlement.settle(market, winner, now)
        self._announcements.quiet(now)

    def correct(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """A result by hand, first or correcting an earlier one; the money moves at once."""
        self.advance(now)
        self._settlement.correct(market, winner, now)
        self._announcements.quiet(now)

    def void(self, market: MarketKey, now: Instant) -> None:
        """Every wager of the market is void, matched or not, and all stakes go back at once."""
        self.advance(now)
        self._settlement.void(market, now)
        self._announcements.quiet(now)

    # --- accounts -------------------------------------------------------------------------------------------------

    def open_account(self, name: str, balance: Cents, *, unlimited: bool = False) -> str:
        """A new account; returns its id. An unlimited one is the crowd's: no funds rule, no messages, no history."""
        digits = derived_id("account", self._seed, name, len(self._accounts))
        account_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        at_placement = self.settings.funds == "at_placement" and not unlimited
        wallet = Wallet(digits[:8], unlimited=unlimited, at_placement=at_placement)
        wallet.deposit(balance, self._now)
        self._accounts[account_id] = Account(account_id, name, wallet)
        return account_id

    def deposit(self, account: str, amount: Cents, now: Instant, type: str | None = None) -> None:
        """Money from outside; a negative amount is a withdrawal. ``type``: what the wallet's line says instead."""
        self._account(account).wallet.deposit(amount, self._at(now), type)

    def watch(self, account: str, watcher: Watcher) -> None:
        """Let ``watcher`` look on at every change of the account's wagers."""
        self._announcements.watch(account, watcher)

    # --- wagers ---------------------------------------------------------------------------------------------------

    def place(
        self,
        account: str,
        external_id: str,
        line_id: str,
        odds: Odds,
        stake: Cents,
        now: Instant,
        strategy: str | None = None,
    ) -> VenueWager:
        """Accept a wager into the queue: it is inactive until its activation is due.

        Raises:
            VenueError: as the error table says; nothing was accepted, and the ``external_id`` stays unused.
        """
        self.advance(now)
        record = self._order_intake.accept(self._account(account), external_id, line_id, odds, stake, strategy, now)
        self._announcements.quiet(now)
        return record

    def delay_activation(self, extra: Duration) -> None:
        """A fault: wagers accepted from now on take this much longer to open. 0 ends it; the queue stays in order."""
        self._order_intake.activation_extra = extra

    def cancel(self, account: str, wager_id: str, external_id: str, now: Instant) -> VenueWager:
        """Cancel what is unmatched of one wager. A return means that it cannot be matched any more (PROTOCOL 6.4).

        Raises:
            VenueError: unknown id 404, another account's 500, wrong pair 400, still placing 409, matched or ended 400.
        """
        self.advance(now)
        record = self._order_intake.cancel(self._account(account), wager_id, external_id, now)
        self._announcements.quiet(now)
        return record

    def cancel_event(self, account: str, event_id: int, now: Instant) -> int:
        """Cancel what is open on an event; returns how many. What is still placing is not touched.

        Raises VenueError 404 if there is no such event, or nothing was open.
        """
        return self._cancel_open(account, lambda order: order.line.event == event_id, now, event_id)

    def cancel_market(self, account: str, event_id: int, market_id: int, line_id: str | None, now: Instant) -> int:
        """The same on a market, or on one outcome of one of its lines."""
        key = MarketKey(event_id, market_id)
        return self._cancel_open(
            account, lambda order: order.market == key and (not line_id or order.line_id == line_id), now, event_id
        )

    def cancel_all(self, account: str, now: Instant) -> int:
        """The same of everything."""
        return self._cancel_open(account, lambda order: True, now)

    def _cancel_open(
        self, account: str, wanted: Callable[[Order], bool], now: Instant, event_id: int | None = None
    ) -> int:
        self.advance(now)
        if event_id is not None and event_id not in self.board.events:
            raise VenueError("sport_event_not_found")
        count = self._order_intake.cancel_open(self._account(account), wanted, now)
        if count == 0:
            raise VenueError("no_cancellable_wagers" if event_id is None else "data_not_found")
        self._announcements.quiet(now)
        return count

    # --- the crowd ------------------------------------------------------------------------------------------------

    def rest(
        self, account: str, line: LineKey, side: Side, odds: Odds, stake: Cents, now: Instant, *, rest: bool = True
    ) -> Order | None:
        """An order of the crowd, open at once: takes what it crosses, then rests (or not). None if not traded now.

        The order stays the caller's handle for ``pull``.
        """
        self.advance(now)
        order = self._crowd_orders.enter(self._account(account), line, side, odds, stake, now, rest=rest)
        self._announcements.quiet(now)
        return order

    def pull(self, order: Order, now: Instant) -> None:
        """Take what is left of a crowd's order off the book."""
        self.advance(now)
        self._crowd_orders.leave(order, now)
        self._announcements.quiet(now)

    def strike(self, account: str, maker: Order, stake: Cents, now: Instant) -> Cents:
        """A taker of the crowd matches one resting order at its odds; returns what the taker staked, in cents."""
        self.advance(now)
        spent = self._crowd_orders.strike(self._account(account), maker, stake, now)
        self._announcements.quiet(now)
        return spent

    # --- time -----------------------------------------------------------------------------------------------------

    def _at(self, now: Instant | None) -> Instant:
        if now is not None and now > self._now:
            self._now = now
        return self._now

    def advance(self, now: Instant) -> None:
        """Do what is due by now, in order of its due time: activations, expiries, payments."""
        while (item := self._timers.take(now)) is not None:
            due, act = item
            at = self._at(due)
            act(at)
            self._announcements.quiet(at)
        self._at(now)

    def next_due(self) -> Instant | None:
        """When ``advance`` has something to do."""
        return self._timers.next_due()

    # --- reading --------------------------------------------------------------------------------------------------

    def tournaments(self) -> list[Tournament]:
        """All of them."""
        return list(self.board.tournaments.values())

    def events(self, tournament_id: int | None = None, ids: list[int] | None = None) -> list[SportEvent]:
        """The events that are listed."""
        return self.board.listed(tournament_id, ids)

    def markets(self, event_id: int) -> list[Market] | None:
        """The markets of a listed event, or None."""
        return self.board.markets_shown(event_id)

    def market(self, market: MarketKey) -> Market:
        """One market, of a listed event or not. Raises KeyError."""
        return self.board.markets[market]

    def book(self, line: LineKey) -> ShownBook:
        """The book as everybody sees it. Raises KeyError for an unknown line."""
        return self.board.shown(line)

    def event(self, event_id: int) -> SportEvent:
        """One event, listed or not. Raises KeyError."""
        return self.board.events[event_id]

    def line(self, line: LineKey) -> Line:
        """One line. Raises KeyError."""
        return self.board.lines[line]

    def find_line(self, line_id: str) -> tuple[LineKey, Side] | None:
        """Which line and outcome a ``line_id`` stands for."""
        return self.board.find(line_id)

    def wager(self, account: str, wager_id: str) -> VenueWager:
        """One wager as it stands now. Raises VenueError 404."""
        order = self._account(account).by_id.get(wager_id)
        if order is None:
            raise VenueError("data_not_found")
        return order.snapshot()

    def wagers(self, account: str) -> list[VenueWager]:
        """Every wager of an account as it stands now: for judges and tests, not for the wire."""
        return [order.snapshot() for order in self._account(account).by_id.values()]

    def history(self, account: str, query: HistoryQuery, now: Instant | None = None) -> HistoryPage:
        """The wagers of a query as they stood a lag ago. Raises VenueError for a bad query."""
        return history.history(self._account(account), query, self.settings, self._at(now))

    def matched_bets(
        self,
        account: str,
        start: Instant | None,
        end: Instant | None,
        limit: int = 20,
        cursor: str = "",
        now: Instant | None = None,
    ) -> MatchPage:
        """Matches in a range of time, oldest first. Raises VenueError for a bad query."""
        return history.matched_bets(self._account(account), start, end, limit, cursor, self.settings, self._at(now))

    def matches(self, account: str, wager_ids: list[str]) -> list[VenueMatch]:
        """Every match of these wagers; ids that are not the account's have none."""
        of_wager = self._account(account).of_wager
        return [match for wager_id in wager_ids for match in of_wager.get(wager_id, ())]

    def balance(self, account: str, now: Instant | None = None) -> VenueBalance:
        """The wallet now; what is unmatched as the history has it (PROTOCOL 4.1)."""
        owner = self._account(account)
        synced = self._at(now) - self.settings.history_lag_ns
        return VenueBalance(
            owner.wallet.balance, owner.wallet.staked, history.unmatched(owner, synced), "active", synced
        )

    def transactions(self, account: str) -> list[VenueTransaction]:
        """Every movement of a wallet, oldest first; none are kept of the crowd's."""
        return list(self._account(account).wallet.lines)

    def wallet(self, account: str) -> Wallet:
        """The wallet itself, for those inside the exchange."""
        return self._account(account).wallet

    def unbalanced(self) -> Cents:
        """What all wallets and the commission are above all deposits: not 0 means that money was made or lost."""
        return sum(
            wallet.balance + wallet.held + wallet.staked + wallet.commission - wallet.deposited
            for wallet in (account.wallet for account in self._accounts.values())
        )

    def drain(self) -> list[Announcement]:
        """What is to be published since the last drain, in order."""
        return self._announcements.drain()

    def _account(self, account: str) -> Account:
        owner = self._accounts.get(account)
        if owner is None:
            raise VenueError("wallet_not_found")
        return owner
