"""Builds and connects the parts of the engine. The parts are listed in the order in which the engine asks them for
work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mmbot.config import Config
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.engine.account.balance import Balance
from mmbot.engine.account.profit import Profit
from mmbot.engine.audit.audit import Audit
from mmbot.engine.audit.money import MoneyCheck
from mmbot.engine.audit.payments import Payments
from mmbot.engine.audit.settlements import MissingResults
from mmbot.engine.audit.sweep import Sweep
from mmbot.engine.audit.transactions import TransactionReader
from mmbot.engine.effects import Effects
from mmbot.engine.feed import Feed
from mmbot.engine.fill_status import StatusWriter
from mmbot.engine.followers.breakers import BREAKERS, Breaker
from mmbot.engine.followers.match_counts import MatchCounts
from mmbot.engine.life.chores import CancelOneByOne, EverySecond
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.life.sport_events_over import Forgetting
from mmbot.engine.life.unanswered import Unanswered
from mmbot.engine.operator_events import OperatorEvents
from mmbot.engine.orders import Seed
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.matching_details import MatchingDetails
from mmbot.engine.reading.tournament_lookups import TournamentLookups
from mmbot.engine.reading.unknown_placements import UnknownPlacements
from mmbot.engine.reading.wager_lookups import WagerLookups
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.external_ids import ExternalIds
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.due import Asker, Chore, Part
from mmbot.engine.timing.timers import Due
from mmbot.strategy.interface import Strategy

Breakers = Sequence[Callable[[Shared], Breaker]]
"""A list of functions or classes that make circuit breakers (they stop quoting when something looks wrong). Each is
called with ``Shared``, the state that all parts of the engine share."""


class Parts:
    """The parts of one engine."""

    def __init__(
        self, config: Config, seed: Seed, strategies: Sequence[Strategy], now: Instant, breakers: Breakers
    ) -> None:
        # long: it makes each part, in the order in which they need each other.
        self.shared: Final = Shared(config, seed, strategies)
        shared = self.shared
        self.effects: Final = Effects(shared)
        effects = self.effects
        self.profit: Final = Profit(shared, seed.day)
        self.given: Final = GivenPrices(shared)
        self.quoting: Final = Quoting(shared, self.profit, self.given)
        self.cancelling: Final = Cancelling(shared, effects, self.quoting)
        self.board: Final = BoardReader(shared, effects, self.quoting)
        self.unknown: Final = UnknownPlacements(shared, effects)
        self.life: Final = OrderOfLife(shared, effects, self.board, seed.since, seed.known_to, now)
        self.balance: Final = Balance(shared, effects, now)
        self.audit: Final = Audit(shared, effects, self.life, seed.compared_to, now)
        self.sweep: Final = Sweep(shared, effects, self.life, self.audit)
        self.missing_results: Final = MissingResults(shared, effects, self.audit)
        self.money: Final = MoneyCheck(shared, self.audit, self.life)
        self.payments: Final = Payments(shared, effects)
        told = (self.money, self.payments)
        self.transactions: Final = TransactionReader(shared, self.life, told, seed.since or now, now)
        self.ids: Final = ExternalIds(seed, shared.outbox, shared.ledger.used)
        self.placing: Final = Placing(
            shared, effects, self.life, self.quoting, self.cancelling, self.balance, self.board, self.ids
        )
        self.hedging: Final = Hedging(shared, self.quoting, self.placing, self.cancelling, self.given, self.ids)
        self.counts: Final = MatchCounts(shared.catalogue, now)
        self.forgetting: Final = Forgetting(
            shared, self.quoting, self.given, self.placing, self.hedging, self.profit, self.counts
        )
        self._connect((*BREAKERS, *breakers))
        self.feed: Final = Feed(shared, effects, self.quoting, self.hedging, self.board, self.life)
        self.operator: Final = OperatorEvents(shared, self.life, self.quoting, self.given, self.ids, self.cancelling)
        self.status: Final = self._status_writer()
        self.askers: Final[tuple[Asker, ...]] = (
            WagerLookups(shared, effects, self.life, self.feed),
            self.unknown,
            self.life,
            self.board,
            MatchingDetails(shared, effects),
            self.balance,
        )
        """The parts of the engine that read from the exchange, in the sequence in which the engine asks them for a
        request."""
        self.every_second: Final = EverySecond(self.life, self.profit, self.quoting, self.forgetting, now)
        self.background: Final[tuple[Asker, ...]] = (
            TournamentLookups(shared, effects, self.board),
            self.audit,
            self.transactions,
            self.sweep,
            Unanswered(shared),
        )
        """The parts of the engine that a new book never gives anything to do."""
        self.chores: Final[tuple[Chore, ...]] = (
            self.feed,
            shared.timers,
            CancelOneByOne(shared, self.life, self.cancelling),
            self.life,
            self.every_second,
        )
        """The parts of the engine that act at a set time, in the sequence in which they act."""
        self._register_timers()

    def _connect(self, breakers: Breakers) -> None:
        self.balance.on_read = self.money.read
        self.money.on_doubt = self.payments.on_result = self.transactions.read_soon
        self.effects.connect(
            self.quoting,
            self.placing,
            self.cancelling,
            self.hedging,
            self.balance,
            self.profit,
            self.board,
            self.unknown,
            self.counts,
            (self.audit, self.money, self.payments, self.missing_results),
            breakers,
        )

    def _status_writer(self) -> StatusWriter:
        return StatusWriter(
            self.shared,
            self.life,
            self.quoting,
            self.profit,
            self.balance,
            self.placing,
            self.cancelling,
            self.hedging,
            self.counts,
            self.effects.unread,
            self.audit,
        )

    def _register_timers(self) -> None:
        self.shared.timers.register(
            {
                Due.SPORT_EVENT: self.quoting.timer,
                Due.LINE: self._line_due,
                Due.HEDGE: self.hedging.pause_over,
                Due.HEDGE_END: self.hedging.overdue,
                Due.SETTLING: self.missing_results.overdue,
                Due.SUSPECT: self.board.judge,
                Due.MISSED: self.board.reread,
                Due.MOVED: self.board.reread_moved,
                Due.CANCEL: self.cancelling.again,
                Due.STRATEGY: self.operator.minute_over,
                **self.effects.timers(),
            }
        )

    def _line_due(self, line: LineKey, now: Instant) -> None:
        """Request a new decision on the quotes of a line, because the timer of the line is due. The timer is set for
        the end of a pause, and for the instant at which the line's book or the user's price becomes too old."""
        self.placing.pause_over(line, now)
        self.quoting.line_due(line)
        self.hedging.check = True

    def clocked(self) -> tuple[Part, ...]:
        """Return every part in ``chores`` or ``askers``, except the timers. A part that is in both is returned once."""
        chores: tuple[Part, ...] = self.chores
        askers: tuple[Part, ...] = self.askers
        parts = dict.fromkeys(chores + askers)
        del parts[self.shared.timers]
        return tuple(parts)
