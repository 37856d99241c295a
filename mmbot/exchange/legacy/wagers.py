"""Wagers and their matches in the legacy dialect (version of the exchange's API). This module has the calls that read
wagers and matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.wager import UnreadWager, WagerReport
from mmbot.engine.events import HistoryRead
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.answers.wagers import WagerReader
from mmbot.exchange.dialect import Call, MatchPage
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.words import FOREIGN

READER: Final = WagerReader(FOREIGN)

wager_of = READER.wager_of
history_page = READER.history_page
match_page = READER.match_page


def wager(wager_id: str) -> Call[WagerReport | UnreadWager]:
    """The call that reads one wager."""
    path = paths.wager_path(wager_id)
    return Call("wager", Purpose.READ, "GET", path, None, lambda answer, _: wager_of(answer))


def history(query: ReadHistory, now: Instant, market: int | None, sport_event: int | None) -> Call[HistoryRead]:
    """The call that reads one page of the account's wager history."""
    path = paths.history_path(query, now, market, sport_event)
    return Call(
        "history", Purpose.READ, "GET", path, None, lambda answer, malformed: history_page(query.id, answer, malformed)
    )


def matches(wager_ids: Sequence[str], cursor: str) -> Call[MatchPage]:
    """The call that reads one page of the matches of some wagers."""
    return Call("matches", Purpose.READ, "GET", paths.matches_path(wager_ids, cursor), None, match_page)


def matches_of(wager_id: str, cursor: str, limit: int) -> Call[MatchPage]:
    """The call that reads one page of the matches of one wager."""
    return Call("matches_of", Purpose.READ, "GET", paths.matches_of_path(wager_id, cursor, limit), None, match_page)


def matched_bets(begin: Instant, end: Instant, cursor: str, limit: int) -> Call[MatchPage]:
    """The call that reads one page of the account's matches."""
    path = paths.matched_bets_path(begin, end, cursor, limit)
    return Call("matched_bets", Purpose.READ, "GET", path, None, match_page)
