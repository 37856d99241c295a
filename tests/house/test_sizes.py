"""Sizes of files, functions and folders: longer ones give their reason in a comment ``# long: ...``."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("mmbot", "strategies", "examples")
FILE_LINES = 400
SLACK = 1.1
TEST_ROOMS = ("tests", "benchmarks")
TEST_FILE_LINES = 500
FUNCTION_LINES = 60
FOLDER_FILES = 18
REASON = "# long:"
TOP = 20
"""The lines at the top of a test file among which the reason for its length has to stand."""


def sources() -> list[Path]:
    """Every shipped module."""
    return sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def test_no_file_is_much_longer_than_400_lines() -> None:
    long = {
        str(file.relative_to(ROOT)): count
        for file in sources()
        if (count := len(file.read_text().splitlines())) > FILE_LINES * SLACK and REASON not in file.read_text()
    }
    assert not long


def test_no_file_of_tests_and_benchmarks_is_longer_than_500_lines_without_a_reason_at_its_top() -> None:
    long = {}
    for file in sorted(file for room in TEST_ROOMS for file in (ROOT / room).rglob("*.py")):
        lines = file.read_text().splitlines()
        if len(lines) > TEST_FILE_LINES and not any(line.startswith(REASON) for line in lines[:TOP]):
            long[str(file.relative_to(ROOT))] = len(lines)
    assert not long


def test_no_function_is_longer_than_60_lines() -> None:
    long = []
    for file in sources():
        text = file.read_text()
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                count = node.end_lineno - node.lineno + 1
                if count > FUNCTION_LINES and not any(
                    REASON in line for line in lines[node.lineno - 1 : node.lineno + 8]
                ):
                    long.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {count} lines")
    assert not long


def test_no_folder_holds_too_many_files() -> None:
    folders = {file.parent for file in sources()}
    full = {
        str(each.relative_to(ROOT)): count for each in folders if (count := len(list(each.glob("*.py")))) > FOLDER_FILES
    }
    assert not full
