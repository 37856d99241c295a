"""The tables of the pages equal the code: settings, guards, metrics, outcomes, steps, exit codes, files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mmbot.config.hosts import Owner, owner_of
from mmbot.config.schema import settings
from mmbot.daemon.start_watchdog import WATCHDOG_LOCK_FILE, WATCHDOG_TOKEN_FILE
from mmbot.daemon.wire import TOKEN_FILE
from mmbot.domain.instant import SECOND
from mmbot.engine.events import Failure
from mmbot.engine.orders import FAULT, NOT_CLEAR, NOT_STARTED, STOPPED, Alert, Severity
from mmbot.engine.risk.guards import GUARDS, PAUSING
from mmbot.engine.status import Counts, EngineStatus, ProfitStatus, ScopeStatus
from mmbot.engine.step import Step
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import STATUSES
from mmbot.store.heartbeat import HEARTBEAT_FILE
from mmbot.store.journal import JOURNAL_FILE
from mmbot.store.latch import LATCH_FILE
from mmbot.store.state_dir import LOCK_FILE
from mmbot.telemetry.metrics import Metrics
from strategies.fair_value import FairValueParams

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text()


def section(text: str, heading: str) -> str:
    """A page's part under a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of tables, heads and rules left out."""
    lines = re.findall(r"^\|(.+)\|$", text, re.MULTILINE)
    rules = [number for number, line in enumerate(lines) if re.fullmatch(r"[-|:]+", line)]
    heads = {number - 1 for number in rules}
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        for number, line in enumerate(lines)
        if number not in heads and number not in rules
    ]


def test_the_tables_that_follow_from_the_code_are_up_to_date(tmp_path: Path) -> None:
    before = {file: file.read_text() for file in DOCS.rglob("*.md")}
    copy = tmp_path / "docs"
    for file, text in before.items():
        place = copy / file.relative_to(DOCS)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (copy / "tables.py").write_text((DOCS / "tables.py").read_text())
    source = os.environ | {"PYTHONPATH": str(ROOT)}  # and not another checkout that is installed
    subprocess.run([sys.executable, str(copy / "tables.py")], cwd=ROOT, check=True, timeout=60, env=source)
    for file, text in before.items():
        made = (copy / file.relative_to(DOCS)).read_text()
        assert text == made, f"{file.name} is not what the code says; run: .venv/bin/python docs/tables.py"


def test_every_fault_scenario_has_a_row_and_every_row_a_scenario() -> None:
    rows_of = re.findall(r"\]\(\.\./(tests/scenarios/[^)]+)\)", page("recovery"))
    files = [file.relative_to(ROOT).as_posix() for file in (ROOT / "tests" / "scenarios").rglob("*.yaml")]
    assert sorted(rows_of) == sorted(files)


def test_every_setting_is_on_the_page_with_default_unit_and_meaning() -> None:
    shown = {cells[0]: cells for cells in rows(page("configuration")) if len(cells) == 5}
    for one in settings():
        _, takes, default, unit, meaning = shown[f"`{one.path}`"]
        assert takes == one.takes
        assert default == ("required" if one.default is None else f"`{one.default}`")
        assert (unit, meaning) == (one.unit, one.meaning)
        assert meaning
    assert len(shown) == len(list(settings()))


def test_every_param_of_the_shipped_strategy_is_on_the_page() -> None:
    shown = [cells[0] for cells in rows(section(page("strategies"), "The shipped strategy"))]
    assert shown == [f"`{one.path}`" for one in settings(FairValueParams)]


def test_the_environments_are_those_of_the_hosts() -> None:
    owners = {"local": Owner.LOOPBACK, "sandbox": Owner.SANDBOX, "production": Owner.PRODUCTION}
    listed = {cells[0].strip("`"): cells[1] for cells in rows(section(page("configuration"), "At the top"))}
    for environment, owner in owners.items():
        for host in re.findall(r"`([^`]+)`", listed[environment]):
            assert owner_of(host) is owner, host


def guards() -> dict[str, dict[str, str]]:
    """Each guard of the page with its four or five points, with single spaces."""
    found = re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", page("guards"), re.MULTILINE | re.DOTALL)
    return {
        name: {
            point: " ".join(says.split())
            for point, says in re.findall(r"^- (\w[\w ]*): (.*?)(?=^- |\Z)", text, re.MULTILINE | re.DOTALL)
        }
        for name, text in found
    }


def test_the_guards_are_those_of_the_code_in_their_order() -> None:
    assert list(guards()) == [guard.name for guard in GUARDS]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: str(guard.name))
def test_each_guard_has_scope_trigger_reason_effect_and_lifting_rule(guard) -> None:
    points = guards()[guard.name]
    assert list(points) == ["Scope", "Holds", "Why", "Does", "Lifted when"]
    assert all(points.values())
    assert points["Scope"] == guard.scope
    assert points["Lifted when"] == guard.lifts or points["Lifted when"].startswith(f"{guard.lifts}. ")


def test_each_guard_is_under_the_heading_of_its_scope() -> None:
    for scope, heading in (("account", "Of the account"), ("sport event", "Of a sport event"), ("line", "Of a line")):
        names = re.findall(r"^### `(\w+)`", section(page("guards"), heading), re.MULTILINE)
        assert names == [guard.name for guard in GUARDS if guard.scope == scope]


