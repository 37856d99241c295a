"""What a strategy's decision asks to have resting, within what the rules of money let a quote be."""

from __future__ import annotations

from typing import Final

import msgspec

from mmbot.domain.book import Levels
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, implied, stake_for_payout
from mmbot.engine.quoting.quoted_line import NO_ROOM, Slot
from mmbot.engine.quoting.target import Target
from mmbot.engine.quoting.view import NOTHING, Views
from mmbot.engine.state.shared import Shared
from mmbot.strategy.interface import Decision, NoQuote, Quote, require_sound

MOST_QUOTES: Final = 40
"""Quotes that a strategy may want on one line."""

_NO_SIDES: Final[tuple[Levels, Levels]] = ((), ())


class Targets:
    """Turns decisions into targets."""

    def __init__(self, shared: Shared, views: Views) -> None:
        self._shared: Final = shared
        self._views: Final = views

    def of(
        self, slot: Slot, decision: Decision, ladder: Ladder, anew: bool, room: Cents, now: Instant
    ) -> tuple[tuple[Target, ...], str | None]:
        """What is wanted of a line, and why nothing is. Worked out again only if what it follows from is another.

        Args:
            anew: the room that limits leave may be less than it was: cut again if a position moved since.
            room: by how much the worst cases of the event, the tournament and the account may rise.
        """
        view = slot.view
        guarded = view is None or slot.key in self._shared.guards.held
        best: tuple[float | None, Odds | None, Odds | None] = (None, None, None)
        if view is not None:
            under_0, under_1 = view.book.sides
            best = (slot.fair, under_0[0].odds if under_0 else None, under_1[0].odds if under_1 else None)
        same = (
            slot.asked
            and not guarded
            and not slot.touched
            and best == slot.best
            and ladder is slot.ladder
            and (not anew or slot.moves == self._shared.moves)
            and decision == slot.decision
        )
        if not same:
            slot.wanted = self._wanted(slot, decision, ladder, room, now)
            slot.moves = self._shared.moves
        slot.asked = not guarded
        slot.decision = decision
        slot.judged = view
        slot.best = best
        slot.ladder = ladder
        return slot.wanted

    def _wanted(
        self, slot: Slot, decision: Decision, ladder: Ladder, room: Cents, now: Instant
    ) -> tuple[tuple[Target, ...], str | None]:
        key, shared = slot.key, self._shared
        slot.needs = 0
        shared.cut.pop(key, None)
        if isinstance(decision, NoQuote):
            shared.judge("off_fair", key, None, now)
            return (), decision.reason
        if not decision:
            shared.judge("off_fair", key, None, now)
            return (), "the strategy quotes nothing here"
        targets: list[Target] = []
        off: str | None = None
        if len(decision) > MOST_QUOTES:
            raise ValueError(f"{len(decision)} quotes on one line; at most {MOST_QUOTES}")
        bounds = self._views.bounds(slot)
        sides = slot.view.book.sides if slot.view is not None else _NO_SIDES
        for quote in decision:
            target = self._target(slot, quote, sides, bounds, ladder)
            if isinstance(target, str):
                off = target
            elif target is not None:
                targets.append(target)
        if off is not None or key in shared.guards.held:
            shared.judge("off_fair", key, off, now)
        if off is not None:
            return (), f"off_fair: {off}"
        if key in shared.hedging:
            return (), "hedging"
        if not targets:
            return (), "nothing large enough to place"
        kept = self._cut(slot, targets, room)
        return tuple(kept), None if kept else f"{shared.exposure.reached(key).name.lower()}: nothing reduces"

    def _target(
        self,
        slot: Slot,
        quote: Quote,
        sides: tuple[Levels, Levels],
        bounds: tuple[float, float] | None,
        ladder: Ladder,
    ) -> Target | str | None:
        """One quote on the ladder; a reason if it is off the fair price, None if it is too small or cannot rest."""
        require_sound(quote)
        side, odds = quote.side, quote.odds
        if odds is None:
            odds = ladder.at_most(quote.probability or 0.0)
        elif odds not in ladder.members:
            raise ValueError(f"odds {odds} are not on the exchange's ladder")
        shown = sides[side]
        # Of two American odds the greater integer is the longer price.
        if shown and odds is not None and odds <= shown[0].odds:
            odds = _just_longer(ladder, shown[0].odds)  # a quote rests; it never takes what is shown
        if odds is None:
            return None
        if bounds is None:
            return "there was never a fair price to judge a quote by"
        price, bound = implied(odds), bounds[side]
        if price > bound:
            return f"{odds:+d} implies {price:.3f}, fair is {bound - self._shared.settings.off_fair:.3f}"
        stake = stake_for_payout(quote.payout, odds)
        if stake > slot.most:
            stake = slot.most
        if stake < self._shared.settings.min_stake:
            return None
        return Target(side, odds, stake, quote.priority, quote.price_tolerance, quote.size_tolerance)

    def _cut(self, slot: Slot, targets: list[Target], wide: Cents) -> list[Target]:
        """Cut targets to what the rules of money let rest: at soft and above that is what reduces."""
        shared, line = self._shared, slot.key
        room = list(shared.exposure.most_resting(line, shared.ledger.positions.get(line, NOTHING)))
        kept = []
        spare = NO_ROOM
        for target in targets:
            side, stake = target.side, target.stake
            left = room[side]
            room[side] = rest = left - stake
            if rest < spare:
                spare = rest
            if rest >= 0:
                kept.append(target)
            elif left >= shared.settings.min_stake:
                kept.append(msgspec.structs.replace(target, stake=left))
        if spare >= 0:
            slot.needs = wide - spare
        else:
            slot.needs = NO_ROOM
            shared.cut[line] = shared.moves
        return kept


def _just_longer(ladder: Ladder, odds: Odds) -> Odds | None:
    """The first rung longer than a price, which need not be on the ladder itself."""
    if odds in ladder:
        return ladder.longer(odds)
    return ladder.at_most(implied(odds))
