"""Reads tapes. A tape is the file of a recorded market, which the tape crowd replays.

A tape is a file of JSON lines, which may be compressed with gzip. The first line of the file is the header. Each line
below it is one change of the market.

A change can have six fields. ``t`` is the time in milliseconds since 1970. ``s`` is the market's status. ``p`` is 1 if
the market is in play. ``b`` has the best prices for takers, by outcome. ``x`` is matched volume. ``w`` is the winner.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from mmbot.config.files import read_file
from mmbot.domain.bounds import LATEST, UNREADABLE
from mmbot.domain.instant import MILLISECOND, Instant, from_iso
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side

DEPTH: Final = 10
LARGEST: Final = 1 << 28
"""The greatest size of a tape (the file of a recorded market) in bytes, before and after decompression."""

_STATUSES: Final = ("open", "suspended", "closed")


class TapeError(ValueError):
    """Raised for a tape (the file of a recorded market) that cannot be played. The message names the file and the
    line."""


class Price(msgspec.Struct, frozen=True):
    """A price in decimal odds, with a stake in cents. In a book, takers can still bet this stake at this price. In a
    trade, takers have bet this stake at this price."""

    decimal: float
    stake: Cents


class Trade(msgspec.Struct, frozen=True):
    """The volume that was matched between two recorded changes. The recording lists it under the outcome ``side``."""

    side: Side
    decimal: float
    stake: Cents
    """The stake of the traders who backed the outcome ``side``, in cents."""


class Change(msgspec.Struct, frozen=True):
    """One recorded change of the market. If a field is None, the change did not affect this part of the market."""

    at: Instant
    """The time at which the change was recorded."""
    status: str | None
    in_play: bool | None
    books: tuple[tuple[Price, ...] | None, tuple[Price, ...] | None]
    trades: tuple[Trade, ...]
    winner: Side | None


class Tape(msgspec.Struct, frozen=True):
    """A recorded market with its original times. The crowd that plays the tape shifts all times by the same amount."""

    sport_event: str
    sport: str
    market: str
    scheduled: Instant
    outcomes: tuple[str, str]
    changes: tuple[Change, ...]

    @property
    def start(self) -> Instant:
        """The time of the first recorded change."""
        return self.changes[0].at


class _Header(msgspec.Struct):
    tape: int
    event: str
    sport: str
    market: str
    scheduled: str
    outcomes: tuple[str, str]
    changes: int
    currency: str = ""
    source: str = ""


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    t: int
    s: str | None = None
    p: int | None = None
    b: dict[str, list[tuple[float, float]]] | None = None
    x: list[tuple[int, float, float]] | None = None
    w: int | None = None


def read_tape(path: Path | str) -> Tape:
    """Read a tape (a recorded market) from a file.

    Raises:
        TapeError: if the file is missing, damaged or incomplete, or contradicts itself. The message names the file and
            the line.
    """
    path = Path(path)
    try:
        raw = read_file(path, LARGEST)
        data = _unzipped(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as bad:
        raise TapeError(f"{path}: cannot be read: {bad}") from bad
    return parse_tape(data.splitlines(), str(path))


def _unzipped(raw: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(f"it is larger than {LARGEST:,} bytes after decompression")
    return data


def parse_tape(lines: Iterable[bytes], name: str = "tape") -> Tape:
    """Read a tape (a recorded market) from its lines. ``name`` is the name of the file for error messages. Raises
    TapeError as ``read_tape`` does."""
    reader = iter(lines)
    header = _header(next(reader, b""), name)
    changes: list[Change] = []
    decode = msgspec.json.Decoder(_Raw).decode
    for number, line in enumerate(reader, 2):
        where = f"{name}, line {number}"
        try:
            raw = decode(line)
        except UNREADABLE as bad:
            raise TapeError(f"{where}: {bad}") from bad
        if changes and changes[-1].status == "closed":
            raise TapeError(f"{where}: a change after the market closed")
        change = _change(raw, where)
        if changes and change.at < changes[-1].at:
            raise TapeError(f"{where}: t is earlier than on the line before")
        changes.append(change)
    if len(changes) != header.changes:
        raise TapeError(f"{name}: the header announces {header.changes} changes, but the file has {len(changes)}")
    if not changes or changes[-1].status != "closed":
        raise TapeError(f"{name}, line {len(changes) + 1}: ends without a result")
    if changes[0].status is None:
        raise TapeError(f"{name}, line 2: the first change must give a status")
    return Tape(header.event, header.sport, header.market, _scheduled(header, name), header.outcomes, tuple(changes))


def _header(line: bytes, name: str) -> _Header:
    try:
        header = msgspec.json.decode(line, type=_Header)
    except UNREADABLE as bad:
        raise TapeError(f"{name}, line 1: not the header of a tape: {bad}") from bad
    if header.tape != 1:
        raise TapeError(f"{name}, line 1: tape version {header.tape}; only version 1 is known")
    if header.market != "moneyline":
        raise TapeError(f"{name}, line 1: market {header.market!r}; only a moneyline can be played")
    return header


def _scheduled(header: _Header, name: str) -> Instant:
    try:
        return from_iso(header.scheduled)
    except ValueError as bad:
        raise TapeError(f"{name}, line 1: scheduled: {bad}") from bad


def _change(raw: _Raw, where: str) -> Change:
    if not 0 < raw.t <= LATEST // MILLISECOND:
        raise TapeError(f"{where}: t is {raw.t}, but must be positive, and before the year 2100")
    if raw.s is not None and raw.s not in _STATUSES:
        raise TapeError(f"{where}: status {raw.s!r}; known are {', '.join(_STATUSES)}")
    if raw.p not in (None, 0, 1):
        raise TapeError(f"{where}: p is {raw.p}, not 0 or 1")
    if (raw.s == "closed") != (raw.w is not None):
        raise TapeError(f"{where}: a market closes with its winner: 'closed' and w must be on the same line")
    if raw.w not in (None, 0, 1):
        raise TapeError(f"{where}: winner {raw.w}, not 0 or 1")
    books: list[tuple[Price, ...] | None] = [None, None]
    for key, levels in (raw.b or {}).items():
        if key not in ("0", "1"):
            raise TapeError(f"{where}: book of outcome {key!r}, not 0 or 1")
        books[int(key)] = _levels(levels, f"{where}: book of outcome {key}")
    trades = []
    for side, decimal, stake in raw.x or ():
        if side not in (0, 1):
            raise TapeError(f"{where}: volume of outcome {side}, not 0 or 1")
        price = _price(decimal, stake, f"{where}: volume")
        trades.append(Trade(side, price.decimal, price.stake))
    return Change(
        raw.t * MILLISECOND,
        raw.s,
        None if raw.p is None else raw.p == 1,
        (books[0], books[1]),
        tuple(trades),
        raw.w,
    )


def _levels(levels: list[tuple[float, float]], where: str) -> tuple[Price, ...]:
    if len(levels) > DEPTH:
        raise TapeError(f"{where}: {len(levels)} prices, but at most {DEPTH} are allowed")
    prices = tuple(_price(decimal, stake, where) for decimal, stake in levels)
    for better, worse in pairwise(prices):
        if better.decimal <= worse.decimal:
            raise TapeError(
                f"{where}: {worse.decimal} after {better.decimal}, not best first: the highest price must come first"
            )
    return prices


def _price(decimal: float, stake: float, where: str) -> Price:
    if not 1.0 < decimal <= 100_000 or not 0.0 <= stake <= 1e9:
        raise TapeError(f"{where}: [{decimal}, {stake}] must be a price above 1 and a stake that is not negative")
    return Price(decimal, _cents(stake))


def _cents(stake: float) -> Cents:
    """Return a recorded stake in cents. Half a cent is rounded up."""
    hundredfold = stake * 100
    whole = round(hundredfold)
    if abs(hundredfold - whole) < 0.001:  # the usual case: a whole number of cents
        return whole
    return int((Decimal(str(stake)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
