"""The rules of Prometheus are valid and tested, and use only metrics that exist."""

import json
import re
import shutil
import subprocess

import msgspec
import pytest
import yaml
from container_files import ROOT, compose

from mmbot.engine.risk.guards import GUARDS
from mmbot.engine.status import Counts, EngineStatus, ProfitStatus, ScopeStatus
from mmbot.telemetry.metrics import CLEAR_BUCKETS, SCOPES, Metrics

OPS = ROOT / "ops"
PROMTOOL = shutil.which("promtool")
promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: apt-get install prometheus)")

PARTS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
ITS_OWN = {"up", "ALERTS"}


def run(*arguments):
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False)


def rules():
    groups = yaml.safe_load((OPS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def panels():
    board = json.loads((OPS / "grafana" / "mmbot.json").read_text(encoding="utf-8"))
    return [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]


def exported():
    """The names of all series that a daemon shows."""
    counts = Counts(0, 0, 0, 0, 0, 0, 0, 0, 0)
    scopes = tuple(ScopeStatus(scope, "", 0, 0, 0, 0, 0) for scope in SCOPES)
    status = EngineStatus(
        0, "ready", True, None, True, 0.0, 0, 0, (), scopes, (), (), counts, ProfitStatus(0, 0, 0, 0), True
    )
    status = msgspec.structs.replace(status, clock_behind_s=0.0)
    metrics = Metrics([guard.name for guard in GUARDS])
    metrics.observe(lambda: status)
    types = re.findall(r"^# TYPE (\S+) (\S+)$", metrics.render().decode(), re.MULTILINE)
    return {name + part for name, kind in types for part in PARTS[kind]}


def asked_for(expression):
    """The names of metrics in an expression."""
    bare = re.sub(r'\{__name__=~"([^"]*)"\}', lambda found: found[1].replace("|", " "), expression)
    bare = re.sub(r'"[^"]*"', "", bare)
    return set(re.findall(r"\b(mmbot[:_]\w+|up|ALERTS)\b", bare))


@promtool
def test_prometheus_takes_the_settings_and_the_rules():
    done = run("check", "config", OPS / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


@promtool
def test_the_rules_fire_when_they_should_and_only_then():
    done = run("test", "rules", OPS / "alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@promtool
def test_a_rule_that_is_wrong_fails_its_test(tmp_path):
    broken = (
        (OPS / "alerts.yml")
        .read_text(encoding="utf-8")
        .replace("mmbot_limit_dollars + 0.005", "mmbot_limit_dollars - 1")
    )
    (tmp_path / "alerts.yml").write_text(broken, encoding="utf-8")
    shutil.copy(OPS / "alerts_test.yml", tmp_path)
    assert run("test", "rules", tmp_path / "alerts_test.yml").returncode == 1


def test_every_alert_is_tried():
    tried = (OPS / "alerts_test.yml").read_text(encoding="utf-8")
    assert [name for name in alerts() if name not in tried] == []


@pytest.mark.parametrize("name", sorted(alerts()))
def test_an_alert_says_how_grave_it_is_and_what_it_is_about(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"]
    if rule["labels"]["severity"] == "critical":
        assert rule["annotations"]["todo"]


def test_rules_and_panels_ask_only_for_what_is_there():
    there = exported() | ITS_OWN | {rule["record"] for rule in rules() if "record" in rule}
    expressions = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()] + panels()
    assert len(expressions) > 30
    for name, expression in expressions:
        assert asked_for(expression), name
        assert asked_for(expression) <= there, name


def test_the_labels_that_rules_choose_by_exist():
    text = (OPS / "alerts.yml").read_text(encoding="utf-8")
    guards = {name for names in re.findall(r'guard=~"([^"]*)"', text) for name in names.split("|")}
    assert guards
    assert guards <= {guard.name for guard in GUARDS if guard.scope == "account"}
    assert {float(edge) for edge in re.findall(r'le="([^"]*)"', text)} <= set(CLEAR_BUCKETS)


@promtool
def test_the_panels_expressions_can_be_read(tmp_path):
    made = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, (_, expression) in enumerate(panels())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": made}]}), encoding="utf-8")
    done = run("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_asks_at_the_names_and_ports_of_the_compose_file():
    services = compose()["services"]
    jobs = {job["job_name"]: job for job in yaml.safe_load((OPS / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs["mmbot"]["static_configs"] == [{"targets": ["mmbot:9464"]}]
    assert services["mmbot"]["ports"] == ["127.0.0.1:9464:9464"]
    (local,) = jobs["mmbot-local"]["dns_sd_configs"]
    assert local["names"] == [services["mmbot-local"]["network_mode"].removeprefix("service:")]
    assert local["port"] == 9464
    mounted = [text.split(":")[:2] for text in services["prometheus"]["volumes"] if text.startswith("./")]
    assert mounted == [[f"./ops/{name}", f"/etc/prometheus/{name}"] for name in ("prometheus.yml", "alerts.yml")]
