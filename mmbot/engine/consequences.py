"""What follows from what happens to wagers: positions, thresholds, profit, guards, the journal, and what to look at."""

from __future__ import annotations

from collections import deque
from typing import Final

from mmbot.domain.catalogue import LineKey, market_of
from mmbot.domain.instant import MINUTE, Instant
from mmbot.domain.lifecycle import State
from mmbot.domain.position import FULL_STAKE
from mmbot.domain.wager import WagerReport
from mmbot.engine.cancelling import Cancelling
from mmbot.engine.desk import Desk
from mmbot.engine.guards import ACCOUNT, shown
from mmbot.engine.hedging import Hedging
from mmbot.engine.placing import Funds, Placing
from mmbot.engine.profit import Profit
from mmbot.engine.quoting import Quoting
from mmbot.engine.reads import Reads
from mmbot.engine.report import Report, outcome_name
from mmbot.engine.requests import Level, PlaceMany, SaveSettlement
from mmbot.engine.scopes import Scope
from mmbot.engine.timers import Due
from mmbot.engine.undecided import Undecided
from mmbot.engine.wagers import Change, Changes, Kind, Wager


class Consequences:
    """Draws the consequences of every call to the ledger."""

    def __init__(
        self,
        desk: Desk,
        quoting: Quoting,
        placing: Placing,
        cancelling: Cancelling,
        hedging: Hedging,
        funds: Funds,
        profit: Profit,
        reads: Reads,
        undecided: Undecided,
        report: Report,
    ) -> None:
        self._desk: Final = desk
        self._quoting: Final = quoting
        self._placing: Final = placing
        self._cancelling: Final = cancelling
        self._hedging: Final = hedging
        self._funds: Final = funds
        self._profit: Final = profit
        self._reads: Final = reads
        self._undecided: Final = undecided
        self._report: Final = report
        self._matched_at: deque[Instant] = deque()
        self._thresholds: dict[Scope, str] = {}
        self.prints: dict[str, Instant] = {}
        """Wagers of ours at whose price a match was told that we have not seen ourselves yet."""

    def apply(self, changes: Changes, now: Instant) -> None:
        """Take over what a call to the ledger changed."""
        desk = self._desk
        for change in changes:
            wager = change.wager
            match change.kind:
                case Kind.MATCHED:
                    self._matched(change, now)
                case Kind.OPENED:
                    self._cancelling.opened(wager.external_id)
                    desk.books.enter(wager.line, wager.external_id, wager.sequence)
                    self._quoting.book_changed(wager.line)
                    desk.alert(Level.INFO, "wager.opened", external_id=wager.external_id, odds=wager.odds)
                case Kind.ENDED:
                    if wager.opened_at is not None:
                        desk.books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
                    desk.books.leave(wager.line, wager.external_id)
                    self._ended(wager, now)
                case Kind.SETTLED:
                    settlement = desk.ledger.settlement(market_of(wager.line))
                    desk.order(
                        SaveSettlement(
                            wager.line.event, wager.line.market, settlement.gross, settlement.commission, now
                        )
                    )
                case Kind.DETAIL_WANTED:
                    if wager.wager_id is not None:
                        desk.details[wager.wager_id] = None
                case Kind.FOREIGN:
                    desk.alert(Level.WARNING, "wager.foreign", external_id=wager.external_id, stake=wager.stake)
                    if desk.settings.exclusive and wager.external_id != wager.wager_id:
                        self._cancelling.want(wager)  # of an earlier run, say, processed only now: nobody else's
                case Kind.REVIVED:
                    desk.alert(Level.WARNING, "wager.revived", external_id=wager.external_id)
                    self._cancelling.want(wager)
                case Kind.REPRICED | Kind.TAKEN_BACK:
                    desk.alert(Level.INFO, f"wager.{change.kind.value}", external_id=wager.external_id, win=change.win)
            # One whose line is not known yet is kept once it is; one whose line was forgotten, with its late result.
            if not wager.foreign and (wager.side != FULL_STAKE or wager.booked is not None):
                desk.save(wager)
        if changes:
            self._placing.freed()
            self._placing.watch(now)
        self.take_touched(now)

    def markets_known(self, now: Instant) -> None:
        """Lines were read: wagers that were reported before their line was known are put where they belong."""
        desk = self._desk
        located = desk.ledger.locate(desk.catalogue.resolve)
        for wager in located:
            if not wager.foreign:
                desk.save(wager)
        if located:
            self.take_touched(now)

    def take_touched(self, now: Instant) -> None:
        """Take over the positions that changed."""
        desk = self._desk
        touched = desk.ledger.drain_touched()
        if not touched:
            return
        desk.moves += 1
        for line in touched:
            position = desk.ledger.positions[line]
            desk.exposure.update(line, position)
            self._watch_thresholds(line)
            self._profit.mark(line, position)
            self._quoting.own_changed(line)
        self._placing.freed()
        self._hedging.look_again()

    def placed(self) -> None:
        """A placement was handed out. Its lines' worst cases were taken over when it was noted, and nothing matched."""
        self._desk.moves += 1

    def _watch_thresholds(self, line: LineKey) -> None:
        """Tell when a scope passes soft or hedge, either way; every line in it is looked at again."""
        desk = self._desk
        for scope in desk.exposure.scopes(line):
            matched = desk.exposure.matched(scope)
            soft, hedge, _ = desk.exposure.thresholds(scope)
            name = "hedge" if matched >= hedge else "soft" if matched >= soft else None
            if name == self._thresholds.get(scope):
                continue
            desk.alert(
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
                desk.touch_scope(ACCOUNT)
            self._hedging.check = True

    def _matched(self, change: Change, now: Instant) -> None:
        desk = self._desk
        wager = change.wager
        self.prints.pop(wager.external_id, None)
        if desk.config.exchange.funds == "at_match":
            self._funds.spent(change.stake, now)
        desk.books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
        self._report.matched(change, now)
        self._matched_at.append(now)
        desk.timers.set(Due.MATCHES, "matches", now + MINUTE)
        self.judge_matches(now)
        desk.alert(
            Level.INFO,
            "wager.matched",
            external_id=wager.external_id,
            line=shown(wager.line),
            outcome=outcome_name(desk.catalogue, wager.line, wager.side),
            odds=wager.odds,
            stake_cents=change.stake,
            hedge=wager.hedge,
        )

    def judge_matches(self, now: Instant) -> None:
        """Hold or clear the guard on matches a minute."""
        desk = self._desk
        recent = self._matched_at
        while recent and recent[0] + MINUTE <= now:
            recent.popleft()
        if recent:
            desk.timers.set(Due.MATCHES, "matches", recent[0] + MINUTE)
        many = len(recent) > desk.settings.matches_a_minute
        if many or desk.guards.holds("matches_a_minute", ACCOUNT):
            reason = f"{len(recent)} matches in the last minute" if recent else None
            desk.hold("matches_a_minute", ACCOUNT, reason, now)

    def _ended(self, wager: Wager, now: Instant) -> None:
        desk = self._desk
        self.prints.pop(wager.external_id, None)
        self._cancelling.keep(wager.external_id)
        if wager.hedge:
            self._hedging.ended(wager)
        if wager.state is State.WIPED and not wager.foreign:
            event = wager.line.event
            if desk.hold("wiped", event, "the exchange wiped a wager", now):
                self._reads.events(desk.catalogue.tournament_of(event))

    def said(self, report: WagerReport, asked_at: Instant | None, now: Instant) -> None:
        """Take a report: of a private message, or of a read that was asked for at ``asked_at``."""
        desk = self._desk
        changes = desk.ledger.report(report, asked_at is None, now, desk.catalogue.resolve, asked_at)
        self._cancelling.identified(report.external_id, now)
        self.apply(changes, now)
        wager = desk.ledger.get(report.external_id)
        if wager is not None and wager.state is State.INACTIVE:  # however it was learnt of: its message may be lost
            desk.timers.set(Due.ACTIVATION, wager.external_id, now + desk.settings.activation)

    def check_activation(self, external_id: str, now: Instant) -> None:
        """An accepted wager had no private message for too long."""
        desk = self._desk
        wager = desk.ledger.get(external_id)
        if wager is None or wager.state is not State.INACTIVE or wager.wager_id is None:
            return
        desk.lookups[wager.wager_id] = "not activated"
        desk.timers.set(Due.ACTIVATION, external_id, now + desk.settings.activation)

    def after_placement(self, request: PlaceMany, now: Instant) -> None:
        """A placement was answered, or given up: journal it and see to what is unknown."""
        ledger = self._desk.ledger
        for item in request.items:
            wager = ledger.get(item.external_id)
            if wager is None:
                continue
            self._desk.save(wager)
            if wager.state is State.UNKNOWN:
                self._undecided.note(item.external_id, now)
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
