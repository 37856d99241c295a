"""An hour of a busy exchange in real time, and whether the daemon stays as it is: ``python -m soak --minutes 60``."""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from busy import Busy, Sample
from slopes import BLOCKS, Fit, Point, Verdict, block_means, fit, middle

from mmbot.telemetry.metrics import WIRE_BUCKETS

SAMPLE_S: Final = 5.0
FAULT_S: Final = 30.0
RETENTION_MIN: Final = 75.0
"""Minutes of the exchange's clock after which as many wagers are forgotten as end: the ledger holds each for an
hour."""
LOOK_BACK: Final = 12
"""Over how many samples a rate or a median is taken: a minute."""
KEEP_DAYS: Final = 400
"""``journal.keep_days`` of the run, the default."""

TRANSPORTS: Final = ("aiohttp", "pysher")


class Row(NamedTuple):
    """A row of the table: a quantity with its growth that still counts as level."""

    name: str
    unit: str
    of: Callable[[Sequence[Sample]], list[Point]]
    allowance: float
    """In units for each hour, or as a share of the mean for each hour if ``share`` is true."""
    share: bool = False


def plain(field: str, scale: float = 1.0) -> Callable[[Sequence[Sample]], list[Point]]:
    """Return the function that gives one field of the samples."""
    return lambda samples: [Point(each.at, getattr(each, field) * scale) for each in samples]


def ratio(above: str, below: str, scale: float) -> Callable[[Sequence[Sample]], list[Point]]:
    """Return the function that gives the growth of one field for each unit of growth of another."""

    def points(samples: Sequence[Sample]) -> list[Point]:
        found = []
        for before, after in zip(samples[::LOOK_BACK], samples[LOOK_BACK::LOOK_BACK], strict=False):
            number = getattr(after, below) - getattr(before, below)
            if number > 0:
                grown = getattr(after, above) - getattr(before, above)
                found.append(Point((before.at + after.at) / 2, grown / number * scale))
        return found

    return points


def median(field: str) -> Callable[[Sequence[Sample]], list[Point]]:
    """Return the function that gives the median of a histogram, in microseconds."""

    def points(samples: Sequence[Sample]) -> list[Point]:
        found = []
        for before, after in zip(samples[::LOOK_BACK], samples[LOOK_BACK::LOOK_BACK], strict=False):
            grown = [new - old for old, new in zip(getattr(before, field), getattr(after, field), strict=True)]
            value = middle(WIRE_BUCKETS, grown)
            if value is not None:
                found.append(Point((before.at + after.at) / 2, value * 1e6))
        return found

    return points


ROWS: Final = (
    Row("memory", "MB", plain("memory_mb"), 5.0),
    Row("the watchdog's memory", "MB", plain("watchdog_mb"), 0.5),
    Row("open descriptors", "", plain("descriptors"), 3.0),
    Row("asyncio tasks", "", plain("tasks"), 3.0),
    Row("threads", "", plain("threads"), 1.0),
    Row("book to placement, p50", "us", median("tick"), 0.2, True),
    Row("match to request, p50", "us", median("match"), 0.2, True),
    Row("processor time", "% of a core", ratio("cpu_s", "at", 100), 0.2, True),
    Row("journal for a wager", "bytes", ratio("journal_bytes", "placed", 1.0), 0.2, True),
)
"""Memory may grow by 5 MB for each hour: the 62 sport events of an hour are remembered for three days of the clock,
which are twelve hours, so within an hour nothing of them is forgotten. A leak of 100 bytes for each wager would be
6 MB.

Each kind of fault comes twelve times an hour. So a leak of one descriptor, task or thread for one kind of fault would
be twelve for each hour."""


def judged(row: Row, samples: Sequence[Sample]) -> tuple[Fit, Verdict, float]:
    """Return the fit of a quantity, the verdict, and the allowed growth in units for each hour.

    Raises:
        ValueError: if there are too few samples.
    """
    points = row.of(samples)
    found = fit(block_means(points, min(BLOCKS, len(points))))
    allowance = row.allowance * (abs(found.mean) if row.share else 1.0)
    return found, found.verdict(allowance / 3600), allowance


