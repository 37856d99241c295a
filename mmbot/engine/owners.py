"""Who gets the answer to a request, and what the parts above hand down to the owners below.

Each part that makes a request registers itself as its owner (``Shared.send``); the engine gives the answer to that
owner and to nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Answer
from mmbot.engine.requests import PlaceMany, Request
from mmbot.engine.wagers.changes import Changes


class Owner(Protocol):
    """A part that makes requests."""

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a request of this part that was sent at ``sent_at``."""


class InFlight(NamedTuple):
    """A request that has no answer yet."""

    owner: Owner
    request: Request
    sent_at: Instant


class AppliesReports(Protocol):
    """Applies what an answer says about wagers; ``effects.Effects`` is the one implementation."""

    def apply(self, changes: Changes, now: Instant) -> None:
        """Take over what a call to the ledger changed."""

    def take_report(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Take a report of a read that was asked for at ``asked_at``."""

    def take_positions(self, now: Instant) -> None:
        """Take over the positions that changed."""

    def placement_answered(self, request: PlaceMany, now: Instant) -> None:
        """See to the wagers of a placement that was answered, or given up."""

    def locate_wagers(self, now: Instant) -> None:
        """Put wagers that were reported before their line was known where they belong."""

    def room_freed(self) -> None:
        """Judge again what funds held back."""


class Requotes(Protocol):
    """Quotes again where the board changed; ``quoting.Quoting`` is the one implementation."""

    def forget(self, event: int) -> None:
        """Put the lines of an event under the rules again: its catalogue changed."""

    def book_changed(self, line: LineKey) -> None:
        """Look at a line again: its book changed."""


class HearsOfWagers(Protocol):
    """Hears what the exchange says about wagers; ``order_of_life.OrderOfLife`` is the one implementation."""

    def may_rest(self, now: Instant) -> None:
        """Take into account that a placement may be open at the exchange."""

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Note that the exchange knows these wagers."""


class Reconnects(Protocol):
    """Opens the feed again; ``feed.Feed`` is the one implementation."""

    def reconnect(self, reason: str, now: Instant) -> None:
        """Open the feed again because a message was lost; once in a while at most."""
