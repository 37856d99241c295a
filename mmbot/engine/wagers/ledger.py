"""The ledger: every wager of the account, with its state, its matches and its result.

Only the ledger changes wagers. totals.py holds the sums over wagers, and live.py lists the wagers that could still
match. A wager that ended is forgotten after an hour. The figures that a late report needs are kept (retention.py,
remembered_results.py).
"""

# long: every method that changes a wager is in one class, so that nothing else can change a wager.

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MINUTE, Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side
from mmbot.domain.position import FullStakes, Position
from mmbot.domain.wager import MatchDetail, WagerReport
from mmbot.domain.wager_states import COULD_MATCH, Happening, after
from mmbot.engine.events import FailureReason
from mmbot.engine.orders import SaveWager
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.apply_report import Applied, apply_detail, apply_payment, apply_proof, apply_report
from mmbot.engine.wagers.changes import Change, Changes
from mmbot.engine.wagers.commission import Settlement
from mmbot.engine.wagers.ids_that_differ import about, dispute
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.live import LiveWagers, WagerCounts
from mmbot.engine.wagers.retention import EndedWagers
from mmbot.engine.wagers.settling import Settling
from mmbot.engine.wagers.totals import Totals
from mmbot.engine.wagers.wager import LineWager, MarketWager, Wager, from_report, from_saved, on_line, saved

__all__ = [
    "Change",
    "Changes",
    "Kind",
    "Ledger",
    "LedgerError",
    "LineWager",
    "Resolve",
    "Settlement",
    "Wager",
    "WagerCounts",
]

Resolve = Callable[[str], tuple[LineKey, Side] | None]
"""The type of a function that returns the line and outcome of a ``line_id``. The result is None if the line is not
known, or does not have exactly two complementary outcomes. A wager on such a line counts at its full stake."""

_NO_PROOF: Final = (FailureReason.NOT_FOUND, FailureReason.NOTHING_OPEN)
_JOURNALLED: Final = MINUTE  # the journal may lack the actions of a run's last minute


class LedgerError(Exception):
    """Raised if an ``external_id`` was used before, or if the ledger does not hold a wager."""


