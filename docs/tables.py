"""Writes the tables of these pages that follow from the code: settings, params, what each error code means, and what
the fault scenarios show.

    .venv/bin/python docs/tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; everything else on a page is written by hand. A
test fails while a page is not what this would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mmbot.config.schema import Setting, settings
from mmbot.engine.events import Failure
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import STATUSES, Meaning
from strategies.fair_value import FairValueParams

DOCS = Path(__file__).parent
SCENARIOS = Path("tests", "scenarios")  # from the root of the repository, where this is run
TABLE = re.compile(r"(<!-- table: (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)

WORDS: Mapping[Failure, str] = {
    Failure.REJECTED: "rejected",
    Failure.RETRYABLE: "retryable",
    Failure.UNKNOWN: "unknown",
    Failure.BUG: "our bug",
}


def row(*cells: str) -> str:
    """One row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def of_settings(chosen: Iterable[Setting]) -> str:
    """A table of settings."""
    head = row("setting", "takes", "default", "unit", "meaning") + "|---|---|---|---|---|\n"
    return head + "".join(
        row(
            f"`{one.path}`", one.takes, "required" if one.default is None else f"`{one.default}`", one.unit, one.meaning
        )
        for one in chosen
    )


def section(name: str) -> str:
    """The settings below one key of the top; with an empty name, those at the top."""
    return of_settings(one for one in settings() if re.split(r"[.\[]", one.path)[0] == name)


def top() -> str:
    """The settings that stand at the top themselves."""
    return of_settings(one for one in settings() if not re.search(r"[.\[]", one.path))


def params() -> str:
    """The params of the shipped strategy."""
    head = row("param", "takes", "default", "meaning") + "|---|---|---|---|\n"
    return head + "".join(
        row(f"`{one.path}`", one.takes, f"`{one.default}`", one.meaning) for one in settings(FairValueParams)
    )


def meanings(table: Mapping[str, Meaning] | Mapping[int, Meaning]) -> Iterator[str]:
    """Codes that mean the same, in one row each."""
    together: dict[Meaning, list[str]] = {}
    for code, meaning in table.items():
        together.setdefault(meaning, []).append(f"`{code}`")
    for meaning, codes in together.items():
        yield row(*(WORDS[failure] for failure in meaning), ", ".join(codes))


def errors(table: Mapping[str, Meaning] | Mapping[int, Meaning], named: str) -> str:
    """A table of what codes mean."""
    return row("a placement", "a cancel", "a read", named) + "|---|---|---|---|\n" + "".join(meanings(table))


def scenarios(folder: str) -> str:
    """The failures of one folder of scenarios, in the order of their names. What the operator sees is what the plan of
    the scenario expects him to see."""
    head = row("failure", "what mmbot does", "what you see", "scenario") + "|---|---|---|---|\n"
    rows = []
    for file in sorted((SCENARIOS / folder).glob("*.yaml")):
        said = yaml.safe_load(file.read_text())
        seen = dict.fromkeys(text for step in said["plan"] for text in visible(step.get("expect") or step.get("keep")))
        link = f"[{file.stem.replace('_', ' ')}](../{file.as_posix()})"
        rows.append(row(said["failure"], said["bot"], ", ".join(seen) or "nothing", link))
    return head + "".join(rows)


def visible(condition: Mapping[str, Any] | None) -> Iterator[str]:
    """What an operator sees of a condition: log events, guards, the answer of ``mmbot why``, and exit codes."""
    for name, value in (condition or {}).items():
        fields = value if isinstance(value, dict) else {"event": value}
        if name == "guard" or (name == "logged" and fields["event"] == "guard.held"):
            guard = fields.get("guard", value)
            yield f"guard [`{guard}`](guards.md#{guard})"
        elif name == "logged":
            yield f"`{fields['event']}`" + (f" with `{fields['code']}`" if "code" in fields else "")
        elif name == "why":
            yield f"`mmbot why`: “{value}”"
        elif name == "exit":
            yield f"exit code {value}"


TABLES: Mapping[str, Callable[[], str]] = {
    "settings": top,
    **{
        f"settings of {name}": lambda name=name: section(name)  # type: ignore[misc]
        for name in (
            "exchange",
            "quoting",
            "limits",
            "guards",
            "audit",
            "prices",
            "journal",
            "stop",
            "watchdog",
            "telemetry",
        )
    },
    "params of FairValueMaker": params,
    **{
        f"scenarios of {folder.name}": lambda folder=folder.name: scenarios(folder)  # type: ignore[misc]
        for folder in SCENARIOS.glob("*")
        if any(folder.glob("*.yaml"))
    },
    "codes": lambda: errors(
        {code: known.meaning for code, known in dialect_of("legacy").errors.codes.items()}, "codes"
    ),
    "statuses": lambda: errors(STATUSES, "HTTP status, where the code is missing or new"),
}


def renewed(text: str) -> str:
    """Return a page with its tables rewritten. Raises KeyError for the name of an unknown table."""
    return TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found['name']]()}\n{found[3]}", text)


def main() -> None:
    """Rewrite every page whose tables are out of date."""
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text()
        if (new := renewed(text)) != text:
            page.write_text(new)


if __name__ == "__main__":
    main()
