"""The calls of a session keeper that the tests count, and the time at which their clock starts."""

from __future__ import annotations

from scripted_exchange import ScriptedExchange

from mmbot.domain.instant import SECOND

START = 1_790_000_000 * SECOND


def log_ins(exchange: ScriptedExchange) -> int:
    return len(exchange.calls("/auth/login"))


def refreshes(exchange: ScriptedExchange) -> int:
    return len(exchange.calls("/auth/refresh"))
