"""A user's own prices: what a file or a POST has to look like, and the watching of the file.

JSON, one object or a list of them: ``{"line_id": "…", "probability": 0.53, "at": "2026-01-01T12:00:00Z"}``, where
``probability`` is of the outcome that ``line_id`` stands for, given that it is not pushed. Without ``at`` it is as
old as the file or the POST. One mistake refuses the whole: half a set of prices is not what anybody meant.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import SECOND, Clock, Instant, from_iso, iso
from mmbot.engine.events import PriceGiven

AHEAD: Final = 5 * SECOND
"""A price may come from a clock that is this far ahead of ours; beyond, it is a mistake."""

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a file of prices at most."""

_Stamp = tuple[int, int, int] | None
"""When a file was changed, its size and inode; None while there is none."""

_SHORTEST_POLL_S: Final = 0.05


class PriceError(ValueError):
    """Prices that cannot be read; the message names the place within them."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    line_id: Annotated[str, msgspec.Meta(min_length=1)]
    probability: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    at: str | None = None


def parse(text: bytes, now: Instant, given_at: Instant) -> tuple[PriceGiven, ...]:
    """Read prices.

    Args:
        text: the JSON.
        now: the present; a price from later than that is refused.
        given_at: how old entries without ``at`` are.

    Raises:
        PriceError: naming the entry and what is wrong with it.
    """
    try:
        entries = msgspec.json.decode(text, type=list[_Entry] | _Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as bad:
        raise PriceError(f"prices: {bad}") from bad
    if isinstance(entries, _Entry):
        entries = [entries]
    prices: dict[str, PriceGiven] = {}
    for place, entry in enumerate(entries):
        at = given_at
        if entry.at is not None:
            try:
                at = from_iso(entry.at)
            except ValueError as bad:
                raise PriceError(f"prices[{place}].at: {bad}") from bad
        if at > now + AHEAD:
            raise PriceError(f"prices[{place}].at: {iso(at)} lies in the future; it is {iso(now)}")
        if entry.line_id in prices:
            raise PriceError(f"prices[{place}].line_id: {entry.line_id!r} is priced twice")
        prices[entry.line_id] = PriceGiven(entry.line_id, entry.probability, min(at, now))
    return tuple(prices.values())


async def watch(
    file: Path, poll_s: float, clock: Clock, deliver: Callable[[PriceGiven], None], log: FilteringBoundLogger
) -> None:
    """Deliver the prices of a file whenever it changes, until cancelled. A file that cannot be read is logged once a
    change; what it said before ages out."""
    seen: _Stamp = None
    first = True
    while True:
        stamp, text = await asyncio.to_thread(_read, file, seen)
        if first or stamp != seen:
            first, seen = False, stamp
            if stamp is None:
                log.warning("prices.missing", file=str(file))
            elif isinstance(text, str):
                log.warning("prices.unreadable", file=str(file), why=text)
            else:
                _take(file, stamp, text, clock, deliver, log)
        await asyncio.sleep(max(_SHORTEST_POLL_S, clock.real_seconds(round(poll_s * SECOND))))


def _take(
    file: Path,
    stamp: tuple[int, int, int],
    text: bytes,
    clock: Clock,
    deliver: Callable[[PriceGiven], None],
    log: FilteringBoundLogger,
) -> None:
    now = clock.now()
    age = max(0, time.time_ns() - stamp[0])  # by the machine's clock, which is what stamps files
    try:
        prices = parse(text, now, now - round(age * clock.rate))
    except PriceError as bad:
        log.warning("prices.unreadable", file=str(file), why=str(bad))
        return
    for price in prices:
        deliver(price)
    log.info("prices.read", file=str(file), prices=len(prices))


def _read(file: Path, seen: _Stamp) -> tuple[_Stamp, bytes | str]:
    """The file's stamp (changed, size, inode) and its text if the stamp is new; a string says why it cannot be read."""
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == seen:
                return stamp, b""
            if status.st_size > LARGEST:
                return stamp, f"{status.st_size} bytes; at most {LARGEST}"
            return stamp, opened.read()
    except FileNotFoundError:
        return None, b""
    except OSError as bad:
        return (0, 0, bad.errno or 0), bad.strerror or str(bad)