def report(transport: str, samples: Sequence[Sample], speed: float) -> list[Verdict]:
    """Print the table of one transport, whose clock ran ``speed`` times as fast. Returns the verdicts."""
    first, last = samples[0], samples[-1]
    hours = (last.at - first.at) / 3600
    placed, matches = last.placed - first.placed, last.matches - first.matches
    print(
        f"\n{transport}: {hours * 60:.0f} minutes after the warm-up, {len(samples)} samples, {placed:,} wagers placed,"
    )
    print(f"{matches:,} matches, realised profit ${last.settled - first.settled:,.2f}")
    print(f"  {'':24}{'mean':>10}  {'growth for each hour':>24}  {'allowed':>9}  likeness")
    verdicts = []
    for row in ROWS:
        try:
            found, verdict, allowance = judged(row, samples)
        except ValueError as few:
            print(f"  {row.name:24}{few}")
            verdicts.append(Verdict.UNCLEAR)
            continue
        growth = f"{found.slope * 3600:+.3f} ± {found.error * 3600:.3f}"
        print(
            f"  {row.name:24}{found.mean:>10,.2f}  {growth:>24}  {allowance:>9.3f}  {found.likeness:>8.2f}"
            f"  {verdict.value}  {row.unit}"
        )
        verdicts.append(verdict)
    grown = (last.journal_bytes - first.journal_bytes) / hours / speed
    bound = grown * 24 * KEEP_DAYS
    print(f"  the journal grew by {grown / 1e6:.1f} MB for each hour of the exchange's clock; at this pace it ends at")
    print(f"  {bound / 1e9:,.0f} GB with journal.keep_days: {KEEP_DAYS}. Event log: {last.event_log_mb:.0f} of 256 MB")
    return verdicts


def write(path: Path, samples: Sequence[Sample]) -> None:
    """Write the samples as CSV."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(Sample._fields)
        table.writerows(samples)


def read(path: Path) -> list[Sample]:
    """Read the samples of ``write``."""
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [Sample(*(_value(text) for text in row)) for row in rows]  # type: ignore[arg-type]


def _value(text: str) -> float | tuple[float, ...]:
    return tuple(float(each) for each in text.strip("()").split(", ")) if text.startswith("(") else float(text)


def run(folder: Path, transports: Sequence[str], minutes: float, speed: float) -> dict[str, list[Sample]]:
    """Run a daemon for each transport, side by side, and return their samples. Raises AssertionError if a daemon dies,
    does not stop in order, or the referee finds a rule broken."""
    samples: dict[str, list[Sample]] = {transport: [] for transport in transports}
    with contextlib.ExitStack() as stack:
        pairs = []
        for seed, transport in enumerate(transports):
            pair = Busy(folder / transport, transport, speed, seed + 1)
            stack.callback(pair.close)
            pairs.append(pair)
        time.sleep(10)
        started = time.monotonic()
        disturb_at = FAULT_S
        while (at := time.monotonic() - started) < minutes * 60:
            faulty = at >= disturb_at
            disturb_at += FAULT_S if faulty else 0
            for pair in pairs:
                assert pair.daemon.process.poll() is None, f"the daemon ended\n{pair.daemon.tail()}"
                pair.keep_board(at)
                if faulty:
                    pair.disturb()
                samples[pair.transport].append(pair.sample(time.monotonic() - started))
            for transport, found in samples.items():
                write(folder / f"{transport}.csv", found)
            time.sleep(max(0.0, SAMPLE_S - (time.monotonic() - started - at)))
        wrong = [f"{pair.transport}: {each}" for pair in pairs for each in pair.stop()]
    assert not wrong, "\n".join(wrong)
    return samples


def main(arguments: Sequence[str]) -> int:
    """Run and judge. Returns 0 if everything is flat, 1 if something grows or the run failed, 2 if it is unclear."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="length of the run (default 60)")
    parser.add_argument("--transport", choices=(*TRANSPORTS, "both"), default="both", help="of the feed (default both)")
    parser.add_argument("--speed", type=float, default=6, help="how many times faster the clock runs (default 6)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep samples, logs and journals here")
    parser.add_argument(
        "--judge", type=Path, metavar="FOLDER", help="judge the samples that --keep kept, and run nothing"
    )
    given = parser.parse_args(arguments)
    transports = TRANSPORTS if given.transport == "both" else (given.transport,)
    warm_s = 60 * min(given.minutes / 3, RETENTION_MIN / given.speed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        print(f"{given.minutes:g} minutes, {' and '.join(transports)}, clock × {given.speed:g}, process {os.getpid()}")
        print(f"warm-up {warm_s / 60:.1f} minutes; samples in {given.judge or folder}", flush=True)
        try:
            if given.judge is not None:
                samples = {transport: read(given.judge / f"{transport}.csv") for transport in transports}
            else:
                samples = run(folder, transports, given.minutes, given.speed)
        except AssertionError as failed:
            print(f"the run failed: {failed}", file=sys.stderr)
            return 1
        verdicts = [
            verdict
            for transport, found in samples.items()
            for verdict in report(transport, [each for each in found if each.at >= warm_s], given.speed)
        ]
    if Verdict.GROWS in verdicts:
        return 1
    return 2 if Verdict.UNCLEAR in verdicts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
