"""Takes the operator's commands (stop, kill, resume) and the user's own prices. Also takes jumps of the wall clock, and
reports of the shell (the code around the engine) about files that it wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mmbot.domain.instant import MINUTE, Instant, in_seconds
from mmbot.engine import events as e
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import ReleaseLatch, Severity, WriteLatch
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.risk.guards import ACCOUNT, shown
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.external_ids import ExternalIds
from mmbot.engine.state.shared import Shared
from mmbot.engine.step import Step
from mmbot.engine.timing.timers import Due


class OperatorEvents:
    """The handlers of commands of the operator, prices of the user, and reports of the shell (the code around the
    engine)."""

    def __init__(
        self,
        shared: Shared,
        life: OrderOfLife,
        quoting: Quoting,
        given: GivenPrices,
        ids: ExternalIds,
        cancelling: Cancelling,
    ) -> None:
        self._shared: Final = shared
        self._life: Final = life
        self._quoting: Final = quoting
        self._given: Final = given
        self._ids: Final = ids
        self._cancelling: Final = cancelling

    def handlers(self) -> Mapping[type, Callable[..., None]]:
        """Return the handler of each type of event."""
        return {
            e.StopRequested: self._on_stop,
            e.KillRequested: self._on_kill,
            e.ResumeRequested: self._on_resume,
            e.LatchWritten: self._on_latch_written,
            e.StrategyOverran: self._on_strategy_overran,
            e.WallStepped: self._on_wall_stepped,
            e.PriceGiven: self._on_price,
            e.BlockReserved: self._on_block,
            e.JournalState: self._on_journal,
        }

    def _on_stop(self, order: e.StopRequested, now: Instant) -> None:
        self._life.stop(order.hurry, now)

    def _on_kill(self, order: e.KillRequested, now: Instant) -> None:
        """Set the kill latch (the stored state of the kill switch), and cancel everything. If an earlier kill has set
        the latch already, the latch keeps the reason of the earlier kill."""
        shared = self._shared
        reason = shared.guards.reason("latch", ACCOUNT) or order.reason
        shared.hold("latch", ACCOUNT, reason, now)
        self._life.kill(now)
        shared.latch_unstored = "it is still being written"
        shared.outbox.order(WriteLatch(reason, now))
        shared.outbox.alert(Severity.WARNING, "latch.set", reason=order.reason)  # a person did it: no fault

    def _on_resume(self, order: e.ResumeRequested, now: Instant) -> None:
        """Release the kill latch (the stored state of the kill switch). If it is not proved yet that no wager is open,
        reject the command."""
        shared = self._shared
        if not shared.guards.holds("latch", ACCOUNT):
            return
        if self._life.step in (Step.CANCEL, Step.PROVE):
            reason = "the account is not proved clear yet"
            shared.outbox.alert(Severity.WARNING, "latch.resume_rejected", reason=reason)
            return
        shared.hold("latch", ACCOUNT, None, now)
        shared.latch_unstored = None
        shared.outbox.order(ReleaseLatch())
        shared.outbox.alert(Severity.WARNING, "latch.released")

    def _on_latch_written(self, event: e.LatchWritten, now: Instant) -> None:
        shared = self._shared
        if not shared.guards.holds("latch", ACCOUNT):  # it was released meanwhile
            return
        shared.latch_unstored = event.error
        if event.error is not None:
            shared.outbox.alert(Severity.ERROR, "latch.not_written", error=event.error)
        elif event.reason is not None:
            shared.hold("latch", ACCOUNT, event.reason, now)

    def _on_strategy_overran(self, event: e.StrategyOverran, now: Instant) -> None:
        """Stop quoting a sport event for a minute, because its strategy took too long. The shell (the code around the
        engine) may have cancelled the wagers on this sport event already."""
        shared, sport_event = self._shared, event.sport_event
        seconds = round(in_seconds(event.took), 3)
        shared.hold("strategy_slow", sport_event, f"the strategy took {seconds:g} s", now)
        shared.outbox.alert(Severity.ERROR, "strategy.slow", sport_event=sport_event, seconds=seconds)
        shared.timers.set(Due.STRATEGY, sport_event, now + MINUTE)
        self._cancelling.cancelled_elsewhere(sport_event, now)

    def minute_over(self, sport_event: int, now: Instant) -> None:
        """Let a sport event be quoted again, one minute after its strategy took too long."""
        self._shared.hold("strategy_slow", sport_event, None, now)

    def _on_wall_stepped(self, event: e.WallStepped, now: Instant) -> None:
        """Take the new offset of the wall clock. Request a new decision on the quotes of every sport event, because the
        start of a sport event may be nearer by the new time."""
        shared = self._shared
        shared.clock.stepped(event.offset, now)
        shared.outbox.alert(Severity.WARNING, "clock.stepped", offset_s=in_seconds(event.offset))
        for sport_event_id in shared.catalogue.markets:
            self._quoting.forget(sport_event_id)

    def _on_price(self, event: e.PriceGiven, now: Instant) -> None:
        """Take a price of the user. If the exchange does not list the line of the price yet, keep the price until the
        line is listed."""
        shared = self._shared
        if not 0.0 < event.probability < 1.0:
            shared.outbox.alert(Severity.WARNING, "price.impossible", line_id=event.line_id)
            return
        doubt = self._given.doubt(event.line_id, event.given_at, now)
        if doubt == "unknown_line":
            shared.outbox.alert(Severity.WARNING, "price.unknown_line", line_id=event.line_id)
            self._given.take_early(event.line_id, event.probability, event.given_at)
            return
        place = shared.catalogue.resolve(event.line_id)
        if place is None:
            shared.outbox.alert(Severity.WARNING, "price.not_two_outcomes", line_id=event.line_id)
            return
        line, side = place
        if doubt == "too_old":
            age = round(in_seconds(now - event.given_at), 1)
            shared.outbox.alert(Severity.WARNING, "price.too_old", line_id=event.line_id, line=shown(line), age_s=age)
        self._quoting.price_given(line, side, event.probability, event.given_at, now)

    def _on_journal(self, event: e.JournalState, now: Instant) -> None:
        """Stop quoting while the journal cannot be written, because a crash would lose all wagers and results of this
        time. Let quoting go on when the journal can be written again."""
        self._shared.hold("journal", ACCOUNT, event.trouble, now)

    def _on_block(self, event: e.BlockReserved, now: Instant) -> None:
        self._ids.reserved(event.end)
