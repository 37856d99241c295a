"""Wagers that ended without a match: they take few bytes, and a late message finds them as they were."""

from __future__ import annotations

import tracemalloc
from random import Random
from uuid import UUID

import msgspec
import pytest
from ledger_rig import LINE, Rig, kinds, report_of, resolve

from mmbot.domain.instant import HOUR, MINUTE, SECOND
from mmbot.domain.wager import Status
from mmbot.domain.wager_states import State
from mmbot.engine.events import FailureReason
from mmbot.engine.wagers.ledger import Kind, LedgerError

ID = "r1-fv-1"
BYTES = 300
"""What a wager that ended without a match may take."""


def come_and_go(rig: Rig, first: int, count: int, rng: Random) -> None:
    """Place and cancel wagers, a hundred a second."""
    for number in range(first, first + count):
        key, wager_id = f"r1-fv-{number}", str(UUID(int=rng.getrandbits(128)))
        rig.send(key)
        rig.ledger.accepted(key, report_of(key, Status.INACTIVE, wager_id=wager_id), rig.tick())
        rig.message(key, wager_id=wager_id)
        rig.ledger.cancel_sent(key, rig.tick())
        rig.ledger.cancel_accepted(key, rig.tick())
        rig.message(key, Status.CANCELED, wager_id=wager_id)
        rig.tick(4_000_000)
        rig.sequence = rig.now


def packed(rig: Rig, after: int = 10 * MINUTE) -> Rig:
    """Let time pass, with other wagers that come and go, so that older ones are packed."""
    rig.tick(after)
    for number in range(5):
        key = f"r2-fv-{rig.now // SECOND}{number}"
        rig.send(key)
        rig.ledger.rejected(key, FailureReason.OTHER, rig.tick())
    return rig


def ended(rig: Rig, external_id: str = ID) -> Rig:
    rig.open(external_id)
    rig.ledger.cancel_sent(external_id, rig.tick())
    rig.ledger.cancel_accepted(external_id, rig.tick())
    rig.message(external_id, Status.CANCELED)
    return rig


def test_a_wager_that_ended_without_a_match_takes_few_bytes() -> None:
    rig, rng = Rig(), Random(1)
    tracemalloc.start()
    try:
        come_and_go(rig, 1, 7000, rng)
        before = tracemalloc.get_traced_memory()[0]
        come_and_go(rig, 7001, 10_000, rng)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert used / 10_000 < BYTES


@pytest.mark.parametrize("minutes", [2, 20, 58])
def test_a_packed_wager_is_what_it_was(minutes: int) -> None:
    rig = ended(Rig())
    wager = rig.ledger.get(ID)
    assert wager is not None
    was = msgspec.structs.asdict(wager)
    packed(rig, minutes * MINUTE)
    again = rig.ledger.get(ID)
    assert again is not None
    assert again is not wager, "it was packed"
    assert msgspec.structs.asdict(again) == was
    assert rig.ledger.by_id(f"w-{ID}") is again


def test_a_late_message_does_not_revive_a_packed_wager() -> None:
    rig = packed(ended(Rig()))
    assert rig.message(sequence=rig.sequence - HOUR) == []
    assert rig.message() == []
    assert rig.ledger.live_count == 0


def test_a_wager_whose_end_is_told_twice_at_once_is_packed_once() -> None:
    rig = Rig()
    rig.open()
    for _ in range(2):
        rig.ledger.take_report(report_of(ID, Status.CANCELED), False, rig.now, resolve)
    assert rig.message() == []
    assert packed(rig).ledger.get(ID) is not None


def test_a_late_match_of_a_packed_wager_counts() -> None:
    rig = packed(ended(Rig()))
    changes = rig.message(matched=300, match=(300, -110), status=Status.CANCELED)
    assert kinds(changes) == [Kind.MATCHED]
    assert rig.ledger.positions[LINE].profit == [273, -300]
    packed(rig, 2 * HOUR)
    wager = rig.ledger.get(ID)
    assert wager is not None, "it has no result yet"
    assert wager.matched == 300


def test_a_report_without_our_id_finds_a_packed_wager() -> None:
    rig = packed(ended(Rig()))
    report = msgspec.structs.replace(report_of(ID, Status.CANCELED, 300, match=(300, -110)), external_id="")
    rig.ledger.take_report(report, True, rig.tick(), resolve)
    assert rig.ledger.positions[LINE].profit == [273, -300]
    assert rig.ledger.counts.foreign_live == 0


def test_a_packed_wager_that_was_rejected_is_revived_by_a_report() -> None:
    rig = Rig()
    rig.send()
    rig.ledger.rejected(ID, FailureReason.OTHER, rig.tick())
    packed(rig, 30 * MINUTE)
    assert kinds(rig.message()) == [Kind.REVIVED, Kind.OPENED]
    wager = rig.ledger.get(ID)
    assert wager is not None
    assert (wager.state, wager.foreign, wager.remaining) == (State.OPEN, False, 1000)
    assert list(rig.ledger.live(LINE)) == [wager]


def test_the_id_of_a_packed_wager_is_not_used_again() -> None:
    rig = packed(ended(Rig()))
    with pytest.raises(LedgerError, match=ID):
        rig.send(ID)


def test_a_packed_wager_is_forgotten_after_an_hour() -> None:
    rig = packed(ended(Rig()))
    packed_again = ended(rig, "r1-fv-50")
    packed_again.tick(HOUR + 6 * MINUTE)
    for number in range(1, 4):
        rig.send(f"r3-fv-{number}")
        rig.ledger.rejected(f"r3-fv-{number}", FailureReason.OTHER, rig.tick(SECOND))
    assert rig.ledger.get(ID) is None
    assert rig.ledger.by_id(f"w-{ID}") is None
    with pytest.raises(LedgerError, match=ID):
        rig.send(ID)
