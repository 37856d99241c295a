"""Turns good inputs into bad ones. An edit is a number, so that a run can be repeated and a failure can be shortened.

JSON is edited as a tree: a value becomes nonsense, a key is dropped, doubled or renamed, a branch grows or moves. Text
is edited line by line. Any input is also edited as bytes: flipped, cut, doubled, or mixed with invalid UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

LONG = 100_000
"""Characters of a very long text, and levels of a nesting that no stack holds."""

DEEP = 10_000
"""Levels of a nesting that is deeper than Python's stack, but small enough for every file."""

NUMBERS = (
    *(b"0 -0 -1 1 7 100 -100 0.1 0.005 -0.5 1e-400 1e15 1e308 -1e308 1e999 -1e999 NaN Infinity -Infinity").split(),
    *(str(sign * (1 << bits) + more).encode() for bits in (31, 53, 63, 64) for sign in (1, -1) for more in (-1, 0, 1)),
    b"4102444800000",
    b"1" * 40,
    b"9" * 5_000,
)
TEXTS = (
    *(b'"" " " "0" "7" "-5" "1e5" "NaN" "null" "\\ud800" "\\u0000" "\xff\xfe" "\xed\xa0\x80" "../../x"').split(b" "),
    b'"\\r\\nX-Injected: 1"',
    b'"2026-10-01T18:30:00Z"',
    b'"0001-01-01T00:00:00+23:59"',
    b'"9999-12-31T23:59:59-23:59"',
    b'"2026-02-30T00:00:00Z"',
    b'"' + b"x" * LONG + b'"',
    b'"' + b"9" * 5_000 + b'"',
)
SHAPES = (
    *(b"null true false [] {} [[]] [null] [{}]").split(),
    b'{"":{"":[]}}',
    b"[" * 40 + b"]" * 40,
    b"[" * DEEP + b"]" * DEEP,
    b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    b"[" * LONG + b"]" * LONG,
    b'{"a":' * LONG + b"1" + b"}" * LONG,
    b"[" + b"0," * 5_000 + b"0]",
)
NONSENSE = NUMBERS + TEXTS + SHAPES
BYTES = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\n",
    b"\r\n",
    b'"',
    b"\\",
    b"{",
    b"[",
    b"}",
    b"]",
    b":",
)
LINES = (
    b"{}",
    b"[]",
    b"null",
    b"",
    b"\xff",
    b"- *a",
    b"a: &a [*a, *a]",
    b"? [a]",
    b"<<: *a",
    b"!!python/object:os.x {}",
)


class Pairs(list[tuple[str, Any]]):
    """A JSON object that may have a key twice."""


class Raw(NamedTuple):
    """JSON text that is written as it is."""

    text: bytes


def edited(data: bytes, number: int, head: int = 0) -> bytes:
    """Return the data with the edit of this number. The first ``head`` bytes only say how the rest is used, so they
    change rarely."""
    pick = Random(number)
    front, rest = bytearray(data[:head]), data[head:]
    if front and pick.random() < 0.1:
        front[pick.randrange(len(front))] = pick.randrange(256)
        return bytes(front) + rest
    if pick.random() < 0.8:
        lines = rest.split(b"\n")
        if len(lines) > 2:
            return bytes(front) + _lines(lines, pick)
        changed = _tree(rest, pick)
        if changed is not None:
            return bytes(front) + changed
    return bytes(front) + _bytes(rest, pick)


# --- trees ------------------------------------------------------------------------------------------------------------


def _tree(data: bytes, pick: Random) -> bytes | None:
    """Return JSON with one edit. None if the data is not JSON that can be edited."""
    if len(data) > 4 * LONG:
        return None
    try:
        root = json.loads(data, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return None
    places: list[tuple[Any, int]] = []
    box = [root]
    _collect(box, places)
    parent, place = places[pick.randrange(len(places))]
    _edit(parent, place, places, pick)
    return written(box[0])


def _collect(node: Any, places: list[tuple[Any, int]]) -> None:
    for place, item in enumerate(node):
        places.append((node, place))
        value = item[1] if isinstance(node, Pairs) else item
        if isinstance(value, list):
            _collect(value, places)


def _get(parent: Any, place: int) -> Any:
    return parent[place][1] if isinstance(parent, Pairs) else parent[place]


def _set(parent: Any, place: int, value: Any) -> None:
    parent[place] = (parent[place][0], value) if isinstance(parent, Pairs) else value


def _edit(parent: Any, place: int, places: Sequence[tuple[Any, int]], pick: Random) -> None:
    value = _get(parent, place)
    match pick.randrange(9):
        case 0 if len(parent) > 1:
            del parent[place]
        case 1 if isinstance(parent, Pairs):  # the key twice, with another value
            parent.append((parent[place][0], Raw(pick.choice(NONSENSE))))
        case 2:
            _set(parent, place, [value] if pick.random() < 0.5 else Pairs([("data", value)]))
        case 3 if isinstance(parent, Pairs):
            parent[place] = (pick.choice(("", "data", "id", "x" * 300, parent[place][0].upper())), value)
        case 6 if isinstance(parent, Pairs):  # a key that nobody knows
            parent.append((pick.choice(("new", "x" * 300, "\ud800")), Raw(pick.choice(NONSENSE))))
        case 4 if isinstance(value, list) and value:
            value.extend([value[0]] * pick.choice((1, 30, 300)))
        case 5:  # another branch stands here
            other, there = places[pick.randrange(len(places))]
            if there < len(other):
                text = written(_get(other, there))
                _set(parent, place, Raw(text))
        case _:
            of = NUMBERS if isinstance(value, int | float) and pick.random() < 0.7 else NONSENSE
            _set(parent, place, Raw(pick.choice(of)))


def written(node: Any) -> bytes:
    """Write a tree as JSON."""
    if isinstance(node, Raw):
        return node.text
    if isinstance(node, Pairs):
        return b"{" + b",".join(_text(key) + b":" + written(value) for key, value in node) + b"}"
    if isinstance(node, list):
        return b"[" + b",".join(written(item) for item in node) + b"]"
    return _text(node)


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


# --- lines and bytes --------------------------------------------------------------------------------------------------


def _lines(lines: list[bytes], pick: Random) -> bytes:
    place = pick.randrange(len(lines))
    match pick.randrange(6):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[pick.randrange(len(lines))])
        case 2:
            lines.insert(place, pick.choice(LINES))
        case 3:
            _, colon, _ = lines[place].partition(b":")
            lines[place] = lines[place][: -len(_)] + b" " + pick.choice(NONSENSE) if colon and _ else pick.choice(LINES)
        case 4:
            lines[place] = lines[place].replace(b":", b": " + pick.choice(NONSENSE) + b" #", 1)
        case _:
            changed = _tree(lines[place], pick)
            lines[place] = _bytes(lines[place], pick) if changed is None else changed
    return b"\n".join(lines)


def _bytes(data: bytes, pick: Random) -> bytes:
    changed = bytearray(data)
    place = pick.randrange(len(changed) + 1)
    match pick.randrange(6):
        case 0 if changed:
            changed[place - 1] ^= 1 << pick.randrange(8)
        case 1:
            changed[place:place] = pick.choice(BYTES)
        case 2:
            del changed[place:]
        case 3:
            end = min(len(changed), place + pick.randrange(1, 64))
            changed[place:place] = changed[place:end] * pick.choice((1, 2, 50))
        case 4:
            changed[place : place + pick.randrange(1, 9)] = pick.randbytes(pick.randrange(1, 9))
        case _:
            changed[place : place + 4] = pick.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"))
    return bytes(changed)
