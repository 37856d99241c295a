"""The kinds of change of a wager. These kinds have a file of their own, because files with msgspec Structs stay
uncompiled."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """The kinds of change of a wager. ``stake`` and ``win`` are the fields of ``Change``, in cents."""

    OPENED = "opened"
    """The kind of change in which the exchange reported for the first time that the wager is open."""
    MATCHED = "matched"
    """The kind of change in which more of the wager's stake was matched. ``stake`` is the additional part, and ``win``
    is the profit that it brings if the wager wins."""
    ENDED = "ended"
    """The kind of change after which the wager cannot be matched any more. ``stake`` is the part that was still
    unmatched."""
    SETTLED = "settled"
    """The kind of change in which the result of the wager came or was corrected. ``win`` is the amount by which the
    market's profit before commission changed. ``stake`` is the stake that was matched before the result."""
    FOREIGN = "foreign"
    """The kind of change in which a wager that is not ours was noticed. The wager could still be matched, or is matched
    and has no result yet."""
    DETAIL_WANTED = "detail_wanted"
    """The kind of change in which the odds of a match are not known. The odds of all matches of the wager must be
    read."""
    REVIVED = "revived"
    """The kind of change in which a wager that counted as rejected or as never placed is open after all. ``stake`` is
    the stake that could be matched."""
    REPRICED = "repriced"
    """The kind of change that corrects the profit which the matched stake brings if the wager wins. ``win`` is the
    correction."""
    IDS_DIFFER = "ids_differ"
    """The kind of change in which a report has the ``external_id`` of one wager and the ``wager_id`` of another. Each
    of the two wagers has a change of its own."""
    TAKEN_BACK = "taken_back"
    """The kind of change in which a void cancelled matches. ``stake`` is the stake that no longer counts as matched."""
