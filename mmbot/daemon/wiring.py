"""Builds the connection to the exchange from the session keeper, the REST client and the feed, with their logs and
metrics."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

import aiohttp
from structlog.types import FilteringBoundLogger

from mmbot.daemon.wire import Surroundings
from mmbot.domain.instant import iso, seconds
from mmbot.engine.events import FailureReason
from mmbot.exchange.borrowed_session import BorrowedSession
from mmbot.exchange.credentials import check_keys
from mmbot.exchange.dialect import FeedDialect
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.feed import AttemptEnded, Feed
from mmbot.exchange.grants import EVERYTHING, RejectedTopic
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.net.http import open_http
from mmbot.net.pusher import Ending
from mmbot.net.transport import OpenLink
from mmbot.telemetry.logs import fields
from mmbot.telemetry.metrics import Metrics

_TROUBLE: Final = frozenset(
    {"session.renewal_failed", "session.refresh_failed", "session.refresh_rejected", "session.not_kept"}
)

_TOPICS_LOGGED: Final = 20  # topics in one line of the log


class ExchangeWire:
    """The connection to ProphetX or to a local exchange. It implements ``Wire``."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        keeper: SessionKeeper,
        client: Client,
        feeds: Sequence[Feed],
        another: Callable[[], Client],
    ) -> None:
        self._http: Final = http
        self._keeper: Final = keeper
        self._client: Final = client
        self._feeds: Final = tuple(feeds)
        self._another: Final = another

    @property
    def client(self) -> Client:
        """The client that sends requests."""
        return self._client

    def connect(self, reason: str) -> None:
        """Open the feed, and retry with growing waits until the feed is up."""
        for feed in self._feeds:
            feed.connect(reason)

    def another_client(self) -> Client:
        """Return a client that has its own connections and uses the same session. Call this in the thread that uses the
        client."""
        return self._another()

    def parts(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Return two tasks. The first task renews tokens before they expire. The second task keeps connections open for
        placements and cancels."""
        return {"session": self._keeper.run(), "warm connections": self._client.keep_warm()}

    async def close(self) -> None:
        """Close the feed first. Close everything else afterwards."""
        await asyncio.gather(*(feed.close() for feed in self._feeds))
        await self._client.close()
        await self._keeper.close()
        await self._http.close()


async def open_wire(around: Surroundings) -> ExchangeWire:
    """Create the session keeper, the client and the feed. Nothing is sent before the engine's first request or
    order."""
    config, log, metrics = around.config.exchange, around.log, around.metrics
    dialect = dialect_of(config.dialect)
    http = open_http()
    keeper = SessionKeeper(
        http,
        dialect,
        config.base_url,
        around.credentials.access_key,
        around.credentials.secret_key,
        around.clock,
        TokenStore(around.directory / around.token_file),
        cooldown=seconds(config.login_cooldown_s),
        timeout_s=config.change_timeout_s,
        urgent=around.urgent,
        on_event=lambda name, said: _tell(log, around.config.environment, name, said),
        on_request=metrics.request,
    )
    around.secrets.also(keeper.scrub)
    malformed = _Malformed(log, metrics)
    client = Client(
        keeper,
        around.clock,
        dialect,
        config,
        on_request=metrics.request,
        on_malformed=malformed.note,
        interrupted_at=around.interrupted_at,
    )

    def another() -> Client:
        return Client(BorrowedSession(keeper), around.clock, dialect, config, on_request=metrics.request)

    return ExchangeWire(http, keeper, client, _feeds(around, dialect.feed, client), another)


def _feeds(around: Surroundings, dialect: FeedDialect, client: Client) -> list[Feed]:
    """Create a feed for each connection that the dialect (version of the exchange's API) needs for the wanted topics.
    All feeds take the numbers of their connections from the same counter."""
    config, metrics = around.config.exchange, around.metrics
    number = itertools.count(1).__next__
    return [
        Feed(
            dialect=dialect,
            config_source=client.connection_config,
            register=partial(client.register, topics=topics),
            deliver=around.deliver,
            clock=around.clock,
            open_link=transport(config.transport),
            rng=random.Random(),
            number=number,
            ws_url=config.ws_url,
            # Plain HTTP is allowed only to this machine. The feed of a local exchange is not encrypted either.
            scheme="ws" if config.base_url.startswith("http://") else "wss",
            backlog=around.backlog,
            on_undecodable=lambda kind, why, count: _undecodable(around.log, metrics, kind, why, count),
            on_end=lambda ended: _ended(around, ended),
            on_rejected=lambda connection, topics: _rejected(around.log, connection, topics),
        )
        for topics in dialect.plan(EVERYTHING)
    ]


def transport(name: Literal["aiohttp", "pysher"]) -> OpenLink:
    """Return the function that opens a websocket. pysher and its libraries are loaded only if the settings choose
    pysher."""
    if name == "pysher":
        from mmbot.net.transport_pysher import open_link as open_pysher

        return open_pysher
    from mmbot.net.transport_aiohttp import open_link as open_aiohttp

    return open_aiohttp


class _Malformed:
    """Counts the unreadable items in answers, and logs the first unreadable item for each kind of call."""

    def __init__(self, log: FilteringBoundLogger, metrics: Metrics) -> None:
        self._log: Final = log
        self._metrics: Final = metrics
        self._seen: set[str] = set()

    def note(self, call: str, why: str) -> None:
        self._metrics.malformed(call)
        if call not in self._seen:
            self._seen.add(call)
            self._log.warning("answer.malformed", call=call, why=why)


def _tell(log: FilteringBoundLogger, environment: str, name: str, said: Mapping[str, str | float]) -> None:
    if said.get("reason") == FailureReason.LOGIN.value:  # only the operator can fix the keys
        log.error(name, **fields(said), hint=check_keys(environment))
        return
    say = log.warning if name in _TROUBLE else log.info
    say(name, **fields(said))


def _undecodable(log: FilteringBoundLogger, metrics: Metrics, kind: str, why: str, count: int) -> None:
    metrics.undecodable(kind)
    if count == 1:
        log.warning("feed.undecodable", kind=kind, why=why)


def _rejected(log: FilteringBoundLogger, connection: int, topics: tuple[RejectedTopic, ...]) -> None:
    first = [f"{topic.type} {topic.id}: {topic.reason}" for topic in topics[:_TOPICS_LOGGED]]
    log.warning("feed.topics_rejected", connection=connection, count=len(topics), topics=first)


def _ended(around: Surroundings, ended: AttemptEnded) -> None:
    if ended.was_up:
        around.metrics.feed_lost()
    ordered = ended.ending is Ending.ORDERED
    if not ordered:
        around.troubles.feed_ended(ended.was_up, ended.ending.value, ended.reason, around.clock.now())
    say = around.log.info if ordered else around.log.warning
    say(
        "feed.ended",
        connection=ended.connection,
        ending=ended.ending.value,
        reason=ended.reason,
        code=ended.code,
        was_up=ended.was_up,
        retry_at=iso(ended.retry_at),
    )
