"""One request to the local exchange as its endpoints see it, with methods that read its parameters and body."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeVar

import msgspec

from mmbot.domain.instant import SECOND, Instant
from mmbot.simulator.venue.error_table import Rejection

Body = TypeVar("Body", bound=msgspec.Struct)
Choice = TypeVar("Choice", bound=Enum)

_INT32: Final = 2**31 - 1


class ApiRequest(msgspec.Struct, frozen=True):
    """An authorised request that was read to its end. Its endpoint never waits for anything."""

    account: str
    """The account that sent the request; empty if the endpoint needs no authorisation."""
    now: Instant
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str]
    """The variable parts of the path."""

    def json(self, kind: type[Body]) -> Body:
        """The decoded body.

        Raises:
            Rejection: ``invalid_request``. For an empty body its message is the exchange's own (docs/protocol.md 2).
        """
        if not self.body.strip():
            raise Rejection("invalid_request", "EOF")
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as bad:
            raise Rejection("invalid_request", str(bad)) from bad

    def integer(self, name: str, code: str = "invalid_param") -> int | None:
        """A whole number of the query, or None if it is missing.

        Raises:
            Rejection: ``code``, if it is not a whole number.
        """
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError as bad:
            raise Rejection(code, _words(code, f"invalid {name} param")) from bad

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """A query parameter with a fixed set of values, or None if it is missing. Raises Rejection
        ``invalid_param``."""
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return kind(text)
        except ValueError as bad:
            raise Rejection("invalid_param", f"Invalid param: invalid {name} param") from bad

    def seconds(self, name: str) -> Instant | None:
        """An instant that the query gives in unix seconds. Raises Rejection with the code of that parameter."""
        given = self.integer(name, f"invalid_{name}")
        if given is not None and not 0 <= given <= _INT32:
            raise Rejection(f"invalid_{name}")
        return None if given is None else given * SECOND

    def ids(self, name: str, *, code: str = "invalid_param") -> list[int]:
        """A list of whole numbers, separated by commas; empty if the parameter is missing.

        Raises:
            Rejection: ``code``, if one of them is not a positive 32-bit number.
        """
        given = []
        for part in filter(None, self.query.get(name, "").split(",")):
            if not part.strip().isdigit() or not 0 < int(part) <= _INT32:
                raise Rejection(code, _words(code, f"{part!r} in {name}"))
            given.append(int(part))
        return given

    def texts(self, name: str) -> list[str]:
        """A list of words, separated by commas."""
        return [part for part in self.query.get(name, "").split(",") if part]

    def limit(self, most: int, default: int) -> int:
        """The number of items to return. Raises Rejection ``invalid_param`` if it is not in 1 to ``most``."""
        given = self.integer("limit")
        if given is None:
            return default
        if not 1 <= given <= most:
            raise Rejection("invalid_param", "Invalid param: invalid limit param")
        return given


def _words(code: str, what: str) -> str | None:
    """The message about a parameter. ``invalid_param`` names the parameter; other codes have a message of their own."""
    return f"Invalid param: {what}" if code == "invalid_param" else None
