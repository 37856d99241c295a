"""A session for a thread that does not own the session. It uses the owner's token without changing it, because only the
owner renews the token."""

from __future__ import annotations

from typing import Final

from mmbot.exchange.caller import Session
from mmbot.exchange.errors import Retryable


class BorrowedSession:
    """A session that uses the token of its owner and sends nothing. Its methods can be called safely in any thread."""

    def __init__(self, owner: Session) -> None:
        self._owner: Final = owner

    def current(self) -> str | None:
        """Return the owner's access token if it is valid now. Otherwise return None."""
        return self._owner.current()

    async def token(self, urgent: bool = False) -> str:
        """Return the owner's access token.

        Raises:
            Retryable: if the owner has no valid token now.
        """
        token = self._owner.current()
        if token is None:
            raise Retryable("no_session", "the session has no valid token, and only its owner renews it")
        return token

    def accepted(self, token: str) -> None:
        """Do nothing, because only the owner of the session keeps a record of its tokens."""

    def reject(self, token: str) -> None:
        """Do nothing, because only the owner of the session drops its tokens."""

    async def rejected(self, token: str, urgent: bool = False) -> str:
        """Raise an error, because only the owner of the session can get another token.

        Raises:
            Retryable: always.
        """
        raise Retryable("unauthorized", "the token was not accepted, and only its owner renews it")

    def scrub(self, text: str) -> str:
        """Hide every key and every token in a text."""
        return self._owner.scrub(text)
