"""Keeps the worst cases of lines, markets, sport events, tournaments and the account up to date, and compares them with
the limits.

``Position`` computes the worst case of one line. This module adds up the lines of each scope, and compares the sums
with three thresholds. The result is how much more may be open, and how much has to be hedged. A sure profit on one line
does not offset a loss on another line. Source: docs/design.md, *Worst case* and *Thresholds*.
"""

# long: one class keeps the worst cases of all scopes up to date, because each change has to reach every scope.

from __future__ import annotations

from collections.abc import Callable, Container
from decimal import Decimal
from typing import Final

from mmbot.config import LimitsConfig, RuleLimits
from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.money import Cents, cents, share
from mmbot.domain.odds import Side
from mmbot.domain.position import FullStakes, Position, most_reducing
from mmbot.engine.risk.nodes import TOURNAMENT, UNKNOWN_TOURNAMENT, Entry, Node, nowhere
from mmbot.engine.risk.scopes import ACCOUNT_SCOPE, LimitScope, Reached, Thresholds, resolve


class Exposure:
    """The worst cases of all scopes: lines, markets, sport events, tournaments and the account. The time that a call
    takes does not grow with the number of lines, unless the docstring of the method says so.

    Raises:
        ValueError: on construction, if the soft threshold is not below the hedge threshold, or if one of the two is
            outside (0, 1].
    """

    __slots__ = (
        "_account",
        "_entries",
        "_everywhere_matched",
        "_everywhere_worst",
        "_exposed",
        "_hot",
        "_limits",
        "_nodes",
        "_shares",
        "_sport_events",
        "_tournament_nodes",
        "_tournament_of",
        "_tournaments",
        "unplaced",
    )

    def __init__(self, limits: LimitsConfig, tournament_of: Callable[[int], int] = nowhere) -> None:
        """Start without any line. ``tournament_of`` returns the tournament of a sport event, or ``UNKNOWN_TOURNAMENT``
        if the tournament is not known."""
        if not 0 < limits.soft < limits.hedge <= 1:
            raise ValueError(
                f"soft {limits.soft} has to be below hedge {limits.hedge}, both shares of a limit in (0, 1]"
            )
        self._limits: Final = limits
        self._shares: Final = (Decimal(str(limits.soft)), Decimal(str(limits.hedge)))
        self._nodes: Final[dict[LimitScope, Node]] = {}
        self._entries: Final[dict[LineKey | MarketKey, Entry]] = {}
        self._sport_events: Final[dict[int, dict[LineKey | MarketKey, Entry]]] = {}
        self._tournaments: Final[dict[int, int]] = {}
        self._tournament_of: Final = tournament_of
        self._tournament_nodes: Final[dict[int, Node]] = {}
        """The node (an object with the sums) of each known tournament."""
        self.unplaced: Final[dict[int, None]] = {}
        """The sport events whose tournament is not known."""
        self._everywhere_worst: Cents = 0
        self._everywhere_matched: Cents = 0
        self._exposed: Final[dict[LineKey, Entry]] = {}
        self._hot: Final[dict[LimitScope, Node]] = {}
        self._account: Final = self._node(ACCOUNT_SCOPE, 4, cents(limits.account))

    # --- lines -----------------------------------------------------------------------------------------------------

    def register(self, line: LineKey | MarketKey, tournament: int, rule: RuleLimits | None) -> None:
        """Count a line in its five scopes: line, market, sport event, tournament and account. If a market is given
        instead of a line, count its full stakes (stakes whose whole amount counts as risk) in its four scopes. The
        general limit or the limit of the quoting rule applies, whichever is lower.

        Call this method again when the rule or the tournament changes. A new tournament applies to all lines of the
        sport event. If several rules apply to the lines of a market or sport event, the lowest of the rules' limits
        applies to this market or sport event.
        """
        limits = resolve(self._limits, rule)
        entry = self._entries.get(line)
        known = self._tournaments.get(line.sport_event, UNKNOWN_TOURNAMENT)
        if tournament == UNKNOWN_TOURNAMENT:
            tournament = known
        if tournament != known:
            self._move(line.sport_event, tournament)
        if entry is None:
            if tournament == UNKNOWN_TOURNAMENT:
                self.unplaced[line.sport_event] = None
            entry = Entry(line, limits)
            self._entries[line] = entry
            self._sport_events.setdefault(line.sport_event, {})[line] = entry
            self._attach(entry, tournament)
        elif entry.limits != limits:
            self._detach(entry)
            entry.limits = limits
            self._attach(entry, tournament)

    def place(self, sport_event: int, tournament: int) -> None:
        """Count a sport event in its tournament. If ``tournament`` is ``UNKNOWN_TOURNAMENT``, count the sport event in
        every tournament. If the sport event has no lines, do nothing."""
        if sport_event in self._sport_events and tournament != self._tournaments.get(sport_event, UNKNOWN_TOURNAMENT):
            self._move(sport_event, tournament)

    def _move(self, sport_event: int, tournament: int) -> None:
        self._tournaments[sport_event] = tournament
        if tournament == UNKNOWN_TOURNAMENT:
            self.unplaced[sport_event] = None
        else:
            self.unplaced.pop(sport_event, None)
        for entry in self._sport_events.get(sport_event, {}).values():
            self._detach(entry)
            self._attach(entry, tournament)

    def forget(self, line: LineKey | MarketKey) -> None:
        """Drop a line that will not be traded again. If the line is unknown, do nothing.

        Raises:
            ValueError: if the worst case of the line is not zero.
        """
        entry = self._entries.get(line)
        if entry is None:
            return
        if entry.worst or entry.matched:
            raise ValueError(f"{line} still has a worst case of {entry.worst} cents")
        self._detach(entry)
        del self._entries[line]
        siblings = self._sport_events[line.sport_event]
        del siblings[line]
        if not siblings:
            del self._sport_events[line.sport_event]
            self._tournaments.pop(line.sport_event, None)
            self.unplaced.pop(line.sport_event, None)

    def forget_sport_events(self, sport_events: Container[int]) -> None:
        """Drop all lines of sport events that will not be traded again. Lines whose worst case is not zero stay."""
        for sport_event in [sport_event for sport_event in self._sport_events if sport_event in sport_events]:
            for line, entry in list(self._sport_events[sport_event].items()):
                if not entry.worst and not entry.matched:
                    self.forget(line)

    def update(self, line: LineKey, position: Position) -> None:
        """Update the sums after the position of a line changed. If the line was never registered, the general limits
        apply."""
        entry = self._entries.get(line)
        if entry is None:
            self.register(line, self._tournament_of(line.sport_event), None)
            entry = self._entries[line]
        worst = position.worst_case()
        matched = position.matched_worst_case()
        hedgeable = matched
        more_worst = worst - entry.worst
        entry.worst = worst
        if matched == entry.matched and hedgeable == entry.hedgeable:  # for example when a wager is placed
            for node in entry.path:
                node.worst += more_worst
            if entry.everywhere:
                self._add_everywhere(more_worst, 0)
            return
        if hedgeable != entry.hedgeable:
            entry.hedgeable = hedgeable
            if hedgeable:
                self._exposed[line] = entry
            else:
                del self._exposed[line]
        more_matched = matched - entry.matched
        entry.matched = matched
        self._add(entry, more_worst, more_matched)

    def update_full(self, market: MarketKey, full: FullStakes) -> None:
        """Update the sums after the full stakes of a market (stakes whose whole amount counts as risk) changed. No
        hedge can reduce full stakes."""
        entry = self._entries.get(market)
        if entry is None:
            self.register(market, self._tournament_of(market.sport_event), None)
            entry = self._entries[market]
        worst, matched = full.worst_case(), full.matched
        more_worst, more_matched = worst - entry.worst, matched - entry.matched
        entry.worst, entry.matched = worst, matched
        self._add(entry, more_worst, more_matched)

    # --- what may be open --------------------------------------------------------------------------------------------

    def largest_stake(self, line: LineKey, position: Position, side: Side) -> Cents:
        """Return the largest additional stake on ``side`` that exceeds no limit of the line's five scopes (line to
        account), in cents.

        If a scope is already above its limit, return the largest stake that can only reduce the risk. ``position`` is
        used as it is given, even if ``update`` was not called for this position. KeyError is raised if the line was
        never registered.
        """
        entry = self._entries[line]
        worst = position.worst_case()
        room = self._room(entry, worst)
        if room < 0:
            return max(0, most_reducing(position, side) - position.remaining[side])
        # The stake is lost if the other outcome wins: then the line may lose its worst case plus the room.
        may_lose = worst + room
        return max(0, may_lose + position.profit[1 - side] - position.remaining[side])

    def most_resting(self, line: LineKey, position: Position) -> tuple[Cents, Cents]:
        """Return the largest total stake that should be open on each outcome, in cents. Quotes are cut to these amounts
        before they are compared with the open wagers.

        If any scope of the line is at or above its soft threshold, the amounts are the largest stakes that can only
        reduce the risk. Otherwise the amounts are the largest stakes that exceed no limit of the five scopes. Each
        outcome is judged alone, as if nothing were open on the other outcome.
        """
        entry = self._entries[line]
        first, second = position.profit
        least = min(min(first, second), 0)
        for node in entry.path:
            if node.matched >= node.soft:
                return second - least, first - least
        worst = position.worst_case()
        may_lose = max(worst + self._room(entry, worst), -least)
        return may_lose + second, may_lose + first

    def wide(self, line: LineKey) -> tuple[Cents, bool]:
        """Return by how many cents the worst cases of a line's sport event, tournament and account may all rise before
        one of them reaches its limit. Also return whether one of these three scopes is at its soft threshold."""
        _, _, sport_event, tournament, account = self._entries[line].path
        room = sport_event.limit - sport_event.worst
        if (more := tournament.limit - tournament.worst) < room:
            room = more
        if (more := account.limit - account.worst) < room:
            room = more
        soft = (
            sport_event.matched >= sport_event.soft
            or tournament.matched >= tournament.soft
            or account.matched >= account.soft
        )
        return room, soft

    def reducing(self, line: LineKey, position: Position, side: Side, stake: Cents) -> bool:
        """Return true if an additional stake on ``side`` can only reduce the risk: no worst case of any scope rises, no
        matter how much of the stake is matched."""
        # The line's own position decides this, because each wider scope is a sum in which only this line changes.
        return position.remaining[side] + stake <= most_reducing(position, side)

    def stake_limit(self, line: LineKey) -> Cents:
        """Return the largest stake that one wager on this line may have, in cents."""
        return self._entries[line].limits.stake

    # --- thresholds --------------------------------------------------------------------------------------------------

    def reached(self, line: LineKey) -> Reached:
        """Return the highest threshold that any of the line's five scopes (line to account) has reached."""
        reached = Reached.NOTHING
        for node in self._entries[line].path:
            if node.worst > node.limit:
                return Reached.OVER
            if node.matched >= node.soft and reached is not Reached.HEDGE:
                reached = Reached.HEDGE if node.hot else Reached.SOFT
        return reached

    def hedge_wanted(self, line: LineKey, position: Position) -> Cents:
        """Return by how many cents a hedge should lower the largest possible loss from this line's matched stakes.
        ``hedge_candidates`` says how this amount is chosen."""
        if not self._hot:
            return 0
        for candidate, reduction in self.hedge_candidates():
            if candidate == line:
                return min(reduction, -min(position.profit[0], position.profit[1], 0))
        return 0

    def hedge_candidates(self, unable: Container[LineKey] = ()) -> list[tuple[LineKey, Cents]]:
        """Return the lines to hedge, and by how many cents the matched worst case of each line should fall.

        Each scope at or above its hedge threshold is brought back to its soft threshold, narrow scopes before wide
        scopes. Within a scope, the lines with the largest matched worst case are hedged before the others. Lines in
        ``unable`` cannot be hedged now, so other lines are hedged instead. A line with a hedge in flight must not be in
        ``unable``, because no other line should be hedged instead of this line. The cost grows with the number of lines
        with matches, but only while a scope is at its hedge threshold.
        """
        if not self._hot:
            return []
        planned: dict[LineKey, Cents] = {}
        for node in sorted(self._hot.values(), key=lambda hot: hot.rank):
            lines = [(line, entry) for line, entry in self._exposed.items() if entry.path[node.rank] is node]
            elsewhere = self._everywhere_matched if node.rank == TOURNAMENT else 0  # its own lines cannot hedge that
            need = node.matched - elsewhere - node.soft - sum([planned.get(line, 0) for line, _ in lines])
            # Among equal lines the key decides, so that the choice does not depend on the order of events.
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
        """Return the scopes of a line, or of a market's full stakes, from the narrowest to the widest. Each scope comes
        with its matched worst case, its soft threshold and its hedge threshold, in cents."""
        return [(node.scope, node.matched, node.soft, node.hedge) for node in self._entries[line].path]

    def scopes(self, line: LineKey) -> tuple[LimitScope, ...]:
        """Return the five scopes of a line, from the line itself to the account."""
        return tuple(node.scope for node in self._entries[line].path)

    def worst_case(self, scope: LimitScope) -> Cents:
        """Return the worst case of a scope (such as a line or the account), including all stakes that could still
        match. KeyError is raised if the scope has no lines."""
        return self._nodes[scope].worst

    def matched(self, scope: LimitScope) -> Cents:
        """Return the matched worst case (the largest possible loss if no more stake is matched) of a scope. KeyError is
        raised if the scope has no lines."""
        return self._nodes[scope].matched

    def limit(self, scope: LimitScope) -> Cents:
        """Return the limit of a scope (such as a line or the account). KeyError is raised if the scope has no lines."""
        return self._nodes[scope].limit

    def thresholds(self, scope: LimitScope) -> Thresholds:
        """Return the three thresholds of a scope (such as a line or the account). KeyError is raised if the scope has
        no lines."""
        node = self._nodes[scope]
        return Thresholds(node.soft, node.hedge, node.limit)

    def fullest(self) -> tuple[LimitScope, ...]:
        """For each kind of scope, return the scope that has used the greatest share of its limit. The narrowest kind
        comes first. The status page shows these scopes. The cost grows with the number of scopes.
        """
        best: list[tuple[float, LimitScope] | None] = [None] * 5
        for node in self._nodes.values():
            used = node.worst / node.limit if node.limit else float(node.worst)
            found = best[node.rank]
            if found is None or used > found[0]:
                best[node.rank] = (used, node.scope)
        return tuple(found[1] for found in best if found is not None)

    # --- within ------------------------------------------------------------------------------------------------------

    def _room(self, entry: Entry, worst: Cents) -> Cents:
        """Return by how many cents the worst case of a line may rise from ``worst`` before one of its scopes reaches
        its limit."""
        line, market, sport_event, tournament, account = entry.path
        room = line.limit - line.worst
        if (more := market.limit - market.worst) < room:
            room = more
        if (more := sport_event.limit - sport_event.worst) < room:
            room = more
        if (more := tournament.limit - tournament.worst) < room:
            room = more
        if (more := account.limit - account.worst) < room:
            room = more
        return room + entry.worst - worst

    def _add(self, entry: Entry, worst: Cents, matched: Cents) -> None:
        for node in entry.path:
            self._add_to(node, worst, matched)
        if entry.everywhere:
            self._add_everywhere(worst, matched)

    def _add_to(self, node: Node, worst: Cents, matched: Cents) -> None:
        node.worst += worst
        node.matched += matched
        if (node.matched >= node.hedge) is not node.hot:
            self._heat(node)

    def _add_everywhere(self, worst: Cents, matched: Cents) -> None:
        """Add the figures of a line to every known tournament, because the tournament of the line is not known."""
        self._everywhere_worst += worst
        self._everywhere_matched += matched
        for node in self._tournament_nodes.values():
            self._add_to(node, worst, matched)

    def _heat(self, node: Node) -> None:
        node.hot = node.matched >= node.hedge
        if node.hot:
            self._hot[node.scope] = node
        else:
            self._hot.pop(node.scope, None)

    def _node(self, scope: LimitScope, rank: int, limit: Cents) -> Node:
        """Return the object with the sums of a scope. Also note that one more line sets this limit for the scope."""
        node = self._nodes.get(scope)
        if node is None:
            node = self._nodes[scope] = Node(scope, rank)
            if rank == TOURNAMENT and isinstance(scope.id, int) and scope.id != UNKNOWN_TOURNAMENT:
                self._tournament_nodes[scope.id] = node
                node.worst, node.matched = self._everywhere_worst, self._everywhere_matched
        node.claims[limit] = node.claims.get(limit, 0) + 1
        self._judge(node)
        return node

    def _judge(self, node: Node) -> None:
        node.limit = min(node.claims)
        # At least a cent: otherwise a limit of 0 would be "at soft" with nothing matched.
        node.soft = max(1, share(node.limit, self._shares[0]))
        node.hedge = max(1, share(node.limit, self._shares[1]))
        self._heat(node)

    def _attach(self, entry: Entry, tournament: int) -> None:
        key, limits = entry.key, entry.limits
        path: tuple[Node, ...] = ()
        if isinstance(key, LineKey):
            path = (self._node(LimitScope("line", key), 0, limits.line),)
            market = market_of(key)
        else:
            market = key
        entry.path = (
            *path,
            self._node(LimitScope("market", market), 1, limits.market),
            self._node(LimitScope("sport_event", key.sport_event), 2, limits.sport_event),
            self._node(LimitScope("tournament", tournament), TOURNAMENT, limits.tournament),
            self._node(ACCOUNT_SCOPE, 4, limits.account),
        )
        entry.everywhere = tournament == UNKNOWN_TOURNAMENT
        self._add(entry, entry.worst, entry.matched)

    def _detach(self, entry: Entry) -> None:
        self._add(entry, -entry.worst, -entry.matched)
        limits = entry.limits
        claimed = (limits.line, limits.market, limits.sport_event, limits.tournament, limits.account)
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
                if node.rank == TOURNAMENT and isinstance(node.scope.id, int):
                    self._tournament_nodes.pop(node.scope.id, None)
        entry.path = ()
