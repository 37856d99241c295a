"""Placements and cancels in the legacy dialect (version of the exchange's API). This module writes the requests and
reads the answers.

The result has a list of accepted items and a list of failed items. If an answer does not name an item, the item is in
neither list, and its outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from mmbot.domain.money import dollars
from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Cancelled, FailedItem, Placed
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.dialect import Call, MalformedItems
from mmbot.exchange.errors import Purpose
from mmbot.exchange.legacy import paths
from mmbot.exchange.legacy.errors import TABLE, code_of
from mmbot.exchange.legacy.wagers import Wager, report_of
from mmbot.exchange.legacy.wire import Id, each, text_of, unwrap, why


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


class _PlacedOne(msgspec.Struct):
    wager: Wager
    success: bool | None = None
    capital: bool | None = msgspec.field(name="Success", default=None)


def placed_one(body: bytes, sent: Placement) -> WagerReport:
    """Read the answer to the placement of one wager."""
    answer = msgspec.json.decode(unwrap(body), type=_PlacedOne)
    if answer.success is False or answer.capital is False:
        raise ValueError("accepted, and yet no success")
    return _of_placement(answer.wager, sent)


def _of_placement(wager: Wager, sent: Placement) -> WagerReport:
    report = report_of(wager, sent)
    if (report.external_id, report.line_id, report.odds) != (sent.external_id, sent.line_id, sent.odds):
        raise ValueError(f"the answer is about another wager than {sent.external_id!r}")
    return report


class _FailedRequest(msgspec.Struct):
    external_id: str | None = None
    wager_id: Id = None
    id: Id = None

    def name(self) -> str:
        """Return the ``external_id`` of the wager. If the wager has none, return the exchange's own id."""
        return self.external_id or text_of(self.wager_id) or text_of(self.id)


class _Item(msgspec.Struct):
    """One item in the answer to a batch of placements or of cancels."""

    index: int | None = None
    request: _FailedRequest | None = None
    wager: _FailedRequest | None = None
    external_id: str | None = None
    wager_id: Id = None
    id: Id = None
    success: bool | None = None
    capital: bool | None = msgspec.field(name="Success", default=None)
    error: Any = None
    error_code: Any = None
    message: str | None = None
    status: Any = msgspec.field(name="statusCode", default=None)

    def failed_item(self, external_id: str, purpose: Purpose) -> FailedItem:
        """Return this item as the rejection of a placement or cancel."""
        error, number, message = self.error, self.error_code, self.message or ""
        if isinstance(error, dict):
            number = error.get("error_code", number)
            message = text_of(error.get("message")) or message
            error = error.get("error")
        status = self.status if isinstance(self.status, int) else 0
        code = code_of(error, number, message) or ("data_not_found" if status == 404 else "")
        # The exchange lists the item as failed. So nothing was done, unless the item's status or code say otherwise.
        failure = TABLE.failure_of(purpose, status or 403, code)
        name = code or (f"http_{status}" if status else "rejected")
        return FailedItem(external_id, failure, name, message[:300], TABLE.reason_of(status, code))


class _PlacedMany(msgspec.Struct):
    succeed_wagers: list[msgspec.Raw] | None = None
    failed_wagers: list[msgspec.Raw] | None = None


def placed_many(request: int, body: bytes, sent: Sequence[Placement], malformed: MalformedItems) -> Placed:
    """Read the answer to a batch of placements. The answer has a list of accepted placements and a list of rejected
    placements. A placement is left out of the result if it is in neither list or in both. It is also left out if it
    cannot be read. Its outcome is then unknown (docs/protocol.md 15)."""
    answer = msgspec.json.decode(unwrap(body), type=_PlacedMany)
    if answer.succeed_wagers is None and answer.failed_wagers is None:
        raise ValueError("a batch answer with neither list")
    by_id = {item.external_id: item for item in sent}
    accepted: dict[str, WagerReport] = {}
    failures: dict[str, FailedItem] = {}
    for place, wager in each(answer.succeed_wagers or (), Wager, malformed):
        item = by_id.get(text_of(wager.external_id))
        try:
            if item is None:
                raise ValueError(f"{wager.external_id!r} was not in the request")
            accepted[item.external_id] = _of_placement(wager, item)
        except ValueError as bad:
            malformed.append(f"placed wager {place}: {why(bad)}")
    for place, failed in each(answer.failed_wagers or (), _Item, malformed):
        name = (failed.request and failed.request.external_id) or failed.external_id
        if name is None and failed.index is not None and 0 <= failed.index < len(sent):
            name = sent[failed.index].external_id
        if name is None or name not in by_id:
            malformed.append(f"failed wager {place}: {name!r} was not in the request")
            continue
        failures[name] = failed.failed_item(name, Purpose.PLACE)
    for name in [name for name in accepted if name in failures]:
        malformed.append(f"wager {name!r} is in both lists")
        del accepted[name], failures[name]
    return Placed(request, tuple(accepted.values()), tuple(failures.values()))


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


