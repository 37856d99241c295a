"""Chores of the order of life: cancels one by one where ``cancel_all`` is not allowed, and judgements every second."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import SECOND, Instant
from mmbot.engine.account.profit import Profit
from mmbot.engine.life.events_over import Forgetting
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step
from mmbot.engine.timing.timers import NEVER


class CancelOneByOne:
    """Cancels our wagers one by one while life cancels everything on an account that others use too."""

    def __init__(self, shared: Shared, life: OrderOfLife, cancelling: Cancelling) -> None:
        self._shared: Final = shared
        self._life: Final = life
        self._cancelling: Final = cancelling

    def due_at(self, now: Instant) -> Instant:
        """Return ``NEVER``: cancels start with an event, not with the clock."""
        return NEVER

    def do_due(self, now: Instant) -> None:
        """Ask for a cancel of each of our wagers, even if its line is off the board or not read yet."""
        if self._life.step is Step.CANCEL and not self._shared.settings.exclusive:
            for wager in self._shared.ledger.all_live():
                if not wager.foreign:
                    self._cancelling.want(wager)


class EverySecond:
    """Once a second: judges the loss of the day, quotes that limits cut, and which sport events are over."""

    def __init__(
        self, life: OrderOfLife, profit: Profit, quoting: Quoting, forgetting: Forgetting, now: Instant
    ) -> None:
        self._life: Final = life
        self._profit: Final = profit
        self._quoting: Final = quoting
        self._forgetting: Final = forgetting
        self._at: Instant = now
        self._was_ready = False

    def due_at(self, now: Instant) -> Instant:
        """Return when the next judgement is due: a second after the last one."""
        return self._at

    def do_due(self, now: Instant) -> None:
        """Judge if a second has passed, or if quoting may start now: a loss of earlier today counts from the first
        quote."""
        ready = self._life.step is Step.READY
        starts = ready and not self._was_ready
        self._was_ready = ready
        if now < self._at and not starts:
            return
        self._at = now + SECOND
        self._profit.look(now, ready)
        self._quoting.look_at_cut()
        if ready:
            self._forgetting.look(now)
