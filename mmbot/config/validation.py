"""Compares plain values with a settings class key by key, and finds every problem. The library msgspec reports only the
first problem."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from mmbot.config.problems import Path
from mmbot.config.suggestions import nearest

T = TypeVar("T")


class Wrong(NamedTuple):
    """A value that does not fit, or a key that is missing or unknown."""

    path: Path
    message: str


def mismatches(shape: type[msgspec.Struct], value: Any, path: Path = ()) -> list[Wrong]:
    """Return every key or value that does not fit a settings class, in the order of the document. An unknown key is
    always a mismatch, even if the class itself would accept it."""
    return list(_walk(inspect.type_info(shape), value, path))


def convert(shape: type[T], value: Any) -> T:
    """Build the object of a settings class from plain values without mismatches. The ``__post_init__`` of the class may
    still reject the values.

    Raises:
        ValueError: if the class rejects the values, with its reason.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        raise ValueError(
            re.sub(r" - at `\$\.?([^`]*)`$", lambda at: f" (in {at[1]})" if at[1] else "", text)
        ) from error


def _walk(shape: inspect.Type, value: Any, path: Path) -> Iterator[Wrong]:
    match shape:
        case inspect.Metadata():
            yield from _walk(shape.type, value, path)
        case inspect.AnyType() | inspect.CustomType() | inspect.RawType():
            return
        case inspect.StructType():
            yield from _walk_struct(shape, value, path)
        case inspect.UnionType():
            yield from _walk_union(shape, value, path)
        case inspect.DictType():
            if not isinstance(value, dict):
                yield _unfit(shape, value, path)
                return
            for key, inner in value.items():
                yield from _walk(shape.value_type, inner, (*path, key))
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            if not isinstance(value, list) or not _within(len(value), shape.min_length, shape.max_length):
                yield _unfit(shape, value, path)
                return
            for place, inner in enumerate(value):
                yield from _walk(shape.item_type, inner, (*path, place))
        case inspect.TupleType():
            if not isinstance(value, list) or len(value) != len(shape.item_types):
                yield _unfit(shape, value, path)
                return
            for place, (item, inner) in enumerate(zip(shape.item_types, value, strict=True)):
                yield from _walk(item, inner, (*path, place))
        case _:
            if not _fits(shape, value):
                yield _unfit(shape, value, path)


def _walk_struct(shape: inspect.StructType, value: Any, path: Path) -> Iterator[Wrong]:
    if not isinstance(value, dict):
        yield _unfit(shape, value, path)
        return
    fields = {field.encode_name: field for field in shape.fields}
    for key, inner in value.items():
        field = fields.get(key)
        if field is None:
            yield Wrong((*path, key), f"unknown key{nearest(key, fields)}")
        else:
            yield from _walk(field.type, inner, (*path, key))
    for name, field in fields.items():
        if field.required and name not in value:
            yield Wrong((*path, name), f"is missing; expected {expected(field.type)}")


def _walk_union(shape: inspect.UnionType, value: Any, path: Path) -> Iterator[Wrong]:
    others = [one for one in shape.types if not isinstance(one, inspect.NoneType)]
    if value is None and len(others) < len(shape.types):
        return
    if len(others) == 1:
        yield from _walk(others[0], value, path)
    elif all(any(True for _ in _walk(one, value, path)) for one in others):
        yield _unfit(shape, value, path)


def _fits(shape: inspect.Type, value: Any) -> bool:
    """Return True if a plain value fits a simple type. For any other type the result is always True, because msgspec
    checks it."""
    match shape:
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return type(value) is int and _bounded(shape, value)
        case inspect.FloatType():
            return type(value) in (int, float) and math.isfinite(value) and _bounded(shape, value)
        case inspect.StrType():
            if not isinstance(value, str) or not _within(len(value), shape.min_length, shape.max_length):
                return False
            return shape.pattern is None or re.search(shape.pattern, value) is not None
        case inspect.LiteralType():
            return any(type(value) is type(one) and value == one for one in shape.values)
        case inspect.EnumType():
            return any(type(value) is type(one.value) and value == one.value for one in shape.cls)
        case inspect.NoneType():
            return value is None
        case _:
            return True


