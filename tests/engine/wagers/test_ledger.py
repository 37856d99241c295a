"""The life of one wager in the ledger: placements, the documented cases, cancels, late reports and foreign wagers."""

from __future__ import annotations

import pytest
from ledger_rig import ID, LINE, Rig, kinds, position, report_of

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import SECOND
from mmbot.domain.odds import profit
from mmbot.domain.position import Position
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.domain.wager_states import ImpossibleError, State
from mmbot.engine.events import FailureReason
from mmbot.engine.wagers.ledger import Kind, LedgerError

# --- placing ----------------------------------------------------------------------------------------------------------


def test_a_wager_counts_from_the_moment_of_its_request() -> None:
    rig = Rig()
    wager = rig.send(stake=2500)
    assert wager.state is State.PLACING
    assert rig.position() == position([0, 0], [2500, 0])
    assert rig.ledger.outstanding == 2500
    assert list(rig.ledger.awaiting()) == [wager]
    assert list(rig.ledger.live(LINE)) == [wager]
    assert rig.ledger.drain_moved() == []  # the caller already knows


def test_an_accepted_wager_is_not_yet_live() -> None:
    rig = Rig()
    wager = rig.send()
    assert rig.ledger.accepted(ID, report_of(ID, Status.INACTIVE), rig.tick()) == ()
    assert wager.state is State.INACTIVE
    assert wager.accepted_at == rig.now
    assert wager.wager_id == f"w-{ID}"
    assert rig.ledger.by_id(f"w-{ID}") is wager
    assert list(rig.ledger.awaiting()) == [wager]
    assert kinds(rig.message()) == [Kind.OPENED]
    assert wager.state is State.OPEN
    assert wager.opened_at == rig.now
    assert list(rig.ledger.awaiting()) == []
    assert rig.ledger.outstanding == 1000


def test_the_message_may_overtake_the_answer() -> None:
    rig = Rig()
    wager = rig.send()
    assert kinds(rig.message()) == [Kind.OPENED]
    rig.ledger.accepted(ID, report_of(ID, Status.INACTIVE), rig.tick())
    assert wager.state is State.OPEN


def test_a_rejected_placement_frees_its_stake() -> None:
    rig = Rig()
    wager = rig.send()
    (ended,) = rig.ledger.rejected(ID, FailureReason.OTHER, rig.tick())
    assert (ended.kind, ended.stake, wager.state) == (Kind.ENDED, 1000, State.REJECTED)
    assert rig.position() == Position()
    assert rig.ledger.outstanding == 0
    assert rig.ledger.all_live() == []


def test_the_answer_that_an_id_exists_is_not_a_rejection() -> None:
    rig = Rig()
    wager = rig.send()
    rig.ledger.rejected(ID, FailureReason.ID_EXISTS, rig.tick())
    assert rig.ledger.unknown() == [wager]
    assert rig.ledger.outstanding == 1000


def test_a_lost_answer_counts_as_open_until_history_disproves_it() -> None:
    rig = Rig()
    wager = rig.send()
    assert rig.ledger.lost(ID, rig.tick()) == ()
    assert rig.ledger.unknown() == [wager]
    assert rig.position().worst_case() == 1000
    assert kinds(list(rig.ledger.absent(ID, rig.tick()))) == [Kind.ENDED]
    assert rig.ledger.unknown() == []
    assert rig.position() == Position()


def test_a_history_read_while_the_placement_is_under_way_proves_nothing() -> None:
    rig = Rig()
    wager = rig.send()
    assert rig.ledger.absent(ID, rig.tick()) == ()
    assert wager.state is State.PLACING
    assert rig.ledger.outstanding == 1000


