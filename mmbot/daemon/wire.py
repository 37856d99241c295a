"""The exchange's side as the daemon sees it: a client, the feed, and the tasks that keep them going."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from structlog.types import FilteringBoundLogger

from mmbot.config import Config
from mmbot.daemon.loop import Client
from mmbot.daemon.trouble import Troubles
from mmbot.domain.instant import Clock
from mmbot.engine.events import Event
from mmbot.exchange.credentials import Credentials
from mmbot.telemetry.logs import Secrets
from mmbot.telemetry.metrics import Metrics


class Surroundings(NamedTuple):
    """Everything that the exchange's side is given."""

    config: Config
    credentials: Credentials
    clock: Clock
    directory: Path
    """The state directory, where the tokens of the session are kept."""
    deliver: Callable[[Event], None]
    backlog: Callable[[], int]
    """Tells how many delivered events wait to be handled."""
    log: FilteringBoundLogger
    metrics: Metrics
    secrets: Secrets
    troubles: Troubles
    """Gets the ends of the feed."""
    urgent: bool = False
    """True for a kill by a person, whose first log-in does not wait for the cool-down."""


class Wire(Protocol):
    """The exchange's side. It sends nothing before a request or an order."""

    @property
    def client(self) -> Client:
        """The client that sends requests."""

    def connect(self, reason: str) -> None:
        """Open the feed, and retry with back-off until it is up. A feed that is up is ended first."""

    def parts(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """The tasks that have to run as well, by name. Called once."""

    async def close(self) -> None:
        """End everything, the feed first."""


OpenWire = Callable[[Surroundings], Awaitable[Wire]]
