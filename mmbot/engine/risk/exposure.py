"""The worst case of every line, market, event, tournament and of the account against its limits, kept incrementally.

A line's own worst case is its Position's; here it is summed, judged against three thresholds, and turned into how much
more may rest and how much has to be hedged. Lines do not net: what one is sure to win offsets nothing elsewhere.
Source: DESIGN, *Rules of money*.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Final

from mmbot.config import LimitsConfig, RuleLimits
from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.money import Cents, cents, share
from mmbot.domain.odds import Side
from mmbot.domain.position import FullStakes, Position
from mmbot.engine.risk.scopes import ACCOUNT_SCOPE, LimitScope, LineLimits, Reached, Thresholds, resolve

UNKNOWN_TOURNAMENT: Final = 0
"""Stands for the tournament of an event that is not in the catalogue: a wager that is not ours may be on one."""


def most_reducing(position: Position, side: Side) -> Cents:
    """The most that may rest on ``side`` altogether and still only reduce, in cents.

    However much of it is filled, alone or with whatever else could match, it raises neither the worst case nor the
    matched worst case of the line, and so no scope's. Judging by the worst case alone would not do: where both outcomes
    rest, each stake is covered by the other's, and both would count as reducing.
    """
    profit = position.profit
    opposite = profit[1 - side]
    least = min(profit[0], profit[1], 0)
    return max(0, opposite - least)


class _Node:
    """One scope with its sums. ``claims`` counts the lines that ask for each limit; the tightest holds."""

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


class _Entry:
    """One line: the five scopes that it counts in, narrowest first, and what it counts there. Or the full stakes of one
    market, which count in the four scopes from the market on."""

    __slots__ = ("hedgeable", "key", "limits", "matched", "path", "worst")

    def __init__(self, key: LineKey | MarketKey, limits: LineLimits) -> None:
        self.key: Final[LineKey | MarketKey] = key
        self.limits = limits
        self.path: tuple[_Node, ...] = ()
        self.worst: Cents = 0
        self.matched: Cents = 0
        self.hedgeable: Cents = 0


class Exposure:
    """The sums of all scopes. The cost of a call does not grow with the number of lines, unless it says so.

    Raises:
        ValueError: on construction, unless soft is below hedge and both lie in (0, 1].
    """

    __slots__ = ("_account", "_entries", "_events", "_exposed", "_hot", "_limits", "_nodes", "_shares", "_tournaments")

    def __init__(self, limits: LimitsConfig) -> None:
        if not 0 < limits.soft < limits.hedge <= 1:
            raise ValueError(
                f"soft {limits.soft} has to be below hedge {limits.hedge}, both shares of a limit in (0, 1]"
            )
        self._limits: Final = limits
        self._shares: Final = (Decimal(str(limits.soft)), Decimal(str(limits.hedge)))
        self._nodes: Final[dict[LimitScope, _Node]] = {}
        self._entries: Final[dict[LineKey | MarketKey, _Entry]] = {}
        self._events: Final[dict[int, dict[LineKey | MarketKey, _Entry]]] = {}
        self._tournaments: Final[dict[int, int]] = {}
        self._exposed: Final[dict[LineKey, _Entry]] = {}
        self._hot: Final[dict[LimitScope, _Node]] = {}
        self._account: Final = self._node(ACCOUNT_SCOPE, 4, cents(limits.account))

    # --- which lines there are ---------------------------------------------------------------------------------------

    def register(self, line: LineKey | MarketKey, tournament: int, rule: RuleLimits | None) -> None:
        """Count a line in its five scopes, or a market's full stakes in their four, under the general limits and those
        of the rule.

        May be called again: with another rule, or another tournament, into which the whole event moves. A market or
        event whose lines come under several rules has the tightest of their limits.
        """
        limits = resolve(self._limits, rule)
        entry = self._entries.get(line)
        known = self._tournaments.get(line.event, UNKNOWN_TOURNAMENT)
        if tournament == UNKNOWN_TOURNAMENT:
            tournament = known
        if tournament != known:
            self._tournaments[line.event] = tournament
            for other in self._events.get(line.event, {}).values():
                self._detach(other)
                self._attach(other, tournament)
        if entry is None:
            entry = _Entry(line, limits)
            self._entries[line] = entry
            self._events.setdefault(line.event, {})[line] = entry
            self._attach(entry, tournament)
        elif entry.limits != limits:
            self._detach(entry)
            entry.limits = limits
            self._attach(entry, tournament)

    def forget(self, line: LineKey | MarketKey) -> None:
        """Drop a line that will not be traded again. An unknown one is none.

        Raises:
            ValueError: if it still counts something.
        """
        entry = self._entries.get(line)
        if entry is None:
            return
        if entry.worst or entry.matched:
            raise ValueError(f"{line} still has a worst case of {entry.worst} cents")
        self._detach(entry)
        del self._entries[line]
        siblings = self._events[line.event]
        del siblings[line]
        if not siblings:
            del self._events[line.event]
            self._tournaments.pop(line.event, None)

    def forget_events(self, events: Container[int]) -> None:
        """Drop all lines of events that will not be traded again; what still counts something stays."""
        for event in [event for event in self._events if event in events]:
            for line, entry in list(self._events[event].items()):
                if not entry.worst and not entry.matched:
                    self.forget(line)

    def update(self, line: LineKey, position: Position) -> None:
        """Take over what a line's position now counts. A line that was never registered gets the general limits."""
        entry = self._entries.get(line)
        if entry is None:
            self.register(line, UNKNOWN_TOURNAMENT, None)
            entry = self._entries[line]
        worst = position.worst_case()
        matched = position.matched_worst_case()
        hedgeable = matched
        more_worst = worst - entry.worst
        entry.worst = worst
        if matched == entry.matched and hedgeable == entry.hedgeable:  # as when something is placed
            for node in entry.path:
                node.worst += more_worst
            return
        if hedgeable != entry.hedgeable:
            entry.hedgeable = hedgeable
            if hedgeable:
                self._exposed[line] = entry
            else:
                del self._exposed[line]
        more_matched = matched - entry.matched
        entry.matched = matched
        self._add(entry.path, more_worst, more_matched)

    def update_full(self, market: MarketKey, full: FullStakes) -> None:
        """Take over what a market's full stakes now count. No hedge can reduce them."""
        entry = self._entries.get(market)
        if entry is None:
            self.register(market, UNKNOWN_TOURNAMENT, None)
            entry = self._entries[market]
        worst, matched = full.worst_case(), full.matched
        more_worst, more_matched = worst - entry.worst, matched - entry.matched
        entry.worst, entry.matched = worst, matched
        self._add(entry.path, more_worst, more_matched)

    # --- what may still rest -----------------------------------------------------------------------------------------

    def largest_stake(self, line: LineKey, position: Position, side: Side) -> Cents:
        """The largest further stake on ``side`` that passes no limit of the five scopes, in cents.

        With a scope above its limit already: the largest that only reduces. ``position`` is judged as it is given; that
        it was not brought in by ``update`` yet does no harm. Raises KeyError for a line that was never registered.
        """
        entry = self._entries[line]
        worst = position.worst_case()
        room = self._room(entry, worst)
        if room < 0:
            return max(0, most_reducing(position, side) - position.remaining[side])
        # The stake is lost where the other outcome wins: there the line may come to its worst case plus the room.
        may_lose = worst + room
        return max(0, may_lose + position.profit[1 - side] - position.remaining[side])

    def most_resting(self, line: LineKey, position: Position) -> tuple[Cents, Cents]:
        """The most that should rest on each outcome altogether, in cents: what quotes are cut to before they are
        compared with what rests.

        At soft or above only what reduces. Else what keeps the five limits, given what rests on the other outcome; if
        that alone is too much already, each side is cut as if the other were cut too.
        """
        entry = self._entries[line]
        first, second = position.profit
        least = min(first, second, 0)
        for node in entry.path:
            if node.matched >= node.soft:
                return second - least, first - least
        worst = position.worst_case()
        may_lose = max(worst + self._room(entry, worst), -least)
        return may_lose + second, may_lose + first

    def wide(self, line: LineKey) -> tuple[Cents, bool]:
        """Of a line's event, tournament and account: by how much their worst cases may rise until the first is at its
        limit, and whether any of them is at soft."""
        _, _, event, tournament, account = self._entries[line].path
        room = event.limit - event.worst
        if (more := tournament.limit - tournament.worst) < room:
            room = more
        if (more := account.limit - account.worst) < room:
            room = more
        soft = event.matched >= event.soft or tournament.matched >= tournament.soft or account.matched >= account.soft
        return room, soft

    def reducing(self, line: LineKey, position: Position, side: Side, stake: Cents) -> bool:
        """Whether a further stake on ``side``, filled in any part, raises no scope's worst case, matched or in all.

        The line's own position decides: every wider scope is a sum in which only this line moves.
        """
        return position.remaining[side] + stake <= most_reducing(position, side)

    def stake_limit(self, line: LineKey) -> Cents:
        """The most that one wager on this line may stake, in cents."""
        return self._entries[line].limits.stake

    # --- how far the scopes are --------------------------------------------------------------------------------------

    def reached(self, line: LineKey) -> Reached:
        """The worst of the line's five scopes."""
        reached = Reached.NOTHING
        for node in self._entries[line].path:
            if node.worst > node.limit:
                return Reached.OVER
            if node.matched >= node.soft and reached is not Reached.HEDGE:
                reached = Reached.HEDGE if node.hot else Reached.SOFT
        return reached

    def hedge_wanted(self, line: LineKey, position: Position) -> Cents:
        """By how many cents this line's matched worst case should fall, 0 for not at all: see ``hedge_candidates``."""
        if not self._hot:
            return 0
        for candidate, reduction in self.hedge_candidates():
            if candidate == line:
                return min(reduction, -min(position.profit[0], position.profit[1], 0))
        return 0

    def hedge_candidates(self, unable: Container[LineKey] = ()) -> list[tuple[LineKey, Cents]]:
        """Which lines to hedge, and by how many cents the matched worst case of each should fall.

        Every scope at or above its hedge threshold is brought back to soft, narrow ones first, each by its lines with
        the largest matched worst case. ``unable`` are lines that cannot be hedged now: others serve for them. A line
        with a hedge in flight is not ``unable``; it keeps its share, which the caller leaves alone.
        The cost grows with the number of lines that have matched, but only while some scope wants a hedge.
        """
        if not self._hot:
            return []
        planned: dict[LineKey, Cents] = {}
        for node in sorted(self._hot.values(), key=lambda hot: hot.rank):
            lines = [(line, entry) for line, entry in self._exposed.items() if entry.path[node.rank] is node]
            need = node.matched - node.soft - sum([planned.get(line, 0) for line, _ in lines])
            # Among equals the key decides, so that the choice does not hang on what happened first.
            lines.sort(key=lambda each: (planned.get(each[0], 0) - each[1].hedgeable, each[0]))
            for line, entry in lines:
                if need <= 0:
                    break
                already = planned.get(line, 0)
                part = min(need, entry.hedgeable - already)
                if part > 0 and line not in unable:
                    planned[line] = already + part
                    need -= part
        return list(planned.items())

    def matched_by_scope(self, line: LineKey | MarketKey) -> list[tuple[LimitScope, Cents, Cents, Cents]]:
        """The scopes of a line, or of a market's full stakes, narrowest first, each with its matched worst case, its
        soft and its hedge threshold."""
        return [(node.scope, node.matched, node.soft, node.hedge) for node in self._entries[line].path]

    def scopes(self, line: LineKey) -> tuple[LimitScope, ...]:
        """The five scopes of a line, narrowest first."""
        return tuple(node.scope for node in self._entries[line].path)

    def worst_case(self, scope: LimitScope) -> Cents:
        """Matched and everything that could still match. Raises KeyError for a scope without lines."""
        return self._nodes[scope].worst

    def matched(self, scope: LimitScope) -> Cents:
        """The matched worst case. Raises KeyError for a scope without lines."""
        return self._nodes[scope].matched

    def limit(self, scope: LimitScope) -> Cents:
        """The limit. Raises KeyError for a scope without lines."""
        return self._nodes[scope].limit

    def thresholds(self, scope: LimitScope) -> Thresholds:
        """All three thresholds. Raises KeyError for a scope without lines."""
        node = self._nodes[scope]
        return Thresholds(node.soft, node.hedge, node.limit)

    def fullest(self) -> tuple[LimitScope, ...]:
        """Of each kind the scope that has used the greatest share of its limit, narrowest kind first.

        For the status page: it looks at every scope.
        """
        best: list[tuple[float, LimitScope] | None] = [None] * 5
        for node in self._nodes.values():
            used = node.worst / node.limit if node.limit else float(node.worst)
            found = best[node.rank]
            if found is None or used > found[0]:
                best[node.rank] = (used, node.scope)
        return tuple(found[1] for found in best if found is not None)

    # --- within ------------------------------------------------------------------------------------------------------

    def _room(self, entry: _Entry, worst: Cents) -> Cents:
        """By how much the line's worst case may rise from ``worst`` until the first of its scopes is at its limit."""
        line, market, event, tournament, account = entry.path
        room = line.limit - line.worst
        if (more := market.limit - market.worst) < room:
            room = more
        if (more := event.limit - event.worst) < room:
            room = more
        if (more := tournament.limit - tournament.worst) < room:
            room = more
        if (more := account.limit - account.worst) < room:
            room = more
        return room + entry.worst - worst

    def _add(self, path: tuple[_Node, ...], worst: Cents, matched: Cents) -> None:
        for node in path:
            node.worst += worst
            node.matched += matched
            if (node.matched >= node.hedge) is not node.hot:
                self._heat(node)

    def _heat(self, node: _Node) -> None:
        node.hot = node.matched >= node.hedge
        if node.hot:
            self._hot[node.scope] = node
        else:
            self._hot.pop(node.scope, None)

    def _node(self, scope: LimitScope, rank: int, limit: Cents) -> _Node:
        """The scope's node, with one more claim to this limit."""
        node = self._nodes.get(scope)
        if node is None:
            node = self._nodes[scope] = _Node(scope, rank)
        node.claims[limit] = node.claims.get(limit, 0) + 1
        self._judge(node)
        return node

    def _judge(self, node: _Node) -> None:
        node.limit = min(node.claims)
        # At least a cent, or a limit of nothing would be "at soft" with nothing matched.
        node.soft = max(1, share(node.limit, self._shares[0]))
        node.hedge = max(1, share(node.limit, self._shares[1]))
        self._heat(node)

    def _attach(self, entry: _Entry, tournament: int) -> None:
        key, limits = entry.key, entry.limits
        path: tuple[_Node, ...] = ()
        if isinstance(key, LineKey):
            path = (self._node(LimitScope("line", key), 0, limits.line),)
            market = market_of(key)
        else:
            market = key
        entry.path = (
            *path,
            self._node(LimitScope("market", market), 1, limits.market),
            self._node(LimitScope("event", key.event), 2, limits.event),
            self._node(LimitScope("tournament", tournament), 3, limits.tournament),
            self._node(ACCOUNT_SCOPE, 4, limits.account),
        )
        self._add(entry.path, entry.worst, entry.matched)

    def _detach(self, entry: _Entry) -> None:
        self._add(entry.path, -entry.worst, -entry.matched)
        limits = entry.limits
        claimed = (limits.line, limits.market, limits.event, limits.tournament, limits.account)
        for node in entry.path:
            limit = claimed[node.rank]
            node.claims[limit] -= 1
            if not node.claims[limit]:
                del node.claims[limit]
            if node.claims:
                self._judge(node)
            else:
                del self._nodes[node.scope]
                self._hot.pop(node.scope, None)
        entry.path = ()
