"""Tapes, as ``mmbot backtest`` reads and plays them."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from pathlib import Path

from mutations import edited

from mmbot.backtest.tape import play
from mmbot.config import loads
from mmbot.simulator.crowd.tape import TapeError, read_tape
from mmbot.strategy.loader import load
from surfaces import Surface

_SETTINGS = """
environment: local
exchange: {base_url: "http://127.0.0.1:9000/partner"}
quoting:
  - strategy: strategies.fair_value:FairValueMaker
"""

_TAPE = (
    b'{"tape":1,"event":"A v B","sport":"basketball","market":"moneyline","scheduled":"2019-12-20T00:10:00Z",'
    b'"outcomes":["A","B"],"changes":5,"currency":"GBP","source":"made up"}\n'
    b'{"t":1576800000000,"s":"open","p":0,"b":{"0":[[1.9,100.5],[1.85,50]],"1":[[2.02,80]]}}\n'
    b'{"t":1576800060000,"b":{"0":[[1.91,100]],"1":[]},"x":[[0,1.9,25.5]]}\n'
    b'{"t":1576800600000,"p":1,"b":{"1":[[2.1,10]]}}\n'
    b'{"t":1576800700000,"s":"suspended"}\n'
    b'{"t":1576801000000,"s":"closed","w":1}\n'
)
_CONFIG = loads(_SETTINGS)


def check(data: bytes) -> None:
    """Read a tape. It is rejected with the name of the file, or it can be played."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "market.jsonl"
        file.write_bytes(data)
        try:
            tape = read_tape(file)
        except TapeError as bad:
            assert str(bad).startswith(str(file)), bad
            assert len(str(bad)) < 2_000, len(str(bad))
            return
        result = play(tape, _CONFIG, load(_CONFIG, Path(folder)))
        assert result.lines()


def _edit(data: bytes, number: int) -> bytes:
    """Edit a tape. Half of the edits of a compressed tape change what it holds."""
    if data[:2] != b"\x1f\x8b" or number % 2:
        return edited(data, number)
    try:
        plain = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return edited(data, number)
    return gzip.compress(edited(plain, number), mtime=0)


SURFACE = Surface("tapes", (_TAPE, gzip.compress(_TAPE, mtime=0)), check, edit=_edit)
