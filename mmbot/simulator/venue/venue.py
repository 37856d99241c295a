"""The exchange itself, without network or files. An object of the class ``Venue`` is one exchange.

The board has the catalogue, and order intake has the queue of new wagers. The matching engine makes the matches, and
the wallets hold the money. Each call gets the present time as an argument. This time never goes back. Ids depend only
on the seed and on counters, so a run can be repeated exactly.
"""

# long: one class offers every operation of the exchange, and most of its methods only pass the call on.

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, SportEvent, Tournament
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side
from mmbot.domain.wager import Status
from mmbot.simulator.venue.accounts import history
from mmbot.simulator.venue.accounts.order import Account, Order
from mmbot.simulator.venue.accounts.wallet import Wallet, unbalanced
from mmbot.simulator.venue.announcements import Announcements, Watcher
from mmbot.simulator.venue.board.board import NOT_STARTED, POSTPONED, Board, derived_id
from mmbot.simulator.venue.changes import Announcement
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.matching.crowd_orders import CrowdOrders
from mmbot.simulator.venue.matching.matching_engine import MatchingEngine
from mmbot.simulator.venue.matching.order_intake import BY_HAND, OrderIntake
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
from mmbot.simulator.venue.settlement.payouts import Result
from mmbot.simulator.venue.settlement.settlement import Settlement
from mmbot.simulator.venue.timers import Timers


