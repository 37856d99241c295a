"""Connects the engine to the local exchange without HTTP and websockets.

This module gives the engine's requests to the exchange directly, and turns the exchange's announcements into events for
the engine. It takes the place of the daemon's client and feed, and passes objects instead of JSON.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.book import Book, Level, Levels
from mmbot.domain.catalogue import Line, LineKey
from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant
from mmbot.domain.transaction import Transaction, TransactionType
from mmbot.domain.wager import MatchDetail, Matching, Status, WagerReport
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.exchange import errors
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import Purpose
from mmbot.simulator.venue.changes import (
    Announcement,
    BookChanged,
    LineChanged,
    MarketChanged,
    Printed,
    SportEventChanged,
    TournamentChanged,
    WagerChanged,
)
from mmbot.simulator.venue.error_table import VenueError
from mmbot.simulator.venue.records import (
    HistoryQuery,
    ShownBook,
    ShownLevel,
    VenueMatch,
    VenueTransaction,
    VenueWager,
)
from mmbot.simulator.venue.venue import Venue

NOTHING_OPEN = 404

_ERRORS = dialect_of("legacy").errors  # the local exchange names its errors as this dialect does


class Delays(msgspec.Struct, frozen=True):
    """The delays between the daemon and the exchange, in nanoseconds."""

    request: Duration = 5 * MILLISECOND
    answer: Duration = 5 * MILLISECOND
    feed: Duration = 5 * MILLISECOND
    connect: Duration = 200 * MILLISECOND
    timeout: Duration = 5 * SECOND


class Link:
    """One account's connection to a local exchange in the same process."""

    def __init__(self, venue: Venue, account: str) -> None:
        self._venue = venue
        self._account = account
        self._sides: dict[LineKey, list[tuple[tuple[ShownLevel, ...], Levels]]] = {}
        """The price levels of each outcome of a line, in two forms. One is the form in which the exchange shows them,
        and the other is the form in which the bot gets them."""

    def answer(self, request: r.Request, now: Instant) -> e.Answer:
        """Give a request to the exchange at the time ``now``, and return its answer. If the exchange rejects the
        request, the answer is Failed."""
        try:
            return self._ask(request, now)
        except VenueError as error:
            return failed(request, error, now)

    def _ask(self, request: r.Request, now: int) -> e.Answer:  # noqa: PLR0912 - one branch for each type of request
        venue, account = self._venue, self._account
        match request:
            case r.PlaceMany():
                return self._place(request, now)
            case r.CancelMany():
                return self._cancel(request, now)
            case r.CancelAll() | r.CancelSportEvent():
                try:
                    if isinstance(request, r.CancelAll):
                        venue.cancel_all(account, now)
                    else:
                        venue.cancel_sport_event(account, request.sport_event, now)
                except VenueError as error:
                    if error.status == NOTHING_OPEN:
                        return e.CancelledAll(request.id, nothing_open=True)
                    raise
                return e.CancelledAll(request.id, nothing_open=False)
            case r.ReadWager():
                try:
                    return e.WagerRead(request.id, report(venue.wager(account, request.wager_id)))
                except VenueError as error:
                    if error.status == NOTHING_OPEN:
                        return e.WagerRead(request.id, None)
                    raise
            case r.ReadHistory():
                page = venue.history(account, _query(request), now)
                wagers = tuple(report(wager) for wager in page.wagers)
                return e.HistoryRead(request.id, wagers, page.next_cursor, page.last_synced_at)
            case r.ReadMatches():
                matches = venue.matches(account, list(request.wager_ids))
                details = tuple(_detail(match, venue.settings.match_profit) for match in matches)
                return e.MatchesRead(request.id, details)
            case r.ReadBalance():
                balance = venue.balance(account, now)
                return e.BalanceRead(request.id, balance.balance, balance.matched, balance.unmatched)
            case r.ReadTransactions():
                return self._transactions(request)
            case r.ReadLadder():
                return e.LadderRead(request.id, venue.ladder)
            case r.ReadTournaments():
                return e.TournamentsRead(request.id, tuple(venue.tournaments()))
            case r.ReadSportEvents():
                return e.SportEventsRead(request.id, tuple(venue.sport_events(request.tournament)))
            case r.ReadSportEventsById():
                return e.SportEventsRead(request.id, tuple(venue.sport_events(ids=list(request.sport_events))))
            case r.ReadMarkets():
                return self._markets(request)

    def _place(self, request: r.PlaceMany, now: int) -> e.Answer:
        accepted, failures = [], []
        for item in request.items:
            strategy = "fillOrKill" if item.fill_or_kill else None
            try:
                wager = self._venue.place(
                    self._account, item.external_id, item.line_id, item.odds, item.stake, now, strategy
                )
                accepted.append(report(wager))
            except VenueError as error:
                failures.append(_failed_item(item.external_id, Purpose.PLACE, error))
        return e.Placed(request.id, tuple(accepted), tuple(failures))

    def _cancel(self, request: r.CancelMany, now: int) -> e.Answer:
        accepted, failures = [], []
        for item in request.items:
            try:
                self._venue.cancel(self._account, item.wager_id, item.external_id, now)
                accepted.append(item.key)
            except VenueError as error:
                failures.append(_failed_item(item.key, Purpose.CANCEL, error))
        return e.Cancelled(request.id, tuple(accepted), tuple(failures))

    def _transactions(self, request: r.ReadTransactions) -> e.Answer:
        """Return a page of transactions, newest first. The cursor is the number of transactions that are older than the
        page."""
        lines = self._venue.transactions(self._account)
        older = int(request.cursor) if request.cursor else len(lines)
        found: list[Transaction] = []
        begin, end = request.created_from, request.created_to
        while older and len(found) < request.limit:
            older -= 1
            line = lines[older]
            if begin is not None and line.created_at < begin:
                older = 0
            elif end is None or line.created_at <= end:
                found.append(_transaction(line))
        return e.TransactionsRead(request.id, tuple(found), str(older) if older else "")

    def _markets(self, request: r.ReadMarkets) -> e.Answer:
        markets: dict[int, tuple[e.MarketImage, ...]] = {}
        for sport_event in request.sport_events:
            listed = self._venue.markets(sport_event) or []
            markets[sport_event] = tuple(
                e.MarketImage(market, tuple(self._book(line) for line in market.lines)) for market in listed
            )
        return e.MarketsRead(request.id, markets)

    def _book(self, line: Line) -> Book:
        return self._seen(self._venue.book(line.key)) if len(line.outcomes) == 2 else Book()

    def _seen(self, shown: ShownBook) -> Book:
        """Return a book of the exchange in the form in which the bot gets it."""
        known = self._sides.setdefault(shown.line, [((), ()), ((), ())])
        for side, levels in enumerate(shown.sides):
            if known[side][0] is not levels:
                made = tuple([Level(level.odds, level.value) for level in levels if level.value > 0])
                known[side] = (levels, made)
        return Book((known[0][1], known[1][1]))

    def message(self, announcement: Announcement, connection: int) -> e.FeedMessage | None:
        """Return the feed's message about an announcement of the exchange. The result is None if the bot gets no such
        message. This is so for a private message of another account, and for the book of a line that does not have
        exactly two outcomes."""
        match announcement:
            case BookChanged(line=line):
                book = self._venue.book(line)
                if len(book.sides) != 2:  # the client drops such a book, too
                    return None
                shown = self._seen(book)
                return e.BookMessage(connection, line, announcement.sequence, shown)
            case Printed(line=line):
                return e.PrintMessage(
                    connection,
                    line.sport_event,
                    line.market,
                    announcement.line_id,
                    announcement.odds,
                    announcement.matched_odds,
                    announcement.stake,
                    announcement.sequence,
                )
            case WagerChanged():
                if announcement.account != self._account:
                    return None
                said = report(
                    announcement.wager, announcement.match_stake, announcement.match_odds, announcement.sequence
                )
                return e.WagerMessage(connection, said)
            case TournamentChanged():
                tournament = announcement.tournament
                return e.TournamentMessage(connection, e.Op(announcement.op), tournament.tournament_id, tournament)
            case SportEventChanged():
                op = e.Op(announcement.op)
                what = None if op is e.Op.DELETE else announcement.sport_event
                return e.SportEventMessage(
                    connection,
                    op,
                    announcement.sport_event.sport_event_id,
                    announcement.sport_event.tournament_id,
                    what,
                )
            case MarketChanged():
                market = announcement.market
                return e.MarketMessage(
                    connection,
                    e.Op(announcement.op),
                    announcement.sport_event_id,
                    market.key.market,
                    market.name,
                    market.status,
                )
            case LineChanged():
                return _line(announcement, connection)


