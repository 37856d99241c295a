"""Two clocks: ``SystemClock`` follows the machine, and ``ManualClock`` is moved by tests. With a local exchange,
``SystemClock`` may run faster than real time.

Only this module reads the time of the machine. All other code is given an instant or a ``Clock``.
"""

from __future__ import annotations

import time
from typing import Final

from mmbot.domain.instant import Duration, Instant, in_seconds


class SystemClock:
    """The clock of the machine. It may run faster than real time, and start at another time. It shows ``epoch_ns +
    (machine - anchor_ns) * rate``. In this formula, ``machine`` is the machine's time in nanoseconds.

    Two processes with the same ``rate``, ``epoch_ns`` and ``anchor_ns`` agree on the time. The defaults give the time
    of the machine. ``now`` never goes back: it reads the wall clock only once, at construction, and then follows the
    machine's monotonic clock, which nobody can set.

    Args:
        rate: seconds of this clock in one second of the machine.
        epoch_ns: the time that this clock shows at ``anchor_ns``. By default, it is equal to ``anchor_ns``.
        anchor_ns: an instant of the machine's wall clock. By default, it is the moment of construction.

    Raises:
        ValueError: if ``rate`` is not a positive finite number.
    """

    __slots__ = ("_anchor", "_epoch", "_monotonic", "_rate", "_started")

    def __init__(self, rate: float = 1.0, epoch_ns: Instant | None = None, anchor_ns: Instant | None = None) -> None:
        if not 0.0 < rate < float("inf"):
            raise ValueError(f"a clock's rate must be positive and finite, not {rate!r}")
        self._rate: Final = float(rate)
        self._monotonic: Final = time.monotonic_ns()
        self._started: Final = time.time_ns()
        self._anchor: Final = self._started if anchor_ns is None else anchor_ns
        self._epoch: Final = self._anchor if epoch_ns is None else epoch_ns

    @property
    def rate(self) -> float:
        """How many seconds of this clock pass in one second of the machine."""
        return self._rate

    @property
    def epoch_ns(self) -> Instant:
        """The time that this clock shows at ``anchor_ns``."""
        return self._epoch

    @property
    def anchor_ns(self) -> Instant:
        """The instant of the machine's wall clock at which this clock shows ``epoch_ns``."""
        return self._anchor

    def now(self) -> Instant:
        """Return the present time. This time never goes back."""
        return self._at(self._started + time.monotonic_ns() - self._monotonic)

    def wall(self) -> Instant:
        """Return the present time by the machine's wall clock. The time may jump, because the wall clock can be
        corrected."""
        return self._at(time.time_ns())

    def real_seconds(self, duration: Duration) -> float:
        """Convert a duration of this clock to seconds of the machine."""
        return in_seconds(duration) / self._rate

    def _at(self, machine: Instant) -> Instant:
        elapsed = machine - self._anchor
        return self._epoch + (elapsed if self._rate == 1.0 else round(elapsed * self._rate))


class ManualClock:
    """A clock that stands still until a test or a backtest moves it."""

    __slots__ = ("_now", "_step")

    def __init__(self, start: Instant = 0) -> None:
        self._now = start
        self._step: Duration = 0

    @property
    def rate(self) -> float:
        """Always 1, because a second of this clock counts as a second of the machine."""
        return 1.0

    def now(self) -> Instant:
        """Return the instant to which the latest ``advance`` or ``move_to`` moved the clock."""
        return self._now

    def wall(self) -> Instant:
        """Return the time of the imitated wall clock. It is ``now()`` plus all durations that were passed to
        ``step_wall``."""
        return self._now + self._step

    def real_seconds(self, duration: Duration) -> float:
        """Convert a duration to seconds."""
        return in_seconds(duration)

    def advance(self, duration: Duration) -> Instant:
        """Move the clock forward by a duration, and return the new time.

        Raises:
            ValueError: if the duration is negative.
        """
        if duration < 0:
            raise ValueError("a clock never goes back")
        self._now += duration
        return self._now

    def move_to(self, instant: Instant) -> Instant:
        """Move the clock forward to an instant, and return this instant.

        Raises:
            ValueError: if the instant lies in the past.
        """
        return self.advance(instant - self._now)

    def step_wall(self, duration: Duration) -> None:
        """Move only the wall clock by a duration, forward or back. This imitates a correction of the machine's time."""
        self._step += duration
