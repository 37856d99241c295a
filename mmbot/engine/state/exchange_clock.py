"""The exchange's clock: how far it is ahead of ours, as far as its answers and messages have shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant

BELIEVED: Final = 10 * MINUTE
"""A reading of the exchange's clock that is further ahead of ours is a mistake, not a clock."""

TOLERATED: Final = 2 * SECOND
"""A clock that is further behind the exchange's is worth a warning: the machine should keep time."""


class ExchangeClock:
    """Turns instants of our clock into instants of the exchange's clock.

    Args:
        tell_behind: called when a reading shows that our clock is further behind than was known and tolerated.
        tell_doubt: called with each ``last_synced_at`` of the history: how far it is ahead of our clock if that is
            further than ``BELIEVED``, else None.
    """

    def __init__(
        self, tell_behind: Callable[[Duration], None], tell_doubt: Callable[[Duration | None, Instant], None]
    ) -> None:
        self._tell_behind: Final = tell_behind
        self._tell_doubt: Final = tell_doubt
        self.wall_offset: Duration = 0
        """What to add to our clock to get schedule time."""
        self.ahead: Duration = 0
        """How far the exchange's clock is ahead of ours at least; 0 while nothing shows that it is."""
        self._doubted: tuple[Duration, Instant] | None = None
        """How far ahead the latest message put it that was not believed, and when."""

    def schedule(self, now: Instant) -> Instant:
        """The present by the wall clock."""
        return now + self.wall_offset

    def time_of(self, instant: Instant) -> Instant:
        """An instant of our clock as the exchange's clock reads it, as far as is known; never earlier."""
        return instant + self.wall_offset + max(0, self.ahead)

    def stepped(self, offset: Duration) -> None:
        """Take a step of the wall clock: what was known of the exchange's clock no longer holds."""
        self.wall_offset = offset
        self.ahead = 0

    def note(self, said: Instant, now: Instant) -> None:
        """Take a reading: the exchange's clock showed ``said`` no later than ``now``."""
        ahead = said - now - self.wall_offset
        if self.ahead < ahead <= BELIEVED:
            if ahead > TOLERATED and ahead > self.ahead + SECOND:
                self._tell_behind(ahead)
            self.ahead = ahead

    def note_message(self, said: Instant, now: Instant) -> None:
        """Take a reading from a message. One that says much more than all before it is not believed alone: a clock that
        is ahead shows in every message."""
        ahead = said - now - self.wall_offset
        if ahead > self.ahead + TOLERATED:
            doubted, self._doubted = self._doubted, (ahead, now)
            if doubted is None or now > doubted[1] + MINUTE:
                return
            said -= max(0, ahead - doubted[0])
        self.note(said, now)

    def note_date(self, date: Instant | None, now: Instant) -> None:
        """Take the ``Date`` of an HTTP answer, which is in whole seconds, rounded down. A date that is later than our
        clock shows that our clock is behind; the second that the rounding may have taken is added."""
        if date is not None and date > self.schedule(now):
            self.note(date + SECOND, now)

    def note_history(self, synced: Instant, now: Instant) -> bool:
        """Take ``last_synced_at`` of a history page as a reading.

        Returns:
            Whether the page can prove anything. If it is further ahead of our clock than ``BELIEVED``, one of the two
            clocks is wrong, and the ranges that are asked for end long before what was placed last.
        """
        self.note(synced, now)
        ahead = synced - self.schedule(now)
        doubtful = ahead > BELIEVED
        self._tell_doubt(ahead if doubtful else None, now)
        return not doubtful
