"""Wagers and their matches in the legacy dialect (version of the exchange's API). This module has the calls that read
wagers and matches, and reads the answers.

If a wager cannot be read as a whole, the reason is added to the list ``malformed``. The wager becomes an
``UnreadWager`` with the parts that can be read. The other wagers are read as usual. An answer that cannot be read at
all raises ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, MoneyError, cents
from mmbot.domain.wager import MatchDetail, Matching, Status, UnreadWager, WagerReport, Winning
from mmbot.engine.events import HistoryRead
from mmbot.engine.requests import Placement, ReadHistory
from mmbot.exchange.dialect import Call, MalformedItems, MatchPage
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.unread_wagers import STATUSES, unread_wager
from mmbot.exchange.legacy.wire import (
    Envelope,
    Id,
    Part,
    Text,
    american,
    amount,
    moment,
    part,
    text_of,
    unwrap,
    whole,
    why,
    word,
)

_WINNING: Final = {"": Winning.TBD, "profit": Winning.WON, "loss": Winning.LOST}
_NEVER_MATCHED: Final = frozenset({Status.INACTIVE, Status.INVALID, Status.CANCELED})


class Wager(msgspec.Struct, gc=False):
    id: Id = None
    wager_id: Id = None
    external_id: Id = None
    sport_event_id: Id = None
    event_id: Id = None
    market_id: Id = None
    line_id: Id = None
    odds: Id = None
    stake: Id = None
    matched_stake: Id = None
    totally_matched_stake: Id = None
    unmatched_stake: Id = None
    status: Text | None = None
    matching_status: Text | None = None
    winning_status: Text | None = None
    created_at: Id = None
    profit: Any = None


def report_of(wager: Wager, sent: Placement | None = None) -> WagerReport:
    """Read one wager. If the wager is the answer to a placement, ``sent`` is this placement. Fields that are missing in
    the answer are then taken from the placement.

    Raises:
        ValueError: if the status is unknown or an id is missing. Also if money is not in whole cents or odds are not a
            valid price.
    """
    wager_id = text_of(wager.wager_id) or text_of(wager.id)
    if not wager_id:
        raise ValueError("a wager without an id")
    stake = sent.stake if wager.stake is None and sent else _amount(wager.stake, "stake")
    status = Status.INACTIVE if wager.status is None and sent else _status(wager.status)
    matched = _matched(wager, stake, status)
    won = word(wager.winning_status)
    matching = word(wager.matching_status)
    sport_event = wager.sport_event_id if wager.sport_event_id is not None else wager.event_id
    return WagerReport(
        wager_id=wager_id,
        external_id=text_of(wager.external_id) or (sent.external_id if sent else ""),
        sport_event_id=0 if sport_event is None else whole(sport_event, "sport_event_id"),
        market_id=0 if wager.market_id is None else whole(wager.market_id, "market_id"),
        line_id=text_of(wager.line_id) or (sent.line_id if sent else ""),
        odds=sent.odds if wager.odds is None and sent else american(wager.odds),
        stake=stake,
        status=status,
        matching=Matching(matching) if matching else _matching(matched, stake),
        winning=_WINNING[won] if won in _WINNING else Winning(won),
        matched=matched,
        created_at=moment(wager.created_at),
        profit=_profit(wager.profit),
    )


def _profit(value: Any) -> Cents | None:
    """Return the amount in a field ``profit``, in cents. None if the field is missing or not an amount of money.
    Nothing else depends on this field, so the wager or match is used even if its profit is unreadable."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return cents(value)
    except MoneyError:
        return None


def _status(status: str | None) -> Status:
    return STATUSES.get(word(status)) or Status(status)


def _amount(value: Id, what: str) -> Cents:
    if value is None:
        raise ValueError(f"a wager without its {what}")
    found = cents(amount(value))
    if found < 0:
        raise ValueError(f"{what} is negative: {value!r}")
    return found


