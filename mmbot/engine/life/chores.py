"""Two tasks of the engine. ``CancelOneByOne`` selects the wagers to cancel on a shared account, where ``cancel_all`` is
not allowed. ``EverySecond`` makes checks once a second."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import NEVER, SECOND, Instant
from mmbot.engine.account.profit import Profit
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.life.sport_events_over import Forgetting
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step


class CancelOneByOne:
    """Cancels our wagers one by one, on an account that others use, too. This is done in the step CANCEL of the order
    of life (the steps from start to quoting)."""

    def __init__(self, shared: Shared, life: OrderOfLife, cancelling: Cancelling) -> None:
        self._shared: Final = shared
        self._life: Final = life
        self._cancelling: Final = cancelling

    def due_at(self, now: Instant) -> Instant:
        """Return ``NEVER``, because only events make these cancels due."""
        return NEVER

    def do_due(self, now: Instant) -> None:
        """Request the cancel of each of our wagers. The line of a wager need not be listed or known."""
        if self._life.step is Step.CANCEL and not self._shared.settings.exclusive:
            for wager in self._shared.ledger.all_live():
                if not wager.foreign:
                    self._cancelling.want(wager)


class EverySecond:
    """Checks the loss of the day, the quotes that limits have cut, and the sport events that are over. The checks are
    made at most once a second, at instants that are whole seconds apart, and only if one of them has something to
    do."""

    def __init__(
        self, life: OrderOfLife, profit: Profit, quoting: Quoting, forgetting: Forgetting, now: Instant
    ) -> None:
        self._life: Final = life
        self._profit: Final = profit
        self._quoting: Final = quoting
        self._forgetting: Final = forgetting
        self._at: Instant = now
        """The next instant at which the periodic checks may be made."""
        self._due: Instant = now
        """The instant of the next periodic checks, as ``due_at`` returned it most recently."""
        self._was_ready = False

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the checks are to be made next. If only an event can make the checks due, the
        result is ``NEVER``."""
        ready = self._life.step is Step.READY
        wanted = now if self._quoting.cut_is_due else self._profit.due_at(now, ready)
        if ready:
            wanted = min(wanted, self._forgetting.due_at)
        self._due = NEVER if wanted >= NEVER else self.first_from(wanted)
        return self._due

    def first_from(self, at: Instant) -> Instant:
        """Return the earliest instant, ``at`` or later, at which the checks may be made."""
        return self._at if at <= self._at else at + (self._at - at) % SECOND

    def do_due(self, now: Instant) -> None:
        """Make the checks if they are due. Also make the checks when quoting starts, because the engine must know a
        loss from earlier today before the first quote."""
        ready = self._life.step is Step.READY
        starts = ready and not self._was_ready
        self._was_ready = ready
        if now < self._at and not starts:
            return
        late = (now - self._at) % SECOND
        if late and now < self._due and not starts:
            self._at = now - late + SECOND
            return
        self._at = now + SECOND
        self._profit.look(now, ready)
        self._quoting.look_at_cut()
        if ready:
            self._forgetting.look(now)
