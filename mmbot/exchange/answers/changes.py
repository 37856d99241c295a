"""Reads the answers to placements and cancels. Each dialect (version of the exchange's API) has its own field names and
error codes.

The result has a list of accepted items and a list of failed items. An item that the answer does not name is in neither
list. Nobody knows then whether the exchange carried it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from mmbot.domain.wager import WagerReport
from mmbot.engine.events import Cancelled, FailedItem, Placed
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.answers.values import Id, each, text_of, unwrap, why
from mmbot.exchange.answers.wagers import WagerReader
from mmbot.exchange.answers.words import check_words, decode
from mmbot.exchange.dialect import MalformedItems
from mmbot.exchange.errors import ErrorTable, Purpose

CodeOf = Callable[[object, object, str], str]
"""The type of a function that decides which error of the error table an item has. It gets the error code, the error
number and the text from the answer."""


class PlacedOne(msgspec.Struct):
    wager: msgspec.Raw
    success: bool | None = None
    capital: bool | None = msgspec.field(name="Success", default=None)


class FailedRequest(msgspec.Struct):
    external_id: str | None = None
    wager_id: Id = None
    id: Id = None

    def name(self) -> str:
        """Return the ``external_id`` of the wager. If the wager has none, return the exchange's own id."""
        return self.external_id or text_of(self.wager_id) or text_of(self.id)


class Item(msgspec.Struct):
    """One item in the answer to a batch of placements or of cancels."""

    index: int | None = None
    request: FailedRequest | None = None
    wager: FailedRequest | None = None
    external_id: str | None = None
    wager_id: Id = None
    id: Id = None
    success: bool | None = None
    capital: bool | None = msgspec.field(name="Success", default=None)
    error: Any = None
    error_code: Any = None
    message: str | None = None
    status: Any = msgspec.field(name="statusCode", default=None)


class Lists(msgspec.Struct):
    """The two lists in the answer to a batch of placements or of cancels."""

    succeed_wagers: list[msgspec.Raw] | None = None
    failed_wagers: list[msgspec.Raw] | None = None


