"""Reading tapes: a valid file is read whole, and an invalid one is rejected with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from deep_json import beside
from played_tape import HEADER

from mmbot.domain.instant import MILLISECOND, from_iso
from mmbot.simulator.crowd.tape import Price, TapeError, Trade, parse_tape, read_tape

CHANGES: list[dict[str, object]] = [
    {"t": 1000, "s": "open", "p": 0},
    {"t": 2000, "b": {"0": [[3, 22.93], [1.03, 2]], "1": []}, "x": [[0, 3.15, 1.25], [1, 1.47, 0.001]]},
    {"t": 2000, "s": "suspended"},
    {"t": 3000, "s": "open", "p": 1},
    {"t": 4000, "s": "closed", "w": 1},
]


def lines(body: list[dict[str, object]] = CHANGES, **header: object) -> list[bytes]:
    head = HEADER | {"changes": len(body)} | header
    return [json.dumps(each).encode() for each in (head, *body)]


def test_a_tape_is_read_whole(tmp_path: Path) -> None:
    data = b"\n".join(lines()) + b"\n"
    (tmp_path / "plain.jsonl").write_bytes(data)
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(data))
    tape = read_tape(tmp_path / "packed.jsonl.gz")
    assert tape == read_tape(str(tmp_path / "plain.jsonl"))
    assert (tape.sport_event, tape.outcomes, tape.start) == ("Away @ Home", ("Away", "Home"), 1000 * MILLISECOND)
    assert tape.scheduled == from_iso("2019-12-29T01:10:00Z")
    second = tape.changes[1]
    assert second.books == ((Price(3.0, 2293), Price(1.03, 200)), ())
    assert second.trades == (Trade(0, 3.15, 125), Trade(1, 1.47, 0))
    assert (second.status, second.in_play, second.winner) == (None, None, None)
    assert (tape.changes[3].in_play, tape.changes[4].winner) == (True, 1)


def changed(number: int, **members: object) -> list[dict[str, object]]:
    changes = [dict(change) for change in CHANGES]
    changes[number] = {key: value for key, value in (changes[number] | members).items() if value != "-"}
    return changes


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ([b""], "line 1"),
        ([b"[]"], "line 1"),
        (lines(tape=2), "line 1: tape version 2"),
        (lines(market="total"), "line 1: market 'total'"),
        (lines(scheduled="soon"), "line 1: scheduled"),
        (lines(outcomes=["One"]), "line 1"),
        (lines(changes=4), "announces 4 changes, but the file has 5"),
        (lines(CHANGES[:-1]), "line 5: ends without a result"),
        (lines([]), "ends without a result"),
        (lines(CHANGES[1:]), "line 2: the first change must give a status"),
        ([*lines()[:3], b"{", *lines()[4:]], "line 4"),
        ([*lines()[:3], b"\xff\xfe", *lines()[4:]], "line 4"),
        (lines(changed(1, q=1)), "line 3"),
        (lines(changed(1, t="now")), "line 3"),
        (lines(changed(1, t=999)), "line 3: t is earlier than on the line before"),
        (lines(changed(0, t=0)), "line 2: t is 0"),
        (lines(changed(2, s="halted")), "line 4: status 'halted'"),
        (lines(changed(3, p=2)), "line 5: p is 2"),
        (lines(changed(4, w=2)), "line 6: winner 2"),
        (lines(changed(4, w="-")), "line 6: a market closes with its winner"),
        (lines(changed(1, w=0)), "line 3: a market closes with its winner"),
        (lines([*CHANGES, {"t": 5000, "s": "open"}]), "line 7: a change after the market closed"),
        (lines(changed(1, b={"2": []})), "line 3: book of outcome '2'"),
        (lines(changed(1, b={"0": [[1.03, 2], [3, 2]]})), "line 3: book of outcome 0: 3.0 after 1.03"),
        (lines(changed(1, b={"0": [[1.0, 2]]})), r"line 3: book of outcome 0: \[1.0, 2.0\]"),
        (lines(changed(1, b={"0": [[2, -1]]})), "line 3: book of outcome 0"),
        (lines(changed(1, b={"0": [[20 - n, 1] for n in range(11)]})), "line 3: book of outcome 0: 11 prices"),
        (lines(changed(1, x=[[2, 2.0, 1.0]])), "line 3: volume of outcome 2"),
        (lines(changed(1, x=[[0, 0.5, 1.0]])), "line 3: volume"),
    ],
)
def test_an_invalid_tape_is_rejected_with_file_and_line(data: list[bytes], complaint: str) -> None:
    with pytest.raises(TapeError, match=complaint):
        parse_tape(data, "some.tape")


@pytest.mark.parametrize("damage", ["missing", "cut", "noise"])
def test_a_missing_or_damaged_file_is_rejected_with_its_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "some.jsonl.gz"
    whole = gzip.compress(b"\n".join(lines()))
    if damage != "missing":
        path.write_bytes(whole[:-20] if damage == "cut" else whole[:12] + b"\x00\xff\x00\xff" + whole[16:])
    with pytest.raises(TapeError, match=r"some\.jsonl\.gz"):
        read_tape(path)


@pytest.mark.parametrize("place", [1, 2])
def test_a_line_that_is_nested_too_deeply_is_named(place: int, tmp_path: Path) -> None:
    body = lines()
    body[place - 1] = beside(b"{}") if place == 2 else beside(body[0])
    (tmp_path / "deep.jsonl").write_bytes(b"\n".join(body))
    with pytest.raises(TapeError, match=f"deep.jsonl, line {place}: "):
        read_tape(tmp_path / "deep.jsonl")
