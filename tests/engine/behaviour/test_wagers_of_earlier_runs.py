"""Wagers of an earlier run that its journal lacks, and wagers reported before their line is known."""

from __future__ import annotations

from typing import Any

import msgspec
from ledger_rig import LINE, LINES, SPREAD, START, kinds, report_of

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import DAY, SECOND, Instant
from mmbot.domain.odds import profit
from mmbot.domain.position import Position
from mmbot.domain.wager import Status, WagerReport, Winning
from mmbot.domain.wager_states import State
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.ledger import Change, Kind, Ledger
from mmbot.engine.wagers.wager import MarketWager

ENDED = START - SECOND
"""When the earlier run was last known to live."""


def ledger(*runs: str) -> Ledger:
    return Ledger(0.02, runs, ENDED)


def unread(line_id: str) -> tuple[LineKey, int] | None:
    """A ledger before the board was read."""
    return None


def take(ledger: Ledger, report: WagerReport, resolve: Any = LINES.get) -> list[Change]:
    return list(ledger.take_report(report, False, START, resolve))


def created(at: Instant, *args: Any, **more: Any) -> WagerReport:
    return msgspec.structs.replace(report_of(*args, **more), created_at=at)


def test_a_wager_with_the_id_of_an_earlier_run_is_ours_and_is_cancelled() -> None:
    books = ledger("r0", "r1")
    changes = take(books, created(ENDED, "r1-fv-9", stake=1000))
    assert kinds(changes) == [Kind.REVIVED, Kind.OPENED]
    stray = changes[0].wager
    assert not stray.foreign
    assert stray.state is State.OPEN
    assert books.positions[LINE].worst_case() == 1000
    (hand,) = kinds(take(books, created(ENDED, "r11-fv-9", stake=500)))[:1]
    assert hand is Kind.FOREIGN  # of an unknown run whose id starts with the same letters


def test_a_result_that_no_earlier_run_can_have_booked_is_booked() -> None:
    books = ledger("r1")
    take(books, created(ENDED, "r1-fv-9", Status.CLOSED, 1000, odds=-110, winning=Winning.WON))
    assert books.realised == profit(1000, -110)
    assert books.positions.get(LINE, Position()).matched_worst_case() == 0


def test_a_result_that_an_earlier_run_may_have_booked_counts_in_nothing() -> None:
    books = ledger("r1")
    long_ago = ENDED - 4 * DAY
    take(books, created(long_ago, "r1-fv-2", Status.CLOSED, 1000, winning=Winning.WON))
    take(books, report_of("r1-fv-3", Status.CLOSED, 1000, winning=Winning.WON))  # without a time
    take(books, created(long_ago, "by-hand", Status.CLOSED, 1000, winning=Winning.WON))
    assert books.realised == 0


def test_a_wager_reported_before_its_line_counts_in_full_until_the_line_is_known() -> None:
    books = ledger("r1")
    take(books, created(ENDED, "r1-fv-9", Status.OPEN, 400, line_id="s1", odds=150), unread)
    (stray,) = books.all_live()
    unknown = MarketKey(7, 257)
    assert isinstance(stray, MarketWager)
    assert stray.market == unknown
    assert (books.full_stakes[unknown].worst_case(), books.full_stakes[unknown].matched) == (1000, 400)
    assert books.positions == {}
    assert books.totals.locked == {unknown: 400}
    assert books.locate(unread) == []
    books.drain_moved()

    (placed,) = books.locate(LINES.get)
    assert (placed.external_id, placed.line, placed.side) == (stray.external_id, SPREAD, 1)
    assert books.get(stray.external_id) is books.by_id(str(stray.wager_id)) is placed
    assert books.all_live() == [placed]
    assert not books.full_stakes[unknown]
    there = books.positions[SPREAD]
    assert (there.profit, there.remaining) == ([-400, 600], [0, 600])
    assert books.totals.locked == {SPREAD: 400}
    assert books.totals.locked_in_all == 400
    assert list(books.live(SPREAD)) == [placed]
    assert books.drain_moved() == [unknown, SPREAD]
    assert books.outstanding == 600

    take(books, created(ENDED, "r1-fv-9", Status.CLOSED, 400, stake=400, line_id="s1", odds=150, winning=Winning.WON))
    assert books.positions[SPREAD] == Position()
    assert books.realised == 600
    assert books.locate(LINES.get) == []


def test_the_line_of_a_forgotten_wager_is_no_longer_looked_for() -> None:
    books = ledger("r1")
    for number in range(5):
        about = {"line_id": "s1", "wager_id": f"w{number}"}
        take(books, created(ENDED, f"by-hand-{number}", Status.OPEN, **about), unread)
        take(books, created(ENDED, f"by-hand-{number}", Status.CANCELED, **about), unread)
    assert looked_for(books) == 5
    for number in range(5):
        books.sent(Placement(f"r1-fv-{number}", "a0", -110, 1000), LINE, 0, False, START + DAY)
    assert looked_for(books) == 0


def looked_for(books: Ledger) -> int:
    """The number of wagers whose line is looked for after the board was read."""
    asked: list[str] = []
    books.locate(asked.append)
    return len(asked)


def test_a_wager_of_a_market_without_two_outcomes_stays_counted_in_full() -> None:
    books = ledger()
    take(books, created(ENDED, "by-hand", Status.OPEN, 400, line_id="three"), unread)
    assert books.locate(LINES.get) == []
    assert sum(full.worst_case() for full in books.full_stakes.values()) == 1000
