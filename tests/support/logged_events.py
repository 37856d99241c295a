"""Reads from the source which events the bot logs, and at which levels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LEVELS = ("info", "warning", "error")
EVENT = re.compile(r"[a-z_]+\.[a-z_]+")
MEMBERS = {f"Severity.{level.upper()}": level for level in LEVELS}


def logged(root: Path) -> dict[str, set[str]]:
    """The levels of each event that a module under ``root`` logs. ``told`` and ``passed`` stand for levels that the
    source computes elsewhere: for an event of the session, and for a level that is passed to a function."""
    events: dict[str, set[str]] = {}
    for file in sorted(root.rglob("*.py")):
        for name, levels in _of_module(ast.parse(file.read_text(encoding="utf-8"))):
            events.setdefault(name, set()).update(levels)
    return events


def _of_module(module: ast.Module) -> Iterator[tuple[str, set[str]]]:
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            values = {
                target.id: assignment.value
                for assignment in ast.walk(function)
                if isinstance(assignment, ast.Assign)
                for target in assignment.targets
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    yield from _of_call(call, values)


def _of_call(call: ast.Call, values: dict[str, ast.expr]) -> Iterator[tuple[str, set[str]]]:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if method == "alert" and len(call.args) >= 2:
        chosen, name = call.args[0], call.args[1]
    elif method in (*LEVELS, "say") and call.args:
        chosen, name = call.func, call.args[0]
    elif method == "_tell" and call.args:  # the shell decides: see _TROUBLE in wiring.py
        yield from ((event, {"told"}) for event in _names(call.args[0]))
        return
    else:
        return
    if isinstance(chosen, ast.Name):
        chosen = values.get(chosen.id, chosen)
    if isinstance(name, ast.Name):
        name = values.get(name.id, name)
    for event in _names(name):
        yield event, _levels(chosen) or {"passed"}


def _names(name: ast.expr) -> list[str]:
    return [
        constant.value
        for constant in ast.walk(name)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and EVENT.fullmatch(constant.value)
    ]


def _levels(chosen: ast.expr) -> set[str]:
    found = set()
    for part in ast.walk(chosen):
        if isinstance(part, ast.Attribute):
            found.add(MEMBERS.get(ast.unparse(part), part.attr if part.attr in LEVELS else ""))
    return found - {""}
