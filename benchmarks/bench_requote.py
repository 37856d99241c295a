"""Row five of the speed budget: changing all quotes of N lines, against 20 wagers a request at the allowed rate.

    python benchmarks/bench_requote.py

In virtual time, so exact: every price moves in one burst, and what counts is from that burst to the last placement that
leaves. Each of 2N wagers is cancelled and placed anew. The bound is 20 wagers a request and requests at the whole
allowed rate, or placements at what the cancels' reserve leaves of it, whichever takes longer.
"""

from __future__ import annotations

import math
from typing import Final

from board import EVEN, Bench, book
from measure import say

from mmbot.domain.instant import MILLISECOND, SECOND, in_seconds
from mmbot.engine import requests as r
from mmbot.engine.requests import BATCH

BUDGET: Final = 1.05
LATENCY_MS: Final = 1


def requote(lines: int) -> dict[str, float]:
    """Move every price at once, and answer until every quote is the new one."""
    bench = Bench(lines, answer_after=0, awaiting=10_000).quoted()
    engine = bench.engine
    bench.settle(bench.now + 10 * SECOND)
    bench.sent.clear()
    begun = bench.now
    for place in range(lines):
        engine.handle(bench.message(place, book(EVEN + 8)), bench.now)
    waiting: list[tuple[int, r.Request]] = []
    while True:
        while (request := engine.next_request(bench.now)) is not None:
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
    bound = max(2 * needed / config.requests_per_second, needed / (config.requests_per_second - config.cancel_reserve))
    return {
        "took": in_seconds(places[-1] - begun),
        "bound": bound,
        "cancels": len(changes) - len(places),
        "places": len(places),
        "others": len(bench.sent) - len(changes),
        "needed": needed,
    }


def placed(bench: Bench) -> int:
    """Wagers placed so far."""
    return sum(len(sent.items) for _, sent in bench.sent if isinstance(sent, r.PlaceMany))


def main() -> None:
    """Measure and print."""
    say(f"5. changing all quotes of N lines, both outcomes; answers after {LATENCY_MS} ms; virtual time, exact")
    for lines in (100, 500, 1000, 2500):
        got = requote(lines)
        say(
            f"  {lines:>5,} lines: {got['took']:.3f} s, bound {got['bound']:.3f} s: "
            f"ratio {got['took'] / got['bound']:.3f}, "
            f"budget {BUDGET}; {got['cancels']:.0f} cancels and {got['places']:.0f} placements "
            f"(at least {got['needed']:.0f} each), {got['others']:.0f} reads"
        )


if __name__ == "__main__":
    main()