@pytest.mark.parametrize("ended_by", ["rejected", "absent"])
def test_a_late_request_revives_its_wager(ended_by: str) -> None:
    rig = Rig()
    wager = rig.send()
    if ended_by == "rejected":
        rig.ledger.rejected(ID, FailureReason.OTHER, rig.tick())
    else:
        rig.ledger.lost(ID, rig.tick())
        rig.ledger.absent(ID, rig.tick())
    changes = rig.message()
    assert kinds(changes) == [Kind.REVIVED, Kind.OPENED]
    assert changes[0].stake == 1000
    assert rig.ledger.all_live() == [wager]
    assert rig.ledger.outstanding == 1000
    assert rig.position().worst_case() == 1000


def test_a_wager_found_in_history_is_resolved() -> None:
    rig = Rig()
    wager = rig.send()
    rig.ledger.lost(ID, rig.tick())
    assert kinds(rig.read()) == [Kind.OPENED]
    assert wager.state is State.OPEN
    assert rig.ledger.unknown() == []


def test_an_external_id_is_never_used_twice() -> None:
    rig = Rig()
    rig.send()
    with pytest.raises(LedgerError, match=ID):
        rig.send()
    rig.ledger.rejected(ID, FailureReason.OTHER, rig.tick())
    with pytest.raises(LedgerError, match=ID):
        rig.send()


def test_an_answer_for_a_wager_that_was_never_sent_raises() -> None:
    with pytest.raises(LedgerError, match="nobody"):
        Rig().ledger.lost("nobody", 1)


# --- the documented cases --------------------------------------------------------------------------------------------


def test_case_1_fully_cancelled() -> None:
    rig = Rig()
    wager = rig.open()
    rig.cancel()
    assert wager.state is State.CANCELLING
    assert wager.cancel_accepted_at == rig.now
    assert rig.position().worst_case() == 1000, "until a report comes, it may have matched before the cancel"
    (ended,) = rig.message(status=Status.CANCELED)
    assert (ended.kind, ended.stake) == (Kind.ENDED, 1000)
    assert wager.state is State.CANCELED
    assert rig.position() == Position()
    assert rig.ledger.outstanding == 0


def test_case_1_with_the_feed_broken_is_resolved_from_history_and_the_repost_is_a_new_wager() -> None:
    rig = Rig()
    wager = rig.open()
    other = rig.open("r1-fv-2", line_id="a1", odds=105)
    rig.ledger.cancel_sent(ID, rig.tick())
    rig.ledger.cancel_lost(ID, rig.tick())
    assert rig.ledger.outstanding == 2000
    # cancel_all, then the histories: the first was cancelled, and $3 of the second matched without a message
    rig.read(ID, Status.CANCELED)
    changes = rig.read("r1-fv-2", matched=300, stake=300, line_id="a1", odds=105)
    assert kinds(changes) == [Kind.MATCHED, Kind.DETAIL_WANTED, Kind.ENDED]
    assert (wager.state, other.state) == (State.CANCELED, State.MATCHED)
    assert rig.ledger.all_live() == []
    assert rig.position() == position([-300, 315], [0, 0])
    # messages delayed by the broken feed change nothing any more
    assert rig.message(sequence=rig.sequence - 5) == []
    assert rig.message("r1-fv-2", line_id="a1", odds=105) == []
    again = rig.open("r1-fv-3")
    assert rig.ledger.all_live() == [again]


def test_case_2_partially_cancelled() -> None:
    rig = Rig()
    wager = rig.open()
    rig.ledger.cancel_sent(ID, rig.tick())
    changes = rig.message(matched=300, stake=300, matching=Matching.FULLY_MATCHED)
    assert [(change.kind, change.stake) for change in changes] == [
        (Kind.MATCHED, 300),
        (Kind.DETAIL_WANTED, 0),
        (Kind.ENDED, 700),
    ]
    assert wager.state is State.MATCHED
    assert (wager.stake, wager.matched, wager.remaining) == (300, 300, 0)
    assert rig.position() == position([profit(300, -110), -300], [0, 0])


def test_case_2_with_a_message_that_the_reduced_stake_is_fully_matched() -> None:
    rig = Rig()
    wager = rig.open()
    rig.cancel()
    rig.message(matched=0, stake=300, matching=Matching.FULLY_MATCHED)
    assert (wager.state, wager.matched) == (State.MATCHED, 300)