class ChangeReader:
    """Reads the answers to placements and cancels.

    Args:
        wagers: reads wagers. It also knows the field names of other dialects (versions of the exchange's API).
        table: the table of error codes.
        code_of: decides which error of the table an item has.
        placed_one: the type of the answer to the placement of one wager.
        lists: the type of the two lists in the answer to a batch.
        item: the type of one item in these lists.
    """

    def __init__(
        self,
        wagers: WagerReader,
        table: ErrorTable,
        code_of: CodeOf,
        placed_one: type[PlacedOne] = PlacedOne,
        lists: type[Lists] = Lists,
        item: type[Item] = Item,
    ) -> None:
        self._wagers: Final = wagers
        self._foreign: Final = wagers.foreign
        self._table: Final = table
        self._code_of: Final = code_of
        self._placed_one: Final = placed_one
        self._lists: Final = lists
        self._item: Final = item

    def placed_one(self, body: bytes, sent: Placement) -> WagerReport:
        """Read the answer to the placement of one wager."""
        answer = decode(unwrap(body), self._placed_one, self._foreign)
        if answer.success is False or answer.capital is False:
            raise ValueError("accepted, and yet no success")
        return self._of_placement(answer.wager, sent)

    def _of_placement(self, raw: msgspec.Raw, sent: Placement) -> WagerReport:
        report = self._wagers.report_of(raw, sent)
        if (report.external_id, report.line_id, report.odds) != (sent.external_id, sent.line_id, sent.odds):
            raise ValueError(f"the answer is about another wager than {sent.external_id!r}")
        return report

    def placed_many(self, request: int, body: bytes, sent: Sequence[Placement], malformed: MalformedItems) -> Placed:
        """Read the answer to a batch of placements. The answer has a list of accepted placements and a list of rejected
        placements. A placement is left out of the result if it is in neither list or in both, if it cannot be read, or
        if it does not have a single ``wager_id`` of its own. It is not known whether the exchange placed such a wager
        (docs/protocol.md 15)."""
        data = unwrap(body)
        answer = decode(data, self._lists, self._foreign)
        if answer.succeed_wagers is None and answer.failed_wagers is None:
            check_words(data, self._foreign)
            raise ValueError("a batch answer with neither list")
        by_id = {item.external_id: item for item in sent}
        accepted: dict[str, WagerReport] = {}
        failures: dict[str, FailedItem] = {}
        ids: dict[str, dict[str, None]] = {}
        named: dict[str, dict[str, None]] = {}
        for place, raw in enumerate(answer.succeed_wagers or ()):
            try:
                external_id = text_of(msgspec.json.decode(raw, type=_Named).external_id)
                if external_id not in by_id:
                    raise ValueError(f"{external_id!r} was not in the request")
                report = self._of_placement(raw, by_id[external_id])
                accepted.setdefault(external_id, report)
                ids.setdefault(external_id, {})[report.wager_id] = None
                named.setdefault(report.wager_id, {})[external_id] = None
            except (ValueError, RecursionError) as bad:
                malformed.append(f"placed wager {place}: {why(bad)}")
        for place, failed in each(answer.failed_wagers or (), self._item, malformed):
            name = (failed.request and failed.request.external_id) or failed.external_id
            if name is None and failed.index is not None and 0 <= failed.index < len(sent):
                name = sent[failed.index].external_id
            if name is None or name not in by_id:
                malformed.append(f"failed wager {place}: {name!r} was not in the request")
                continue
            failures[name] = self._failed_item(failed, name, Purpose.PLACE)
        for name, found in ids.items():
            if len(found) > 1 or any(len(named[wager_id]) > 1 for wager_id in found):
                malformed.append(f"wager {name!r} has several ids, or the id of another wager")
                del accepted[name]
                failures.pop(name, None)
        for name in [name for name in accepted if name in failures]:
            malformed.append(f"wager {name!r} is in both lists")
            del accepted[name], failures[name]
        return Placed(request, tuple(accepted.values()), tuple(failures.values()))

    def _failed_item(self, item: Item, external_id: str, purpose: Purpose) -> FailedItem:
        """Return an item of a batch as the rejection of a placement or cancel."""
        error, number, message = item.error, item.error_code, item.message or ""
        if isinstance(error, dict):
            number = error.get("error_code", number)
            message = text_of(error.get("message")) or message
            error = error.get("error")
        status = item.status if isinstance(item.status, int) else 0
        code = self._code_of(error, number, message) or ("data_not_found" if status == 404 else "")
        # The exchange lists the item as failed. So nothing was done, unless the item's status or code say otherwise.
        failure = self._table.failure_of(purpose, status or 403, code)
        name = code or (f"http_{status}" if status else "rejected")
        return FailedItem(external_id, failure, name, message[:300], self._table.reason_of(status, code))

    def cancelled_many(
        self, request: int, body: bytes, sent: Sequence[Cancellation], malformed: MalformedItems
    ) -> Cancelled:
        """Read the answer to a batch of cancels. The answer is a list of results, or an object with two lists
        (docs/protocol.md 4.2). A wager that the answer does not name is left out of the result. It is not known
        whether the exchange cancelled such a wager."""
        judged, in_order = self._judged(unwrap(body), len(sent), malformed)
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
                failures[name] = self._failed_item(item, name, Purpose.CANCEL)
        for name in [name for name in accepted if name in failures]:
            malformed.append(f"cancel of {name!r} is in both lists")
            del accepted[name], failures[name]
        return Cancelled(request, tuple(accepted), tuple(failures.values()))

    def _judged(
        self, data: msgspec.Raw, sent: int, malformed: MalformedItems
    ) -> tuple[list[tuple[Item, bool | None]], bool]:
        """Return the items of an answer to a batch of cancels, and whether they are in the order of the request. With
        each item comes True if the answer lists it as accepted, and False if the answer lists it as failed. It is None
        if the answer has only one list."""
        if bytes(data)[:1] == b"[":
            raws = msgspec.json.decode(data, type=list[msgspec.Raw])
            listed: list[tuple[Item, bool | None]] = [(item, None) for item in self._items(raws, malformed)]
            return listed, not malformed and len(listed) == sent
        lists = decode(data, self._lists, self._foreign)
        if lists.succeed_wagers is None and lists.failed_wagers is None:
            check_words(data, self._foreign)
        judged: list[tuple[Item, bool | None]] = [
            (item, True) for item in self._items(lists.succeed_wagers or (), malformed)
        ]
        judged += [(item, False) for item in self._items(lists.failed_wagers or (), malformed)]
        return judged, False

    def _items(self, raws: Sequence[msgspec.Raw], malformed: MalformedItems) -> list[Item]:
        """Return the readable items. An item with the field names of another dialect does not count as readable."""
        items = []
        for place, item in each(raws, self._item, malformed):
            try:
                if item.wager is None and item.request is None and item.wager_id is None:
                    check_words(raws[place], self._foreign)
            except ValueError as bad:
                malformed.append(f"item {place}: {why(bad)}")
            else:
                items.append(item)
        return items


class _Named(msgspec.Struct):
    external_id: Id = None


class _Success(msgspec.Struct):
    success: bool | None = None
    capital: bool | None = msgspec.field(name="Success", default=None)


def confirmed(body: bytes) -> None:
    """Check the answer to a cancel of one wager. If this method raises an error, it is not known whether the wager was
    cancelled. The wager is then read by its id.

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
