"""The settings files that are shipped: valid, complete, and each for its own exchange."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from mmbot.config import ClockConfig, Config, load
from mmbot.config.hosts import PRODUCTION_URL, SANDBOX_URL, is_loopback
from mmbot.strategy.loader import check
from strategies.fair_value import FairValueParams

FOLDER = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize("name", ["demo", "sandbox", "production"])
def test_a_shipped_file_is_valid_with_its_strategies(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    lines, code = check(path, FOLDER.parent)
    assert code == 0
    assert lines[0] == f"{path}: valid"
    assert [line for line in lines if line.startswith("note")] == []


def test_each_file_speaks_to_its_own_exchange_and_keeps_its_own_journal() -> None:
    demo, sandbox, production = (load(FOLDER / f"{name}.yaml") for name in ("demo", "sandbox", "production"))
    assert demo.environment == "local"
    assert demo.exchange.base_url == "http://127.0.0.1:9000/partner"
    assert sandbox.exchange.base_url == SANDBOX_URL
    assert production.exchange.base_url == PRODUCTION_URL
    assert len({demo.state_dir, sandbox.state_dir, production.state_dir}) == 3
    assert all(is_loopback(config.telemetry.host) for config in (demo, sandbox, production))


def test_production_risks_less_than_the_sandbox_in_every_scope() -> None:
    sandbox, production = load(FOLDER / "sandbox.yaml"), load(FOLDER / "production.yaml")
    for name in ("line", "market", "event", "tournament", "account", "daily_loss", "stake", "open_wagers"):
        assert getattr(production.limits, name) < getattr(sandbox.limits, name), name


def test_the_sandbox_file_explains_every_setting_and_shows_the_defaults_of_limits_and_guards() -> None:
    values = yaml.safe_load((FOLDER / "sandbox.yaml").read_text(encoding="utf-8"))
    missing = [path for path in _keys(Config) if not _has(values, path.split("."))]
    assert missing == ["exchange.clock"]
    rule = values["quoting"][0]
    assert set(rule) == {"match", "strategy", "params", "limits"}
    assert set(rule["match"]) == set(_keys(type(load(FOLDER / "sandbox.yaml").quoting[0].match)))
    assert set(rule["params"]) == set(_keys(FairValueParams))
    fresh = msgspec.convert({"environment": "sandbox", "exchange": {"base_url": SANDBOX_URL}}, Config)
    shown = load(FOLDER / "sandbox.yaml")
    for section in ("exchange", "limits", "guards", "prices", "stop", "telemetry"):
        assert getattr(shown, section) == getattr(fresh, section), section


def _keys(shape: type[msgspec.Struct], prefix: str = "") -> list[str]:
    names: list[str] = []
    for field in msgspec.structs.fields(shape):
        name = f"{prefix}{field.name}"
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct) and field.type is not ClockConfig:
            names += _keys(field.type, name + ".")
        else:
            names.append(name)
    return names


def _has(values: Any, path: list[str]) -> bool:
    return not path or (isinstance(values, dict) and path[0] in values and _has(values[path[0]], path[1:]))
