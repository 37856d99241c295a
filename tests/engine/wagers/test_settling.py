"""A result frees no room of other wagers before a read confirms it, and a withdrawn result takes all of it back."""

from __future__ import annotations

import pytest
from ledger_rig import LINE, START, report_of, resolve

from mmbot.domain.instant import MINUTE, SECOND
from mmbot.domain.odds import Side, profit
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.ledger import Ledger

STAKES: tuple[tuple[str, Side, int], ...] = (("run-1", 0, 1000), ("run-2", 1, 3000), ("run-3", 0, 500))
WIN = {stake: profit(stake, -110) for _, _, stake in STAKES}
MATCHED = [WIN[1000] + WIN[500] - 3000, WIN[3000] - 1500]


def told(number: int, winning: Winning = Winning.TBD, status: Status = Status.OPEN, sequence: int = 0) -> WagerReport:
    external_id, side, stake = STAKES[number]
    return report_of(
        external_id,
        line_id=f"a{side}",
        stake=stake,
        matched=stake,
        matching=Matching.FULLY_MATCHED,
        winning=winning,
        status=status,
        sequence=sequence,
    )


def matched() -> Ledger:
    """A ledger with three matched wagers on both outcomes of one line."""
    ledger = Ledger(0.02)
    for number, (external_id, side, stake) in enumerate(STAKES):
        ledger.sent(Placement(external_id, f"a{side}", -110, stake), LINE, side, False, START)
        ledger.take_report(told(number), False, START, resolve)
    assert ledger.positions[LINE].profit == MATCHED
    return ledger


def message(ledger: Ledger, number: int, winning: Winning) -> None:
    report = told(number, winning, Status.CLOSED, sequence=number + 1)
    ledger.take_report(report, True, START + SECOND, resolve)


def read(ledger: Ledger, number: int, winning: Winning) -> None:
    asked_at = START + 2 * SECOND
    ledger.take_report(told(number, winning, Status.CLOSED), False, asked_at, resolve, asked_at)


def test_a_message_alone_frees_no_room() -> None:
    ledger = matched()
    message(ledger, 0, Winning.WON)
    assert ledger.positions[LINE].profit == MATCHED
    message(ledger, 1, Winning.LOST)
    assert ledger.positions[LINE].profit == MATCHED


def test_a_read_of_one_result_lets_the_market_leave_in_one_step() -> None:
    ledger = matched()
    message(ledger, 0, Winning.WON)
    ledger.drain_moved()
    read(ledger, 0, Winning.WON)
    assert ledger.positions[LINE].profit == [0, 0]
    assert ledger.drain_moved() == [LINE]


def test_the_market_leaves_when_messages_gave_every_result() -> None:
    ledger = matched()
    for number, winning in enumerate((Winning.WON, Winning.LOST, Winning.WON)):
        assert ledger.positions[LINE].profit == MATCHED
        message(ledger, number, winning)
    assert ledger.positions[LINE].profit == [0, 0]


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_withdrawn_result_puts_the_whole_market_back_at_once(confirmed: bool) -> None:
    ledger = matched()
    message(ledger, 0, Winning.WON)
    if confirmed:
        read(ledger, 0, Winning.WON)
    ledger.drain_moved()
    ledger.prove(told(0), START + MINUTE)
    assert ledger.positions[LINE].profit == MATCHED
    assert ledger.drain_moved() == [LINE]
    assert ledger.realised == 0
    message(ledger, 1, Winning.LOST)
    assert ledger.positions[LINE].profit == MATCHED, "a later message is not confirmed by the earlier read"


def test_a_result_withdrawn_after_the_market_was_settled_counts_its_wager_again() -> None:
    ledger = matched()
    for number, winning in enumerate((Winning.WON, Winning.LOST, Winning.WON)):
        message(ledger, number, winning)
    ledger.prove(told(1), START + MINUTE)
    assert ledger.positions[LINE].profit == [-3000, WIN[3000]]


def test_a_match_after_an_unconfirmed_result_counts_in_the_limits() -> None:
    ledger = matched()
    ledger.sent(Placement("run-4", "a0", -110, 700), LINE, 0, False, START)
    message(ledger, 1, Winning.LOST)
    assert ledger.positions[LINE].remaining == [700, 0]
    later = report_of("run-4", stake=700, matched=700, matching=Matching.FULLY_MATCHED, sequence=9)
    ledger.take_report(later, True, START + SECOND, resolve)
    position = ledger.positions[LINE]
    assert position.remaining == [0, 0]
    assert position.profit == [MATCHED[0] + profit(700, -110), MATCHED[1] - 700]
    ledger.prove(told(1), START + MINUTE)
    assert position.profit == [MATCHED[0] + profit(700, -110), MATCHED[1] - 700]
