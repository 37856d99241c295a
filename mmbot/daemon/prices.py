"""A user's own prices on their way to the engine: the watching of their file, and prices as events.

What they have to look like is said in ``mmbot.strategy.prices``. Without ``at`` a price is as old as the file or the
POST that brought it. One mistake refuses the whole: half a set of prices is not what anybody meant.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from structlog.types import FilteringBoundLogger

from mmbot.domain.instant import SECOND, Clock, Instant
from mmbot.engine.events import PriceGiven
from mmbot.strategy.prices import LARGEST, PriceError, parse_prices

__all__ = ["PriceError", "parse", "watch"]

_Stamp = tuple[int, int, int] | None
"""When a file was changed, its size and inode; None while there is none."""

_SHORTEST_POLL_S: Final = 0.05


def parse(text: bytes, now: Instant, given_at: Instant, where: str) -> tuple[PriceGiven, ...]:
    """Prices as events.

    Args:
        text: the JSON.
        now: the present; a price from later than that is refused.
        given_at: when prices without ``at`` were made.
        where: what to call the text in problems.

    Raises:
        PriceError: with everything that is wrong with it, each with its place.
    """
    return tuple(
        PriceGiven(price.line_id, price.probability, price.at) for price in parse_prices(text, now, where, given_at)
    )


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
        prices = parse(text, now, now - round(age * clock.rate), str(file))
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
