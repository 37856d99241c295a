"""A request to the local exchange as an endpoint gets it. Its methods read the parameters and the body."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeVar

import msgspec

from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.instant import SECOND, Instant
from mmbot.simulator.venue.error_table import Rejection

Body = TypeVar("Body", bound=msgspec.Struct)
Choice = TypeVar("Choice", bound=Enum)

_INT32: Final = 2**31 - 1


class ApiRequest(msgspec.Struct, frozen=True):
    """A request whose body is complete and whose authorisation was checked."""

    account: str
    """The account that sent the request. It is empty if the account is not known, or if the endpoint needs no
    authorisation."""
    now: Instant
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, str]
    """The variable parts of the request's path, by name."""

    def json(self, kind: type[Body]) -> Body:
        """Return the JSON body after decoding it.

        Raises:
            Rejection: if the body is empty or cannot be decoded. The error code is ``invalid_request``. The message for
                an empty body is taken from the real exchange (docs/protocol.md 2).
        """
        if not self.body.strip():
            raise Rejection("invalid_request", "EOF")
        try:
            return msgspec.json.decode(self.body, type=kind)
        except UNREADABLE as bad:
            raise Rejection("invalid_request", str(bad)) from bad

    def integer(self, name: str, code: str = "invalid_param") -> int | None:
        """Return a query parameter that is a whole number. None if the parameter is missing.

        Raises:
            Rejection: if the parameter is not a whole number. The error code is ``code``.
        """
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError as bad:
            raise Rejection(code, _words(code, f"invalid {name} param")) from bad

    def choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """Return a query parameter that must be one of the values of ``kind``. None if the parameter is missing. Raises
        Rejection with the error code ``invalid_param`` for any other value."""
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return kind(text)
        except ValueError as bad:
            raise Rejection("invalid_param", f"Invalid param: invalid {name} param") from bad

    def seconds(self, name: str) -> Instant | None:
        """Return a query parameter that is a time. The client sends unix seconds, and the result is in nanoseconds.
        None if the parameter is missing. Raises Rejection if the parameter is invalid. The error code contains the
        parameter's name. For example, it is ``invalid_from`` for the parameter ``from``."""
        given = self.integer(name, f"invalid_{name}")
        if given is not None and not 0 <= given <= _INT32:
            raise Rejection(f"invalid_{name}")
        return None if given is None else given * SECOND

    def ids(self, name: str, *, code: str = "invalid_param") -> list[int]:
        """Return a query parameter that is a list of ids, separated by commas. The list is empty if the parameter is
        missing.

        Raises:
            Rejection: if an id is not a positive 32-bit number. The error code is ``code``.
        """
        given = []
        for part in filter(None, self.query.get(name, "").split(",")):
            if not part.strip().isdigit() or not 0 < int(part) <= _INT32:
                raise Rejection(code, _words(code, f"{part!r} in {name}"))
            given.append(int(part))
        return given

    def texts(self, name: str) -> list[str]:
        """Return a query parameter that is a list of words, separated by commas. The list is empty if the parameter is
        missing."""
        return [part for part in self.query.get(name, "").split(",") if part]

    def limit(self, most: int, default: int) -> int:
        """Return the number of items that the client asks for. If the client names none, return ``default``. Raises
        Rejection with the error code ``invalid_param`` if the number is below 1 or above ``most``."""
        given = self.integer("limit")
        if given is None:
            return default
        if not 1 <= given <= most:
            raise Rejection("invalid_param", "Invalid param: invalid limit param")
        return given


def _words(code: str, what: str) -> str | None:
    """Return the error message about an invalid parameter. Only the message of ``invalid_param`` names the parameter.
    For any other error code the result is None, and the message of the error table is used."""
    return f"Invalid param: {what}" if code == "invalid_param" else None
