"""The events by which the shell (the code around the engine) says that it stood still. ``events.py`` lists them with
all other events."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import Duration


class StoodStill(msgspec.Struct, frozen=True, tag=True):
    """The process was stopped, or its event loop hung, or a watchdog cancelled everything in place of the daemon.
    Messages may have been missed. A request that was decided before this event may not be sent any more."""

    gap: Duration
    """The time for which the event loop did not run, by the machine's clock. The value is 0 if only a watchdog says
    that the shell (the code around the engine) stood still."""


class StrategyOverran(msgspec.Struct, frozen=True, tag=True):
    """A strategy took too long. Meanwhile, a thread of the shell (the code around the engine) began to cancel our
    wagers on the sport event."""

    sport_event: int
    took: Duration
    """The time that the call of the strategy took, by the machine's clock."""


Interruption = StoodStill | StrategyOverran
