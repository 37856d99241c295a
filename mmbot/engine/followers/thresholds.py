"""Logs when the worst case of a scope (such as a line or the account) reaches its soft or hedge threshold. Also logs
when the worst case falls below such a threshold."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.engine.orders import Severity
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.risk.scopes import LimitScope
from mmbot.engine.state.shared import Shared


class ThresholdLog:
    """Remembers for each scope (such as a line or the account) which threshold was logged most recently."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self._reached: Final[dict[LimitScope, str]] = {}

    def moved(self, line: LineKey | MarketKey) -> None:
        """The position of a line, or the full stakes of a market, changed. Log each scope (such as the line or the
        account) that passed a threshold. If the tournament or the account passed a threshold, request a new decision on
        all quotes."""
        shared = self._shared
        for scope, matched, soft, hedge in shared.exposure.matched_by_scope(line):
            reached = "hedge" if matched >= hedge else "soft" if matched >= soft else None
            if reached == self._reached.get(scope):
                continue
            shared.outbox.alert(
                Severity.INFO,
                "risk.threshold",
                scope=scope.kind,
                id=scope.numbers,
                threshold=reached,
                matched_cents=matched,
            )
            if reached is None:
                del self._reached[scope]
            else:
                self._reached[scope] = reached
            if scope.kind in ("account", "tournament"):
                shared.touch_scope(ACCOUNT)
