"""The clocks: the machine's own, which a local exchange may run faster, and one that tests move by hand.

This is the one place that reads the machine's time; everything else is handed an instant or a ``Clock``.
"""

from __future__ import annotations

import time
from typing import Final

from mmbot.domain.instant import Duration, Instant, in_seconds


class SystemClock:
    """The machine's time, optionally sped up and moved: ``epoch_ns + (machine - anchor_ns) * rate``.

    Two processes that are given the same three numbers agree on the time. With the defaults it is the machine's own.
    ``now`` follows the monotonic clock from a wall reading taken once at construction, so that it never goes back.

    Args:
        rate: how many seconds pass in a second of the machine's.
        epoch_ns: what this clock shows at ``anchor_ns``; the anchor itself by default.
        anchor_ns: an instant of the machine's wall clock; the moment of construction by default.

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
        """How many seconds of this clock pass in a second of the machine's."""
        return self._rate

    @property
    def epoch_ns(self) -> Instant:
        """What this clock shows at the anchor."""
        return self._epoch

    @property
    def anchor_ns(self) -> Instant:
        """The instant of the machine's wall clock at which this one shows its epoch."""
        return self._anchor

    def now(self) -> Instant:
        """The present, by the monotonic clock."""
        return self._at(self._started + time.monotonic_ns() - self._monotonic)

    def wall(self) -> Instant:
        """The present, by the machine's wall clock: it may step."""
        return self._at(time.time_ns())

    def real_seconds(self, duration: Duration) -> float:
        """How many of the machine's seconds this much of the clock's time takes."""
        return in_seconds(duration) / self._rate

    def _at(self, machine: Instant) -> Instant:
        elapsed = machine - self._anchor
        return self._epoch + (elapsed if self._rate == 1.0 else round(elapsed * self._rate))


class ManualClock:
    """A clock that stands still until it is moved. For tests, and for whoever drives time in a loop of his own."""

    __slots__ = ("_now", "_step")

    def __init__(self, start: Instant = 0) -> None:
        self._now = start
        self._step: Duration = 0

    @property
    def rate(self) -> float:
        """Always 1: nothing is slept away against this clock."""
        return 1.0

    def now(self) -> Instant:
        """Where the clock was last moved to."""
        return self._now

    def wall(self) -> Instant:
        """The same, and what ``step_wall`` added."""
        return self._now + self._step

    def real_seconds(self, duration: Duration) -> float:
        """The duration in seconds."""
        return in_seconds(duration)

    def advance(self, duration: Duration) -> Instant:
        """Move on by a duration and return the new present.

        Raises:
            ValueError: if the duration is negative.
        """
        if duration < 0:
            raise ValueError("a clock never goes back")
        self._now += duration
        return self._now

    def move_to(self, instant: Instant) -> Instant:
        """Move on to an instant.

        Raises:
            ValueError: if it lies in the past.
        """
        return self.advance(instant - self._now)

    def step_wall(self, duration: Duration) -> None:
        """Step the wall clock alone, in either direction, as a correction of the machine's time does."""
        self._step += duration