class Venue:
    """One simulated exchange in memory."""

    def __init__(self, settings: VenueSettings, seed: int = 0) -> None:
        self.settings = settings
        self._seed = seed
        self._announcements = Announcements()
        self._timers = Timers()
        self.board = Board(self._announcements, seed)
        """The catalogue of the exchange with its books. Code of the simulator calls the board directly if the call
        affects neither time nor wagers."""
        self._matching_engine = MatchingEngine(
            self._announcements,
            settings.history_lag_ns,
            settings.maker_wins,
            settings.results_dated,
            settings.partly_canceled,
        )
        self._accounts: dict[str, Account] = {}
        self._order_intake = OrderIntake(
            settings, seed, self.board, self._matching_engine, self._announcements, self._timers, self._accounts
        )
        self._settlement = Settlement(settings, self.board, self._matching_engine, self._order_intake, self._timers)
        self._now: Instant = 0
        self.crowd = CrowdOrders(
            self.board,
            self._matching_engine,
            self._order_intake,
            self._account,
            self.advance,
            self._announcements.operation_complete,
        )
        """The orders of the crowd's accounts. The crowd is the simulated traders other than the bot."""

    # --- the board ------------------------------------------------------------------------------------------------

    def line_id(self, sport_event: int, market: int, number: int, side: Side) -> str:
        """Return the ``line_id`` of one outcome of a line. ``number`` is the line's number in quarter points."""
        return self.board.line_id(sport_event, market, number, side)

    def add_tournament(self, tournament: Tournament, now: Instant | None = None) -> None:
        """Add a tournament to the list."""
        self.board.add_tournament(tournament, self._at(now))

    def add_sport_event(self, sport_event: SportEvent, now: Instant, *, listed: bool = True) -> None:
        """Create a sport event. Raises ValueError if its tournament does not exist or the sport event already
        exists."""
        self.board.add_sport_event(sport_event, self._at(now), listed=listed)

    def add_market(self, market: Market, now: Instant) -> None:
        """Add a market with its lines. An outcome without a ``line_id`` gets a new ``line_id``. Raises ValueError if
        the market cannot be added."""
        self.board.add_market(market, self._at(now))

    def update_sport_event(self, sport_event: SportEvent, now: Instant) -> None:
        """Replace a sport event's details. To start a sport event, use ``go_live`` instead. Raises KeyError if the
        sport event does not exist."""
        self.advance(now)
        self.board.update_sport_event(sport_event, now)

    def move_sport_event(self, sport_event_id: int, scheduled: Instant, now: Instant) -> None:
        """Reschedule a sport event, even one that was postponed. Its wagers stay.

        Raises:
            KeyError: if the sport event does not exist.
            VenueError: if the sport event is in play or over.
        """
        self.advance(now)
        self.board.reschedule(sport_event_id, NOT_STARTED, scheduled, now)

    def postpone_sport_event(self, sport_event_id: int, now: Instant) -> None:
        """Postpone a sport event. Until ``move_sport_event`` gives it a new start, no wager on it is accepted or
        matched.

        Open wagers stay and can be cancelled. No source says whether the real exchange would cancel them. Raises the
        same errors as ``move_sport_event``.
        """
        self.advance(now)
        self.board.reschedule(sport_event_id, POSTPONED, self.board.sport_events[sport_event_id].scheduled, now)

    def list_sport_event(self, sport_event_id: int, now: Instant) -> None:
        """Put a sport event back on the list."""
        self.advance(now)
        self.board.list_sport_event(sport_event_id, now)

    def unlist_sport_event(self, sport_event_id: int, now: Instant) -> None:
        """Take a sport event off the list. Its wagers stay and can be cancelled, but they cannot be matched."""
        self.advance(now)
        self.board.unlist_sport_event(sport_event_id, now)

    def set_market_status(self, market: MarketKey, status: str, now: Instant) -> None:
        """Set a market's status, for example ``active`` or ``suspended``.

        Raises:
            KeyError: if the market does not exist.
            VenueError: if the market already has its result.
        """
        self.advance(now)
        self._settlement.require_open(market)
        self.board.set_market_status(market, status, now)

    def set_line_status(self, line: LineKey, status: str, now: Instant) -> None:
        """Set a line's status, for example ``active`` or ``suspended``. Raises KeyError if the line does not exist."""
        self.advance(now)
        self.board.set_line_status(line, status, now)

    @property
    def ladder(self) -> tuple[Odds, ...]:
        """The odds that the exchange accepts now."""
        return self._order_intake.ladder

    def set_ladder(self, odds: Sequence[Odds], now: Instant) -> None:
        """Accept only these odds from now on. Open wagers at other odds stay. The change is not announced on the feed.
        Raises OddsError if ``odds`` is not a ladder."""
        self.advance(now)
        self._order_intake.set_ladder(Ladder(odds).ticks)

    def go_live(self, sport_event_id: int, now: Instant) -> None:
        """Start a sport event. The exchange ends the unmatched part of every wager on the sport event (docs/protocol.md
        9).

        Raises:
            KeyError: if the sport event does not exist.
            VenueError: if the sport event is over.
        """
        self.advance(now)
        self.board.go_live(sport_event_id, now)
        for key in self.board.markets_of[sport_event_id]:
            self._order_intake.wipe(key, Status.WIPED, now)
        self._announcements.operation_complete(now)

    def set_maintenance(self, on: bool, now: Instant) -> None:
        """Start maintenance if ``on`` is true, and end it otherwise. During maintenance no wager is accepted, opened or
        matched. Open wagers can still be cancelled."""
        self.advance(now)
        self.board.maintenance = on

    def set_blacklisted(self, competitor: str, on: bool, now: Instant) -> None:
        """Reject wagers on the sport events of a competitor from now on. If ``on`` is False, accept them again.
        ``competitor`` is the competitor's name."""
        self.advance(now)
        self.board.set_blacklisted(competitor, on)

    def concluded(self, market: MarketKey) -> bool:
        """True if the market has its result. Raises KeyError if the market does not exist."""
        return self._settlement.concluded(market)

    # --- results --------------------------------------------------------------------------------------------------

    def settle(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """Apply an automatic result. The payment is made ``payout_ns`` later. Raises VenueError if the market already
        has a result."""
        self.advance(now)
        self._settlement.settle(market, winner, now)
        self._announcements.operation_complete(now)

    def correct(self, market: MarketKey, winner: Result, now: Instant) -> None:
        """Apply a result that the exchange's staff enter. It can be the market's first result or a correction. The
        payment is immediate."""
        self.advance(now)
        self._settlement.correct(market, winner, now)
        self._announcements.operation_complete(now)

    def void(self, market: MarketKey, now: Instant) -> None:
        """Void every wager of the market, both matched and unmatched. All stakes are given back immediately."""
        self.advance(now)
        self._settlement.void(market, now)
        self._announcements.operation_complete(now)

    # --- accounts -------------------------------------------------------------------------------------------------

    def open_account(self, name: str, balance: Cents, *, unlimited: bool = False) -> str:
        """Open an account with ``balance`` cents, and return its id. An unlimited account belongs to the crowd. Its
        funds are not checked, and it has no messages and no history."""
        digits = derived_id("account", self._seed, name, len(self._accounts))
        account_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        at_placement = self.settings.funds == "at_placement" and not unlimited
        wallet = Wallet(digits[:8], unlimited=unlimited, at_placement=at_placement)
        wallet.deposit(balance, self._now)
        matched = self.settings.shown_profit == "matched"
        self._accounts[account_id] = Account(account_id, name, wallet, shows_matched_profit=matched)
        return account_id

    def deposit(self, account: str, amount: Cents, now: Instant, type: str | None = None) -> None:
        """Deposit ``amount`` cents into an account. If ``amount`` is negative, the money is withdrawn. ``type``
        replaces the usual transaction type."""
        self._account(account).wallet.deposit(amount, self._at(now), type)

    def watch(self, account: str, watcher: Watcher) -> None:
        """From now on, inform ``watcher`` about every change of the account's wagers."""
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
        """Accept a wager into the queue. It stays inactive until it opens.

        Raises:
            VenueError: if the wager is rejected. The error has a code of the error table. The ``external_id`` can be
                used again.
        """
        self.advance(now)
        record = self._order_intake.accept(self._account(account), external_id, line_id, odds, stake, strategy, now)
        self._announcements.operation_complete(now)
        return record

    def place_by_hand(self, account: str, line_id: str, odds: Odds, stake: Cents, now: Instant) -> VenueWager:
        """Accept a wager that a person places on the exchange's own page. It has no ``external_id``. Raises VenueError
        if the wager is rejected."""
        return self.place(account, BY_HAND, line_id, odds, stake, now)

    def delay_activation(self, extra: Duration) -> None:
        """Let newly accepted wagers wait ``extra`` nanoseconds longer until they open. If ``extra`` is 0, they wait as
        usual again. Wagers keep their order."""
        self._order_intake.activation_extra = extra

    def cancel(self, account: str, wager_id: str, external_id: str, now: Instant) -> VenueWager:
        """Cancel the unmatched part of one wager. After this call, the wager cannot be matched any more
        (docs/protocol.md 6.4).

        Raises:
            VenueError: if the wager cannot be cancelled. The HTTP status is 404 if the id is unknown, and 500 if the
                wager belongs to another account. It is 409 if the wager is still being placed. It is 400 if the two ids
                do not belong together, or if the wager was fully matched or has ended.
        """
        self.advance(now)
        record = self._order_intake.cancel(self._account(account), wager_id, external_id, now)
        self._announcements.operation_complete(now)
        return record

    def cancel_sport_event(self, account: str, sport_event_id: int, now: Instant) -> int:
        """Cancel the account's open wagers on a sport event, and return how many were cancelled. A wager that is still
        being placed is not cancelled. Raises VenueError with the HTTP status 404 if the sport event does not exist or
        no wager was open."""
        return self._cancel_open(account, lambda order: order.line.sport_event == sport_event_id, now, sport_event_id)

    def cancel_market(
        self, account: str, sport_event_id: int, market_id: int, line_id: str | None, now: Instant
    ) -> int:
        """Cancel the account's open wagers on a market. If ``line_id`` is given, only wagers on this outcome are
        cancelled. Returns how many wagers were cancelled. Raises the same errors as ``cancel_sport_event``."""
        key = MarketKey(sport_event_id, market_id)
        return self._cancel_open(
            account,
            lambda order: order.market == key and (not line_id or order.line_id == line_id),
            now,
            sport_event_id,
        )

    def cancel_all(self, account: str, now: Instant) -> int:
        """Cancel all open wagers of the account. Returns how many wagers were cancelled. Raises the same errors as
        ``cancel_sport_event``."""
        return self._cancel_open(account, lambda order: True, now)

    def _cancel_open(
        self, account: str, wanted: Callable[[Order], bool], now: Instant, sport_event_id: int | None = None
    ) -> int:
        self.advance(now)
        if sport_event_id is not None and sport_event_id not in self.board.sport_events:
            raise VenueError("sport_event_not_found")
        count = self._order_intake.cancel_open(self._account(account), wanted, now)
        if count == 0:
            raise VenueError("no_cancellable_wagers" if sport_event_id is None else "data_not_found")
        self._announcements.operation_complete(now)
        return count

    # --- time -----------------------------------------------------------------------------------------------------

    def _at(self, now: Instant | None) -> Instant:
        if now is not None and now > self._now:
            self._now = now
        return self._now

    def advance(self, now: Instant) -> None:
        """Carry out everything that is due at or before ``now``, in order of time. Wagers open, fill-or-kill wagers
        expire, and results are paid."""
        while (item := self._timers.take(now)) is not None:
            due, action = item
            at = self._at(due)
            action(at)
            self._announcements.operation_complete(at)
        self._at(now)

    def next_due(self) -> Instant | None:
        """The earliest time at which ``advance`` has something to do. None if nothing is planned."""
        return self._timers.next_due()

    # --- reading --------------------------------------------------------------------------------------------------

    def tournaments(self) -> list[Tournament]:
        """Return all tournaments."""
        return list(self.board.tournaments.values())

    def sport_events(self, tournament_id: int | None = None, ids: list[int] | None = None) -> list[SportEvent]:
        """Return the listed sport events. If ``tournament_id`` is given, only sport events of this tournament are
        returned. If ``ids`` is given, only these sport events are returned."""
        return self.board.listed(tournament_id, ids)

    def markets(self, sport_event_id: int) -> list[Market] | None:
        """Return the markets of a sport event. None if the sport event is not listed."""
        return self.board.markets_shown(sport_event_id)

    def market(self, market: MarketKey) -> Market:
        """Return one market. Its sport event need not be listed. Raises KeyError if the market does not exist."""
        return self.board.markets[market]

    def book(self, line: LineKey) -> ShownBook:
        """Return the public book of a line. Raises KeyError if the line does not exist."""
        return self.board.shown(line)

    def sport_event(self, sport_event_id: int) -> SportEvent:
        """Return one sport event, which need not be listed. Raises KeyError if the sport event does not exist."""
        return self.board.sport_events[sport_event_id]

    def line(self, line: LineKey) -> Line:
        """Return one line. Raises KeyError if the line does not exist."""
        return self.board.lines[line]

    def find_line(self, line_id: str) -> tuple[LineKey, Side] | None:
        """Return the line and the outcome to which a ``line_id`` belongs. None if the id is unknown."""
        return self.board.find(line_id)

    def wager(self, account: str, wager_id: str) -> VenueWager:
        """Return the present state of one wager. Raises VenueError with the HTTP status 404 if the account has no such
        wager."""
        return self._account(account).wager(wager_id)

    def wagers(self, account: str) -> list[VenueWager]:
        """Return the present state of every wager of an account. This method is for the referee and for tests. No
        endpoint of the exchange returns so much."""
        return [order.snapshot() for order in self._account(account).by_id.values()]

    def history(self, account: str, query: HistoryQuery, now: Instant | None = None) -> HistoryPage:
        """Return the wagers that a query selects, as they were ``history_lag_ns`` ago. Raises VenueError if the query
        is invalid."""
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
        """Return the account's matches from ``start`` to ``end``, with the oldest first. Raises VenueError if the query
        is invalid."""
        return history.matched_bets(self._account(account), start, end, limit, cursor, self.settings, self._at(now))

    def matches(self, account: str, wager_ids: list[str]) -> list[VenueMatch]:
        """Return every match of the given wagers. The ids of other accounts' wagers are ignored."""
        return self._account(account).matches_of(wager_ids)

    def balance(self, account: str, now: Instant | None = None) -> VenueBalance:
        """Return the account's present money, with the unmatched stakes as they were ``history_lag_ns`` ago
        (docs/protocol.md 4.1)."""
        return history.balance(self._account(account), self.settings, self._at(now))

    def transactions(self, account: str) -> list[VenueTransaction]:
        """Return every movement of money in the account's wallet, oldest first. The list is empty for an account of the
        crowd."""
        return list(self._account(account).wallet.lines)

    def wallet(self, account: str) -> Wallet:
        """Return the account's wallet, for code inside the simulator."""
        return self._account(account).wallet

    def unbalanced(self) -> Cents:
        """Return the money that was created by mistake, in cents. It is negative if money was lost. It is 0 if the
        exchange's books balance."""
        return unbalanced(account.wallet for account in self._accounts.values())

    def drain(self) -> list[Announcement]:
        """Return the messages that were added since the previous call, in order, and remove them."""
        return self._announcements.drain()

    def _account(self, account: str) -> Account:
        owner = self._accounts.get(account)
        if owner is None:
            raise VenueError("wallet_not_found")
        return owner
