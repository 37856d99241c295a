"""Brings the user's own prices to the engine. It watches the file of prices, and turns prices into events.

``mmbot.strategy.prices`` describes the format. A price without ``at`` has the time of its file or of its POST. A single
mistake rejects the whole set of prices. So a set is used completely or not at all.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from structlog.types import FilteringBoundLogger

from mmbot.config.files import open_regular, read_open
from mmbot.domain.instant import SECOND, Clock, Instant
from mmbot.engine.events import PriceGiven
from mmbot.strategy.prices import LARGEST, PriceError, parse_prices

__all__ = ["PriceError", "parse", "watch"]

_Stamp = tuple[int, int, int] | None
"""The type of the stamp of a file: its time of change, size and inode. None if the file does not exist."""

_SHORTEST_POLL_S: Final = 0.05


def parse(text: bytes, now: Instant, given_at: Instant, where: str) -> tuple[PriceGiven, ...]:
    """Return prices as events.

    Args:
        text: the JSON.
        now: the present time. A price from the future is rejected.
        given_at: the time of prices that have no ``at``.
        where: the name of the file or request, for error messages.

    Raises:
        PriceError: if the prices cannot be used. The error lists every problem and its place in the text.
    """
    return tuple(
        PriceGiven(price.line_id, price.probability, price.at) for price in parse_prices(text, now, where, given_at)
    )


def _ignore(_why: str | None) -> None:
    """Do nothing."""


async def watch(
    file: Path,
    poll_s: float,
    clock: Clock,
    deliver: Callable[[PriceGiven], None],
    log: FilteringBoundLogger,
    note: Callable[[str | None], None] = _ignore,
) -> None:
    """Deliver the prices of a file whenever the file changes, until this task is cancelled. A file that cannot be read
    is logged once for each change. The earlier prices then stay in use until they are too old."""
    seen: _Stamp = None
    first = True
    while True:
        stamp, text = await asyncio.to_thread(_read, file, seen)
        if first or stamp != seen:
            first, seen = False, stamp
            if stamp is None:
                log.warning("prices.missing", file=str(file))
                note(f"{file} is missing")
            elif isinstance(text, str):
                log.warning("prices.unreadable", file=str(file), why=text)
                note(f"{file} cannot be read: {text}")
            else:
                note(_take(file, stamp, text, clock, deliver, log))
        await asyncio.sleep(max(_SHORTEST_POLL_S, clock.real_seconds(round(poll_s * SECOND))))


def _take(
    file: Path,
    stamp: tuple[int, int, int],
    text: bytes,
    clock: Clock,
    deliver: Callable[[PriceGiven], None],
    log: FilteringBoundLogger,
) -> str | None:
    """Deliver the prices in a file. Returns the reason if the file cannot be used."""
    now = clock.now()
    age = max(0, time.time_ns() - stamp[0])  # the time of a file is by the machine's clock
    try:
        prices = parse(text, now, now - round(age * clock.rate), str(file))
    except PriceError as bad:
        log.warning("prices.unreadable", file=str(file), why=str(bad))
        return str(bad)
    for price in prices:
        deliver(price)
    log.info("prices.read", file=str(file), prices=len(prices))
    return None


def _read(file: Path, seen: _Stamp) -> tuple[_Stamp, bytes | str]:
    """Return the stamp of a file (time, size and inode) and its content. If the stamp is equal to ``seen``, the content
    is empty. If the file cannot be read, the reason in words takes the place of the content."""
    try:
        descriptor, status = open_regular(file)
    except FileNotFoundError:
        return None, b""
    except OSError as bad:
        return (0, 0, bad.errno or 0), bad.strerror or str(bad)
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    try:
        return stamp, b"" if stamp == seen else read_open(descriptor, LARGEST)
    except OSError as bad:
        return stamp, bad.strerror or str(bad)
    finally:
        os.close(descriptor)
