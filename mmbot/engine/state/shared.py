"""What the parts of the engine share: settings in the core's units, the state of the market, and the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.config import Config
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Duration, Instant, in_seconds
from mmbot.domain.odds import Ladder
from mmbot.engine.books.books import Books
from mmbot.engine.books.catalogue import Catalogue
from mmbot.engine.books.coverage import Coverage
from mmbot.engine.orders import Alert, Order, Seed, Severity
from mmbot.engine.owners import InFlight, Owner
from mmbot.engine.requests import Request
from mmbot.engine.risk.exposure import Exposure
from mmbot.engine.risk.guards import ACCOUNT, Guards, shown
from mmbot.engine.state.exchange_clock import ExchangeClock
from mmbot.engine.state.settings import settle
from mmbot.engine.timing.limiter import Limiter, Pacer
from mmbot.engine.timing.timers import Timers
from mmbot.engine.wagers.ledger import Ledger, Wager
from mmbot.strategy.interface import Strategy, depth_of


class Shared:
    """The engine's state that more than one of its parts works on. The engine alone writes it."""

    def __init__(self, config: Config, seed: Seed, strategies: Sequence[Strategy]) -> None:
        self.config: Final = config
        self.settings: Final = settle(config)
        self.strategies: Final = tuple(strategies)
        self.depths: Final = tuple([depth_of(strategy) for strategy in strategies])
        """How many levels of each side each of them is shown."""
        self.run_id: Final = seed.run_id
        self.next_sequence = seed.next_sequence
        self.end_sequence = seed.end_sequence
        self.catalogue: Final = Catalogue()
        self.coverage: Final = Coverage(self.settings.feed_silence)
        self.books: Final = Books(self.coverage)
        self.ledger: Final = Ledger(config.exchange.commission, seed.runs, seed.since)
        self.exposure: Final = Exposure(config.limits)
        self.guards: Final = Guards()
        self.timers: Final = Timers()
        self.limiter: Final = Limiter(config.exchange.requests_per_second, config.exchange.cancel_reserve)
        self.pacer: Final = Pacer()
        self.ladder: Ladder | None = None
        self.clock: Final = ExchangeClock(self._tell_clock_behind, self._doubt_clock)
        self.last_placement_at: Instant = 0
        """When the latest placement was handed out."""
        self.dirty_events: dict[int, None] = {}
        """Events to be looked at before anything is placed."""
        self.hedging: dict[LineKey, None] = {}
        """Lines on which a hedge is in flight or waits for own wagers to be gone: nothing else is to rest there."""
        self.cut: dict[LineKey, int] = {}
        """Lines on which less is wanted than the strategy asked for, since limits leave no room; and ``moves`` then."""
        self.moves = 0
        """How often a position moved."""
        self.lookups: dict[str, str] = {}
        """Wagers to be asked for by id: wager id to why."""
        self.details: dict[str, None] = {}
        """Wagers whose matches are to be read for their odds."""
        self.in_flight: Final[dict[int, InFlight]] = {}
        """Every request that has no answer yet, by its id."""
        self.sent_requests = 0
        self._orders: list[Order] = []
        self._unsaved: dict[str, Wager] = {}
        self._request_id = 0

    def request_id(self) -> int:
        """A new number for a request."""
        self._request_id += 1
        return self._request_id

    def send(self, owner: Owner, request: Request, now: Instant) -> None:
        """Note a request that is handed out: its answer goes to ``owner``."""
        self.in_flight[request.id] = InFlight(owner, request, now)
        self.sent_requests += 1

    def waits_for_answer(self, owner: Owner) -> bool:
        """Whether a request of this owner has no answer yet."""
        return any(sent.owner is owner for sent in self.in_flight.values())

    def order(self, order: Order) -> None:
        """Put an order to the shell in the outbox."""
        self._orders.append(order)

    def save(self, wager: Wager) -> None:
        """Have the journal keep a wager as it stands when the outbox is emptied: nothing of that is on the way to a
        request."""
        self._unsaved[wager.external_id] = wager

    def alert(self, level: Severity, name: str, **fields: str | int | float | bool | None) -> None:
        """Put something to log in the outbox."""
        self._orders.append(Alert(level, name, fields))

    def take_orders(self) -> list[Order]:
        """Empty the outbox."""
        taken, self._orders = self._orders, []
        if self._unsaved:
            taken += [self.ledger.saved(wager) for wager in self._unsaved.values()]
            self._unsaved.clear()
        return taken

    def hold(self, guard: str, scope: str | int | LineKey, reason: str | None, now: Instant) -> bool:
        """Set or clear a guard; what it covers is looked at again and the change is logged."""
        changed = self.guards.set(guard, scope, reason, now)
        if changed:
            self.touch_scope(scope)
            level = (
                Severity.INFO if reason is None or guard in ("start", "live", "starting", "stop") else Severity.WARNING
            )
            self._tell(level, guard, scope, reason)
        return changed

    def judge(self, guard: str, scope: int | LineKey, reason: str | None, now: Instant) -> None:
        """Set or clear a guard of what is being looked at: nothing has to be looked at again because of it."""
        if self.guards.set(guard, scope, reason, now):
            self._tell(Severity.INFO, guard, scope, reason)

    def _tell(self, level: Severity, guard: str, scope: str | int | LineKey, reason: str | None) -> None:
        name = "guard.lifted" if reason is None else "guard.held"
        self.alert(level, name, guard=guard, scope=shown(scope), reason=reason)

    def touch_scope(self, scope: str | int | LineKey) -> None:
        """Look again at every event in a scope."""
        if isinstance(scope, LineKey):
            self.dirty_events[scope.event] = None
        elif isinstance(scope, int):
            self.dirty_events[scope] = None
        elif scope == ACCOUNT:
            for event in self.catalogue.markets:
                self.dirty_events[event] = None

    def _tell_clock_behind(self, ahead: Duration) -> None:
        self.alert(Severity.WARNING, "clock.behind", seconds=round(in_seconds(ahead), 3))

    def _doubt_clock(self, ahead: Duration | None, now: Instant) -> None:
        """Hold the guard ``clock`` while the exchange's clock is too far ahead of ours to be right."""
        if ahead is not None:
            minutes = round(in_seconds(ahead) / 60)
            self.hold("clock", ACCOUNT, f"the exchange's is {minutes} minutes ahead of this machine's", now)
        elif self.guards.holds("clock", ACCOUNT):
            self.hold("clock", ACCOUNT, None, now)

    def on_clock(self, scheduled: Instant) -> Instant:
        """An instant of a schedule on the engine's clock."""
        return scheduled - self.clock.wall_offset
