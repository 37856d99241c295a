"""What the exchange has to tell: the messages since the last drain, and watchers of single accounts."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Odds
from mmbot.simulator.venue.changes import Announcement, BookChanged
from mmbot.simulator.venue.records import RepeatedId, VenueWager


class Watcher(Protocol):
    """Looks on as the exchange's own books of one account change."""

    def changed(self, wager: VenueWager, match_stake: int | None, match_odds: Odds | None, now: Instant) -> None:
        """A wager came into being or changed."""

    def repeated(self, repeat: RepeatedId, now: Instant) -> None:
        """A request brought an ``external_id`` that was used before."""

    def quiet(self, now: Instant) -> None:
        """One operation is complete: what stands now is a state that others could see."""


class Announcements:
    """Messages in their order. A line's book is told once per drain, at the place of its last change."""

    __slots__ = ("_books", "_messages", "_watchers")

    def __init__(self) -> None:
        self._messages: list[Announcement | None] = []
        self._books: dict[LineKey, int] = {}
        self._watchers: dict[str, list[Watcher]] = {}

    def watch(self, account: str, watcher: Watcher) -> None:
        """Tell ``watcher`` of every change of the account's wagers."""
        self._watchers.setdefault(account, []).append(watcher)

    def watchers(self, account: str) -> list[Watcher]:
        """Who watches an account."""
        return self._watchers.get(account, [])

    def tell(self, message: Announcement) -> None:
        """Add a message."""
        self._messages.append(message)

    def book(self, line: LineKey, now: Instant) -> None:
        """The shown book of a line changed."""
        before = self._books.get(line)
        if before is not None:
            self._messages[before] = None
        self._books[line] = len(self._messages)
        self._messages.append(BookChanged(line, now))

    def quiet(self, now: Instant) -> None:
        """An operation is complete."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.quiet(now)

    def drain(self) -> list[Announcement]:
        """Everything since the last drain."""
        messages = [message for message in self._messages if message is not None]
        self._messages.clear()
        self._books.clear()
        return messages
