"""What comes back from the exchange: each answer goes to the part whose request it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.wager import WagerReport
from mmbot.domain.wager_states import State
from mmbot.engine import events as e
from mmbot.engine.effects import Effects
from mmbot.engine.feed import Feed
from mmbot.engine.life.order_of_life import OrderOfLife, is_resting
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.reading.board import BoardReader
from mmbot.engine.reading.unknown_placements import UnknownPlacements
from mmbot.engine.requests import (
    CancelAll,
    CancelEvent,
    CancelMany,
    Level,
    PlaceMany,
    ReadBalance,
    ReadHistory,
    ReadMatches,
    ReadWager,
    Request,
)
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.placing import Funds, Placing
from mmbot.engine.state.shared import Shared

BALANCE: Final = 30 * SECOND
"""The balance is read this often."""

QUIET: Final = 10 * SECOND
"""The same failure of the same request is told this often at most."""

TOO_MANY: Final = ("rate_limit_reached", "too_many_delayed_requests", "http_429")
"""Codes of a 429: nothing is sent for a while."""

DETAILS_AGAIN: Final = 5 * SECOND
"""Before matches are read again that did not tell all."""

OFF_LADDER: Final = "wager_invalid_odds"
"""What the exchange says of odds that are not on its ladder: it has changed, and is read again."""

DETAILS: Final = 100
"""Wagers in one read of matches (PROTOCOL 4.1)."""


class Answers:
    """Takes answers, and asks what no other part asks: look-ups of wagers, their matches, the balance."""

    def __init__(
        self,
        shared: Shared,
        effects: Effects,
        feed: Feed,
        placing: Placing,
        cancelling: Cancelling,
        quoting: Quoting,
        funds: Funds,
        board: BoardReader,
        unknown: UnknownPlacements,
        life: OrderOfLife,
        now: Instant,
    ) -> None:
        self._shared: Final = shared
        self._effects: Final = effects
        self._feed: Final = feed
        self._placing: Final = placing
        self._cancelling: Final = cancelling
        self._quoting: Final = quoting
        self._funds: Final = funds
        self._board: Final = board
        self._unknown: Final = unknown
        self._life: Final = life
        self._balance_at: Instant = now
        self._balance_asked = False
        self._details_at: Instant = now
        self._lookup_at: Instant = now
        self._asked: dict[str, None] = {}
        self._told: dict[tuple[str, str], tuple[Instant | None, int]] = {}
        """When a failure was last told, by request and code, and how many came since."""

    def handlers(self) -> Mapping[type, Callable[..., None]]:
        """What takes which answer."""
        return {
            e.Placed: self._on_placed,
            e.Cancelled: self._on_cancelled,
            e.CancelledAll: self._on_cancelled_all,
            e.WagerRead: self._on_wager_read,
            e.HistoryRead: self._on_history,
            e.MatchesRead: self._on_matches,
            e.BalanceRead: self._on_balance,
            e.LadderRead: self._on_ladder,
            e.TournamentsRead: self._on_tournaments,
            e.EventsRead: self._on_events,
            e.MarketsRead: self._on_markets,
            e.Failed: self._on_failed,
        }

    # --- what is asked here ---------------------------------------------------------------------------------------

    def lookup(self, now: Instant) -> Request | None:
        """The next look-up of a wager by its id."""
        shared = self._shared
        if shared.lookups and now >= self._lookup_at:
            for wager_id in shared.lookups:
                if wager_id not in self._asked:
                    self._asked[wager_id] = None
                    return ReadWager(shared.request_id(), wager_id)
        return None

    def next(self, now: Instant) -> Request | None:
        """The next read of matches or of the balance."""
        shared = self._shared
        if shared.details and now >= self._details_at:
            self._details_at = now + SECOND
            wagers = tuple(list(shared.details)[:DETAILS])
            for wager_id in wagers:
                del shared.details[wager_id]
            return ReadMatches(shared.request_id(), wagers)
        if not self._balance_asked and now >= self._balance_at:
            self._balance_asked = True
            return ReadBalance(shared.request_id())
        return None

    def wake_at(self) -> Instant | None:
        """When one of these is due."""
        shared = self._shared
        if not shared.lookups and not shared.details:
            return None if self._balance_asked else self._balance_at
        times = [] if self._balance_asked else [self._balance_at]
        if any(wager_id not in self._asked for wager_id in shared.lookups):
            times.append(self._lookup_at)
        if shared.details:
            times.append(self._details_at)
        return min(times, default=None)

    # --- what comes back ------------------------------------------------------------------------------------------

    def _on_placed(self, answer: e.Placed, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], PlaceMany):
            return
        self._effects.apply(self._placing.on_placed(sent[0], answer, now), now)
        if any(item.code == OFF_LADDER for item in answer.refused):
            self._board.ladder()
        if len(answer.refused) < len(sent[0].items):
            self._life.may_rest(now)
        for report in answer.accepted:
            self._cancelling.identified(report.external_id, now)
            if report.created_at is not None:
                self._shared.note_exchange_time(report.created_at, now)
        self._effects.after_placement(sent[0], now)

    def _on_cancelled(self, answer: e.Cancelled, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], CancelMany):
            return
        self._effects.apply(self._cancelling.on_many(sent[0], answer, now), now)

    def _on_cancelled_all(self, answer: e.CancelledAll, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or self._life.on_cancelled(answer, now):
            return
        if isinstance(sent[0], CancelEvent):
            self._cancelling.on_event(sent[0], answer, now)

    def _on_wager_read(self, answer: e.WagerRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], ReadWager):
            return
        shared = self._shared
        wager_id = sent[0].wager_id
        self._asked.pop(wager_id, None)
        why = shared.lookups.pop(wager_id, "")
        if answer.report is None:
            shared.alert(Level.ERROR, "wager.not_found", wager_id=wager_id, why=why)
            return
        self._life.saw((answer.report,))
        wager = shared.ledger.by_id(wager_id)
        silent = wager is not None and wager.state is State.INACTIVE
        self._effects.said(answer.report, sent[1], now)
        if silent and wager is not None and wager.state is not State.INACTIVE and why == "not activated":
            self._feed.reconnect("an activation was not told", now)

    def _on_history(self, answer: e.HistoryRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], ReadHistory):
            return
        for report in answer.wagers:
            self._effects.said(report, sent[1], now)
        resting = tuple(
            report
            for report in answer.wagers
            if is_resting(report) and (self._shared.settings.exclusive or self._is_ours(report))
        )
        absent = self._unknown.on_history(answer, now)
        if absent is not None:
            self._effects.apply(absent, now)
        else:
            self._life.on_history(answer, resting, now)
        self._effects.take_touched(now)

    def _is_ours(self, report: WagerReport) -> bool:
        wager = self._shared.ledger.get(report.external_id)
        return wager is not None and not wager.foreign

    def _on_matches(self, answer: e.MatchesRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None or not isinstance(sent[0], ReadMatches):
            return
        for wager_id in sent[0].wager_ids:
            matches = [match for match in answer.matches if match.wager_id == wager_id]
            if matches:
                self._effects.apply(self._shared.ledger.detail(wager_id, matches), now)
            wager = self._shared.ledger.by_id(wager_id)
            if wager is not None and wager.win_estimated:  # the detail lags behind: ask again
                self._shared.details[wager_id] = None
                self._details_at = max(self._details_at, now + DETAILS_AGAIN)

    def _on_balance(self, answer: e.BalanceRead, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None:
            return
        self._balance_asked = False
        self._balance_at = now + BALANCE
        self._funds.on_balance(answer, sent[1], now)
        self._placing.freed()

    def _on_ladder(self, answer: e.LadderRead, now: Instant) -> None:
        self._board.on_ladder(answer, now)
        self._sent(answer)

    def _on_tournaments(self, answer: e.TournamentsRead, now: Instant) -> None:
        self._board.on_tournaments(answer)
        self._sent(answer)

    def _on_events(self, answer: e.EventsRead, now: Instant) -> None:
        for event in self._board.on_events(answer, now):
            self._quoting.forget(event)
        self._sent(answer)

    def _on_markets(self, answer: e.MarketsRead, now: Instant) -> None:
        events, books = self._board.on_markets(answer, now)
        for line in books:
            self._quoting.book_changed(line)
        for event in events:
            self._quoting.forget(event)
        self._effects.markets_known(now)
        self._sent(answer)

    def _on_failed(self, answer: e.Failed, now: Instant) -> None:
        sent = self._sent(answer)
        if sent is None:
            return
        shared = self._shared
        request = sent[0]
        level = Level.ERROR if answer.failure is e.Failure.BUG else Level.WARNING
        kind = (type(request).__name__, answer.code)
        last, silent = self._told.get(kind, (None, 0))
        if last is not None and now - last < QUIET:
            self._told[kind] = (last, silent + 1)
        else:
            self._told[kind] = (now, 0)
            shared.alert(
                level,
                "request.failed",
                request=kind[0],
                failure=answer.failure.value,
                code=answer.code,
                message=answer.message,
                more_since_last=silent,
            )
        if answer.code in TOO_MANY:
            shared.limiter.pause(answer.retry_at or now + SECOND)
        if isinstance(request, PlaceMany):
            if answer.code == OFF_LADDER:
                self._board.ladder()
            self._effects.apply(self._placing.on_failed(request, answer, now), now)
            if answer.failure is e.Failure.UNKNOWN:
                self._life.may_rest(now)
            self._effects.after_placement(request, now)
        elif isinstance(request, CancelMany | CancelEvent):
            self._effects.apply(self._cancelling.on_failed(request, answer, now), now)
        elif isinstance(request, CancelAll | ReadHistory):
            if not self._life.on_failed(answer, now):
                self._unknown.on_failed(answer, now)
        elif isinstance(request, ReadWager):
            self._asked.pop(request.wager_id, None)
            self._lookup_at = max(now + SECOND, answer.retry_at or 0)
        elif isinstance(request, ReadBalance):
            self._balance_asked = False
            self._balance_at = now + 5 * SECOND
        elif isinstance(request, ReadMatches):
            for wager_id in request.wager_ids:
                shared.details[wager_id] = None
        else:
            self._board.failed(answer, now)

    def _sent(self, answer: e.Answer) -> tuple[Request, Instant] | None:
        return self._shared.inflight.pop(answer.request, None)
