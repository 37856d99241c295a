"""The keys of the account: where they come from, and what to do when the exchange takes them for wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

ACCESS_KEY: Final = "PROPHETX_ACCESS_KEY"
SECRET_KEY: Final = "PROPHETX_SECRET_KEY"

LOGIN_REFUSED: Final = "login_refused"
"""The code of a log-in that the exchange answered with a no, and the reason of the exit that follows at a start."""

LOGIN_COOLDOWN: Final = "login_cooldown"
"""The code of a log-in that is not tried yet: it would follow the last one too soon."""


class CredentialsError(Exception):
    """Credentials are missing; the message names the variables and never a value."""


class Credentials(NamedTuple):
    """What a session is opened with."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "Credentials(***)"


def check_keys(environment: str) -> str:
    """What to do when the exchange takes the keys for wrong."""
    return f"check {ACCESS_KEY} and {SECRET_KEY} for environment {environment}"


def credentials_from(environ: Mapping[str, str], hint: str = "") -> Credentials:
    """The credentials, which come from the process's environment and from nowhere else.

    ``hint``: is added to the message of the error.

    Raises:
        CredentialsError: if one is missing or empty.
    """
    missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not environ.get(name, "").strip()]
    if missing:
        raise CredentialsError(
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set in the environment: "
            f"the exchange's access key and secret key are read from there, never from a file{hint}"
        )
    return Credentials(environ[ACCESS_KEY].strip(), environ[SECRET_KEY].strip())
