"""The websocket feed. It connects when the engine orders it, and retries until a connection is up. It also reports the
end of each connection.

Each attempt has its own number. This module ends a connection that does not answer pings. The engine watches the
exchange's health checks. If the health checks stop, the engine decides that the feed is lost.
"""

# long: the feed and its connection change each other's state, so both classes stand in one file.

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Final, Literal, NamedTuple

import msgspec

from mmbot.domain.instant import MINUTE, SECOND, Clock, Duration, Instant
from mmbot.engine.events import Channel, FeedLost, FeedMessage, FeedRejected, FeedUp, WagerMessage
from mmbot.exchange.dialect import FeedDialect, Undecodable
from mmbot.exchange.errors import ExchangeError
from mmbot.exchange.grants import ConnectionConfig, Registration, RejectedTopic, address_of
from mmbot.net.backoff import BackOff, BackOffSettings
from mmbot.net.pusher import (
    Ended,
    Ending,
    Established,
    Garbage,
    Message,
    Outputs,
    Pusher,
    Send,
    Timing,
    Up,
)
from mmbot.net.transport import Link, LinkClosed, LinkFailed, OpenLink

Delivered = FeedMessage | FeedUp | FeedLost | FeedRejected


LARGEST_HELD: Final = 1 << 26
"""The greatest total size of the messages that wait until the feed connection is up, in bytes. If it is exceeded, the
connection is ended."""


