"""Strategies by name: found, rejected with a clear reason, and checked together with the settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmbot.config import Config, ConfigError, loads
from mmbot.strategy.loader import check, load, open_config
from strategies.fair_value import FairValueMaker

HEAD = "environment: local\nexchange: {base_url: 'http://127.0.0.1:9000/partner'}\n"
SHIPPED = "strategies.fair_value:FairValueMaker"


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    """Remove the modules that a test imported from its folder, also those of a joined package."""
    import strategies

    path, modules, places = list(sys.path), set(sys.modules), list(strategies.__path__)
    yield
    sys.path[:] = path
    strategies.__path__[:] = places
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def rules(*written: tuple[str, dict[str, Any]]) -> Config:
    """Return settings with these rules."""
    config = loads(HEAD)
    built = msgspec.convert([{"strategy": name, "params": params} for name, params in written], type=tuple[Any, ...])
    return msgspec.convert(
        {"environment": config.environment, "exchange": {"base_url": config.exchange.base_url}, "quoting": list(built)},
        Config,
    )


def rejection(base: Path, name: str, params: dict[str, Any] | None = None) -> str:
    """The reason why the strategy of one rule cannot be used."""
    with pytest.raises(ConfigError) as rejected:
        load(rules((name, params or {})), base)
    assert len(rejected.value.problems) == 1, rejected.value
    return str(rejected.value.problems[0])


STRATEGY = """
import msgspec
from mmbot.strategy.interface import Result

class Params(msgspec.Struct, frozen=True):
    edge: float
    name: str = "x"

    def __post_init__(self):
        if self.edge < 0:
            raise ValueError("edge has to be at least 0")

class Mine:
    Params = Params

    def __init__(self, params):
        self.params = params

    def quote(self, view, state):
        return Result({}, state)

class Bare:
    def quote(self, view, state):
        return Result({}, state)

class Silent:
    pass

class Short:
    def quote(self, view):
        return Result({}, None)

class Later:
    async def quote(self, view, state):
        return Result({}, state)

class Stubborn(Bare):
    def __init__(self):
        raise ValueError("not today")

class Odd(Bare):
    Params = dict

class Flat(Bare):
    book_depth = 0

class Deep(Bare):
    book_depth = "all"

