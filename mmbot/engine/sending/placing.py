"""Places quotes in the order of their priority. Just before a placement is sent, it is checked against the limits, the
funds, the number of open wagers, and our own wagers that it could match. A placement that is not allowed never delays
other placements."""

from __future__ import annotations

from collections.abc import Container
from operator import attrgetter
from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Duration, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.wager_states import State
from mmbot.engine.account.balance import Balance
from mmbot.engine.events import Answer, Failed, FailedItem, Failure, FailureReason, Placed
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports, HearsOfWagers
from mmbot.engine.quoting.decide_targets import HEDGED
from mmbot.engine.quoting.diff import self_match
from mmbot.engine.quoting.quoted_line import QuotedLine
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.quoting.target import Target
from mmbot.engine.quoting.view import NOTHING
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.records import SaveDecision
from mmbot.engine.requests import BATCH, PlaceMany, Placement, Request
from mmbot.engine.risk.guards import ACCOUNT
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.external_ids import QUOTE, ExternalIds
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Changes
from mmbot.engine.wagers.wager import LineWager

FIRST_LINE_PAUSE: Final = SECOND
LONGEST_LINE_PAUSE: Final = 64 * SECOND
"""The longest pause of a line after rejected placements. The pause begins with ``FIRST_LINE_PAUSE`` and doubles with
each further rejection."""

DOUBT: Final[Cents] = 10
"""The safety margin below every limit, in cents, for each wager whose single matches are not known. The exchange rounds
the win of each match, but mmbot can round only the win of the whole wager. So the two results may differ by some cents.
"""

NO_FUNDS: Final = "the balance leaves no room for the stake"
NO_ROOM: Final = "a limit leaves no room for the stake"
"""The reason why a quote is not placed if a limit leaves no room, as the operator sees it."""

_priority: Final = attrgetter("priority")


class Batch:
    """A batch of placements that is being filled."""

    __slots__ = ("awaiting", "doubt", "funds", "held_back", "items", "lines", "most")

    def __init__(self, funds: Cents, most: int, awaiting: int, doubt: Cents) -> None:
        self.items: Final[list[Placement]] = []
        self.lines: Final[list[tuple[QuotedLine, bool]]] = []
        """The lines with a placement in the batch. Each line is stored with True if all wagers that should be open on
        it are now placed in full."""
        self.funds = funds
        """How much money may still be placed as stakes, in cents."""
        self.most: Final = most
        """The greatest number of placements in the batch, because of ``guards.awaiting_activation`` and
        ``limits.open_wagers``."""
        self.awaiting: Final = awaiting
        """The number of earlier placements that the exchange has not opened yet."""
        self.doubt: Final = doubt
        """The safety margin below every limit, in cents. It is ``DOUBT`` (10 cents) for each wager whose single matches
        are not known."""
        self.held_back: str | None = None
        """The reason why no further wager may be placed on any line. None if further wagers may be placed."""


