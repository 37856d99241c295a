"""Guards: named conditions that stop quoting. Each guard has a scope (the account, a sport event or a line), and a
condition that lifts the guard. While a guard holds, it also has a reason.

While a guard holds, the open wagers in its scope are cancelled and nothing is quoted there. The guards in ``PAUSING``
only stop new placements. ``GUARDS`` is the complete list, and tests compare it with the docs and the metrics.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, NamedTuple

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.engine.status import GuardStatus


class Guard(NamedTuple):
    """One guard: a named condition that stops quoting."""

    name: str
    scope: str
    """The kind of scope in which the guard stops quoting: ``account``, ``sport event`` or ``line``."""
    lifts: str
    """The condition that lifts the guard (reason not to quote). It completes a sentence that begins with "lifted
    when"."""


ACCOUNT: Final = "account"

GUARDS: Final = (
    Guard("latch", "account", "mmbot resume"),
    Guard("stop", "account", "never: the daemon is ending"),
    Guard(
        "starting", "account", "the account is clear, history and books are read, the feed is up, and the hold is over"
    ),
    Guard(
        "feed", "account", "the feed is back, the account is clear, history and books are read, and the hold is over"
    ),
    Guard(
        "stood_still",
        "account",
        "the account is clear, history and books are read, the feed is up, and the hold is over",
    ),
    Guard("feed_rejected", "account", "the exchange accepts a connection again; mmbot retries every five minutes"),
    Guard("another_daemon", "account", "no wager of another mmbot came for ten minutes"),
    Guard("clock", "account", "the exchange's answers are no longer ahead of this machine's clock"),
    Guard("ladder", "account", "a readable odds ladder is read"),
    Guard("balance", "account", "the balance is at least guards.min_balance"),
    Guard("journal", "account", "the journal can be written again, with enough free space on its disk"),
    Guard("unread_stake", "account", "the wager can be read, or is over, or the account is proved clear"),
    Guard("daily_loss", "account", "the next UTC day begins, or you restart with a higher limits.daily_loss"),
    Guard("audit_late", "account", "the wagers were compared with the exchange's history"),
    Guard("audit_money", "account", "the balance agrees with the matches and results, or five minutes later"),
    Guard("matches_a_minute", "account", "a minute passes without a match"),
    Guard("activation", "account", "fewer placements await activation than guards.awaiting_activation"),
    Guard("start", "sport event", "the sport event is rescheduled; otherwise pre-match quoting is over"),
    Guard("live", "sport event", "the status of the sport event is again one before its start"),
    Guard("unlisted", "sport event", "the sport event is listed again"),
    Guard("wiped", "sport event", "a later read shows the sport event before its start"),
    Guard("unread_wager", "sport event", "the wager can be read, or is over, or the account is proved clear"),
    Guard("two_tournaments", "sport event", "only one tournament lists the sport event"),
    Guard("audit_market", "sport event", "a comparison with the exchange's history finds no difference there"),
    Guard("strategy", "sport event", "the strategy is asked again, a minute later at the latest"),
    Guard("strategy_slow", "sport event", "a minute has passed since the strategy returned"),
    Guard("inactive", "line", "the market and the line are active"),
    Guard("outcomes", "line", "the line has exactly two complementary outcomes"),
    Guard("duplicate_id", "line", "each of its ids stands in one place only"),
    Guard("book_unread", "line", "a message or a read brings the book on the present connection of its sport event"),
    Guard("book_age", "line", "a message comes, or a read that agrees with the book"),
    Guard("reconciliation", "line", "a read agrees with the book"),
    Guard("result", "line", "every wager of the market has its result, or the exchange has none for the others"),
    Guard("audit_wager", "line", "a comparison with the exchange's history finds no difference there"),
    Guard("price_age", "line", "you give a newer price"),
    Guard("off_fair", "line", "every quote is within guards.off_fair of the fair price"),
    Guard("rejected", "line", "the pause after a rejected placement is over"),
)
"""The table of every guard (reason not to quote), sorted by scope: account, sport event, line."""

PAUSING: Final = ("activation",)
"""The guards (reasons not to quote) that stop new placements but do not cancel open wagers."""

GuardScope = str | int | LineKey
"""The type of the scope in which a guard stops quoting: ``account``, the id of a sport event, or a line."""


class _Hold(NamedTuple):
    reason: str
    since: Instant


NOT_TWO: Final = "not two outcomes with a line id"
"""The explanation that the operator sees if a line does not have exactly two outcomes with a ``line_id``. Such a line
is not quoted (guard ``outcomes``) and not hedged."""