def test_a_guard_that_cancels_nothing_says_so() -> None:
    for name in PAUSING:
        assert f"[`{name}`](#{name})" in page("guards").split("## Of the account")[0]
        assert "Open wagers stay" in guards()[name]["Does"]


def busy() -> Metrics:
    """Metrics with at least one value each."""
    metrics = Metrics([guard.name for guard in GUARDS])
    scopes = tuple(ScopeStatus("line", "x", 1, 1, 1, 1, 1) for _ in range(1))
    status = EngineStatus(
        now=SECOND,
        phase="ready",
        quoting=True,
        latched=None,
        feed_up=True,
        feed_age_s=1.0,
        balance=1,
        locked=1,
        sport_events=(),
        scopes=scopes,
        guards=(),
        matches=(),
        counts=Counts(1, 1, 1, 1, 1, 1, 1, 1, 1),
        profit=ProfitStatus(realised=1, commission=1, marked=1, today=1),
        clear=False,
        clock_behind_s=1.0,
        audit_age_s=1.0,
        equity=1,
    )
    metrics.observe(
        lambda: status,
        differences=lambda: {"missing": 1},
        taken_or_pulled=lambda: {"taken": 1},
        audited=lambda: {"wager": 1},
    )
    metrics.request("place_many", "ok", SECOND)
    metrics.tick_to_wire(1)
    metrics.match_to_wire(1)
    metrics.undecodable("json")
    metrics.malformed("markets")
    metrics.alert(Alert(Severity.INFO, "life.clear", {"cause": "kill", "seconds": 1.5}))
    return metrics


def test_the_metrics_are_those_of_the_code_with_kind_and_labels() -> None:
    in_code = {
        f"{family.name}_total" if family.type == "counter" else family.name: (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(busy().render().decode())
    }
    listed = rows(page("metrics"))
    shown = {cells[0].strip("`"): (cells[1], set(filter(None, cells[2].split(", ")))) for cells in listed}
    assert shown == in_code
    assert len(listed) == len(shown), "a metric stands twice"
    assert all(len(cells) == 4 and cells[3] for cells in listed)


def test_the_outcomes_of_a_failed_call_are_those_of_the_code() -> None:
    words = {
        Failure.REJECTED: "rejected",
        Failure.RETRYABLE: "retryable",
        Failure.UNKNOWN: "unknown",
        Failure.BUG: "our bug",
    }
    assert set(words) == set(Failure)
    assert [cells[0] for cells in rows(section(page("recovery"), "Four outcomes"))] == list(words.values())


def test_every_code_and_every_status_is_listed_once() -> None:
    listed = re.findall(
        r"`(\w+)`", "".join(cells[3] for cells in rows(section(page("recovery"), "What each code means")))
    )
    assert sorted(listed) == sorted([*dialect_of("legacy").errors.codes, *map(str, STATUSES)])


def test_the_steps_of_life_are_those_of_the_code_in_their_order() -> None:
    steps = [cells[0].strip("`") for cells in rows(section(page("recovery"), "The order of life"))]
    assert steps == [step.value for step in Step]


def test_the_files_of_the_state_directory_are_those_of_the_code() -> None:
    files = {cells[0].strip("`") for cells in rows(section(page("recovery"), "A restart"))}
    assert files == {
        LOCK_FILE,
        LATCH_FILE,
        JOURNAL_FILE,
        TOKEN_FILE,
        HEARTBEAT_FILE,
        WATCHDOG_LOCK_FILE,
        WATCHDOG_TOKEN_FILE,
    }


def test_the_exit_codes_are_those_of_the_code() -> None:
    codes = [int(cells[0]) for cells in rows(section(page("operations"), "Running"))]
    assert codes == sorted((STOPPED, FAULT, NOT_STARTED, NOT_CLEAR))


def test_the_picture_of_the_house_shows_the_rooms_in_the_order_that_the_import_rules_hold() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(rule["layers"] for rule in rules if rule["type"] == "layers")
    wanted = [room.strip().removeprefix("mmbot.") for layer in layers for room in layer.split("|")]
    drawn = re.findall(r">(\w+)(?:/|\.py)<", (DOCS / "images" / "house.svg").read_text())
    assert drawn == wanted


@pytest.mark.parametrize("script", ["house"])
def test_the_pictures_are_what_their_script_draws(script: str, tmp_path: Path) -> None:
    (tmp_path / f"{script}.py").write_text((DOCS / "images" / f"{script}.py").read_text())
    subprocess.run([sys.executable, str(tmp_path / f"{script}.py")], check=True, timeout=60)
    for picture in tmp_path.glob("*.svg"):
        assert picture.read_text() == (DOCS / "images" / picture.name).read_text(), picture.name


def test_every_district_and_root_file_of_the_engine_stands_in_the_page_on_architecture() -> None:
    listed = section(page("architecture"), "Inside the engine")
    engine = ROOT / "mmbot" / "engine"
    files = {file.name for file in engine.glob("[!_]*.py")}
    districts = {file.parent.name + "/" for file in engine.glob("*/__init__.py")}
    assert set(re.findall(r"^\| ((?:`[\w./]+`(?:, )?)+)", listed, re.M)) != set()
    first = {name for row in re.findall(r"^\| (`[^|]+) \|", listed, re.M) for name in re.findall(r"`([\w./]+)`", row)}
    assert files | districts <= first
    assert all((engine / name).exists() for name in first if "mmbot" not in name)
