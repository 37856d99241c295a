"""The protocols by which the engine asks its parts when something is due."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.instant import Instant
from mmbot.engine.requests import Request


class Part(Protocol):
    """A part with something that is due at an instant."""

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which something is due by the clock; ``NEVER`` if nothing is. An event may make it
        earlier."""


class Chore(Part, Protocol):
    """A part that acts by the clock."""

    def do_due(self, now: Instant) -> None:
        """Do everything that is due."""


class Asker(Part, Protocol):
    """A part that makes requests and owns them."""

    def next(self, now: Instant) -> Request | None:
        """Return the next request if one is due."""
