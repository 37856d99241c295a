"""What the daemon needs of the exchange's side: a client, a feed, and the parts that keep them going."""

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
    """What the exchange's side is given."""

    config: Config
    credentials: Credentials
    clock: Clock
    directory: Path
    """The state directory: the session's tokens are kept there."""
    deliver: Callable[[Event], None]
    backlog: Callable[[], int]
    """How many delivered events wait to be handled."""
    log: FilteringBoundLogger
    metrics: Metrics
    secrets: Secrets
    troubles: Troubles
    """Told of the feed's ends."""
    urgent: bool = False
    """A person's kill: its first log-in does not wait for the cool-down."""


class Wire(Protocol):
    """The exchange's side, opened but silent: nothing is sent before it is asked."""

    @property
    def client(self) -> Client:
        """Sends requests."""

    def connect(self, reason: str) -> None:
        """Open the feed, with back-off, until it is up; ends one that stands."""

    def parts(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """What has to run beside it, by name; asked for once."""

    async def close(self) -> None:
        """End everything, the feed first."""


OpenWire = Callable[[Surroundings], Awaitable[Wire]]
