"""Converts the engine's entries to rows of the journal and back."""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from mmbot.domain.bounds import LARGEST_AMOUNT, LARGEST_ID, LATEST, LONGEST_ODDS
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import Instant
from mmbot.domain.odds import is_odds
from mmbot.domain.wager import Winning
from mmbot.domain.wager_states import State
from mmbot.engine.orders import LostDay, SaveDay, SavedMatches, SaveSettlement, SaveWager

_OVER: Final = frozenset({"settled", "closed", "manual", "void", "wiped", "rejected", "absent", "invalid"})

# A dict finds a word several times as fast as the class does.
_STATES: Final = {state.value: state.value for state in State}
_RESULTS: Final = {result.value: result.value for result in Winning}
"""The words for the result of a wager in the journal."""

_NO_SIDE: Final = -1
"""The value in the column ``side`` if the line of a wager is not known. The column ``number`` then has no meaning."""

LARGEST_WIN: Final = 2**58
"""The largest profit or loss in the journal, in cents. It is more than twice what the largest stake
(``LARGEST_AMOUNT``) can win."""

_Number = Annotated[int, Meta(ge=-LARGEST_ID, le=LARGEST_ID)]
_Amount = Annotated[int, Meta(ge=0, le=LARGEST_AMOUNT)]
_Win = Annotated[int, Meta(ge=-LARGEST_WIN, le=LARGEST_WIN)]
_At = Annotated[int, Meta(ge=0, le=LATEST)]

_ENCODE: Final = msgspec.json.Encoder()
_DECODE: Final = msgspec.json.Decoder(SavedMatches)


def of_wager(wager: SaveWager) -> tuple[str | int | None, ...]:
    """Return the row of a wager, in the order of ``schema.WAGER_COLUMNS``."""
    return (
        wager.external_id,
        wager.wager_id,
        *_place(wager),
        wager.line_id,
        wager.odds,
        wager.stake,
        wager.state,
        wager.matched,
        wager.win,
        wager.result,
        int(wager.hedge),
        wager.sent_at,
        wager.sequence,
        wager.placed,
        None if wager.matches is None else _ENCODE.encode(wager.matches).decode(),
        int(wager.foreign),
        int(wager.uncounted),
        wager.accepted_at,
        wager.opened_at,
        wager.cancel_sent_at,
        wager.cancel_accepted_at,
        wager.cancel_tries,
        wager.heard_at,
        wager.over_at,
        int(_is_over(wager)),
    )


