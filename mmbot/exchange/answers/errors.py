"""Reads error answers. A dialect (version of the exchange's API) gives the reader its spelling of the error codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import orjson

from mmbot.domain.instant import SECOND, Instant
from mmbot.exchange.errors import ErrorBody

_CODE: Final = re.compile(r"[a-z0-9_]{3,64}\Z")


class ErrorReader:
    """Reads error answers.

    Args:
        spelt: returns an error code in the spelling of the error table.
        said: phrases in the text of an error, each with the error code that it means.
        members: the fields that may hold the error code. The first field with a value counts.
    """

    def __init__(
        self,
        spelt: Callable[[str], str],
        said: Sequence[tuple[str, str]],
        members: Sequence[str] = ("error",),
    ) -> None:
        self._spelt: Final = spelt
        self._said: Final = said
        self._members: Final = members

    def code_of(self, error: object, number: object, message: str) -> str:
        """Return the code of an error in the spelling of the error table. Empty if the error has no code.

        Some answers have a text and a number instead of an error code. If the text contains a known phrase, the phrase
        decides the code. Otherwise the number is the code (docs/protocol.md 3, 6.4).
        """
        if isinstance(error, str) and _CODE.match(error):
            return self._spelt(error)
        text = f"{error if isinstance(error, str) else ''} {message}".lower()
        for words, code in self._said:
            if words in text:
                return code
        return str(number) if isinstance(number, int) and not isinstance(number, bool) and number else ""

    def error_body(self, body: bytes) -> ErrorBody:
        """Read the body of an error answer. The error code is empty if the body is not a JSON object. For example, it
        may be HTML from a gateway."""
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            return ErrorBody("", "", None)
        message = said.get("message")
        error = next((said[name] for name in self._members if said.get(name) is not None), None)
        text = message if isinstance(message, str) else error if isinstance(error, str) else ""
        details = said.get("details")
        hint = details.get("next_allow_at") if isinstance(details, dict) else None
        return ErrorBody(self.code_of(error, said.get("error_code"), text), text[:300], _scaled(hint))


def _scaled(number: object) -> Instant | None:
    """Return the instant that a number means. The size of the number decides its unit (seconds, milliseconds,
    microseconds or nanoseconds). Milliseconds are expected, but no source confirms this (docs/protocol.md 11)."""
    if not isinstance(number, int | float) or not 0 < number < 1e20:
        return None
    for least, unit in ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000)):
        if number >= least:
            return int(number * unit)
    return int(number * SECOND)
