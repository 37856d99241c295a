"""Lists of wagers that could still match. There is a list of all such wagers, a list for each line, and a list of the
wagers that are not known to be open yet."""

from __future__ import annotations

from collections.abc import Container, ValuesView
from typing import Final, NamedTuple, TypeVar

from mmbot.domain.catalogue import LineKey
from mmbot.domain.wager_states import AWAITING, COULD_MATCH, State
from mmbot.engine.wagers.wager import LineWager, Wager

_NONE: Final[dict[str, LineWager]] = {}


_W = TypeVar("_W", bound=Wager)


class WagerCounts(NamedTuple):
    """How many wagers could still match. ``live`` counts all such wagers, ``unknown`` counts the wagers of unknown
    outcome, and ``foreign_live`` counts the wagers that are not ours."""

    live: int
    unknown: int
    foreign_live: int


class LiveWagers:
    """Lists of the wagers that could still match. In each list, the wager that was sent first comes first."""

    __slots__ = ("_foreign", "_of_line", "all", "awaiting", "unknown")

    def __init__(self) -> None:
        self.all: dict[str, Wager] = {}
        self.awaiting: dict[str, Wager] = {}
        """The wagers that are not known to be open yet: placing, inactive or unknown."""
        self.unknown: dict[str, Wager] = {}
        self._of_line: dict[LineKey, dict[str, LineWager]] = {}
        self._foreign = 0

    def of_line(self, line: LineKey) -> ValuesView[LineWager]:
        """Return the wagers on one line, as a view of the list."""
        return self._of_line.get(line, _NONE).values()

    def line(self, line: LineKey) -> dict[str, LineWager]:
        """Return the wagers on one line. The keys are the ``external_id`` of the wagers. Every call returns the same
        dictionary until the sport event is forgotten."""
        of_line = self._of_line.get(line)
        if of_line is None:
            of_line = self._of_line[line] = {}
        return of_line

    @property
    def counts(self) -> WagerCounts:
        """How many wagers are in the lists."""
        return WagerCounts(len(self.all), len(self.unknown), self._foreign)

    def add(self, wager: LineWager) -> None:
        """Append a new wager, which is being placed, to the lists."""
        key = wager.external_id
        self.all[key] = self.line(wager.line)[key] = self.awaiting[key] = wager

    def list_by_state(self, wager: Wager) -> None:
        """Add a wager to the lists for its state. If the wager cannot match any more, add it to no list."""
        state, key = wager.state, wager.external_id
        if state not in COULD_MATCH:
            return
        if key not in self.all:
            _insert(self.all, wager)
            if isinstance(wager, LineWager):
                _insert(self.line(wager.line), wager)
            self._foreign += wager.foreign
        if state in AWAITING and key not in self.awaiting:
            _insert(self.awaiting, wager)
        if state is State.UNKNOWN:
            _insert(self.unknown, wager)

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the lines of sport events that are over. If a wager on a line could still match, the line stays."""
        for line in [line for line, wagers in self._of_line.items() if line.sport_event in sport_events and not wagers]:
            del self._of_line[line]

    def replace(self, wager: LineWager) -> None:
        """Take ``wager`` into the lists instead of the same wager without its line, because its line is known now."""
        key = wager.external_id
        if key not in self.all:
            return
        self.all[key] = wager
        if key in self.awaiting:
            self.awaiting[key] = wager
        if key in self.unknown:
            self.unknown[key] = wager
        _insert(self.line(wager.line), wager)

    def relist(self, wager: Wager, was: State) -> None:
        """Move a wager from the lists for its former state (``was``) to the lists for its present state."""
        state, key = wager.state, wager.external_id
        if was in AWAITING and state not in AWAITING:
            del self.awaiting[key]
        if was is State.UNKNOWN:
            del self.unknown[key]
        if state in COULD_MATCH:
            if was not in COULD_MATCH or state in AWAITING:
                self.list_by_state(wager)
        elif was in COULD_MATCH:
            del self.all[key]
            if isinstance(wager, LineWager):
                del self._of_line[wager.line][key]
            self._foreign -= wager.foreign


def _insert(wagers: dict[str, _W], wager: _W) -> None:
    """Add a wager at its place in the order of sending. The list is sorted only if the wager was reported late, or if
    it is open although it counted as rejected or never placed."""
    late = bool(wagers) and next(reversed(wagers.values())).number > wager.number
    wagers[wager.external_id] = wager
    if late:
        ordered = sorted(wagers.values(), key=_number)
        wagers.clear()
        wagers.update((each.external_id, each) for each in ordered)


def _number(wager: Wager) -> int:
    return wager.number