class Placing:
    """Chooses placements, checks them and sends them."""

    def __init__(
        self,
        shared: Shared,
        effects: AppliesReports,
        life: HearsOfWagers,
        quoting: Quoting,
        cancelling: Cancelling,
        balance: Balance,
        board: BoardReader,
        ids: ExternalIds,
    ) -> None:
        self._shared = shared
        self._effects = effects
        self._life = life
        self._quoting = quoting
        self._cancelling = cancelling
        self._balance = balance
        self._board = board
        self._ids: Final = ids
        self._pauses: dict[LineKey, Duration] = {}
        self._paused_until: dict[LineKey, Instant] = {}
        self._at_placement = shared.config.exchange.funds == "at_placement"
        self.sent = 0
        self._guards_at = -1
        self._guards: tuple[str, ...] = ()
        """The names of the guards (reasons not to quote) that applied when mmbot most recently looked at them."""
        self.held_back: str | None = None
        """The reason why no wager may be placed on any line now. None if wagers may be placed."""

    @property
    def pending(self) -> bool:
        """True if some line has a target (a wager that should be open) that still has to be placed."""
        return bool(self._quoting.to_place.lines)

    def funds_left(self) -> Cents:
        """Return how much money may still be placed as stakes, in cents."""
        return self._balance.left()

    def freed(self) -> None:
        """Check the blocked targets (wagers that should be open) again, because limits or funds may allow them now."""
        self._quoting.to_place.take_back(self._quoting.lines)

    def watch(self, now: Instant) -> int:
        """Return the number of placements that the exchange has not opened yet. If this number is low enough, lift the
        guard ``activation``, so that placements go on."""
        shared = self._shared
        awaiting = shared.ledger.awaiting_count
        if shared.guards.pausing and awaiting < shared.settings.awaiting_activation:
            shared.hold("activation", ACCOUNT, None, now)
        return awaiting

    def pause_over(self, line: LineKey, now: Instant) -> None:
        """If the pause of a line after a rejected placement is over, allow quotes on the line again."""
        until = self._paused_until.get(line)
        if until is None:
            return
        if until > now:
            self._shared.timers.set(Due.LINE, line, until)
            return
        del self._paused_until[line]
        self._shared.hold("rejected", line, None, now)

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the pauses of lines of sport events that are over."""
        for lines in (self._pauses, self._paused_until):
            for line in [line for line in lines if line.sport_event in sport_events]:
                del lines[line]

    def next(self, now: Instant) -> PlaceMany | None:
        """Return the next batch of placements. The result is None if nothing may be placed now."""
        shared = self._shared
        to_place = self._quoting.to_place
        self.held_back = None
        if not to_place.lines or not self._ids.has(BATCH):
            return None
        awaiting = self.watch(now)
        most = min(
            shared.settings.awaiting_activation - awaiting, shared.settings.open_wagers - shared.ledger.live_count
        )
        batch = Batch(self._balance.left(), most, awaiting, DOUBT * shared.ledger.estimated_count)
        more = True
        while more and to_place.lines:
            for line in to_place.first(BATCH):
                more = self._serve(line, batch, now)
                if not more:
                    break
        self.held_back = batch.held_back
        if not batch.items:
            return None
        self._quoting.placed(batch.lines)
        return self.hand_out(tuple(batch.items), now)

    def _serve(self, line: QuotedLine, batch: Batch, now: Instant) -> bool:
        """Add the targets of one line (the wagers that should be open) to a batch, if they may be placed. Return true
        if the batch can take more placements."""
        left: list[Target] = []
        blocked: str | None = None
        cut = False
        items = batch.items
        before = len(items)
        least = self._shared.settings.min_stake
        place = line.comparison.place
        ordered = len(place) < 2 or (len(place) == 2 and place[0].priority >= place[1].priority)
        targets = place if ordered else sorted(place, key=_priority, reverse=True)
        for target in targets:
            if target.priority < targets[0].priority and blocked is None:  # other lines may be more urgent
                left.append(target)
                continue
            count = len(items)
            if count < BATCH and (count >= batch.most or batch.funds < least) and batch.held_back is None:
                batch.held_back = self._hold_back(batch.awaiting + count, now)
            if count >= BATCH or batch.held_back is not None:
                left.append(target)
                continue
            stake, why = self._judge(line, target, batch.funds, batch.doubt)
            if stake <= 0:
                left.append(target)
                blocked = why or NO_ROOM
                continue
            items.append(self._place(line, target.side, target.odds, stake, now))
            batch.funds -= stake
            if stake < target.stake:
                cut = True
        if len(items) > before:
            batch.lines.append((line, not left and not cut))
        self._quoting.served(line, tuple(left), blocked)
        return batch.held_back is None and len(items) < BATCH

    def _hold_back(self, awaiting: int, now: Instant) -> str:
        """Return the reason why no further wager may be placed on any line now."""
        shared = self._shared
        if awaiting >= shared.settings.awaiting_activation:
            shared.hold("activation", ACCOUNT, f"{awaiting} placements await activation", now)
            return "too many placements await activation (guards.awaiting_activation)"
        if shared.ledger.live_count >= shared.settings.open_wagers:
            return "limits.open_wagers is reached"
        return NO_FUNDS

    def _judge(self, line: QuotedLine, target: Target, funds: Cents, doubt: Cents) -> tuple[Cents, str | None]:
        """Return the stake that may be placed now for a target (a wager that should be open), in cents. If this stake
        is 0, also return the reason."""
        shared, key = self._shared, line.key
        if shared.hedging and key in shared.hedging:
            return 0, HEDGED
        live = line.live.values()
        if live and self_match(target.side, target.odds, live):
            return 0, "the quote would match one of our own wagers"
        position = shared.ledger.positions.get(key, NOTHING)
        room = shared.exposure.largest_stake(key, position, target.side) - doubt
        if funds < room:
            room = funds
        if target.stake <= room:
            return target.stake, None
        if room < shared.settings.min_stake or any(wager.state is State.CANCELLING for wager in live):
            return 0, NO_FUNDS if room == funds else NO_ROOM  # pending cancels make room soon: do not split the stake
        return room, None

    def _place(self, line: QuotedLine, side: Side, odds: Odds, stake: Cents, now: Instant) -> Placement:
        """Enter a placement in the ledger before it is sent. From now on, the placement counts as a wager that could
        match."""
        placement = Placement(self._ids.next(f"{QUOTE}{line.rule}"), line.line.outcomes[side].line_id, odds, stake)
        self._note(placement, line.key, side, False, now)
        self._decided(placement, line, side, False, now)
        return placement

    def _decided(self, placement: Placement, line: QuotedLine, side: Side, hedge: bool, now: Instant) -> None:
        """Record the inputs of the decision that led to a placement, for the journal."""
        # Only references are taken here: the journal's thread reads the objects later.
        shared = self._shared
        guards = shared.guards
        if guards.changes != self._guards_at:
            self._guards_at = guards.changes
            self._guards = tuple([name for name, scopes in guards.names().items() if scopes])
        sport_event = shared.catalogue.named(line.key.sport_event)
        shared.outbox.record(SaveDecision(placement, side, now, line.rule, hedge, line.seen, sport_event, self._guards))

    def note_hedge(self, placement: Placement, line: LineKey, side: Side, now: Instant) -> None:
        """Enter a hedge in the ledger and the exposure. Request a new decision on the quotes of its line."""
        self._note(placement, line, side, True, now)
        quoted = self._quoting.lines.get(line)
        if quoted is not None:
            self._decided(placement, quoted, side, True, now)
        self._quoting.own_changed(line)

    def _note(self, placement: Placement, line: LineKey, side: Side, hedge: bool, now: Instant) -> None:
        shared = self._shared
        shared.outbox.save(shared.ledger.sent(placement, line, side, hedge, now))
        shared.exposure.update(line, shared.ledger.positions[line])
        if self._at_placement:
            self._balance.spent(placement.stake, now)

    def hand_out(self, items: tuple[Placement, ...], now: Instant) -> PlaceMany:
        """Return a request with these placements. The engine will pass its answer to this object."""
        self._shared.last_placement_at = now
        self.sent += len(items)
        request = PlaceMany(self._shared.request_id(), items)
        self._shared.send(self, request, now)
        return request

    # --- answers --------------------------------------------------------------------------------------------------

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Take the answer to a placement of quotes or of a hedge."""
        if not isinstance(request, PlaceMany):
            return
        if isinstance(answer, Failed):
            if answer.reason is FailureReason.OFF_LADDER:
                self._board.ladder()
            self._effects.apply(self._on_failed(request, answer, now), now)
            if answer.failure is Failure.UNKNOWN:
                self._life.may_rest(now)
        elif isinstance(answer, Placed):
            self._effects.apply(self._on_placed(request, answer, now), now)
            if any(item.reason is FailureReason.OFF_LADDER for item in answer.failed):
                self._board.ladder()
            if len(answer.failed) < len(request.items):
                self._life.may_rest(now)
            for report in answer.accepted:
                self._cancelling.identified(report.external_id, now)
                if report.created_at is not None:
                    self._shared.clock.note(report.created_at, now)
        else:
            return
        self._effects.placement_answered(request, now)

    def _on_placed(self, request: PlaceMany, answer: Placed, now: Instant) -> Changes:
        """Take the answer to a batch of placements. Each item is accepted, rejected or missing. If an item is missing,
        it is unknown whether the wager was placed."""
        changes: Changes = ()
        ledger = self._shared.ledger
        accepted = {report.external_id: report for report in answer.accepted}
        failed = {item.external_id: item for item in answer.failed}
        for item in request.items:
            key = item.external_id
            other = ledger.by_id(accepted[key].wager_id, packed=False) if key in accepted else None
            if other is not None and other.external_id != key:
                changes += ledger.lost(key, now)  # the answer gives it the id of another wager
            elif key in accepted:
                changes += ledger.accepted(key, accepted[key], now)
                wager = ledger.get(key)
                if isinstance(wager, LineWager):
                    self._pauses.pop(wager.line, None)
                    self._shared.timers.set(Due.ACTIVATION, key, now + self._shared.settings.activation)
            elif key in failed and failed[key].failure is not Failure.UNKNOWN:
                changes += self._rejected(key, failed[key], now)
            else:
                changes += ledger.lost(key, now)
        return changes

    def _on_failed(self, request: PlaceMany, answer: Failed, now: Instant) -> Changes:
        """Take the failure of a whole placement request. Each placement in the request was rejected, or its result is
        unknown."""
        changes: Changes = ()
        for item in request.items:
            if answer.failure is Failure.UNKNOWN:
                changes += self._shared.ledger.lost(item.external_id, now)
            else:
                changes += self._rejected(item.external_id, answer, now)
        return changes

    def _rejected(self, external_id: str, why: FailedItem | Failed, now: Instant) -> Changes:
        shared = self._shared
        wager = shared.ledger.get(external_id)
        if not isinstance(wager, LineWager):
            return ()
        changes = shared.ledger.rejected(external_id, why.reason, now)
        if wager.state is State.UNKNOWN:
            return changes  # the id exists already: the wager history shows its state
        line = wager.line
        if self._paused_until.get(line, 0) <= now:  # several rejected items of one answer count once
            pause = min(LONGEST_LINE_PAUSE, 2 * self._pauses.get(line, FIRST_LINE_PAUSE // 2))
            self._pauses[line] = pause
            self._paused_until[line] = now + pause
            shared.timers.set(Due.LINE, line, now + pause)
        shared.hold("rejected", line, why.code, now)
        shared.outbox.alert(Severity.WARNING, "wager.rejected", external_id=external_id, code=why.code)
        return changes
