"""The clock of a process that talks to the exchange."""

from __future__ import annotations

from mmbot.config.settings import ClockConfig
from mmbot.domain.clock import SystemClock


def clock_for(setting: ClockConfig | None) -> SystemClock:
    """Return the clock of the process. It is the machine's clock, or a faster clock that the daemon shares with a local
    exchange."""
    if setting is None:
        return SystemClock()
    return SystemClock(setting.rate, setting.epoch_ns, setting.anchor_ns)
