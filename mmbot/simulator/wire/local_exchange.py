"""The local exchange as a whole. It advances the simulation with its clock, and publishes the changes on the feed."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import Final

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, market_of
from mmbot.domain.instant import SECOND, Clock, Duration, Instant
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
from mmbot.simulator.venue.error_table import Rejection
from mmbot.simulator.venue.venue import Venue
from mmbot.simulator.wire.faults import FaultPlan
from mmbot.simulator.wire.legacy import feed_messages, json_values
from mmbot.simulator.wire.pusher_server import BROADCAST, FeedSettings, PusherServer
from mmbot.simulator.wire.rate_limit import RateLimit
from mmbot.simulator.wire.sessions import Sessions, TokenSettings
from mmbot.simulator.world import World

NOTICED_AFTER: Final = 30 * SECOND
"""The time within which a client should notice that the feed is silent, in nanoseconds
(docs/protocol.md 8.3)."""

ONE_A_SECOND: Final = (
    "get_balance",
    "get_markets",
    "get_multiple_markets",
    "get_odds_ladder",
    "get_sport_events",
    "get_tournaments",
)
"""The endpoints whose paths an account should read at most once a second (docs/protocol.md 11)."""

REPORTING: Final = ("get_matched_bets", "get_transactions", "get_wager_histories", "get_wager_matching_detail")
"""The endpoints of the exchange's reporting service."""


class LocalSettings(msgspec.Struct, frozen=True):
    """Settings of the server. They are for credentials, tokens, the feed and rate limits."""

    access_key: str = "local-access-key"
    secret_key: str = "local-secret-key"
    tokens: TokenSettings = TokenSettings()
    feed: FeedSettings = FeedSettings()
    requests_per_second: int = 50
    one_query_a_second: bool = False
    """True if a read of market data is rejected when the same path was read less than one second before. The real
    exchange asks for at most one such read a second (docs/protocol.md 11). If False, only the general rate limit
    applies."""
    signing_key: str = "local-signing-key"
    """The key with which access tokens are signed."""
    seed: int = 1
    """The seed of the random numbers that the simulated failures use."""


