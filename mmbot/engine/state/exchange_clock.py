"""The exchange's clock. The exchange's answers and messages show how far this clock is ahead of our clock.

Our clock is the clock of the engine, which never goes back. The wall clock is the clock of the machine, which may be
corrected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant

BELIEVED: Final = 10 * MINUTE
"""The farthest that the exchange's clock may be ahead of our clock in a reading. A reading that is further ahead counts
as a mistake."""

TOLERATED: Final = 2 * SECOND
"""If our clock is behind the exchange's clock by more than this time, a warning is logged. The machine's clock should
then be synchronised."""


class ExchangeClock:
    """Turns instants of our clock into instants of the exchange's clock.

    Args:
        warn_behind: a function that is called with the difference if a reading shows that our clock is behind by more
            than ``TOLERATED``. The difference must also exceed the earlier differences by more than a second.
        doubt: a function that is called for each ``last_synced_at`` of the wager history. If ``last_synced_at`` is
            ahead of our clock by more than ``BELIEVED``, the first argument is this difference. Otherwise the first
            argument is None. The second argument is the present instant.
        starts_moved: a function that is called when ``starts_earlier`` changed.
    """

    def __init__(
        self,
        warn_behind: Callable[[Duration], None],
        doubt: Callable[[Duration | None, Instant], None],
        starts_moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._warn_behind: Final = warn_behind
        self._doubt: Final = doubt
        self._starts_moved: Final = starts_moved
        self.starts_earlier: Duration = 0
        """If the exchange's clock is ahead of the wall clock, sport events count as starting earlier by this time. The
        time changes in steps of at least a second, and is never negative."""
        self._leads: list[Duration] = []
        """How far the exchange's clock was ahead of the wall clock, by each of the latest answers with a ``Date``
        header."""
        self._history_ahead: Duration | None = None
        """How far the ``last_synced_at`` of the latest history page was ahead of the wall clock. None if no page is
        known."""
        self.wall_offset: Duration = 0
        """How far the wall clock is ahead of our clock."""
        self.ahead: Duration = 0
        """The farthest that the exchange's clock was ahead of our clock in an accepted reading. It is 0 if the
        exchange's clock was never ahead."""
        self.dated = False
        """True once an HTTP answer carried a ``Date`` header. Unlike the wager history, this header does not lag."""
        self._doubted: tuple[Duration, Instant] | None = None
        """The latest message whose time was unusually far ahead of our clock. The two values are its lead over our
        clock and the instant of its arrival."""

    def schedule(self, now: Instant) -> Instant:
        """Return the time of the wall clock at ``now``."""
        return now + self.wall_offset

    def time_of(self, instant: Instant) -> Instant:
        """Convert an instant of our clock into an instant of the exchange's clock, by the readings so far."""
        return instant + self.wall_offset + max(0, self.ahead)

    @property
    def lead(self) -> Duration | None:
        """How far the exchange's clock is ahead of the wall clock, by the ``Date`` headers of its latest three answers.
        The middle of the three values counts, so that a single false header changes nothing. The result is negative if
        the exchange's clock is behind. The result is None before two such answers have come. The true value may be a
        second or two greater, because the header is in whole seconds, rounded down, and as old as the answer."""
        if len(self._leads) < 2:
            return None
        return sorted(self._leads)[-2]

    def by_exchange(self, now: Instant) -> Instant:
        """Return the time by which the starts of sport events are judged. It is the time of the wall clock, or the time
        of the exchange's clock if the exchange's clock is ahead."""
        return now + self.wall_offset + self.starts_earlier

    def stepped(self, offset: Duration, now: Instant) -> None:
        """Record that the wall clock was corrected and is now ``offset`` ahead of our clock. The earlier readings of
        the exchange's clock are adjusted to this correction. The largest reading is forgotten."""
        step = offset - self.wall_offset
        self._leads = [lead - step for lead in self._leads]
        if self._history_ahead is not None:
            self._history_ahead -= step
        self.wall_offset = offset
        self.ahead = 0
        self._judge(now)

    def _judge(self, now: Instant) -> None:
        """Decide again whether one of the clocks is wrong. Compute ``starts_earlier`` again."""
        lead = self.lead or 0
        ahead = max(lead, self._history_ahead or 0)
        self._doubt(ahead if ahead > BELIEVED else None, now)
        self._move_starts()

    def _move_starts(self) -> None:
        earlier = max(0, self.ahead, self.lead or 0)
        if abs(earlier - self.starts_earlier) >= SECOND:
            self.starts_earlier = earlier
            self._starts_moved()

    def note(self, said: Instant, now: Instant) -> None:
        """Take a reading of the exchange's clock. The clock showed ``said`` at the instant ``now`` or before."""
        ahead = said - now - self.wall_offset
        if self.ahead < ahead <= BELIEVED:
            if ahead > TOLERATED and ahead > self.ahead + SECOND:
                self._warn_behind(ahead)
            self.ahead = ahead
            self._move_starts()

    def note_message(self, said: Instant, now: Instant) -> None:
        """Take a reading of the exchange's clock from a message. If the reading is much further ahead than all earlier
        readings, it counts only if a second message confirms it within a minute."""
        ahead = said - now - self.wall_offset
        if ahead > self.ahead + TOLERATED:
            doubted, self._doubted = self._doubted, (ahead, now)
            if doubted is None or now > doubted[1] + MINUTE:
                return
            said -= max(0, ahead - doubted[0])
        self.note(said, now)

    def note_date(self, date: Instant | None, now: Instant) -> None:
        """If the ``Date`` header of an HTTP answer is later than our clock, take the header as a reading of the
        exchange's clock.

        ``Date`` is in whole seconds, rounded down. So a second is added.
        """
        if date is None:
            return
        self.dated = True
        self._leads = [*self._leads[-2:], date - self.schedule(now)]
        self._judge(now)
        if date > self.schedule(now):
            self.note(date + SECOND, now)

    def note_history(self, synced: Instant, now: Instant) -> bool:
        """Take ``last_synced_at`` of a history page as a reading of the exchange's clock.

        Returns:
            False if ``synced`` is more than ``BELIEVED`` ahead of our clock. In this case one of the two clocks is
                wrong. The page then proves nothing, because the time range of our query may end before the latest
                placements.
        """
        self.note(synced, now)
        ahead = synced - self.schedule(now)
        self._history_ahead = ahead
        self._judge(now)
        return ahead <= BELIEVED