def _bounded(shape: inspect.IntType | inspect.FloatType, value: float) -> bool:
    return not (
        (shape.ge is not None and value < shape.ge)
        or (shape.gt is not None and value <= shape.gt)
        or (shape.le is not None and value > shape.le)
        or (shape.lt is not None and value >= shape.lt)
        or (shape.multiple_of is not None and value % shape.multiple_of != 0)
    )


def _within(length: int, least: int | None, most: int | None) -> bool:
    return (least is None or length >= least) and (most is None or length <= most)


def expected(shape: inspect.Type) -> str:
    """Describe in words which values a type takes."""
    match shape:
        case inspect.Metadata():
            return expected(shape.type)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number" + _bounds(shape)
        case inspect.FloatType():
            return "a number" + _bounds(shape)
        case inspect.StrType():
            if shape.pattern is not None:
                return f"text like {shape.pattern}"
            return "text that is not empty" if shape.min_length else "text"
        case inspect.NoneType():
            return "null"
        case inspect.LiteralType():
            return _one_of(shape.values)
        case inspect.EnumType():
            return _one_of(tuple(one.value for one in shape.cls))
        case inspect.UnionType():
            last = [one for one in shape.types if isinstance(one, inspect.NoneType)]
            return " or ".join(expected(one) for one in [one for one in shape.types if one not in last] + last)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            size = ", not empty," if shape.min_length else ""
            size += f" of at most {shape.max_length:,}" if shape.max_length is not None else ""
            return f"a list{size} (each item: {expected(shape.item_type)})"
        case inspect.TupleType():
            items = list(dict.fromkeys(expected(one) for one in shape.item_types))
            return (
                f"a list of {len(shape.item_types)} (each item: {items[0]})"
                if len(items) == 1
                else (f"a list of {len(shape.item_types)} ({'; '.join(expected(one) for one in shape.item_types)})")
            )
        case inspect.StructType():
            return f"a mapping with the keys {', '.join(field.encode_name for field in shape.fields)}"
        case inspect.DictType():
            return "a mapping"
        case _:
            return f"a {type(shape).__name__.removesuffix('Type').lower()}"


def _one_of(values: tuple[Any, ...]) -> str:
    return "one of " + ", ".join(str(value) for value in values) if len(values) > 1 else str(values[0])


def _bounds(shape: inspect.IntType | inspect.FloatType) -> str:
    words = [
        f"{word} {bound:,}" if isinstance(bound, int) else f"{word} {bound:g}"
        for word, bound in (("at least", shape.ge), ("above", shape.gt), ("at most", shape.le), ("below", shape.lt))
        if bound is not None
    ]
    if shape.multiple_of is not None:
        words.append(f"a multiple of {shape.multiple_of:g}")
    return (", " + " and ".join(words)) if words else ""


def _unfit(shape: inspect.Type, value: Any, path: Path) -> Wrong:
    hint = ""
    wanted = shape.type if isinstance(shape, inspect.Metadata) else shape
    if isinstance(value, str):
        if isinstance(wanted, inspect.IntType | inspect.FloatType):
            plain = value.replace("_", "").replace(",", "")
            if plain != value and re.fullmatch(r"[-+]?[0-9]+(?:\.[0-9]+)?", plain):
                hint = f"; write {plain}"
        elif isinstance(wanted, inspect.LiteralType):
            hint = nearest(value, (str(one) for one in wanted.values)) if value else ""
            hint = hint if "mean" in hint else ""
    return Wrong(path, f"expected {expected(shape)}, found {found(value)}{hint}")


def found(value: Any) -> str:
    """Describe a value in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text '{value if len(value) <= 40 else value[:37] + '...'}'"
    if isinstance(value, list):
        return "an empty list" if not value else f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a mapping"
    return f"{value}"
