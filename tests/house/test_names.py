"""One name means one thing in the engine: no two of its modules define the same public name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[2] / "mmbot" / "engine"


def names_of(module: ast.Module) -> set[str]:
    """Return the public names of the types, functions and constants that a module defines at its top."""
    found: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def defined_twice(folder: Path) -> dict[str, list[str]]:
    """Return the public names that several modules of a folder define, each with these modules."""
    places: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.rglob("*.py")):
        for name in names_of(ast.parse(file.read_text(encoding="utf-8"))):
            places[name].append(str(file.relative_to(folder)))
    return {name: files for name, files in sorted(places.items()) if len(files) > 1}


def test_no_public_name_of_the_engine_is_defined_in_two_modules() -> None:
    assert len(list(ENGINE.rglob("*.py"))) > 50
    assert not defined_twice(ENGINE)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("class Stage: pass", True),
        ("async def clear() -> None: pass", True),
        ("RETRY = 1", True),
        ("RETRY: int = 1", True),
        ("WON, LOST = 1, 2", True),
        ("_RETRY = 1", False),
        ("def _clear() -> None:\n    RETRY = 1", False),
        ("from elsewhere import RETRY", False),
    ],
)
def test_a_name_in_two_modules_is_found_in_each_form_of_definition(tmp_path: Path, text: str, seen: bool) -> None:
    (tmp_path / "district").mkdir()
    for file in ("one.py", "district/other.py"):
        (tmp_path / file).write_text(text)
    assert bool(defined_twice(tmp_path)) is seen
