"""The seam below the feed: an open websocket, as any transport has to offer it.

A transport knows frames only. The Pusher protocol is in ``pusher.py``, what to do about an end in ``feed.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol


class LinkFailed(Exception):
    """A websocket could not be opened. The text holds neither the address nor a key."""


class LinkClosed(Exception):
    """A websocket is gone.

    Args:
        code: the close code that came, None where none did.
        reason: what came with it, or what happened instead.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code: Final = code
        self.reason: Final = reason


class Link(Protocol):
    """An open websocket."""

    async def receive(self) -> str | bytes:
        """The next text frame. Cancelling it loses at most that frame.

        Raises:
            LinkClosed: when no more will come.
        """

    def send(self, text: str) -> None:
        """Queue a text frame. Never blocks and never raises: a link that cannot send any more ends, and says so in
        ``receive``."""

    async def close(self) -> None:
        """End it, at once: after this nothing of it is left, no task and no socket. It may be called again."""


OpenLink = Callable[[str], Awaitable[Link]]
"""Opens a websocket to an address. It raises LinkFailed, and leaves nothing behind when it fails or is cancelled."""
