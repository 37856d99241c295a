"""Finds out whether an answer has the field names of another dialect (version of the exchange's API).

A missing field often has a harmless meaning, such as "nothing is open". So before a reader treats a field as missing,
it checks whether the field is there under the name that another dialect uses.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

T = TypeVar("T")

Words = frozenset[str]
"""The type of a set of names of fields that only another dialect (version of the exchange's API) has."""


_NOTHING: Final = (b"null", b'""')


def check_words(raw: msgspec.Raw | bytes, foreign: Words) -> None:
    """Check that a JSON object has no field of another dialect. A field that is null or empty does not count. A JSON
    value that is not an object passes the check.

    Raises:
        ValueError: if the object has such a field. The text names the field.
    """
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except ValueError:
        return
    for name, value in fields.items():
        if name in foreign and bytes(value) not in _NOTHING:
            raise ValueError(f"{name!r} is a word of another dialect of the exchange's API")


def decode(raw: msgspec.Raw | bytes, kind: type[T], foreign: Words) -> T:
    """Decode JSON as ``kind``. Raises ValueError if this fails. If the JSON has field names of another dialect, the
    text of the error says so."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except ValueError:
        check_words(raw, foreign)
        raise
