"""Profit, realised and marked, and the daily loss guard.

*Realised* is what settled wagers won or lost, less the commission of their markets (estimated at the set share of a
market's net gain). *Marked* values what is matched and not settled: p times the profit if outcome 0 wins plus (1 - p)
times the profit if outcome 1 wins, p being the last fair probability. Until one is known (after a restart, or of an
event that is over and not settled) a position stands at its cost: nothing, unless both outcomes win or both lose. The
worse outcome instead would end every day that begins with a restart. The loss of a day is the sum of realised and
marked against that sum at the first instant of the UTC day; it is kept across restarts, and so is that it was too much.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from msgspec.structs import replace

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import DAY, SECOND, Instant
from mmbot.domain.money import Cents, show
from mmbot.domain.position import FullStakes, Position
from mmbot.engine.orders import LostDay, SaveDay
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.status import ProfitStatus

SAVE: Final = 10 * SECOND
"""The day's figures are saved this often at most."""


class Profit:
    """Profit of the account, kept incrementally."""

    def __init__(self, shared: Shared, day: SaveDay | None) -> None:
        self._shared = shared
        self._fair: dict[LineKey, float] = {}
        self._marks: dict[LineKey | MarketKey, Cents] = {}
        self.marked: Cents = 0
        if day is not None and day.lost is not None and day.lost.limit < shared.settings.daily_loss:
            day = replace(day, lost=None)  # the limit was raised since: the day goes on
        self._day = day
        self._valued = False
        """Whether this run was ever ready: before that, what it holds stands at its cost."""
        self._saved: Cents | None = None
        self._save_at: Instant = 0

    @property
    def total(self) -> Cents:
        """Realised less commission, plus marked."""
        return self._shared.ledger.realised - self._shared.ledger.commission + self.marked

    @property
    def today(self) -> Cents:
        """Since the first instant of the UTC day."""
        return self.total - self._day.opening if self._day else 0

    def fair(self, line: LineKey, probability: float) -> None:
        """A newer fair probability of outcome 0."""
        self._fair[line] = probability
        if line in self._marks:
            self.mark(line, self._shared.ledger.positions[line])

    def last_fair(self, line: LineKey) -> float | None:
        """The latest fair probability of outcome 0 that was known."""
        return self._fair.get(line)

    def mark(self, line: LineKey, position: Position) -> None:
        """Value a line's position anew."""
        first, second = position.profit
        probability = self._fair.get(line)
        if probability is None:
            value = max(min(first, second), min(0, max(first, second)))
        else:
            value = round(probability * first + (1.0 - probability) * second)
        self._mark(line, value, bool(first or second))

    def mark_full(self, market: MarketKey, full: FullStakes) -> None:
        """Value a market's full stakes: as lost."""
        self._mark(market, -full.worst_case(), bool(full))

    def _mark(self, key: LineKey | MarketKey, value: Cents, kept: bool) -> None:
        self.marked += value - self._marks.get(key, 0)
        if kept:
            self._marks[key] = value
        else:
            self._marks.pop(key, None)

    def forget(self, events: Container[int]) -> None:
        """Drop the fair probabilities of events that are over, where nothing is to be valued by them."""
        for line in [line for line in self._fair if line.event in events and line not in self._marks]:
            del self._fair[line]

    def look(self, now: Instant, ready: bool) -> None:
        """Open a new day, save the day's figures when they moved, and judge the loss. A day that lost too much is over,
        whatever its marks do and however often the daemon starts."""
        shared = self._shared
        date = shared.clock.schedule(now) // DAY
        day = self._day
        if day is None or day.day != date:
            if not (ready or self._valued):  # a day that began before that would lose or win what is valued then
                self._day = None
                return
            day = self._day = SaveDay(date, self.total, self.total)
            self._saved = None
        if ready:
            self._valued = True
            day = self._day = self._judge(day, now)
        lost = day.lost
        if lost is None:
            if shared.guards.holds("daily_loss", ACCOUNT):
                shared.hold("daily_loss", ACCOUNT, None, now)
        elif not shared.guards.holds("daily_loss", ACCOUNT):
            reason = f"lost {show(lost.loss)} today, limits.daily_loss is {show(lost.limit)}"
            shared.hold("daily_loss", ACCOUNT, reason, lost.at)

    def _judge(self, day: SaveDay, now: Instant) -> SaveDay:
        """The day as it stands. It is saved when it is due, and at once when it has just lost too much."""
        shared = self._shared
        total = self.total
        loss = day.opening - total
        if day.lost is None and loss >= shared.settings.daily_loss:
            day = replace(day, lost=LostDay(now, loss, shared.settings.daily_loss))
            self._saved, self._save_at = None, now
        if total != self._saved and now >= self._save_at:
            self._saved = total
            self._save_at = now + SAVE
            day = replace(day, latest=total)
            shared.outbox.order(day)
        return day

    def status(self) -> ProfitStatus:
        """The figures."""
        ledger = self._shared.ledger
        return ProfitStatus(
            realised=ledger.realised, commission=ledger.commission, marked=self.marked, today=self.today
        )
