"""Every status and result of a wager in the ledger, with its effect on position and profit."""

from __future__ import annotations

import pytest
from ledger_rig import MARKET, Rig, kinds, position

from mmbot.domain.odds import profit
from mmbot.domain.position import Position
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.domain.wager_states import State
from mmbot.engine.wagers.ledger import Kind, Settlement


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.INVALID, State.INVALID),
        (Status.CANCELED, State.CANCELED),
        (Status.WIPED, State.WIPED),
        (Status.VOID, State.VOID),
    ],
)
def test_an_unmatched_wager_that_ends_counts_nothing(status: Status, state: State) -> None:
    rig = Rig()
    wager = rig.open()
    changes = rig.message(status=status)
    assert [(change.kind, change.stake) for change in changes] == [(Kind.ENDED, 1000)]
    assert wager.state is state
    assert rig.position() == Position()
    assert rig.ledger.outstanding == 0
    assert rig.ledger.settlement(MARKET) == Settlement(0, 0)


@pytest.mark.parametrize(("status", "live"), [(Status.INACTIVE, True), (Status.OPEN, True)])
def test_a_status_that_leaves_a_wager_able_to_match(status: Status, live: bool) -> None:
    rig = Rig()
    wager = rig.send()
    rig.message(status=status)
    assert wager.live is live
    assert rig.position() == position([0, 0], [1000, 0])


@pytest.mark.parametrize(
    ("matching", "matched", "remaining"),
    [(Matching.UNMATCHED, 0, 1000), (Matching.PARTIALLY_MATCHED, 400, 600), (Matching.FULLY_MATCHED, 1000, 0)],
)
def test_every_matching_status_is_applied(matching: Matching, matched: int, remaining: int) -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=matched, matching=matching)
    assert (wager.matched, wager.remaining) == (matched, remaining)
    assert rig.position() == position([profit(matched, -110), -matched], [remaining, 0])


def test_wiped_after_a_partial_match_keeps_the_match() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=400, match=(400, -110))
    rig.message(status=Status.WIPED, matched=400)
    assert (wager.state, wager.remaining) == (State.WIPED, 0)
    assert rig.position() == position([364, -400], [0, 0])
    rig.message(status=Status.CLOSED, matched=400, winning=Winning.LOST)
    assert rig.position() == Position()
    assert rig.ledger.realised == -400


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize(
    ("winning", "gross"),
    [
        (Winning.WON, 364),
        (Winning.MANUALLY_WON, 364),
        (Winning.LOST, -400),
        (Winning.MANUALLY_LOST, -400),
        (Winning.PUSH, 0),
        (Winning.DRAW, 0),
        (Winning.NO_RESULT, 0),
        (Winning.TBD, None),
    ],
)
def test_every_winning_status_is_booked(winning: Winning, gross: int | None, by_hand: bool) -> None:
    rig = Rig()
    rig.open()
    rig.message(matched=400, match=(400, -110))
    status = Status.MANUALLY_SETTLED if by_hand else Status.CLOSED
    changes = rig.message(status=status, matched=400, stake=400, winning=winning)
    if gross is None:
        assert kinds(changes) == [Kind.ENDED]
        assert rig.position() == position([364, -400], [0, 0]), "a pending result keeps the position"
        return
    assert [(change.kind, change.stake, change.win) for change in changes] == [
        (Kind.SETTLED, 400, gross),
        (Kind.ENDED, 600, 0),
    ]
    assert rig.position() == Position()
    assert rig.ledger.realised == gross
    assert rig.ledger.settlement(MARKET) == Settlement(gross, 7 if gross > 0 else 0)


def test_settled_then_closed_is_paid_once() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=1000, match=(1000, -110))
    assert kinds(rig.message(status=Status.SETTLED, matched=1000, winning=Winning.WON)) == [Kind.SETTLED]
    assert rig.message(status=Status.CLOSED, matched=1000, winning=Winning.WON) == []
    assert rig.message(status=Status.SETTLED, matched=1000, winning=Winning.WON, sequence=rig.sequence - 1) == []
    assert wager.state is State.CLOSED
    assert (rig.ledger.realised, rig.ledger.commission) == (909, 18)


def test_a_result_reported_before_the_last_match_is_corrected_by_that_match() -> None:
    rig = Rig()
    rig.open()
    rig.message(status=Status.CLOSED, matched=400, winning=Winning.LOST)
    assert rig.ledger.realised == -400
    changes = rig.read(status=Status.CLOSED, matched=600, winning=Winning.LOST)
    assert (Kind.SETTLED, -200) in [(change.kind, change.win) for change in changes]
    assert rig.ledger.realised == -600
    assert rig.position() == Position()


