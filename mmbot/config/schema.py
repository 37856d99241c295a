"""Describes the settings as a JSON schema (draft 2020-12) and as a list. Both are made from the settings classes and
their docstrings.

A schema checks keys, types and bounds. Only ``mmbot check`` checks whether values make sense together.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect as shapes

from mmbot.config.settings import Config, RuleConfig
from mmbot.config.validation import expected

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE: Final = "#/$defs/{name}"
_SAYS: Final = "Settings of mmbot. `mmbot check` also checks whether values make sense together, which a schema cannot."


class Setting(NamedTuple):
    """One setting, as the documentation shows it."""

    path: str
    """The path of the setting, such as ``limits.line``. A setting of each quoting rule has a path such as
    ``quoting[].match.type``."""
    takes: str
    """The type and the bounds of the setting's value, in words."""
    default: str | None
    """The default value of the setting, written as in a settings file. None if the setting is required."""
    unit: str
    """The unit of the setting's number. Empty if the number has no unit."""
    meaning: str


def json_schema(params: Mapping[str, type[msgspec.Struct] | None] | None = None) -> dict[str, Any]:
    """Return the schema of a settings file.

    Args:
        params: for each strategy, named as ``module:Class``, the class of its ``params:``. The class is None if the
            strategy takes no ``params:``. The schema does not check the ``params:`` of other strategies.
    """
    strategies = dict(params or {})
    own = [shape for shape in strategies.values() if shape is not None]
    roots, parts = msgspec.json.schema_components([Config, *own], ref_template=_REFERENCE)
    for struct in _structs(Config, *own):
        _describe(struct, _part(parts, struct))
    references = iter(roots[1:])
    choices = []
    for name, shape in strategies.items():
        wanted = {"maxProperties": 0} if shape is None else next(references)
        chosen = {"properties": {"strategy": {"const": name}}, "required": ["strategy"]}
        choices.append({"if": chosen, "then": {"properties": {"params": wanted}}})
    if choices:
        _part(parts, RuleConfig)["allOf"] = choices
    return {"$schema": DIALECT, "title": "mmbot settings", "description": _SAYS, **roots[0], "$defs": parts}


def settings(shape: type[msgspec.Struct] = Config, prefix: str = "") -> Iterator[Setting]:
    """Yield every setting of a settings class and of the classes inside it, in the order of their definition."""
    meanings = _meanings(shape)
    for field in msgspec.structs.fields(shape):
        path = f"{prefix}{field.encode_name}"
        kind, unit, inner, listed = _unwrapped(shapes.type_info(field.type))
        meaning = meanings.get(field.name, "")
        if inner is None:
            yield Setting(path, expected(kind), _default(field), unit, meaning)
            continue
        if isinstance(kind, shapes.UnionType):
            yield Setting(path, "a mapping or null", _default(field), unit, meaning)
        yield from settings(inner, f"{path}[]." if listed else f"{path}.")


def _unwrapped(kind: shapes.Type) -> tuple[shapes.Type, str, type[msgspec.Struct] | None, bool]:
    """Return four facts about the type of a field. The first two are the type and its unit. The third is the settings
    class inside the type, or None. The fourth is True if the type is a list."""
    unit = ""
    found: type[msgspec.Struct] | None = None
    listed = False
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        match one:
            case shapes.Metadata():
                unit = unit or str((one.extra or {}).get("unit", ""))
                waiting.append(one.type)
            case shapes.UnionType():
                waiting.extend(one.types)
            case shapes.VarTupleType() | shapes.ListType():
                listed = True
                waiting.append(one.item_type)
            case shapes.TupleType():
                waiting.extend(one.item_types)
            case shapes.StructType():
                found = one.cls
            case _:
                pass
    return kind, unit, found, listed


def _default(field: msgspec.structs.FieldInfo) -> str | None:
    if field.required:
        return None
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if isinstance(value, float):
        return f"{value:g}"
    return msgspec.json.encode(value).decode().strip('"')


def _structs(*roots: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Return the given settings classes and every settings class inside them. Each class appears once."""
    known: dict[type[msgspec.Struct], None] = {}
    waiting = list(roots)
    while waiting:
        shape = waiting.pop(0)
        if shape in known:
            continue
        known[shape] = None
        for field in msgspec.structs.fields(shape):
            inner = _unwrapped(shapes.type_info(field.type))[2]
            if inner is not None:
                waiting.append(inner)
    return list(known)


def _part(parts: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the part of a schema that describes a settings class. If several classes have the same short name, the
    schema uses their full names."""
    full = re.sub(r"[^a-zA-Z0-9.\-_]", "_", f"{shape.__module__}.{shape.__qualname__}")
    part: dict[str, Any] = parts.get(shape.__name__) or parts[full]
    return part


def _describe(shape: type[msgspec.Struct], described: dict[str, Any]) -> None:
    """Add the meaning and the unit of each field to the part of a schema that describes a settings class."""
    meanings = _meanings(shape)
    for field in msgspec.structs.fields(shape):
        unit = _unwrapped(shapes.type_info(field.type))[1]
        said = " ".join(part for part in (meanings.get(field.name, ""), f"Unit: {unit}." if unit else "") if part)
        if said:
            described["properties"][field.encode_name]["description"] = said


def _meanings(shape: type[msgspec.Struct]) -> dict[str, str]:
    """Return the docstring of each field, taken from the source code of the settings class. The result is empty if the
    source code is not available."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(shape)))
    except (OSError, TypeError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    meanings: dict[str, str] = {}
    for before, after in pairwise(body):
        match before, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                meanings[name] = " ".join(text.split()).replace("``", "`")
            case _:
                pass
    return meanings
