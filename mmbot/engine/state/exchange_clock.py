"""The exchange's clock: how far it is ahead of ours, according to its answers and messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant

BELIEVED: Final = 10 * MINUTE
"""The largest lead of the exchange's clock over ours that is accepted. A larger lead counts as a mistake."""

TOLERATED: Final = 2 * SECOND
"""How far our clock may be behind the exchange's without a warning. After a warning, synchronise the machine's clock.
"""


class ExchangeClock:
    """Turns instants of our clock into instants of the exchange's clock.

    Args:
        warn_behind: called with the difference if a reading shows that our clock is behind by more than ``TOLERATED``,
            and by over a second more than earlier readings showed.
        doubt: called for each ``last_synced_at`` of the wager history, with the present instant. The first argument is
            the time by which ``last_synced_at`` is ahead of our clock if that is more than ``BELIEVED``, else None.
    """

    def __init__(
        self, warn_behind: Callable[[Duration], None], doubt: Callable[[Duration | None, Instant], None]
    ) -> None:
        self._warn_behind: Final = warn_behind
        self._doubt: Final = doubt
        self.wall_offset: Duration = 0
        """The offset to add to our clock to get the time of the wall clock."""
        self.ahead: Duration = 0
        """The largest lead of the exchange's clock over ours in an accepted reading; 0 if no reading was ahead."""
        self.dated = False
        """True once an HTTP answer carried a ``Date``. Unlike the wager history, such a reading does not lag."""
        self._doubted: tuple[Duration, Instant] | None = None
        """The latest message that was unusually far ahead: by how much it was ahead of our clock, and when it came."""

    def schedule(self, now: Instant) -> Instant:
        """Return the time of the wall clock at ``now``."""
        return now + self.wall_offset

    def time_of(self, instant: Instant) -> Instant:
        """Convert an instant of our clock into an instant of the exchange's clock, by the readings so far."""
        return instant + self.wall_offset + max(0, self.ahead)

    def stepped(self, offset: Duration) -> None:
        """Record that the wall clock was corrected and now differs from our clock by ``offset``. Earlier readings of
        the exchange's clock no longer count."""
        self.wall_offset = offset
        self.ahead = 0

    def note(self, said: Instant, now: Instant) -> None:
        """Take a reading: the exchange's clock showed ``said`` at ``now`` or before."""
        ahead = said - now - self.wall_offset
        if self.ahead < ahead <= BELIEVED:
            if ahead > TOLERATED and ahead > self.ahead + SECOND:
                self._warn_behind(ahead)
            self.ahead = ahead

    def note_message(self, said: Instant, now: Instant) -> None:
        """Take a reading from a message.

        A clock that is really ahead shows in every message. So a reading that is much further ahead than all earlier
        readings counts only if a second message confirms it within a minute.
        """
        ahead = said - now - self.wall_offset
        if ahead > self.ahead + TOLERATED:
            doubted, self._doubted = self._doubted, (ahead, now)
            if doubted is None or now > doubted[1] + MINUTE:
                return
            said -= max(0, ahead - doubted[0])
        self.note(said, now)

    def note_date(self, date: Instant | None, now: Instant) -> None:
        """Take the ``Date`` of an HTTP answer as a reading if it is later than our clock.

        ``Date`` is in whole seconds, rounded down, so a second is added.
        """
        if date is None:
            return
        self.dated = True
        if date > self.schedule(now):
            self.note(date + SECOND, now)

    def note_history(self, synced: Instant, now: Instant) -> bool:
        """Take ``last_synced_at`` of a history page as a reading.

        Returns:
            False if ``synced`` is more than ``BELIEVED`` ahead of our clock. Then one of the two clocks is wrong, and
            the page proves nothing, because the time range of our query may end before the latest placements."""
        self.note(synced, now)
        ahead = synced - self.schedule(now)
        doubtful = ahead > BELIEVED
        self._doubt(ahead if doubtful else None, now)
        return not doubtful
