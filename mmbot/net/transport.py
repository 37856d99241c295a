"""The interface of an open websocket, which every transport implements. A transport is a websocket library.

A transport only carries frames. ``pusher.py`` implements the Pusher protocol. The code that opened a link decides what
follows its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol


class LinkFailed(Exception):
    """A websocket could not be opened. The message contains neither the address nor a key."""


class LinkClosed(Exception):
    """A websocket has closed.

    Args:
        code: the close code; None if none came.
        reason: the text of the close frame; without a close frame, a description of what happened.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code: Final = code
        self.reason: Final = reason


class Link(Protocol):
    """An open websocket."""

    async def receive(self) -> str | bytes:
        """Wait for the next text frame. If the caller is cancelled, at most that frame is lost.

        Raises:
            LinkClosed: when no more frames will come.
        """

    def send(self, text: str) -> None:
        """Queue a text frame. Never blocks and never raises. If nothing more can be sent, ``receive`` raises
        LinkClosed."""

    async def close(self) -> None:
        """Close the link immediately, with all its tasks and sockets. A second call does nothing."""


OpenLink = Callable[[str], Awaitable[Link]]
"""Opens a websocket to an address. Raises LinkFailed if it cannot. Leaves nothing open if it fails or is cancelled."""