class LocalExchange:
    """A simulated exchange with a clock and its connected clients. Everything runs in one event loop, without
    threads."""

    def __init__(self, world: World, clock: Clock, settings: LocalSettings | None = None) -> None:
        self.settings: Final = settings or LocalSettings()
        self.world: Final = world
        self.clock: Final = clock
        self.faults: Final = FaultPlan(Random(f"faults {self.settings.seed}"))
        self.sessions: Final = Sessions(self.settings.signing_key.encode(), self.settings.tokens)
        self.sessions.add_keys(self.settings.access_key, self.settings.secret_key, world.account)
        self.pusher: Final = PusherServer(clock, self.faults, self.settings.feed, self._feed_up, self._feed_lost)
        self.ws_host = "127.0.0.1"
        """The feed's address (host and port) in the answer of ``connection-config``. The port is added when the server
        starts."""
        self.reporting = True
        """True while the exchange's reporting service answers. False during maintenance of the reporting service."""
        self.closing: Final = asyncio.Event()
        self._woken: Final = asyncio.Event()
        self._rate_limits: Final[dict[str, RateLimit]] = {}
        self._private: Final = {self.private_channel(world.account): world.account}
        world.venue.drain()  # no client is connected yet; clients read the board by REST

    @property
    def venue(self) -> Venue:
        """The exchange itself."""
        return self.world.venue

    @property
    def account(self) -> str:
        """The account to which the key pair belongs. It is the bot's account, and the referee watches it."""
        return self.world.account

    # --- time ----------------------------------------------------------------------------------------------------

    def tick(self) -> Instant:
        """Advance the simulation to the present, and publish its changes on the feed. Returns the present time."""
        now = self.clock.now()
        self.world.advance(now)
        self.flush()
        self.pusher.send_delayed(now)
        self.pusher.send_health_checks(now, self._private)
        return now

    def wake(self) -> None:
        """Tell ``run`` to find the time of the next action again, because this time may be earlier now."""
        self._woken.set()

    async def run(self) -> None:
        """Keep the simulation running until this task is cancelled."""
        while True:
            now = self.tick()
            due = self.pusher.next_due()
            if (next_due := self.world.next_due()) is not None:
                due = min(due, next_due)
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), max(0.0, self.clock.real_seconds(due - now)))

    async def sleep(self, duration: Duration) -> None:
        """Wait for ``duration`` nanoseconds by the exchange's clock."""
        await asyncio.sleep(self.clock.real_seconds(duration))

    # --- accounts ------------------------------------------------------------------------------------------------

    @staticmethod
    def private_channel(account: str) -> str:
        """Return the name of an account's private channel. The name contains the account id without dashes
        (docs/protocol.md 8.2)."""
        return f"private-service=3-device_type=5-user={account.replace('-', '')}"

    def admit(self, account: str, endpoint: str, path: str, now: Instant) -> None:
        """Count a request of an account.

        Raises:
            Rejection: if the request is not admitted. The error code is ``rate_limit_reached`` if the request exceeds
                the rate limit. It is ``reporting_not_available`` during maintenance of the reporting service.
        """
        self._hold_to(account, self.settings.requests_per_second, now)
        if self.settings.one_query_a_second and endpoint in ONE_A_SECOND:
            self._hold_to(f"{account} {path}", 1, now)
        if not self.reporting and endpoint in REPORTING:
            raise Rejection("reporting_not_available")

    def _hold_to(self, counted: str, ceiling: int, now: Instant) -> None:
        free_at = self._rate_limits.setdefault(counted, RateLimit(ceiling)).admit(now)
        if free_at is not None:
            raise Rejection("rate_limit_reached", retry_at=free_at)

    # --- the feed ------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Publish on the feed all changes since the previous call."""
        for change in self.venue.drain():
            if self.pusher.sockets:
                self._publish(change)

    def _publish(self, change: Announcement) -> None:
        match change:
            case BookChanged():
                market = self.venue.market(market_of(change.line))
                line = self._line(market, change.line)
                payload = feed_messages.selections_message(
                    market, line, self.venue.book(change.line), change.sequence, bare=self.faults.bare_sides
                )
                self._broadcast(change.line.sport_event, "market_selections", "u", payload, change.sequence)
            case Printed():
                market = self.venue.market(market_of(change.line))
                payload = feed_messages.print_message(change, self._line(market, change.line), market.type)
                self._broadcast(change.line.sport_event, "matched_bet", "c", payload, change.sequence)
            case WagerChanged():
                channel = self.private_channel(change.account)
                if channel in self._private:
                    payload = feed_messages.wager_message(change, self.market_type(change.wager.line))
                    self.pusher.publish(channel, "wagers", "wager", "u", payload, change.sequence)
            case SportEventChanged():
                payload = feed_messages.sport_event_message(change)
                self._broadcast(change.sport_event.sport_event_id, "sport_event", change.op, payload, change.sequence)
            case MarketChanged():
                payload = feed_messages.market_message(change)
                self._broadcast(change.sport_event_id, "market", change.op, payload, change.sequence)
            case LineChanged():
                market = self.venue.market(market_of(change.line.key))
                payload = feed_messages.line_message(change, market.type)
                self._broadcast(change.line.key.sport_event, "market_line", change.op, payload, change.sequence)
            case TournamentChanged():
                # No client listens for a new tournament's messages yet, so this message has the name "general".
                name = "general" if change.op == "c" else f"tournament_{change.tournament.tournament_id}"
                payload = feed_messages.tournament_message(change)
                self.pusher.publish(BROADCAST, name, "tournament", change.op, payload, change.sequence)

    def _broadcast(
        self, sport_event: int, change_type: str, op: str, payload: json_values.Object, sequence: int
    ) -> None:
        tournament = self.venue.sport_event(sport_event).tournament_id
        self.pusher.publish(BROADCAST, f"tournament_{tournament}", change_type, op, payload, sequence)

    def market_type(self, line: LineKey) -> str:
        """Return the type of the market to which a line belongs."""
        return self.venue.market(market_of(line)).type

    @staticmethod
    def _line(market: Market, key: LineKey) -> Line:
        return next(line for line in market.lines if line.key == key)

    def _feed_up(self, channel: str) -> None:
        if self._private.get(channel) == self.account:
            self.world.referee.note_feed_up(self.clock.now())

    def _feed_lost(self, channel: str) -> None:
        if self._private.get(channel) == self.account:
            self.world.referee.note_feed_lost(self.clock.now())

    def note_feed_silent(self) -> None:
        """Tell the referee that the feed is silent. The account's connections are open, but no more messages come over
        them."""
        if self.pusher.subscribed(self.private_channel(self.account)):
            self.world.referee.note_feed_lost(self.clock.now(), NOTICED_AFTER)
