"""Guards: named reasons not to quote. Each says what it covers, why it holds and what lifts it.

A guard that holds cancels what rests in its scope and stops quoting there. ``GUARDS`` is the whole list; docs and
metrics are held against it.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, NamedTuple

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.engine.status import GuardStatus


class Guard(NamedTuple):
    """One guard."""

    name: str
    scope: str
    """``account``, ``event`` or ``line``."""
    lifts: str


ACCOUNT: Final = "account"

GUARDS: Final = (
    Guard("latch", "account", "mmbot resume"),
    Guard("stop", "account", "never: the daemon is ending"),
    Guard("starting", "account", "clear, history read, feed up, books read, hold over"),
    Guard("feed", "account", "reconnected, clear, history and books read, hold over"),
    Guard("feed_refused", "account", "a restart, once the cause is fixed"),
    Guard("clock", "account", "a history that is no later than this machine's clock"),
    Guard("ladder", "account", "a readable odds ladder"),
    Guard("balance", "account", "a balance of at least guards.min_balance"),
    Guard("daily_loss", "account", "the next UTC day, or a restart with a higher limits.daily_loss"),
    Guard("matches_a_minute", "account", "a minute without a match"),
    Guard("activation", "account", "fewer placements awaiting activation than guards.awaiting_activation"),
    Guard("start", "event", "the event is rescheduled; otherwise pre-match quoting is over"),
    Guard("live", "event", "a status that is before the start"),
    Guard("unlisted", "event", "the event is listed again"),
    Guard("wiped", "event", "a later read of the event that shows it before its start"),
    Guard("strategy", "event", "being asked again, a minute later at the latest"),
    Guard("inactive", "line", "market and line active"),
    Guard("outcomes", "line", "exactly two complementary outcomes"),
    Guard("book_unread", "line", "a message or read of the book on the present connection of its sport event"),
    Guard("book_age", "line", "a message or an agreeing read"),
    Guard("reconciliation", "line", "a read that agrees with the book"),
    Guard("price_age", "line", "a newer price of the user's own"),
    Guard("off_fair", "line", "a quote within guards.off_fair of the fair price"),
    Guard("refused", "line", "the pause after a rejected placement is over"),
)
"""Every guard there is, in the order in which a reason is looked for."""

PAUSING: Final = ("activation",)
"""Guards that keep further wagers back and leave what rests where it is."""

GuardScope = str | int | LineKey
"""``account``, an event id, or a line."""


class _Held(NamedTuple):
    reason: str
    since: Instant


NOT_TWO: Final = "not two outcomes with a line id"
"""Why ``outcomes`` holds, and why nothing is hedged there."""


class Guards:
    """Which guards hold, over what."""

    def __init__(self) -> None:
        self.held: Final[dict[GuardScope, dict[str, _Held]]] = {}
        """The guards that hold, by scope: a scope that is not in it is free. Only ``hold`` and ``lift`` write it."""
        self.pausing: Final[dict[GuardScope, dict[str, _Held]]] = {}
        """The same of those that only keep further wagers back."""
        self._known: Final = {guard.name: guard for guard in GUARDS}
        self.raised = 0
        """How often one came to hold."""
        self.changes = 0
        """How often one came to hold or was lifted: what was judged by the guards stands while this does."""

    def add(self, guard: Guard) -> None:
        """Let a guard be held that is not in ``GUARDS``."""
        self._known[guard.name] = guard

    def hold(self, guard: str, scope: GuardScope, reason: str, now: Instant) -> bool:
        """Let a guard hold; True if it did not before. A new reason replaces the old one."""
        names = self._of(guard).setdefault(scope, {})
        known = names.get(guard)
        names[guard] = _Held(reason, known.since if known else now)
        if known is None:
            self.raised += 1
            self.changes += 1
        return known is None

    def lift(self, guard: str, scope: GuardScope) -> bool:
        """Lift a guard; True if it held."""
        held = self._of(guard)
        names = held.get(scope)
        if names is None or guard not in names:
            return False
        del names[guard]
        self.changes += 1
        if not names:
            del held[scope]
        return True

    def forget(self, events: Container[int]) -> None:
        """Drop what holds over events, and over their lines, that are no longer looked at."""
        for scope in [scope for scope in self.held if _event_of(scope) in events]:
            del self.held[scope]

    def set(self, guard: str, scope: GuardScope, reason: str | None, now: Instant) -> bool:
        """Hold with a reason, or lift with None; True if that changed whether it holds."""
        return self.lift(guard, scope) if reason is None else self.hold(guard, scope, reason, now)

    def holds(self, guard: str, scope: GuardScope) -> bool:
        """True if one guard holds over one scope."""
        return guard in self._of(guard).get(scope, ())

    def since(self, guard: str, scope: GuardScope) -> Instant | None:
        """Since when one guard holds over one scope; None if it does not."""
        held = self._of(guard).get(scope, {}).get(guard)
        return None if held is None else held.since

    def any(self, scope: GuardScope) -> bool:
        """True if any guard holds over just this scope. Guards that only keep further wagers back do not count."""
        return scope in self.held

    def reason(self, guard: str, scope: GuardScope) -> str | None:
        """Why a guard holds over a scope; None if it does not."""
        held = self.held.get(scope, {}).get(guard)
        return held.reason if held is not None else None

    def only(self, guard: str, scope: GuardScope) -> bool:
        """True if a guard holds over a scope, and no other does."""
        names = self.held.get(scope, {})
        return len(names) == 1 and guard in names

    def why(self, line: LineKey) -> str | None:
        """The first reason that stops a line: of the account, its event, or itself; None if none does."""
        for scope in (ACCOUNT, line.event, line):
            for name, held in self.held.get(scope, {}).items():
                return f"{name}: {held.reason}"
        return None

    def names(self) -> dict[str, int]:
        """How many scopes each guard holds over, zeros included."""
        counts = dict.fromkeys(self._known, 0)
        for held in (self.held, self.pausing):
            for names in held.values():
                for name in names:
                    counts[name] += 1
        return counts

    def status(self) -> tuple[GuardStatus, ...]:
        """All that hold."""
        return tuple(
            GuardStatus(
                guard=name, scope=shown(scope), reason=held.reason, lifts=self._known[name].lifts, since=held.since
            )
            for scope, names in (*self.held.items(), *self.pausing.items())
            for name, held in names.items()
        )

    def _of(self, guard: str) -> dict[GuardScope, dict[str, _Held]]:
        return self.pausing if guard in PAUSING else self.held

    def account(self) -> tuple[str, ...]:
        """The account's guards that hold, with their reasons."""
        return tuple(f"{name}: {held.reason}" for name, held in self.held.get(ACCOUNT, {}).items())


def _event_of(scope: GuardScope) -> int | None:
    if isinstance(scope, LineKey):
        return scope.event
    return scope if isinstance(scope, int) else None


def shown(scope: GuardScope) -> str:
    """A scope for a person: ``account``, ``event 10``, ``line 10/223/-3.5``."""
    if isinstance(scope, LineKey):
        return f"line {scope.event}/{scope.market}/{scope.number / 4:g}"
    return f"event {scope}" if isinstance(scope, int) else scope