def test_case_2_2_match_reported_between_cancel_and_confirmation() -> None:
    rig = Rig()
    wager = rig.open()
    rig.cancel()
    first = rig.message(matched=300, match=(300, -110))
    assert [(change.kind, change.stake, change.win) for change in first] == [(Kind.MATCHED, 300, 273)]
    assert wager.state is State.CANCELLING
    assert rig.position() == position([273, -300], [700, 0])
    second = rig.message(matched=300, stake=300)
    assert [(change.kind, change.stake) for change in second] == [(Kind.ENDED, 700)]
    assert (wager.state, wager.stake, wager.matched) == (State.MATCHED, 300, 300)
    assert rig.position() == position([273, -300], [0, 0])
    assert not wager.win_estimated


def test_case_3_fully_matched_before_the_cancel_arrived() -> None:
    rig = Rig()
    wager = rig.open()
    rig.ledger.cancel_sent(ID, rig.tick())
    rig.ledger.cancel_rejected(ID, FailureReason.NOTHING_LEFT, rig.tick())
    assert rig.ledger.outstanding == 1000, "it can match no more, but its matches are not reported yet"
    changes = rig.message(matched=1000, match=(1000, -110))
    assert [(change.kind, change.stake) for change in changes] == [(Kind.MATCHED, 1000), (Kind.ENDED, 0)]
    assert wager.state is State.MATCHED
    assert rig.position() == position([909, -1000], [0, 0])


# --- cancels ---------------------------------------------------------------------------------------------------------


def test_a_cancel_that_came_too_early_leaves_the_wager_pending() -> None:
    rig = Rig()
    wager = rig.send()
    rig.ledger.accepted(ID, report_of(ID, Status.INACTIVE), rig.tick())
    rig.ledger.cancel_sent(ID, rig.tick())
    assert list(rig.ledger.awaiting()) == []
    rig.ledger.cancel_rejected(ID, FailureReason.NOT_LIVE_YET, rig.tick())
    assert wager.state is State.INACTIVE
    assert list(rig.ledger.awaiting()) == [wager]
    assert wager.cancel_tries == 1


@pytest.mark.parametrize("reason", [FailureReason.BEING_MATCHED, FailureReason.TOO_MANY, FailureReason.OTHER])
def test_a_rejected_cancel_leaves_the_wager_open(reason: FailureReason) -> None:
    rig = Rig()
    wager = rig.open()
    rig.ledger.cancel_sent(ID, rig.tick())
    rig.ledger.cancel_rejected(ID, reason, rig.tick())
    assert wager.state is State.OPEN
    assert rig.ledger.outstanding == 1000


@pytest.mark.parametrize("reason", [FailureReason.NOTHING_LEFT, FailureReason.NOT_FOUND, FailureReason.NOTHING_OPEN])
def test_the_answer_nothing_to_cancel_ends_no_wager_before_a_report_does(reason: FailureReason) -> None:
    rig = Rig()
    wager = rig.open()
    rig.ledger.cancel_sent(ID, rig.tick())
    rig.ledger.cancel_rejected(ID, reason, rig.tick())
    assert wager.state is State.CANCELLING
    assert (wager.cancel_accepted_at is None) == (reason is not FailureReason.NOTHING_LEFT)
    assert rig.ledger.outstanding == 1000


def test_an_answer_to_a_cancel_that_comes_after_the_message_changes_nothing() -> None:
    rig = Rig()
    wager = rig.open()
    rig.ledger.cancel_sent(ID, rig.tick())
    rig.message(status=Status.CANCELED)
    for late in (
        rig.ledger.cancel_accepted(ID, rig.tick()),
        rig.ledger.cancel_rejected(ID, FailureReason.BEING_MATCHED, rig.tick()),
        rig.ledger.cancel_lost(ID, rig.tick()),
    ):
        assert late == ()
    assert wager.state is State.CANCELED


