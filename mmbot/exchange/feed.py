"""Keeps the feed: opens a connection when the engine orders one, tries until it is up, and says when it is gone.

Each attempt is a generation with a number of its own. Whether a silent exchange counts as a lost feed is the engine's
to judge, from the health checks that are delivered; here a link is judged by its own pings.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from mmbot import __version__
from mmbot.domain.instant import MINUTE, SECOND, Clock, Duration, Instant
from mmbot.engine.events import Channel, FeedLost, FeedMessage, FeedRefused, FeedUp, WagerMessage
from mmbot.exchange.backoff import BackOff, BackOffSettings
from mmbot.exchange.dialect import FeedDialect, Undecodable
from mmbot.exchange.errors import ExchangeError
from mmbot.exchange.grants import ConnectionConfig, Registration
from mmbot.exchange.pusher import (
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
from mmbot.exchange.transport import Link, LinkClosed, LinkFailed, OpenLink

Delivered = FeedMessage | FeedUp | FeedLost | FeedRefused


class FeedState(Enum):
    """What the keeper is doing."""

    IDLE = "idle"
    """Nothing stands, and none was ordered since the last one ended."""
    WAITING = "waiting"
    """Ordered; the back-off has not run out."""
    OPENING = "opening"
    UP = "up"
    REFUSED = "refused"
    """The exchange forbade it; only a new order tries again."""
    CLOSED = "closed"


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in nanoseconds of the clock. Those of the network are stretched where the clock is faster than the
    machine's, so that they keep at least a second of the machine's time: a loopback is no faster for it."""

    open: Duration = 10 * SECOND
    """For the connection config, the TCP connection and the websocket's upgrade together."""
    timing: Timing = Timing()
    back_off: BackOffSettings = BackOffSettings()
    config_every: Duration = 30 * MINUTE
    """How often the connection config is read again (specification)."""
    max_backlog: int = 20_000
    """Delivered and not handled; or held until the connection is up. More than this ends the connection: a book that
    is read so late is not one to quote from."""


class AttemptEnded(NamedTuple):
    """For the log: a connection, or an attempt at one, is over."""

    connection: int
    ending: Ending
    reason: str
    code: int | None
    was_up: bool
    retry_at: Instant
    """Nothing is tried before."""


def address_of(config: ConnectionConfig, ws_url: str | None, scheme: str = "wss") -> str:
    """Where the websocket is opened (PROTOCOL 8.1).

    Args:
        ws_url: scheme, host and port to use instead of what the config says.
        scheme: for a config that names a bare host.

    Raises:
        LinkFailed: if the config names no key, or neither a host nor a cluster.
    """
    host = config.ws_host or (f"ws-{config.cluster}.pusher.com" if config.cluster else "")
    if not config.key or not (ws_url or host):
        raise LinkFailed("the connection config names no key or no host")
    base = ws_url or (host if "://" in host else f"{scheme}://{host}")
    return f"{base.rstrip('/')}/app/{quote(config.key, safe='')}?protocol=7&client=mmbot&version={__version__}"


def _ignore_undecodable(kind: str, why: str, count: int) -> None:
    """Nobody asked."""


def _ignore_end(ended: AttemptEnded) -> None:
    """Nobody asked."""


