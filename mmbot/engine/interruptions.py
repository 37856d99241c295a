"""The events by which the shell (the code around the engine) reports an interruption."""

from __future__ import annotations

import msgspec

from mmbot.domain.instant import Duration


class StoodStill(msgspec.Struct, frozen=True, tag=True):
    """The daemon did not run for some time, or a watchdog cancelled everything in place of the daemon. Messages may
    have been missed. A request that was decided before this event may not be sent any more."""

    gap: Duration
    """The time for which the event loop did not run, by the machine's clock. The value is 0 if only a watchdog reported
    the interruption."""


class StrategyOverran(msgspec.Struct, frozen=True, tag=True):
    """The call of a strategy took too long. During this call, a thread of the shell (the code around the engine) began
    to cancel our wagers on the sport event."""

    sport_event: int
    took: Duration
    """The time that the call of the strategy took, by the machine's clock."""


Interruption = StoodStill | StrategyOverran
