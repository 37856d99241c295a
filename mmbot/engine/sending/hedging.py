"""Sends hedges. Each scope (such as a line) has a largest possible loss from its matched stakes. When this loss reaches
the ``hedge`` threshold, ``fillOrKill`` wagers on opposite outcomes bring it back to the ``soft`` threshold. At most one
hedge is in flight on each line."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from mmbot.domain.catalogue import Line, LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.odds import implied
from mmbot.engine.orders import Severity
from mmbot.engine.quoting.given_prices import GivenPrices
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.requests import PlaceMany, Placement
from mmbot.engine.risk.guards import ACCOUNT, NOT_TWO, shown
from mmbot.engine.risk.hedge_size import OWN_QUOTES, HedgeOrder, blocking, size_hedge
from mmbot.engine.sending.cancelling import Cancelling
from mmbot.engine.sending.external_ids import HEDGE, ExternalIds
from mmbot.engine.sending.placing import Placing
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager, Wager

PAUSE: Final = 3 * SECOND
"""The shortest time between two attempts to hedge one line."""

ENDED_BY: Final = 3 * SECOND
"""If no message reports the end of a hedge within this time, the hedge is looked up. The look-up is repeated at the
same interval. If the second look-up shows that the hedge is still open, the hedge is cancelled. The exchange ends a
fill-or-kill wager within two seconds (docs/protocol.md 6.1)."""

CLOSED: Final = ("start", "live", "unlisted", "wiped", "audit_market", "two_tournaments")
"""The guards (reasons not to quote) of a sport event that forbid a hedge. The guard about the strategy is not included,
because the position has to be hedged even if the strategy fails."""

LINE_CLOSED: Final = ("inactive", "book_unread", "book_age", "reconciliation", "audit_wager", "duplicate_id")
"""The guards (reasons not to quote) of a line that forbid a hedge."""

ACCOUNT_CLOSED: Final = (
    "latch",
    "stop",
    "starting",
    "feed",
    "stood_still",
    "feed_rejected",
    "another_daemon",
    "clock",
    "ladder",
    "balance",
    "journal",
    "audit_late",
    "audit_money",
)
"""The guards (reasons not to quote) of the account that forbid a hedge. All remaining guards of the account concern
only quotes."""


ANOTHERS: Final = "the hedge would match a wager of this account that the bot did not place"


class Hedging:
    """Finds the lines that need a hedge, and sends the hedges."""

    def __init__(
        self,
        shared: Shared,
        quoting: Quoting,
        placing: Placing,
        cancelling: Cancelling,
        given: GivenPrices,
        ids: ExternalIds,
    ) -> None:
        self._shared = shared
        self._cancelling: Final = cancelling
        self._looked_up: Final[dict[str, None]] = {}
        """The ``external_id`` of each hedge that was looked up because its end was not reported."""
        self._quoting = quoting
        self._placing = placing
        self._given = given
        self._ids: Final = ids
        self._open_hedges: dict[LineKey, str] = {}
        """The ``external_id`` of the hedge that was sent on each line and has not ended."""
        self._not_before: dict[LineKey, Instant] = {}
        self._reasons: dict[LineKey, str] = {}
        self.check = False
        """True if a new search for lines to hedge is needed, because a position, a book or a pause has changed since
        the previous search."""
        self.sent = 0

    def next(self, now: Instant) -> PlaceMany | None:
        """Return the next hedge that may be sent. The result is None if there is no such hedge."""
        if not self.check:
            return None
        shared = self._shared
        if any(shared.guards.holds(guard, ACCOUNT) for guard in ACCOUNT_CLOSED) or not self._ids.has(1):
            return None
        self.check = False
        # If a line has a hedge in flight, no other line is hedged in its place. If no hedge is possible on a line for
        # now, other lines are hedged in its place.
        unable = [line for line, at in self._not_before.items() if at > now and line not in self._open_hedges]
        for line, reduction in shared.exposure.hedge_candidates(unable):
            if shared.guards.holds("result", line):
                continue  # its results are coming in, so neither this line nor another line in its place is hedged
            wager = shared.ledger.get(self._open_hedges.get(line, ""))
            if wager is not None and wager.remaining:
                continue
            request = self._try(line, reduction, now)
            if request is not None:
                self.check = True
                return request
        return None

    def _try(self, line: LineKey, reduction: int, now: Instant) -> PlaceMany | None:
        """Compute and send the hedge of one line. If no hedge is possible, log the reason."""
        shared = self._shared
        quoted = self._quoting.lines.get(line)
        state = shared.books.get(line)
        ladder = shared.ladder
        if quoted is None or state is None or ladder is None:
            self._put_off(line, "the line is not on the board", now)
            return None
        if (why := self._guarded(quoted.line)) is not None:
            self._put_off(line, why, now)
            return None
        live = list(shared.ledger.live(line))
        own: list[LineWager] = [wager for wager in live if not wager.foreign]
        book = shared.books.net(state, own)
        sized = size_hedge(
            shared.ledger.positions[line],
            reduction,
            book,
            self._given.fair_of(line, book, now),
            shared.settings.hedge_cost,
            ladder,
            shared.settings.min_stake,
            min(shared.exposure.stake_limit(line), self._placing.funds_left()),
        )
        if sized == OWN_QUOTES and own:
            self._clear_line(line)
            return None
        if isinstance(sized, str):
            self._put_off(line, sized, now)
            return None
        in_the_way = blocking(sized.side, sized.odds, [(wager.external_id, wager.side, wager.odds) for wager in live])
        if any(key not in {wager.external_id for wager in own} for key in in_the_way):
            self._put_off(line, ANOTHERS, now)
            return None
        reducing = shared.exposure.reducing(line, shared.ledger.positions[line], sized.side, sized.stake)
        if in_the_way or (own and not reducing):
            self._clear_line(line)
            return None
        if not reducing:
            self._put_off(line, "wagers of the account that the bot did not place use up the limit", now)
            return None
        return self._send(quoted.line, sized, reduction, now)

    def _guarded(self, line: Line) -> str | None:
        """Return the reason why no hedge may be sent on a line. The result is None if a hedge may be sent."""
        if not line.quotable:
            return NOT_TWO
        guards = self._shared.guards
        sport_event_closed = any(guards.holds(guard, line.key.sport_event) for guard in CLOSED)
        if sport_event_closed or any(guards.holds(guard, line.key) for guard in LINE_CLOSED):
            return guards.why(line.key) or "guarded"
        return None

    def _send(self, line: Line, sized: HedgeOrder, reduction: int, now: Instant) -> PlaceMany:
        """Send a hedge. From now on, the hedge counts as a wager that could match."""
        shared, key = self._shared, line.key
        external_id = self._ids.next(HEDGE)
        line_id = line.outcomes[sized.side].line_id
        placement = Placement(external_id, line_id, sized.odds, sized.stake, fill_or_kill=True)
        shared.hedging[key] = None
        self._placing.note_hedge(placement, key, sized.side, now)
        self._open_hedges[key] = external_id
        self._pause(key, now)
        shared.timers.set(Due.HEDGE_END, external_id, now + ENDED_BY)
        self._reasons.pop(key, None)
        self.sent += 1
        shared.outbox.alert(
            Severity.INFO,
            "hedge.sent",
            external_id=external_id,
            line=shown(key),
            side=sized.side,
            odds=sized.odds,
            probability=round(implied(sized.odds), 4),
            stake=sized.stake,
            reduction=reduction,
        )
        return self._placing.hand_out((placement,), now)

    def overdue(self, external_id: str, now: Instant) -> None:
        """Look up a hedge whose end was not reported in time. If an earlier look-up showed that the hedge was open,
        also cancel it."""
        shared = self._shared
        wager = shared.ledger.get(external_id)
        if wager is None or not wager.live:
            self._looked_up.pop(external_id, None)
            return
        shared.timers.set(Due.HEDGE_END, external_id, now + ENDED_BY)
        if wager.wager_id is None:
            return  # the placement has no answer yet, or the history has to show whether it was placed
        if external_id in self._looked_up and wager.wager_id not in shared.lookups:
            self._cancelling.want(wager)
        self._looked_up[external_id] = None
        shared.lookups[wager.wager_id] = "the end of a hedge was not reported"

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the pauses and the reasons that belong to lines of sport events that are over."""
        for lines in (self._not_before, self._reasons):
            for line in [line for line in lines if line.sport_event in sport_events]:
                del lines[line]

    def _clear_line(self, line: LineKey) -> None:
        """Request the cancel of all our wagers on a line. After the cancels are confirmed, the size of the hedge is
        computed again."""
        if line not in self._shared.hedging:
            self._shared.hedging[line] = None
            self._quoting.own_changed(line)

    def _pause(self, line: LineKey, now: Instant) -> None:
        self._not_before[line] = now + PAUSE
        self._shared.timers.set(Due.HEDGE, line, now + PAUSE)

    def pause_over(self, line: LineKey, now: Instant) -> None:
        """Start a new search for lines to hedge, because the pause of a line is over. If a later attempt made this
        pause longer, do nothing."""
        until = self._not_before.get(line, 0)
        if until > now:
            self._shared.timers.set(Due.HEDGE, line, until)
        else:
            self.check = True

    def changed(self, change: Change, now: Instant) -> None:
        """If the change is the end of a hedge, allow quotes on the line of the hedge again."""
        if change.kind is Kind.ENDED and change.wager.hedge:
            self.ended(change.wager)

    def ended(self, wager: Wager) -> None:
        """Allow quotes on a line again, because its hedge has ended."""
        if not isinstance(wager, LineWager):
            return
        if self._open_hedges.get(wager.line) == wager.external_id:
            del self._open_hedges[wager.line]
        self._quote_again(wager.line)

    def look_again(self) -> None:
        """Start a new search for lines to hedge, because positions or books changed. If a line no longer needs a hedge,
        allow quotes on the line again."""
        self.check = True
        shared = self._shared
        for line in list(shared.hedging):
            if line not in self._open_hedges and not shared.exposure.hedge_wanted(line, shared.ledger.positions[line]):
                self._quote_again(line)

    def _quote_again(self, line: LineKey) -> None:
        if line in self._shared.hedging:
            del self._shared.hedging[line]
            self._quoting.own_changed(line)

    def _put_off(self, line: LineKey, why: str, now: Instant) -> None:
        self._quote_again(line)
        self._pause(line, now)
        if self._reasons.get(line) != why:
            self._reasons[line] = why
            self._shared.outbox.alert(Severity.WARNING, "hedge.not_possible", line=shown(line), why=why)
