"""The watchdog process, which cancels everything while the daemon stands still."""

from __future__ import annotations

from msgspec.structs import replace

from mmbot.backtest.run import Run
from mmbot.domain.instant import MILLISECOND, SECOND, Duration, Instant
from mmbot.engine import events as e
from mmbot.engine.life.clear_alone import ClearAlone

ROUND_TRIP: Duration = 20 * MILLISECOND


def watch(run: Run, exclusive: bool, runs: int, until: Instant, behind: Duration) -> bool:
    """Cancel everything and prove it, as ``mmbot watchdog`` does, until the account is clear or the daemon runs again.
    Its requests meet no fault, because they go over a connection of their own. ``behind``: how far its clock is behind
    the exchange's. Returns True if it says that the account is clear."""
    prefixes = tuple(f"r{number}-" for number in range(1, runs + 1))
    clear = ClearAlone(None if exclusive else lambda external_id: external_id.startswith(prefixes), 1, run.now - behind)
    while not clear.clear and run.now < until:
        request = clear.next(run.now - behind)
        if request is None:
            run.stand_still(min(until, max(clear.due_at(run.now - behind) + behind, run.now + MILLISECOND)))
            continue
        run.stand_still(run.now + ROUND_TRIP)
        answer = run.ask(request)
        if isinstance(answer, e.CancelledAll | e.Cancelled | e.HistoryRead):
            answer = replace(answer, date=run.now // SECOND * SECOND)
        clear.take(request, answer, run.now - behind)
    return clear.clear