class Feed:
    """The keeper of one feed.

    ``deliver`` is given, in order: every message of the connection that is up; FeedUp once it is; and FeedLost exactly
    once for each FeedUp, at the instant of its end, whether it broke or was ended to carry out an order. A connection
    without a private channel is opened again without an order. Attempts that
    never came up are told to ``on_end`` alone, and ``close`` delivers nothing. What arrives before a connection is up
    is held until FeedUp; what is left of a connection that ended is dropped. A wager message is delivered whenever it
    comes.

    Args:
        dialect: decodes messages.
        config_source: GET websocket/connection-config.
        register: authorises a socket id; both raise ExchangeError.
        deliver: takes a message; it must only queue it.
        open_link: opens a websocket; the transport.
        rng: for the jitter of the back-off.
        number: gives the next connection its number, for several feeds that share one row of numbers.
        ws_url: used instead of the host in the connection config.
        scheme: for a host that the connection config names without one.
        backlog: how many delivered messages wait to be handled.
        on_undecodable: told kind, reason and how many of that kind there were, this one included, of each message that
            could not be read; a count of 1 is the one to log.
        on_end: told of the end of each connection and each attempt.
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
    ) -> None:
        self.settings: Final = settings or FeedSettings()
        self.connection = 0
        """The generation of the latest attempt; 0 before the first."""
        self.state = FeedState.IDLE
        self.undecodable: dict[str, int] = {}
        """Messages that could not be read, by kind."""
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
        self._back_off: Final = BackOff(self.settings.back_off, rng)
        self._keeper: asyncio.Task[None] | None = None
        self._standing: _Connection | None = None

    def connect(self, reason: str) -> None:
        """An order: open a connection, with back-off, until one is up. One that is up is ended first; one that is
        being opened already carries the order out. After ``close`` nothing happens."""
        if self.state in (FeedState.CLOSED, FeedState.OPENING, FeedState.WAITING):
            return
        if self._standing is not None:
            self._standing.act(self._standing.machine.close(reason))
        self.state = FeedState.WAITING
        # A keeper that has not ended is closing the last connection, and goes on when it sees the order.
        if self._keeper is None or self._keeper.done():
            self._start()

    async def close(self) -> None:
        """End everything. After this no task and no socket of the feed is left. It may be called again."""
        self.state = FeedState.CLOSED
        if self._standing is not None:
            self._standing.act(self._standing.machine.close("closed"))
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})

    def undecoded(self, kind: str, why: str) -> None:
        """Count a message that could not be read."""
        count = self.undecodable[kind] = self.undecodable.get(kind, 0) + 1
        self._on_undecodable(kind, why, count)

    def stretched(self, duration: Duration) -> Duration:
        """A duration of the network, at least a second of the machine's time (or itself, if it is less)."""
        return max(duration, round(min(duration, SECOND) * self.clock.rate))

    async def address(self) -> str:
        """Where to connect, by the connection config as it is now.

        Raises:
            TimeoutError, ExchangeError, LinkFailed: if it cannot be told.
        """
        return address_of(await self._config_source(), self._ws_url, self._scheme)

    def _start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())
        self._keeper.add_done_callback(self._kept)

    async def _keep(self) -> None:
        """Attempt by attempt, for as long as there is an order that was not carried out."""
        while self.state is FeedState.WAITING:
            if (left := self._back_off.not_before - self.clock.now()) > 0:
                await asyncio.sleep(self.clock.real_seconds(left))
            self.connection = self._number()
            self.state = FeedState.OPENING
            await self._attempt()

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        if keeper.cancelled() or (crash := keeper.exception()) is None:
            return
        # A mistake of ours, or of what we were given. What was up has been ended, FeedLost included.
        keeper.get_loop().call_exception_handler({"message": "the feed's keeper failed", "exception": crash})
        if self.state in (FeedState.OPENING, FeedState.WAITING):
            # The order still stands, and nobody would repeat it.
            self._back_off.ended(Ending.BACK_OFF, None, self.clock.now())
            self.state = FeedState.WAITING
            self._start()

    async def _attempt(self) -> None:
        """One generation, from the connection config to the end of its websocket."""
        try:
            async with asyncio.timeout(self.clock.real_seconds(self.stretched(self.settings.open))):
                address = await self.address()
                link = await self._open_link(address)
        except TimeoutError:
            self.over(Ended(Ending.LOST, "open_timeout"), None)
        except ExchangeError as refused:
            self.over(Ended(Ending.LOST, f"config: {refused.code}"), None)
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
        """The latest attempt ended. Called at the instant of the end: closing the websocket may take a moment.

        Args:
            up_at: when it came up; None if it never did.
            private: whether it had a private channel. One without is opened again at once.
        """
        now = self.clock.now()
        self._back_off.ended(ended.ending, None if up_at is None else now - up_at, now)
        retry_at = max(now, self._back_off.not_before)
        if self.state is not FeedState.CLOSED:
            if ended.ending is Ending.REFUSED:
                self.state = FeedState.REFUSED
            else:
                self.state = FeedState.IDLE if up_at is not None and private else FeedState.WAITING
        self._on_end(AttemptEnded(self.connection, ended.ending, ended.reason, ended.code, up_at is not None, retry_at))
        if self.state is FeedState.CLOSED:
            return
        said = ended.reason if ended.code is None else f"{ended.code} {ended.reason}"
        if up_at is not None:
            self.deliver(FeedLost(self.connection, said))
        if ended.ending is Ending.REFUSED:
            self.deliver(FeedRefused(self.connection, said))


class _Connection:
    """One open websocket: its machine, its timer, its reader, and what it still has to deliver."""

    BURST: Final = 32
    """Messages read before the loop gets a turn: a flood must not hold up a cancel."""

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
        self._wake: Final = asyncio.Event()
        self._tasks: Final[list[asyncio.Task[None]]] = []

    async def run(self) -> None:
        """Serve it to its end. Raises what is a mistake of ours; FeedLost is delivered then too."""
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
            # Without effect unless we are leaving by an exception.
            self.act(self.machine.fail("crashed"))
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def act(self, outputs: Outputs) -> None:
        """Carry out what the machine puts out."""
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

    async def _read(self) -> None:
        feed, machine, link = self._feed, self.machine, self._link
        clock, backlog, limit = feed.clock, feed.backlog, feed.settings.max_backlog
        left = self.BURST
        try:
            while machine.ended is None:
                self.act(machine.receive(await link.receive(), clock.now()))
                if len(self._held) > limit or (backlog is not None and backlog() > limit):
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
        except ExchangeError as refused:
            self.act(self.machine.fail(f"registration: {refused.code}"))
        else:
            self._channels = tuple(Channel(each.name, each.covers, each.private) for each in registration.channels)
            self.act(self.machine.registered(registration, self._feed.clock.now()))

    async def _watch_config(self) -> None:
        """End the connection when the connection config has come to say another place."""
        feed = self._feed
        while True:
            await asyncio.sleep(feed.clock.real_seconds(feed.settings.config_every))
            try:
                async with asyncio.timeout(feed.clock.real_seconds(feed.stretched(feed.settings.open))):
                    address = await feed.address()
            except (TimeoutError, ExchangeError, LinkFailed):
                continue  # not to know is no change; the next time will tell
            if address != self._address:
                self.act(self.machine.close("config_changed"))
                return

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: self._wake.set())
        self._tasks.append(task)
