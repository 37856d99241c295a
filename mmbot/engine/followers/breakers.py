"""Circuit breakers: classes that stop quoting when the changes of wagers look wrong.

A breaker receives every change of a wager, and holds or lifts one guard (a reason not to quote). To add a breaker, put
its class into ``BREAKERS``. docs/architecture.md shows a complete example.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from mmbot.domain.instant import MINUTE, Instant
from mmbot.engine.risk.guards import ACCOUNT, GUARDS, Guard
from mmbot.engine.sending.external_ids import run_of
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind

OTHER_MMBOT_QUIET: Final = 10 * MINUTE
"""Quoting stops when another mmbot places a wager on the account. Quoting goes on after this time without a further
wager of another mmbot."""


class Breaker(Protocol):
    """A class that receives every change of a wager. It holds or lifts one guard (a reason not to quote)."""

    @property
    def guard(self) -> Guard:
        """The guard (a reason not to quote) that the breaker holds and lifts. The breaker's timer (of the kind
        ``Due.BREAKER``) has the same name as the guard."""

    def changed(self, change: Change, now: Instant) -> None:
        """Act on one change. If the change looks wrong, stop quoting with the guard, and set the timer that lifts the
        guard."""

    def due(self, now: Instant) -> None:
        """Do what the breaker set its timer for: let quoting go on, or set the timer again."""


class MatchesAMinute:
    """Stops quoting when more than ``guards.matches_a_minute`` matches come within a minute."""

    guard: Final = next(guard for guard in GUARDS if guard.name == "matches_a_minute")

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._recent: Final[deque[Instant]] = deque()

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is a match, count it."""
        if change.kind is Kind.MATCHED:
            self._recent.append(now)
            self.due(now)

    def due(self, now: Instant) -> None:
        """Count the matches of the past minute. Stop quoting if there were too many. Otherwise let quoting go on. Set a
        timer for the instant at which the oldest of these matches is a minute old."""
        shared, recent = self._shared, self._recent
        while recent and recent[0] + MINUTE <= now:
            recent.popleft()
        if recent:
            shared.timers.set(Due.BREAKER, self.guard.name, recent[0] + MINUTE)
        many = len(recent) > shared.settings.matches_a_minute
        if many or shared.guards.holds(self.guard.name, ACCOUNT):
            reason = f"{len(recent)} matches in the last minute" if recent else None
            shared.hold(self.guard.name, ACCOUNT, reason, now)


class AnotherDaemon:
    """Stops quoting when another mmbot places wagers on the account. Such a wager has an ``external_id`` of mmbot's
    form, is not of this run, and was placed after this run started. On a shared account, other daemons are allowed."""

    guard: Final = next(guard for guard in GUARDS if guard.name == "another_daemon")

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared

    def changed(self, change: Change, now: Instant) -> None:
        """Look at a wager that this run did not place."""
        if change.kind is not Kind.FOREIGN and change.kind is not Kind.REVIVED:
            return
        shared, wager = self._shared, change.wager
        run = run_of(wager.external_id)
        if run is None or run == shared.run_id or not shared.settings.exclusive:
            return
        if wager.sent_at <= shared.clock.time_of(shared.started_at):
            return
        reason = f"another mmbot (run {run}) places wagers on this account: stop one of the two"
        shared.hold(self.guard.name, ACCOUNT, reason, now)
        shared.timers.set(Due.BREAKER, self.guard.name, now + OTHER_MMBOT_QUIET)

    def due(self, now: Instant) -> None:
        """Let quoting go on, because another mmbot has placed no wager for some time."""
        self._shared.hold(self.guard.name, ACCOUNT, None, now)


BREAKERS: Final[tuple[Callable[[Shared], Breaker], ...]] = (MatchesAMinute, AnotherDaemon)
"""The circuit breakers, in the sequence in which they receive each change of a wager. A circuit breaker stops quoting
after something looked wrong."""