def test_a_cancel_of_an_ended_wager_raises() -> None:
    rig = Rig()
    rig.open()
    rig.message(status=Status.WIPED)
    with pytest.raises(ImpossibleError):
        rig.ledger.cancel_sent(ID, rig.tick())


def test_a_cancelled_wager_is_never_revived() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(status=Status.CANCELED)
    assert rig.message(status=Status.OPEN) == []
    assert rig.message(status=Status.INACTIVE) == []
    assert rig.read(status=Status.OPEN) == []
    assert wager.state is State.CANCELED
    assert rig.ledger.outstanding == 0


def test_a_match_that_raced_a_bulk_cancel_still_counts() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(status=Status.CANCELED)
    changes = rig.message(matched=400, stake=400, match=(400, -110))
    assert [(change.kind, change.stake) for change in changes] == [(Kind.MATCHED, 400)]
    assert wager.state is State.MATCHED
    assert rig.position() == position([364, -400], [0, 0])
    raced = rig.message(matched=600, stake=600, match=(200, -110))
    assert [(change.kind, change.stake) for change in raced] == [(Kind.MATCHED, 200)]
    assert (wager.stake, wager.matched) == (600, 600)


# --- order of messages and reads --------------------------------------------------------------------------------------


def test_an_older_message_may_add_matches_but_not_change_the_status() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=300, match=(300, -110), sequence=rig.sequence + 10)
    rig.message(status=Status.CANCELED, sequence=rig.sequence + 5)
    assert (wager.state, wager.matched) == (State.OPEN, 300)


def test_an_equal_sequence_is_applied() -> None:
    rig = Rig()
    wager = rig.send()
    rig.message(status=Status.INACTIVE, sequence=5000)
    rig.message(status=Status.OPEN, sequence=5000)
    assert wager.state is State.OPEN
    rig.message(matched=200, match=(200, -110), sequence=5000)
    rig.message(status=Status.INACTIVE, sequence=5000)
    assert (wager.state, wager.matched) == (State.OPEN, 200)


def test_a_message_without_a_sequence_is_applied() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(status=Status.CANCELED, sequence=0)
    assert wager.state is State.CANCELED


def test_a_message_without_a_sequence_does_not_let_older_ones_in() -> None:
    rig = Rig()
    wager = rig.open()
    before = rig.sequence - 1
    rig.message(sequence=0)
    rig.message(status=Status.CANCELED, sequence=before)
    assert wager.state is State.OPEN


def test_a_read_never_moves_a_wager_backward() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=300, stake=300, match=(300, -110))
    assert wager.state is State.MATCHED
    assert rig.read(status=Status.OPEN, matched=0) == []
    assert rig.read(status=Status.INACTIVE) == []
    assert (wager.state, wager.stake, wager.matched) == (State.MATCHED, 300, 300)


# --- wagers not ours --------------------------------------------------------------------------------------------------


def test_a_foreign_wager_counts_from_its_first_report() -> None:
    rig = Rig()
    ours = rig.open()
    changes = rig.message("by-hand", line_id="a1", odds=120, stake=4000)
    assert kinds(changes) == [Kind.FOREIGN, Kind.OPENED]
    theirs = changes[0].wager
    assert theirs.foreign
    assert not ours.foreign
    assert rig.ledger.counts == (2, 0, 1)
    assert rig.ledger.outstanding == 5000
    assert rig.position() == position([0, 0], [1000, 4000])
    rig.message("by-hand", line_id="a1", odds=120, stake=4000, matched=4000, match=(4000, 120))
    assert rig.position() == position([-4000, 4800], [1000, 0])
    assert rig.ledger.counts == (1, 0, 0)
    rig.message("by-hand", Status.CLOSED, 4000, line_id="a1", odds=120, stake=4000, winning=Winning.WON)
    assert rig.ledger.realised == 4800