class _Success(msgspec.Struct):
    success: bool | None = None
    capital: bool | None = msgspec.field(name="Success", default=None)


def confirmed(body: bytes) -> None:
    """Check the answer to a cancel of one wager. After an error, the outcome is unknown, and the wager is read by its
    id.

    Raises:
        ValueError: if the answer has no ``data``, or denies success.
    """
    answer = msgspec.json.decode(unwrap(body), type=_Success)
    if answer.success is False or answer.capital is False:
        raise ValueError("answered 200, and yet no success")


def succeeded(body: bytes) -> None:
    """Check the answer to a cancel that lists no wagers. The answer may have any form or be empty. Its content is not
    needed, because the account's wager history shows which wagers are open.

    Raises:
        ValueError: if the answer denies success, or is not JSON. An answer that is not JSON may come from a gateway.
    """
    if not body.strip():
        return
    said = msgspec.json.decode(body)
    for part in (said, said.get("data") if isinstance(said, dict) else None):
        if part is False or (isinstance(part, dict) and False in (part.get("success"), part.get("Success"))):
            raise ValueError("answered 200, and yet no success")


class _CancelledMany(msgspec.Struct):
    succeed_wagers: list[msgspec.Raw] | None = None
    failed_wagers: list[msgspec.Raw] | None = None


def cancelled_many(request: int, body: bytes, sent: Sequence[Cancellation], malformed: MalformedItems) -> Cancelled:
    """Read the answer to a batch of cancels. The answer is a list of results, or an object with two lists
    (docs/protocol.md 6, 14). A wager that the answer does not name is left out of the result. Its outcome is then
    unknown."""
    data = unwrap(body)
    if bytes(data)[:1] == b"[":
        results = [
            (item, None) for _, item in each(msgspec.json.decode(data, type=list[msgspec.Raw]), _Item, malformed)
        ]
        in_order = not malformed and len(results) == len(sent)
        judged: list[tuple[_Item, bool | None]] = [*results]
    else:
        lists = msgspec.json.decode(data, type=_CancelledMany)
        judged = [(item, True) for _, item in each(lists.succeed_wagers or (), _Item, malformed)]
        judged += [(item, False) for _, item in each(lists.failed_wagers or (), _Item, malformed)]
        in_order = False
    accepted: dict[str, None] = {}
    failures: dict[str, FailedItem] = {}
    known = {item.wager_id: item.key for item in sent} | {item.key: item.key for item in sent}
    for place, (item, listed) in enumerate(judged):
        about = item.wager or item.request
        named = about.name() if about is not None else ""
        named = named or item.external_id or text_of(item.wager_id) or text_of(item.id)
        if not named and in_order:
            named = sent[place].key
        name = known.get(named)
        if name is None:
            malformed.append(f"cancel {place}: {named!r} was not in the request")
            continue
        done = item.success if item.success is not None else item.capital
        if listed is not None and done is None:
            done = listed
        elif done is None and item.error is not None:
            done = False
        if done:
            accepted[name] = None
        elif done is False:
            failures[name] = item.failed_item(name, Purpose.CANCEL)
    for name in [name for name in accepted if name in failures]:
        malformed.append(f"cancel of {name!r} is in both lists")
        del accepted[name], failures[name]
    return Cancelled(request, tuple(accepted), tuple(failures.values()))
