"""Decides how far back the proof of being clear has to search for open wagers."""

from __future__ import annotations

from mmbot.domain.instant import Instant
from mmbot.engine.state.shared import Shared


def placed_since(shared: Shared, known_to: Instant) -> Instant:
    """Return the instant from which on wagers are searched in the history.

    Only the history shows the open wagers that were placed after ``known_to``. Of earlier wagers, the ledger holds all
    that may be open. Our own ones are looked up by their ids, so the proof does not search them. Wagers that others
    placed are not looked up. So on an exclusive account, the search goes back to the oldest of these that is open in
    the ledger. On a shared account, the wagers of others may stay open.

    Args:
        known_to: the instant up to which the ledger holds every wager that may be open: by the journal, and later by
            the latest proof, because no wager that was placed before a proof is open after the proof. The value is 0 if
            there is neither.
    """
    if not shared.settings.exclusive:
        return known_to
    return min([known_to, *[wager.sent_at for wager in shared.ledger.all_live() if wager.foreign]])