def test_a_wager_without_our_id_is_known_by_the_id_of_the_exchange() -> None:
    rig = Rig()
    rig.message("", wager_id="w-9", line_id="a1", stake=4000)
    rig.message("", Status.CANCELED, wager_id="w-9", line_id="a1", stake=4000)
    assert rig.ledger.outstanding == 0
    assert rig.ledger.all_live() == []


def test_our_wager_reported_without_its_id_is_not_taken_as_foreign() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message("", wager_id=f"w-{ID}", matched=300, match=(300, -110))
    assert wager.matched == 300
    assert rig.ledger.counts == (1, 0, 0)


@pytest.mark.parametrize("line_id", ["unheard-of", "three"])
def test_a_foreign_wager_on_an_unknown_line_or_one_of_three_outcomes_counts_in_full(line_id: str) -> None:
    rig = Rig()
    rig.message("by-hand", line_id=line_id, stake=4000, odds=300)
    rig.message("by-hand", line_id=line_id, stake=4000, odds=300, matched=1500, match=(1500, 300))
    market = MarketKey(7, 999) if line_id == "unheard-of" else MarketKey(7, 300)
    assert (rig.full(market).worst_case(), rig.full(market).matched) == (4000, 1500)
    assert rig.ledger.positions == {}
    rig.message("by-hand", Status.CLOSED, 1500, line_id=line_id, stake=1500, odds=300, winning=Winning.LOST)
    assert not rig.full(market)
    assert rig.ledger.realised == -1500


def test_a_foreign_wager_that_ended_before_its_first_report_counts_nothing() -> None:
    rig = Rig()
    assert rig.read("long-ago", Status.CLOSED, 1000, winning=Winning.WON) == []
    assert rig.read("cancelled", Status.CANCELED) == []
    assert rig.read("long-ago", Status.MANUALLY_SETTLED, 1000, winning=Winning.MANUALLY_LOST) == []
    assert (rig.ledger.realised, rig.ledger.outstanding) == (0, 0)
    assert rig.position() == Position()
    assert rig.ledger.drain_moved() == []


def test_a_late_message_does_not_revive_a_finished_foreign_wager() -> None:
    rig = Rig()
    rig.message("by-hand", Status.CANCELED, sequence=200)
    assert rig.message("by-hand", Status.OPEN, sequence=100) == []
    assert rig.ledger.outstanding == 0


# --- the lists --------------------------------------------------------------------------------------------------------


def test_lists_keep_the_order_of_sending_through_every_change() -> None:
    rig = Rig()
    for number in range(1, 6):
        rig.send(f"r1-fv-{number}")
    for number in (1, 3, 5):
        rig.ledger.lost(f"r1-fv-{number}", rig.tick())
    rig.ledger.absent("r1-fv-1", rig.tick())
    rig.message("r1-fv-2")
    rig.ledger.accepted("r1-fv-4", report_of("r1-fv-4", Status.INACTIVE), rig.tick())
    rig.ledger.cancel_sent("r1-fv-4", rig.tick())
    assert [wager.external_id for wager in rig.ledger.unknown()] == ["r1-fv-3", "r1-fv-5"]
    rig.message("r1-fv-1", Status.INACTIVE)
    rig.ledger.cancel_rejected("r1-fv-4", FailureReason.NOT_LIVE_YET, rig.tick())
    assert [wager.external_id for wager in rig.ledger.awaiting()] == ["r1-fv-1", "r1-fv-3", "r1-fv-4", "r1-fv-5"]
    assert [wager.external_id for wager in rig.ledger.live(LINE)] == [f"r1-fv-{number}" for number in range(1, 6)]
    assert rig.ledger.live_count == 5
    assert rig.ledger.has_live(LINE)
    assert not rig.ledger.has_live(LineKey(1, 1, 1))


def test_instants_are_those_that_were_given() -> None:
    rig = Rig()
    wager = rig.open()
    rig.tick(SECOND)
    rig.ledger.cancel_sent(ID, rig.now)
    rig.ledger.cancel_sent(ID, rig.tick())
    assert (wager.cancel_sent_at, wager.cancel_tries) == (rig.now, 2)