class Ledger:
    """All wagers of the account. Every instant is given by the caller.

    Reports may come in any order. The matched stake only grows, except that a void sets it to 0. Each match is a
    distinct part of the stake, so a match that is reported twice counts once. The state of a wager only moves forward,
    by the table in mmbot/domain/wager_states.py.
    """

    def __init__(self, commission: float, runs: Sequence[str] = (), since: Instant = 0) -> None:
        """Start without any wager. ``commission`` is the exchange's share of a market's net gain, below 1. ``runs``
        holds the ids of earlier runs. ``since`` is the instant at which the latest of these runs ended."""
        self.totals: Final = Totals(commission)
        self.positions: Final[dict[LineKey, Position]] = self.totals.positions
        self.full_stakes: Final[dict[MarketKey, FullStakes]] = self.totals.full_stakes
        self._count: Final = self.totals.count
        self._runs: Final = dict.fromkeys(runs)
        self._since: Final = since
        self._new_from: Final = since - _JOURNALLED
        self._without_line: dict[str, MarketWager] = {}
        self._wagers: dict[str, Wager] = {}
        self._by_id: dict[str, Wager] = {}
        self.live_wagers: Final = LiveWagers()
        self._estimated: dict[str, Wager] = {}
        self._ended = EndedWagers()
        self._number = 0

    # --- our requests ---------------------------------------------------------------------------------------------

    def sent(self, placement: Placement, line: LineKey, side: Side, hedge: bool, now: Instant) -> LineWager:
        """Record that a placement is handed out for sending. From now on, the wager could match.

        Raises:
            LedgerError: if the ``external_id`` was used before.
        """
        key = placement.external_id
        if self.used(key):
            raise LedgerError(f"external_id {key} was used before")
        self._number += 1
        wager = LineWager(
            external_id=key,
            line=line,
            side=side,
            line_id=placement.line_id,
            odds=placement.odds,
            stake=placement.stake,
            placed=placement.stake,
            hedge=hedge,
            sent_at=now,
            number=self._number,
        )
        self._wagers[key] = wager
        self.live_wagers.add(wager)
        self.totals.placed(wager)
        if now >= self._ended.due_at:
            self._forget(now)
        return wager

    def used(self, external_id: str) -> bool:
        """Return whether a wager with this ``external_id`` is known, or was known and forgotten."""
        return external_id in self._wagers or self._ended.used(external_id)

    def accepted(self, external_id: str, report: WagerReport | None, now: Instant) -> Changes:
        """Record that the exchange accepted the placement. ``report`` is the report in the answer, or None if the
        answer has no report."""
        wager = self._known(external_id)
        if wager.accepted_at is None:
            wager.accepted_at = now
        changes = self._happened(wager, Happening.ACCEPTED, now)
        return changes + self._apply(wager, report, False, now, None) if report is not None else changes

    def rejected(self, external_id: str, reason: FailureReason, now: Instant) -> Changes:
        """Record that the exchange rejected the placement. If the reason is that the ``external_id`` exists already,
        the outcome is unknown. The exchange's history then has to show which wager has this id."""
        exists = reason is FailureReason.ID_EXISTS
        return self._happened(self._known(external_id), Happening.LOST if exists else Happening.REJECTED, now)

    def lost(self, external_id: str, now: Instant) -> Changes:
        """Record that it is unknown whether the exchange accepted the placement. The wager counts as able to match
        until the exchange's history shows the wager, or proves that the wager was not placed."""
        return self._happened(self._known(external_id), Happening.LOST, now)

    def absent(self, external_id: str, now: Instant) -> Changes:
        """Record that the exchange's history lacks the wager, although it is complete up to a time after the placement.
        Only a wager of unknown outcome ends because of this. A wager that is being sent, or was accepted, may still
        appear in the history."""
        return self._happened(self._known(external_id), Happening.ABSENT, now)

    def cancel_sent(self, external_id: str, now: Instant) -> Changes:
        """Record that a cancel is handed out for sending.

        Raises:
            ImpossibleError: if the wager cannot match any more, or if its ``wager_id`` is not known.
        """
        wager = self._known(external_id)
        changes = self._happened(wager, Happening.CANCEL_SENT, now)
        wager.cancel_sent_at = now
        wager.cancel_tries += 1
        return changes

    def cancel_accepted(self, external_id: str, now: Instant) -> Changes:
        """Record that the exchange accepted the cancel. The wager cannot match any more, but reports of earlier matches
        may still come."""
        wager = self._known(external_id)
        wager.cancel_accepted_at = now
        return self._happened(wager, Happening.CANCEL_TAKEN, now)

    def cancel_rejected(self, external_id: str, reason: FailureReason, now: Instant) -> Changes:
        """Record that the exchange rejected the cancel. If the reason is that nothing was left to cancel, the cancel
        counts as accepted."""
        wager = self._known(external_id)
        if reason is FailureReason.NOTHING_LEFT:
            wager.cancel_accepted_at = now
            return self._happened(wager, Happening.CANCEL_TAKEN, now)
        if reason in _NO_PROOF:
            return self._happened(wager, Happening.CANCEL_LOST, now)
        early = reason is FailureReason.NOT_LIVE_YET or wager.opened_at is None
        return self._happened(wager, Happening.CANCEL_EARLY if early else Happening.CANCEL_REJECTED, now)

    def cancel_lost(self, external_id: str, now: Instant) -> Changes:
        """Record that it is unknown whether the exchange carried out the cancel."""
        return self._happened(self._known(external_id), Happening.CANCEL_LOST, now)

    # --- reports of the exchange ---------------------------------------------------------------------------------

    def take_report(
        self,
        report: WagerReport,
        from_message: bool,
        now: Instant,
        resolve: Resolve,
        asked_at: Instant | None = None,
    ) -> Changes:
        """Apply the exchange's report on a wager, from a private message or a REST answer.

        Args:
            from_message: true if the report came over the feed. Only such a report has a sequence number.
            now: the instant at which the report came.
            resolve: returns the line and outcome of a ``line_id``. It is called only if the ledger does not hold the
                wager yet.
            asked_at: the instant at which the REST request was sent, if the report came from a REST answer. If a
                message brought a result after this instant, the report does not change the result.
        """
        wager, other = self._wagers.get(report.external_id), self._by_id.get(report.wager_id)
        disputed: Changes = ()
        if (wager is not other or wager is None) and report.external_id and report.wager_id:
            wager, other = self._named(report, wager, other)
            disputed = () if other is None else dispute(self._by_id, wager, other, report, asked_at is not None)
        wager, report = about(wager, other, report)
        if wager is None:
            if self._ended.says_nothing_new(report):
                return ()
            wager = self._packed(report)
        if wager is not None:
            return disputed + self._apply(wager, report, from_message, now, asked_at)
        wager = self._adopt(report, now, resolve)
        changes = self._apply(wager, report, from_message, now, asked_at)
        if not wager.foreign:
            return changes
        return () if wager.over else (Change(Kind.FOREIGN, wager, wager.stake), *changes)

    def prove(self, report: WagerReport, now: Instant) -> Changes:
        """Move a wager to the state that the exchange's records proved, even if earlier reports said otherwise.

        Raises:
            LedgerError: if the ledger does not hold the wager.
        """
        wager = self._by_id.get(report.wager_id) or self._packed(report)
        if wager is None:
            raise LedgerError(f"wager {report.wager_id} is not held")
        estimated = wager.win_estimated
        return self._applied(wager, apply_proof(wager, report, now), estimated, now)

    def prove_absent(self, external_id: str, now: Instant) -> Changes:
        """Record that the exchange does not know a wager any more. If stake of the wager was matched, the stake goes on
        counting as a loss, and the win does not count until a read shows the wager again."""
        wager = self._known(external_id)
        wager.denied = wager.matched > 0
        return self._count(wager) if wager.denied else self._happened(wager, Happening.PROVED_ABSENT, now)

    def detail(self, wager_id: str, matches: Sequence[MatchDetail]) -> Changes:
        """Update a wager from the list of all its matches. The list was read from the exchange, and has the odds of
        each match."""
        wager = self._by_id.get(wager_id)
        if wager is None or sum(match.stake for match in matches) > max(wager.placed, wager.stake):
            return ()  # no longer held, or more than the wager can have matched
        estimated = wager.win_estimated
        changes = apply_detail(wager, matches)
        self._list_estimated(wager, estimated)
        return changes + self._count(wager)

    def paid(self, wager_id: str, win: Cents) -> Changes | None:
        """Apply the win that the exchange paid for a wager, in cents. The win does not include the stake. Return None
        if the ledger does not hold the wager, or if its matches cannot have won this amount."""
        wager = self._by_id.get(wager_id)
        if wager is None:
            return None
        changes = apply_payment(wager, win)
        return None if changes is None else changes + self._count(wager)

    def locate(self, resolve: Resolve) -> list[LineWager]:
        """Find the wagers whose lines were not known and are known now. Move these wagers to their lines, and return
        them. While the line of a wager is not known, the wager counts at its full stake in its market."""
        located = []
        for key, wager in list(self._without_line.items()):
            found = resolve(wager.line_id)
            if found is None:
                continue
            del self._without_line[key]
            if self._wagers.get(key) is not wager:
                continue
            there = on_line(wager, *found)
            self._hold(there)
            if key in self._estimated:
                self._estimated[key] = there
            self.totals.move(wager, there)
            self.live_wagers.replace(there)
            if there.over_at is not None:
                self._ended.note(there, there.over_at)
            located.append(there)
        return located

    # --- questions ------------------------------------------------------------------------------------------------

    def wagers(self) -> Iterable[Wager]:
        """Return every wager that the ledger holds."""
        return self._wagers.values()

    def get(self, external_id: str) -> Wager | None:
        """Return a wager by its ``external_id``. The result is None if the ledger does not hold the wager."""
        found = self._wagers.get(external_id)
        return self._hold_again(self._ended.take(external_id)) if found is None else found

    def by_id(self, wager_id: str, packed: bool = True) -> Wager | None:
        """Return a wager by its ``wager_id``, the exchange's id. The result is None if there is no such wager. If
        ``packed`` is false, wagers in a compact form are not searched."""
        return self._by_id.get(wager_id) or (self._hold_again(self._ended.take_by_id(wager_id)) if packed else None)

    def live(self, line: LineKey) -> Iterable[LineWager]:
        """Return the wagers on a line that could still match, ours or not, in the order in which they were sent.

        The result changes together with the ledger. Copy it before you call a method that changes the ledger.
        """
        return self.live_wagers.of_line(line)

    def has_stake(self, line: LineKey, line_id: str) -> bool:
        """Return whether there is a position on a line, or a wager on this line with the given ``line_id`` that could
        still match."""
        position = self.positions.get(line)
        if position is not None and (position.profit[0] or position.profit[1]):
            return True
        return any(wager.line_id == line_id for wager in self.live(line))

    def has_live(self, line: LineKey) -> bool:
        """Return whether a wager of the line could still match."""
        return bool(self.live_wagers.of_line(line))

    def all_live(self) -> list[Wager]:
        """Return every wager that could still match, in the order in which the wagers were sent."""
        return list(self.live_wagers.all.values())

    def unknown(self) -> list[Wager]:
        """Return the wagers for which it is unknown whether the exchange accepted them. The oldest wager comes
        first."""
        return list(self.live_wagers.unknown.values())

    def awaiting(self) -> Iterable[Wager]:
        """Return the wagers that are not known to be open yet (placing, inactive, unknown). The oldest wager comes
        first."""
        return self.live_wagers.awaiting.values()

    def estimated(self) -> list[Wager]:
        """Return the wagers with matches whose odds are unknown and must be read. The wager that has waited longest
        comes first."""
        return list(self._estimated.values())

    @property
    def live_count(self) -> int:
        """The number of wagers that could still match."""
        return len(self.live_wagers.all)

    @property
    def estimated_count(self) -> int:
        """The number of wagers with matches of unknown odds."""
        return len(self._estimated)

    @property
    def awaiting_count(self) -> int:
        """The number of wagers that are not known to be open yet."""
        return len(self.live_wagers.awaiting)

    @property
    def counts(self) -> WagerCounts:
        """Three numbers of wagers that could still match: all wagers, the wagers of unknown outcome, and the wagers
        that are not ours."""
        return self.live_wagers.counts

    def drain_moved(self) -> list[LineKey | MarketKey]:
        """Return what changed since the previous call: the lines with another position, and the markets with other
        full stakes. A full stake is a stake that counts as risk with its whole amount."""
        return self.totals.drain_moved()

    @property
    def outstanding(self) -> Cents:
        """The stakes that could still match, of all wagers of the account, in cents."""
        return self.totals.outstanding

    def settlement(self, market: MarketKey) -> Settlement:
        """Return the sum of the results of a market's settled wagers, and the commission on this sum."""
        return self.totals.settlements.of(market)

    def settling(self, market: MarketKey) -> Settling | None:
        """Return the results of a market so far, if some of its wagers have a result and others still wait for their
        result. For any other market, return None."""
        return self.totals.settling.get(market) if self.totals.settling else None

    def stop_settling(self, market: MarketKey) -> None:
        """Let those wagers of a market count in the limits again for which the exchange gives no result."""
        self.totals.stop_settling(market)

    def charged(self, market: MarketKey, commission: Cents) -> bool:
        """Take the total commission that the exchange charged on a market, in cents. Return True if this amount is the
        commission of the market from now on. Return False if the amount does not fit the known profit of the market."""
        return self.totals.settlements.charged(market, commission)

    @property
    def realised(self) -> Cents:
        """The sum of the results of all settled wagers, before commission, in cents."""
        return self.totals.settlements.realised

    @property
    def commission(self) -> Cents:
        """The commission on all markets, in cents."""
        return self.totals.settlements.commission

    def at_stake(self) -> dict[int, None]:
        """Return the sport events with a wager that could match, or with a stake that is matched and not settled."""
        return dict.fromkeys(wager.sport_event for wager in self.live_wagers.all.values()) | self.totals.at_stake()

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the lines of sport events that are over. Open wagers, positions that are not zero, and settlements are
        kept."""
        self.totals.forget(sport_events)
        self.live_wagers.forget(sport_events)

    # --- across restarts ------------------------------------------------------------------------------------------

    def saved(self, wager: Wager) -> SaveWager:
        """Return a wager in the journal's form."""
        return saved(wager)

    def restore(self, saved: SaveWager) -> None:
        """Take a wager of an earlier run from the journal. If the wager was being placed when that run ended, it is
        unknown whether the exchange accepted the wager. Call this method for each saved wager in the order of sending,
        before this run sends anything. After all wagers, call ``restore_settlement``.

        Raises:
            LedgerError: if the ledger holds the wager already.
            ValueError: for a state or result that does not exist.
        """
        if saved.external_id in self._wagers:
            raise LedgerError(f"external_id {saved.external_id} is restored twice")
        self._number += 1
        wager = from_saved(saved, self._number)
        self._hold(wager)
        self.live_wagers.list_by_state(wager)
        self._list_estimated(wager, False)
        self._count(wager)
        self.totals.stop_settling(wager.market)  # a wager without a result counts until the history was read
        self._note_over(wager, saved.sent_at if saved.over_at is None else saved.over_at)

    def restore_settlement(self, market: MarketKey, gross: Cents, commission: Cents) -> None:
        """Set two amounts of a market from earlier runs, in cents: the profit before commission, and the commission.
        The amounts replace the sums of the restored wagers, because not all settled wagers are restored."""
        self.totals.settlements.put(market, gross)
        self.totals.settlements.charged(market, commission)

    # --- one wager ------------------------------------------------------------------------------------------------

    def _known(self, external_id: str) -> Wager:
        wager = self.get(external_id)
        if wager is None:
            raise LedgerError(f"external_id {external_id} is not held")
        return wager

    def _named(
        self, report: WagerReport, wager: Wager | None, other: Wager | None
    ) -> tuple[Wager | None, Wager | None]:
        """Return the wager with the ``external_id`` of a report, and another wager with its ``wager_id``. The second is
        None if there is no other wager with this id. Packed wagers (wagers in a compact form) are found too."""
        if wager is None and other is not None and other.external_id != report.external_id:
            wager = self._hold_again(self._ended.take(report.external_id))
        elif wager is not None and wager.wager_id is not None and other is None:
            other = self._hold_again(self._ended.take_by_id(report.wager_id))
        return wager, None if other is wager else other

    def _packed(self, report: WagerReport) -> Wager | None:
        """If the wager of a report is packed (stored in a compact form), unpack it and return it. From now on, the
        ledger holds the wager again. If the wager is not packed, return None."""
        key = report.external_id
        return self._hold_again(self._ended.take(key) if key else self._ended.take_by_id(report.wager_id))

    def _hold_again(self, wager: LineWager | None) -> LineWager | None:
        if wager is not None:
            self._hold(wager)
            self._ended.note(wager, wager.over_at or 0)
        return wager

    def _hold(self, wager: Wager) -> None:
        self._wagers[wager.external_id] = wager
        if wager.wager_id is not None:
            self._by_id[wager.wager_id] = wager
        if isinstance(wager, MarketWager):
            self._without_line[wager.external_id] = wager

    def _adopt(self, report: WagerReport, now: Instant, resolve: Resolve) -> Wager:
        """Add the wager of a report, because the ledger does not hold this wager. The wager is not ours, or was
        forgotten, or was not saved."""
        remembered = self._ended.remembered(report.external_id) if report.external_id else None
        self._number += 1
        ours = report.external_id.partition("-")[0] in self._runs
        new = self._since > 0 and report.created_at is not None and report.created_at >= self._new_from
        wager = from_report(report, resolve(report.line_id), remembered, now, self._number, ours=ours, new=new)
        self._hold(wager)
        self.live_wagers.list_by_state(wager)
        return wager

    def _happened(self, wager: Wager, happening: Happening, now: Instant) -> Changes:
        """Update a wager because of something other than a report, such as the answer to a cancel."""
        state = wager.state
        new = after(state, happening)
        if new is state:
            return ()
        left = wager.remaining
        wager.state = new
        self.live_wagers.relist(wager, state)
        if state in COULD_MATCH and new in COULD_MATCH:
            return ()  # the figures of the wager stay the same
        changes = self._count(wager)
        if state not in COULD_MATCH:
            return (Change(Kind.REVIVED, wager, wager.remaining), *changes)
        self._note_over(wager, now)
        return (*changes, Change(Kind.ENDED, wager, left))

    def _apply(
        self, wager: Wager, report: WagerReport, from_message: bool, now: Instant, asked_at: Instant | None
    ) -> Changes:
        if wager.wager_id is None and self._by_id.get(report.wager_id, wager) is wager:
            wager.wager_id = report.wager_id
            self._by_id[report.wager_id] = wager
        estimated = wager.win_estimated
        return self._applied(wager, apply_report(wager, report, from_message, now, asked_at), estimated, now)

    def _applied(self, wager: Wager, applied: Applied, estimated: bool, now: Instant) -> Changes:
        """Update the lists and sums after a report. ``estimated`` is true if the odds of a match were unknown before
        the report."""
        if wager.state is not applied.was:
            self.live_wagers.relist(wager, applied.was)
        self._list_estimated(wager, estimated)
        changes = applied.changes + self._count(wager)
        if applied.confirmed:
            self.totals.confirm(wager)
        if wager.state not in COULD_MATCH:
            if applied.was in COULD_MATCH:
                changes += (Change(Kind.ENDED, wager, applied.left),)
            self._note_over(wager, now)
        return changes

    def _list_estimated(self, wager: Wager, was: bool) -> None:
        """List a wager while the odds of a match are not known. ``was`` is true if the wager is listed already."""
        if wager.win_estimated is not was:
            if was:
                self._estimated.pop(wager.external_id, None)
            else:
                self._estimated[wager.external_id] = wager

    # --- forgetting -----------------------------------------------------------------------------------------------

    def _note_over(self, wager: Wager, now: Instant) -> None:
        """If a wager ended, plan when the ledger forgets it."""
        if wager.over:
            self._ended.note(wager, now)
            if now >= self._ended.pack_at:
                for packed in self._ended.pack(now):
                    self._wagers.pop(packed.external_id, None)
                    if packed.wager_id is not None:
                        self._by_id.pop(packed.wager_id, None)
            if now >= self._ended.due_at:
                self._forget(now)

    def _forget(self, now: Instant) -> None:
        for wager in self._ended.due(now):
            key = wager.external_id
            if self._wagers.get(key) is not wager:
                continue
            self._ended.remember(wager)
            del self._wagers[key]
            self._estimated.pop(key, None)
            self._without_line.pop(key, None)
            if wager.wager_id is not None:
                self._by_id.pop(wager.wager_id, None)
