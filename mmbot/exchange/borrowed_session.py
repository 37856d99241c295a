"""The token of another thread's session. It is used as it is: only its owner renews it."""

from __future__ import annotations

from typing import Final

from mmbot.exchange.caller import Session
from mmbot.exchange.errors import Retryable


class BorrowedSession:
    """A session that sends nothing. Its calls are safe in any thread."""

    def __init__(self, owner: Session) -> None:
        self._owner: Final = owner

    def current(self) -> str | None:
        """Return the owner's access token if it is valid now."""
        return self._owner.current()

    async def token(self, urgent: bool = False) -> str:
        """Return the owner's access token.

        Raises:
            Retryable: if there is none now.
        """
        token = self._owner.current()
        if token is None:
            raise Retryable("no_session", "the session has no valid token, and only its owner renews it")
        return token

    def accepted(self, token: str) -> None:
        """Do nothing."""

    def reject(self, token: str) -> None:
        """Do nothing."""

    async def rejected(self, token: str, urgent: bool = False) -> str:
        """Raise, since there is no other token.

        Raises:
            Retryable: always.
        """
        raise Retryable("unauthorized", "the token was not accepted, and only its owner renews it")

    def scrub(self, text: str) -> str:
        """Replace every secret in a text."""
        return self._owner.scrub(text)
