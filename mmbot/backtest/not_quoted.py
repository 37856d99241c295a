"""Tells why a recorded market was not quoted before it went live. A cause is a guard (a named reason not to quote), the
strategy's own reason, or an error."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from mmbot.backtest.run import Run
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.domain.words import counted
from mmbot.engine.orders import Alert, Severity

LOOK: Final = 10 * SECOND
"""The time between two checks of the reason why the line is not quoted."""

NO_RULE: Final = "no rule matches this market"

_SHOWN: Final = 6
_SAID: Final = ("error", "reason", "why", "code", "message")
_NOT_NEWS: Final = ("guard.held", "guard.lifted", "risk.threshold")


class Held(NamedTuple):
    """A guard (a named reason not to quote) that applied before the market went live."""

    guard: str
    reason: str
    """The reason that the guard gave when it first applied. A guard is a named reason not to quote."""
    times: int
    total: Duration


class NotQuoted(NamedTuple):
    """The reasons why a line was not quoted on both outcomes."""

    alerts: tuple[tuple[str, int], ...]
    """Each error or warning of the whole run, with the number of times it came. The most frequent comes first."""
    guards: tuple[Held, ...]
    reasons: tuple[tuple[str, Duration], ...]
    """The time for which each reason not to quote was seen, with the longest time first. Guards are left out. Reasons
    are checked every ``LOOK`` (10 s)."""

    @property
    def raised(self) -> bool:
        """True if the strategy raised an exception or returned something unusable."""
        return any(said.startswith("strategy.raised") for said, _ in self.alerts)

    def lines(self) -> list[str]:
        """Return the reasons as lines of text."""
        rows = [f"{said.partition(': ')[0]} {counted(n, 'time')}{_after(said)}" for said, n in self.alerts[:_SHOWN]]
        if len(self.alerts) > _SHOWN:
            rows.append(f"{counted(len(self.alerts) - _SHOWN, 'other alert')}, each less often")
        rows += [
            f"not quoted before the start, guard {held.guard} held {counted(held.times, 'time')} for "
            f"{span(held.total)}: {held.reason}"
            for held in self.guards
        ]
        rows += [f"not quoted before the start, for {span(total)}: {said}" for said, total in self.reasons[:_SHOWN]]
        if rest := self.reasons[_SHOWN:]:
            rows.append(f"… for {span(sum(total for _, total in rest))}: {counted(len(rest), 'other reason')}")
        return rows


class Watcher:
    """Checks every ``LOOK`` (10 s) why a line is not quoted, and records the reason. The checks do not affect the
    run."""

    def __init__(self, run: Run, line: LineKey, end: Instant) -> None:
        """Create a watcher. ``end`` is the time at which the sport event goes live. Later reasons do not count."""
        self._run = run
        self._line = line
        self._end = end
        self._since = run.now
        self._next = run.now
        self._why: str | None = None
        self._reasons: Counter[str] = Counter()

    def look(self) -> bool:
        """Record the present reason if the next check is due. Return False in all cases, so that the run continues."""
        now = min(self._run.now, self._end)
        if now >= self._next and now > self._since:
            self._note(now)
        return False

    def passes(self, now: Instant, until: Instant) -> None:
        """Make the checks that are due between ``now`` and ``until``. Nothing else happens in this time."""
        until = min(until, self._end)
        if self._next >= until or now >= self._end:
            return
        at = self._run.engine.next_second(max(self._next, now + 1))
        if at < until:
            self._note(at)
            if (more := (until - 1 - at) // LOOK) > 0:
                self._note(at + more * LOOK)

    def _note(self, now: Instant) -> None:
        if self._why is not None:
            self._reasons[self._why] += now - self._since
        self._since = now
        self._next = now + LOOK
        self._why = self._reason() if now < self._end else None

    def _reason(self) -> str | None:
        """Return the reason why the line is not quoted on both outcomes. None if both outcomes are quoted, or if the
        board (the list of sport events and markets) was not read yet."""
        quoted = self._run.engine.quoted(self._line)
        if quoted is None:
            return NO_RULE if self._run.engine.ready else None
        if all(quoted.sides):
            return None
        return quoted.why or ("only one outcome is quoted" if any(quoted.sides) else "nothing rests yet")

    def result(self) -> NotQuoted:
        """Return the reasons that were seen."""
        self.look()
        guards = _guards(self._run.alerts, self._end)
        named = {held.guard for held in guards}
        reasons = [(said, total) for said, total in self._reasons.most_common() if _guard_of(said) not in named]
        alerts = Counter(
            _said(alert)
            for _, alert in self._run.alerts
            if alert.level is not Severity.INFO and alert.name not in _NOT_NEWS
        )
        return NotQuoted(tuple(alerts.most_common()), guards, tuple(reasons))


def span(duration: Duration) -> str:
    """Format a duration in seconds, minutes or hours."""
    if duration < MINUTE:
        return f"{duration / SECOND:.1f} s"
    return f"{duration / MINUTE:.1f} min" if duration < 100 * MINUTE else f"{duration / (60 * MINUTE):.1f} h"


def _guards(alerts: list[tuple[Instant, Alert]], end: Instant) -> tuple[Held, ...]:
    first: dict[str, str] = {}
    times: Counter[str] = Counter()
    total: Counter[str] = Counter()
    since: dict[tuple[str, str], Instant] = {}
    for at, alert in alerts:
        guard, scope = str(alert.fields.get("guard")), str(alert.fields.get("scope"))
        if alert.name == "guard.held" and at < end and (guard, scope) not in since:
            since[guard, scope] = at
            times[guard] += 1
            first.setdefault(guard, str(alert.fields["reason"]))
        elif alert.name == "guard.lifted" and (guard, scope) in since:
            total[guard] += min(at, end) - since.pop((guard, scope))
    for (guard, _), at in since.items():
        total[guard] += end - at
    held = [Held(guard, first[guard], times[guard], total[guard]) for guard in times]
    return tuple(sorted(held, key=lambda one: -one.total))


def _guard_of(reason: str) -> str:
    return reason.partition(":")[0]


def _said(alert: Alert) -> str:
    words = [str(alert.fields[key]) for key in _SAID if alert.fields.get(key)]
    return ": ".join([alert.name, *words])


def _after(said: str) -> str:
    _, colon, words = said.partition(": ")
    return colon + words
