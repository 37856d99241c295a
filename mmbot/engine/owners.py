"""The owner of a request is the part of the engine that made the request. The engine passes the answer to this owner
alone. This module also lists the methods that parts of the engine call on each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.wager import UnreadWager, WagerReport
from mmbot.engine.events import Answer, HistoryRead
from mmbot.engine.requests import PlaceMany, Request
from mmbot.engine.step import Step
from mmbot.engine.wagers.changes import Changes


class Owner(Protocol):
    """A part of the engine that makes requests."""

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a request that this owner sent at ``sent_at``."""


class InFlight:
    """A request that has no answer yet."""

    __slots__ = ("owner", "request", "sent_at")

    def __init__(self, owner: Owner, request: Request, sent_at: Instant) -> None:
        self.owner: Final = owner
        self.request: Final = request
        self.sent_at: Final = sent_at


class AppliesReports(Protocol):
    """Applies reports of wagers, and the changes that follow from an answer. ``effects.Effects`` implements it."""

    def apply(self, changes: Changes, now: Instant) -> None:
        """Pass the changes that the ledger made to every follower (a part of the engine that acts on changes of
        wagers)."""

    def take_report(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Apply a report of a wager from the answer to a read. The read was sent at ``asked_at``."""

    def take_unread(self, wager: UnreadWager, asked_at: Instant | None, now: Instant) -> None:
        """Apply a report of a wager of which some part cannot be read. The report comes from the answer to a read that
        was sent at ``asked_at``."""

    def take_page(self, page: HistoryRead, asked_at: Instant, now: Instant) -> None:
        """Apply the report of every wager on a page of the history. The page is the answer to a read that was sent at
        ``asked_at``."""

    def proved_clear(self, since: Instant, now: Instant) -> None:
        """Record that no wager is open. This was shown by a history that is complete beyond the instant ``since``."""

    def take_positions(self, now: Instant) -> None:
        """Update exposure, profit and quotes of each position that changed."""

    def placement_answered(self, request: PlaceMany, now: Instant) -> None:
        """Save the wagers of a placement request in the journal, because the request was answered or failed. If it is
        unknown whether the exchange accepted a wager, request a look-up of the wager."""

    def locate_wagers(self, now: Instant) -> None:
        """Find the wagers whose line was unknown when they were reported and is known now. Add these wagers to the
        positions of their lines."""

    def sport_events_learned(self) -> None:
        """Save the names of sport events that were looked up."""

    def room_freed(self) -> None:
        """Check again each placement that lacked funds, because a new balance was read."""


class Requotes(Protocol):
    """Requests a new decision on quotes after a change of markets, lines or books. ``quoting.Quoting`` implements
    it."""

    def forget(self, sport_event: int) -> None:
        """Decide again which lines of a sport event are quoted, because its markets or lines changed."""

    def book_changed(self, line: LineKey) -> None:
        """Request a new decision on the quotes of a line, because its book changed."""


class HearsOfWagers(Protocol):
    """A part of the engine that learns which wagers the exchange knows. ``order_of_life.OrderOfLife`` implements it."""

    step: Step

    def may_rest(self, now: Instant) -> None:
        """Note that a wager may be open at the exchange."""

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Record that the exchange knows the wagers in ``reports``."""


class Reconnects(Protocol):
    """Connects the feed again. ``feed.Feed`` implements it."""

    def reconnect(self, reason: str, now: Instant) -> None:
        """Connect the feed again because a message was lost. Do nothing if such a reconnect was made less than five
        minutes ago."""
