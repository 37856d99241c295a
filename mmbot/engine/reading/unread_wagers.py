"""Handles wagers of which some part cannot be read in the exchange's answers and messages.

If the wager is over, it is only counted and named in the status. If others may still match the wager, each unreadable
part counts with its worst value, and a guard (a reason not to quote) begins to hold. If the stake of the wager is
known, the guard stops the sport event of the wager. If the stake is not known, the guard stops the whole account. A
wager that mmbot placed causes no guard, because its odds and its stake are known from the placement.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from mmbot.domain.instant import Instant
from mmbot.domain.wager import Status, UnreadWager, WagerReport
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared

REMEMBERED: Final = 10_000
"""The greatest number of unreadable wagers that are remembered. A remembered wager is not logged and counted a second
time."""

WAGERS_SHOWN: Final = 5
"""The greatest number of unreadable wagers that the status names."""

OF_SPORT_EVENT: Final = "unread_wager"
OF_ACCOUNT: Final = "unread_stake"


class _MayBeOpen(NamedTuple):
    guard: str
    scope: str | int
    reason: str
    seen_at: Instant


class UnreadWagers:
    """Applies the readable parts of each wager, and holds the guards (reasons not to quote) ``unread_wager`` and
    ``unread_stake``."""

    def __init__(self, shared: Shared, effects: AppliesReports) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._seen: dict[str, str] = {}
        """The reason why each wager could not be read, as text for a person. The key is the wager's id, or some other
        readable part if the id cannot be read."""
        self._held: dict[str, _MayBeOpen] = {}
        """The unreadable wagers that may be open, each with the guard (a reason not to quote) that the wager causes."""
        self.count = 0
        """The number of wagers that could not be read."""

    @property
    def held(self) -> bool:
        """Return whether there is a wager that may be open and that cannot be read."""
        return bool(self._held)

    def named(self) -> tuple[str, ...]:
        """Return the wagers that the status names, each with the reason why it could not be read. The status names the
        wagers that were noticed earliest."""
        return tuple(list(self._seen.values())[:WAGERS_SHOWN])

    def take(self, wager: UnreadWager, asked_at: Instant | None, now: Instant) -> None:
        """Take a wager from a message or from the answer to a read. ``asked_at`` is the instant at which the read was
        sent. For a message, ``asked_at`` is None."""
        key = wager.wager_id or wager.external_id or wager.why
        self._note(key, wager)
        report = self._report(wager)
        if report is not None:
            self._effects.take_report(report, asked_at, now)
        if wager.may_rest and not self._is_ours(wager):
            self._hold(key, wager, now)
        else:
            self.lift(key, now)

    def lift(self, key: str, now: Instant) -> None:
        """Note that a wager was read as a whole, or is over. Lift its guard (a reason not to quote), unless another
        wager needs the same guard."""
        held = self._held.pop(key, None)
        if held is not None:
            self._judge(held.guard, held.scope, now)

    def proved_clear(self, since: Instant, now: Instant) -> None:
        """Lift the guards (reasons not to quote) that old unreadable wagers cause, because the history showed that no
        wager is open. A wager is old if no page has shown it since the instant ``since``."""
        for key in [key for key, held in self._held.items() if held.seen_at < since]:
            self.lift(key, now)

    def _is_ours(self, wager: UnreadWager) -> bool:
        """Return whether a wager is ours. For a wager of ours, the ledger knows the possible loss from the
        placement."""
        known = self._shared.ledger.get(wager.external_id)
        return known is not None and not known.foreign

    def _note(self, key: str, wager: UnreadWager) -> None:
        """Count and log a wager, unless it was counted before."""
        if key in self._seen or len(self._seen) >= REMEMBERED:
            return
        self.count += 1
        state = "may be open" if wager.may_rest else "is over"
        self._seen[key] = f"wager {wager.wager_id or '(no id)'} {state}: {wager.why}"
        self._shared.outbox.alert(
            Severity.WARNING if wager.may_rest else Severity.INFO,
            "wager.unread",
            wager_id=wager.wager_id,
            external_id=wager.external_id,
            may_be_open=wager.may_rest,
            why=wager.why,
        )

    def _report(self, wager: UnreadWager) -> WagerReport | None:
        """Return the report to apply. For a part that cannot be read, the report has the value that the ledger knows.
        The result is None if the ledger does not hold the wager, and the wager has no stake that could be lost."""
        if not wager.wager_id:
            return None
        ledger = self._shared.ledger
        known = ledger.get(wager.external_id) or ledger.by_id(wager.wager_id)
        if known is None:
            return wager.at_worst() if wager.may_rest or wager.status is Status.OPEN else None
        return replace(
            wager,
            external_id=known.external_id if not wager.external_id and not known.foreign else wager.external_id,
            line_id=wager.line_id or known.line_id,
            sport_event_id=wager.sport_event_id or known.sport_event,
            market_id=wager.market_id or known.market.market,
            odds=known.odds if wager.odds is None else wager.odds,
            stake=known.stake if wager.stake is None else wager.stake,
            matched=known.matched if wager.matched is None else wager.matched,
        ).at_worst()

    def _hold(self, key: str, wager: UnreadWager, now: Instant) -> None:
        before = self._held.get(key)
        whole = bool(wager.wager_id and wager.sport_event_id and wager.stake is not None)
        guard, scope = (OF_SPORT_EVENT, wager.sport_event_id) if whole else (OF_ACCOUNT, ACCOUNT)
        self._held[key] = _MayBeOpen(guard, scope, f"wager {wager.wager_id or '(no id)'}: {wager.why}", now)
        if before is not None and (before.guard, before.scope) != (guard, scope):
            self._judge(before.guard, before.scope, now)
        self._judge(guard, scope, now)

    def _judge(self, guard: str, scope: str | int, now: Instant) -> None:
        """If any wager requires a guard (a reason not to quote), make the guard hold, with the explanation from the
        earliest such wager. Otherwise lift the guard."""
        reasons = [held.reason for held in self._held.values() if (held.guard, held.scope) == (guard, scope)]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        self._shared.hold(guard, scope, reasons[0] + more if reasons else None, now)
