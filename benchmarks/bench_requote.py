"""Row five of the speed budget: change all quotes of N lines, compared with 20 wagers a request at the allowed rate.

    .venv/bin/python benchmarks/bench_requote.py

The benchmark runs in virtual time, so it is exact, except for the engine's own time, which is printed too. Every price
moves in one burst. The figure is the time from that burst to the last placement. Each of the 2N wagers is cancelled and
placed again. Cancels go first, so the bound is 20 wagers a request, with cancels at the whole allowed rate and then
placements at the rate that ``exchange.cancel_reserve`` leaves. The second bound uses the whole rate for both. Only a
reserve of zero could reach it.
"""

from __future__ import annotations

import math
import time
from typing import Final

from board import EVEN, Bench, book
from measure import of_budget, percentile, say, settled

from mmbot.domain.instant import MILLISECOND, SECOND, in_seconds
from mmbot.engine import requests as r
from mmbot.engine.requests import BATCH

BUDGET: Final = 1.05
LATENCY_MS: Final = 1


def requote(lines: int, reserve: int) -> dict[str, float]:
    """Move every price at once, and answer until every quote has the new price."""
    bench = Bench(lines, answer_after=0, awaiting=10_000, reserve=reserve).quoted()
    engine = bench.engine
    bench.settle(bench.now + 10 * SECOND)
    bench.sent.clear()
    settled()
    begun = bench.now
    for place in range(lines):
        engine.handle(bench.message(place, book(EVEN + 8)), bench.now)
    waiting: list[tuple[int, r.Request]] = []
    took: dict[str, list[float]] = {"PlaceMany": [0.0], "other": [0.0]}
    while True:
        while True:
            started = time.perf_counter_ns()
            request = engine.next_request(bench.now)
            kind = "PlaceMany" if isinstance(request, r.PlaceMany) else "other"
            took[kind].append((time.perf_counter_ns() - started) / 1000)
            if request is None:
                break
            bench.sent.append((bench.now, request))
            waiting.append((bench.now + LATENCY_MS * MILLISECOND, request))
        engine.orders()
        following = engine.deadline(bench.now)
        due = [at for at, _ in waiting] + ([] if following is None else [following])
        if not waiting and bench.resting == 2 * lines and placed(bench) >= 2 * lines:
            break
        bench.now = max(bench.now + 1, min(due))
        for at, request in list(waiting):
            if at <= bench.now:
                waiting.remove((at, request))
                for event in bench.answers(request):
                    engine.handle(event, bench.now)
    changes = [(at, sent) for at, sent in bench.sent if isinstance(sent, r.PlaceMany | r.CancelMany)]
    places = [at for at, sent in changes if isinstance(sent, r.PlaceMany)]
    config = bench.config.exchange
    needed = math.ceil(2 * lines / BATCH)
    whole = config.requests_per_second
    kept = whole - config.cancel_reserve
    return {
        "took": in_seconds(places[-1] - begun),
        "bound": needed / whole + needed / kept,
        "plain": 2 * needed / whole,
        "cancels": len(changes) - len(places),
        "places": len(places),
        "others": len(bench.sent) - len(changes),
        "needed": needed,
        "placing_us": percentile(took["PlaceMany"], 0.5),
        "longest_us": max(took["PlaceMany"] + took["other"]),
    }


def placed(bench: Bench) -> int:
    """Return the number of wagers placed so far."""
    return sum(len(sent.items) for _, sent in bench.sent if isinstance(sent, r.PlaceMany))


def main() -> None:
    """Run the benchmark and print the result."""
    say(f"5. changing all quotes of N lines, both outcomes; answers after {LATENCY_MS} ms; virtual time, exact")
    for lines, reserve in ((100, 8), (500, 8), (1000, 8), (2500, 8), (500, 1), (2500, 1)):
        got = requote(lines, reserve)
        ratio = got["took"] / got["bound"]
        say(
            f"  {lines:>5,} lines, {reserve} of 40 a second kept for cancels: {got['took']:.3f} s; "
            f"{ratio:.3f} of the bound of {got['bound']:.3f} s, {of_budget(ratio, BUDGET)}; "
            f"{got['took'] / got['plain']:.3f} of the bound without a reserve, {got['plain']:.3f} s"
        )
        say(
            f"        {got['cancels']:.0f} cancels and {got['places']:.0f} placements, at least "
            f"{got['needed']:.0f} each; {got['others']:.0f} reads; the engine's own time for a placement of 20: p50 "
            f"{got['placing_us']:.0f} us; its longest call {got['longest_us'] / 1000:.1f} ms"
        )


if __name__ == "__main__":
    main()
