"""Profit, realised and marked, and the daily loss guard.

*Realised* is what settled wagers won or lost, less the commission of their markets (estimated at the set share of a
market's net gain). *Marked* values what is matched and not settled: p times the profit if outcome 0 wins plus (1 - p)
times the profit if outcome 1 wins, p being the last fair probability. Until one is known (after a restart, or of an
event that is over and not settled) a position stands at its cost: nothing, unless both outcomes win or both lose. The
worse outcome instead would end every day that begins with a restart. The loss of a day is the sum of realised and
marked against that sum at the first instant of the UTC day; it is kept across restarts.
"""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import DAY, SECOND, Instant
from mmbot.domain.money import Cents, show
from mmbot.domain.position import Position
from mmbot.engine.desk import Desk
from mmbot.engine.guards import ACCOUNT
from mmbot.engine.requests import SaveDay
from mmbot.engine.status import ProfitStatus

SAVE: Final = 10 * SECOND
"""The day's figures are saved this often at most."""


class Profit:
    """Profit of the account, kept incrementally."""

    def __init__(self, desk: Desk, day: SaveDay | None) -> None:
        self._desk = desk
        self._fair: dict[LineKey, float] = {}
        self._marks: dict[LineKey, Cents] = {}
        self.marked: Cents = 0
        self._day = day
        self._saved: Cents | None = None
        self._save_at: Instant = 0
        self._lost: str | None = None
        """Why the day is over; marks that recover do not begin it again."""

    @property
    def total(self) -> Cents:
        """Realised less commission, plus marked."""
        return self._desk.ledger.realised - self._desk.ledger.commission + self.marked

    @property
    def today(self) -> Cents:
        """Since the first instant of the UTC day."""
        return self.total - self._day.opening if self._day else 0

    def fair(self, line: LineKey, probability: float) -> None:
        """A newer fair probability of outcome 0."""
        self._fair[line] = probability
        if line in self._marks:
            self.mark(line, self._desk.ledger.positions[line])

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
        value -= position.full_stake
        self.marked += value - self._marks.get(line, 0)
        if first or second or position.full_stake:
            self._marks[line] = value
        else:
            self._marks.pop(line, None)

    def look(self, now: Instant, ready: bool) -> None:
        """Open a new day, save the day's figures when they moved, and judge the loss."""
        desk = self._desk
        day = desk.schedule(now) // DAY
        if self._day is None or self._day.day != day:
            if self._day is None and not ready:
                return  # nothing is valued yet
            self._day = SaveDay(day, self.total, self.total)
            self._saved = None
            self._lost = None
        if not ready:
            return
        total = self.total
        if total != self._saved and now >= self._save_at:
            self._saved = total
            self._save_at = now + SAVE
            desk.order(SaveDay(self._day.day, self._day.opening, total))
        loss = -self.today
        if self._lost is None and loss >= desk.settings.daily_loss:
            self._lost = f"lost {show(loss)} today, limits.daily_loss is {show(desk.settings.daily_loss)}"
        if (self._lost is not None) != desk.guards.holds("daily_loss", ACCOUNT):
            desk.hold("daily_loss", ACCOUNT, self._lost, now)

    def status(self) -> ProfitStatus:
        """The figures."""
        ledger = self._desk.ledger
        return ProfitStatus(
            realised=ledger.realised, commission=ledger.commission, marked=self.marked, today=self.today
        )
