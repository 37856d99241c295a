"""The compose file opens nothing to the network, gives the daemon time to stop, and separates the accounts."""

import asyncio
import shutil
import subprocess
import sys

import msgspec
import pytest
from container_files import CONFIG, ROOT, compose, seconds_of, words

from mmbot.config import load
from mmbot.config.hosts import is_loopback
from mmbot.exchange.credentials import ACCESS_KEY, SECRET_KEY
from mmbot.simulator.command_line import parse
from mmbot.simulator.serve import PORT
from mmbot.simulator.wire.local_exchange import LocalSettings
from mmbot.strategy.loader import check

DAEMONS = ("mmbot", "mmbot-local")
WATCHDOGS = {"mmbot": "watchdog", "mmbot-local": "watchdog-local"}
OURS = (*DAEMONS, *WATCHDOGS.values(), "exchange")

ANSWERS_S = 10
"""What a stop waits for besides the proof: answers that are under way, the feed's close, the journal."""


def _engineless():
    """A compose that judges a file without an engine."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    old = shutil.which("docker-compose")
    return [old] if old else None


COMPOSE = _engineless()


@pytest.mark.skipif(COMPOSE is None, reason="neither docker compose nor docker-compose is installed")
def test_compose_takes_the_file():
    profiles = {profile for service in compose()["services"].values() for profile in service.get("profiles", [])}
    assert profiles == {"local", "grafana"}
    chosen = [word for profile in sorted(profiles) for word in ("--profile", profile)]
    done = subprocess.run([*COMPOSE, *chosen, "config", "--services"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == set(compose()["services"])


@pytest.mark.parametrize("name", OURS)
def test_our_own_containers_are_given_nothing_that_they_do_not_need(name):
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert "privileged" not in service
    assert "cap_add" not in service


def test_every_port_is_published_to_this_machine_alone():
    published = [port for service in compose()["services"].values() for port in service.get("ports", [])]
    assert len(published) >= 5
    assert [port for port in published if not is_loopback(str(port).rsplit(":", 2)[0])] == []


@pytest.mark.parametrize("name", DAEMONS)
def test_a_daemon_reads_its_settings_and_strategies_and_writes_its_state_only(name):
    service = compose()["services"][name]
    mounts = {inside: (outside, *mode) for outside, inside, *mode in (text.split(":") for text in service["volumes"])}
    assert mounts["/config"] == ("./config", "ro")
    assert mounts["/app/strategies"] == ("./strategies", "ro")
    written = [inside for inside, (_, *mode) in mounts.items() if mode != ["ro"]]
    assert written == [_config(service).state_dir]


def test_two_daemons_share_no_state_and_a_volume_keeps_its_name_where_the_folder_loses_it():
    services = compose()["services"]
    volumes = compose()["volumes"]
    used = [_state_volume(services[name], _config(services[name]).state_dir) for name in DAEMONS]
    assert len(set(used)) == len(DAEMONS)
    assert [volumes[name]["name"] for name in used] == ["mmbot-state", "mmbot-state-local"]


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_stop_is_given_more_time_than_any_shipped_settings_take(path):
    # Clearing may take the whole deadline, and if the engine breaks at its end, once more without it.
    config = load(path)
    longest = 2 * config.stop.deadline_s + 2 * config.exchange.change_timeout_s + ANSWERS_S
    for name in DAEMONS:
        service = compose()["services"][name]
        assert seconds_of(service["stop_grace_period"]) > longest
        assert service["stop_signal"] == "SIGTERM"


def test_a_daemon_comes_back_whatever_ended_it_but_a_stop():
    # What it left at the exchange is cancelled by its next start, so there has to be one.
    assert {compose()["services"][name]["restart"] for name in DAEMONS} == {"unless-stopped"}


@pytest.mark.parametrize("name", DAEMONS)
def test_a_watchdog_has_the_settings_the_keys_and_the_state_of_its_daemon_and_outlives_it(name):
    services = compose()["services"]
    daemon, watchdog = services[name], services[WATCHDOGS[name]]
    assert words(watchdog["command"])[0] == "watchdog"
    assert words(watchdog["command"])[1:] == words(daemon["command"])[1:]
    assert watchdog["environment"] == daemon["environment"]
    inside = _config(daemon).state_dir
    assert _state_volume(watchdog, inside) == _state_volume(daemon, inside)
    assert watchdog.get("network_mode") == daemon.get("network_mode")
    assert watchdog.get("profiles") == daemon.get("profiles")
    assert WATCHDOGS[name] in daemon["depends_on"]  # compose stops a service before what it depends on
    assert watchdog["restart"] == "unless-stopped"
    assert watchdog["healthcheck"] == {"disable": True}


def test_keys_are_passed_on_and_stand_nowhere():
    assert compose()["services"]["mmbot"]["environment"] == [ACCESS_KEY, SECRET_KEY]


def test_real_keys_never_reach_the_local_exchange():
    services = compose()["services"]
    assert "environment" not in services["exchange"]
    local = LocalSettings()
    assert services["mmbot-local"]["environment"] == {ACCESS_KEY: local.access_key, SECRET_KEY: local.secret_key}


def test_the_local_daemon_reaches_its_exchange_by_loopback_and_is_stopped_before_it():
    services = compose()["services"]
    daemon, exchange = services["mmbot-local"], services["exchange"]
    assert daemon["profiles"] == exchange["profiles"] == ["local"]
    assert daemon["network_mode"] == "service:exchange"
    assert daemon["depends_on"]["exchange"] == {"condition": "service_healthy"}
    assert "ports" not in daemon  # they have to be the exchange's, whose network it is
    config = _config(daemon)
    assert config.environment == "local"
    assert config.exchange.base_url == f"http://127.0.0.1:{PORT}/partner"
    inside = {int(port.rsplit(":", 1)[1]) for port in exchange["ports"]}
    assert inside == {PORT, config.telemetry.port}


def test_a_real_daemon_does_not_depend_on_a_local_exchange():
    real = compose()["services"]["mmbot"]
    assert "profiles" not in real
    assert real["depends_on"] == ["watchdog"]
    assert "network_mode" not in real


def test_the_referee_is_told_the_limits_that_the_local_daemon_keeps():
    services = compose()["services"]
    kind, *arguments = words(services["exchange"]["command"])
    assert kind == "exchange"
    limits = _config(services["mmbot-local"]).limits
    told = parse(arguments).limits
    kept = {
        "line": limits.line,
        "market": limits.market,
        "sport_event": limits.event,
        "tournament": limits.tournament,
        "account": limits.account,
    }
    assert told == {scope: round(dollars * 100) for scope, dollars in kept.items()}


@pytest.mark.parametrize(("name", "model"), [("container-sandbox", "sandbox"), ("container-local", "demo")])
def test_the_settings_in_a_container_differ_in_two_places_only(name, model):
    path = CONFIG / f"{name}.yaml"
    lines, code = check(path, ROOT)
    assert (code, lines[0]) == (0, f"{path}: valid")
    change = msgspec.structs.replace
    config, other = load(path), load(CONFIG / f"{model}.yaml")
    assert config.telemetry.host == "0.0.0.0"
    assert config.state_dir == "/var/lib/mmbot"
    same = change(config, state_dir=other.state_dir, telemetry=change(config.telemetry, host=other.telemetry.host))
    assert same == other


async def test_the_exchange_is_called_healthy_when_it_answers(unused_tcp_port):
    command = compose()["services"]["exchange"]["healthcheck"]["test"]
    assert command[:2] == ["CMD", "python"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mmbot", "exchange", "--port", str(unused_tcp_port), stdout=asyncio.subprocess.PIPE
    )
    try:
        ready = await asyncio.wait_for(process.stdout.readline(), 60)
        assert b"base_url" in ready
        assert await _asked(command[2:], unused_tcp_port) == 0
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 60) == 0
    assert await _asked(command[2:], unused_tcp_port) == 1


async def _asked(command, port):
    asked = [word.replace(str(PORT), str(port)) for word in command]
    process = await asyncio.create_subprocess_exec(sys.executable, *asked, stderr=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 30)


def _config(service):
    """The settings that a service is started with, by default."""
    named = words(service["command"])[2].removeprefix("/config/")
    if named.startswith("${"):
        named = named.removesuffix("}").partition(":-")[2]
    return load(CONFIG / named)


def _state_volume(service, inside):
    (volume,) = [text.split(":")[0] for text in service["volumes"] if text.split(":")[1] == inside]
    return volume
