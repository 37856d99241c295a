"""Believes the proof of being clear where an earlier message said falsely that a wager is over."""

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
    """Move each wager that a page of the proof shows open to the state that the page proves.

    Without this, nobody would cancel such a wager on a shared account, where wagers are cancelled one by one, and the
    account would never be proved clear. A message that is newer than the page is believed all the same.
    """
    synced = page.last_synced_at or 0
    for report in found:
        wager = shared.ledger.by_id(report.wager_id)
        if wager is not None and not wager.live and shared.clock.time_of(wager.heard_at) < synced:
            effects.apply(shared.ledger.prove(report, now), now)
