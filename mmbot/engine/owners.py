"""The owner of a request, and the protocols through which lower districts call higher ones.

Each part that makes a request registers itself as its owner (``Shared.send``). The engine gives the answer to that
owner alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

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


class InFlight:
    """A request that has no answer yet."""

    __slots__ = ("owner", "request", "sent_at")

    def __init__(self, owner: Owner, request: Request, sent_at: Instant) -> None:
        self.owner: Final = owner
        self.request: Final = request
        self.sent_at: Final = sent_at


class AppliesReports(Protocol):
    """Applies the reports and changes of wagers that an answer brings. Implemented by ``effects.Effects``."""

    def apply(self, changes: Changes, now: Instant) -> None:
        """Give changes of the ledger to every follower."""

    def take_report(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Take a report from the answer to a read that was sent at ``asked_at``."""

    def take_positions(self, now: Instant) -> None:
        """Update exposure, profit and quotes for the positions that changed."""

    def placement_answered(self, request: PlaceMany, now: Instant) -> None:
        """Journal the wagers of a placement that was answered or has failed, and resolve those that are unknown."""

    def locate_wagers(self, now: Instant) -> None:
        """Enter wagers that were reported before their line was known in the positions of their lines."""

    def room_freed(self) -> None:
        """Judge again the placements that lacked funds."""


class Requotes(Protocol):
    """Quotes again after a change of the board. Implemented by ``quoting.Quoting``."""

    def forget(self, event: int) -> None:
        """Select the quoted lines of a sport event again, after a change of its markets or lines."""

    def book_changed(self, line: LineKey) -> None:
        """Look at a line again, after a change of its book."""


class HearsOfWagers(Protocol):
    """Learns which wagers the exchange knows. Implemented by ``order_of_life.OrderOfLife``."""

    def may_rest(self, now: Instant) -> None:
        """Note that a wager may be open at the exchange."""

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Note that the exchange knows these wagers."""


class Reconnects(Protocol):
    """Connects the feed again. Implemented by ``feed.Feed``."""

    def reconnect(self, reason: str, now: Instant) -> None:
        """Connect the feed again because a message was lost, unless that was done recently."""
