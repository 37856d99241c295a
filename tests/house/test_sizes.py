"""Sizes of files, functions and folders: longer ones give their reason in a comment ``# long: ...``."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("mmbot", "strategies", "examples")
FILE_LINES = 400
LONGEST = 560
"""The number of lines above which no reason frees a shipped file."""
TEST_ROOMS = ("tests", "benchmarks")
TEST_FILE_LINES = 500
FUNCTION_LINES = 60
FOLDER_FILES = 18
REASON = "# long:"
TOP = 20
"""The lines at the top of a test file among which the reason for its length has to stand."""


def files(rooms: tuple[str, ...]) -> list[Path]:
    return sorted(file for room in rooms for file in (ROOT / room).rglob("*.py"))


def sources() -> list[Path]:
    """Every shipped module."""
    return files(ROOMS)


def has_reason(text: str) -> bool:
    """Return whether the reason for a file's length stands between the module docstring and the first import."""
    docstring, first, *_ = ast.parse(text).body
    between = text.splitlines()[docstring.end_lineno or 0 : first.lineno - 1]
    return any(line.startswith(REASON) and len(line) > len(REASON) + 10 for line in between)


def long_functions(file: Path) -> list[str]:
    """Return the functions of a file that are too long and give no reason below their first line."""
    text = file.read_text()
    lines = text.splitlines()
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            count = node.end_lineno - node.lineno + 1
            if count > FUNCTION_LINES and not any(REASON in line for line in lines[node.lineno - 1 : node.lineno + 8]):
                found.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {count} lines")
    return found


def test_no_file_is_longer_than_400_lines_without_a_reason_under_its_docstring() -> None:
    long = {
        str(file.relative_to(ROOT)): count
        for file in sources()
        if (count := len((text := file.read_text()).splitlines())) > FILE_LINES and not has_reason(text)
    }
    assert not long


def test_no_reason_frees_a_file_of_more_than_560_lines() -> None:
    counts = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in sources()}
    assert not {name: count for name, count in counts.items() if count > LONGEST}


def test_a_file_of_400_lines_or_fewer_gives_no_reason() -> None:
    needless = [
        str(file.relative_to(ROOT))
        for file in sources()
        if len((text := file.read_text()).splitlines()) <= FILE_LINES and f"\n{REASON}" in text
    ]
    assert not needless


def test_no_file_of_tests_and_benchmarks_is_longer_than_500_lines_without_a_reason_at_its_top() -> None:
    long = {}
    for file in files(TEST_ROOMS):
        lines = file.read_text().splitlines()
        if len(lines) > TEST_FILE_LINES and not any(line.startswith(REASON) for line in lines[:TOP]):
            long[str(file.relative_to(ROOT))] = len(lines)
    assert not long


def test_no_function_is_longer_than_60_lines_without_a_reason() -> None:
    assert not [each for file in files((*ROOMS, *TEST_ROOMS)) for each in long_functions(file)]


def test_no_folder_holds_too_many_files() -> None:
    folders = {file.parent for file in sources()}
    full = {
        str(each.relative_to(ROOT)): count for each in folders if (count := len(list(each.glob("*.py")))) > FOLDER_FILES
    }
    assert not full
