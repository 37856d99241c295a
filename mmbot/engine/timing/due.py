"""The interfaces through which the engine asks its parts when they have something to do."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.instant import Instant
from mmbot.engine.requests import Request


class Part(Protocol):
    """A part of the engine that has something to do at a certain time."""

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the part will have something to do. The result is ``NEVER`` if it will have
        nothing to do. An event may change this instant."""


class Chore(Part, Protocol):
    """A part of the engine that acts at a certain time without sending a request."""

    def do_due(self, now: Instant) -> None:
        """Do everything that is due."""


class Asker(Part, Protocol):
    """A part of the engine that makes requests and gets their answers."""

    def next(self, now: Instant) -> Request | None:
        """Return the next request if one is due. Otherwise return None."""
