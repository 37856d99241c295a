"""The exchange's clock: how far it is ahead of our clock, as its answers and messages show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant

BELIEVED: Final = 10 * MINUTE
"""How far the exchange's clock may be ahead of our clock in a reading that is accepted. If it is further ahead, the
reading counts as a mistake."""

TOLERATED: Final = 2 * SECOND
"""How far our clock may be behind the exchange's clock without a warning. A warning means that the machine's clock
should be synchronised."""


class ExchangeClock:
    """Turns instants of our clock into instants of the exchange's clock.

    Args:
        warn_behind: a function that is called with the difference if a reading shows that our clock is behind by more
            than ``TOLERATED``, and by over a second more than earlier readings showed.
        doubt: a function that is called for each ``last_synced_at`` of the wager history. If ``last_synced_at`` is
            ahead of our clock by more than ``BELIEVED``, its first argument is this difference. Otherwise the first
            argument is None. The second argument is the present instant.
    """

    def __init__(
        self, warn_behind: Callable[[Duration], None], doubt: Callable[[Duration | None, Instant], None]
    ) -> None:
        self._warn_behind: Final = warn_behind
        self._doubt: Final = doubt
        self.wall_offset: Duration = 0
        """How far the wall clock is ahead of our clock."""
        self.ahead: Duration = 0
        """The largest amount by which the exchange's clock was ahead of our clock in an accepted reading. It is 0 if
        the exchange's clock was never ahead."""
        self.dated = False
        """True once an HTTP answer carried a ``Date`` header. Unlike the wager history, this header does not lag."""
        self._doubted: tuple[Duration, Instant] | None = None
        """The latest message that was unusually far ahead of our clock: how far it was ahead, and when it came."""

    def schedule(self, now: Instant) -> Instant:
        """Return the time of the wall clock at ``now``."""
        return now + self.wall_offset

    def time_of(self, instant: Instant) -> Instant:
        """Convert an instant of our clock into an instant of the exchange's clock, as far as the readings show it."""
        return instant + self.wall_offset + max(0, self.ahead)

    def stepped(self, offset: Duration) -> None:
        """Record that the wall clock was corrected and is now ``offset`` ahead of our clock. Earlier readings of the
        exchange's clock no longer count."""
        self.wall_offset = offset
        self.ahead = 0

    def note(self, said: Instant, now: Instant) -> None:
        """Take a reading of the exchange's clock: it showed ``said`` at the instant ``now`` or before."""
        ahead = said - now - self.wall_offset
        if self.ahead < ahead <= BELIEVED:
            if ahead > TOLERATED and ahead > self.ahead + SECOND:
                self._warn_behind(ahead)
            self.ahead = ahead

    def note_message(self, said: Instant, now: Instant) -> None:
        """Take a reading of the exchange's clock from a message.

        If the exchange's clock is really ahead, every message shows it. So a reading that is much further ahead than
        all earlier readings counts only if a second message confirms it within a minute.
        """
        ahead = said - now - self.wall_offset
        if ahead > self.ahead + TOLERATED:
            doubted, self._doubted = self._doubted, (ahead, now)
            if doubted is None or now > doubted[1] + MINUTE:
                return
            said -= max(0, ahead - doubted[0])
        self.note(said, now)

    def note_date(self, date: Instant | None, now: Instant) -> None:
        """If the ``Date`` header of an HTTP answer is later than our clock, take it as a reading of the exchange's
        clock.

        ``Date`` is in whole seconds, rounded down. So a second is added.
        """
        if date is None:
            return
        self.dated = True
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
        doubtful = ahead > BELIEVED
        self._doubt(ahead if doubtful else None, now)
        return not doubtful
