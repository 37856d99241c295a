"""What the daemon needs of the exchange's side: a client, a feed, and the parts that keep them going."""

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
from mmbot.telemetry.logs import Secrets
from mmbot.telemetry.metrics import Metrics

ACCESS_KEY: Final = "PROPHETX_ACCESS_KEY"
SECRET_KEY: Final = "PROPHETX_SECRET_KEY"

LOGIN_REFUSED: Final = "login_refused"
"""The code of a log-in that the exchange answered with a no, and the reason of the exit that follows at a start."""


class CredentialsError(Exception):
    """Credentials are missing; the message names the variables and never a value."""


class Credentials(NamedTuple):
    """What a session is opened with."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "Credentials(***)"


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


def check_keys(environment: str) -> str:
    """What to do when the exchange takes the keys for wrong."""
    return f"check {ACCESS_KEY} and {SECRET_KEY} for environment {environment}"


def credentials_from(environ: Mapping[str, str], environment: str) -> Credentials:
    """The credentials, which come from the process's environment and from nowhere else.

    ``environment``: that of the settings.

    Raises:
        CredentialsError: if one is missing or empty.
    """
    missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not environ.get(name, "").strip()]
    if missing:
        raise CredentialsError(
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set in the environment: "
            f"the exchange's access key and secret key are read from there, never from a file{_local_keys(environment)}"
        )
    return Credentials(environ[ACCESS_KEY].strip(), environ[SECRET_KEY].strip())


def _local_keys(environment: str) -> str:
    if environment != "local":
        return ""
    from mmbot.simulator.local import LocalSettings  # large, and only needed to say this

    local = LocalSettings()
    return f". mmbot exchange takes {ACCESS_KEY}={local.access_key} {SECRET_KEY}={local.secret_key}"
