"""Packs wagers that ended without a match into few bytes. Such wagers are held only in case a message about them comes
late."""

from __future__ import annotations

from array import array
from collections import deque
from typing import Any, Final

import msgspec

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, NEVER, Instant
from mmbot.domain.odds import Side
from mmbot.engine.wagers.remembered_results import split_id
from mmbot.engine.wagers.wager import LineWager, pack, unpack

WAGERS_PER_BLOCK: Final = 1024
"""The greatest number of packed wagers in one block."""

SPAN: Final = 5 * MINUTE
"""The longest time for which a block of packed wagers takes new wagers, counted from its first wager."""

_SLOTS: Final = 4 * WAGERS_PER_BLOCK
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


class _Block:
    """A block of packed wagers (wagers in a compact form). A hash table finds a wager in the block by its
    ``external_id`` or its ``wager_id``."""

    __slots__ = ("count", "first", "highest", "line_places", "lines", "packed", "slots", "starts", "taken")

    def __init__(self, now: Instant) -> None:
        self.count = 0
        self.first = now
        self.highest: dict[str, int] = {}
        """The highest number that follows each prefix of an ``external_id``."""
        self.packed = bytearray()
        self.starts = array("l", [0])
        self.slots = array("h", [-1]) * _SLOTS
        self.lines: list[tuple[LineKey, Side, str]] = []
        self.line_places: dict[str, int] = {}
        self.taken: dict[int, None] = {}

    def put(self, wager: LineWager) -> None:
        place = self.count
        self.count = place + 1
        line = self.line_places.get(wager.line_id)
        if line is None:
            line = self.line_places[wager.line_id] = len(self.lines)
            self.lines.append((wager.line, wager.side, wager.line_id))
        self.packed += _encode([wager.external_id, wager.wager_id, line, *pack(wager)])
        self.starts.append(len(self.packed))
        slots = self.slots
        for key in (wager.external_id, wager.wager_id):
            slot = hash(key) % _SLOTS
            while slots[slot] >= 0:
                slot = (slot + 1) % _SLOTS
            slots[slot] = place

    def find(self, key: str) -> int:
        """Return the place of the wager with this ``external_id`` or ``wager_id``. The result is -1 if the block does
        not hold the wager."""
        slot = hash(key) % _SLOTS
        while (place := self.slots[slot]) >= 0:
            if place not in self.taken and key in self._fields(place)[:2]:
                return place
            slot = (slot + 1) % _SLOTS
        return -1

    def at(self, place: int) -> LineWager:
        external_id, wager_id, at, *rest = self._fields(place)
        line, side, line_id = self.lines[at]
        return unpack(external_id, wager_id, line, side, line_id, rest)

    def _fields(self, place: int) -> list[Any]:
        fields: list[Any] = _decode(self.packed[self.starts[place] : self.starts[place + 1]])
        return fields


class Shelf:
    """The packed wagers (wagers in a compact form), in blocks. A block is always dropped as a whole."""

    __slots__ = ("_blocks", "_highest", "oldest")

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque()
        self._highest: dict[str, int] = {}
        self.oldest: Instant = NEVER
        """The instant at which the oldest block got its first wager. It is ``NEVER`` if there are no packed wagers."""

    def put(self, wager: LineWager, now: Instant) -> bool:
        """Pack a wager into its compact form, and return True. If the id of the wager does not end in a number, do
        nothing and return False."""
        prefix, number = split_id(wager.external_id)
        if number is None:
            return False
        if number > self._highest.get(prefix, -1):
            self._highest[prefix] = number
        blocks = self._blocks
        if not blocks or blocks[-1].count == WAGERS_PER_BLOCK or now - blocks[-1].first > SPAN:
            blocks.append(_Block(now))
            self.oldest = blocks[0].first
        block = blocks[-1]
        if number > block.highest.get(prefix, -1):
            block.highest[prefix] = number
        block.put(wager)
        return True

    def holds(self, external_id: str, prefix: str, number: int | None) -> bool:
        """Return whether a wager of ours is stored here in its compact form. ``prefix`` and ``number`` are the two
        parts of the id that ``split_id`` returned."""
        return number is not None and number <= self._highest.get(prefix, -1) and self._search(external_id) is not None

    def see(self, external_id: str) -> LineWager | None:
        """Return a copy of a wager of ours. The wager stays here in its compact form. The result is None if the wager
        is not here."""
        found = self._find(external_id)
        return None if found is None else found[0].at(found[1])

    def take(self, external_id: str) -> LineWager | None:
        """Unpack a wager of ours from its compact form, and return it. The result is None if the wager is not here."""
        return _taken(self._find(external_id))

    def take_by_id(self, wager_id: str) -> LineWager | None:
        """Unpack a wager with this ``wager_id`` (the exchange's id), and return it. The result is None if the wager is
        not here. Every block is searched."""
        return _taken(self._search(wager_id))

    def drop_oldest(self) -> list[str]:
        """Drop the oldest block. For each prefix of an ``external_id``, return the highest number that follows the
        prefix in this block."""
        block = self._blocks.popleft()
        self.oldest = self._blocks[0].first if self._blocks else NEVER
        return [f"{prefix}{number}" for prefix, number in block.highest.items()]

    def _find(self, external_id: str) -> tuple[_Block, int] | None:
        prefix, number = split_id(external_id)
        if number is None or number > self._highest.get(prefix, -1):
            return None
        return self._search(external_id)

    def _search(self, key: str) -> tuple[_Block, int] | None:
        for block in reversed(self._blocks):
            place = block.find(key)
            if place >= 0:
                return block, place
        return None


def _taken(found: tuple[_Block, int] | None) -> LineWager | None:
    if found is None:
        return None
    block, place = found
    block.taken[place] = None
    return block.at(place)
