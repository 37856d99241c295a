"""Comments and docstrings cite pages, sections and headings that exist, and no document outside of the repository."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file
    for room in ("mmbot", "strategies", "examples", "benchmarks", "tests", "docs")
    for file in (ROOT / room).rglob("*.py")
)
PAGE = re.compile(r"docs/[\w/-]+\.md")
NUMBER = r"\d+(?:\.\d+)?"
BY_NUMBER = re.compile(rf"({PAGE.pattern}) ({NUMBER}(?:(?:, | and | to |, and ){NUMBER})*)")
BY_HEADING = re.compile(rf"({PAGE.pattern}), ((?:\*[^*]+\*(?:, | and )?)+)")
BY_ANCHOR = re.compile(rf"({PAGE.pattern})#([\w-]+)")
OUTSIDE = re.compile(r"\bspecification|second document", re.IGNORECASE)
"""The words of a citation that a reader of the repository cannot look up."""


def on_one_line(file: Path) -> str:
    """A file's text, with each line break and the ``#`` of a continued comment replaced by a blank."""
    return re.sub(r"\s*\n\s*(?:# ?)?", " ", file.read_text())


def headings(page: str) -> list[str]:
    fenced = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ +(.+)$", fenced.sub("", (ROOT / page).read_text()), re.MULTILINE)


def sections(page: str) -> set[str]:
    """The numbers of a page's sections."""
    return {found[1] for heading in headings(page) if (found := re.match(rf"({NUMBER})\.? ", heading))}


def anchors(page: str) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def cited_numbers() -> Iterator[tuple[Path, str, str]]:
    """Each citation of a numbered section: the citing file, the page and the number."""
    for file in FILES:
        for page, numbers in BY_NUMBER.findall(on_one_line(file)):
            for number in re.findall(NUMBER, numbers):
                yield file, page, number


def comments_and_docstrings(file: Path) -> Iterator[str]:
    text = file.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def test_every_cited_page_exists() -> None:
    cited = {(file, page) for file in FILES for page in PAGE.findall(on_one_line(file))}
    assert cited
    assert sorted(f"{file}: {page}" for file, page in cited if not (ROOT / page).exists()) == []


def test_every_cited_section_exists() -> None:
    cited = list(cited_numbers())
    assert cited
    assert [f"{file}: {page} {number}" for file, page, number in cited if number not in sections(page)] == []


def test_every_cited_heading_and_anchor_exists() -> None:
    lost = []
    for file in FILES:
        text = on_one_line(file)
        for page, names in BY_HEADING.findall(text):
            found = headings(page)
            lost += [f"{file}: {page}, {name}" for name in re.findall(r"\*([^*]+)\*", names) if name not in found]
        lost += [f"{file}: {page}#{name}" for page, name in BY_ANCHOR.findall(text) if name not in anchors(page)]
    assert lost == []


def test_the_sections_of_the_protocol_are_numbered_without_a_gap() -> None:
    chapters = sorted(int(number) for number in sections("docs/protocol.md") if "." not in number)
    assert chapters == list(range(1, len(chapters) + 1))


def test_no_comment_or_docstring_cites_a_document_outside_of_the_repository() -> None:
    cited = [f"{file}: {text[:80]}" for file in FILES for text in comments_and_docstrings(file) if OUTSIDE.search(text)]
    assert cited == []
