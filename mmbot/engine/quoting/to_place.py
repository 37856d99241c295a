"""The queue of lines on which wagers are to be placed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.engine.quoting.quoted_line import QuotedLine


class ToPlace:
    """The lines on which wagers have to be placed, ordered by priority. Lines of equal priority stay in the order in
    which they came."""

    __slots__ = ("_aside", "_by_priority", "lines")

    def __init__(self) -> None:
        self._by_priority: Final[dict[int, dict[LineKey, QuotedLine]]] = {}
        self._aside: Final[dict[LineKey, QuotedLine]] = {}
        self.lines: Final[dict[LineKey, int]] = {}
        """The lines in the queue, each with the highest priority of the targets that have to be placed on the line. A
        target is a wager that should be open."""

    def put(self, line: QuotedLine) -> None:
        """Add a line that has targets to place (wagers that should be open), or note that the targets of the line
        changed."""
        place = line.comparison.place
        priority = place[0].priority
        for target in place:
            if target.priority > priority:
                priority = target.priority
        if self.lines.get(line.key, priority) != priority:
            self.drop(line.key)
        self.lines[line.key] = priority
        self._by_priority.setdefault(priority, {})[line.key] = line

    def drop(self, line: LineKey) -> None:
        """If a line is in the queue, remove it."""
        priority = self.lines.pop(line, None)
        if priority is not None:
            bucket = self._by_priority[priority]
            del bucket[line]
            if not bucket:
                del self._by_priority[priority]

    def first(self, count: int) -> list[QuotedLine]:
        """Return the lines with the highest priority in the queue, but no more than ``count`` of them. The lines that
        came earliest are returned."""
        if not self._by_priority:
            return []
        lines = list(self._by_priority[max(self._by_priority)].values())
        return lines if len(lines) <= count else lines[:count]

    def set_aside(self, line: QuotedLine) -> None:
        """Take a line out of the queue until ``take_back`` is called. This is done if limits, missing funds or one of
        our own wagers block the targets (wagers that should be open) of the line."""
        self.drop(line.key)
        self._aside[line.key] = line

    def take_back(self, lines: Mapping[LineKey, QuotedLine]) -> None:
        """Put the lines that were set aside back into the queue, if they are still in ``lines``."""
        if self._aside:
            for key, line in self._aside.items():
                if line.comparison.place and lines.get(key) is line:
                    self.put(line)
            self._aside.clear()

    def forget(self, line: LineKey) -> None:
        """Drop a line that is no longer quoted."""
        self.drop(line)
        self._aside.pop(line, None)
