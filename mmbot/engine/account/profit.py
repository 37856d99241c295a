"""The profit of the account, realised and marked, and the guard (a reason not to quote) against a large loss in one
day.

*Realised* profit is the result of settled wagers, less the commission of their markets. The commission is estimated as
a share of the net gain of a market. The settings give this share.

*Marked* profit is the value of matched wagers that are not settled. If p is the latest fair probability of outcome 0,
the value of a position is p times its profit if outcome 0 wins, plus (1 - p) times its profit if outcome 1 wins. After
a restart, p is unknown until a fair price comes. A position with unknown p counts as zero, with one exception: if both
outcomes bring a profit, or both bring a loss, the smaller profit or the smaller loss counts.

The loss of a day is the amount by which realised plus marked profit has fallen since midnight UTC. The journal keeps
the figures of the day across restarts. It also keeps whether the loss has reached the limit.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from msgspec.structs import replace

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.instant import DAY, MINUTE, NEVER, SECOND, Instant
from mmbot.domain.money import Cents, show
from mmbot.domain.position import FullStakes, Position
from mmbot.engine.books.catalogue import TRADEABLE
from mmbot.engine.orders import LostDay, SaveDay
from mmbot.engine.records import SaveFair
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.status import ProfitStatus

SAVE: Final = 10 * SECOND
"""The shortest time between two saves of the day's figures."""

SAVE_FAIR: Final = MINUTE
"""The shortest time between two saves of a line's fair probability."""


WOBBLE: Final = 1
"""The greatest number of days by which the wall clock may step back without the start of a new day. This keeps the
guard ``daily_loss`` in force if the clock steps back and forth at midnight."""


