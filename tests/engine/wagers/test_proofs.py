"""A record of the exchange moves a wager back to its true state, with all sums."""

from __future__ import annotations

import pytest
from ledger_rig import ID, LINE, START, kinds, report_of, resolve

from mmbot.domain.instant import MINUTE, SECOND
from mmbot.domain.odds import profit
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.domain.wager_states import State
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.ledger import Kind, Ledger, LedgerError

CLAIMS = {
    "fully matched": (report_of(matched=1000, match=(1000, -110), sequence=1), State.MATCHED),
    "matched in part": (report_of(matched=400, match=(400, -110), sequence=1), State.OPEN),
    "cut to its matched part": (
        report_of(matched=400, stake=400, matching=Matching.FULLY_MATCHED, match=(400, -110), sequence=1),
        State.MATCHED,
    ),
    "canceled": (report_of(status=Status.CANCELED, sequence=1), State.CANCELED),
    "lost": (report_of(status=Status.CLOSED, matched=1000, winning=Winning.LOST, sequence=1), State.CLOSED),
    "won": (report_of(status=Status.SETTLED, matched=1000, winning=Winning.WON, sequence=1), State.SETTLED),
    "void": (report_of(status=Status.VOID, sequence=1), State.VOID),
}


def opened() -> Ledger:
    ledger = Ledger(0.02)
    ledger.sent(Placement(ID, "a0", -110, 1000), LINE, 0, False, START)
    ledger.take_report(report_of(), False, START, resolve)
    return ledger


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_proof_that_a_wager_is_open_takes_every_false_message_back(claim: str) -> None:
    """Positions, settlements, lists and money stand as if the message had never come."""
    message, state = CLAIMS[claim]
    ledger, right = opened(), opened()
    ledger.take_report(message, True, START + SECOND, resolve)
    wager = ledger.by_id(f"w-{ID}")
    assert wager is not None
    assert wager.state is state
    ledger.take_report(report_of(), False, START + 2 * SECOND, resolve, START + 2 * SECOND)
    assert wager.state is state, "an ordinary read changes nothing"
    changes = ledger.prove(report_of(), START + MINUTE)
    assert (Kind.REVIVED in kinds(changes)) is (state not in (State.OPEN,))
    assert wager.state is State.OPEN
    assert (wager.stake, wager.remaining, wager.matched, wager.win) == (1000, 1000, 0, 0)
    assert ledger.positions == right.positions
    assert ledger.counts == right.counts
    assert [held.external_id for held in ledger.live(LINE)] == [ID]
    assert (ledger.realised, ledger.commission, ledger.outstanding) == (0, 0, 1000)
    assert ledger.totals.locked_in_all == 0
    assert ledger.estimated_count == 0
    later = report_of(matched=300, match=(300, -110), sequence=2)
    ledger.take_report(later, True, START + MINUTE + SECOND, resolve)
    assert (wager.matched, wager.remaining) == (300, 700), "true messages count again"


def test_a_proof_of_fewer_matches_keeps_the_true_ones() -> None:
    ledger = opened()
    ledger.take_report(report_of(matched=300, match=(300, -110), sequence=1), True, START + SECOND, resolve)
    ledger.take_report(report_of(matched=1000, match=(700, 150), sequence=2), True, START + SECOND, resolve)
    changes = ledger.prove(report_of(matched=300), START + MINUTE)
    assert Kind.TAKEN_BACK in kinds(changes)
    wager = ledger.get(ID)
    assert wager is not None
    assert (wager.matched, wager.win, wager.win_estimated) == (300, profit(300, -110), False)
    assert ledger.positions[LINE].profit == [profit(300, -110), -300]
    ledger.prove(report_of(matched=500), START + MINUTE)
    assert (wager.matched, wager.win_estimated) == (500, True)


def test_a_proof_of_a_message_with_a_stamp_far_ahead_lets_true_messages_count_again() -> None:
    ledger = opened()
    ledger.take_report(report_of(status=Status.CANCELED, sequence=START * 2), True, START + SECOND, resolve)
    ledger.prove(report_of(), START + MINUTE)
    true = report_of(status=Status.CANCELED, sequence=START + MINUTE)
    ledger.take_report(true, True, START + MINUTE, resolve)
    assert not ledger.live_count


def test_a_wager_that_the_exchange_does_not_know_ends_unless_it_has_matches() -> None:
    ledger = opened()
    assert Kind.ENDED in kinds(ledger.prove_absent(ID, START + MINUTE))
    assert ledger.outstanding == 0
    matched = opened()
    matched.take_report(report_of(matched=400, match=(400, -110), sequence=1), True, START + SECOND, resolve)
    assert matched.prove_absent(ID, START + MINUTE) == ()
    assert matched.outstanding == 600


def test_a_proof_needs_a_wager_that_is_held() -> None:
    with pytest.raises(LedgerError, match="w-other is not held"):
        opened().prove(report_of("other"), START)
