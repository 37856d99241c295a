"""Decides the targets of a line (the wagers that should be open). Targets are the quotes of the strategy, with odds on
the ladder, and with sizes that the limits allow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from mmbot.domain.book import Levels
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, implied, stake_for_payout
from mmbot.engine.account.profit import Profit
from mmbot.engine.quoting.memo import Wanted
from mmbot.engine.quoting.quoted_line import QuotedLine, RuleLines
from mmbot.engine.quoting.target import Target
from mmbot.engine.quoting.view import NOTHING
from mmbot.engine.state.shared import Shared
from mmbot.strategy.interface import Decision, NoQuote, Quote, Said, decision_of, require_sound

MOST_QUOTES: Final = 40
"""The greatest number of quotes that a strategy may return for one line."""

HEDGED: Final = "a hedge on this line is in flight, or waits until our wagers there are cancelled"
"""The reason why a line with a hedge is not quoted, as the operator sees it."""

_NO_SIDES: Final[tuple[Levels, Levels]] = ((), ())


def stands(wanted: Wanted, line: QuotedLine, decision: Decision, ladder: Ladder) -> bool:
    """Return true if a new decision would give a line the same targets (wagers that should be open) as before. The
    limits are not considered."""
    if wanted.own_changes != line.own_changes or ladder is not wanted.ladder:
        return False
    seen, before = line.seen, wanted.seen
    if seen is not before:
        if line.fair != wanted.fair or seen is None or before is None:
            return False
        (is_0, is_1), (was_0, was_1) = seen.book.sides, before.book.sides
        if not (_same_best(is_0, was_0) and _same_best(is_1, was_1)):
            return False
    return decision is wanted.decision or decision == wanted.decision


def _same_best(one: Levels, other: Levels) -> bool:
    """Return true if the best odds of two sides are the same, or if both sides are empty."""
    if one and other:
        return one[0].odds == other[0].odds
    return not one and not other


class Targets:
    """Turns the decisions of strategies into targets (the wagers that should be open)."""

    def __init__(self, shared: Shared, profit: Profit) -> None:
        self._shared: Final = shared
        self._profit: Final = profit

    def of_rule(
        self,
        lines: RuleLines,
        said: Said,
        changed: Iterable[QuotedLine] | None,
        moved: dict[int, None],
        ladder: Ladder,
        now: Instant,
    ) -> tuple[list[tuple[QuotedLine, Wanted]], Cents | None, bool]:
        """Decide the targets (the wagers that should be open) of the lines to which one rule applies.

        Args:
            lines: the lines. Their views must be up to date.
            said: the answer of the strategy that quotes these lines.
            changed: the lines to decide on. None for all lines. If the limits leave too little room, all lines are
                decided on in any case.
            moved: the markets in which our wagers or the position of a line changed. Only markets with several quoted
                lines are listed.
            ladder: the odds that the exchange accepts.
            now: the present instant.

        Returns:
            Three values. The first value is a list of the lines that have to be compared with their wagers, each with
                its targets. The second value is an amount in cents: the worst cases of the sport event, the tournament
                and the account must be able to rise by this amount. If the limits allow less later, all lines must be
                decided on again. If the second value is None, all lines must be decided on again in any case. The third
                value is true if the sport event, the tournament or the account is at its soft threshold.

        Raises:
            TypeError, ValueError: if a decision of the strategy cannot be used.
        """
        room, soft = self._shared.exposure.wide(lines.lines[0].key)
        tighter = soft or lines.soft
        needs = lines.needs
        if changed is None or tighter or moved or needs is None or needs > room:
            changed = lines.shown
            needs = 0
        wanted: list[tuple[QuotedLine, Wanted]] = []
        decisions = said.decisions
        for line in changed:
            if line.rule_lines is not lines or line.view_index is None:
                continue
            decision = decision_of(decisions.get(line.key))
            before = line.wanted
            short = before.needs is None or before.needs > room
            again = tighter or short or (bool(moved) and line.key.market in moved)
            newly = self.of(line, decision, ladder, again, room, now)
            if newly is not before or line.comparison.own_changes != line.own_changes:
                wanted.append((line, newly))
            if newly.needs is None:
                needs = None
            elif needs is not None and newly.needs > needs:
                needs = newly.needs
        return wanted, needs, soft

    def of(
        self, line: QuotedLine, decision: Decision, ladder: Ladder, tighter: bool, room: Cents, now: Instant
    ) -> Wanted:
        """Return the targets of a line (the wagers that should be open). If nothing changed that the targets depend on,
        return ``line.wanted`` itself.

        Args:
            line: the line. Its view must be up to date.
            decision: the decision of the strategy on this line.
            ladder: the odds that the exchange accepts.
            tighter: true if the limits may allow less than before. The targets are then decided again if a position
                changed after the previous decision.
            room: the amount by which the worst cases of the sport event, the tournament and the account may rise, in
                cents.
            now: the present instant.

        Raises:
            TypeError, ValueError: if the decision of the strategy cannot be used.
        """
        wanted, moves = line.wanted, self._shared.moves
        if not (tighter and wanted.moves != moves) and stands(wanted, line, decision, ladder):
            return wanted
        self._shared.cut.pop(line.key, None)
        targets, why, needs = self._decide(line, decision, ladder, room, now)
        return Wanted(targets, why, needs, moves, line.own_changes, line.seen, line.fair, decision, ladder)

    def bounds(self, line: QuotedLine) -> tuple[float, float] | None:
        """Return, for each outcome, the greatest probability that the odds of a wager may imply. This bound is the fair
        probability of the outcome plus ``guards.off_fair``. If the present fair probability is unknown, the latest
        known fair probability is used. The result is None if no fair probability was ever known."""
        fair = line.fair
        if fair is None:
            fair = self._profit.last_fair(line.key)
            if fair is None:
                return None
        slack = self._shared.settings.off_fair
        return fair + slack, 1.0 - fair + slack

    def _decide(
        self, line: QuotedLine, decision: Decision, ladder: Ladder, room: Cents, now: Instant
    ) -> tuple[tuple[Target, ...], str | None, Cents | None]:
        """Return the targets of a line (the wagers that should be open), or the reason if it has no targets. Also
        return the amount, in cents, by which worst cases must be able to rise for these targets."""
        key, shared = line.key, self._shared
        if isinstance(decision, NoQuote) or not decision:
            if key in shared.guards.held:
                shared.judge("off_fair", key, None, now)
            return (), decision.reason if isinstance(decision, NoQuote) else "the strategy quotes nothing here", 0
        targets: list[Target] = []
        off: str | None = None
        if len(decision) > MOST_QUOTES:
            raise ValueError(f"{len(decision)} quotes on one line; at most {MOST_QUOTES}")
        bounds = self.bounds(line)
        sides = line.seen.book.sides if line.seen is not None else _NO_SIDES
        for quote in decision:
            target = self._target(line, quote, sides, bounds, ladder)
            if isinstance(target, str):
                off = target
            elif target is not None:
                targets.append(target)
        if off is not None or key in shared.guards.held:
            shared.judge("off_fair", key, off, now)
        if off is not None:
            return (), f"off_fair: {off}", 0
        if key in shared.hedging:
            return (), HEDGED, 0
        if not targets:
            return (), "every quote is too small to place", 0
        kept, needs = self._cut(line, targets, room)
        return kept, None if kept else f"{shared.exposure.reached(key).name.lower()}: no quote reduces the risk", needs

    def _target(
        self,
        line: QuotedLine,
        quote: Quote,
        sides: tuple[Levels, Levels],
        bounds: tuple[float, float] | None,
        ladder: Ladder,
    ) -> Target | str | None:
        """Return the target (a wager that should be open) for one quote. If the quote is too far from the fair price,
        return the reason as text. Return None if the stake is too small, or if every possible price would be matched at
        once instead of waiting for a taker."""
        require_sound(quote)
        side, odds = quote.side, quote.odds
        if odds is None:
            odds = ladder.at_most(quote.probability or 0.0)
        elif odds not in ladder.members:
            raise ValueError(f"odds {odds} are not on the exchange's ladder")
        shown = sides[side]
        # Of two American odds the greater integer is the longer price.
        if shown and odds is not None and odds <= shown[0].odds:
            odds = _just_longer(ladder, shown[0].odds)  # a quote waits for a taker; it never takes an offer
        if odds is None:
            return None
        if bounds is None:
            return "there was never a fair price to judge a quote by"
        price, bound = implied(odds), bounds[side]
        if price > bound:
            return f"{odds:+d} implies {price:.3f}, fair is {bound - self._shared.settings.off_fair:.3f}"
        stake = stake_for_payout(quote.payout, odds)
        if stake > line.max_stake:
            stake = line.max_stake
        if stake < self._shared.settings.min_stake:
            return None
        return Target(side, odds, stake, quote.priority, quote.price_tolerance, quote.size_tolerance)

    def _cut(self, line: QuotedLine, targets: list[Target], wide: Cents) -> tuple[tuple[Target, ...], Cents | None]:
        """Cut the stakes of targets (wagers that should be open) to the limits. At or above the soft threshold, allow
        only stakes that reduce the worst case. Return the targets, and the amount in cents by which worst cases must be
        able to rise for these targets. If any target was cut, return None instead of the amount."""
        shared, key = self._shared, line.key
        room = list(shared.exposure.most_resting(key, shared.ledger.positions.get(key, NOTHING)))
        kept = []
        cut = False
        spare = wide
        for target in targets:
            side, stake = target.side, target.stake
            left = room[side]
            room[side] = rest = left - stake
            if rest >= 0:
                kept.append(target)
                if rest < spare:
                    spare = rest
                continue
            cut = True
            if left >= shared.settings.min_stake:
                kept.append(msgspec.structs.replace(target, stake=left))
        if cut:
            shared.cut[key] = shared.moves
            return tuple(kept), None
        return tuple(kept), wide - spare


def _just_longer(ladder: Ladder, odds: Odds) -> Odds | None:
    """Return the shortest odds on the ladder that are longer than the given odds. The given odds need not be on the
    ladder."""
    if odds in ladder:
        return ladder.longer(odds)
    return ladder.at_most(implied(odds))
