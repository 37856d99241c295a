"""The changes of wagers that a call to the ledger makes, and the parts that follow them."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.engine.wagers.wager import Wager


class Kind(Enum):
    """The kinds of a change."""

    OPENED = "opened"
    """The exchange said for the first time that the wager is live."""
    MATCHED = "matched"
    """``stake`` more is matched, which wins ``win``."""
    ENDED = "ended"
    """Nothing of the wager can match any more; ``stake`` was left."""
    SETTLED = "settled"
    """The result came, or was corrected: the market's gross changed by ``win``. ``stake`` is the matched stake."""
    FOREIGN = "foreign"
    """A wager that is not ours, and that can match or is matched, was seen for the first time."""
    DETAIL_WANTED = "detail_wanted"
    """The odds of a match are not known: read the matching detail."""
    REVIVED = "revived"
    """A wager that counted as rejected or never placed is live after all; ``stake`` could match."""
    REPRICED = "repriced"
    """The win of the matched stake became known better and changed by ``win``."""
    TAKEN_BACK = "taken_back"
    """A void took ``stake`` of matches back."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """One thing that a call to the ledger did. ``stake`` and ``win`` in cents, as the kind says."""

    kind: Kind
    wager: Wager
    stake: Cents = 0
    win: Cents = 0


Changes = tuple[Change, ...]


class Follower(Protocol):
    """A part that acts on changes of wagers."""

    def changed(self, change: Change, now: Instant) -> None:
        """Act on one change. The ledger and its sums already hold the change."""
