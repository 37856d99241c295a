"""Reads the account's two API keys. It also has the advice for an operator whose keys the exchange rejects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

ACCESS_KEY: Final = "PROPHETX_ACCESS_KEY"
SECRET_KEY: Final = "PROPHETX_SECRET_KEY"

LOGIN_REJECTED: Final = "login_rejected"
"""The error code of mmbot itself for a log-in that the exchange rejects. If a log-in is rejected at a start, the daemon
exits and names this code as the reason."""


class CredentialsError(Exception):
    """Raised if a key is missing. The message names the environment variables and never shows a key."""


class Credentials(NamedTuple):
    """The two API keys that open a session."""

    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        return "Credentials(***)"


def check_keys(environment: str) -> str:
    """Return the advice for an operator whose keys the exchange rejected."""
    return f"check {ACCESS_KEY} and {SECRET_KEY} for environment {environment}"


def credentials_from(environ: Mapping[str, str], hint: str = "") -> Credentials:
    """Read the two keys from the environment variables of the process. mmbot reads keys from nowhere else.

    Args:
        hint: text to add to the error message.

    Raises:
        CredentialsError: if a key is missing or empty.
    """
    missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not environ.get(name, "").strip()]
    if missing:
        raise CredentialsError(
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set in the environment: "
            f"mmbot reads the access key and the secret key from there, never from a file{hint}"
        )
    return Credentials(environ[ACCESS_KEY].strip(), environ[SECRET_KEY].strip())
