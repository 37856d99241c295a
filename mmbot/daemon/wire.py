"""The interface between the daemon and the exchange. It consists of a REST client, the feed, the tasks that both need,
and the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from structlog.types import FilteringBoundLogger

from mmbot.config import ClockConfig, Config
from mmbot.daemon.loop import Client
from mmbot.daemon.trouble import Troubles
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import Clock
from mmbot.engine.events import Event
from mmbot.exchange.credentials import Credentials
from mmbot.telemetry.logs import Secrets
from mmbot.telemetry.metrics import Metrics

TOKEN_FILE: Final = "session.json"
"""The name of the file in the state directory that keeps the refresh token and the time of the newest log-in."""


def clock_for(setting: ClockConfig | None) -> SystemClock:
    """Return the clock of the process. It is the machine's clock, or a faster clock that the daemon shares with a local
    exchange."""
    if setting is None:
        return SystemClock()
    return SystemClock(setting.rate, setting.epoch_ns, setting.anchor_ns)


class Surroundings(NamedTuple):
    """Everything that the daemon gives to ``open_wire``."""

    config: Config
    credentials: Credentials
    clock: Clock
    directory: Path
    """The state directory, which keeps the tokens of the session."""
    deliver: Callable[[Event], None]
    backlog: Callable[[], int]
    """The function that returns the number of delivered events that the engine has not handled yet."""
    log: FilteringBoundLogger
    metrics: Metrics
    secrets: Secrets
    troubles: Troubles
    """The record of the daemon's present failures. The end of a feed connection is added to it."""
    urgent: bool = False
    """True for a kill by the operator. The first log-in then does not wait for the end of the cool-down (the shortest
    time between log-ins)."""
    token_file: str = TOKEN_FILE
    """The name of the file in the state directory that keeps the refresh token and the time of the newest log-in."""
    interrupted_at: Callable[[], int] = lambda: 0
    """The function that returns the number of times that the process stood still. If the number has risen since a
    placement was decided, the placement is not sent."""


class AnotherClient(Client, Protocol):
    """A client that its user has to close."""

    async def close(self) -> None:
        """Close the connections of this client."""


class Wire(Protocol):
    """The connection to the exchange, as the daemon uses it. It sends nothing before the engine's first request or
    order."""

    @property
    def client(self) -> Client:
        """The client that sends requests."""

    def connect(self, reason: str) -> None:
        """Open the feed, and retry with growing waits until the feed is up. A feed that is already up is ended
        first."""

    def another_client(self) -> AnotherClient:
        """Return a client that has its own connections and uses the same session. Call this in the thread that uses the
        client."""

    def parts(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Return the tasks that must run as long as the daemon runs, by name. This method is called once."""

    async def close(self) -> None:
        """Close the feed first. Close everything else afterwards."""


OpenWire = Callable[[Surroundings], Awaitable[Wire]]
