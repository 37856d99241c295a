"""Reads the readable parts of a malformed wager. The most important question is whether the wager can still be matched.

Any part of a wager may be unreadable, such as its odds, its stake, its result or its ids. Its status may be a word that
is not documented. Each part is read separately, so that one unreadable part does not hide another part.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from math import ceil
from typing import Final, TypeVar

import msgspec

from mmbot.domain.bounds import LARGEST_AMOUNT
from mmbot.domain.money import Cents
from mmbot.domain.wager import Matching, Status, UnreadWager, Winning
from mmbot.exchange.answers.values import Id, american, amount, moment, whole, word

T = TypeVar("T")

STATUSES: Final[Mapping[str, Status]] = {each.value: each for each in Status} | {"cancelled": Status.CANCELED}
"""The statuses of a wager by their documented words in the field ``status``. A second spelling of one word is
included."""

MAY_REST: Final = (Status.OPEN, Status.INACTIVE)

OVER: Final = frozenset(
    {
        "abandoned", "closed", "completed", "declined", "deleted", "done", "draw", "ended", "error", "expired",
        "failed", "filled", "finished", "fully_matched", "graded", "half_lost", "half_won", "killed", "lapsed", "lost",
        "manually_lost", "manually_won", "no_action", "no_result", "paid", "paid_out", "push", "refunded", "refused",
        "rejected", "removed", "resolved", "resulted", "returned", "settling", "terminated", "timed_out", "voided",
        "won",
    }
)  # fmt: skip
"""The undocumented words of ``status`` that can only mean that the wager is over. Any other undocumented word may mean
that the wager is open."""

UNDECIDED: Final = frozenset({"", "tbd", "pending", "unknown", "none", "open", "not_settled", "unsettled"})
"""The words of ``winning_status`` that name no result. Any other word is a result, and only a wager that is over has a
result."""


def unread_wager(
    raw: msgspec.Raw | bytes, why: str, total: bool = True, *, names: Mapping[str, str] = types.MappingProxyType({})
) -> UnreadWager:
    """Read the readable parts of a wager.

    Args:
        raw: the JSON of the wager. It may be any JSON value.
        why: the reason why the wager cannot be read as a whole.
        names: the names of fields in the exchange's JSON, for fields that have another name in the code.
        total: True if ``matched_stake`` is the sum of all matches, as in a REST answer. False if ``matched_stake`` is
            the stake of one match, as in a feed message.
    """
    parts = _Parts(raw, names)
    status_word, winning_word = word(parts.text("status")), word(parts.text("winning_status"))
    status = STATUSES.get(status_word)
    matching = next((each for each in Matching if each.value == word(parts.text("matching_status"))), None)
    external = parts.text("external_id")
    matched = parts.cents("totally_matched_stake")
    if matched is None and total:
        matched = parts.cents("matched_stake")
    return UnreadWager(
        wager_id=(parts.text("wager_id") or parts.text("id") or "")[:_LONGEST_ID],
        external_id=(external or "")[:_LONGEST_ID],
        may_rest=_may_rest(status_word, status, matching, winning_word),
        why=why[:200],
        status=status,
        matching=matching,
        winning=next((each for each in Winning if each.value == winning_word), None),
        sport_event_id=parts.read(lambda id: whole(id, "sport event"), "sport_event_id", "event_id") or 0,
        market_id=parts.read(lambda id: whole(id, "market"), "market_id") or 0,
        line_id=(parts.text("line_id") or "")[:_LONGEST_ID],
        odds=parts.read(american, "odds"),
        stake=parts.cents("stake"),
        matched=matched,
        created_at=parts.read(moment, "created_at"),
        named=external is not None or parts.lacks("external_id"),
    )


_LONGEST_ID: Final = 200  # characters


def _may_rest(status_word: str, status: Status | None, matching: Matching | None, winning_word: str) -> bool:
    if status is Status.INACTIVE:
        return True
    if matching is Matching.FULLY_MATCHED:
        return False
    if status is not None:
        return status in MAY_REST
    return status_word not in OVER and winning_word in UNDECIDED


class _Parts:
    """The fields of a wager. Each field is read separately."""

    def __init__(self, raw: msgspec.Raw | bytes, names: Mapping[str, str]) -> None:
        self._names: Final = names
        self._fields: dict[str, msgspec.Raw] = {}
        try:
            self._fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        except (ValueError, RecursionError):
            return  # no object: nothing of it can be read

    def lacks(self, name: str) -> bool:
        """Return True if the wager is an object in which this field is missing or null."""
        return bool(self._fields) and bytes(self._fields.get(self._names.get(name, name), b"null")) == b"null"

    def read(self, reader: Callable[[Id], T], *names: str) -> T | None:
        """Return the value of the first of these fields that can be read. None if no field can be read."""
        for name in names:
            raw = self._fields.get(self._names.get(name, name))
            if raw is None:
                continue
            try:
                value = msgspec.json.decode(raw, type=Id)
                if value is not None:
                    return reader(value)
            except (ValueError, RecursionError):
                continue
        return None

    def text(self, name: str) -> str | None:
        """Return the text of a field. None if the field is missing or cannot be read."""
        return self.read(str, name)

    def cents(self, name: str) -> Cents | None:
        """Return an amount of money in cents, rounded up. None if the field is missing, negative or unreadable."""
        return self.read(_rounded_up, name)


def _rounded_up(value: Id) -> Cents:
    dollars = amount(value)
    cents = ceil(dollars * 100 - 1e-6)
    if not 0 <= cents <= LARGEST_AMOUNT:
        raise ValueError("beyond every amount")
    return cents