class Guards:
    """The guards (reasons not to quote) that hold now, for each scope (account, sport event or line)."""

    def __init__(self) -> None:
        self.held: Final[dict[GuardScope, dict[str, _Hold]]] = {}
        """The guards (reasons not to quote) that apply now and cancel open wagers, for each scope (account, sport event
        or line). The dictionary lacks a scope without such a guard. Only ``Guards`` changes the dictionary."""
        self.pausing: Final[dict[GuardScope, dict[str, _Hold]]] = {}
        """The guards (reasons not to quote) that apply now and only stop new placements, for each scope (account, sport
        event or line)."""
        self._known: Final = {guard.name: guard for guard in GUARDS}
        self.raised = 0
        """The number of times that a guard (a reason not to quote) began to apply."""
        self.changes = 0
        """The number of times that a guard (a reason not to quote) began to apply or was lifted. While this number
        stays the same, the same guards apply."""

    def add(self, guard: Guard) -> None:
        """Add a guard (a reason not to quote) that is not in ``GUARDS``."""
        self._known[guard.name] = guard

    def hold(self, guard: str, scope: GuardScope, reason: str, now: Instant) -> bool:
        """Make a guard (a reason not to quote) hold in a scope (account, sport event or line). Return True if the guard
        did not hold before. If the guard held already, the new explanation replaces the old explanation."""
        names = self._of(guard).setdefault(scope, {})
        known = names.get(guard)
        names[guard] = _Hold(reason, known.since if known else now)
        if known is None:
            self.raised += 1
            self.changes += 1
        return known is None

    def lift(self, guard: str, scope: GuardScope) -> bool:
        """Lift a guard (a reason not to quote) in a scope (account, sport event or line). Return True if the guard held
        before."""
        held = self._of(guard)
        names = held.get(scope)
        if names is None or guard not in names:
            return False
        del names[guard]
        self.changes += 1
        if not names:
            del held[scope]
        return True

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the guards (reasons not to quote) of sport events that are over, and the guards of their lines."""
        for scope in [scope for scope in self.held if _sport_event_of(scope) in sport_events]:
            del self.held[scope]

    def set(self, guard: str, scope: GuardScope, reason: str | None, now: Instant) -> bool:
        """If ``reason`` is given, make a guard (a reason not to quote) hold. If ``reason`` is None, lift the guard.
        Return True if the guard began or ceased to hold."""
        return self.lift(guard, scope) if reason is None else self.hold(guard, scope, reason, now)

    def holds(self, guard: str, scope: GuardScope) -> bool:
        """Return True if a guard (a reason not to quote) holds over a scope (account, sport event or line)."""
        return guard in self._of(guard).get(scope, ())

    def since(self, guard: str, scope: GuardScope) -> Instant | None:
        """Return the instant at which a guard (a reason not to quote) began to hold over a scope (account, sport event
        or line). The result is None if the guard does not hold."""
        held = self._of(guard).get(scope, {}).get(guard)
        return None if held is None else held.since

    def any(self, scope: GuardScope) -> bool:
        """Return True if any guard (a reason not to quote) holds over exactly this scope (account, sport event or
        line). The guards in ``PAUSING`` do not count."""
        return scope in self.held

    def reason(self, guard: str, scope: GuardScope) -> str | None:
        """Return why a guard (a reason not to quote) holds over a scope (account, sport event or line). The result is
        None if the guard does not hold."""
        held = self.held.get(scope, {}).get(guard)
        return held.reason if held is not None else None

    def only(self, guard: str, scope: GuardScope) -> bool:
        """Return True if this guard (a reason not to quote) holds over a scope (account, sport event or line), and no
        other guard does."""
        names = self.held.get(scope, {})
        return len(names) == 1 and guard in names

    def why(self, line: LineKey) -> str | None:
        """Return the guard (a reason not to quote) that stops a line, with its explanation. The result is None if no
        guard stops the line. Guards of the account come before guards of the sport event, and guards of the sport event
        come before guards of the line."""
        for scope in (ACCOUNT, line.sport_event, line):
            for name, held in self.held.get(scope, {}).items():
                return f"{name}: {held.reason}"
        return None

    def names(self) -> dict[str, int]:
        """Return the number of scopes (account, sport events and lines) over which each guard (a reason not to quote)
        holds. If a guard holds nowhere, its number is 0."""
        counts = dict.fromkeys(self._known, 0)
        for held in (self.held, self.pausing):
            for names in held.values():
                for name in names:
                    counts[name] += 1
        return counts

    def status(self) -> tuple[GuardStatus, ...]:
        """Return every guard (a reason not to quote) that holds, for the status page."""
        return tuple(
            GuardStatus(
                guard=name, scope=shown(scope), reason=held.reason, lifts=self._known[name].lifts, since=held.since
            )
            for scope, names in (*self.held.items(), *self.pausing.items())
            for name, held in names.items()
        )

    def _of(self, guard: str) -> dict[GuardScope, dict[str, _Hold]]:
        return self.pausing if guard in PAUSING else self.held

    def account(self) -> tuple[str, ...]:
        """Return the guards (reasons not to quote) that hold over the account, each with its explanation."""
        return tuple(f"{name}: {held.reason}" for name, held in self.held.get(ACCOUNT, {}).items())


def _sport_event_of(scope: GuardScope) -> int | None:
    if isinstance(scope, LineKey):
        return scope.sport_event
    return scope if isinstance(scope, int) else None


def shown(scope: GuardScope) -> str:
    """Return a scope as text for a person: ``account``, ``sport event 10``, or ``line 10/223/-3.5``. The three parts
    for a line are its sport event, its market, and its point spread or total."""
    if isinstance(scope, LineKey):
        return f"line {scope.sport_event}/{scope.market}/{scope.number / 4:g}"
    return f"sport event {scope}" if isinstance(scope, int) else scope
