"""The worst case of each scope, recomputed from the exchange's wagers, and the rule that it passes no limit.

The worst case of a line is its greatest loss over every outcome and a void. It counts the matched stakes, and every
stake that could still match and would lose. A market, a sport event, a tournament and the account sum their lines.
"""

from __future__ import annotations

from .records import Breach, Limits, Place, WagerRecord

KINDS = ("line", "market", "sport_event", "tournament", "account")

Scope = tuple[str, str]


class _Line:
    __slots__ = ("matched", "place", "profit", "remaining", "worst")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.profit = [0] * place.outcomes
        self.remaining = [0] * place.outcomes
        self.worst = 0
        self.matched = 0

    def count(self, wager: WagerRecord, sign: int) -> None:
        self.remaining[wager.side] += sign * wager.could_match
        if wager.result != "tbd" or wager.status == "void":
            return
        for side in range(len(self.profit)):
            self.profit[side] += sign * (wager.win if side == wager.side else -wager.matched)

    def greatest_loss(self) -> int:
        unmatched = sum(self.remaining)
        return max(0, *(unmatched - self.remaining[side] - gain for side, gain in enumerate(self.profit)))


class _Moment:
    """The matched worst case of a scope from a moment on."""

    __slots__ = ("at", "by_result", "matched")

    def __init__(self, at: int, matched: int, by_result: bool) -> None:
        self.at = at
        self.matched = matched
        self.by_result = by_result


class Exposure:
    """Worst cases by scope. Only an accepted wager of the bot can break the rule: what the exchange or a person does
    raises what is allowed, and from there the scope may only fall until it is within its limit again."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.worst: dict[Scope, int] = {}
        self.greatest: dict[Scope, int] = {}
        self.matched: dict[Scope, int] = {}
        self._matched_at: dict[Scope, list[_Moment]] = {}
        self._allowed: dict[Scope, int] = {}
        self._excused: dict[Scope, int] = {}
        self._lines: dict[str, _Line] = {}

    def lower(self, limits: Limits) -> None:
        """Put other limits in force."""
        self.limits = limits
        self._allowed = {scope: worst for scope, worst in self.worst.items() if worst > self._limit(scope)}

    def excuse(self, place: Place, until: int, kinds: tuple[str, ...] = KINDS) -> None:
        """Allow the scopes of a line to rise until ``until``: the bot cannot know its position there before."""
        for scope in scopes(place):
            if scope[0] in kinds:
                self._excused[scope] = max(until, self._excused.get(scope, 0))

    def position(self, line: str) -> tuple[int, ...]:
        """The unsettled profit of a line if each outcome wins."""
        known = self._lines.get(line)
        return tuple(known.profit) if known is not None else (0, 0)

    def worst_of(self, line: str) -> int:
        """The worst case of a line."""
        return self.worst.get(("line", line), 0)

    def change(
        self, before: WagerRecord | None, after: WagerRecord, at: int, sent_at: int | None
    ) -> tuple[Breach, ...]:
        """Count a changed wager. ``sent_at`` is the time at which the bot sent it, if it was accepted just now."""
        line = self._lines.get(after.place.line)
        if line is None:
            line = self._lines[after.place.line] = _Line(after.place)
        if before is not None:
            line.count(before, -1)
        line.count(after, 1)
        self._count_matched(line, at, by_result=after.result != (before.result if before is not None else "tbd"))
        worst = line.greatest_loss()
        rise = worst - line.worst
        line.worst = worst
        if not rise:
            return ()
        return tuple(
            breach
            for scope in scopes(after.place)
            if (breach := self._moved(scope, rise, at, sent_at, after.external_id)) is not None
        )

    def _count_matched(self, line: _Line, at: int, *, by_result: bool) -> None:
        matched = max(0, *(-gain for gain in line.profit))
        rise = matched - line.matched
        if rise:
            line.matched = matched
            for scope in scopes(line.place):
                now = self.matched[scope] = self.matched.get(scope, 0) + rise
                self._note_matched(scope, _Moment(at, now, by_result))

    def _note_matched(self, scope: Scope, moment: _Moment) -> None:
        """Note a matched worst case. The wagers of a market get their results one after the other within an instant.
        What counts is the figure after the last of them."""
        known = self._matched_at.setdefault(scope, [])
        if known and known[-1].at == moment.at and known[-1].by_result and moment.by_result:
            known[-1] = moment
        else:
            known.append(moment)

    def greatest_matched(self, scope: Scope, since: int) -> int:
        """The greatest matched worst case of a scope since an instant."""
        greatest = 0
        for moment in reversed(self._matched_at.get(scope, [])):
            greatest = max(greatest, moment.matched)
            if moment.at <= since:
                break
        return greatest

    def _moved(self, scope: Scope, rise: int, at: int, sent_at: int | None, what: str) -> Breach | None:
        worst = self.worst[scope] = self.worst.get(scope, 0) + rise
        if worst > self.greatest.get(scope, 0):
            self.greatest[scope] = worst
        limit = self._limit(scope)
        if worst <= limit:
            self._allowed.pop(scope, None)
            return None
        allowed = self._allowed.get(scope, limit)
        self._allowed[scope] = worst
        if worst <= allowed or sent_at is None or sent_at <= self._excused.get(scope, 0):
            return None
        kind, name = scope
        text = f"{what} takes the worst case of {kind} {name} to {worst} of {limit} cents (allowed: {allowed})"
        return Breach(at, "worst case within the limit", text)

    def _limit(self, scope: Scope) -> int:
        limit = getattr(self.limits, scope[0])
        return 1 << 60 if limit is None else int(limit)


def scopes(place: Place) -> tuple[Scope, ...]:
    """The scopes of a line."""
    return tuple(zip(KINDS, (place.line, place.market, place.sport_event, place.tournament, ""), strict=True))
