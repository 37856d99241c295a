"""The interface of an open websocket, which every transport implements. A transport is a websocket library. It only
sends and receives frames. ``pusher.py`` implements the Pusher protocol. The code that opened a link decides what
happens after the link has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol


class LinkFailed(Exception):
    """Raised if a websocket could not be opened. The message contains neither the address nor a key."""


class LinkClosed(Exception):
    """Raised when a websocket has closed.

    Args:
        code: the close code. None if no close code came.
        reason: the text of the close frame. If no close frame came, it is a description of the error.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code: Final = code
        self.reason: Final = reason


class Link(Protocol):
    """An open websocket."""

    async def receive(self) -> str | bytes:
        """Wait for the next text frame. If the wait is cancelled, at most one frame is lost.

        Raises:
            LinkClosed: when no more frames will come.
        """

    def send(self, text: str) -> None:
        """Put a text frame into the queue for sending. This method never waits and never raises an error. If nothing
        more can be sent, ``receive`` raises LinkClosed."""

    async def close(self) -> None:
        """Close the link immediately, with all its tasks and sockets. A second call does nothing."""


OpenLink = Callable[[str], Awaitable[Link]]
"""The type of a function that opens a websocket to an address, or raises LinkFailed. If the function fails or is
cancelled, nothing stays open."""
