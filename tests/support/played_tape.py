"""A world on a tape that a test writes, and short ways to act in it."""

from __future__ import annotations

import json

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.simulator.crowd.tape import parse_tape
from mmbot.simulator.crowd.tape_crowd import MARKET, SPORT_EVENT
from mmbot.simulator.venue.changes import Printed
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.world import tape_world

HEADER = {
    "tape": 1,
    "event": "Away @ Home",
    "sport": "Basketball",
    "market": "moneyline",
    "scheduled": "2019-12-29T01:10:00.000Z",
    "outcomes": ["Away", "Home"],
}
START: Instant = 1_900_000_000 * SECOND
LINE = LineKey(SPORT_EVENT, MARKET, 0)
Step = dict[str, object]


class Played:
    """A world on a tape of ten-second steps. The market opens with the first; the last two close it, outcome 1 wins."""

    def __init__(self, *steps: Step, closed: bool = True) -> None:
        changes: list[Step] = [{"t": 10_000 * number, **step} for number, step in enumerate(steps, 1)]
        changes[0] = {"s": "open", "p": 0} | changes[0]
        changes.append({"t": 10_000 * (len(steps) + 1), "s": "suspended"})
        changes.append({"t": 10_000 * (len(steps) + 2), "s": "closed", "w": 1})
        head = HEADER | {"changes": len(changes)}
        tape = parse_tape([json.dumps(each).encode() for each in (head, *changes)])
        self.world = tape_world(tape, START)
        self.now = START
        self.count = 0
        self.world.advance(START)

    def step(self, steps: int = 1) -> None:
        self.now += 10 * SECOND * steps
        self.world.advance(self.now)

    def place(self, side: int, odds: int, stake: int, strategy: str | None = None) -> VenueWager:
        self.count += 1
        venue = self.world.venue
        line_id = venue.line_id(SPORT_EVENT, MARKET, 0, side)
        wager = venue.place(self.world.account, f"w{self.count}", line_id, odds, stake, self.now, strategy)
        self.now += SECOND // 5
        self.world.advance(self.now)
        self.now -= SECOND // 5  # the tape's steps stay where they are; the venue's time does not go back
        return self.again(wager)

    def again(self, wager: VenueWager) -> VenueWager:
        return self.world.venue.wager(self.world.account, wager.wager_id)

    def side(self, side: int) -> list[tuple[int, int]]:
        return [(level.odds, level.value) for level in self.world.venue.book(LINE).sides[side]]

    def prints(self) -> list[tuple[int, int, int]]:
        return [(m.side, m.matched_odds, m.stake) for m in self.world.venue.drain() if isinstance(m, Printed)]


def book(zero: object = (), one: object = ()) -> Step:
    return {"b": {"0": list(zero), "1": list(one)}}  # type: ignore[call-overload]
