"""From books to targets: which rule a line falls under, what guards it, what its strategy wants, and what follows for
the wagers that rest there."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Final, NamedTuple

import msgspec

from mmbot.domain.book import Book, Fair, fair_from
from mmbot.domain.catalogue import Line, LineKey, Market, SportEvent
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, Instant, in_seconds
from mmbot.domain.lifecycle import State
from mmbot.domain.money import Cents
from mmbot.domain.odds import Ladder, Odds, Side, implied, per_hundred, stake_for_payout
from mmbot.domain.position import Position
from mmbot.engine.books import BookState
from mmbot.engine.cancelling import Cancelling
from mmbot.engine.catalogue import TRADEABLE, UNLISTED
from mmbot.engine.desk import Desk
from mmbot.engine.diff import Live, Target, diff
from mmbot.engine.guards import ACCOUNT, shown
from mmbot.engine.profit import Profit
from mmbot.engine.requests import Level
from mmbot.engine.timers import Due
from mmbot.engine.wagers import Wager
from mmbot.strategy.interface import Decision, EventView, Given, LineView, NoQuote, Quote
from mmbot.strategy.rules import matching_rule

NOTHING: Final = Position()
"""The position of a line on which nothing was ever placed. Never written to."""

MOST_QUOTES: Final = 40
"""Quotes that a strategy may want on one line."""

_LINE_GUARDS: Final = ("inactive", "outcomes", "book_unread", "book_age", "reconciliation", "price_age")

EARLY: Final = 10_000
"""Prices of outcomes that are not on the board which are kept at most."""

SOONEST: Final = 10 * MILLISECOND
"""A strategy that wants to be asked again is asked no sooner than this."""

_NO_OWN: Final[list[Wager]] = []

_NO_ROOM: Final[Cents] = 1 << 62
"""More than any scope has: targets that were cut are cut anew whenever something moved."""


class _Basis(NamedTuple):
    """What targets follow from. While it is the same, so are they."""

    decision: Decision | None
    fair: float | None
    best_0: Odds | None
    best_1: Odds | None
    moves: int
    ladder: Ladder


class Slot:
    """One line under a rule."""

    __slots__ = (
        "basis",
        "fair",
        "guards_at",
        "judged",
        "line",
        "market",
        "matches",
        "most",
        "needs",
        "pending",
        "rule",
        "sound",
        "state",
        "targets",
        "touched",
        "view",
        "wanted",
        "why",
    )

    def __init__(self, line: Line, market: Market, rule: int, most: Cents) -> None:
        self.line = line
        self.market = market
        self.rule = rule
        self.most = most
        """The largest stake of one wager."""
        self.sound = (
            line.status == "active"
            and market.status == "active"
            and len(line.outcomes) == 2
            and all(outcome.line_id for outcome in line.outcomes)
        )
        """Open, with two outcomes that can be backed."""
        self.view: LineView | None = None
        self.fair: float | None = None
        """Of outcome 0: the user's own price if there is one, otherwise the book's."""
        self.targets: tuple[Target, ...] = ()
        self.pending: tuple[Target, ...] = ()
        """What is still to be placed."""
        self.why: str | None = "not looked at yet"
        """Why nothing is wanted, or why what is wanted cannot be placed."""
        self.basis: _Basis | None = None
        self.wanted: tuple[tuple[Target, ...], str | None] = ((), None)
        """What followed from ``basis``."""
        self.touched = True
        """Own wagers or the position changed since the last look."""
        self.matches = 0
        self.state: BookState | None = None
        """The line's book."""
        self.guards_at = -1
        """``Guards.changes`` when it was last found that none holds over the line; -1 where one does, or where the
        user's own price, which ages, is part of the view."""
        self.judged: LineView | None = None
        """The view that ``wanted`` follows from."""
        self.needs: Cents = _NO_ROOM
        """With less room than this in the event, the tournament or the account, ``wanted`` may be less."""


class EventSlots:
    """The lines of one event by rule, with the strategies' states."""

    __slots__ = ("by_rule", "moved", "states")

    def __init__(self) -> None:
        self.by_rule: dict[int, list[Slot]] = {}
        self.states: dict[int, object] = {}
        self.moved = True
        """Own wagers or the position of one of the lines changed since they were last looked at."""