class Profit:
    """The profit of the account. It is updated with each change of a wager."""

    def __init__(self, shared: Shared, day: SaveDay | None) -> None:
        self._shared = shared
        self._fair: dict[LineKey, float] = {}
        self._marks: dict[LineKey | MarketKey, Cents] = {}
        self._fair_saved: dict[LineKey, tuple[Instant, float | None]] = {}
        """For each line with a position: the fair probability that was saved most recently, and the instant of the
        save."""
        self.marked: Cents = 0
        if day is not None and day.lost is not None and day.lost.limit < shared.settings.daily_loss:
            day = replace(day, lost=None)  # the limit was raised: quoting may go on today
        self._day = day
        self._valued = False
        """True once this run has been ready to quote. Before the run is ready, no fair probability is known for any
        position."""
        self._saved: Cents | None = None
        self._save_at: Instant = 0
        self.moved = False
        """True if the marked profit has changed, so that the next call of ``look`` may be due earlier."""
        self._save_planned = False

    @property
    def total(self) -> Cents:
        """The total profit in cents: realised profit, less commission, plus marked profit (the value of unsettled
        positions)."""
        return self._shared.ledger.realised - self._shared.ledger.commission + self.marked

    @property
    def today(self) -> Cents:
        """Profit since midnight UTC, in cents."""
        return self.total - self._day.opening if self._day else 0

    def _new_day(self, date: int) -> SaveDay:
        ledger = self._shared.ledger
        return SaveDay(date, self.total, self.total, None, ledger.realised, ledger.commission)

    def fair(self, line: LineKey, probability: float) -> None:
        """Record the newest fair probability of a line's outcome 0, and value the position of the line by this
        probability."""
        self._fair[line] = probability
        if line in self._marks:
            self.mark(line, self._shared.ledger.positions[line])

    def last_fair(self, line: LineKey) -> float | None:
        """Return the latest fair probability of a line's outcome 0. The result is None if no fair probability was known
        so far."""
        return self._fair.get(line)

    def mark(self, line: LineKey, position: Position) -> None:
        """Compute the marked profit of a line's position, which is its value at the latest fair probability."""
        probability = self._fair.get(line)
        settling = self._shared.ledger.settling(market_of(line))
        if settling is not None:
            known = settling.value(line, probability)
            if known is not None:
                self._mark(line, known, True)
                return
        first, second = position.profit if settling is None else settling.profit.get(line, (0, 0))
        if probability is None:
            # Valued at its worse outcome, every position would look like a loss of the day after a restart.
            value = max(min(first, second), min(0, max(first, second)))
        else:
            value = round(probability * first + (1.0 - probability) * second)
        self._mark(line, value, bool(first or second))

    def mark_full(self, market: MarketKey, full: FullStakes) -> None:
        """Compute the marked profit of the wagers of which only the market is known. The whole stake of each of these
        wagers counts as lost."""
        self._mark(market, -full.worst_case(), bool(full))

    def _mark(self, key: LineKey | MarketKey, value: Cents, kept: bool) -> None:
        rise = value - self._marks.get(key, 0)
        if rise:
            self.marked += rise
            self.moved = self.moved or not self._save_planned or self._lost_too_much()
        if kept:
            self._marks[key] = value
        else:
            self._marks.pop(key, None)

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the fair probabilities of the lines of sport events that are over. If a line still has a position, its
        fair probability stays."""
        for line in [line for line in self._fair if line.sport_event in sport_events and line not in self._marks]:
            del self._fair[line]
            self._fair_saved.pop(line, None)

    def _lost_too_much(self) -> bool:
        """Return true if the loss of the day has reached the limit, and this is not recorded in the figures of the day
        yet."""
        day = self._day
        return day is not None and day.lost is None and day.opening - self.total >= self._shared.settings.daily_loss

    def due_at(self, now: Instant, ready: bool) -> Instant:
        """Return the instant, ``now`` or later, at which ``look`` has something to do if the profit does not change
        before. The result is ``NEVER`` if only a change of the profit or of the engine's step can give ``look``
        something to do."""
        self.moved = self._save_planned = False
        shared, day = self._shared, self._day
        if day is None:
            return now if ready or self._valued else NEVER
        midnight = (day.day + 1) * DAY - shared.clock.wall_offset
        held = shared.guards.holds("daily_loss", ACCOUNT)
        if now >= midnight or now < midnight - DAY or held == (day.lost is None):
            return now
        if not ready:
            return midnight
        if not self._valued or self._lost_too_much():
            return now
        if self.total == self._saved:
            return midnight
        self._save_planned = True
        return min(midnight, max(now, self._save_at))

    def look(self, now: Instant, ready: bool) -> None:
        """Begin a new day if needed. Save changed figures of the day. If the loss is too large, stop quoting with the
        guard ``daily_loss``.

        Once the guard (a reason not to quote) holds, it stays for the rest of the day. Neither a restart nor a smaller
        loss lifts the guard. ``ready`` is true if the engine is ready to quote, so that positions can be valued.
        """
        shared = self._shared
        date = shared.clock.schedule(now) // DAY
        day = self._day
        if day is None or date > day.day or date < day.day - WOBBLE:
            if not (ready or self._valued):  # else the day would begin without fair values
                self._day = None
                return
            day = self._day = self._new_day(date)
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
        """Return the record of the day with the latest figures. Changed figures are saved at most once in ``SAVE`` (10
        s). If the loss has just reached the limit, the figures are saved immediately."""
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
            shared.outbox.record(day)
            self._save_fairs(now)
        return day

    def _save_fairs(self, now: Instant) -> None:
        """Before the start of a sport event, save each changed fair probability of a line with a position. The fair
        probability that is saved last is the closing line."""
        shared = self._shared
        for line in self._marks:
            fair = self._fair.get(line) if isinstance(line, LineKey) else None
            if fair is None or not isinstance(line, LineKey):
                continue
            saved_at, saved = self._fair_saved.get(line, (0, None))
            known = shared.catalogue.sport_events.get(line.sport_event)
            if fair == saved or now < saved_at + SAVE_FAIR or known is None or known.status not in TRADEABLE:
                continue
            self._fair_saved[line] = (now, fair)
            shared.outbox.record(SaveFair(line, now, fair))

    def status(self) -> ProfitStatus:
        """Return the profit figures for the status."""
        ledger, day = self._shared.ledger, self._day
        realised, commission = ledger.realised, ledger.commission
        if day is None:
            return ProfitStatus(realised, commission, self.marked, 0)
        opened, paid = day.opening_realised, day.opening_commission
        if opened is None or paid is None:  # a day of an earlier version: its opening counts as realised
            opened, paid = day.opening, 0
        return ProfitStatus(
            realised=realised,
            commission=commission,
            marked=self.marked,
            today=self.today,
            today_realised=realised - opened,
            today_commission=commission - paid,
            today_marked=self.marked - (day.opening - opened + paid),
        )
