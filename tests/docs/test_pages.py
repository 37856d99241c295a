"""The pages name only existing links, headings, files, commands, options, settings, metrics, log events, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mmbot.cli import main
from mmbot.config.schema import settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SOURCE = "\n".join(file.read_text() for file in sorted((ROOT / "mmbot").rglob("*.py")))
LOGGED = (
    "audit",
    "book",
    "clock",
    "engine",
    "feed",
    "guard",
    "hedge",
    "history",
    "identity",
    "journal",
    "latch",
    "life",
    "part",
    "prices",
    "request",
)
LOGGED += ("risk", "session", "start", "stop", "strategy", "wager")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=name)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^(?: {4}|\t).*$", "", FENCED.sub("", page.read_text()), flags=re.MULTILINE)


def inline(page: Path) -> list[str]:
    """Code within the text; it may be broken over two lines."""
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose(page))]


def code(page: Path) -> Iterator[str]:
    """Each piece of code: within the text, and each line of a block."""
    text = page.read_text()
    yield from inline(page)
    for block in FENCED.findall(text):
        yield from block.splitlines()[1:-1]
    yield from (line.strip() for line in re.findall(r"^ {4}\S.*$", FENCED.sub("", text), re.MULTILINE))


def headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found = re.findall(r"^#+ +(.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@every_page
def test_every_relative_link_leads_to_an_existing_file_and_heading(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", " ".join(prose(page).split("\n"))):
        if re.match(r"[a-z]+://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target), link


@every_page
def test_every_named_file_exists_or_is_written_by_a_command_on_the_page(page: Path) -> None:
    written = re.findall(r"> ([\w./-]+)$", page.read_text(), re.MULTILINE)
    for words in code(page):
        for place in re.findall(r"(?<![\w/.:])(?:mmbot|tests|docs|config|benchmarks|ops)/[\w./-]+", words):
            assert (ROOT / place.rstrip(".")).exists() or place in written, place


class Command(NamedTuple):
    """A command as a page shows it."""

    program: str
    words: tuple[str, ...]


def commands(page: Path) -> list[Command]:
    found = []
    for words in code(page):
        for program, rest in re.findall(r"(?<![\w/-])(?:\.venv/bin/)?(mmbot|make) (?!mmbot )([^#>|;&]*)", words):
            found.append(Command(program, tuple(re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", rest).split())))
    return found


def ask_for_help(command: str) -> None:
    """Print the help of a command; most commands then raise SystemExit."""
    try:
        code = main([command, "--help"])
    except SystemExit as done:
        code = int(done.code or 0)
    assert code == 0, command


@every_page
def test_every_command_of_mmbot_exists_with_the_options_that_are_shown(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in commands(page):
        if command.program != "mmbot" or not re.match(r"\w", "".join(command.words[:1])):
            continue  # a name of an image or a service
        ask_for_help(command.words[0])
        known = capsys.readouterr().out
        for word in command.words[1:]:
            if re.fullmatch(r"--?[a-z][a-z-]*", word):
                assert re.search(rf"(?<![\w-]){word}(?![\w-])", known), command


@every_page
def test_every_target_of_make_exists_and_takes_the_variables_that_are_shown(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in commands(page):
        if command.program != "make":
            continue
        for word in command.words:
            variable = re.match(r"([A-Z]+)=", word)
            if variable:
                assert f"$({variable[1]})" in makefile, command
            else:
                assert re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE), command


@every_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {setting.path for setting in settings()}
    groups = {path.rsplit(".", 1)[0] for path in known if "." in path}
    for words in code(page):
        for path in re.findall(r"(?<![\w./\"-])((?:exchange|limits|guards|prices|stop|telemetry)\.[a-z_]+)\b", words):
            file = path.rsplit(".", 1)[1] in ("py", "md", "json", "yaml", "yml")
            logged = f'"{path}"' in SOURCE
            assert file or logged or path in known or path in groups, path


@every_page
def test_every_metric_that_is_named_is_one_of_the_list(page: Path) -> None:
    listed = set(re.findall(r"^\| `(mmbot_\w+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    for words in code(page):
        for metric in re.findall(r"\bmmbot_\w+", words):
            plain = re.sub(r"_(?:bucket|sum|count)$", "", metric)
            assert plain in listed or f"{plain}_total" in listed, metric


@every_page
def test_every_event_of_the_log_that_is_named_is_logged(page: Path) -> None:
    for words in inline(page):
        found = re.fullmatch(rf"(?:{'|'.join(LOGGED)})\.[a-z_]+", words)
        if found and words not in {setting.path for setting in settings()} and not words.endswith((".py", ".json")):
            assert f'"{words}"' in SOURCE, words


@every_page
def test_every_path_of_the_daemon_that_is_named_is_served(page: Path) -> None:
    served = set(re.findall(r'"(/[a-z]+)"', (ROOT / "mmbot" / "daemon" / "http.py").read_text()))
    for words in inline(page):
        for path in re.findall(r"^(?:GET|POST) (/(?:metrics|healthz|readyz|status|prices|kill|resume)\w*)$", words):
            assert path in served, path
    for path in re.findall(r"127\.0\.0\.1:9464(/\w+)", page.read_text()):
        assert path in served, path


def rows_that_link(index: Path) -> set[str]:
    return set(re.findall(r"^\| \[[\w-]+\]\(([^)]+)\) \|", index.read_text(), re.MULTILINE))


def test_the_index_lists_every_page() -> None:
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert rows_that_link(ROOT / "docs" / "README.md") == pages | {"decisions/README.md"}


def test_the_index_of_decisions_lists_every_one() -> None:
    folder = ROOT / "docs" / "decisions"
    assert rows_that_link(folder / "README.md") == {page.name for page in folder.glob("*.md")} - {"README.md"}
