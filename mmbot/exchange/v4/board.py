"""The board in the v4 dialect (version of the exchange's API). It has no players and no search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec

from mmbot.domain.money import Cents
from mmbot.exchange import calls
from mmbot.exchange.answers.markets import MarketReader
from mmbot.exchange.answers.values import Id, Text, each, unwrap_or_none, whole, why
from mmbot.exchange.answers.words import check_words
from mmbot.exchange.batches import WRONG_SIZE
from mmbot.exchange.calls import get
from mmbot.exchange.dialect import Call, LinePlace, MalformedItems
from mmbot.exchange.errors import Malformed, not_offered
from mmbot.exchange.v4 import paths
from mmbot.exchange.v4.words import FOREIGN, Strike, StrikeMarket

READER: Final = MarketReader(FOREIGN, StrikeMarket, Strike)


class _Place(msgspec.Struct):
    strike_id: Text | None = None
    event_id: Id = None
    sport_event_id: Id = None
    market_id: Id = None
    type: Text | None = None
    sub_type: Text | None = None


class _Places(msgspec.Struct):
    strikes: list[msgspec.Raw] | None = None


def read_lines(body: bytes, malformed: MalformedItems) -> tuple[LinePlace, ...]:
    """Read the markets of some outcomes. The list is the value of ``data`` or its member ``strikes``."""
    data = unwrap_or_none(body)
    if data is None:
        return ()
    if bytes(data)[:1] == b"[":
        items: list[msgspec.Raw] | None = msgspec.json.decode(data, type=list[msgspec.Raw])
    else:
        items = msgspec.json.decode(data, type=_Places).strikes
    found = []
    for place, item in each(items or (), _Place, malformed, "strike"):
        try:
            if not item.strike_id:
                check_words((items or ())[place], FOREIGN)
                raise ValueError("no strike_id")
            sport_event = item.sport_event_id if item.event_id is None else item.event_id
            found.append(
                LinePlace(
                    item.strike_id,
                    whole(sport_event, "event_id"),
                    whole(item.market_id, "market_id"),
                    item.type or "",
                    item.sub_type or "",
                )
            )
        except ValueError as bad:
            malformed.append(f"strike {place}: {why(bad)}")
    return tuple(found)


class Board(calls.Board):
    """The calls that read the board. Only this dialect finds lines by their ids."""

    def lines(self, line_ids: Sequence[str]) -> Call[tuple[LinePlace, ...]]:
        """The call that finds the markets to which up to 20 outcomes belong. Raises Malformed if there is no outcome,
        or if there are more than 20."""
        if not 0 < len(line_ids) <= paths.LINES_A_READ:
            raise Malformed(WRONG_SIZE, f"{len(line_ids)} outcomes in one read")
        return get("lines", paths.lines_path(line_ids), read_lines)

    def search(self, tournament: int, sport_events: Sequence[int], types: Sequence[str], least: Cents) -> NoReturn:
        """Raise Malformed, because this dialect has no search."""
        raise not_offered("a search of markets")

    def players(self, tournament: int) -> NoReturn:
        """Raise Malformed, because this dialect cannot read players."""
        raise not_offered("players")

    def player(self, player: int, tournament: int) -> NoReturn:
        """Raise Malformed, because this dialect cannot read players."""
        raise not_offered("players")


CALLS: Final = Board(paths, READER)
