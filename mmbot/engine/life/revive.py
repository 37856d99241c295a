"""Corrects wagers that a message falsely reported as over, if the exchange's history shows them as open."""

from __future__ import annotations

from collections.abc import Sequence

from mmbot.domain.instant import Instant
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import HistoryRead
from mmbot.engine.owners import AppliesReports
from mmbot.engine.state.shared import Shared


def revive(
    shared: Shared, effects: AppliesReports, found: Sequence[WagerReport], page: HistoryRead, now: Instant
) -> None:
    """Correct each wager that is over in our records but open on a page of the exchange's history. The wager gets the
    state that the page shows.

    On a shared account, wagers are cancelled one by one. Without this correction, nobody would cancel a wager that is
    falsely over, and the account would never be proved clear (without open wagers). If the latest message about a wager
    is newer than the page, the wager is not corrected.
    """
    synced = page.last_synced_at or 0
    for report in found:
        wager = shared.ledger.by_id(report.wager_id)
        if wager is not None and not wager.live and shared.clock.time_of(wager.heard_at) < synced:
            effects.apply(shared.ledger.prove(report, now), now)
