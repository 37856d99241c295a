"""The kinds of a change. They stand apart from the Structs, so that they are compiled."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """The kinds of a change."""

    OPENED = "opened"
    """The exchange said for the first time that the wager is live."""
    MATCHED = "matched"
    """Another ``stake`` was matched. It pays ``win`` if the wager wins."""
    ENDED = "ended"
    """The wager can match no more; ``stake`` was unmatched."""
    SETTLED = "settled"
    """The result came or was corrected, which changed the market's gross profit by ``win``. ``stake`` is the matched
    stake."""
    FOREIGN = "foreign"
    """A wager that is not ours, and that is open or matched, was seen for the first time."""
    DETAIL_WANTED = "detail_wanted"
    """The odds of a match are not known, so the matching detail has to be read."""
    REVIVED = "revived"
    """A wager that counted as rejected or as never placed is live; ``stake`` could match."""
    REPRICED = "repriced"
    """The win of the matched stake was corrected by ``win``."""
    TAKEN_BACK = "taken_back"
    """A void took back ``stake`` of matched stake."""
