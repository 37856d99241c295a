"""The kinds of change of a wager. These kinds have a file of their own, because files with msgspec Structs stay
uncompiled."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """The kinds of change of a wager. ``stake`` and ``win`` are the fields of ``Change``, in cents."""

    OPENED = "opened"
    """The exchange reported for the first time that the wager is open."""
    MATCHED = "matched"
    """More of the wager's stake was matched. ``stake`` is this additional part, and ``win`` is the profit that this
    part brings if the wager wins."""
    ENDED = "ended"
    """The wager cannot match any more. ``stake`` is the part that was still unmatched."""
    SETTLED = "settled"
    """The result of the wager came or was corrected. ``win`` is the amount by which this changed the market's profit
    before commission. ``stake`` is the stake that was matched before the result."""
    FOREIGN = "foreign"
    """A wager that is not ours was noticed. The wager could still match, or it is matched and has no result yet."""
    DETAIL_WANTED = "detail_wanted"
    """The odds of a match are not known, so the odds of all matches of the wager must be read."""
    REVIVED = "revived"
    """A wager that counted as rejected or as never placed is open after all. ``stake`` is the stake that could
    match."""
    REPRICED = "repriced"
    """The profit that the matched stake brings if the wager wins was corrected. ``win`` is the correction."""
    TAKEN_BACK = "taken_back"
    """A void cancelled matches. ``stake`` is the stake that no longer counts as matched."""