def _matched(wager: Wager, stake: Cents, status: Status) -> Cents:
    """Return the total matched stake of a wager. In a REST answer, ``matched_stake`` is this total. In a feed message,
    ``matched_stake`` is the stake of one match."""
    total = wager.matched_stake if wager.totally_matched_stake is None else wager.totally_matched_stake
    if total is not None:
        return _amount(total, "matched_stake")
    if wager.matching_status == Matching.UNMATCHED.value or (not wager.matching_status and status in _NEVER_MATCHED):
        return 0
    if wager.matching_status == Matching.FULLY_MATCHED.value:
        return stake
    unmatched = _amount(wager.unmatched_stake, "matched_stake")
    if unmatched > stake:
        raise ValueError(f"unmatched_stake {wager.unmatched_stake!r} is above the stake {wager.stake!r}")
    return stake - unmatched


def _matching(matched: Cents, stake: Cents) -> Matching:
    """Return the matching status (unmatched, partially matched or fully matched) that follows from the matched
    stake."""
    if matched == 0:
        return Matching.UNMATCHED
    return Matching.FULLY_MATCHED if matched >= stake else Matching.PARTIALLY_MATCHED


# --- calls ----------------------------------------------------------------------------------------------------------


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


# --- answers --------------------------------------------------------------------------------------------------------


def wager_of(body: bytes) -> WagerReport | UnreadWager:
    """Read one wager from an answer. The wager is the value of ``data`` or its member ``wager``."""
    data = unwrap(body)
    inner = part(msgspec.json.decode(data, type=_OneWager).wager)
    return read_wager(data if inner is None else inner)


def read_wager(raw: msgspec.Raw) -> WagerReport | UnreadWager:
    """Read one wager. If the wager cannot be read as a whole, return its readable parts."""
    try:
        return report_of(msgspec.json.decode(raw, type=Wager))
    except (ValueError, RecursionError) as bad:
        return unread_wager(raw, why(bad))


class _OneWager(msgspec.Struct):
    wager: Part = msgspec.UNSET


class _Page(msgspec.Struct):
    wagers: list[msgspec.Raw] | None = None
    matched_bets: list[msgspec.Raw] | None = None
    matching_details: list[msgspec.Raw] | None = None
    next_cursor: Id = None
    last_synced_at: Id = None


def history_page(request: int, body: bytes, malformed: MalformedItems) -> HistoryRead:
    """Read one page of the account's wager history from an answer."""
    envelope = msgspec.json.decode(body, type=Envelope)
    page = msgspec.json.decode(unwrap(body), type=_Page)
    reports: list[WagerReport] = []
    unread: list[UnreadWager] = []
    for place, raw in enumerate(page.wagers or ()):
        found = read_wager(raw)
        if isinstance(found, WagerReport):
            reports.append(found)
        else:
            unread.append(found)
            malformed.append(f"wager {place} ({found.external_id or found.wager_id!r}): {found.why}")
    synced = moment(envelope.last_synced_at) or moment(page.last_synced_at)
    return HistoryRead(request, tuple(reports), text_of(page.next_cursor), synced, unread=tuple(unread))


class _Match(msgspec.Struct):
    wager_id: Id = None
    odds: Id = None
    stake: Id = None
    matched_odds: Id = None
    matched_stake: Id = None
    profit: Any = None


def match_page(body: bytes, malformed: MalformedItems) -> MatchPage:
    """Read one page of matches from an answer. The list of matches is the value of ``data`` or a member of it."""
    data = unwrap(body)
    if bytes(data)[:1] == b"[":
        page = _Page(matching_details=msgspec.json.decode(data, type=list[msgspec.Raw]))
    else:
        page = msgspec.json.decode(data, type=_Page)
    items = page.matching_details if page.matching_details is not None else page.matched_bets
    matches: list[MatchDetail] = []
    broken: list[str] = []
    for place, item in enumerate(items or ()):
        match = msgspec.json.decode(item, type=_Match)
        wager_id = text_of(match.wager_id)
        if not wager_id:
            raise ValueError(f"match {place} names no wager")
        try:
            stake = _amount(match.stake if match.matched_stake is None else match.matched_stake, "matched_stake")
            odds = american(match.odds if match.matched_odds is None else match.matched_odds)
        except ValueError as bad:
            malformed.append(f"match {place} of wager {wager_id!r}: {why(bad)}")
            broken.append(wager_id)
        else:
            matches.append(MatchDetail(wager_id, stake, odds, _profit(match.profit)))
    return MatchPage(tuple(matches), frozenset(broken), text_of(page.next_cursor))