def report(
    wager: VenueWager, match_stake: int | None = None, match_odds: int | None = None, sequence: int = 0
) -> WagerReport:
    """Return the exchange's report about a wager. If ``sequence`` is 0, the report has the form of a REST answer."""
    return WagerReport(
        wager_id=wager.wager_id,
        external_id=wager.external_id,
        sport_event_id=wager.line.sport_event,
        market_id=wager.line.market,
        line_id=wager.line_id,
        odds=wager.odds,
        stake=wager.stake,
        status=wager.status,
        matching=wager.matching,
        winning=wager.winning,
        matched=wager.matched,
        match_stake=match_stake,
        match_odds=match_odds,
        sequence=sequence,
        created_at=wager.created_at,
        profit=wager.profit,
    )


def failed(request: r.Request, error: VenueError, now: Instant) -> e.Failed:
    """Return the answer that the daemon's client would give for a rejected request."""
    purpose = Purpose.READ
    if isinstance(request, r.PlaceMany):
        purpose = Purpose.PLACE
    elif isinstance(request, r.CancelMany | r.CancelAll | r.CancelSportEvent):
        purpose = Purpose.CANCEL
    return errors.failed(request.id, _ERRORS.error_of(purpose, error.status, error.code, error.message, now, None))


def _failed_item(external_id: str, purpose: Purpose, error: VenueError) -> e.FailedItem:
    kind = _ERRORS.failure_of(purpose, error.status, error.code)
    reason = _ERRORS.reason_of(error.status, error.code)
    return e.FailedItem(external_id, kind, error.code, error.message, reason)


