"""Joins the pages of one read of matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.engine.events import MatchesRead
from mmbot.exchange.dialect import MatchPage

MATCH_PAGES: Final = 50
"""The largest number of pages in one read of matches. After so many pages, the exchange probably repeats the same
pages."""


def matches_of_all(request: int, pages: Sequence[MatchPage]) -> MatchesRead:
    """Combine all pages of matches. If one match of a wager is unreadable, all matches of the wager are left out.
    Otherwise the readable matches would look complete."""
    broken = frozenset[str]().union(*(page.malformed for page in pages))
    return MatchesRead(request, tuple(m for page in pages for m in page.matches if m.wager_id not in broken))
