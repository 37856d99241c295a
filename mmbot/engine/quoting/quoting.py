"""Turns books into placements and cancels, which the package ``sending`` takes over. Finds the lines that changed, asks
their strategies for quotes, and compares the quotes with the wagers at the exchange."""

# long: one class has the whole way from a changed line to its requests, in the order of the steps.

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey, SportEvent
from mmbot.domain.instant import MILLISECOND, MINUTE, Instant
from mmbot.domain.odds import Side
from mmbot.domain.wager_states import State
from mmbot.engine.account.profit import Profit
from mmbot.engine.orders import Severity
from mmbot.engine.quoting.compare import compare
from mmbot.engine.quoting.decide_targets import Targets
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.line_guards import LineGuards
from mmbot.engine.quoting.memo import Comparison, Wanted
from mmbot.engine.quoting.quoted_line import QuotedLine, RuleLines, SportEventLines
from mmbot.engine.quoting.raised import place_of
from mmbot.engine.quoting.sport_event_guards import SportEventGuards
from mmbot.engine.quoting.sport_event_lines import LinesByRule
from mmbot.engine.quoting.target import Target
from mmbot.engine.quoting.to_place import ToPlace
from mmbot.engine.quoting.view import Views
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.strategy.interface import EventView, LineView, ask

SOONEST: Final = 10 * MILLISECOND
"""A strategy can ask for its next call at an instant (``wake_at``). The call comes at the earliest this time after the
previous decision."""