def _detail(match: VenueMatch, with_win: bool) -> MatchDetail:
    return MatchDetail(match.wager_id, match.stake, match.odds, match.win if with_win else None)


def _transaction(line: VenueTransaction) -> Transaction:
    return Transaction(
        type=TransactionType(line.type),
        word=line.type,
        change=line.amount,
        balance=line.balance,
        created_at=line.created_at,
        sport_event_id=None if line.market is None else line.market.sport_event,
        market_id=None if line.market is None else line.market.market,
        wager_id=line.wager_id or "",
        transaction_id=line.transaction_id,
    )


def _query(request: r.ReadHistory) -> HistoryQuery:
    return HistoryQuery(
        created_from=request.created_from,
        created_to=request.created_to,
        updated_from=request.updated_from,
        updated_to=request.updated_to,
        status=Status(request.status) if request.status else None,
        matching=Matching(request.matching) if request.matching else None,
        cursor=request.cursor,
        limit=request.limit,
    )


def _line(announcement: LineChanged, connection: int) -> e.LineMessage:
    line: Line = announcement.line
    outcome = line.outcomes[announcement.side]
    key: LineKey = line.key
    return e.LineMessage(
        connection,
        e.Op(announcement.op),
        key.sport_event,
        key.market,
        outcome.line_id,
        outcome.outcome_id,
        key.number,
        line.status,
    )