def test_commission_is_charged_on_the_net_gain_of_a_market_only() -> None:
    rig = Rig()
    for number, (line_id, odds) in enumerate([("a0", 150), ("a1", -110), ("s0", 100)], 1):
        rig.open(f"r1-fv-{number}", line_id=line_id, odds=odds)
        rig.message(f"r1-fv-{number}", matched=1000, match=(1000, odds), line_id=line_id, odds=odds)
    won = rig.message("r1-fv-1", Status.SETTLED, 1000, winning=Winning.WON, odds=150)
    assert won[0].win == 1500
    assert rig.ledger.settlement(MARKET) == Settlement(1500, 30)
    rig.message("r1-fv-2", Status.CLOSED, 1000, winning=Winning.LOST, line_id="a1")
    assert rig.ledger.settlement(MARKET) == Settlement(500, 10), "what the same market lost comes off first"
    rig.message("r1-fv-3", Status.CLOSED, 1000, winning=Winning.LOST, line_id="s0")
    assert (rig.ledger.realised, rig.ledger.commission) == (-500, 10), "another market's loss does not"


def test_commission_is_rounded_half_up() -> None:
    rig = Rig()
    rig.open(odds=100, stake=2525)
    rig.message(matched=2525, stake=2525, match=(2525, 100), odds=100)
    rig.message(status=Status.CLOSED, matched=2525, stake=2525, winning=Winning.WON, odds=100)
    assert rig.ledger.settlement(MARKET) == Settlement(2525, 51)


def test_a_void_after_a_match_withdraws_the_match() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=400, match=(400, -110))
    changes = rig.message(status=Status.VOID, matched=400, winning=Winning.NO_RESULT)
    assert [(change.kind, change.stake) for change in changes] == [
        (Kind.TAKEN_BACK, 400),
        (Kind.SETTLED, 400),
        (Kind.ENDED, 600),
    ]
    assert (wager.matched, wager.win) == (0, 0)
    assert rig.position() == Position()
    assert rig.ledger.realised == 0
    assert rig.message(matched=400, match=(400, -110), sequence=rig.sequence - 2) == [], "a late match does not return"
    assert rig.position() == Position()


def test_a_void_after_a_result_withdraws_the_result() -> None:
    rig = Rig()
    rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.CLOSED, matched=1000, winning=Winning.WON)
    assert (rig.ledger.realised, rig.ledger.commission) == (909, 18)
    changes = rig.message(status=Status.VOID, matched=0, winning=Winning.NO_RESULT)
    assert (Kind.SETTLED, -909) in [(change.kind, change.win) for change in changes]
    assert (rig.ledger.realised, rig.ledger.commission) == (0, 0)


def test_a_manual_result_corrects_a_void() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.VOID, winning=Winning.NO_RESULT)
    rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_LOST)
    assert (wager.matched, rig.ledger.realised) == (1000, -1000)


def test_a_manual_settlement_corrects_an_earlier_one() -> None:
    rig = Rig()
    rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.CLOSED, matched=1000, winning=Winning.WON)
    (corrected,) = rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_LOST)
    assert (corrected.kind, corrected.win) == (Kind.SETTLED, -1909)
    assert (rig.ledger.realised, rig.ledger.commission) == (-1000, 0)
    rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.PUSH)
    assert rig.ledger.realised == 0
    rig.message(status=Status.CLOSED, matched=1000, winning=Winning.WON, sequence=rig.sequence - 2)
    assert rig.ledger.realised == 0, "what was corrected does not come back"


def test_an_earlier_stage_read_late_does_not_undo_a_correction() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_LOST)
    assert rig.read(status=Status.CLOSED, matched=1000, winning=Winning.WON) == []
    assert rig.read(status=Status.OPEN, matched=1000, winning=Winning.WON) == []
    assert (wager.state, wager.result, rig.ledger.realised) == (State.MANUAL, Winning.MANUALLY_LOST, -1000)


def test_a_report_without_a_result_does_not_withdraw_one() -> None:
    rig = Rig()
    rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.SETTLED, matched=1000, winning=Winning.WON)
    assert rig.message(status=Status.CLOSED, matched=1000, winning=Winning.TBD) == []
    assert rig.ledger.realised == 909


def test_a_read_sent_before_a_correction_does_not_undo_it() -> None:
    rig = Rig()
    rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_WON)
    asked_at = rig.tick()
    rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_LOST)
    late = {"matched": 1000, "winning": Winning.MANUALLY_WON}
    assert rig.read(status=Status.MANUALLY_SETTLED, asked_at=asked_at, **late) == []
    assert rig.ledger.realised == -1000
    rig.read(status=Status.MANUALLY_SETTLED, asked_at=rig.tick(), **late)
    assert rig.ledger.realised == 909, "a later read shows the change that no message reported"