class Quoting:
    """Decides which wagers to place and which to cancel. Looks only at sport events that changed."""

    def __init__(self, shared: Shared, profit: Profit, given: GivenPrices) -> None:
        self._shared: Final = shared
        self._given: Final = given
        self._views: Final = Views(shared, profit)
        self._targets: Final = Targets(shared, profit)
        self._line_guards: Final = LineGuards(shared)
        self._sport_event_guards: Final = SportEventGuards(shared)
        self._by_rule: Final = LinesByRule(shared, given)
        self.sport_events: Final[dict[int, SportEventLines]] = {}
        self.lines: Final[dict[LineKey, QuotedLine]] = {}
        self.to_place: Final = ToPlace()
        self.compared: Final[list[Comparison]] = []
        """The comparisons of quotes and wagers that found wagers to keep or cancel. ``Cancelling`` empties this
        list."""
        self._stale: Final = shared.stale_sport_events
        self._everything = False
        self._cut_judged = 0
        """The count of position changes (``Shared.moves``) at the latest check of the lines whose quotes were cut by
        limits. The value is -1 if this check requested new decisions, because the check then has to be made again."""
        self.looks = 0
        """The number of times that the quotes of a line have been decided so far."""

    def look_at_everything(self) -> None:
        """From now on, use no cached results. This is slower and leads to the same requests. Only tests use it."""
        self._everything = True

    # --- changes --------------------------------------------------------------------------------------------------

    def forget(self, sport_event: int) -> None:
        """Find the quoting rules for the lines of a sport event again, because its markets, lines or start may have
        changed."""
        self._stale[sport_event] = None
        self._shared.dirty_sport_events[sport_event] = None

    def drop(self, sport_events: Container[int]) -> None:
        """Drop the lines of sport events that are over."""
        for sport_event in [sport_event for sport_event in self.sport_events if sport_event in sport_events]:
            lines = self.sport_events.pop(sport_event)
            for line in lines:
                self.lines.pop(line.key, None)
                self.to_place.forget(line.key)
                self._shared.cut.pop(line.key, None)
            for of_rule in lines.by_rule.values():
                of_rule.dissolve()
            self._stale.pop(sport_event, None)

    def mark(self, line: QuotedLine) -> None:
        """Request a new decision on the quotes of a line, because its view is out of date."""
        line.outdated = True
        line.rule_lines.outdated[line] = None
        self._shared.dirty_sport_events[line.key.sport_event] = None

    def book_came(self, line: QuotedLine) -> None:
        """Request a new decision on the quotes of a line, because a message replaced its book. Do nothing if only
        levels changed that the strategy does not see."""
        state, depth = line.book, line.depth
        former = state.former
        watched = line.view_index is not None and not line.unsettled and not line.outdated
        if former is not None and depth is not None and state.own.certain and watched and not self._everything:
            reach = depth + len(line.live)  # without our stake: each wager of ours can hide one level at most
            (was_0, was_1), (under_0, under_1) = former.sides, state.book.sides
            if was_0[:reach] == under_0[:reach] and was_1[:reach] == under_1[:reach]:
                lines = line.rule_lines
                if (lines.needs is None or lines.soft) and lines.moves != self._shared.moves:
                    self._shared.dirty_sport_events[line.key.sport_event] = None  # limits may leave more room by now
                return
        self.mark(line)

    def book_changed(self, key: LineKey) -> None:
        """Request a new decision on the quotes of a line, because its book changed."""
        line = self.lines.get(key)
        if line is not None:
            self.mark(line)

    def own_changed(self, key: LineKey) -> None:
        """Request a new decision on a line's quotes, because its position or one of our wagers changed."""
        line = self.lines.get(key)
        if line is None:
            self._shared.books.own_changed(key)
            return
        line.book.own_changed()
        line.own_changes += 1
        if line.rule_lines.several:
            line.rule_lines.moved[key.market] = None
        self.mark(line)

    def market_changed(self, market: MarketKey) -> None:
        """Request a new decision on all quotes of a market, because the market's limit may allow more or less than
        before."""
        for line in self.sport_events.get(market.sport_event, ()):
            if line.key.market == market.market:
                self.own_changed(line.key)

    def line_due(self, key: LineKey) -> None:
        """Request a new decision on the quotes of a line, because the timer of the line is due. The timer is set for
        the end of a pause, and for the instant at which the line's book or the user's price becomes too old."""
        line = self.lines.get(key)
        if line is not None:
            line.wakes_at = 0
        self.own_changed(key)

    def price_given(self, key: LineKey, side: Side, probability: float, at: Instant, now: Instant) -> None:
        """Take the user's own price of an outcome. If a newer price is already known, change nothing."""
        if self._given.take(key, probability if side == 0 else 1.0 - probability, min(at, now)):
            line = self.lines.get(key)
            if line is not None:
                self.mark(line)
                line.rule_lines.look_at_all()
            self._shared.dirty_sport_events[key.sport_event] = None

    def timer(self, sport_event: int, now: Instant) -> None:
        """Request a new decision on all quotes of a sport event, because its timer is due. The timer is set for the
        next call of the strategy, and for the instant at which a quoting rule begins or ceases to apply."""
        self._shared.hold("strategy", sport_event, None, now)
        self.forget(sport_event)

    @property
    def cut_is_due(self) -> bool:
        """True if ``look_at_cut`` may find a line whose quotes have to be decided again."""
        return bool(self._shared.cut) and self._cut_judged != self._shared.moves

    def look_at_cut(self) -> None:
        """Find the lines whose targets (the wagers that should be open) were cut by limits. If a position has changed
        since the limits cut the targets of a line, request a new decision on the quotes of the line."""
        shared = self._shared
        self._cut_judged = shared.moves
        sport_events = {line.sport_event: None for line, moves in shared.cut.items() if moves != shared.moves}
        if sport_events:
            self._cut_judged = -1  # judge again, in case a line is not decided on
            # Sorted, because the order of ``cut`` depends on which lines were decided on again since.
            shared.dirty_sport_events.update(dict.fromkeys(sorted(sport_events)))

    # --- placements -----------------------------------------------------------------------------------------------

    def served(self, line: QuotedLine, left: tuple[Target, ...], blocked: str | None) -> None:
        """Note which targets of a line (wagers that should be open) still have to be placed. ``blocked`` is the reason
        if something blocks these targets now."""
        comparison = line.comparison
        why = blocked if blocked is not None or not left else comparison.why
        line.comparison = Comparison(comparison.targets, comparison.own_changes, left, (), (), comparison.leaving, why)
        if blocked is not None:
            self.to_place.set_aside(line)
        elif left:
            self.to_place.put(line)
        else:
            self.to_place.drop(line.key)

    def placed(self, lines: Sequence[tuple[QuotedLine, bool]]) -> None:
        """Note that wagers were placed on these lines. Each line comes with a flag that is true if all its targets
        (wagers that should be open) were placed in full.

        A line with a true flag keeps its quotes without a new decision, except in two cases. A new decision is made if
        the new wagers use up a limit that another line may need, or if the exchange rejected the cancel of another
        wager on the line.
        """
        for line, whole in lines:
            of_rule = line.rule_lines
            needs = of_rule.needs
            if (
                whole
                and needs is not None
                and not (of_rule.several or of_rule.soft or (line.comparison.leaving and _cancel_rejected(line)))
            ):
                room, soft = self._shared.exposure.wide(line.key)
                if needs <= room and not soft and not self._everything:
                    line.book.own.await_placed()
                    continue
            self.own_changed(line.key)

    # --- looking --------------------------------------------------------------------------------------------------

    def look(self, sport_event_id: int, quotable: bool, now: Instant) -> int:
        """Decide the quotes of one sport event, and return the number of lines that were decided on. While ``quotable``
        is false (for example during the start), no wager should be open on any line."""
        shared = self._shared
        sport_event = shared.catalogue.sport_events.get(sport_event_id)
        if sport_event is None:
            return 0
        lines = self.sport_events.get(sport_event_id)
        if lines is None or sport_event_id in self._stale:
            lines = self._sort(sport_event, lines, now)
        if lines.judged is not sport_event or lines.judged_until <= now:
            self._judge_sport_event(sport_event, lines, now)
        held = shared.guards.held
        looks = 0
        if not quotable or ACCOUNT in held or sport_event_id in held:
            for line in lines:
                self._value(line, now)
                self._want_nothing(line, shared.guards.why(line.key) or "quoting has not started")
            for of_rule in lines.by_rule.values():
                of_rule.look_at_all()
                looks += len(of_rule.lines)
        else:
            for of_rule in lines.by_rule.values():
                if self._everything:
                    self._forget_memos(of_rule)
                conditions = of_rule.conditions
                known = conditions is not None and conditions[0] == shared.guards.changes
                looks += len(of_rule.outdated) if known else len(of_rule.lines)
                self._look_at(sport_event, of_rule, now)
        self.looks += looks
        return looks

    def _look_at(self, sport_event: SportEvent, lines: RuleLines, now: Instant) -> None:
        """Ask the strategy about the lines of one rule. If the targets of a line (the wagers that should be open)
        changed, compare them with the wagers of the line.

        A decision is made only for lines whose view is out of date. Decisions are made for all lines if the
        ``Conditions`` (values that matter for all lines) changed, or if the limits of a wider scope leave less room
        than a line needs.
        """
        shared = self._shared
        ladder = shared.ladder
        if ladder is None:
            lines.look_at_all()
            return
        generation = shared.coverage.of(sport_event.sport_event_id).generation
        conditions = (shared.guards.changes, generation, ladder)
        changed = self._renew(lines, lines.conditions == conditions, generation, now)
        moved, lines.moved = lines.moved, {}
        if not lines.shown:
            return
        try:
            said = None if changed is None else lines.said
            if said is not None and said.wake_at is not None and said.wake_at <= now:
                said = None  # this time may pass before its timer is due, which is never sooner than ``SOONEST``
            wake_at = None
            if said is None:  # else all views are the same, and so is the strategy's answer
                start = None if sport_event.scheduled is None else shared.on_clock(sport_event.scheduled)
                view = EventView(sport_event, tuple(lines.views), ladder, now, start)
                said = ask(shared.strategies[lines.rule], view, lines.state)
                wake_at = said.wake_at
                if said.changed is None:
                    changed = None
                elif changed is not None:
                    for key in said.changed:
                        line = self.lines.get(key)
                        if line is not None:
                            changed[line] = None
            decided, needs, soft = self._targets.of_rule(lines, said, changed, moved, ladder, now)
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - a user's code: it stops its sport event alone
            self._raised(sport_event, lines, raised, now)
            return
        lines.said, lines.state, lines.needs, lines.soft = said, said.state, needs, soft
        lines.moves = shared.moves
        lines.conditions = conditions
        if wake_at is not None:
            shared.timers.set(Due.SPORT_EVENT, sport_event.sport_event_id, max(wake_at, now + SOONEST))
        for line, wanted in decided:
            self._settle(line, wanted)

    def _renew(self, lines: RuleLines, known: bool, generation: int, now: Instant) -> dict[QuotedLine, None] | None:
        """Bring the views up to date, and return the lines whose view may have changed. If all views were made again,
        return None. This is so if the ``Conditions`` changed (``known`` is false), or if the strategy sees other lines
        than before."""
        changed, lines.outdated = lines.outdated, {}
        if lines.unsettled:
            changed.update(dict.fromkeys(lines.unsettled))
        if known and self._renew_some(lines, changed, generation, now):
            return changed
        lines.shown = []
        lines.views = []
        for line in lines.lines:
            view = self._see(line, generation, now)
            if view is None:
                line.view_index = None
                self._want_nothing(line, self._shared.guards.why(line.key) or "its book is not known")
            else:
                line.view_index = len(lines.views)
                lines.shown.append(line)
                lines.views.append(view)
        lines.unsettled = [line for line in lines.lines if line.unsettled]
        return None

    def _renew_some(self, lines: RuleLines, changed: Iterable[QuotedLine], generation: int, now: Instant) -> bool:
        """Bring the views of some lines up to date. Return False if the strategy has to see other lines than before."""
        views = lines.views
        for line in changed:
            view = self._see(line, generation, now)
            index = line.view_index
            if view is None:
                if index is not None:
                    return False
                self._want_nothing(line, self._shared.guards.why(line.key) or "its book is not known")
            elif index is None:
                return False
            elif view is not views[index]:
                views[index] = view
                lines.said = None
        return True

    def _see(self, line: QuotedLine, generation: int, now: Instant) -> LineView | None:
        """Return the present view of a line, or None while the line is hidden from the strategy. Also set a timer for
        the instant at which the book becomes too old. ``generation`` is the generation number of the sport event's
        books. It changes when other feed channels bring these books."""
        shared, settings = self._shared, self._shared.settings
        key, state = line.key, line.book
        price = self._given.prices.get(key) if self._given.prices else None
        aged = price is not None and price.at + settings.price_age <= now
        fresh_at = state.message_at if state.message_at > state.read_at else state.read_at
        stale_at = fresh_at + settings.book_age
        current = state.known and state.generation == generation > 0
        guarded = hidden = False
        if key in shared.guards.held or aged or not line.sound or not current or stale_at <= now or state.differed >= 2:
            guarded, hidden = self._line_guards.judge(line, aged, now)
        line.unsettled = guarded or price is not None
        if not current or not line.sound:
            return None
        if stale_at > now and not now < line.wakes_at <= stale_at:
            shared.timers.set(Due.LINE, key, stale_at)
            line.wakes_at = stale_at
        if price is not None and not aged:
            shared.timers.set(Due.LINE, key, price.at + settings.price_age)
        if line.outdated or price is not None:
            line.seen, line.fair = self._views.of(line, None if aged else price, now)
            line.outdated = False
        return None if hidden else line.seen

    def _value(self, line: QuotedLine, now: Instant) -> None:
        """Update the fair price at which the position of a line is valued while the line may not be quoted."""
        if line.outdated and line.book.known and line.key in self._shared.ledger.positions:
            line.seen, line.fair = self._views.of(line, self._given.fresh(line.key, now), now)
            line.outdated = False

    def _raised(self, sport_event: SportEvent, lines: RuleLines, raised: BaseException, now: Instant) -> None:
        """Stop quoting a sport event for a minute, because its strategy raised an exception."""
        shared = self._shared
        reason = f"{type(raised).__name__}: {raised} ({place_of(raised)})"
        shared.hold("strategy", sport_event.sport_event_id, reason, now)
        shared.outbox.alert(Severity.WARNING, "strategy.raised", sport_event=sport_event.sport_event_id, error=reason)
        shared.timers.set(Due.SPORT_EVENT, sport_event.sport_event_id, now + MINUTE)
        lines.look_at_all()
        for line in lines.lines:
            self._want_nothing(line, f"strategy: {reason}")

    # --- comparing ------------------------------------------------------------------------------------------------

    def _want_nothing(self, line: QuotedLine, why: str) -> None:
        self._shared.cut.pop(line.key, None)
        self._settle(line, Wanted((), why))

    def _settle(self, line: QuotedLine, wanted: Wanted) -> None:
        """Set the targets of a line (the wagers that should be open). If the targets or the wagers of the line changed,
        compare the targets with the wagers."""
        line.wanted = wanted
        targets, comparison, own = wanted.targets, line.comparison, line.own_changes
        if own == comparison.own_changes and targets == comparison.targets:
            return
        if line.live:
            bounds = self._targets.bounds(line)
            line.comparison = comparison = compare(line, targets, bounds, self._shared.settings.min_stake)
            if comparison.keep or comparison.cancel:
                self.compared.append(comparison)
        else:
            line.comparison = comparison = Comparison(targets, own, targets)
        if comparison.place:
            self.to_place.put(line)
        else:
            self.to_place.drop(line.key)

    # --- rules and guards of a sport event-------------------------------------------------------------------------

    def _sort(self, sport_event: SportEvent, old: SportEventLines | None, now: Instant) -> SportEventLines:
        """Find the quoting rule that applies to each line of a sport event."""
        self._stale.pop(sport_event.sport_event_id, None)
        lines, left = self._by_rule.sort(sport_event, old, now)
        for line in lines:
            self.lines[line.key] = line
            if line.key in self.to_place.lines and line.comparison.place:
                self.to_place.put(line)
        for line in left:
            self._want_nothing(line, "no rule matches")
            self.lines.pop(line.key, None)
        for of_rule in old.by_rule.values() if old is not None else ():
            of_rule.dissolve()
        self.sport_events[sport_event.sport_event_id] = lines
        self._by_rule.wake_for_windows(sport_event, now)
        return lines

    def _judge_sport_event(self, sport_event: SportEvent, lines: SportEventLines, now: Instant) -> None:
        """Hold and lift the guards (reasons not to quote) of a sport event. Before the start is near, these guards
        change only when the sport event itself changes."""
        lines.judged = sport_event
        lines.judged_until, back = self._sport_event_guards.judge(sport_event, now)
        if back:
            for line in lines:
                self._shared.books.distrust(line.key)
                self.book_changed(line.key)

    def _forget_memos(self, lines: RuleLines) -> None:
        """Drop the cached results for the lines of a rule."""
        lines.look_at_all()
        for line in lines.lines:
            line.outdated = True
            line.seen = None
            line.wanted = Wanted((), None)


def _cancel_rejected(line: QuotedLine) -> bool:
    """Return true if the cancel of a wager on the line was rejected, and no new cancel of the wager is on its way."""
    return any(wager.cancel_sent_at is not None and wager.state is not State.CANCELLING for wager in line.live.values())
