"""The parts of the sums that ``exposure.py`` keeps. There is a node for each scope (such as a market or the account),
and an entry for each line or market."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.money import Cents
from mmbot.engine.risk.scopes import LimitScope, LineLimits

UNKNOWN_TOURNAMENT: Final = 0
"""The tournament id of a sport event whose tournament is not known. Wagers that the bot did not place may be on such a
sport event. The sport event counts in every tournament, because it may belong to any tournament."""

TOURNAMENT: Final = 3
"""The rank of a tournament among the kinds of scope (line, market, sport event, tournament, account). The narrowest
kind, a line, has rank 0."""


def nowhere(_: int) -> int:
    """Return ``UNKNOWN_TOURNAMENT`` for every sport event."""
    return UNKNOWN_TOURNAMENT


class Node:
    """One scope (such as a line or the account) with its sums. Lines under different rules may set different limits for
    the scope. For each limit, ``claims`` counts the lines that set this limit. The lowest limit applies. ``hot`` is
    true if the matched worst case (the largest possible loss if no more stake is matched) is at or above the hedge
    threshold."""

    __slots__ = ("claims", "hedge", "hot", "limit", "matched", "rank", "scope", "soft", "worst")

    def __init__(self, scope: LimitScope, rank: int) -> None:
        self.scope: Final = scope
        self.rank: Final = rank
        self.worst: Cents = 0
        self.matched: Cents = 0
        self.claims: Final[dict[Cents, int]] = {}
        self.limit: Cents = 0
        self.soft: Cents = 0
        self.hedge: Cents = 0
        self.hot = False


class Entry:
    """The risk figures of one line, and the five scopes in which they count, from the narrowest to the widest. Instead
    of a line, an entry can hold the full stakes of one market (stakes whose whole amount counts as risk). These stakes
    count in four scopes: market, sport event, tournament and account."""

    __slots__ = ("everywhere", "hedgeable", "key", "limits", "matched", "path", "worst")

    def __init__(self, key: LineKey | MarketKey, limits: LineLimits) -> None:
        self.key: Final[LineKey | MarketKey] = key
        self.limits = limits
        self.path: tuple[Node, ...] = ()
        self.everywhere = False
        """True while the tournament of the entry (a line or market with its risk) is not known. The entry then counts
        in every tournament."""
        self.worst: Cents = 0
        self.matched: Cents = 0
        self.hedgeable: Cents = 0