class _WagerRow(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """A row of the table of wagers. SQLite keeps any value in any column, so each value is checked when it is read."""

    external_id: str
    wager_id: str | None
    sport_event: _Number
    market: _Number
    number: _Number
    side: Annotated[int, Meta(ge=_NO_SIDE, le=1)]
    line_id: str
    odds: Annotated[int, Meta(ge=-LONGEST_ODDS, le=LONGEST_ODDS)]
    stake: _Amount
    state: str
    matched: _Amount
    win: _Win
    result: str
    hedge: int
    sent_at: _At
    sequence: _Number
    placed: _Amount | None
    matches: str | None
    foreign: int
    uncounted: int
    accepted_at: _At | None
    opened_at: _At | None
    cancel_sent_at: _At | None
    cancel_accepted_at: _At | None
    cancel_tries: Annotated[int, Meta(ge=0, le=LARGEST_ID)]
    heard_at: _At
    over_at: _At | None


def wager(row: Sequence[Any]) -> SaveWager:
    """Return the wager that a row describes.

    Raises:
        ValueError, RecursionError: if a value of the row has the wrong kind or is beyond its bound, or if the column
            ``matches`` cannot be read.
    """
    read = msgspec.convert(row, _WagerRow)
    state, result = _STATES.get(read.state), _RESULTS.get(read.result)
    if state is None or result is None:
        raise ValueError(f"{read.state!r}, {read.result!r}: no state, or no result, of a wager")
    if not is_odds(read.odds):
        raise ValueError(f"{read.odds} is no American price")
    side = None if read.side == _NO_SIDE else read.side
    market = MarketKey(read.sport_event, read.market)
    return SaveWager(
        external_id=read.external_id,
        wager_id=read.wager_id,
        line=market if side is None else LineKey(*market, read.number),
        side=side,
        line_id=intern(read.line_id),  # kept once for the many wagers that share it
        odds=read.odds,
        stake=read.stake,
        state=state,
        matched=read.matched,
        win=read.win,
        result=result,
        hedge=bool(read.hedge),
        sent_at=read.sent_at,
        sequence=read.sequence,
        placed=read.placed,
        matches=None if read.matches is None else _matches(read.matches),
        foreign=bool(read.foreign),
        uncounted=bool(read.uncounted),
        accepted_at=read.accepted_at,
        opened_at=read.opened_at,
        cancel_sent_at=read.cancel_sent_at,
        cancel_accepted_at=read.cancel_accepted_at,
        cancel_tries=read.cancel_tries,
        heard_at=read.heard_at,
        over_at=read.over_at,
    )


def _matches(text: str) -> SavedMatches:
    """Read the matches of a wager. Raises ValueError if two matches overlap, or if the matches are larger than the
    total matched stake."""
    read = _DECODE.decode(text)
    if not 0 <= read.detailed <= LARGEST_AMOUNT or not 0 <= read.total <= LARGEST_AMOUNT:
        raise ValueError("the total of the matches is no amount of money")
    end = 0
    for start, following, win, most in read.pieces:
        if not end <= start <= following <= read.total or not -LARGEST_WIN <= win <= most <= LARGEST_WIN:
            raise ValueError("the matches overlap, or are larger than their total")
        end = following
    return read


def of_day(day: SaveDay) -> tuple[int | None, ...]:
    """Return the row of a day."""
    lost = (None, None, None) if day.lost is None else (day.lost.at, day.lost.loss, day.lost.limit)
    return (day.day, day.opening, day.latest, *lost, day.opening_realised, day.opening_commission)


_DAY: Final = tuple[_Number, _Win, _Win, _At | None, _Win | None, _Win | None, _Win | None, _Win | None]
_SETTLEMENT: Final = tuple[_Number, _Number, _Win, _Win, _At]


def day(row: Sequence[Any]) -> SaveDay:
    """Return the day that a row describes. Raises ValueError if a value of the row has the wrong kind."""
    number, opening, latest, lost_at, loss, limit, realised, commission = msgspec.convert(row, _DAY)
    lost = None if lost_at is None or loss is None or limit is None else LostDay(lost_at, loss, limit)
    return SaveDay(number, opening, latest, lost, realised, commission)


def settlement(row: Sequence[Any]) -> SaveSettlement:
    """Return the settlement that a row describes. Raises ValueError if a value of the row has the wrong kind."""
    return SaveSettlement(*msgspec.convert(row, _SETTLEMENT))


def instant(row: Sequence[Any]) -> Instant:
    """Return the instant in a row. Raises ValueError if the value is not an instant."""
    return msgspec.convert(row, tuple[_At])[0]


def of_settlement(settlement: SaveSettlement) -> tuple[int, ...]:
    """Return the row of a settlement."""
    return (
        settlement.sport_event,
        settlement.market,
        settlement.gross,
        settlement.commission,
        settlement.at,
    )


def _place(wager: SaveWager) -> tuple[int, int, int, int]:
    """Return the columns sport_event, market, number and side of a wager. None of these columns may be NULL."""
    if isinstance(wager.line, LineKey) and wager.side is not None:
        return (*wager.line, wager.side)
    return wager.line.sport_event, wager.line.market, 0, _NO_SIDE


def _is_over(wager: SaveWager) -> bool:
    state = wager.state.lower()
    return state in _OVER or (state == "canceled" and not wager.matched)
