"""Finished wagers: what the ledger keeps over hours and restarts, and its cost after many wagers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_rig import LINE, MARKET, Rig, kinds, report_of, resolve

from mmbot.domain.instant import DAY, HOUR, MINUTE
from mmbot.domain.odds import least_profit
from mmbot.domain.position import Position
from mmbot.domain.wager import MatchDetail, Status, Winning
from mmbot.domain.wager_states import State
from mmbot.engine.events import FailureReason
from mmbot.engine.wagers.ledger import Kind, LedgerError, Settlement
from mmbot.engine.wagers.remembered_results import Archive, Remembered

ID = "r1-fv-1"


def pass_an_hour(rig: Rig) -> None:
    """Let an hour pass with wagers that come and go, so that the ledger forgets old ones."""
    rig.tick(HOUR + MINUTE)
    for number in range(900, 903):
        rig.send(f"r2-fv-{number}")
        rig.ledger.rejected(f"r2-fv-{number}", FailureReason.OTHER, rig.tick())


def settle(rig: Rig, winning: Winning) -> None:
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=Status.CLOSED, matched=1000, winning=winning)


# --- forgetting -------------------------------------------------------------------------------------------------------


def test_a_finished_wager_is_kept_for_an_hour_and_its_id_never_reused() -> None:
    rig = Rig()
    rig.open()
    rig.message(status=Status.CANCELED)
    rig.tick(HOUR // 2)
    rig.send("r1-fv-2")
    assert rig.ledger.get(ID) is not None
    pass_an_hour(rig)
    assert rig.ledger.get(ID) is None
    assert rig.ledger.by_id(f"w-{ID}") is None
    with pytest.raises(LedgerError, match=ID):
        rig.send(ID)


@pytest.mark.parametrize("external_id", ["no-number", "r1-fv-12345678901234567890"])
def test_an_id_without_a_plain_number_is_never_reused_either(external_id: str) -> None:
    rig = Rig()
    rig.send(external_id)
    rig.ledger.rejected(external_id, FailureReason.OTHER, rig.tick())
    pass_an_hour(rig)
    assert rig.ledger.get(external_id) is None
    with pytest.raises(LedgerError, match="used before"):
        rig.send(external_id)


def test_a_wager_that_awaits_its_result_is_not_forgotten() -> None:
    rig = Rig()
    wager = rig.open()
    rig.message(matched=300, stake=300, match=(300, -110))
    rig.open("r1-fv-2")
    rig.tick(30 * DAY)
    pass_an_hour(rig)
    assert rig.ledger.get(ID) is wager
    assert rig.ledger.get("r1-fv-2") is not None
    assert rig.position().profit == [273, -300]


def test_a_late_copy_of_a_report_on_a_forgotten_wager_counts_nothing() -> None:
    rig = Rig()
    rig.open()
    settle(rig, Winning.WON)
    pass_an_hour(rig)
    assert rig.ledger.get(ID) is None
    rig.ledger.drain_moved()
    assert rig.message(status=Status.CLOSED, matched=1000, winning=Winning.WON) == []
    assert rig.message(matched=1000, match=(1000, -110)) == []
    assert rig.read(matched=1000) == []
    assert rig.ledger.settlement(MARKET) == Settlement(909, 18)
    assert rig.position() == Position()
    assert rig.ledger.drain_moved() == []


def test_a_result_corrected_after_months_replaces_the_earlier_one() -> None:
    rig = Rig()
    rig.open()
    settle(rig, Winning.WON)
    rig.tick(90 * DAY)
    pass_an_hour(rig)
    changes = rig.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_LOST)
    assert [(change.kind, change.win) for change in changes] == [(Kind.SETTLED, -1909)]
    assert rig.ledger.settlement(MARKET) == Settlement(-1000, 0)
    pass_an_hour_again(rig)
    assert rig.ledger.get(ID) is None
    changes = rig.message(status=Status.VOID, winning=Winning.NO_RESULT)
    assert (Kind.SETTLED, 1000) in [(change.kind, change.win) for change in changes]
    assert rig.ledger.settlement(MARKET) == Settlement(0, 0)


def pass_an_hour_again(rig: Rig) -> None:
    rig.tick(2 * HOUR)
    for number in range(910, 914):
        rig.send(f"r2-fv-{number}")


@pytest.mark.parametrize("winning", [Winning.LOST, Winning.PUSH])
def test_every_result_is_remembered_unchanged(winning: Winning) -> None:
    rig = Rig()
    rig.open()
    settle(rig, winning)
    realised = rig.ledger.realised
    pass_an_hour(rig)
    assert rig.message(matched=1000, match=(1000, -110)) == []
    assert rig.ledger.realised == realised


def test_a_forgotten_wager_that_is_found_open_counts_again() -> None:
    rig = Rig()
    rig.send()
    rig.ledger.lost(ID, rig.tick())
    rig.ledger.absent(ID, rig.tick())
    pass_an_hour(rig)
    changes = rig.read(matched=300)
    assert kinds(changes) == [Kind.REVIVED, Kind.OPENED, Kind.MATCHED, Kind.DETAIL_WANTED]
    wager = rig.ledger.get(ID)
    assert wager is not None
    assert not wager.foreign
    assert rig.position().worst_case() == 1000
    assert rig.ledger.outstanding == 700


def test_a_foreign_wager_is_forgotten_and_its_result_counts_once() -> None:
    rig = Rig()
    rig.message("by-hand", Status.OPEN)
    rig.message("by-hand", Status.CANCELED)
    rig.message("settled", matched=1000, match=(1000, -110))
    rig.message("settled", Status.CLOSED, 1000, winning=Winning.WON)
    pass_an_hour(rig)
    assert rig.ledger.get("by-hand") is None
    assert rig.message("settled", Status.CLOSED, 1000, winning=Winning.WON) == []
    assert rig.ledger.realised == 909


def test_a_settled_foreign_wager_is_kept_for_days_so_that_a_late_copy_counts_nothing() -> None:
    rig = Rig()
    for external_id in ("by-hand", ""):
        rig.message(external_id, wager_id=f"w{external_id}", stake=500, matched=500)
        settled = {"wager_id": f"w{external_id}", "stake": 500, "matched": 500, "winning": Winning.LOST}
        rig.message(external_id, Status.CLOSED, **settled)
    assert rig.ledger.realised == -1000
    pass_an_hour(rig)
    assert rig.ledger.by_id("wby-hand") is not None
    rig.tick(3 * DAY)
    for number in range(4):
        rig.send(f"r1-fv-{50 + number}")
    assert rig.ledger.by_id("wby-hand") is None
    assert rig.ledger.by_id("w") is None
    rig.message("by-hand", Status.CLOSED, wager_id="wby-hand", stake=500, matched=500, winning=Winning.LOST)
    assert rig.ledger.realised == -1000


def test_a_revived_wager_is_kept_for_an_hour_after_its_second_end() -> None:
    rig = Rig()
    rig.send()
    rig.ledger.lost(ID, rig.tick())
    rig.ledger.absent(ID, rig.tick())
    rig.tick(50 * MINUTE)
    rig.message()
    rig.message(status=Status.CANCELED)
    rig.tick(20 * MINUTE)
    rig.send("r2-fv-1")
    rig.send("r2-fv-2")
    assert rig.ledger.get(ID) is not None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.integers(0, 9), st.integers(-5, 9)), max_size=80))
def test_the_archive_is_a_dictionary_of_small_size(entries: list[tuple[int, int, int, int]]) -> None:
    archive, expected = Archive(), {}
    for number, matched, win, booked in entries:
        past = Remembered(matched, win, booked)
        archive.put(f"r1-fv-{number}", past)
        expected[number] = past
    for number in range(70):
        known = expected.get(number, Remembered() if number < max(expected, default=-1) else None)
        assert archive.get(f"r1-fv-{number}") == known
    assert archive.get("r2-fv-1") is None


# --- cost -------------------------------------------------------------------------------------------------------------


def calls_made(work: Callable[[], None]) -> int:
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_wager_10000_costs_as_much_as_wager_100() -> None:
    rig = Rig()
    number = 0

    def one() -> None:
        nonlocal number
        number += 1
        key = f"r1-fv-{number}"
        rig.open(key)
        matched = 300 if number % 3 == 0 else 0
        if matched:
            rig.message(key, matched=matched, match=(matched, -110))
        rig.cancel(key)
        if matched:
            rig.message(key, matched=matched, stake=matched)
            rig.message(key, Status.CLOSED, matched, stake=matched, winning=Winning.LOST)
        else:
            rig.message(key, Status.CANCELED)
        rig.tick(10_000_000_000)
        rig.ledger.drain_moved()

    def thirty() -> None:
        for _ in range(30):
            one()

    for _ in range(900):
        one()
    early = calls_made(thirty)
    for _ in range(9_100):
        one()
    late = calls_made(thirty)
    assert late <= early * 1.02
    held = [each for each in range(1, number + 1) if rig.ledger.get(f"r1-fv-{each}") is not None]
    assert len(held) < 500, "what is over is forgotten"
    assert rig.ledger.realised == -300 * (number // 3)


# --- restarts ---------------------------------------------------------------------------------------------------------


def restarted(rig: Rig, *external_ids: str) -> Rig:
    again = Rig()
    again.now, again.sequence = rig.now, rig.sequence
    for key in external_ids:
        wager = rig.ledger.get(key)
        assert wager is not None
        again.ledger.restore(rig.ledger.saved(wager))
    return again


def test_open_matched_and_pending_wagers_are_restored() -> None:
    rig = Rig()
    rig.open("r1-fv-1")
    rig.open("r1-fv-2", line_id="a1", odds=105)
    rig.message("r1-fv-2", matched=333, match=(333, 120), line_id="a1", odds=105)
    rig.send("r1-fv-3")
    rig.open("r1-fv-4")
    rig.message("r1-fv-4", matched=200, stake=200, match=(200, -110))
    rig.open("r1-fv-5")
    rig.ledger.cancel_sent("r1-fv-5", rig.tick())
    keys = [f"r1-fv-{number}" for number in range(1, 6)]
    again = restarted(rig, *keys)
    assert again.ledger.positions == rig.ledger.positions
    assert again.ledger.outstanding == rig.ledger.outstanding
    assert [wager.external_id for wager in again.ledger.live(LINE)] == ["r1-fv-1", "r1-fv-2", "r1-fv-3", "r1-fv-5"]
    assert [wager.external_id for wager in again.ledger.unknown()] == ["r1-fv-3"], "nobody will answer it now"
    with pytest.raises(LedgerError):
        again.ledger.restore(rig.ledger.saved(rig.ledger.get("r1-fv-1")))  # type: ignore[arg-type]
    with pytest.raises(LedgerError):
        again.send("r1-fv-2")
    # a match reported before is not counted again, one reported after is
    again.message("r1-fv-2", matched=333, match=(333, 120), line_id="a1", odds=105, sequence=rig.sequence)
    again.message("r1-fv-2", matched=400, match=(67, 120), line_id="a1", odds=105)
    second = again.ledger.get("r1-fv-2")
    assert second is not None
    assert (second.matched, second.win, second.win_estimated) == (
        400,
        least_profit(333, 120) + least_profit(67, 120),
        False,
    )
    again.ledger.detail("w-r1-fv-2", [MatchDetail("", 333, 120, 400), MatchDetail("", 67, 120, 80)])
    assert second.win == 480
    assert again.message("r1-fv-2", matched=333, match=(33, 120), line_id="a1", odds=105, sequence=rig.sequence) == []
    assert again.ledger.estimated() == []


def test_message_order_survives_a_restart() -> None:
    rig = Rig()
    rig.open()
    again = restarted(rig, ID)
    again.message(status=Status.CANCELED, sequence=rig.sequence - 1)
    assert again.ledger.outstanding == 1000


@pytest.mark.parametrize("status", [Status.CLOSED, Status.VOID])
def test_a_settled_market_is_restored_unchanged(status: Status) -> None:
    rig = Rig()
    rig.open()
    rig.message(matched=1000, match=(1000, -110))
    rig.message(status=status, matched=1000, winning=Winning.WON)
    gross = rig.ledger.settlement(MARKET).gross
    again = restarted(rig, ID)
    assert again.ledger.settlement(MARKET) == rig.ledger.settlement(MARKET)
    again.ledger.restore_settlement(MARKET, gross + 500, 0)  # together with wagers that were not restored
    assert again.ledger.realised == gross + 500
    again.message(status=Status.MANUALLY_SETTLED, matched=1000, winning=Winning.MANUALLY_LOST)
    assert again.ledger.realised == 500 - 1000
    assert again.position() == Position()


def test_an_invalid_saved_state_is_rejected() -> None:
    rig = Rig()
    saved = rig.ledger.saved(rig.send())
    broken = type(saved)(**{field: getattr(saved, field) for field in saved.__struct_fields__} | {"state": "asleep"})
    with pytest.raises(ValueError, match="asleep"):
        Rig().ledger.restore(broken)


def test_a_detail_for_a_restored_wager_makes_its_win_exact() -> None:
    rig = Rig()
    rig.open()
    rig.read(matched=300)
    again = restarted(rig, ID)
    again.ledger.detail(f"w-{ID}", [MatchDetail("w", 300, 105)])
    wager = again.ledger.get(ID)
    assert wager is not None
    assert wager.win == 315
    assert again.position().profit == [315, -300]


def test_a_wager_of_an_earlier_run_without_a_record_counts_as_foreign() -> None:
    rig = Rig()
    changes = list(rig.ledger.take_report(report_of("r0-fv-77", matched=200), False, rig.tick(), resolve))
    assert changes[0].kind is Kind.FOREIGN
    assert rig.position().worst_case() == 1000
    assert rig.ledger.get("r0-fv-77") is not None
    assert rig.ledger.get("r0-fv-77").state is State.OPEN  # type: ignore[union-attr]
