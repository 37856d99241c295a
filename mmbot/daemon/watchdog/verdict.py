"""Decides from readings of the heartbeat file whether the daemon stands still. Other modules read the file and the
clock."""

from __future__ import annotations

from enum import Enum
from typing import Final

from mmbot.domain.instant import Duration
from mmbot.store.heartbeat import Heartbeat


class Verdict(Enum):
    """The judgement that a reading of the heartbeat file leads to."""

    IDLE = "idle"
    """The verdict that no run can have open wagers. Either no run has written a beat (sign of life) yet, or no wager
    was open after the newest beat."""
    ALIVE = "alive"
    LATE = "late"
    """The verdict that the daemon's newest beat (sign of life) is older than half of the time after which the watchdog
    acts."""
    SILENT = "silent"
    """The verdict that the daemon's newest beat (sign of life) is older than the time after which the watchdog acts."""


class Judge:
    """Judges readings of the heartbeat file, one after the other.

    Args:
        silence: the longest age of the daemon's newest sign of life before the watchdog acts.
        boot: the id of the machine's present boot.
    """

    def __init__(self, silence: Duration, boot: bytes) -> None:
        self._silence: Final = silence
        self._boot: Final = boot
        self._last: Heartbeat | None = None
        self._changed_at = 0
        self._doubted = False
        self._cleared: tuple[bytes, str, int] | None = None

    def judge(self, heartbeat: Heartbeat | None, now: int) -> Verdict:
        """Judge a reading of the heartbeat file.

        Args:
            heartbeat: the content of the file. None if the file does not exist. If the file existed before, the
                previous reading still counts.
            now: the nanoseconds since the boot. This time has to be taken before the file is read. A daemon that writes
                to the file later notices by itself that it is too late.
        """
        if heartbeat is None:
            heartbeat = self._last
        if heartbeat is None:
            return Verdict.IDLE
        if self._last is None or _beat(heartbeat) != _beat(self._last):
            self._changed_at = now
            self._doubted = False
        self._last = heartbeat
        if not heartbeat.needs_clearing or _beat(heartbeat) == self._cleared:
            return Verdict.IDLE
        # A beat from before a reboot, or from the future, has no age. Then it counts how long it has not changed.
        since = heartbeat.beat if heartbeat.boot == self._boot and heartbeat.beat <= now else self._changed_at
        silent = now - since
        if silent <= self._silence:
            self._doubted = False
            return Verdict.LATE if silent > self._silence // 2 else Verdict.ALIVE
        if not self._doubted:  # the file may have been read in the middle of a write: look again
            self._doubted = True
            return Verdict.LATE
        return Verdict.SILENT

    def silent_for(self, now: int) -> Duration:
        """Return the age of the daemon's newest beat (sign of life). If the age is not known, return the time since the
        heartbeat file was last seen to change. The result is 0 if there was no beat yet."""
        last = self._last
        if last is None:
            return 0
        return now - (last.beat if last.boot == self._boot and last.beat <= now else self._changed_at)

    def clear(self, heartbeat: Heartbeat) -> None:
        """Record that no wager of ours was open after the daemon's sign of life in this reading of the heartbeat
        file."""
        self._cleared = _beat(heartbeat)


def _beat(heartbeat: Heartbeat) -> tuple[bytes, str, int]:
    return heartbeat.boot, heartbeat.run_id, heartbeat.beat
