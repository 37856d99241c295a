"""Reports with the ``external_id`` of one wager and the ``wager_id`` of another: which wager they count for."""

from __future__ import annotations

from ledger_rig import LINE, SPREAD, Kind, Rig, kinds

A, B = "r1-fv-1", "r1-fv-2"


def _swapped() -> Rig:
    """Return a ledger in which two wagers on different lines have the ids of each other."""
    rig = Rig()
    rig.send(A)
    rig.send(B, line_id="s0")
    rig.message(A, wager_id="w-b")
    rig.message(B, wager_id="w-a", line_id="s0")
    return rig


def _ids(rig: Rig) -> list[str | None]:
    wagers = [rig.ledger.get(A), rig.ledger.get(B)]
    return [None if wager is None else wager.wager_id for wager in wagers]


def test_a_message_counts_for_the_wager_with_its_external_id_line_and_odds() -> None:
    rig = _swapped()
    changes = rig.message(A, matched=400, wager_id="w-a", match=(400, -110))
    assert rig.position(LINE).profit[1] == -400
    assert rig.position(SPREAD).profit == [0, 0]
    assert kinds(changes)[:2] == [Kind.IDS_DIFFER, Kind.IDS_DIFFER]
    assert _ids(rig) == ["w-b", "w-a"], "a message alone moves no id"


def test_a_read_moves_the_ids_of_both_wagers() -> None:
    rig = _swapped()
    assert Kind.IDS_DIFFER in kinds(rig.read(A, wager_id="w-a", asked_at=rig.now))
    assert _ids(rig) == ["w-a", "w-b"]
    found = [rig.ledger.by_id(name) for name in ("w-a", "w-b")]
    assert [None if wager is None else wager.external_id for wager in found] == [A, B]
    assert not rig.read(B, wager_id="w-b", line_id="s0", asked_at=rig.now)


def test_a_read_with_the_line_of_the_other_wager_moves_no_id() -> None:
    rig = Rig()
    rig.open(A)
    rig.open(B, line_id="s0")
    changes = rig.read(A, wager_id=f"w-{B}", line_id="s0", matched=300, asked_at=rig.now)
    assert _ids(rig) == [f"w-{A}", f"w-{B}"]
    assert rig.position(SPREAD).profit[1] == -300, "its external_id alone is false"
    assert rig.position(LINE).profit == [0, 0]
    assert kinds(changes)[:2] == [Kind.IDS_DIFFER, Kind.IDS_DIFFER]


def test_a_wager_without_an_id_does_not_take_the_id_of_another_from_a_message() -> None:
    rig = Rig()
    rig.open(A)
    rig.send(B, line_id="s0")
    rig.message(B, wager_id=f"w-{A}", line_id="s0")
    assert _ids(rig) == [f"w-{A}", None]
    rig.message(B, line_id="s0")
    assert _ids(rig) == [f"w-{A}", f"w-{B}"]


def test_two_wagers_of_the_exchange_with_one_external_id_count_on_their_own() -> None:
    rig = Rig()
    rig.open(A)
    rig.message(A, wager_id="w-second")
    changes = rig.read(A, wager_id="w-second", matched=300, asked_at=rig.now)
    assert Kind.IDS_DIFFER not in kinds(changes)
    wager, second = rig.ledger.get(A), rig.ledger.by_id("w-second")
    assert wager is not None
    assert second is not None
    assert (wager.wager_id, wager.matched, second.matched) == (f"w-{A}", 0, 300)
