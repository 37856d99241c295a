"""Profile row two: median µs of the engine's stages from a book event to its request, for one line.

    .venv/bin/python benchmarks/profile_engine.py

Each function is timed in a separate process while the cases of bench_engine.py run, so that no figure contains the cost
of timing another. A stage includes the functions that it calls. An indented stage is part of the one above.
"""

from __future__ import annotations

import importlib
import time
from typing import Final

from bench_engine import KINDS, measured
from measure import Machine, fresh_json, percentile, say

from mmbot.domain import COMPILED

STAGES: Final = (
    ("", "mmbot.engine.feed", "Feed", "_on_book", "the book is replaced, its sport event marked"),
    ("", "mmbot.engine.life.order_of_life", "OrderOfLife", "do_due", "the order of life"),
    ("", "mmbot.engine.quoting.quoting", "Quoting", "look", "the sport event is looked at"),
    ("  ", "mmbot.engine.quoting.quoting", "Quoting", "_see", "guards of the line, its view"),
    ("    ", "mmbot.engine.books.books", "Books", "net", "own stake out of the book"),
    ("  ", "strategies.fair_value", "FairValueMaker", "quote", "the strategy"),
    ("  ", "mmbot.engine.quoting.decide_targets", "Targets", "of", "ladder, fat finger, limits: targets"),
    ("  ", "mmbot.engine.quoting.quoting", "Quoting", "_settle", "compared with what rests"),
    ("", "mmbot.engine.sending.cancelling", "Cancelling", "next", "the cancels handed out"),
    ("", "mmbot.engine.sending.placing", "Placing", "next", "the placements handed out"),
    ("  ", "mmbot.engine.sending.placing", "Placing", "_judge", "limits, funds, own wagers"),
    ("  ", "mmbot.engine.wagers.ledger", "Ledger", "sent", "entered in the ledger"),
    ("  ", "mmbot.engine.risk.exposure", "Exposure", "update", "the five scopes moved"),
)
WAGERS: Final = 1_500


def whole() -> dict[str, float]:
    """Return the times of the cases without a timer."""
    return {kind: percentile([us for _, us in took], 0.5) for kind, took in measured(1, WAGERS).items()}


def stage(module: str, name: str, method: str) -> dict[str, float]:
    """Return for each case the µs in one method."""
    owner = getattr(importlib.import_module(module), name)
    inner = getattr(owner, method)
    clock = time.perf_counter_ns
    spent = 0

    def timed(*given: object) -> object:
        nonlocal spent
        began = clock()
        answer = inner(*given)
        spent += clock() - began
        return answer

    def begin() -> None:
        nonlocal spent
        spent = 0

    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    setattr(owner, method, timed)
    measured(1, WAGERS, begin, lambda kind: found[kind].append(spent / 1000))
    return {kind: percentile(each, 0.5) for kind, each in found.items()}


def main() -> None:
    """Run the profile and print the result."""
    if COMPILED:
        raise SystemExit("a compiled core cannot be timed inside: run this with .venv/bin/python")
    machine = Machine()
    say("engine: book event -> request ready, one line, p50 in us of each stage")
    names = ("price moves", "side gone", "side back")
    say(f"  {'':<52}" + "".join(f"{name:>14}" for name in names))
    got = fresh_json(whole)
    say(f"  {'all of it':<52}" + "".join(f"{got[kind]:>14.1f}" for kind in KINDS))
    for indent, module, name, method, what in STAGES:
        got = fresh_json(stage, module, name, method)
        label = f"{indent}{name}.{method}: {what}"
        say(f"  {label:<52}" + "".join(f"{got[kind]:>14.1f}" for kind in KINDS))
    say(machine.again().describe())


if __name__ == "__main__":
    main()
