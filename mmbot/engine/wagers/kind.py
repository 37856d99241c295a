"""The kinds of change to a wager. They have a file of their own because files with msgspec Structs stay uncompiled."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """The kinds of change to a wager. ``stake`` and ``win`` are the fields of ``Change``, in cents."""

    OPENED = "opened"
    """The exchange reported for the first time that the wager is live."""
    MATCHED = "matched"
    """More of the wager was matched: ``stake`` more, which earns ``win`` if the wager wins."""
    ENDED = "ended"
    """The wager can match no more. ``stake`` is the part that was still unmatched."""
    SETTLED = "settled"
    """The result came or was corrected, which changed the market's gross profit by ``win``. ``stake`` is the matched
    stake."""
    FOREIGN = "foreign"
    """A wager that is not ours was seen for the first time. It could still match, or is matched and not settled."""
    DETAIL_WANTED = "detail_wanted"
    """The odds of a match are not known, so the odds of all matches of the wager must be read."""
    REVIVED = "revived"
    """A wager that counted as rejected or as never placed is live after all. ``stake`` is what could match."""
    REPRICED = "repriced"
    """The profit of the matched stake, if the wager wins, was corrected by ``win``."""
    TAKEN_BACK = "taken_back"
    """A void cancelled matches. ``stake`` is the stake that no longer counts as matched."""
