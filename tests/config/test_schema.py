"""The schema that `mmbot schema` prints, judged by a validator that is not ours: it takes what we take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator

from mmbot.cli import main
from mmbot.config import Config
from mmbot.config.schema import Setting, json_schema, settings
from mmbot.config.validation import mismatches
from strategies.fair_value import FairValueParams

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "config").glob("*.yaml"))
SHIPPED_STRATEGY = "strategies.fair_value:FairValueMaker"
MINIMAL = {"environment": "local", "exchange": {"base_url": "http://127.0.0.1:9000/partner"}}
SCHEMA = json_schema({SHIPPED_STRATEGY: FairValueParams})
# No 2.0 among them: JSON knows one kind of number, and we reject a fraction where a whole number is wanted.
JUNK = (None, True, -1, 0, 1, 0.5, 1.5, 51, 10**12, "", "x", "aiohttp", [], [1], ["x"], [1, 2], [1, 2, 3], {}, {"x": 1})


def valid(values: Any, schema: dict[str, Any] = SCHEMA) -> bool:
    return bool(Draft202012Validator(schema).is_valid(values))


def printed(*arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["schema", *arguments]) == 0
    schema: dict[str, Any] = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.name))
def test_the_shipped_files_validate_with_the_params_of_their_strategies(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    values = yaml.safe_load(file.read_text())
    for schema in (printed(capsys=capsys), printed("-c", str(file), capsys=capsys)):
        assert [error.message for error in Draft202012Validator(schema).iter_errors(values)] == []


def test_the_schema_of_a_file_judges_the_params_of_the_strategies_that_it_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    values = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    values["quoting"][0]["params"]["margn"] = 0.01
    assert valid(values, printed(capsys=capsys))
    assert not valid(values, printed("-c", "config/demo.yaml", capsys=capsys))


def test_a_file_that_is_wrong_gives_no_schema_but_its_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("environment: local\n")
    assert main(["schema", "-c", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "exchange: is missing" in said.err


def put(path: str, value: Any) -> dict[str, Any]:
    """The smallest settings with one value put at a path."""
    values: dict[str, Any] = json.loads(json.dumps(MINIMAL))
    place: dict[str, Any] = values
    *parents, last = path.split(".")
    for step in parents:
        if step.endswith("[]"):
            place = place.setdefault(step[:-2], [{"strategy": "a:B"}])[0]
        else:
            place = place.setdefault(step, {})
    if "clock" in parents:
        place.update({"anchor_ns": 1, "epoch_ns": 1, "rate": 1.0})
    place[last] = value
    return values


@pytest.mark.parametrize("setting", list(settings()), ids=lambda setting: str(setting.path))
def test_the_schema_takes_of_every_setting_what_the_bot_takes(setting: Setting) -> None:
    for junk in JUNK:
        values = put(setting.path, junk)
        assert valid(values) == (not mismatches(Config, values)), junk


def test_an_unknown_key_is_rejected_at_every_depth() -> None:
    for part in ("", "exchange.", "quoting[].", "quoting[].match.", "quoting[].limits.", "limits.", "guards.", "stop."):
        assert not valid(put(f"{part}zzz", 1)), part


def test_what_is_required_is_required() -> None:
    for key in MINIMAL:
        assert not valid({name: value for name, value in MINIMAL.items() if name != key})


def test_every_setting_says_what_it_means_and_the_schema_says_it_too() -> None:
    said = json.dumps(SCHEMA)
    for setting in settings():
        assert setting.meaning, setting.path
        assert json.dumps(setting.meaning)[1:-1] in said, setting.path


def test_a_strategy_without_params_takes_none_and_another_is_not_judged() -> None:
    schema = json_schema({"a:B": None})

    def rule(name: str, params: dict[str, Any]) -> dict[str, Any]:
        return {**MINIMAL, "quoting": [{"strategy": name, "params": params}]}

    assert valid(rule("a:B", {}), schema)
    assert not valid(rule("a:B", {"x": 1}), schema)
    assert valid(rule("c:D", {"x": 1}), schema)


def test_two_strategies_whose_params_share_a_name_are_told_apart() -> None:
    one = msgspec.defstruct("Params", [("size", int)], module="one", forbid_unknown_fields=True)
    other = msgspec.defstruct("Params", [("width", int)], module="other", forbid_unknown_fields=True)
    schema = json_schema({"one:A": one, "other:A": other})
    for name, params, fits in (("one:A", {"size": 1}, True), ("other:A", {"size": 1}, False)):
        assert valid({**MINIMAL, "quoting": [{"strategy": name, "params": params}]}, schema) is fits
