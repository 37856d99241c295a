"""From books to wagers: which rule a line falls under, what its strategy wants, and what follows for
what rests there."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey, SportEvent
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, Instant, in_seconds
from mmbot.domain.odds import Side, implied
from mmbot.domain.wager_states import State
from mmbot.engine.books.catalogue import TRADEABLE, UNLISTED
from mmbot.engine.quoting.decide_targets import Targets
from mmbot.engine.quoting.diff import diff
from mmbot.engine.quoting.quoted_line import HIDDEN, NO_ROOM, EventSlots, Group, Pending, Slot
from mmbot.engine.quoting.target import Live, Target
from mmbot.engine.quoting.view import Views
from mmbot.engine.requests import Level
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.strategy.interface import EventView, ask, decision_of
from mmbot.strategy.rules import matching_rule

SOONEST: Final = 10 * MILLISECOND
"""A strategy that wants to be asked again is asked no sooner than this."""

_FOREVER: Final[Instant] = 1 << 63


class Quoting:
    """Looks at dirty events: guards, strategy, targets, and the difference to what rests."""

    def __init__(self, shared: Shared, cancelling: Cancelling, views: Views) -> None:
        self._shared: Final = shared
        self._cancelling: Final = cancelling
        self._views: Final = views
        self._targets: Final = Targets(shared, views)
        self.events: Final[dict[int, EventSlots]] = {}
        self.slots: Final[dict[LineKey, Slot]] = {}
        self.pending: Final = Pending()
        self._stale: Final[dict[int, None]] = {}
        self.looks = 0
        """How many lines were looked at so far."""

    # --- what changed ---------------------------------------------------------------------------------------------

    def forget(self, event: int) -> None:
        """The catalogue of an event changed: its lines fall under rules anew."""
        self._stale[event] = None
        self._shared.dirty_events[event] = None

    def drop(self, events: Container[int]) -> None:
        """Events are over: nothing of them is looked at any more."""
        for event in [event for event in self.events if event in events]:
            slots = self.events.pop(event)
            for slot in slots:
                self.slots.pop(slot.key, None)
                self.pending.drop(slot.key)
                self._shared.cut.pop(slot.key, None)
            for group in slots.groups.values():
                group.dissolve()
            self._stale.pop(event, None)

    def mark(self, slot: Slot) -> None:
        """What a line's strategy is shown of it is out of date."""
        slot.dirty = True
        slot.group.dirty[slot] = None
        self._shared.dirty_events[slot.key.event] = None

    def book_came(self, slot: Slot) -> None:
        """A message replaced the book of a line. If it is another only where its strategy does not look, nothing is to
        be looked at: each wager of ours hides one level at most, so that many more are compared."""
        state, depth = slot.book, slot.depth
        former = state.former
        if former is not None and depth is not None and state.own.certain and not slot.dirty and slot.shown:
            reach = depth + len(slot.live)
            (was_0, was_1), (under_0, under_1) = former.sides, state.book.sides
            if was_0[:reach] == under_0[:reach] and was_1[:reach] == under_1[:reach]:
                return
        self.mark(slot)

    def book_changed(self, line: LineKey) -> None:
        """A line's book changed."""
        slot = self.slots.get(line)
        if slot is not None:
            self.mark(slot)

    def own_changed(self, line: LineKey) -> None:
        """Own wagers or the position of a line changed."""
        slot = self.slots.get(line)
        if slot is None:
            self._shared.books.own_changed(line)
            return
        slot.book.own_changed()
        slot.touched = True
        if slot.group.several:
            slot.group.moved[line.market] = None
        self.mark(slot)

    def placed(self, served: Sequence[tuple[Slot, bool]]) -> None:
        """Take over that wagers were placed on these lines, each with whether it got all that it wanted.

        A line that did needs no second look, unless the wagers took room that a line of its group may need, or another
        wager of the line is on its way out: its cancel may have been rejected since.
        """
        for slot, whole in served:
            group = slot.group
            room, soft = self._shared.exposure.wide(slot.key)
            if whole and not slot.leaving and not group.several and not soft and not group.soft and group.needs <= room:
                slot.book.own.await_placed()
            else:
                self.own_changed(slot.key)

    def market_changed(self, market: MarketKey) -> None:
        """The room in a market changed, by wagers that are on none of its lines."""
        for slot in self.events.get(market.event, ()):
            if slot.key.market == market.market:
                self.own_changed(slot.key)

    def line_due(self, line: LineKey) -> None:
        """A line's timer is due: its book or price may have aged, or a pause is over."""
        slot = self.slots.get(line)
        if slot is not None:
            slot.wakes_at = 0
        self.own_changed(line)

    def price_given(self, line: LineKey, side: Side, probability: float, at: Instant, now: Instant) -> None:
        """The user's own price of an outcome. One that is older than what is known changes nothing."""
        if self._views.price_given(line, probability if side == 0 else 1.0 - probability, min(at, now)):
            slot = self.slots.get(line)
            if slot is not None:
                self.mark(slot)
                slot.group.anew()
            self._shared.dirty_events[line.event] = None

    def timer(self, event: int, now: Instant) -> None:
        """An event's timer is due: a strategy's pause may be over, a window may have opened or closed."""
        self._shared.hold("strategy", event, None, now)
        self.forget(event)

    # --- looking --------------------------------------------------------------------------------------------------

    def look(self, event_id: int, quotable: bool, now: Instant) -> int:
        """Look at one event; returns how many lines that was about. Without ``quotable`` (life's order does not allow
        it) nothing is wanted anywhere."""
        shared = self._shared
        event = shared.catalogue.events.get(event_id)
        if event is None:
            return 0
        slots = self.events.get(event_id)
        if slots is None or event_id in self._stale:
            slots = self._assign(event, slots, now)
        if slots.judged is not event or slots.judged_until <= now:
            self._judge_event(event, slots, now)
        held = shared.guards.held
        if not quotable or ACCOUNT in held or event_id in held:
            for slot in slots:
                self._views.value(slot, now)
                self._want_nothing(slot, shared.guards.why(slot.key) or "starting")
            for group in slots.groups.values():
                group.anew()
            lines = sum(len(group.slots) for group in slots.groups.values())
            self.looks += lines
            return lines
        lines = 0
        for group in slots.groups.values():
            lines += len(group.dirty) if group.guards_at == shared.guards.changes else len(group.slots)
            self._look_at(event, group, now)
        self.looks += lines
        return lines

    def _look_at(self, event: SportEvent, group: Group, now: Instant) -> None:
        """Ask the strategy about a group, and settle each line of which something is another than it was.

        What did not change costs nothing: a line is looked at if it is dirty, and every line only if a guard, the
        feed's coverage or the ladder changed, or the room that the wider scopes leave became less than some line needs.
        """
        shared = self._shared
        ladder = shared.ladder
        if ladder is None:
            group.anew()
            return
        room, soft = shared.exposure.wide(group.slots[0].key)
        guards_at, generation = shared.guards.changes, shared.coverage.of(event.event_id).generation
        every = group.guards_at != guards_at or group.generation != generation or group.ladder is not ladder
        changed, group.dirty = group.dirty, {}
        if group.restless:
            changed.update(dict.fromkeys(group.restless))
        moved = group.moved
        if moved:
            group.moved = {}
        if every or not self._renew(group, changed, now):
            self._renew_all(group, now)
            every = True
        if not group.open:
            return
        anew = soft or group.soft
        try:
            result = None if every else group.result
            lines: tuple[LineKey, ...] | None = ()
            wake_at = None
            if result is None:
                start = None if event.scheduled is None else shared.on_clock(event.scheduled)
                view = EventView(event, tuple(group.views), ladder, now, start)
                result = ask(shared.strategies[group.rule], view, group.state)
                lines, wake_at = result.changed, result.wake_at
            # Otherwise all that the strategy was shown last stands, and so does what it said.
            decisions = result.decisions
            all_slots = every or anew or bool(moved) or group.needs > room or lines is None
            if lines is not None and not all_slots:
                for line in lines:
                    other = self.slots.get(line)
                    if other is not None:
                        changed[other] = None
            needs = 0 if all_slots else group.needs
            wants: list[tuple[Slot, tuple[Target, ...], str | None]] = []
            for slot in group.open if all_slots else changed:
                if slot.group is not group or slot.place == HIDDEN:
                    continue
                decision = decision_of(decisions.get(slot.key))
                again = anew or slot.needs > room or (bool(moved) and slot.market.key.market in moved)
                if every or again or slot.touched or decision is not slot.decision or slot.judged is not slot.view:
                    targets, why = self._targets.of(slot, decision, ladder, again, room, now)
                    wants.append((slot, targets, why))
                if slot.needs > needs:
                    needs = slot.needs
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - a user's code: it stops this event and nothing else
            self._raised(event, group, raised, now)
            return
        group.result, group.state, group.needs, group.soft = result, result.state, needs, soft
        group.guards_at, group.generation, group.ladder = guards_at, generation, ladder
        if wake_at is not None:
            shared.timers.set(Due.EVENT, event.event_id, max(wake_at, now + SOONEST))
        for slot, targets, why in wants:
            self._settle(slot, targets, why)

    def _renew(self, group: Group, changed: Iterable[Slot], now: Instant) -> bool:
        """Bring the views of some lines up to date; False if a line came to be shown, or is shown no more."""
        views = group.views
        for slot in changed:
            view = self._views.of(slot, now)
            place = slot.place
            if (view is None) is not (place == HIDDEN):
                return False
            if view is None:
                self._want_nothing(slot, self._shared.guards.why(slot.key) or "no book")
            elif view is not views[place]:
                views[place] = view
                group.result = None
        return True

    def _renew_all(self, group: Group, now: Instant) -> None:
        """Bring every view up to date. A line that is not shown is to have nothing resting."""
        group.open = []
        group.views = []
        for slot in group.slots:
            view = self._views.of(slot, now)
            if view is None:
                slot.place = HIDDEN
                self._want_nothing(slot, self._shared.guards.why(slot.key) or "no book")
            else:
                slot.place = len(group.views)
                group.open.append(slot)
                group.views.append(view)
        group.restless = [slot for slot in group.slots if slot.restless]

    def _raised(self, event: SportEvent, group: Group, raised: BaseException, now: Instant) -> None:
        """A strategy raised: its event is not quoted for a minute."""
        shared = self._shared
        reason = f"{type(raised).__name__}: {raised} ({_place(raised)})"
        shared.hold("strategy", event.event_id, reason, now)
        shared.alert(Level.ERROR, "strategy.raised", event=event.event_id, error=reason)
        shared.timers.set(Due.EVENT, event.event_id, now + MINUTE)
        group.anew()
        for slot in group.slots:
            self._want_nothing(slot, f"strategy: {reason}")

    def _settle(self, slot: Slot, targets: tuple[Target, ...], why: str | None) -> None:
        """Compare what is wanted with what rests."""
        if targets == slot.targets and not slot.touched:
            slot.why = why if not targets else slot.why
            return
        slot.targets = targets
        slot.touched = False
        slot.why = why
        live = []
        if slot.live:
            bounds = self._views.bounds(slot)
            for wager in slot.live.values():
                if wager.foreign or wager.hedge:
                    continue
                side, odds = wager.side, wager.odds
                fading = wager.state is State.CANCELLING
                if not fading and bounds is not None and implied(odds) > bounds[side]:
                    self._cancelling.want(wager)  # no tolerance keeps such a one
                else:
                    live.append(Live(wager.external_id, side, odds, wager.remaining, fading))
        if not live:
            slot.pending = targets
            slot.leaving = bool(slot.live)
        else:
            change = diff(targets, live, self._shared.settings.min_stake)
            slot.pending = change.place
            slot.leaving = len(change.keep) < len(slot.live)
            for external_id in change.keep:
                self._cancelling.keep(external_id)
            for external_id in change.cancel:
                self._cancelling.want(slot.live[external_id])
        if slot.pending:
            self.pending.put(slot)
        else:
            self.pending.drop(slot.key)

    def look_at_cut(self) -> None:
        """Limits may leave more room than they did: what was cut because of them is cut anew."""
        shared = self._shared
        for line, moves in shared.cut.items():
            if moves != shared.moves:
                self._shared.dirty_events[line.event] = None

    def _want_nothing(self, slot: Slot, why: str) -> None:
        self._shared.cut.pop(slot.key, None)
        slot.asked = False
        slot.judged = None
        slot.needs = NO_ROOM
        self._settle(slot, (), why)

    # --- rules and guards of the event ----------------------------------------------------------------------------

    def _assign(self, event: SportEvent, old: EventSlots | None, now: Instant) -> EventSlots:
        """Put the lines of an event under the rules that match them."""
        shared = self._shared
        self._stale.pop(event.event_id, None)
        slots = EventSlots()
        known: dict[LineKey, Slot] = {slot.key: slot for slot in old} if old is not None else {}
        states = {rule: group.state for rule, group in old.groups.items()} if old is not None else {}
        schedule = shared.clock.schedule(now)
        for market in shared.catalogue.markets.get(event.event_id, {}).values():
            rule = matching_rule(shared.config.quoting, event, market, schedule)
            if rule is None:
                continue
            for listed in market.lines:
                line = shared.catalogue.lines.get(listed.key, listed)
                shared.exposure.register(line.key, event.tournament_id, shared.config.quoting[rule].limits)
                slot = Slot(
                    line,
                    market,
                    rule,
                    shared.exposure.stake_limit(line.key),
                    shared.depths[rule],
                    shared.books.of(line.key),
                    shared.ledger.live_wagers.line(line.key),
                )
                self._views.take_early(line, now)
                former = known.pop(line.key, None)
                if former is not None:
                    slot.targets, slot.pending = former.targets, former.pending
                slots.add(slot, states.get(rule))
                self.slots[line.key] = slot
                if line.key in self.pending.lines and slot.pending:
                    self.pending.put(slot)
        for slot in known.values():  # no rule any more, or off the board
            self._want_nothing(slot, "no rule matches")
            self.slots.pop(slot.key, None)
        for group in old.groups.values() if old is not None else ():
            group.dissolve()
        self.events[event.event_id] = slots
        self._wake_for_windows(event, now)
        return slots

    def _wake_for_windows(self, event: SportEvent, now: Instant) -> None:
        """Rules with a window of hours to the start match from and until an instant."""
        if event.scheduled is None:
            return
        start = self._shared.on_clock(event.scheduled)
        edges = [start - self._shared.settings.stop_before_start]
        for rule in self._shared.config.quoting:
            if rule.match.hours_to_start is not None:
                edges += [start - round(hours * HOUR) + 1 for hours in rule.match.hours_to_start]
        later = [edge for edge in edges if edge > now]
        if later:
            self._shared.timers.set(Due.EVENT, event.event_id, min(later))

    def _judge_event(self, event: SportEvent, slots: EventSlots, now: Instant) -> None:
        """Judge the event's own guards; they stand while the event is the same, until its start is near."""
        shared = self._shared
        key = event.event_id
        closed = shared.guards.holds("unlisted", key) or shared.guards.holds("live", key)
        unlisted = event.status == UNLISTED
        live = not unlisted and event.status not in TRADEABLE
        shared.judge("unlisted", key, "taken off the list" if unlisted else None, now)
        shared.judge("live", key, f"status {event.status}" if live else None, now)
        if closed and not unlisted and not live:  # it is back, and nobody kept its books while it was away
            for slot in slots:
                shared.books.distrust(slot.key)
                self.book_changed(slot.key)
        reason = None
        slots.judged, slots.judged_until = event, _FOREVER
        if event.scheduled is None:
            reason = "no known start"
        else:
            near = shared.on_clock(event.scheduled) - shared.settings.stop_before_start
            if near <= now:
                reason = f"within {in_seconds(shared.settings.stop_before_start):g} s of its start, or past it"
            else:
                slots.judged_until = near
        shared.judge("start", key, reason, now)


def _place(raised: BaseException) -> str:
    """Where something was raised: the innermost file and line."""
    trace = raised.__traceback__
    place = "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
