"""The steps of docs/container.md work."""

import re
import subprocess

import msgspec
from container_files import CONFIG, ROOT, compose

from mmbot.config import load

TEXT = (ROOT / "docs" / "container.md").read_text(encoding="utf-8")


def test_the_command_makes_settings_for_a_container_of_those_for_production(tmp_path):
    (command,) = re.findall(r"^    (sed .*) > config/container-production\.yaml$", TEXT, re.MULTILINE)
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    (tmp_path / "made.yaml").write_text(done.stdout, encoding="utf-8")
    made, source = load(tmp_path / "made.yaml"), load(CONFIG / "production.yaml")
    assert made.state_dir == "/var/lib/mmbot"
    assert made.telemetry.host == "0.0.0.0"
    change = msgspec.structs.replace
    telemetry = change(made.telemetry, host=source.telemetry.host)
    assert change(made, state_dir=source.state_dir, telemetry=telemetry) == source


def test_every_service_and_file_that_is_named_exists():
    services = set(compose()["services"])
    named = set(re.findall(r"docker compose (?:exec|stop|logs -f) ([a-z-]+)", TEXT))
    assert named
    assert named <= services
    made = {"container-production.yaml"}
    files = set(re.findall(r"/config/([a-z-]+\.yaml)", TEXT)) - made
    assert files
    assert all((CONFIG / name).is_file() for name in files)
    links = re.findall(r"\]\(([^)#]+)", TEXT)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_grace_period_that_it_names_is_that_of_the_compose_file():
    grace = compose()["services"]["mmbot"]["stop_grace_period"].removesuffix("s")
    assert f"`stop_grace_period` is {grace} s" in TEXT
    assert f"docker stop --time {grace}" in TEXT
    assert f"--stop-timeout {grace}" in TEXT
