"""Tools for all benchmarks: the speed of the machine, percentiles, and figures printed with their budgets.

The reference is ``orjson.loads`` of one book's JSON. It took 11 µs on the machine that the budgets were written for.
Budgets are also printed for this machine, scaled by the ratio to that time. The ratio of a figure is the share of its
budget that it uses: above 1 is over the budget. A benchmark never fails because of a figure.
"""

from __future__ import annotations

import gc
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from board import inner_json

from mmbot.domain import COMPILED

NOW: Final = 1_758_166_593 * 1_000_000_000
REFERENCE_US: Final = 11.0
_ROUNDS: Final = 15
_CALLS: Final = 300


def say(text: str) -> None:
    """Print a line at once, since the next one may take a while."""
    print(text, flush=True)


def reference_us() -> float:
    """Return the time of the reference on this machine, in µs: the median of some rounds."""
    bodies = [inner_json(random.Random(1), NOW) for _ in range(10)]
    took = []
    for _ in range(_ROUNDS):
        started = time.perf_counter_ns()
        for turn in range(_CALLS):
            orjson.loads(bodies[turn % len(bodies)])
        took.append((time.perf_counter_ns() - started) / _CALLS)
    return statistics.median(took) / 1000


class Machine:
    """The speed of this machine now. It is measured before and after a benchmark, and the mean counts."""

    def __init__(self) -> None:
        self._seen = [reference_us()]

    def again(self) -> Machine:
        """Measure the speed again."""
        self._seen.append(reference_us())
        return self

    @property
    def factor(self) -> float:
        """Time of the reference here, divided by that on the reference machine. Above 1 is slower."""
        return statistics.fmean(self._seen) / REFERENCE_US

    def describe(self) -> str:
        """Return a line of text with the speed."""
        return (
            f"  machine: orjson.loads of a book {self.factor * REFERENCE_US:.1f} us here, {REFERENCE_US:g} us on the "
            f"reference machine: factor {self.factor:.2f}; core {'compiled' if COMPILED else 'plain'}"
        )


def against(
    name: str, value: float, unit: str, budget: float, factor: float | None = None, *, least: bool = False
) -> str:
    """Return a line with a figure and its budget. With a factor, add the budget scaled to this machine.

    Args:
        name: name of the figure.
        value: the figure.
        unit: unit of the figure.
        budget: highest allowed value.
        factor: ``Machine.factor`` of this machine.
        least: True if the budget is the lowest allowed value instead.
    """
    line = f"  {name:<58} {value:>10,.1f} {unit:<3} {of_budget(value, budget, least=least)}"
    if factor is None:
        return line
    return f"{line}; for this machine {of_budget(value, budget / factor if least else budget * factor, least=least)}"


def of_budget(value: float, budget: float, *, least: bool = False) -> str:
    """Describe in words how much of its budget a figure uses."""
    ratio = budget / value if least else value / budget
    sign, shown = "\u2265" if least else "\u2264", f"{budget:,.0f}" if budget >= 10 else f"{budget:,.2f}"
    return f"budget {sign} {shown}: ratio {ratio:.2f}{', over' if ratio > 1 else ''}"


def plain(name: str, value: float, unit: str) -> str:
    """Return a line with a figure without a budget."""
    return f"  {name:<58} {value:>10,.1f} {unit}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile of values by the nearest rank."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def settled() -> None:
    """Hide the present objects from the garbage collector, as the daemon does after its start."""
    gc.collect()
    gc.freeze()


class Usage(NamedTuple):
    """A process's memory, in MB."""

    now: float
    most: float


def memory(pid: int) -> Usage:
    """Return the resident memory of a process, by the kernel."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return Usage(_mb(fields["VmRSS"]), _mb(fields["VmHWM"]))


def _mb(text: str) -> float:
    return int(text.split()[0]) / 1024


def fresh(arguments: Sequence[str]) -> tuple[float, str]:
    """Run a new interpreter. Return its run time in seconds and its output."""
    started = time.perf_counter()
    # -P: measure the installed package, not the one in the working directory.
    done = subprocess.run(
        [sys.executable, "-P", *arguments], check=True, capture_output=True, text=True, env=os.environ
    )
    return time.perf_counter() - started, done.stdout


def fresh_json(work: Callable[..., object], *given: object) -> object:
    """Call a function of a benchmark's file in a new process, and return its result through JSON."""
    file = Path(sys.modules[work.__module__].__file__ or "")
    script = (
        f"import json, sys; sys.path[:0] = [{str(file.parent)!r}]; "
        f"import {file.stem} as bench; print(json.dumps(bench.{work.__name__}(*json.loads(sys.argv[1]))))"
    )
    return json.loads(fresh(["-c", script, json.dumps(given)])[1].splitlines()[-1])
