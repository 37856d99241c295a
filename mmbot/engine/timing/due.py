"""How the engine asks its parts when something of theirs is due: each part answers ``due_at``."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.instant import Instant
from mmbot.engine.requests import Request


class Part(Protocol):
    """A part with something that is due at an instant."""

    def due_at(self, now: Instant) -> Instant:
        """When something is due, as far as the clock alone decides: an event may bring it nearer.
        ``NEVER`` if nothing is due by the clock."""


class Chore(Part, Protocol):
    """A part that does something itself."""

    def do_due(self, now: Instant) -> None:
        """Do what is due, if anything is."""


class Asker(Part, Protocol):
    """A part that makes requests."""

    def next(self, now: Instant) -> Request | None:
        """The next request, if one is due. The part is its owner."""
