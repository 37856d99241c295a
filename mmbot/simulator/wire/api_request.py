"""One request to the local exchange as its endpoints see it, and how its parameters and body are read."""

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
    """An authorised request, read to its end. Its endpoint runs without waiting for anything."""

    account: str
    """Whose it is; empty where no authorisation is asked for."""
    now: Instant
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str]
    """The variable parts of the path."""

    def json(self, kind: type[Body]) -> Body:
        """The body.

        Raises:
            Rejection: ``invalid_request``, with the words that the exchange has for an empty one (PROTOCOL 2).
        """
        if not self.body.strip():
            raise Rejection("invalid_request", "EOF")
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as bad:
            raise Rejection("invalid_request", str(bad)) from bad

    def integer(self, name: str, code: str = "invalid_param") -> int | None:
        """A whole number of the query, or None if it is not there.

        Raises:
            Rejection: ``code``, if it is no whole number.
        """
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError as bad:
            raise Rejection(code, _words(code, f"invalid {name} param")) from bad

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """One of the words that a parameter knows, or None if it is not there. Raises Rejection ``invalid_param``."""
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
        """Whole numbers with commas between them; empty where the parameter is missing.

        Raises:
            Rejection: ``code`` for one that is not a positive 32-bit number.
        """
        given = []
        for part in filter(None, self.query.get(name, "").split(",")):
            if not part.strip().isdigit() or not 0 < int(part) <= _INT32:
                raise Rejection(code, _words(code, f"{part!r} in {name}"))
            given.append(int(part))
        return given

    def texts(self, name: str) -> list[str]:
        """Words with commas between them."""
        return [part for part in self.query.get(name, "").split(",") if part]

    def limit(self, most: int, default: int) -> int:
        """How many items are asked for. Raises Rejection ``invalid_param`` beyond 1 to ``most``."""
        given = self.integer("limit")
        if given is None:
            return default
        if not 1 <= given <= most:
            raise Rejection("invalid_param", "Invalid param: invalid limit param")
        return given


def _words(code: str, what: str) -> str | None:
    """What is said of a parameter: ``invalid_param`` names it, any other code has words of its own."""
    return f"Invalid param: {what}" if code == "invalid_param" else None
