"""The state that several parts of the engine use: the market, the wagers, the limits and the requests in flight."""

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
from mmbot.engine.orders import Seed, Severity
from mmbot.engine.owners import InFlight, Owner
from mmbot.engine.requests import Request
from mmbot.engine.risk.exposure import Exposure
from mmbot.engine.risk.guards import ACCOUNT, Guards, shown
from mmbot.engine.state.exchange_clock import ExchangeClock
from mmbot.engine.state.outbox import Outbox
from mmbot.engine.state.settings import Settings
from mmbot.engine.timing.limiter import Limiter, Pacer
from mmbot.engine.timing.timers import Timers
from mmbot.engine.wagers.ledger import Ledger
from mmbot.strategy.interface import Strategy, depth_of

ROUTINE: Final = ("start", "live", "starting", "stop")
"""The guards (reasons not to quote) that begin to hold on every normal day. The log entry for the beginning of such a
guard has the level information, not warning."""

MONEY_LOST: Final = ("daily_loss",)
"""The guards (reasons not to quote) that begin to hold because money was lost. The log entry for the beginning of such
a guard has the level error."""


class Shared:
    """The state that several parts of the engine read and write. Nothing outside the engine changes this state."""

    def __init__(self, config: Config, seed: Seed, strategies: Sequence[Strategy]) -> None:
        self.config: Final = config
        self.settings: Final = Settings(config)
        self.strategies: Final = tuple(strategies)
        self.depths: Final = tuple([depth_of(strategy) for strategy in strategies])
        """The number of levels that each strategy sees on each side of a book. The value is None for a strategy that
        sees all levels."""
        self.catalogue: Final = Catalogue()
        self.coverage: Final = Coverage(self.settings.feed_silence)
        self.books: Final = Books(self.coverage)
        self.ledger: Final = Ledger(config.exchange.commission, seed.runs, seed.since)
        self.catalogue.line_ids.staked = self.ledger.has_stake
        self.run_id: Final = seed.run_id
        self.started_at: Instant = 0
        """The instant at which the engine started."""
        self.outbox: Final = Outbox(self.ledger)
        self.exposure: Final = Exposure(config.limits, self.catalogue.tournament_of)
        self.guards: Final = Guards()
        self.timers: Final = Timers()
        self.limiter: Final = Limiter(config.exchange.requests_per_second, config.exchange.cancel_reserve)
        self.pacer: Final = Pacer()
        self.ladder: Ladder | None = None
        self.clock: Final = ExchangeClock(self._warn_clock_behind, self._doubt_clock, self._starts_moved)
        self.last_placement_at: Instant = 0
        """The instant at which the latest placement was handed out for sending."""
        self.dirty_sport_events: dict[int, None] = {}
        """The sport events whose quotes the engine must decide again before it places anything."""
        self.stale_sport_events: Final[dict[int, None]] = {}
        """The sport events whose lines have to be assigned to the quoting rules again. The guards (reasons not to
        quote) of these sport events have to be judged again."""
        self.hedging: dict[LineKey, None] = {}
        """The lines with a hedge in flight, or with a hedge that waits until our own wagers are cancelled. No quote may
        be open on such a line."""
        self.cut: dict[LineKey, int] = {}
        """The lines on which the limits allow less than the strategy asked for. For each line, the value is ``moves``
        (the number of position changes so far) when the limits cut its quotes."""
        self.moves = 0
        """The number of times that a position changed or a placement was handed out for sending."""
        self.lookups: dict[str, str] = {}
        """The wagers that have to be looked up (read by their id), by ``wager_id``, each with the reason."""
        self.details: dict[str, None] = {}
        """The ``wager_id`` of each wager whose matches must be read, because the odds of a match are not known."""
        self.out_of_reach: dict[str, None] = {}
        """The ``external_id`` of each placement of unknown outcome that is too old to be found in the history."""
        self.latch_unstored: str | None = None
        """The reason why the kill switch is on but not saved on disk. None if the switch is off, or saved on disk."""
        self.in_flight: Final[dict[int, InFlight]] = {}
        """The requests that have no answer yet, by the id of the request."""
        self.sent_requests = 0
        self._request_id = 0

    def request_id(self) -> int:
        """Return the id of the next request."""
        self._request_id += 1
        return self._request_id

    def send(self, owner: Owner, request: Request, now: Instant) -> None:
        """Record a request that is handed out for sending. The answer goes to ``owner``, the part of the engine that
        made the request."""
        self.in_flight[request.id] = InFlight(owner, request, now)
        self.sent_requests += 1

    def waits_for_answer(self, owner: Owner) -> bool:
        """Return True if a request of ``owner`` (a part of the engine) has no answer yet."""
        return any(sent.owner is owner for sent in self.in_flight.values())

    def hold(self, guard: str, scope: str | int | LineKey, reason: str | None, now: Instant) -> bool:
        """If ``reason`` is given, make a guard (a reason not to quote) hold. If ``reason`` is None, lift the guard.

        If the guard began or ceased to hold, log this, and request a new decision on the quotes of every sport event in
        the scope (account, sport event or line).

        Returns:
            True if the guard began or ceased to hold.
        """
        changed = self.guards.set(guard, scope, reason, now)
        if changed:
            self.touch_scope(scope)
            severity = Severity.ERROR if guard in MONEY_LOST else Severity.WARNING
            self._log_guard(Severity.INFO if reason is None or guard in ROUTINE else severity, guard, scope, reason)
        return changed

    def judge(self, guard: str, scope: int | LineKey, reason: str | None, now: Instant) -> None:
        """Hold or lift a guard (a reason not to quote) of a line or sport event while its quotes are being decided.
        Unlike ``hold``, this method does not lead to another decision."""
        if self.guards.set(guard, scope, reason, now):
            self._log_guard(Severity.INFO, guard, scope, reason)

    def _log_guard(self, severity: Severity, guard: str, scope: str | int | LineKey, reason: str | None) -> None:
        name = "guard.lifted" if reason is None else "guard.held"
        self.outbox.alert(severity, name, guard=guard, scope=shown(scope), reason=reason)

    def touch_scope(self, scope: str | int | LineKey) -> None:
        """Request a new decision on the quotes of every sport event in a scope (the account, a sport event or a
        line)."""
        if isinstance(scope, LineKey):
            self.dirty_sport_events[scope.sport_event] = None
        elif isinstance(scope, int):
            self.dirty_sport_events[scope] = None
        elif scope == ACCOUNT:
            for sport_event in self.catalogue.markets:
                self.dirty_sport_events[sport_event] = None

    def note_endless(self, why: str) -> None:
        """Log that the pages of a read do not end, so that the read proves nothing."""
        self.outbox.alert(Severity.ERROR, "history.endless", why=why)

    def _warn_clock_behind(self, ahead: Duration) -> None:
        self.outbox.alert(Severity.WARNING, "clock.behind", seconds=round(in_seconds(ahead), 3))

    def _doubt_clock(self, ahead: Duration | None, now: Instant) -> None:
        """Stop quoting with the guard ``clock`` while the exchange's clock is too far ahead of our clock. One of the
        two clocks must then be wrong."""
        if ahead is not None:
            minutes = round(in_seconds(ahead) / 60)
            self.hold("clock", ACCOUNT, f"the exchange's clock is {minutes} minutes ahead of this machine's", now)
        elif self.guards.holds("clock", ACCOUNT):
            self.hold("clock", ACCOUNT, None, now)

    def _starts_moved(self) -> None:
        """Request a new decision on the quotes of every sport event, because sport events start earlier or later than
        mmbot thought."""
        for sport_event in self.catalogue.markets:
            self.stale_sport_events[sport_event] = None
            self.dirty_sport_events[sport_event] = None

    def on_clock(self, scheduled: Instant) -> Instant:
        """Convert the scheduled start of a sport event into an instant of the engine's clock. If the exchange's clock
        and the wall clock differ, the earlier instant counts."""
        return scheduled - self.clock.wall_offset - self.clock.starts_earlier
