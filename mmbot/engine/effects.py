"""What follows from what happens to wagers: positions, thresholds, profit, guards, the journal, and what to look at."""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.catalogue import LineKey, market_of
from mmbot.domain.instant import MINUTE, Instant
from mmbot.domain.position import FULL_STAKE
from mmbot.domain.wager import WagerReport
from mmbot.domain.wager_states import State
from mmbot.engine.account.profit import Profit
from mmbot.engine.fill_status import StatusWriter, outcome_name
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.unknown_placements import UnknownPlacements
from mmbot.engine.requests import Level, PlaceMany, SaveSettlement
from mmbot.engine.risk.guards import ACCOUNT, shown
from mmbot.engine.risk.scopes import Scope
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.sending.placing import Funds, Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.ledger import Change, Changes, Kind, Wager


class Effects:
    """Draws the consequences of every call to the ledger."""

    def __init__(
        self,
        shared: Shared,
        quoting: Quoting,
        placing: Placing,
        cancelling: Cancelling,
        hedging: Hedging,
        funds: Funds,
        profit: Profit,
        board: BoardReader,
        unknown: UnknownPlacements,
        report: StatusWriter,
    ) -> None:
        self._shared: Final = shared
        self._quoting: Final = quoting
        self._placing: Final = placing
        self._cancelling: Final = cancelling
        self._hedging: Final = hedging
        self._funds: Final = funds
        self._profit: Final = profit
        self._board: Final = board
        self._unknown: Final = unknown
        self._status: Final = report
        self._matched_at: deque[Instant] = deque()
        self._thresholds: dict[Scope, str] = {}
        self.prints: dict[str, Instant] = {}
        """Wagers of ours at whose price a match was told that we have not seen ourselves yet."""

    def apply(self, changes: Changes, now: Instant) -> None:
        """Take over what a call to the ledger changed."""
        shared = self._shared
        for change in changes:
            wager = change.wager
            match change.kind:
                case Kind.MATCHED:
                    self._matched(change, now)
                case Kind.OPENED:
                    self._cancelling.opened(wager.external_id)
                    shared.books.enter(wager.line, wager.external_id, wager.sequence)
                    self._quoting.book_changed(wager.line)
                    shared.alert(Level.INFO, "wager.opened", external_id=wager.external_id, odds=wager.odds)
                case Kind.ENDED:
                    if wager.opened_at is not None:
                        shared.books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
                    shared.books.leave(wager.line, wager.external_id)
                    self._ended(wager, now)
                case Kind.SETTLED:
                    settlement = shared.ledger.settlement(market_of(wager.line))
                    shared.order(
                        SaveSettlement(
                            wager.line.event, wager.line.market, settlement.gross, settlement.commission, now
                        )
                    )
                case Kind.DETAIL_WANTED:
                    if wager.wager_id is not None:
                        shared.details[wager.wager_id] = None
                case Kind.FOREIGN:
                    shared.alert(Level.WARNING, "wager.foreign", external_id=wager.external_id, stake=wager.stake)
                    if shared.settings.exclusive and wager.external_id != wager.wager_id:
                        self._cancelling.want(wager)  # of an earlier run, say, processed only now: nobody else's
                case Kind.REVIVED:
                    shared.alert(Level.WARNING, "wager.revived", external_id=wager.external_id)
                    self._cancelling.want(wager)
                case Kind.REPRICED | Kind.TAKEN_BACK:
                    shared.alert(
                        Level.INFO, f"wager.{change.kind.value}", external_id=wager.external_id, win=change.win
                    )
            # One whose line is not known yet is kept once it is; one whose line was forgotten, with its late result.
            if not wager.foreign and (wager.side != FULL_STAKE or wager.booked is not None):
                shared.save(wager)
        if changes:
            self._placing.freed()
            self._placing.watch(now)
        self.take_touched(now)

    def markets_known(self, now: Instant) -> None:
        """Lines were read: wagers that were reported before their line was known are put where they belong."""
        shared = self._shared
        located = shared.ledger.locate(shared.catalogue.resolve)
        for wager in located:
            if not wager.foreign:
                shared.save(wager)
        if located:
            self.take_touched(now)

    def take_touched(self, now: Instant) -> None:
        """Take over the positions that changed."""
        shared = self._shared
        touched = shared.ledger.drain_touched()
        if not touched:
            return
        shared.moves += 1
        for line in touched:
            position = shared.ledger.positions[line]
            shared.exposure.update(line, position)
            self._watch_thresholds(line)
            self._profit.mark(line, position)
            self._quoting.own_changed(line)
        self._placing.freed()
        self._hedging.look_again()

    def placed(self) -> None:
        """A placement was handed out. Its lines' worst cases were taken over when it was noted, and nothing matched."""
        self._shared.moves += 1

    def _watch_thresholds(self, line: LineKey) -> None:
        """Tell when a scope passes soft or hedge, either way; every line in it is looked at again."""
        shared = self._shared
        for scope in shared.exposure.scopes(line):
            matched = shared.exposure.matched(scope)
            soft, hedge, _ = shared.exposure.thresholds(scope)
            name = "hedge" if matched >= hedge else "soft" if matched >= soft else None
            if name == self._thresholds.get(scope):
                continue
            shared.alert(
                Level.INFO,
                "risk.threshold",
                scope=scope.kind,
                id=scope_id(scope),
                threshold=name,
                matched_cents=matched,
            )
            if name is None:
                del self._thresholds[scope]
            else:
                self._thresholds[scope] = name
            if scope.kind in ("account", "tournament"):
                shared.touch_scope(ACCOUNT)
            self._hedging.check = True

    def _matched(self, change: Change, now: Instant) -> None:
        shared = self._shared
        wager = change.wager
        self.prints.pop(wager.external_id, None)
        if shared.config.exchange.funds == "at_match":
            self._funds.spent(change.stake, now)
        shared.books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
        self._status.matched(change, now)
        self._matched_at.append(now)
        shared.timers.set(Due.MATCHES, "matches", now + MINUTE)
        self.judge_matches(now)
        shared.alert(
            Level.INFO,
            "wager.matched",
            external_id=wager.external_id,
            line=shown(wager.line),
            outcome=outcome_name(shared.catalogue, wager.line, wager.side),
            odds=wager.odds,
            stake_cents=change.stake,
            hedge=wager.hedge,
        )

    def judge_matches(self, now: Instant) -> None:
        """Hold or clear the guard on matches a minute."""
        shared = self._shared
        recent = self._matched_at
        while recent and recent[0] + MINUTE <= now:
            recent.popleft()
        if recent:
            shared.timers.set(Due.MATCHES, "matches", recent[0] + MINUTE)
        many = len(recent) > shared.settings.matches_a_minute
        if many or shared.guards.holds("matches_a_minute", ACCOUNT):
            reason = f"{len(recent)} matches in the last minute" if recent else None
            shared.hold("matches_a_minute", ACCOUNT, reason, now)

    def _ended(self, wager: Wager, now: Instant) -> None:
        shared = self._shared
        self.prints.pop(wager.external_id, None)
        self._cancelling.keep(wager.external_id)
        if wager.hedge:
            self._hedging.ended(wager)
        if wager.state is State.WIPED and not wager.foreign:
            event = wager.line.event
            if shared.hold("wiped", event, "the exchange wiped a wager", now):
                self._board.events(shared.catalogue.tournament_of(event))

    def said(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Take a report: of a private message, or of a read that was asked for at ``asked_at``."""
        shared = self._shared
        changes = shared.ledger.report(report, asked_at is None, now, shared.catalogue.resolve, asked_at)
        self._cancelling.identified(report.external_id, now)
        self.apply(changes, now)
        wager = shared.ledger.get(report.external_id)
        if wager is not None and wager.state is State.INACTIVE:  # however it was learnt of: its message may be lost
            shared.timers.set(Due.ACTIVATION, wager.external_id, now + shared.settings.activation)

    def check_activation(self, external_id: str, now: Instant) -> None:
        """An accepted wager had no private message for too long."""
        shared = self._shared
        wager = shared.ledger.get(external_id)
        if wager is None or wager.state is not State.INACTIVE or wager.wager_id is None:
            return
        shared.lookups[wager.wager_id] = "not activated"
        shared.timers.set(Due.ACTIVATION, external_id, now + shared.settings.activation)

    def after_placement(self, request: PlaceMany, now: Instant) -> None:
        """A placement was answered, or given up: journal it and see to what is unknown."""
        ledger = self._shared.ledger
        for item in request.items:
            wager = ledger.get(item.external_id)
            if wager is None:
                continue
            self._shared.save(wager)
            if wager.state is State.UNKNOWN:
                self._unknown.note(item.external_id, now)
            elif wager.hedge and not wager.remaining:
                self._hedging.ended(wager)
        self.take_touched(now)


def scope_id(scope: Scope) -> str:
    """Which line, market, event or tournament, as its numbers."""
    match scope.id:
        case LineKey() as line:
            return f"{line.event}/{line.market}/{line.number / 4:g}"
        case tuple() as numbers:
            return "/".join(str(number) for number in numbers)
        case number:
            return str(number)
