"""The messages that the exchange still has to send. This module also informs the observers of single accounts."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import Odds
from mmbot.simulator.venue.changes import Announcement, BookChanged
from mmbot.simulator.venue.records import RepeatedId, VenueWager


class Watcher(Protocol):
    """An observer of one account, such as the referee. It is called at every change of the account's wagers."""

    def changed(self, wager: VenueWager, match_stake: int | None, match_odds: Odds | None, now: Instant) -> None:
        """Record that a wager was accepted or changed. If the change is a match, ``match_stake`` (in cents) and
        ``match_odds`` describe this match. Otherwise both are None."""

    def repeated(self, repeat: RepeatedId, now: Instant) -> None:
        """Record that a request used an ``external_id`` a second time."""

    def operation_complete(self, now: Instant) -> None:
        """Judge the present state of the exchange, because an operation of the exchange is complete."""


class Announcements:
    """The messages that the exchange still has to send, in the order in which the changes happened.

    If the book of a line changes several times before the messages are fetched, a single message announces all these
    changes.
    """

    __slots__ = ("_books", "_messages", "_watchers")

    def __init__(self) -> None:
        self._messages: list[Announcement | None] = []
        self._books: dict[LineKey, int] = {}
        self._watchers: dict[str, list[Watcher]] = {}

    def watch(self, account: str, watcher: Watcher) -> None:
        """From now on, inform ``watcher`` about every change of the account's wagers."""
        self._watchers.setdefault(account, []).append(watcher)

    def watchers(self, account: str) -> list[Watcher]:
        """Return the observers of an account."""
        return self._watchers.get(account, [])

    def add(self, message: Announcement) -> None:
        """Add a message to the messages that have to be sent."""
        self._messages.append(message)

    def book_changed(self, line: LineKey, now: Instant) -> None:
        """Add the message that the public book of a line changed. This message replaces an unsent message about the
        same book."""
        before = self._books.get(line)
        if before is not None:
            self._messages[before] = None
        self._books[line] = len(self._messages)
        self._messages.append(BookChanged(line, now))

    def operation_complete(self, now: Instant) -> None:
        """Call every observer, because an operation of the exchange is complete."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.operation_complete(now)

    def drain(self) -> list[Announcement]:
        """Return all messages that were added since the previous call, and remove them."""
        if not self._messages:
            return []
        messages = [message for message in self._messages if message is not None]
        self._messages.clear()
        self._books.clear()
        return messages
