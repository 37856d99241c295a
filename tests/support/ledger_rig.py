"""A ledger with a few lines, and short commands for reports of the exchange. For the tests of the ledger."""

from __future__ import annotations

from typing import Any

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.domain.position import FullStakes, Position
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.ledger import Change, Kind, Ledger, Wager

START = 1_760_000_000 * SECOND
ID = "r1-fv-1"
LINE = LineKey(7, 256, 0)
SPREAD = LineKey(7, 257, -14)
MARKET = MarketKey(7, 256)
LINES: dict[str, tuple[LineKey, int]] = {
    "a0": (LINE, 0),
    "a1": (LINE, 1),
    "s0": (SPREAD, 0),
    "s1": (SPREAD, 1),
}
SPORT_EVENTS = {"a": (7, 256), "s": (7, 257), "t": (7, 300)}


def resolve(line_id: str) -> tuple[LineKey, int] | None:
    return LINES.get(line_id)


def report_of(
    external_id: str = "r1-fv-1",
    status: Status = Status.OPEN,
    matched: int = 0,
    *,
    stake: int = 1000,
    matching: Matching | None = None,
    winning: Winning = Winning.TBD,
    match: tuple[int, int] | None = None,
    sequence: int = 0,
    line_id: str = "a0",
    odds: int = -110,
    wager_id: str | None = None,
) -> WagerReport:
    """A report; ``matching`` follows from the stakes unless given. ``match``: stake and odds of this match."""
    if matching is None:
        if not matched:
            matching = Matching.UNMATCHED
        else:
            matching = Matching.FULLY_MATCHED if matched >= stake else Matching.PARTIALLY_MATCHED
    sport_event, market = SPORT_EVENTS.get(line_id[0], (7, 999))
    return WagerReport(
        wager_id=f"w-{external_id}" if wager_id is None else wager_id,
        external_id=external_id,
        sport_event_id=sport_event,
        market_id=market,
        line_id=line_id,
        odds=odds,
        stake=stake,
        status=status,
        matching=matching,
        winning=winning,
        matched=matched,
        match_stake=match[0] if match else None,
        match_odds=match[1] if match else None,
        sequence=sequence,
    )


class Rig:
    """A ledger under test with a clock and a counter of sequences."""

    def __init__(self, commission: float = 0.02) -> None:
        self.ledger = Ledger(commission)
        self.now = START
        self.sequence = START

    def tick(self, duration: int = MILLISECOND) -> int:
        self.now += duration
        return self.now

    def send(
        self,
        external_id: str = "r1-fv-1",
        *,
        line_id: str = "a0",
        odds: int = -110,
        stake: int = 1000,
        hedge: bool = False,
    ) -> Wager:
        line, side = LINES[line_id]
        return self.ledger.sent(Placement(external_id, line_id, odds, stake), line, side, hedge, self.tick())

    def open(self, external_id: str = "r1-fv-1", **kind: Any) -> Wager:
        """Send a wager, and have it accepted and reported open."""
        wager = self.send(external_id, **kind)
        about = {"line_id": wager.line_id, "odds": wager.odds, "stake": wager.stake}
        self.ledger.accepted(external_id, report_of(external_id, Status.INACTIVE, **about), self.tick())
        self.message(external_id, **about)
        return wager

    def message(
        self, external_id: str = "r1-fv-1", status: Status = Status.OPEN, matched: int = 0, **more: Any
    ) -> list[Change]:
        """A private message, with the next sequence unless given one."""
        self.sequence += 1
        more.setdefault("sequence", self.sequence)
        return list(
            self.ledger.take_report(report_of(external_id, status, matched, **more), True, self.tick(), resolve)
        )

    def read(
        self,
        external_id: str = "r1-fv-1",
        status: Status = Status.OPEN,
        matched: int = 0,
        *,
        asked_at: int | None = None,
        **more: Any,
    ) -> list[Change]:
        """A REST answer."""
        return list(
            self.ledger.take_report(
                report_of(external_id, status, matched, **more), False, self.tick(), resolve, asked_at
            )
        )

    def cancel(self, external_id: str = "r1-fv-1") -> None:
        self.ledger.cancel_sent(external_id, self.tick())
        self.ledger.cancel_accepted(external_id, self.tick())

    def full(self, market: MarketKey) -> FullStakes:
        return self.ledger.full_stakes.get(market, FullStakes())

    def position(self, line: LineKey = LINE) -> Position:
        return self.ledger.positions.get(line, Position())


def kinds(changes: list[Change]) -> list[Kind]:
    return [change.kind for change in changes]


def position(profit: list[int], remaining: list[int]) -> Position:
    expected = Position()
    expected.profit, expected.remaining = profit, remaining
    return expected
