"""A second dialect, as small as one can be, for an exchange that shares no name with ProphetX.

A wager is a *slip*, its odds are ``px`` and its stake is ``amt`` in cents. Errors are ``{"oops": code, "say": text}``.
A socket signs in, and hears of one sport event alone, so the feed needs a socket for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import orjson

from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND, Instant
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine.events import (
    BookMessage,
    Cancelled,
    FailedItem,
    FailureReason,
    FeedMessage,
    HistoryRead,
    Placed,
    WagerMessage,
)
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange.dialect import Call, Dialect, Undecodable
from mmbot.exchange.errors import BUSY, NO, WRONG, ErrorBody, ErrorTable, Known, Malformed, Purpose
from mmbot.exchange.grants import ChannelGrant, ConnectionConfig, Registration, Tokens, Topics
from mmbot.net.pusher import SignIn

PLACE, CANCEL, READ = Purpose.PLACE, Purpose.CANCEL, Purpose.READ


def read_error(body: bytes) -> ErrorBody:
    said = orjson.loads(body)
    return ErrorBody(said.get("oops", ""), said.get("say", ""), None)


TABLE = ErrorTable(
    {
        "E1": Known(WRONG, FailureReason.OFF_LADDER),
        "E2": Known(NO, FailureReason.NOTHING_LEFT),
        "E3": Known(NO, FailureReason.NOTHING_OPEN),
        "E4": Known(BUSY, FailureReason.TOO_MANY),
    },
    read_error,
)


class Session:
    def log_in(self, access_key: str, secret_key: str) -> Call[Tokens]:
        body = orjson.dumps({"who": access_key, "word": secret_key})
        return Call("login", READ, "POST", "/door", body, self._tokens)

    def refresh(self, refresh_token: str) -> Call[Tokens]:
        return Call("refresh", READ, "PUT", "/door", orjson.dumps({"spare": refresh_token}), self._tokens)

    @staticmethod
    def _tokens(body: bytes, _: list[str]) -> Tokens:
        read = orjson.loads(body)
        return Tokens(read["pass"], read["spare"], read["till"] * SECOND)


class Changes:
    def place_one(self, item: Placement) -> NoReturn:
        raise Malformed("not_offered", "single placements")

    def place_many(self, request: int, items: Sequence[Placement]) -> Call[Placed]:
        slips = [{"ref": each.external_id, "leg": each.line_id, "px": each.odds, "amt": each.stake} for each in items]

        def read(body: bytes, malformed: list[str]) -> Placed:
            answer = orjson.loads(body)
            failed = [
                FailedItem(ref, TABLE.failure_of(PLACE, 400, code), code, "", TABLE.reason_of(400, code))
                for ref, code in answer["left"].items()
            ]
            return Placed(request, tuple(report(slip) for slip in answer["took"]), tuple(failed))

        return Call("place_many", PLACE, "POST", "/slips", orjson.dumps(slips), read)

    def cancel_one(self, item: Cancellation) -> Call[None]:
        return Call("cancel_one", CANCEL, "DELETE", f"/slips/{item.wager_id}", b"", lambda *_: None)

    def cancel_many(self, request: int, items: Sequence[Cancellation]) -> Call[Cancelled]:
        ids = [each.external_id for each in items]
        body = orjson.dumps([each.wager_id for each in items])
        return Call("cancel_many", CANCEL, "DELETE", "/slips", body, lambda *_: Cancelled(request, tuple(ids), ()))

    def cancel_sport_event(self, sport_event: int) -> Call[None]:
        return Call("cancel_sport_event", CANCEL, "DELETE", f"/games/{sport_event}/slips", b"", lambda *_: None)

    def cancel_market(self, sport_event: int, market: int, line_id: str | None) -> NoReturn:
        raise Malformed("not_offered", "cancels of a market")

    def cancel_all(self) -> Call[None]:
        return Call("cancel_all", CANCEL, "DELETE", "/slips", b"", lambda *_: None)


class Wagers:
    def history(
        self, query: ReadHistory, now: Instant, market: int | None, sport_event: int | None
    ) -> Call[HistoryRead]:
        def read(body: bytes, malformed: list[str]) -> HistoryRead:
            page = orjson.loads(body)
            return HistoryRead(query.id, tuple(report(slip) for slip in page["slips"]), page["more"], page["seen"])

        return Call("history", READ, "GET", f"/slips?page={query.cursor or 'first'}", None, read)

    def __getattr__(self, name: str) -> Any:
        raise Malformed("not_offered", name)


class Lacking:
    """A part of which this exchange offers nothing."""

    def __getattr__(self, name: str) -> Any:
        raise Malformed("not_offered", name)


class FeedSide:
    def connection_config(self) -> Call[ConnectionConfig]:
        def read(body: bytes, _: list[str]) -> ConnectionConfig:
            said = orjson.loads(body)
            return ConnectionConfig(said["app"], ws_host=said["at"])

        return Call("connection_config", READ, "GET", "/where", None, read)

    def plan(self, wanted: Topics) -> tuple[Topics, ...]:
        return tuple(Topics(sport_events=(sport_event,)) for sport_event in wanted.sport_events)

    def register(self, socket_id: str, topics: Topics, service: str) -> Call[Registration]:
        def read(body: bytes, _: list[str]) -> Registration:
            said = orjson.loads(body)
            grants = tuple(
                ChannelGrant(room["room"], room["sig"], (), tuple(room["games"]), room["mine"])
                for room in said["rooms"]
            )
            return Registration(grants, SignIn(said["card"], said["me"]))

        body = orjson.dumps({"ear": socket_id, "games": topics.sport_events})
        return Call("register", READ, "POST", "/ears", body, read)

    def decode(self, connection: int, event_name: str, data: str | bytes) -> tuple[FeedMessage, ...]:
        said = orjson.loads(data)
        match event_name:
            case "b":
                sides = [tuple(Level(px, amt) for px, amt in side) for side in said["sides"]]
                key = LineKey(said["game"], said["mkt"], said["num"])
                return (BookMessage(connection, key, said["no"], Book((sides[0], sides[1]))),)
            case "s":
                return (WagerMessage(connection, report(said)),)
            case _:
                raise Undecodable("topic", f"unknown event {event_name!r}")


def report(slip: dict[str, Any]) -> WagerReport:
    return WagerReport(
        wager_id=slip["slip"],
        external_id=slip["ref"],
        sport_event_id=slip["game"],
        market_id=slip["mkt"],
        line_id=slip["leg"],
        odds=slip["px"],
        stake=slip["amt"],
        status={"new": Status.INACTIVE, "up": Status.OPEN, "gone": Status.CANCELED}[slip["is"]],
        matching=Matching.UNMATCHED,
        winning=Winning.TBD,
        matched=0,
    )


TINY = Dialect("tiny", TABLE, Session(), Changes(), Wagers(), Lacking(), Lacking(), FeedSide())  # type: ignore[arg-type]
