"""The messages that the exchange has not sent yet, and the watchers of single accounts."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Odds
from mmbot.simulator.venue.changes import Announcement, BookChanged
from mmbot.simulator.venue.records import RepeatedId, VenueWager


class Watcher(Protocol):
    """Follows every change of one account in the exchange's own books."""

    def changed(self, wager: VenueWager, match_stake: int | None, match_odds: Odds | None, now: Instant) -> None:
        """Take note that a wager was accepted or changed."""

    def repeated(self, repeat: RepeatedId, now: Instant) -> None:
        """Take note that a request used an ``external_id`` that was used before."""

    def operation_complete(self, now: Instant) -> None:
        """Take note that one operation is complete, so the present state is one that others could see."""


class Announcements:
    """Messages in the order of their announcement.

    Each line's book is announced once per drain, at the place of its latest change.
    """

    __slots__ = ("_books", "_messages", "_watchers")

    def __init__(self) -> None:
        self._messages: list[Announcement | None] = []
        self._books: dict[LineKey, int] = {}
        self._watchers: dict[str, list[Watcher]] = {}

    def watch(self, account: str, watcher: Watcher) -> None:
        """Call ``watcher`` for every change of the account's wagers."""
        self._watchers.setdefault(account, []).append(watcher)

    def watchers(self, account: str) -> list[Watcher]:
        """The watchers of an account."""
        return self._watchers.get(account, [])

    def add(self, message: Announcement) -> None:
        """Add a message."""
        self._messages.append(message)

    def book_changed(self, line: LineKey, now: Instant) -> None:
        """Announce that the shown book of a line changed."""
        before = self._books.get(line)
        if before is not None:
            self._messages[before] = None
        self._books[line] = len(self._messages)
        self._messages.append(BookChanged(line, now))

    def operation_complete(self, now: Instant) -> None:
        """Tell every watcher that an operation is complete."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.operation_complete(now)

    def drain(self) -> list[Announcement]:
        """Remove and return all messages since the last drain."""
        messages = [message for message in self._messages if message is not None]
        self._messages.clear()
        self._books.clear()
        return messages
