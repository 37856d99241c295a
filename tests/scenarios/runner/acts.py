"""Carries out the acts of a plan."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from msgspec.structs import replace

from mmbot.domain.catalogue import market_of
from mmbot.domain.instant import SECOND
from mmbot.domain.money import cents
from mmbot.domain.odds import negate, profit
from mmbot.domain.wager import Matching, Status
from mmbot.simulator.venue.changes import LineChanged, MarketChanged, WagerChanged
from mmbot.simulator.venue.records import ShownBook, VenueWager
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.wire.legacy import feed_messages
from mmbot.simulator.wire.pusher_server import BROADCAST
from mmbot.store import schema
from mmbot.store.journal import JOURNAL_FILE

from .bot_side import BotSide
from .exchange_side import DECEIVED, ExchangeSide
from .schema import ByHand, FalseMessage, MoveLine, Take, Threads, Withdraw

FULL = 8192
"""The size in bytes beyond which no file can grow while the disk is full."""


def take(exchange: ExchangeSide, act: Take) -> None:
    """Let somebody take from our open wagers."""
    venue = exchange.venue
    taker = venue.open_account("a taker", 0, unlimited=True)
    wagers = [wager for wager in _open(exchange) if act.side is None or wager.side == act.side]
    for wager in wagers[: act.wagers]:
        stake = max(1, profit(round(wager.unmatched * act.share), wager.odds))
        venue.crowd.enter(taker, wager.line, 1 - wager.side, negate(wager.odds), stake, exchange.now, rest=False)


def by_hand(exchange: ExchangeSide, act: ByHand) -> None:
    """Let a person place a wager. It comes without a message before it opens, so that the bot cannot know of it."""
    venue = exchange.venue
    event = venue.sport_events()[0]
    line = (venue.markets(event.sport_event_id) or [])[0].lines[0]
    exchange.judge.excuse(
        exchange.recorder.place(line.key), exchange.now + 5 * SECOND + 2 * VenueSettings().activation_ns
    )
    venue.place_by_hand(exchange.account, line.outcomes[act.side].line_id, act.odds, cents(act.stake), exchange.now)


def false_message(exchange: ExchangeSide, act: FalseMessage) -> None:
    """Send private messages that are not true."""
    local = exchange.local
    status, matching = Status(act.status), Matching(act.matching)
    for wager in _open(exchange)[: act.wagers]:
        matched = wager.stake if matching is Matching.FULLY_MATCHED else wager.matched
        told = replace(wager, status=status, matching=matching, matched=matched, unmatched=wager.stake - matched)
        exchange.judge.excuse(exchange.recorder.place(wager.line), exchange.now + DECEIVED)
        change = WagerChanged(exchange.account, told, "status", None, None, exchange.now)
        payload = feed_messages.wager_message(change, local.market_type(wager.line))
        local.pusher.publish(local.private_channel(exchange.account), "wagers", "wager", "u", payload, exchange.now)


def books(exchange: ExchangeSide) -> list[ShownBook]:
    """Return the present book of every line."""
    venue = exchange.venue
    markets = [market for event in venue.sport_events() for market in venue.markets(event.sport_event_id) or ()]
    return [venue.book(line.key) for market in markets for line in market.lines]


def old_books(exchange: ExchangeSide, old: list[ShownBook]) -> None:
    """Send these books on the feed, with the times that they had."""
    venue, local = exchange.venue, exchange.local
    for book in old:
        market, line = venue.market(market_of(book.line)), venue.line(book.line)
        payload = feed_messages.selections_message(market, line, book, book.updated_at, bare=False)
        tournament = venue.sport_event(book.line.sport_event).tournament_id
        local.pusher.publish(BROADCAST, f"tournament_{tournament}", "market_selections", "u", payload, book.updated_at)


def move_line(exchange: ExchangeSide, act: MoveLine) -> None:
    """List the moneyline of the first sport event under the third, which has no market of this id, and announce it."""
    venue, local = exchange.venue, exchange.local
    events = [event.sport_event_id for event in venue.sport_events()]
    market = (venue.markets(events[0]) or [])[0]
    venue.moved[market.key] = events[2]
    moved = venue.as_listed(market)
    tournament = venue.sport_event(events[2]).tournament_id
    changes = [MarketChanged("c", events[2], moved, exchange.now)]
    lines = [LineChanged("c", line, side, exchange.now) for line in moved.lines for side in (0, 1)]
    for kind, payload in [
        *(("market", feed_messages.market_message(change)) for change in changes),
        *(("market_line", feed_messages.line_message(change, market.type)) for change in lines),
    ]:
        local.pusher.publish(BROADCAST, f"tournament_{tournament}", kind, "c", payload, exchange.now)


def withdraw(exchange: ExchangeSide, act: Withdraw) -> None:
    """Take the money out of the account."""
    amount = exchange.venue.wallet(exchange.account).balance - cents(act.leave)
    exchange.venue.deposit(exchange.account, -amount, exchange.now)
    exchange.deposited -= amount


def _open(exchange: ExchangeSide) -> list[VenueWager]:
    wagers = [exchange.venue.wager(exchange.account, each.wager_id) for each in exchange.judge.live()]
    return [wager for wager in wagers if wager.status is Status.OPEN]


ON_EXCHANGE: dict[type, Callable[[ExchangeSide, Any], None]] = {
    Take: take,
    ByHand: by_hand,
    FalseMessage: false_message,
    MoveLine: move_line,
    Withdraw: withdraw,
}
"""The acts of others at the exchange."""


# --- the machine ------------------------------------------------------------------------------------------------------


@contextmanager
def disk() -> Iterator[object]:
    """Give the disk back at the end, whatever happened to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def full_disk(on: bool) -> None:
    """Let no file of this process grow beyond a few bytes, or let them grow again."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL if on else hard, hard))


def threads(act: Threads) -> None:
    """Wait for the daemon's threads."""
    time.sleep(act.seconds)


def old_journal(bot: BotSide) -> None:
    """Rewrite the journal with the tables of the previous version, and with every row that these can hold."""
    file = bot.directory / JOURNAL_FILE
    old = bot.directory / "old"
    with closing(sqlite3.connect(old, isolation_level=None)) as journal:
        journal.executescript(
            f"{' '.join(schema.STEPS[:-1])} PRAGMA user_version = {schema.VERSION - 1};"
            f" PRAGMA application_id = {schema.APPLICATION_ID};"
        )
        journal.execute("ATTACH ? AS now", (str(file),))
        for (table,) in journal.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            names = ", ".join(row[1] for row in journal.execute(f"PRAGMA table_info({table})"))
            journal.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM now.{table}")
    for rest in bot.directory.glob(f"{JOURNAL_FILE}*"):
        rest.unlink()
    old.rename(file)
