"""The tape on the page about the local exchange works, and the tables list every field of a tape."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import msgspec
import pytest

from mmbot.cli import main
from mmbot.simulator.crowd.tape import TapeError, parse_tape

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "exchange.md").read_text()
ROWS = re.findall(r"```jsonl\n(.*?)```", PAGE, re.DOTALL)[0]
SECTION = PAGE.partition("## Tapes\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("packed", [False, True])
def test_the_tape_on_the_page_is_quoted_matched_and_settled(
    packed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "made-up"
    file.write_bytes(gzip.compress(ROWS.encode()) if packed else ROWS.encode())
    assert main(["backtest", "-c", str(ROOT / "config" / "demo.yaml"), "--tape", str(file)]) == 0
    text = capsys.readouterr().out
    assert "both outcomes quoted 96" in text
    for outcome in msgspec.json.decode(ROWS.splitlines()[0])["outcomes"]:
        assert f"{outcome}: 1 match, " in text
    assert "referee: no invariant broken" in text


def test_the_tables_list_every_field_of_a_tape() -> None:
    fields = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*)\|", SECTION, re.MULTILINE))))
    header = {"tape", "event", "sport", "market", "scheduled", "outcomes", "changes", "currency", "source"}
    assert fields == header | {"t", "s", "p", "b", "x", "w"}
    assert set(re.findall(r'"(\w+)": ?', ROWS)) - {"0", "1"} <= fields


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"moneyline"', '"total"', "only a moneyline"),
        ('"changes": 5', '"changes": 6', "the header announces 6 changes, but the file has 5"),
        (', "w": 1', "", "closes with its winner"),
        ('"s": "closed", "w": 1', '"s": "suspended"', "ends without a result"),
        ('"x": [[0', '"y": [[0', "unknown field"),
        ("[[1.95, 400], [1.91, 900]]", "[[1.91, 900], [1.95, 400]]", "not best first"),
        ('"t": 1791061200000', '"t": 1', "t is earlier than on the line before"),
    ],
)
def test_a_tape_that_the_page_calls_malformed_is_rejected(was: str, becomes: str, said: str) -> None:
    assert was in ROWS
    with pytest.raises(TapeError, match=said):
        parse_tape(ROWS.replace(was, becomes).encode().splitlines())


def test_an_unknown_field_of_the_header_is_ignored() -> None:
    parse_tape(ROWS.replace('"tape": 1', '"tape": 1, "note": "ours"').encode().splitlines())
