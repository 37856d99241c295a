"""The interface between the daemon and the exchange: a REST client, the feed, and the tasks that they need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from structlog.types import FilteringBoundLogger

from mmbot.config import Config
from mmbot.daemon.loop import Client
from mmbot.daemon.trouble import Troubles
from mmbot.domain.instant import Clock
from mmbot.engine.events import Event
from mmbot.exchange.credentials import Credentials
from mmbot.telemetry.logs import Secrets
from mmbot.telemetry.metrics import Metrics

TOKEN_FILE: Final = "session.json"
"""File in the state directory with the refresh token and the time of the last log-in."""


class Surroundings(NamedTuple):
    """Everything that ``open_wire`` gets from the daemon."""

    config: Config
    credentials: Credentials
    clock: Clock
    directory: Path
    """The state directory, where the tokens of the session are kept."""
    deliver: Callable[[Event], None]
    backlog: Callable[[], int]
    """Returns how many delivered events wait to be handled."""
    log: FilteringBoundLogger
    metrics: Metrics
    secrets: Secrets
    troubles: Troubles
    """Is told when a feed connection ends."""
    urgent: bool = False
    """True for a kill by the operator. The first log-in then does not wait for the cool-down."""
    token_file: str = TOKEN_FILE
    """File in the state directory that keeps the refresh token and the time of the last log-in."""
    interrupted_at: Callable[[], int] = lambda: 0
    """Returns a number that rises when the process stood still. A placement from before is not sent any more."""


class AnotherClient(Client, Protocol):
    """A client that its user closes."""

    async def close(self) -> None:
        """Close its connections."""


class Wire(Protocol):
    """The connection to the exchange, as the daemon uses it. It sends nothing before the first request or order."""

    @property
    def client(self) -> Client:
        """The client that sends requests."""

    def connect(self, reason: str) -> None:
        """Open the feed, and retry with back-off until it is up. A feed that is up is ended first."""

    def another_client(self) -> AnotherClient:
        """Return a client with connections of its own over the same session. Call it in the thread that uses it."""

    def parts(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Return the tasks that must run as long as the daemon, by name. Called once."""

    async def close(self) -> None:
        """End everything; the feed ends first."""


OpenWire = Callable[[Surroundings], Awaitable[Wire]]
