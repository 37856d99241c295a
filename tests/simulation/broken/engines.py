"""The broken engines. Each takes one part or guard away, or puts back one cause of an old fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from driver.journal import Journal
from msgspec.structs import replace

from mmbot.domain import odds
from mmbot.domain.instant import HOUR, NEVER
from mmbot.domain.money import half_up
from mmbot.domain.position import Position
from mmbot.domain.wager_states import FINAL, Happening, State
from mmbot.engine import restore
from mmbot.engine.account import profit
from mmbot.engine.audit import audit
from mmbot.engine.audit.audit import Audit
from mmbot.engine.audit.payments import Payments
from mmbot.engine.audit.sweep import Sweep
from mmbot.engine.books.catalogue import Catalogue
from mmbot.engine.books.coverage import Coverage
from mmbot.engine.books.identities import LineIds
from mmbot.engine.effects import Effects
from mmbot.engine.followers.journal import Journal as Follower
from mmbot.engine.life import clear_proof
from mmbot.engine.life.order_of_life import OrderOfLife
from mmbot.engine.orders import Save, SavedMatches
from mmbot.engine.reading.history import HistoryPager
from mmbot.engine.risk.exposure import Exposure
from mmbot.engine.risk.guards import Guards
from mmbot.engine.sending import hedging, placing
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.external_ids import ExternalIds
from mmbot.engine.sending.hedging import Hedging
from mmbot.engine.state.exchange_clock import ExchangeClock
from mmbot.engine.state.settings import Settings
from mmbot.engine.timing.limiter import Limiter
from mmbot.engine.wagers import apply_report, matched_pieces, wager
from mmbot.engine.wagers.commission import Settlement, Settlements
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.ledger import Ledger
from mmbot.engine.wagers.matched_pieces import Matches, Piece
from mmbot.engine.wagers.totals import Totals

from . import loads
from .patches import Broken, Patch

# --- limits -------------------------------------------------------------------------------------------------------


def _with_limits(change: Callable[[Any], Any]) -> Callable[[], Sequence[Patch]]:
    def patches() -> Sequence[Patch]:
        whole = Exposure.__init__

        def init(self: Exposure, limits: Any, *more: Any) -> None:
            whole(self, change(limits), *more)

        return [(Exposure, "__init__", init)]

    return patches


_first_limits: list[Any] = []


def _limits_of_the_first_run(limits: Any) -> Any:
    """Keep the greatest limits that this process saw."""
    if not _first_limits or limits.account >= _first_limits[0].account:
        _first_limits[:] = [limits]
    return _first_limits[0] if limits.soft == _first_limits[0].soft else limits


def _tournaments_of_quoted_lines_only() -> Sequence[Patch]:
    whole = Exposure.__init__

    def init(self: Exposure, limits: Any, tournament_of: Any = None) -> None:
        whole(self, limits, lambda sport_event: -1)

    return [(Exposure, "__init__", init), (Exposure, "place", lambda self, sport_event, tournament: None)]


def _a_small_wager_always_fits() -> Sequence[Patch]:
    whole = Exposure._room  # noqa: SLF001 - it is replaced
    return [(Exposure, "_room", lambda self, entry, worst: max(500, whole(self, entry, worst)))]


def _open_wagers_do_not_count() -> Sequence[Patch]:
    return [(Position, "worst_case", Position.matched_worst_case)]


def _wagers_by_hand_do_not_count() -> Sequence[Patch]:
    whole = Effects.take_report

    def take(self: Effects, report: Any, asked_at: Any, now: int) -> None:
        if report.external_id and not report.external_id.startswith("hand"):
            whole(self, report, asked_at, now)

    return [(Effects, "take_report", take)]


# --- sending ------------------------------------------------------------------------------------------------------


def _ids_start_again() -> Sequence[Patch]:
    whole = ExternalIds.__init__

    def init(self: ExternalIds, seed: Any, outbox: Any, used: Any) -> None:
        again = replace(seed, run_id="r", next_sequence=0, end_sequence=max(1000, seed.end_sequence))
        whole(self, again, outbox, lambda external_id: False)

    return [(ExternalIds, "__init__", init)]


def _no_limiter() -> Sequence[Patch]:
    return [(Limiter, "ready_at", lambda self, now, cancel: now)]


def _no_self_match_guard() -> Sequence[Patch]:
    return [(placing, "self_match", lambda side, odds, live: False)]


def _wraps_ids() -> Sequence[Patch]:
    whole = ExternalIds.next

    def following(self: ExternalIds, strategy: str) -> str:
        run, name, number = whole(self, strategy).split("-")
        return f"{run}-{name}-{int(number) % 300}"

    return [(ExternalIds, "next", following)]


def _lost_placements_count_as_rejected() -> Sequence[Patch]:
    def lost(self: Any, external_id: str, now: int) -> Any:
        return self._happened(self._known(external_id), Happening.REJECTED, now)

    return [(Ledger, "lost", lost)]


# --- order of life ------------------------------------------------------------------------------------------------


def _without_guard(*names: str) -> Patch:
    whole = Guards.hold

    def hold(self: Guards, guard: str, *more: Any) -> bool:
        return False if guard in names else whole(self, guard, *more)

    return Guards, "hold", hold


def _kill_cancels_nothing() -> Sequence[Patch]:
    return [(OrderOfLife, "kill", lambda self, now: None), _without_guard("latch")]


def _no_proof_of_being_clear() -> Sequence[Patch]:
    def take(self: Any, answer: Any, now: int) -> tuple[Any, ...]:
        self.stage, self.complete = clear_proof.ProofStage.CLEAR, True
        self._pager.drop()
        return ()

    return [(clear_proof.ClearProof, "take", take)]


def _lost_feed_cancels_nothing() -> Sequence[Patch]:
    return [(OrderOfLife, "feed_lost", lambda self, now: None), _without_guard("feed")]


def _silence_is_not_noticed() -> Sequence[Patch]:
    whole = Coverage.__init__
    return [(Coverage, "__init__", lambda self, silence: whole(self, HOUR))]


def _books_are_not_read_again() -> Sequence[Patch]:
    whole = Settings.__init__

    def init(self: Any, *more: Any) -> None:
        whole(self, *more)
        self.reconcile = 24 * HOUR

    return [(Settings, "__init__", init)]


# --- wagers -------------------------------------------------------------------------------------------------------


def _doubled_matches_count_twice() -> Sequence[Patch]:
    def add(self: Any, total: int, stake: int, price: int) -> None:
        win = odds.profit(stake, price)
        self.total += stake
        self._accounted += stake
        self._won += win
        self._most += win
        self._pieces.append(Piece(self.total - stake, self.total, win, win))

    return [(Matches, "add", add), (Matches, "rise", lambda self, total: None)]


def _matches_after_a_cancel_are_ignored() -> Sequence[Patch]:
    whole = Ledger.take_report

    def take(self: Ledger, report: Any, *more: Any) -> Any:
        known = self.get(report.external_id)
        if known is not None and known.cancel_sent_at and report.matched > known.matched:
            return ()
        return whole(self, report, *more)

    return [(Ledger, "take_report", take)]


def _ignoring(*happenings: Happening, states: frozenset[State] | None = None) -> Callable[[], Sequence[Patch]]:
    def patches() -> Sequence[Patch]:
        whole = apply_report.after

        def after(state: State, happening: Happening) -> State:
            if happening in happenings and (states is None or state in states):
                return state
            return whole(state, happening)

        return [(apply_report, "after", after)]

    return patches


def _commission_on_losses() -> Sequence[Patch]:
    def put(self: Any, market: Any, gross: int) -> None:
        old = self.of(market)
        new = Settlement(gross, half_up(abs(gross) * self._numerator, self._denominator))
        self._markets[market] = new
        self.realised += new.gross - old.gross
        self.commission += new.commission - old.commission

    return [(Settlements, "put", put)]


def _a_wobble_opens_a_day() -> Sequence[Patch]:
    return [(profit, "WOBBLE", 0)]


def _hedges_wait_for_a_message() -> Sequence[Patch]:
    return [(Hedging, "overdue", lambda self, external_id, now: None)]


def _hedges_meet_other_wagers() -> Sequence[Patch]:
    return [(hedging, "blocking", lambda side, odds, own: [])]


# --- old faults, put back ------------------------------------------------------------------------------------------


def _no_audit() -> Sequence[Patch]:
    return [
        (Audit, "next", lambda self, now: None),
        (Audit, "when_idle", lambda self, now: None),
        (Audit, "due_at", lambda self, now: NEVER),
    ]


def _makers_win_half_up() -> Sequence[Patch]:
    return [(matched_pieces, "least_profit", odds.profit), (matched_pieces, "greatest_profit", odds.profit)]


def _an_estimate_is_known_after_a_restart() -> Sequence[Patch]:
    whole = wager._restore_matches  # noqa: SLF001 - it is replaced

    def restore(kept: Any, saved: Any) -> None:
        if saved.matches is not None:
            pieces = ((0, saved.matched, saved.win, saved.win),) if saved.matched else ()
            saved = replace(saved, matches=SavedMatches(saved.matched, saved.matched, False, pieces))
        whole(kept, saved)

    return [(wager, "_restore_matches", restore)]


def _wagers_of_a_settled_market_leave_one_by_one() -> Sequence[Patch]:
    return [(Totals, "_note_result", lambda self, wager: None)]


def _records_of_a_change_are_apart() -> Sequence[Patch]:
    whole = Journal.keep

    def keep(self: Any, order: Any, now: int) -> None:
        for record in order.records:
            whole(self, Save((record,)), now)

    return [(Journal, "keep", keep)]


def _wagers_by_hand_are_not_saved() -> Sequence[Patch]:
    whole = Follower.changed

    def changed(self: Any, change: Any, now: int) -> None:
        if not change.wager.foreign:
            whole(self, change, now)

    return [(Follower, "changed", changed)]


def _wagers_that_are_nowhere_are_on_the_first_line() -> Sequence[Patch]:
    whole = Catalogue.resolve

    def resolve(self: Catalogue, line_id: str) -> Any:
        found = whole(self, line_id)
        return found if found is not None or not self.lines else (next(iter(self.lines)), -1)

    return [(Catalogue, "resolve", resolve)]


def _proof_by_the_own_clock() -> Sequence[Patch]:
    return [
        (ExchangeClock, "time_of", lambda self, instant: instant + self.wall_offset),
        (OrderOfLife, "may_rest", lambda self, now: None),
    ]


def _lines_with_one_id_are_both_quoted() -> Sequence[Patch]:
    return [
        (LineIds, "is_disputed", lambda self, line_id: False),
        (LineIds, "_note", lambda self, line, why: None),
    ]


def _ids_that_moved_are_quoted() -> Sequence[Patch]:
    return [(LineIds, "home", lambda self, line_id, line: None)]


def _wagers_by_hand_stay() -> Sequence[Patch]:
    whole = Cancelling.changed

    def changed(self: Cancelling, change: Any, now: int) -> None:
        if change.kind is not Kind.FOREIGN:
            whole(self, change, now)

    return [(Cancelling, "changed", changed)]


def _hedges_meet_wagers_by_hand() -> Sequence[Patch]:
    whole = hedging.blocking

    def blocking(side: Any, odds: Any, own: Any) -> Any:
        return whole(side, odds, [each for each in own if each[0].startswith("r")])

    return [(hedging, "blocking", blocking)]


def _lists_are_read_to_their_end() -> Sequence[Patch]:
    return [
        (HistoryPager, "_endless_because", lambda self, cursor, now: None),
        (audit, "LONGEST_ROUND", HOUR),
    ]


def _commission_is_estimated() -> Sequence[Patch]:
    return [(Payments, "_book_commission", lambda self, market, now: None)]


def _a_message_before_a_crash_is_believed() -> Sequence[Patch]:
    """Two parts check such a message: the audit confirms it after the restart, and so does the first sweep."""
    return [
        (restore, "_have_confirmed", lambda parts, seed, now: None),
        (Sweep, "next", lambda self, now: None),
        (Sweep, "when_idle", lambda self, now: None),
        (Sweep, "due_at", lambda self, now: NEVER),
    ]


ENGINES: tuple[Broken, ...] = (
    Broken("no account limit", "the account has no limit", _with_limits(lambda x: replace(x, account=1e6))),
    Broken("no line limit", "a line has the limit of a market, and a market none", _with_limits(
        lambda x: replace(x, line=1e6, market=1e6))),
    Broken("limits of before", "limits that were lowered at a restart have no effect",
           _with_limits(_limits_of_the_first_run)),
    Broken("quoted lines only", "what is not quoted counts in a tournament of its own",
           _tournaments_of_quoted_lines_only),
    Broken("a small wager always fits", "every scope has room for five dollars", _a_small_wager_always_fits),
    Broken("open wagers do not count", "only matched wagers count in the worst case", _open_wagers_do_not_count),
    Broken("hand wagers do not count", "wagers by hand are ignored", _wagers_by_hand_do_not_count),
    Broken("ids start again", "a restart uses the ids of the last run", _ids_start_again),
    Broken("ids wrap", "ids repeat after 300 wagers", _wraps_ids),
    Broken("no limiter", "requests are sent as fast as they are due", _no_limiter),
    Broken("no self-match guard", "quotes may match own wagers", _no_self_match_guard),
    Broken("lost is rejected", "a placement without an answer counts as rejected", _lost_placements_count_as_rejected),
    Broken("kill cancels nothing", "the kill switch has no effect", _kill_cancels_nothing),
    Broken("no proof of clear", "any page of the history counts as the proof", _no_proof_of_being_clear, loads.STOPS),
    Broken("lost feed cancels nothing", "a lost feed has no effect on open wagers", _lost_feed_cancels_nothing),
    Broken("silence is not noticed", "a silent feed counts as alive for an hour", _silence_is_not_noticed),
    Broken("books are not read again", "a book that no message reaches stays as it is", _books_are_not_read_again),
    Broken("doubled matches", "a match that is told twice counts twice", _doubled_matches_count_twice),
    Broken("matches after a cancel", "a match that comes after a cancel was sent is ignored",
           _matches_after_a_cancel_are_ignored),
    Broken("no corrections", "a result that is corrected stays as it was",
           _ignoring(Happening.SAID_MANUAL, states=FINAL)),
    Broken("no voids", "a void has no effect", _ignoring(Happening.SAID_VOID)),
    Broken("no wipes", "wagers that the exchange ends at the start stay open in the books",
           _ignoring(Happening.SAID_WIPED)),
    Broken("a wobble opens a day", "a clock that is put back over midnight opens a new day", _a_wobble_opens_a_day),
    Broken("hedges wait for a message", "the end of a hedge is not looked up",
           _hedges_wait_for_a_message, loads.HEDGES),
    Broken("hedges meet other wagers", "a hedge may match own wagers", _hedges_meet_other_wagers),
    Broken("no audit", "what a private message said is believed for ever", _no_audit),
    Broken("makers win half-up", "a match wins the half-up profit of the own stake", _makers_win_half_up),
    Broken("estimates are known", "an estimated win counts as known after a restart",
           _an_estimate_is_known_after_a_restart),
    Broken("one by one", "the wagers of a market with a result leave its scopes one by one",
           _wagers_of_a_settled_market_leave_one_by_one, loads.RESULTS),
    Broken("records apart", "a settlement and its wagers are saved one after the other",
           _records_of_a_change_are_apart, loads.CRASHES),
    Broken("hand wagers not saved", "wagers by hand are not in the journal",
           _wagers_by_hand_are_not_saved, loads.BY_HAND),
    Broken("nowhere is the first line", "a wager on an unknown line is on the first line, outcome -1",
           _wagers_that_are_nowhere_are_on_the_first_line, loads.UNKNOWN_LINES),
    Broken("proof by the own clock", "the proof of being clear uses the machine's clock",
           _proof_by_the_own_clock, loads.STOPS),
    Broken("one id, two lines", "two lines with the same line id are both quoted",
           _lines_with_one_id_are_both_quoted, loads.TWO_PLACES),
    Broken("ids that moved", "a line id that moved is quoted beside the stake at its old place",
           _ids_that_moved_are_quoted, loads.MOVES),
    Broken("hand wagers stay", "wagers by hand are not cancelled", _wagers_by_hand_stay, loads.LEFT_ALONE),
    Broken("hedges meet hand wagers", "a hedge may match a wager by hand",
           _hedges_meet_wagers_by_hand, loads.HEDGES_BY_HAND),
    Broken("endless lists", "a list that does not end is read for ever", _lists_are_read_to_their_end, loads.ENDLESS),
    Broken("commission is estimated", "the charged commission is not booked",
           _commission_is_estimated, loads.COMMISSION),
    Broken("believed before a crash", "what a message said before a crash is not checked after it",
           _a_message_before_a_crash_is_believed, loads.LIES),
    Broken("commission on losses", "a market with a loss costs commission too",
           _commission_on_losses, loads.COMMISSION),
)  # fmt: skip
