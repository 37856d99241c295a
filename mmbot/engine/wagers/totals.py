"""The sums over all wagers: the positions by line, the stakes that could match, the stakes locked in matches, and the
settlements.

When a wager changes, only the difference from its earlier figures is added to the sums. So the time that a call takes
does not grow with the number of wagers.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.money import Cents
from mmbot.domain.position import FullStakes, Position
from mmbot.domain.wager_states import COULD_MATCH, FINAL, State
from mmbot.engine.wagers.changes import Change, Changes
from mmbot.engine.wagers.commission import Settlements, outcome
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.settling import Settling
from mmbot.engine.wagers.wager import LineWager, MarketWager, Wager

_NOTHING: Final = Position()


class Totals:
    """The sums over all wagers. Only the ledger calls the methods that change them."""

    __slots__ = (
        "_lines_of",
        "_moved",
        "full_stakes",
        "locked",
        "locked_in_all",
        "outstanding",
        "positions",
        "settlements",
        "settling",
    )

    def __init__(self, commission: float) -> None:
        """Start with no wagers. ``commission`` is the exchange's share of a market's net gain, below 1."""
        self.positions: Final[dict[LineKey, Position]] = {}
        self.full_stakes: Final[dict[MarketKey, FullStakes]] = {}
        """The stakes of wagers whose line is not known, by market. No other wager can offset such a stake."""
        self.outstanding: Cents = 0
        """The sum of all stakes on the account that could still be matched, in cents."""
        self.locked: Final[dict[LineKey | MarketKey, Cents]] = {}
        """The matched and unsettled stakes of each line, in cents. The stake of a wager on an unknown line counts under
        its market. Sums of zero are left out."""
        self.locked_in_all: Cents = 0
        self.settlements: Final = Settlements(commission)
        self.settling: Final[dict[MarketKey, Settling]] = {}
        """The markets in which some wagers have a result, and others do not yet."""
        self._lines_of: Final[dict[MarketKey, dict[LineKey, None]]] = {}
        """The lines with a position, by their market."""
        self._moved: dict[LineKey | MarketKey, None] = {}

    def placed(self, wager: LineWager) -> None:
        """Count a wager that is being placed and has no matches yet. ``drain_moved`` does not return the line of this
        wager, because the caller already knows that the position of the line changed."""
        line, stake = wager.line, wager.stake
        wager.remaining = stake
        wager.counted = (stake, 0, 0)
        self._position(line).move(wager.side, stake, 0, 0)
        self.outstanding += stake

    def count(self, wager: Wager) -> Changes:
        """Update the sums after a wager changed."""
        matched, win = wager.matched, 0 if wager.denied else wager.win
        wager.remaining = remaining = wager.stake - matched if wager.state in COULD_MATCH else 0
        if wager.uncounted:
            return ()
        booked = None if wager.matches is None else _result_of(wager)
        resulted = (booked is None) is not (wager.booked is None)
        counted = (remaining, matched, win) if booked is None else (remaining, 0, 0)
        was = wager.counted
        if resulted and booked is not None:
            self._note_result(wager)
        if counted != was:
            self._move(wager, counted[0] - was[0], counted[1] - was[1], counted[2] - was[2], resulted)
            self.outstanding += counted[0] - was[0]
            wager.counted = counted
        if self.settling:
            if resulted and booked is None:
                self.stop_settling(wager.market)  # the result was withdrawn, so the others of the market are in doubt
            else:
                self._end_settling(wager.market)
        if booked == wager.booked:
            return ()
        first = wager.booked is None
        correction = (booked or 0) - (wager.booked or 0)
        wager.booked = booked
        before = self.settlements.commission
        self.settlements.add(wager.market, correction)
        commission = self.settlements.commission - before
        return (
            Change(
                Kind.SETTLED, wager, max(was[1], matched) if first else matched, correction, None, commission, first
            ),
        )

    def move(self, wager: MarketWager, there: LineWager) -> None:
        """Move the figures of a wager from its market to its line. ``there`` is the same wager with its line."""
        remaining, matched, win = wager.counted
        if wager.counted != (0, 0, 0):
            self._move(wager, -remaining, -matched, -win)
            self._move(there, remaining, matched, win)

    def confirm(self, wager: Wager) -> None:
        """Note that a read over REST shows the result of a wager, so that no false message can have caused it. If the
        market of the wager counts as settling, its wagers stop counting in the limits in one step."""
        settling = self.settling.get(wager.market) if self.settling else None
        if settling is None or settling.left or wager.booked is None or wager.state is State.VOID:
            return
        settling.left = True
        for line in settling.profit:
            self._position(line).profit = [0, 0]
            self._moved[line] = None

    def stop_settling(self, market: MarketKey) -> None:
        """If the exchange withdraws a result of a market, or gives no result for its remaining wagers, let the wagers
        without a result count in the limits again."""
        settling = self.settling.pop(market, None)
        if settling is not None:
            for line, profit in settling.profit.items():
                self._position(line).profit = profit
                self._moved[line] = None

    def _note_result(self, wager: Wager) -> None:
        """Note the first result of a wager. If other wagers of its market have no result yet, the market counts as
        settling."""
        market = wager.market
        settling = self.settling.get(market)
        if settling is None:
            settling = self.settling[market] = Settling()
            settling.hold(self._lines_of.get(market, ()), self.positions)
        settling.note(wager)

    def _end_settling(self, market: MarketKey) -> None:
        """If every wager of a market has its result now, the market no longer counts as settling."""
        settling = self.settling.get(market)
        if settling is not None and settling.done:
            self.stop_settling(market)

    def credit(self, line: LineKey) -> Cents:
        """Return the part of a line's matched stakes that comes back whichever outcome wins, in cents. An exchange with
        exposure credits lets the account use this part again (docs/protocol.md 7.6)."""
        locked = self.locked.get(line, 0)
        position = self.positions.get(line)
        if not locked or position is None:
            return 0
        settling = self.settling.get(market_of(line))
        first, second = position.profit if settling is None else settling.profit.get(line, position.profit)
        return max(0, locked - max(0, -min(first, second)))

    def at_stake(self) -> dict[int, None]:
        """Return the sport events with a stake that is matched and not settled."""
        return dict.fromkeys(key.sport_event for key in self.locked)

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the positions of sport events that are over, if these positions are zero. All settlements are kept,
        because a result may be corrected late, and because commission is charged on the sum of a market's results."""
        over = [
            line
            for line, position in self.positions.items()
            if line.sport_event in sport_events and position == _NOTHING
        ]
        for line in over:
            del self.positions[line]
            market = market_of(line)
            lines = self._lines_of[market]
            del lines[line]
            if not lines:
                del self._lines_of[market]
        for market in [
            market for market, full in self.full_stakes.items() if market.sport_event in sport_events and not full
        ]:
            del self.full_stakes[market]

    def drain_moved(self) -> list[LineKey | MarketKey]:
        """Return the lines whose position changed, and the markets whose full stakes (stakes whose whole amount counts
        as risk) changed, since the previous call of this method. The line or market that changed first comes first."""
        if not self._moved:
            return []
        moved = list(self._moved)
        self._moved.clear()
        return moved

    def _move(self, wager: Wager, remaining: Cents, matched: Cents, win: Cents, resulted: bool = False) -> None:
        """Add the changes of a wager's remaining stake, matched stake and win, in cents, to the position of its line.
        If the line is not known, add the changes to the stakes of its market. ``resulted`` is true if the wager got
        its result or lost it."""
        key: LineKey | MarketKey
        if isinstance(wager, LineWager):
            key = wager.line
            position = self._position(key)
            settling = self.settling.get(market_of(key)) if self.settling else None
            if settling is None:
                position.move(wager.side, remaining, matched, win)
            else:
                settling.move(key, wager.side, matched, win)
                if settling.left or resulted:
                    position.remaining[wager.side] += remaining
                else:
                    position.move(wager.side, remaining, matched, win)
        else:
            key = wager.market
            self._full(key).move(remaining, matched)
        if matched:
            self._lock(key, matched)
        self._moved[key] = None

    def _full(self, market: MarketKey) -> FullStakes:
        full = self.full_stakes.get(market)
        if full is None:
            full = self.full_stakes[market] = FullStakes()
        return full

    def _position(self, line: LineKey) -> Position:
        position = self.positions.get(line)
        if position is None:
            position = self.positions[line] = Position()
            self._lines_of.setdefault(market_of(line), {})[line] = None
        return position

    def _lock(self, line: LineKey | MarketKey, more: Cents) -> None:
        self.locked_in_all += more
        locked = self.locked.get(line, 0) + more
        if locked:
            self.locked[line] = locked
        else:
            self.locked.pop(line, None)


def _result_of(wager: Wager) -> Cents | None:
    """Return the profit that a wager made, in cents. The result is None while the wager has no result, or if nothing
    was matched."""
    if wager.matches is None or wager.state not in FINAL:
        return None
    return 0 if wager.state is State.VOID else outcome(wager.result, wager.matched, wager.win)
