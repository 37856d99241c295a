"""What a simulated run leaves for the next run, in place of a state directory."""

from __future__ import annotations

from mmbot.domain.instant import Instant
from mmbot.engine import orders as o
from mmbot.engine.records import SaveCompared


class Memory:
    """Takes the place of the state directory. It keeps everything from which the next run starts."""

    def __init__(self) -> None:
        self.wagers: dict[str, o.SaveWager] = {}
        self.day: o.SaveDay | None = None
        self.settlements: dict[tuple[int, int], o.SaveSettlement] = {}
        self.latch: str | None = None
        self.end = 0
        self.runs = 0
        self.last: Instant = 0
        self.known: Instant = 0
        """The latest instant at which the engine was ready and got a message from the feed."""
        self.compared: Instant = 0

    def keep(self, order: o.Save, now: Instant) -> None:
        """Keep the journal entries of one change at the time ``now``. A subclass can drop them, as a crash would."""
        for record in order.records:
            match record:
                case o.SaveWager():
                    self.wagers[record.external_id] = record
                case o.SaveDay():
                    self.day = record
                case o.SaveSettlement():
                    self.settlements[record.sport_event, record.market] = record
                case SaveCompared():
                    self.compared = record.at

    def seed(self) -> o.Seed:
        """Return everything from which the engine of the next run starts."""
        self.runs += 1
        return o.Seed(
            run_id=f"r{self.runs}",
            next_sequence=self.end,
            end_sequence=self.end,
            latched=self.latch,
            wagers=tuple(self.wagers.values()),
            day=self.day,
            settlements=tuple(self.settlements.values()),
            since=self.last,
            known_to=min(self.known, self.last),
            compared_to=self.compared,
            runs=tuple(f"r{number}" for number in range(1, self.runs)),
        )