class Quoting:
    """Looks at dirty events: guards, strategy, targets, and the difference to what rests."""

    def __init__(self, desk: Desk, cancelling: Cancelling, profit: Profit) -> None:
        self._desk = desk
        self._cancelling = cancelling
        self._profit = profit
        self.events: dict[int, EventSlots] = {}
        self.slots: dict[LineKey, Slot] = {}
        self.pending: dict[LineKey, Slot] = {}
        """Lines with something to place, in order of being looked at."""
        self._prices: dict[LineKey, tuple[float, Instant]] = {}
        self._early: dict[str, tuple[float, Instant]] = {}
        self._stale: dict[int, None] = {}

    # --- what changed ---------------------------------------------------------------------------------------------

    def forget(self, event: int) -> None:
        """The catalogue of an event changed: its lines fall under rules anew."""
        self._stale[event] = None
        self._desk.dirty_events[event] = None

    def book_changed(self, line: LineKey) -> None:
        """A line's book changed."""
        slot = self.slots.get(line)
        if slot is not None:
            slot.view = None
            self._desk.dirty_events[line.event] = None

    def own_changed(self, line: LineKey) -> None:
        """Own wagers or the position of a line changed."""
        self._desk.books.touch(line)
        slots = self.events.get(line.event)
        if slots is not None:
            slots.moved = True
        slot = self.slots.get(line)
        if slot is not None:
            slot.view = None
            slot.touched = True
            self._desk.dirty_events[line.event] = None

    def fair_of(self, line: LineKey, book: Book, now: Instant) -> float | None:
        """The fair probability of outcome 0 now: the user's own if there is one, otherwise that of a net book."""
        price = self._prices.get(line)
        if price is not None and price[1] + self._desk.settings.price_age > now:
            return price[0]
        fair = fair_from(book, self._desk.settings.max_gap)
        return None if fair is None else fair.probability

    def price_early(self, line_id: str, probability: float, at: Instant) -> None:
        """The user's own price of an outcome that is not on the board yet: kept until it is, the newest ones."""
        self._early.pop(line_id, None)
        self._early[line_id] = (probability, at)
        if len(self._early) > EARLY:
            del self._early[next(iter(self._early))]

    def price_given(self, line: LineKey, side: Side, probability: float, at: Instant, now: Instant) -> None:
        """The user's own price of an outcome. One that is older than what is known changes nothing."""
        at = min(at, now)
        known = self._prices.get(line)
        if known is not None and known[1] > at:
            return
        self._prices[line] = (probability if side == 0 else 1.0 - probability, at)
        slot = self.slots.get(line)
        if slot is not None:
            slot.view = None
        self._desk.dirty_events[line.event] = None
        self._desk.timers.set(Due.LINE, line, at + self._desk.settings.price_age)

    # --- looking --------------------------------------------------------------------------------------------------

    def look(self, event_id: int, quotable: bool, now: Instant) -> None:
        """Look at one event. Without ``quotable`` (life's order does not allow it) nothing is wanted anywhere."""
        desk = self._desk
        event = desk.catalogue.events.get(event_id)
        if event is None:
            return
        slots = self.events.get(event_id)
        if slots is None or event_id in self._stale:
            slots = self._assign(event, slots, now)
        self._guard_event(event, now)
        if not quotable or desk.guards.any(ACCOUNT) or desk.guards.any(event_id):
            for lines in slots.by_rule.values():
                for slot in lines:
                    self._value(slot, now)
                    self._want_nothing(slot, desk.guards.why(slot.line.key) or "starting")
            return
        moved, slots.moved = slots.moved, False
        for rule, lines in slots.by_rule.items():
            self._look_at_rule(event, slots, rule, lines, moved, now)

    def _look_at_rule(
        self, event: SportEvent, slots: EventSlots, rule: int, lines: list[Slot], moved: bool, now: Instant
    ) -> None:
        desk = self._desk
        ladder = desk.ladder
        if ladder is None:
            slots.moved = True
            return
        room, soft = desk.exposure.wide(lines[0].line.key)
        if moved or soft:
            room = -_NO_ROOM  # every target is cut anew
        guards_at, connection, stale = desk.guards.changes, desk.books.connection, now - desk.settings.book_age
        views: list[LineView] = []
        open_slots: list[Slot] = []
        for slot in lines:
            seen, state = slot.view, slot.state
            if (
                seen is None
                or state is None
                or slot.guards_at != guards_at
                or state.connection != connection
                or state.differed >= 2
                or (state.message_at <= stale and state.read_at <= stale)
            ):
                seen = self._view(slot, now)
            if seen is None:
                self._want_nothing(slot, desk.guards.why(slot.line.key) or "no book")
            else:
                views.append(seen)
                open_slots.append(slot)
        if not views:
            return
        start = None if event.scheduled is None else desk.on_clock(event.scheduled)
        view = EventView(event=event, lines=tuple(views), ladder=ladder, now=now, start=start)
        try:
            result = desk.strategies[rule].quote(view, slots.states.get(rule))
            decisions: Mapping[LineKey, Decision] = result.decisions
            wants: list[tuple[Slot, tuple[Target, ...], str | None]] = []
            for slot in open_slots:
                decision = decisions.get(slot.line.key)
                basis = slot.basis
                if (
                    basis is not None
                    and basis.decision is decision
                    and slot.judged is slot.view
                    and slot.needs <= room
                    and slot.guards_at == guards_at
                    and basis.ladder is ladder
                    and not slot.touched
                ):
                    continue  # nothing that it follows from is another
                targets, why = self._targets(slot, decision, ladder, room, now)
                wants.append((slot, targets, why))
            wake_at = None if result.wake_at is None else max(int(result.wake_at), now + SOONEST)
            state = result.state
        except Exception as raised:  # noqa: BLE001 - a user's code: whatever it raises stops this event and no other
            reason = f"{type(raised).__name__}: {raised} ({_place(raised)})"
            desk.hold("strategy", event.event_id, reason, now)
            desk.alert(Level.ERROR, "strategy.raised", event=event.event_id, error=reason)
            desk.timers.set(Due.EVENT, event.event_id, now + MINUTE)
            slots.moved = True
            for slot in lines:
                self._want_nothing(slot, f"strategy: {reason}")
            return
        slots.states[rule] = state
        if wake_at is not None:
            desk.timers.set(Due.EVENT, event.event_id, wake_at)
        for slot, targets, why in wants:
            self._settle(slot, targets, why)

    def _settle(self, slot: Slot, targets: tuple[Target, ...], why: str | None) -> None:
        """Compare what is wanted with what rests."""
        if targets == slot.targets and not slot.touched:
            slot.why = why if not targets else slot.why
            return
        slot.targets = targets
        slot.touched = False
        slot.why = why
        desk = self._desk
        key = slot.line.key
        live = [
            Live(wager.external_id, wager.side, wager.odds, wager.remaining, wager.state is State.CANCELLING)
            for wager in desk.ledger.live(key)
            if not wager.foreign and not wager.hedge
        ]
        for wager in live:
            if not wager.fading and self._off_fair(slot, wager.side, wager.odds):  # no tolerance keeps such a one
                self._cancel(wager.external_id)
        live = [wager for wager in live if wager.fading or not self._off_fair(slot, wager.side, wager.odds)]
        if not live:
            slot.pending = targets
        else:
            change = diff(targets, live, desk.settings.min_stake)
            slot.pending = change.place
            for external_id in change.keep:
                self._cancelling.keep(external_id)
            for external_id in change.cancel:
                self._cancel(external_id)
        if slot.pending:
            self.pending[key] = slot
        else:
            self.pending.pop(key, None)

    def _cancel(self, external_id: str) -> None:
        wager = self._desk.ledger.get(external_id)
        if wager is not None:
            self._cancelling.want(wager)

    def _want_nothing(self, slot: Slot, why: str) -> None:
        slot.judged = None
        slot.needs = _NO_ROOM
        self._settle(slot, (), why)

    # --- rules and guards -----------------------------------------------------------------------------------------

    def _assign(self, event: SportEvent, old: EventSlots | None, now: Instant) -> EventSlots:
        """Put the lines of an event under the rules that match them."""
        desk = self._desk
        self._stale.pop(event.event_id, None)
        slots = EventSlots()
        known: dict[LineKey, Slot] = {}
        if old is not None:
            slots.states = old.states
            known = {slot.line.key: slot for lines in old.by_rule.values() for slot in lines}
        schedule = desk.schedule(now)
        for market in desk.catalogue.markets.get(event.event_id, {}).values():
            rule = matching_rule(desk.config.quoting, event, market, schedule)
            if rule is None:
                continue
            for listed in market.lines:
                line = desk.catalogue.lines.get(listed.key, listed)
                desk.exposure.register(line.key, event.tournament_id, desk.config.quoting[rule].limits)
                slot = Slot(line, market, rule, desk.exposure.stake_limit(line.key))
                if self._early:
                    self._take_early(line, now)
                before = known.pop(line.key, None)
                if before is not None:
                    slot.targets, slot.matches, slot.pending = before.targets, before.matches, before.pending
                slots.by_rule.setdefault(rule, []).append(slot)
                self.slots[line.key] = slot
                if line.key in self.pending:
                    self.pending[line.key] = slot
        for slot in known.values():  # no rule any more, or off the board
            self._want_nothing(slot, "no rule matches")
            self.slots.pop(slot.line.key, None)
        self.events[event.event_id] = slots
        self._wake_for_windows(event, now)
        return slots

    def _take_early(self, line: Line, now: Instant) -> None:
        for side, outcome in enumerate(line.outcomes):
            early = self._early.pop(outcome.line_id, None)
            if early is not None:
                self.price_given(line.key, side, early[0], early[1], now)

    def _wake_for_windows(self, event: SportEvent, now: Instant) -> None:
        """Rules with a window of hours to the start match from and until an instant."""
        if event.scheduled is None:
            return
        start = self._desk.on_clock(event.scheduled)
        edges = [start - self._desk.settings.stop_before_start]
        for rule in self._desk.config.quoting:
            if rule.match.hours_to_start is not None:
                edges += [start - round(hours * HOUR) + 1 for hours in rule.match.hours_to_start]
        later = [edge for edge in edges if edge > now]
        if later:
            self._desk.timers.set(Due.EVENT, event.event_id, min(later))

    def _guard_event(self, event: SportEvent, now: Instant) -> None:
        desk = self._desk
        key = event.event_id
        unlisted = event.status == UNLISTED
        live = not unlisted and event.status not in TRADEABLE
        self._set("unlisted", key, "taken off the list" if unlisted else None, now)
        self._set("live", key, f"status {event.status}" if live else None, now)
        reason = None
        if event.scheduled is None:
            reason = "no known start"
        else:
            left = event.scheduled - desk.schedule(now)
            if left <= desk.settings.stop_before_start:
                reason = f"within {in_seconds(desk.settings.stop_before_start):g} s of its start, or past it"
        self._set("start", key, reason, now)

    def timer(self, event: int, now: Instant) -> None:
        """An event's timer is due: a strategy's pause may be over, a window may have opened or closed."""
        self._desk.hold("strategy", event, None, now)
        self.forget(event)

    def _set(self, guard: str, scope: int | LineKey, reason: str | None, now: Instant) -> bool:
        guards = self._desk.guards
        if reason is None:
            if not guards.any(scope) or not guards.clear(guard, scope):
                return False
        elif guards.holds(guard, scope) or not guards.hold(guard, scope, reason, now):
            return False
        name = "guard.cleared" if reason is None else "guard.held"
        self._desk.alert(Level.INFO, name, guard=guard, scope=shown(scope), reason=reason)
        return True

    def _view(self, slot: Slot, now: Instant) -> LineView | None:
        """A line as its strategy sees it; None while a guard of the line holds."""
        desk, settings = self._desk, self._desk.settings
        key = slot.line.key
        state = desk.books.get(key)
        price = self._prices.get(key)
        aged = price is not None and price[1] + settings.price_age <= now
        guarded = desk.guards.any(key)
        stale_at = state.fresh_at + settings.book_age if state is not None else 0
        current = state is not None and state.known and state.connection == desk.books.connection
        if guarded or aged or not slot.sound or not current or stale_at <= now or (state and state.doubtful):
            reasons = self._line_reasons(slot, state, aged, now)
            for guard in _LINE_GUARDS:
                self._set(guard, key, reasons.get(guard), now)
            guarded = desk.guards.any(key) and not desk.guards.only("off_fair", key)  # that clears by asking again
        if state is None or not current or not slot.sound:
            return None
        if stale_at > now:
            desk.timers.set(Due.LINE, key, stale_at)
        if price is not None and not aged:
            desk.timers.set(Due.LINE, key, price[1] + settings.price_age)
        if slot.view is None or price is not None:
            self._build_view(slot, state, price, aged, now)
        if guarded:
            return None
        slot.state = state
        slot.guards_at = desk.guards.changes if price is None and not desk.guards.any(key) else -1
        return slot.view

    def _line_reasons(self, slot: Slot, state: BookState | None, aged: bool, now: Instant) -> dict[str, str]:
        """Why the line's own guards hold, by guard."""
        settings = self._desk.settings
        line = slot.line
        reasons: dict[str, str] = {}
        if line.status != "active" or slot.market.status != "active":
            reasons["inactive"] = f"market {slot.market.status}, line {line.status}"
        if len(line.outcomes) != 2 or not line.outcomes[0].line_id or not line.outcomes[1].line_id:
            reasons["outcomes"] = "not two outcomes with a line id"
        if state is None or not state.known or state.connection != self._desk.books.connection:
            reasons["book_unread"] = "not read since the last connect"
            return reasons
        if state.fresh_at + settings.book_age <= now:
            reasons["book_age"] = "no message and no agreeing read"
        if state.doubtful:
            reasons["reconciliation"] = "differed in two reads running"
        if aged:
            reasons["price_age"] = "the user's price is too old"
        return reasons

    def _value(self, slot: Slot, now: Instant) -> None:
        """Keep the fair price of a line that holds a position, though it may not be quoted: its mark follows it."""
        key = slot.line.key
        state = self._desk.books.get(key)
        if slot.view is not None or state is None or not state.known or key not in self._desk.ledger.positions:
            return
        price = self._prices.get(key)
        aged = price is not None and price[1] + self._desk.settings.price_age <= now
        self._build_view(slot, state, price, aged, now)

    def _build_view(
        self, slot: Slot, state: BookState, price: tuple[float, Instant] | None, aged: bool, now: Instant
    ) -> None:
        desk, key = self._desk, slot.line.key
        own = [wager for wager in desk.ledger.live(key) if not wager.foreign] if desk.ledger.has_live(key) else _NO_OWN
        book = desk.books.net(state, own)
        fair: Fair | None = fair_from(book, desk.settings.max_gap)
        given = None if price is None or aged else Given(price[0], now - price[1])
        if given is not None:
            slot.fair = given.probability
        elif fair is not None:
            slot.fair = fair.probability
        else:
            slot.fair = None
        if slot.fair is not None:
            self._profit.fair(key, slot.fair)
        position = desk.ledger.positions.get(key, NOTHING)
        slot.view = LineView(
            line=slot.line,
            market=slot.market,
            book=book,
            fair=fair,
            given=given,
            profit=(position.profit[0], position.profit[1]),
        )

    # --- targets --------------------------------------------------------------------------------------------------

    def _targets(
        self, slot: Slot, decision: Decision | None, ladder: Ladder, room: Cents, now: Instant
    ) -> tuple[tuple[Target, ...], str | None]:
        """What a decision asks to have resting, within what the rules of money allow a quote to be. ``room`` is that of
        the wider scopes, ``-_NO_ROOM`` where the targets are to be cut anew."""
        view = slot.judged = slot.view
        if view is None or self._desk.guards.any(slot.line.key):
            slot.basis = None
            return self._wanted(slot, decision, ladder, now)
        under_0, under_1 = view.book.sides
        basis = _Basis(
            decision,
            slot.fair,
            under_0[0].odds if under_0 else None,
            under_1[0].odds if under_1 else None,
            slot.basis.moves if slot.basis is not None and slot.needs <= room else self._desk.moves,
            ladder,
        )
        if basis != slot.basis or slot.touched:
            slot.basis = basis
            slot.wanted = self._wanted(slot, decision, ladder, now)
        return slot.wanted

    def _wanted(
        self, slot: Slot, decision: Decision | None, ladder: Ladder, now: Instant
    ) -> tuple[tuple[Target, ...], str | None]:
        key = slot.line.key
        slot.needs = _NO_ROOM
        if decision is None:
            decision = NoQuote("the strategy said nothing of it")
        if isinstance(decision, NoQuote):
            self._set("off_fair", key, None, now)
            slot.needs = 0
            return (), decision.reason
        targets = []
        off: str | None = None
        if len(decision) > MOST_QUOTES:
            raise ValueError(f"{len(decision)} quotes on one line; at most {MOST_QUOTES}")
        for quote in decision:
            target = self._target(slot, quote, ladder)
            if isinstance(target, str):
                off = target
            elif target is not None:
                targets.append(target)
        if off is not None or self._desk.guards.any(key):
            self._set("off_fair", key, off, now)
        if off is not None:
            return (), f"off_fair: {off}"
        if key in self._desk.hedging:
            return (), "hedging"
        if not targets:
            return (), "nothing large enough to place"
        kept = self._cut(slot, targets)
        return tuple(kept), None if kept else f"{self._desk.exposure.level(key).name.lower()}: nothing reduces"

    def _target(self, slot: Slot, quote: Quote, ladder: Ladder) -> Target | str | None:
        """One quote on the ladder; a reason if it is off the fair price, None if it is too small or cannot rest."""
        desk = self._desk
        if quote.side not in (0, 1):
            raise ValueError(f"a quote's side is 0 or 1, not {quote.side!r}")
        if type(quote.payout) is not int or type(quote.odds) not in (int, NoneType):
            raise ValueError(f"a quote's payout is whole cents and its odds whole: {quote.payout!r}, {quote.odds!r}")
        if type(quote.priority) is not int:
            raise ValueError(f"a quote's priority is whole, not {quote.priority!r}")
        for tolerance in (quote.price_tolerance, quote.size_tolerance):
            if not 0.0 <= tolerance < 1.0:  # NaN is refused too
                raise ValueError(f"a quote's tolerances are at least 0 and below 1, not {tolerance!r}")
        odds = quote.odds
        if odds is None:
            if quote.probability is None or not 0.0 < quote.probability < 1.0:
                raise ValueError(f"a quote needs odds, or a probability in (0, 1), not {quote.probability!r}")
            odds = ladder.at_most(quote.probability)
        elif odds not in ladder:
            raise ValueError(f"odds {odds} are not on the exchange's ladder")
        shown = slot.view.book.sides[quote.side] if slot.view is not None else ()
        if odds is not None and shown and per_hundred(odds) <= per_hundred(shown[0].odds):
            odds = _just_longer(ladder, shown[0].odds)  # a quote rests; it never takes what is shown
        if odds is None:
            return None
        judge = self._judge(slot, quote.side)
        if judge is None:
            return "there was never a fair price to judge a quote by"
        if implied(odds) > judge + desk.settings.off_fair:
            return f"{odds:+d} implies {implied(odds):.3f}, fair is {judge:.3f}"
        stake = min(stake_for_payout(quote.payout, odds), slot.most)
        if stake < desk.settings.min_stake:
            return None
        return Target(quote.side, odds, stake, quote.priority, quote.price_tolerance, quote.size_tolerance)

    def _judge(self, slot: Slot, side: Side) -> float | None:
        """The fair probability that quotes on an outcome are judged by: the present one, or the last that was known."""
        fair = slot.fair if slot.fair is not None else self._profit.last_fair(slot.line.key)
        return None if fair is None else fair if side == 0 else 1.0 - fair

    def _off_fair(self, slot: Slot, side: Side, odds: Odds) -> bool:
        """Whether a wager at these odds gives away more than the fat-finger guard allows."""
        judge = self._judge(slot, side)
        return judge is not None and implied(odds) > judge + self._desk.settings.off_fair

    def _cut(self, slot: Slot, targets: list[Target]) -> list[Target]:
        """Cut targets to what the rules of money let rest: at soft and above that is what reduces."""
        desk, line = self._desk, slot.line.key
        position = desk.ledger.positions.get(line, NOTHING)
        room = [desk.exposure.most_resting(line, position, side) for side in (0, 1)]
        kept = []
        for target in targets:
            left = room[target.side]
            room[target.side] = left - target.stake
            if target.stake <= left:
                kept.append(target)
            elif left >= desk.settings.min_stake:
                kept.append(msgspec.structs.replace(target, stake=left))
        spare = min(room[target.side] for target in targets)
        slot.needs = desk.exposure.wide(line)[0] - spare if spare >= 0 else _NO_ROOM
        return kept


def _place(raised: BaseException) -> str:
    """Where something was raised: the innermost file and line."""
    trace = raised.__traceback__
    place = "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _just_longer(ladder: Ladder, odds: Odds) -> Odds | None:
    """The first rung longer than a price, which need not be on the ladder itself."""
    if odds in ladder:
        return ladder.longer(odds)
    return ladder.at_most(implied(odds))
