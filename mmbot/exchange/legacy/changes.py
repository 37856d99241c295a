"""Placements and cancels in the legacy dialect (version of the exchange's API). This module writes the requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from mmbot.domain.money import dollars
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Cancelled, Placed
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.answers.changes import ChangeReader, confirmed, succeeded
from mmbot.exchange.dialect import Call, MalformedItems
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.errors import READER as ERRORS
from mmbot.exchange.legacy.errors import TABLE
from mmbot.exchange.legacy.wagers import READER as WAGERS

READER: Final = ChangeReader(WAGERS, TABLE, ERRORS.code_of)

placed_one = READER.placed_one
placed_many = READER.placed_many
cancelled_many = READER.cancelled_many


def _placement(item: Placement) -> dict[str, object]:
    wire: dict[str, object] = {
        "external_id": item.external_id,
        "line_id": item.line_id,
        "odds": item.odds,
        "stake": dollars(item.stake),
    }
    if item.fill_or_kill:
        wire["wager_strategy"] = "fillOrKill"
    return wire


def place_one(item: Placement) -> Call[WagerReport]:
    """The call that places one wager."""
    body = orjson.dumps(_placement(item))
    return Call("place_one", Purpose.PLACE, "POST", paths.PLACE_ONE, body, lambda answer, _: placed_one(answer, item))


def place_many(request: int, items: Sequence[Placement]) -> Call[Placed]:
    """The call that places a batch of wagers."""
    body = orjson.dumps({"data": [_placement(item) for item in items]})

    def read(answer: bytes, malformed: MalformedItems) -> Placed:
        return placed_many(request, answer, items, malformed)

    return Call("place_many", Purpose.PLACE, "POST", paths.PLACE_MANY, body, read)


def _cancellation(item: Cancellation) -> dict[str, str]:
    return {"wager_id": item.wager_id, "external_id": item.external_id}


def cancel_one(item: Cancellation) -> Call[None]:
    """The call that cancels one wager."""
    body = orjson.dumps(_cancellation(item))
    return Call("cancel_one", Purpose.CANCEL, "POST", paths.CANCEL_ONE, body, lambda answer, _: confirmed(answer))


def cancel_many(request: int, items: Sequence[Cancellation]) -> Call[Cancelled]:
    """The call that cancels a batch of wagers."""
    body = orjson.dumps({"data": [_cancellation(item) for item in items]})

    def read(answer: bytes, malformed: MalformedItems) -> Cancelled:
        return cancelled_many(request, answer, items, malformed)

    return Call("cancel_many", Purpose.CANCEL, "POST", paths.CANCEL_MANY, body, read)


def cancel_sport_event(sport_event: int) -> Call[None]:
    """The call that cancels every open wager of a sport event."""
    return _cancel("cancel_sport_event", paths.CANCEL_SPORT_EVENT, orjson.dumps({"event_id": sport_event}))


def cancel_market(sport_event: int, market: int, line_id: str | None) -> Call[None]:
    """The call that cancels every open wager of a market. If ``line_id`` is given, only the wagers on this outcome are
    cancelled."""
    wire: dict[str, object] = {"event_id": sport_event, "market_id": market}
    if line_id is not None:
        wire["line_id"] = line_id
    return _cancel("cancel_market", paths.CANCEL_MARKET, orjson.dumps(wire))


def cancel_all() -> Call[None]:
    """The call that cancels every open wager of the account."""
    return _cancel("cancel_all", paths.CANCEL_ALL, b"{}")


def _cancel(name: str, path: str, body: bytes) -> Call[None]:
    return Call(name, Purpose.CANCEL, "POST", path, body, lambda answer, _: succeeded(answer))
