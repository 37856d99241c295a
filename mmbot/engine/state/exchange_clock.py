"""The exchange's clock: how far it is ahead of ours, according to its answers and messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant

BELIEVED: Final = 10 * MINUTE
"""The furthest that the exchange's clock is believed to be ahead of ours. A reading beyond it is taken for a
mistake."""

TOLERATED: Final = 2 * SECOND
"""If our clock is further behind the exchange's, a warning is logged: the machine should synchronise its clock."""


class ExchangeClock:
    """Turns instants of our clock into instants of the exchange's clock.

    Args:
        warn_behind: called with the difference when a reading shows that our clock is further behind than known before
            and than ``TOLERATED``.
        doubt: called for each ``last_synced_at`` of the wager history, with its lead over our clock if that is more
        than ``BELIEVED``, else with None."""

    def __init__(
        self, warn_behind: Callable[[Duration], None], doubt: Callable[[Duration | None, Instant], None]
    ) -> None:
        self._warn_behind: Final = warn_behind
        self._doubt: Final = doubt
        self.wall_offset: Duration = 0
        """The offset to add to our clock to get the time of the wall clock."""
        self.ahead: Duration = 0
        """The least lead of the exchange's clock over ours that a reading has shown; 0 if no reading has shown one."""
        self.dated = False
        """True once an answer carried its ``Date``: a reading that does not lag behind like the history."""
        self._doubted: tuple[Duration, Instant] | None = None
        """The lead that the latest message showed that was not believed, and the instant of that message."""

    def schedule(self, now: Instant) -> Instant:
        """Return the present time of the wall clock."""
        return now + self.wall_offset

    def time_of(self, instant: Instant) -> Instant:
        """Convert an instant of our clock into the exchange's clock, as far as readings have shown its lead."""
        return instant + self.wall_offset + max(0, self.ahead)

    def stepped(self, offset: Duration) -> None:
        """Take a step of the wall clock, and forget the lead of the exchange's clock."""
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

        A reading that is much further ahead than all earlier ones is believed only if a second message within a minute
        confirms it: a clock that is ahead shows in every message.
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
            True if the page can prove anything. If ``synced`` is more than ``BELIEVED`` ahead of our clock, one of the
            two clocks is wrong. Then the ranges that we ask for may end before the latest placements."""
        self.note(synced, now)
        ahead = synced - self.schedule(now)
        doubtful = ahead > BELIEVED
        self._doubt(ahead if doubtful else None, now)
        return not doubtful