class FeedState(Enum):
    """The state of a feed."""

    IDLE = "idle"
    """The state of a feed without a connection, while the engine has not requested a connection."""
    WAITING = "waiting"
    """The state of a feed while the engine waits for a connection. The next attempt starts after a wait (the
    back-off)."""
    OPENING = "opening"
    UP = "up"
    CLOSED = "closed"


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The time limits of the feed, in nanoseconds of the clock. The clock may run faster than real time, but the
    network does not. So a time limit of the network is lengthened if the clock runs faster than real time."""

    open: Duration = 10 * SECOND
    """The time limit for opening a feed connection. It covers the read of the connection config, the connection over
    TCP, and the upgrade to a websocket."""
    timing: Timing = Timing()
    back_off: BackOffSettings = BackOffSettings()
    config_every: Duration = 30 * MINUTE
    """The time between two reads of the connection config, which names the address of the feed."""
    max_backlog: int = 20_000
    """The greatest number of feed messages that may wait. If there are more, the connection is ended, because the books
    would be too old to quote from."""


class AttemptEnded(NamedTuple):
    """The log entry for the end of a connection or of an attempt to connect."""

    connection: int
    ending: Ending
    reason: str
    code: int | None
    was_up: bool
    retry_at: Instant
    """The earliest time of the next attempt to connect."""


def _ignore_undecodable(kind: str, why: str, count: int) -> None:
    """Ignore a message that could not be read."""


def _ignore_end(ended: AttemptEnded) -> None:
    """Ignore the end of a connection."""


def _ignore_rejected(connection: int, topics: tuple[RejectedTopic, ...]) -> None:
    """Ignore the topics for which a connection got no channel."""


class Feed:
    """Keeps one connection of the feed.

    ``deliver`` gets FeedUp when a connection is up, followed by each message of this connection. When the connection
    ends, ``deliver`` gets FeedLost once. Messages about wagers are delivered at once. Other messages that come early
    wait until the connection is up. If an attempt fails, only ``on_end`` is called. ``close`` delivers nothing. A
    private channel has the account's own messages. A connection without a private channel is opened again without an
    order of the engine. Some close codes forbid a new connection. After such a code, ``deliver`` also gets
    FeedRejected, and the next attempt waits longer than usual.

    Args:
        dialect: decodes messages.
        config_source: reads the connection config. It may raise ExchangeError.
        register: registers a connection by its socket id. It may raise ExchangeError.
        deliver: takes a message and puts it into a queue.
        open_link: opens a websocket.
        rng: random numbers for the waits between attempts.
        number: returns the number for the next connection. Several feeds may share this function.
        ws_url: the scheme, host and port that replace those in the connection config.
        scheme: ``ws`` or ``wss``. It is used if the host in the connection config has no scheme.
        backlog: returns how many delivered messages wait to be handled.
        on_undecodable: called for each unreadable message. It gets the kind, the reason, and the number of unreadable
            messages of this kind so far.
        on_end: called at the end of each connection and of each failed attempt.
        on_rejected: called with the number of a connection, and the topics for which the exchange granted it no
            channel.
    """

    def __init__(
        self,
        *,
        dialect: FeedDialect,
        config_source: Callable[[], Awaitable[ConnectionConfig]],
        register: Callable[[str], Awaitable[Registration]],
        deliver: Callable[[Delivered], None],
        clock: Clock,
        open_link: OpenLink,
        rng: random.Random,
        number: Callable[[], int] | None = None,
        ws_url: str | None = None,
        scheme: Literal["ws", "wss"] = "wss",
        settings: FeedSettings | None = None,
        backlog: Callable[[], int] | None = None,
        on_undecodable: Callable[[str, str, int], None] = _ignore_undecodable,
        on_end: Callable[[AttemptEnded], None] = _ignore_end,
        on_rejected: Callable[[int, tuple[RejectedTopic, ...]], None] = _ignore_rejected,
    ) -> None:
        self.settings: Final = settings or FeedSettings()
        self.connection = 0
        """The number of the newest attempt to connect. It is 0 before the first attempt."""
        self.state = FeedState.IDLE
        self.undecodable: dict[str, int] = {}
        """The number of unreadable feed messages of each kind."""
        self._config_source: Final = config_source
        self.register: Final = register
        self.decode: Final = dialect.decode
        self.deliver: Final = deliver
        self.clock: Final = clock
        self.backlog: Final = backlog
        self._open_link: Final = open_link
        self._number: Final = number or itertools.count(1).__next__
        self._ws_url: Final = ws_url
        self._scheme: Final = scheme
        self._on_undecodable: Final = on_undecodable
        self._on_end: Final = on_end
        self.on_rejected: Final = on_rejected
        self._back_off: Final = BackOff(self.settings.back_off, rng)
        self._keeper: asyncio.Task[None] | None = None
        self._standing: _Connection | None = None

    def connect(self, reason: str) -> None:
        """Open a connection, and retry with growing waits until a connection is up. A connection that is already up is
        ended first. If an attempt is already under way, no second attempt starts. After ``close`` this method does
        nothing."""
        if self.state in (FeedState.CLOSED, FeedState.OPENING, FeedState.WAITING):
            return
        if self._standing is not None:
            self._standing.act(self._standing.machine.close(reason))
        self.state = FeedState.WAITING
        # If the task has not ended, it is closing the last connection. It then sees the new state and tries again.
        if self._keeper is None or self._keeper.done():
            self._start()

    async def close(self) -> None:
        """End the feed with all its tasks and sockets. A second call does nothing."""
        self.state = FeedState.CLOSED
        if self._standing is not None:
            self._standing.act(self._standing.machine.close("closed"))
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})

    def undecoded(self, kind: str, why: str) -> None:
        """Count an unreadable message, and report it."""
        count = self.undecodable[kind] = self.undecodable.get(kind, 0) + 1
        self._on_undecodable(kind, why, count)

    def stretched(self, duration: Duration) -> Duration:
        """Return a time limit in nanoseconds of the clock. If the clock runs faster than real time, the limit is
        lengthened. It then lasts at least one real second. A limit shorter than a second lasts at least its own length
        in real time."""
        return max(duration, round(min(duration, SECOND) * self.clock.rate))

    async def address(self) -> str:
        """Read the connection config, and return the address of the feed.

        Raises:
            TimeoutError, ExchangeError, LinkFailed: if the address cannot be read.
        """
        return address_of(await self._config_source(), self._ws_url, self._scheme)

    def _start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())
        self._keeper.add_done_callback(self._kept)

    async def _keep(self) -> None:
        """Make one attempt after another until a connection is up. This runs after an order of the engine."""
        while self.state is FeedState.WAITING:
            if (left := self._back_off.not_before - self.clock.now()) > 0:
                await asyncio.sleep(self.clock.real_seconds(left))
            self.connection = self._number()
            self.state = FeedState.OPENING
            await self._attempt()

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        if keeper.cancelled() or (crash := keeper.exception()) is None:
            return
        # A bug in this module or in a callback. If a connection was up, it has ended and FeedLost was delivered.
        keeper.get_loop().call_exception_handler({"message": "the task of the feed failed", "exception": crash})
        if self.state in (FeedState.OPENING, FeedState.WAITING):
            # The engine's order is not carried out, and the engine would not repeat it. So try again.
            self._back_off.ended(Ending.BACK_OFF, None, self.clock.now())
            self.state = FeedState.WAITING
            self._start()

    async def _attempt(self) -> None:
        """Make one attempt, from the read of the connection config to the end of the websocket."""
        try:
            async with asyncio.timeout(self.clock.real_seconds(self.stretched(self.settings.open))):
                address = await self.address()
                link = await self._open_link(address)
        except TimeoutError:
            self.over(Ended(Ending.LOST, "open_timeout"), None)
        except ExchangeError as error:
            self.over(Ended(Ending.LOST, f"config: {error.code}"), None)
        except LinkFailed as failed:
            self.over(Ended(Ending.LOST, str(failed)), None)
        else:
            connection = self._standing = _Connection(self, self.connection, link, address)
            try:
                await connection.run()
            finally:
                self._standing = None
                await link.close()

    def over(self, ended: Ended, up_at: Instant | None, private: bool = True) -> None:
        """Record that the present attempt has ended. Afterwards the websocket is closed, which may take a moment.

        Args:
            up_at: the time at which the connection came up. None if the connection never came up.
            private: True if the connection had a private channel. A connection without a private channel is opened
                again.
        """
        now = self.clock.now()
        self._back_off.ended(ended.ending, None if up_at is None else now - up_at, now)
        retry_at = max(now, self._back_off.not_before)
        if self.state is not FeedState.CLOSED:
            self.state = FeedState.IDLE if up_at is not None and private else FeedState.WAITING
        self._on_end(AttemptEnded(self.connection, ended.ending, ended.reason, ended.code, up_at is not None, retry_at))
        if self.state is FeedState.CLOSED:
            return
        said = ended.reason if ended.code is None else f"{ended.code} {ended.reason}"
        if up_at is not None:
            self.deliver(FeedLost(self.connection, said))
        if ended.ending is Ending.REJECTED:
            self.deliver(FeedRejected(self.connection, said))


class _Connection:
    """One open websocket. It has the state of the protocol, a timer and a reader. It also keeps the messages that wait
    until the connection is up."""

    BURST: Final = 32
    """The number of feed messages that are read in a row before other tasks get a turn. So a flood of messages does not
    delay a cancel."""

    def __init__(self, feed: Feed, number: int, link: Link, address: str) -> None:
        timing = feed.settings.timing
        stretched = {name: feed.stretched(getattr(timing, name)) for name in timing.__struct_fields__}
        self.machine: Final = Pusher(Timing(**stretched), feed.clock.now())
        self._feed: Final = feed
        self._decode: Final = feed.decode
        self._number: Final = number
        self._link: Final = link
        self._address: Final = address
        self._up_at: Instant | None = None
        self._channels: tuple[Channel, ...] = ()
        self._held: list[FeedMessage] = []
        self._held_size = 0
        self._wake: Final = asyncio.Event()
        self._tasks: Final[list[asyncio.Task[None]]] = []

    async def run(self) -> None:
        """Read from the websocket until it ends. An error is raised only for a bug in mmbot, and only after FeedLost
        was delivered."""
        self._start(self._read())
        self._start(self._watch_config())
        clock = self._feed.clock
        try:
            while (deadline := self.machine.deadline()) is not None:
                try:
                    async with asyncio.timeout(max(0.0, clock.real_seconds(deadline - clock.now()))):
                        await self._wake.wait()
                except TimeoutError:
                    self.act(self.machine.tick(clock.now()))
                self._wake.clear()
                for task in self._tasks:
                    if task.done():
                        task.result()
        finally:
            # This has an effect only after an exception.
            self.act(self.machine.fail("crashed"))
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def act(self, outputs: Outputs) -> None:
        """Carry out the outputs of the protocol's state machine. An output sends a frame, delivers messages, or ends
        the connection."""
        for output in outputs:
            match output:
                case Message():
                    self._message(output)
                    continue
                case Send():
                    self._link.send(output.text)
                case Established():
                    self._start(self._register(output.socket_id))
                case Up():
                    self._up()
                case Garbage():
                    self._feed.undecoded(output.kind, output.why)
                case Ended():
                    self._feed.over(output, self._up_at, any(channel.private for channel in self._channels))
            self._wake.set()

    def _up(self) -> None:
        feed = self._feed
        self._up_at = feed.clock.now()
        feed.state = FeedState.UP
        feed.deliver(FeedUp(self._number, self._channels))
        for message in self._held:
            feed.deliver(message)
        self._held.clear()
        self._held_size = 0

    def _message(self, message: Message) -> None:
        feed = self._feed
        try:
            found = self._decode(self._number, message.event, message.data)
        except Undecodable as bad:
            feed.undecoded(bad.kind, bad.why)
            return
        for each in found:
            if self._up_at is not None or type(each) is WagerMessage:
                feed.deliver(each)
            else:
                self._held.append(each)
                self._held_size += len(message.data)

    async def _read(self) -> None:
        feed, machine, link = self._feed, self.machine, self._link
        clock, backlog, limit = feed.clock, feed.backlog, feed.settings.max_backlog
        left = self.BURST
        try:
            while machine.ended is None:
                self.act(machine.receive(await link.receive(), clock.now()))
                waiting = len(self._held) if backlog is None else max(len(self._held), backlog())
                if waiting > limit or self._held_size > LARGEST_HELD:
                    self.act(machine.fail("overflow"))
                left -= 1
                if not left:
                    left = self.BURST
                    await asyncio.sleep(0)
        except LinkClosed as closed:
            self.act(machine.closed(closed.code, closed.reason))

    async def _register(self, socket_id: str) -> None:
        try:
            registration = await self._feed.register(socket_id)
        except ExchangeError as error:
            self.act(self.machine.fail(f"registration: {error.code}"))
        else:
            self._channels = tuple(Channel(each.name, each.covers, each.private) for each in registration.channels)
            if registration.rejected:
                self._feed.on_rejected(self._number, registration.rejected)
            signatures = {each.name: each.auth for each in registration.channels}
            self.act(self.machine.registered(signatures, registration.sign_in, self._feed.clock.now()))

    async def _watch_config(self) -> None:
        """Read the connection config regularly. End the connection if the config names another address."""
        feed = self._feed
        while True:
            await asyncio.sleep(feed.clock.real_seconds(feed.settings.config_every))
            try:
                async with asyncio.timeout(feed.clock.real_seconds(feed.stretched(feed.settings.open))):
                    address = await feed.address()
            except (TimeoutError, ExchangeError, LinkFailed):
                continue  # a failed read does not show a change; the next read will tell
            if address != self._address:
                self.act(self.machine.close("config_changed"))
                return

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: self._wake.set())
        self._tasks.append(task)