number = 7
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder of a user with a module of strategies."""
    (tmp_path / "house.py").write_text(STRATEGY, encoding="utf-8")
    return tmp_path


def test_the_shipped_strategy_is_loaded_with_its_params(tmp_path: Path) -> None:
    (maker,) = load(rules((SHIPPED, {"margin": 0.02})), tmp_path)
    assert isinstance(maker, FairValueMaker)


def test_two_rules_never_share_a_strategy(tmp_path: Path) -> None:
    one, other = load(rules((SHIPPED, {}), (SHIPPED, {})), tmp_path)
    assert one is not other


def test_a_users_own_module_is_found_in_the_base_folder(base: Path) -> None:
    mine, bare = load(rules(("house:Mine", {"edge": 0.1}), ("house:Bare", {})), base)
    assert mine.params.edge == 0.1  # type: ignore[attr-defined]
    assert type(bare).__name__ == "Bare"


def test_a_users_strategies_folder_works_next_to_the_shipped_one(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "mine.py").write_text(STRATEGY, encoding="utf-8")
    mine, shipped = load(rules(("strategies.mine:Bare", {}), (SHIPPED, {})), tmp_path)
    assert type(mine).__module__ == "strategies.mine"
    assert isinstance(shipped, FairValueMaker)


def test_a_module_with_a_taken_name_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(STRATEGY, encoding="utf-8")
    assert "'json' is the name of another module" in rejection(tmp_path, "json:Bare")
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "fair_value.py").write_text(STRATEGY, encoding="utf-8")
    assert "rename" in rejection(tmp_path, SHIPPED)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent:Class", "quoting[0].strategy: there is no module 'absent', neither installed nor in "),
        ("strategies.absent:Class", "there is no module 'strategies.absent'"),
        ("house:Min", "module 'house' has no class 'Min'; did you mean 'Mine'?"),
        ("house:number", "'house:number' is no class"),
        ("house:Silent", "is no strategy: it has no method quote(view, state)"),
        ("house:Short", "cannot be made: TypeError: too many positional arguments"),
        ("house:Later", "has to be a plain function: no async, no yield"),
        ("house:Stubborn", "cannot be made: ValueError: not today (" ),
        ("house:Odd", "Params of 'Odd' has to be a msgspec.Struct"),
        ("house:Flat", "quoting[0].strategy: book_depth of 'Flat' is 0: expected a whole number of levels, 1 or more"),
        ("house:Deep", "book_depth of 'Deep' is 'all': expected a whole number of levels"),
        ("house", "expected module:Class"),
    ],
)  # fmt: skip
def test_an_unusable_strategy_is_rejected_with_the_reason(base: Path, name: str, says: str) -> None:
    assert says in rejection(base, name)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import absent_library\n", "needs 'absent_library', which is not installed"),
        ("x = 1\ny = x +\n", "SyntaxError: invalid syntax ("),
        ("x = 1\ny = nothing\n", "NameError: name 'nothing' is not defined ("),
        ("def f():\n    return {}['a']\nf()\n", "KeyError: 'a' ("),
    ],
)
def test_an_import_error_of_a_strategy_module_is_reported_with_its_line(tmp_path: Path, source: str, says: str) -> None:
    (tmp_path / "breaks_on_import.py").write_text(source, encoding="utf-8")
    found = rejection(tmp_path, "breaks_on_import:Class")
    assert says in found
    line = 1 if "absent" in source else 2
    assert found.endswith(f"({tmp_path / 'breaks_on_import.py'}:{line})")


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "quoting[0].params.edge: is missing; expected a number"),
        ({"edge": "much"}, "quoting[0].params.edge: expected a number, found the text 'much'"),
        ({"edge": -1}, "quoting[0].params: edge has to be at least 0"),
    ],
)
def test_a_strategys_own_struct_judges_its_params(base: Path, params: dict[str, Any], says: str) -> None:
    assert rejection(base, "house:Mine", params) == says


def test_a_misspelt_param_is_rejected_even_if_the_struct_accepts_it(base: Path) -> None:
    found = rejection(base, "house:Mine", {"edge": 1, "nam": "y"})
    assert found == "quoting[0].params.nam: unknown key; did you mean 'name'?"


def test_params_for_a_strategy_that_takes_none_are_rejected(base: Path) -> None:
    assert "quoting[0].params: 'Bare' takes no params" in rejection(base, "house:Bare", {"edge": 1})


def test_every_problem_of_every_rule_is_listed(base: Path) -> None:
    with pytest.raises(ConfigError) as rejected:
        load(rules((SHIPPED, {"margin": 2, "levels": 0}), ("absent:X", {}), ("house:Bare", {})), base)
    assert [problem.place for problem in rejected.value.problems] == [
        "quoting[0].params.margin",
        "quoting[0].params.levels",
        "quoting[1].strategy",
    ]


# --- check --------------------------------------------------------------------------------------------------------


def write(base: Path, text: str) -> Path:
    """Write a file of settings."""
    path = base / "mine.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_check_of_valid_settings_exits_with_0(base: Path) -> None:
    path = write(base, "quoting: [{strategy: 'house:Mine', params: {edge: 0.1}}]\n")
    assert check(path, base) == ([f"{path}: valid", f"state directory: {base / 'var'}"], 0)
    config, strategies = open_config(path, base)
    assert config.quoting[0].strategy == "house:Mine"
    assert len(strategies) == 1


def test_check_mentions_an_unknown_market_type_and_exits_with_0(base: Path) -> None:
    rules = "quoting:\n  - strategy: house:Bare\n    match:\n      type: [moneyline, moneylin, quux]\n"
    lines, code = check(write(base, rules), base)
    assert code == 0
    assert lines[0].endswith(": valid")
    place = f"note: {base / 'mine.yaml'}:"
    assert [line.startswith(place) for line in lines[2:]] == [True, True]
    assert lines[2].endswith("'moneylin' is not a known market type; did you mean 'moneyline'?")
    assert lines[3].endswith("known market type; valid names: moneyline, spread, total, sup_moneyline")


@pytest.mark.parametrize(("name", "values"), [("event", "[7, 8, 7]"), ("tournament", "[1, 2, 1]")])
def test_check_mentions_an_entry_that_stands_twice_in_a_list(base: Path, name: str, values: str) -> None:
    lines, code = check(write(base, f"quoting:\n  - strategy: house:Bare\n    match: {{{name}: {values}}}\n"), base)
    assert code == 0
    assert len(lines) == 3
    assert f"quoting[0].match.{name}[2]: " in lines[2]
    assert "stands in this list already" in lines[2]


def test_check_lists_all_problems_with_their_lines_and_exits_with_2(base: Path) -> None:
    path = write(
        base,
        "quoting:\n  - match: {type: [moneyline]}\n    strategy: house:Mine\n    params:\n      edge: x\n      nme: y\n"
        "  - {strategy: fair_value, match: {event: [1]}}\n  - strategy: absent:X\nlimits: {soft: 2}\n",
    )
    lines, code = check(path, base)
    assert code == 2
    assert [line.removeprefix(f"{path}:").split(": ")[:2] for line in sorted(lines)] == [
        ["10", "quoting[2].strategy"],
        ["11", "limits.soft"],
        ["7", "quoting[0].params.edge"],
        ["8", "quoting[0].params.nme"],
        ["9", "quoting[1].strategy"],
    ]


@pytest.mark.parametrize("quoting", ["quoting: 7\n", "quoting: [7]\n", "quoting: [{params: 7}]\n", "quoting: [[]]\n"])
def test_check_of_malformed_rules_lists_the_problem(base: Path, quoting: str) -> None:
    lines, code = check(write(base, quoting), base)
    assert code == 2
    assert lines


def test_check_of_a_missing_file_says_so(tmp_path: Path) -> None:
    lines, code = check(tmp_path / "absent.yaml", tmp_path)
    assert code == 2
    assert "cannot be read" in lines[0]


def test_check_opens_no_socket(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def reject(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "socket", reject)
    assert check(write(base, "quoting: [{strategy: 'house:Bare'}]\n"), base)[1] == 0
