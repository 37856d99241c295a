"""The open websocket that every transport offers.

A transport knows frames only. ``pusher.py`` holds the Pusher protocol. The owner of the link decides what follows
an end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol


class LinkFailed(Exception):
    """A websocket could not be opened. The text holds neither the address nor a key."""


class LinkClosed(Exception):
    """A websocket is gone.

    Args:
        code: the close code; None if none came.
        reason: the text of the close frame, or what happened instead.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code: Final = code
        self.reason: Final = reason


class Link(Protocol):
    """An open websocket."""

    async def receive(self) -> str | bytes:
        """Wait for the next text frame. Cancelling loses at most that frame.

        Raises:
            LinkClosed: when no more will come.
        """

    def send(self, text: str) -> None:
        """Queue a text frame. Never blocks and never raises: if the link cannot send any more, ``receive`` raises."""

    async def close(self) -> None:
        """Close the link at once. No task and no socket is left. A second call does nothing."""


OpenLink = Callable[[str], Awaitable[Link]]
"""Opens a websocket to an address. Raises LinkFailed, and leaves nothing open when it fails or is cancelled."""
