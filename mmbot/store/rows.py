"""Converts the engine's entries to rows of the journal and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.engine.orders import LostDay, SaveDay, SavedMatches, SaveSettlement, SaveWager

_OVER: Final = frozenset({"settled", "closed", "manual", "void", "wiped", "rejected", "absent", "invalid"})

_NO_SIDE: Final = -1
"""The value in the column ``side`` if the line of a wager is not known. The column ``number`` then has no meaning."""

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


def wager(row: Sequence[Any]) -> SaveWager:
    """Return the wager that a row describes.

    Raises:
        msgspec.DecodeError: if the column ``matches`` cannot be read.
    """
    external_id, wager_id, sport_event, market, number, side, line_id, odds, stake, state, matched, win, *rest = row
    result, hedge, sent_at, sequence, placed, matches, foreign, uncounted, *times = rest
    accepted_at, opened_at, cancel_sent_at, cancel_accepted_at, cancel_tries, heard_at, over_at = times
    return SaveWager(
        external_id=external_id,
        wager_id=wager_id,
        line=MarketKey(sport_event, market) if side == _NO_SIDE else LineKey(sport_event, market, number),
        side=None if side == _NO_SIDE else side,
        line_id=line_id,
        odds=odds,
        stake=stake,
        state=state,
        matched=matched,
        win=win,
        result=result,
        hedge=bool(hedge),
        sent_at=sent_at,
        sequence=sequence,
        placed=placed,
        matches=None if matches is None else _DECODE.decode(matches),
        foreign=bool(foreign),
        uncounted=bool(uncounted),
        accepted_at=accepted_at,
        opened_at=opened_at,
        cancel_sent_at=cancel_sent_at,
        cancel_accepted_at=cancel_accepted_at,
        cancel_tries=cancel_tries,
        heard_at=heard_at,
        over_at=over_at,
    )


def of_day(day: SaveDay) -> tuple[int | None, ...]:
    """Return the row of a day."""
    lost = (None, None, None) if day.lost is None else (day.lost.at, day.lost.loss, day.lost.limit)
    return (day.day, day.opening, day.latest, *lost, day.opening_realised, day.opening_commission)


def day(row: Sequence[Any]) -> SaveDay:
    """Return the day that a row describes."""
    number, opening, latest, lost_at, loss, limit, realised, commission = row
    lost = None if lost_at is None else LostDay(lost_at, loss, limit)
    return SaveDay(number, opening, latest, lost, realised, commission)


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
