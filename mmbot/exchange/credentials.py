"""The keys of the account: where they come from, and what to do when the exchange rejects them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

ACCESS_KEY: Final = "PROPHETX_ACCESS_KEY"
SECRET_KEY: Final = "PROPHETX_SECRET_KEY"

LOGIN_REFUSED: Final = "login_refused"
"""The code of a log-in that the exchange rejected, and the reason of the exit that follows at a start."""


class CredentialsError(Exception):
    """Credentials are missing. The message names the variables and never a value."""


class Credentials(NamedTuple):
    """The two keys that open a session."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "Credentials(***)"


def check_keys(environment: str) -> str:
    """Text for a person whose keys the exchange rejected."""
    return f"check {ACCESS_KEY} and {SECRET_KEY} for environment {environment}"


def credentials_from(environ: Mapping[str, str], hint: str = "") -> Credentials:
    """Read the credentials from the environment of the process, the only place that they come from.

    Args:
        hint: added to the message of the error.

    Raises:
        CredentialsError: if one is missing or empty.
    """
    missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not environ.get(name, "").strip()]
    if missing:
        raise CredentialsError(
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set in the environment: "
            f"mmbot reads the access key and the secret key from there, never from a file{hint}"
        )
    return Credentials(environ[ACCESS_KEY].strip(), environ[SECRET_KEY].strip())
