"""A start that is not possible reports why, exits with code 2, and leaves running daemons alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from e2e_house import House
from e2e_processes import KEYS, ask, mmbot, wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=1) as house:
        house.quoting()
        yield house


def rejected(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Assert that the daemon ended with 2, and that its output has these words."""
    said = done.stdout + done.stderr
    assert done.returncode == 2, (done.returncode, said)
    assert "Traceback" not in said, said
    for word in words:
        assert word in said, said
    for secret in KEYS.values():
        assert secret not in said


def written(house: House, name: str, **changes: object) -> Path:
    """Settings of another daemon against the same exchange, with a state directory of its own."""
    file = house.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(house.settings(**{"state_dir": f"state-{name}"} | changes)))
    return file


def test_a_second_daemon_on_one_state_directory_is_rejected_and_the_first_goes_on(house: House) -> None:
    first = house.quoting()
    placed = house.exchange.referee()["placed"]
    rejected(mmbot("run", "-c", house.config), "in use", str(first.process.pid))
    assert first.process.poll() is None
    wait_for("the first still placing", lambda: house.exchange.referee()["placed"] > placed, watch=first)
    house.agree(first)
    house.judged()


def test_a_port_in_use_is_named_before_anything_is_sent(house: House) -> None:
    taken = int(house.quoting().door.rpartition(":")[2])
    before = house.exchange.requests("login")
    file = written(house, "port", telemetry={"port": taken})
    rejected(mmbot("run", "-c", file), str(taken), "telemetry.port")
    assert house.exchange.requests("login") == before
    house.judged()


def test_the_exchange_rejects_a_port_in_use(house: House) -> None:
    port = house.exchange.url.rpartition(":")[2]
    rejected(mmbot("exchange", "--port", port), port, "--port")
    house.judged()


def test_wrong_keys(house: House) -> None:
    daemon = house.quoting()
    wrong = {"PROPHETX_ACCESS_KEY": "no-such-key-4711", "PROPHETX_SECRET_KEY": "no-such-secret-0815"}
    done = mmbot("run", "-c", written(house, "keys"), keys=wrong)
    rejected(done, "login_rejected", "check PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY for environment local")
    for secret in wrong.values():
        assert secret not in done.stdout + done.stderr
    house.until_quoting(daemon)
    house.judged()


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({}, ("PROPHETX_ACCESS_KEY", "PROPHETX_SECRET_KEY")),
        ({"PROPHETX_ACCESS_KEY": KEYS["PROPHETX_ACCESS_KEY"]}, ("PROPHETX_SECRET_KEY",)),
    ],
    ids=["none", "half"],
)
def test_missing_keys(house: House, keys: Mapping[str, str], named: tuple[str, ...]) -> None:
    rejected(mmbot("run", "-c", written(house, "no-keys"), keys=keys), *named)
    house.judged()


def test_settings_that_cannot_be_are_listed_with_file_line_and_the_nearest_key(house: House) -> None:
    file = written(house, "bad", limits={"lien": 500, "soft": 0.9, "hedge": 0.5}, exchange={"requests_per_second": 99})
    for command in ("run", "check"):
        done = mmbot(command, "-c", file)
        rejected(done, "bad.yaml:", "lien", "line", "requests_per_second")
    house.judged()


def test_settings_of_another_world_are_rejected(house: House) -> None:
    file = written(house, "world", environment="production")
    rejected(mmbot("run", "-c", file), "environment", "production")
    house.judged()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"strategy": "strategies.fair_value:NoSuchMaker"}, ("NoSuchMaker",)),
        ({"params": {"margin": "much"}}, ("margin",)),
        ({"params": {"margni": 0.01}}, ("margni", "margin")),
    ],
    ids=["class", "type", "key"],
)
def test_a_strategy_that_cannot_be(house: House, change: dict[str, object], words: tuple[str, ...]) -> None:
    rule = house.settings()["quoting"][0] | change
    rejected(mmbot("run", "-c", written(house, "strategy", quoting=[rule])), *words)
    house.judged()


def test_a_missing_file(house: House) -> None:
    rejected(mmbot("run", "-c", house.folder / "nothing.yaml"), "nothing.yaml")
    rejected(mmbot("exchange", "--port", "0", "--tape", house.folder / "nothing.jsonl.gz"), "nothing.jsonl.gz")
    house.judged()


def test_commands_find_no_daemon_and_say_where_they_looked(house: House) -> None:
    file = written(house, "nobody")
    for command in ("status", "why"):
        rejected(mmbot(command, "-c", file), "state-nobody")
    done = mmbot("resume", "-c", file)
    assert done.returncode == 0
    assert "no daemon runs" in done.stdout
    house.judged()


def test_status_is_told_to_whoever_asks(house: House) -> None:
    daemon = house.quoting()
    done = mmbot("status", "-c", house.config)
    assert done.returncode == 0, done
    assert "Herons" in done.stdout
    assert ask("POST", f"{daemon.door}/kill", {})[0] == 403  # a page in a browser cannot send that header
    assert daemon.status().latched is None
    house.judged()
