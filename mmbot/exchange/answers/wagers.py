"""Reads wagers and their matches. Each dialect (version of the exchange's API) has its own field names.

If a wager cannot be read as a whole, the reason is added to the list ``malformed``. The wager becomes an
``UnreadWager`` with the parts that can be read. The other wagers are read as usual. An answer that cannot be read at
all raises ValueError.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mmbot.domain.money import Cents, MoneyError, cents
from mmbot.domain.wager import MatchDetail, Matching, Status, UnreadWager, WagerReport, Winning
from mmbot.engine.events import HistoryRead
from mmbot.engine.requests import Placement
from mmbot.exchange.answers.unread_wagers import STATUSES, unread_wager
from mmbot.exchange.answers.values import (
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
from mmbot.exchange.answers.words import Words, check_words, decode
from mmbot.exchange.dialect import MalformedItems, MatchPage

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
        ValueError: if the status is unknown or an id is missing. The error is also raised if money is not in whole
            cents or odds are not a valid price.
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


class OneWager(msgspec.Struct):
    wager: Part = msgspec.UNSET


class Page(msgspec.Struct):
    wagers: list[msgspec.Raw] | None = None
    matched_bets: list[msgspec.Raw] | None = None
    matching_details: list[msgspec.Raw] | None = None
    next_cursor: Id = None
    last_synced_at: Id = None


class Match(msgspec.Struct):
    wager_id: Id = None
    odds: Id = None
    stake: Id = None
    matched_odds: Id = None
    matched_stake: Id = None
    profit: Any = None


class WagerReader:
    """Reads wagers, pages of the wager history and pages of matches.

    Args:
        wager: the type of a wager. The fields may have other names in the exchange's JSON.
        one_wager: the type of the object that holds a single wager.
        page: the type of a page of wagers or matches.
        match: the type of a match.
        foreign: the field names that only other dialects (versions of the exchange's API) use.
    """

    def __init__(
        self,
        foreign: Words,
        wager: type[Wager] = Wager,
        one_wager: type[OneWager] = OneWager,
        page: type[Page] = Page,
        match: type[Match] = Match,
    ) -> None:
        self.foreign: Final = foreign
        self._wager: Final = msgspec.json.Decoder(wager).decode
        self._one_wager: Final = one_wager
        self._page: Final = page
        self._match: Final = msgspec.json.Decoder(match).decode
        self._names: Final = {
            field.name: field.encode_name for field in msgspec.structs.fields(wager) if field.name != field.encode_name
        }

    def wager_of(self, body: bytes) -> WagerReport | UnreadWager:
        """Read one wager from an answer. The wager is the value of ``data`` or its member ``wager``."""
        data = unwrap(body)
        inner = part(decode(data, self._one_wager, self.foreign).wager)
        found = self.read_wager(data if inner is None else inner)
        if isinstance(found, UnreadWager) and not found.wager_id:
            check_words(data, self.foreign)
        return found

    def read_wager(self, raw: msgspec.Raw) -> WagerReport | UnreadWager:
        """Read one wager. If the wager cannot be read as a whole, return its readable parts."""
        try:
            return self.report_of(raw)
        except (ValueError, RecursionError) as bad:
            return self.unread(raw, why(bad))

    def report_of(self, raw: msgspec.Raw, sent: Placement | None = None) -> WagerReport:
        """Read one wager. If the wager is the answer to a placement, ``sent`` is this placement. Raises ValueError if
        the wager cannot be read as a whole."""
        wager = self._wager(raw)
        self.check(wager, raw)
        return report_of(wager, sent)

    def check(self, wager: Wager, raw: msgspec.Raw | bytes) -> None:
        """Check that a wager has no field with the name that another dialect uses. Raises ValueError if it has one."""
        told = wager.matched_stake if wager.totally_matched_stake is None else wager.totally_matched_stake
        if None in (wager.odds, wager.stake, wager.line_id, told):
            check_words(raw, self.foreign)

    def unread(self, raw: msgspec.Raw | bytes, reason: str, total: bool = True) -> UnreadWager:
        """Read the readable parts of a wager. ``total`` is True if ``matched_stake`` is the sum of all matches, and
        False if it is the stake of one match."""
        return unread_wager(raw, reason, total, names=self._names)

    def history_page(self, request: int, body: bytes, malformed: MalformedItems) -> HistoryRead:
        """Read one page of the account's wager history from an answer."""
        envelope = msgspec.json.decode(body, type=Envelope)
        data = unwrap(body)
        page = decode(data, self._page, self.foreign)
        if page.wagers is None:
            check_words(data, self.foreign)
        reports: list[WagerReport] = []
        unread: list[UnreadWager] = []
        for place, raw in enumerate(page.wagers or ()):
            found = self.read_wager(raw)
            if isinstance(found, WagerReport):
                reports.append(found)
            else:
                unread.append(found)
                malformed.append(f"wager {place} ({found.external_id or found.wager_id!r}): {found.why}")
        synced = moment(envelope.last_synced_at) or moment(page.last_synced_at)
        return HistoryRead(request, tuple(reports), text_of(page.next_cursor), synced, unread=tuple(unread))

    def match_page(self, body: bytes, malformed: MalformedItems) -> MatchPage:
        """Read one page of matches from an answer. The list of matches is the value of ``data`` or a member of it."""
        data = unwrap(body)
        if bytes(data)[:1] == b"[":
            page = Page(matching_details=msgspec.json.decode(data, type=list[msgspec.Raw]))
        else:
            page = decode(data, self._page, self.foreign)
        items = page.matching_details if page.matching_details is not None else page.matched_bets
        if items is None:
            check_words(data, self.foreign)
        matches: list[MatchDetail] = []
        broken: list[str] = []
        for place, item in enumerate(items or ()):
            match = self._match(item)
            wager_id = text_of(match.wager_id)
            if not wager_id:
                check_words(item, self.foreign)
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
