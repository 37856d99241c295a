"""The commands: their arguments, their calls, and their messages on failure."""

import re
import signal
import subprocess
import sys

import msgspec
import pytest

from mmbot import __version__, cli, domain
from mmbot.cli import main
from mmbot.operate.arguments import NEXT_STEPS
from mmbot.store.heartbeat import HeartbeatFile

SETTINGS = """
environment: local
exchange: {base_url: "http://127.0.0.1:1/partner"}
telemetry: {port: 0}
"""


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text(SETTINGS)
    return file


def program(*arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "mmbot", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": "/usr/bin:/bin"} | environ,
        check=False,
    )


def test_every_command_of_the_outward_names_exists(capsys):
    for command in ("run", "demo", "exchange", "check", "status", "why", "kill", "resume"):
        if command != "exchange":
            with pytest.raises(SystemExit) as ended:
                main([command, "--help"])
            assert ended.value.code == 0
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(command in text for command in ("run", "demo", "exchange", "check", "status", "why", "kill", "resume"))


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    core = "compiled" if domain.COMPILED else "not compiled"
    assert capsys.readouterr().out == f"mmbot {__version__} (core {core})\n"


@pytest.mark.parametrize("arguments", [[], ["dance"], ["run"], ["check"], ["status", "--wrong"], ["kill", "-c"]])
def test_wrong_arguments_are_rejected(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_arguments_of_exchange_go_to_the_exchange(monkeypatch):
    given = []
    monkeypatch.setattr("mmbot.simulator.command_line.main", lambda rest: given.append(rest) or 0)
    assert main(["exchange", "--port", "0", "--speed", "20", "-h"]) == 0
    assert given == [["--port", "0", "--speed", "20", "-h"]]


def test_check_says_valid_or_what_is_wrong(settings, tmp_path, capsys):
    assert main(["check", "-c", str(settings)]) == 0
    assert capsys.readouterr().out == f"{settings}: valid\nstate directory: {tmp_path / 'var'}\n"
    bad = tmp_path / "bad.yaml"
    bad.write_text(SETTINGS + "limts: {line: 3}\n")
    assert main(["check", "-c", str(bad)]) == 2
    assert "limits" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["run", "status", "why", "kill", "resume"])
def test_malformed_settings_are_rejected_with_their_line(command, tmp_path, capsys):
    bad = tmp_path / "bad.yaml"
    bad.write_text(SETTINGS + "limts: {line: 3}\n")
    assert main([command, "-c", str(bad)]) == 2
    assert f"{bad}:5" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "why", "kill", "resume"])
def test_a_question_without_a_daemon_says_where_it_looked(command, capsys):
    assert main([command, "--url", "http://127.0.0.1:1"]) == 2
    assert "http://127.0.0.1:1" in capsys.readouterr().err


def test_a_live_view_without_a_daemon_says_where_it_waits(monkeypatch, capsys):
    def stop(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("mmbot.screen.live.time.sleep", stop)
    assert main(["status", "--watch", "--url", "http://127.0.0.1:1"]) == 0
    assert "waiting: no daemon answers at http://127.0.0.1:1" in capsys.readouterr().out


def test_run_without_credentials_names_them_and_sends_nothing(settings, tmp_path):
    ended = program("run", "-c", settings)
    assert ended.returncode == 2
    assert "PROPHETX_ACCESS_KEY" in ended.stderr
    assert "PROPHETX_SECRET_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_kill_without_a_daemon_sets_the_kill_switch_although_the_exchange_is_unreachable(settings, tmp_path):
    quick = settings.with_name("quick.yaml")
    soon = SETTINGS.replace('partner"}', 'partner", login_cooldown_s: 0.5}')
    quick.write_text(soon + "stop: {deadline_s: 0.5}\n")
    keys = {"PROPHETX_ACCESS_KEY": "access-of-the-test", "PROPHETX_SECRET_KEY": "secret-of-the-test"}
    ended = program("kill", "-c", quick, "--reason", "drill", "--wait", "0.5", PYTHONPATH="", **keys)
    assert ended.returncode == 3
    assert "NOTHING WAS CANCELLED" in ended.stdout
    assert "secret-of-the-test" not in ended.stdout + ended.stderr
    assert msgspec.json.decode((tmp_path / "var" / "latch.json").read_bytes())["reason"] == "drill"
    assert program("resume", "-c", quick).returncode == 0
    assert not (tmp_path / "var" / "latch.json").exists()


def test_an_interrupted_kill_without_a_daemon_says_that_nothing_is_proved(settings):
    keys = {"PROPHETX_ACCESS_KEY": "access-of-the-test", "PROPHETX_SECRET_KEY": "secret-of-the-test"}
    with subprocess.Popen(
        [sys.executable, "-m", "mmbot", "kill", "-c", str(settings), "--reason", "drill"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"} | keys,
    ) as process:
        said = ""
        while "no answer" not in said and "cancelling" not in said:
            said = process.stdout.readline()
            assert said, process.stderr.read()
        process.send_signal(signal.SIGINT)
        try:
            rest, errors = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # Python loses an interrupt that comes while it finalises an object
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "interrupted: not proved clear" in rest
    assert "Traceback" not in errors


def test_status_and_why_are_written_for_a_person_or_as_json(monkeypatch, capsys):
    from mmbot.engine.status import Counts, EngineStatus, LineCounts, ProfitStatus

    status = EngineStatus(
        now=1_800_000_000_000_000_000,
        phase="ready",
        quoting=True,
        latched=None,
        feed_up=True,
        feed_age_s=1.0,
        balance=5_000,
        locked=0,
        sport_events=(),
        scopes=(),
        guards=(),
        matches=(),
        counts=Counts(0, 0, 0, 0, 0, 0, 0, 0, 0),
        profit=ProfitStatus(0, 0, 0, 0),
        clear=False,
    )
    status = msgspec.structs.replace(status, may_quote=True, lines=LineCounts(2, 2, None))
    monkeypatch.setattr("mmbot.daemon.operate.fetch", lambda door: status if door == cli.DOOR else None)
    assert main(["status"]) == 0
    assert "quoting 2 of 2 lines, kill switch off" in capsys.readouterr().out
    assert main(["status", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=EngineStatus) == status
    assert main(["why"]) == 0
    assert "No listed market matches" in capsys.readouterr().out


def test_a_closed_output_pipe_is_no_error(settings):
    ended = subprocess.run(
        f"{sys.executable} -m mmbot check -c {settings} | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in ended.stderr


def test_the_commands_import_nothing_before_they_are_called():
    code = (
        "import sys; import mmbot.cli, mmbot.operate.arguments; mmbot.operate.arguments.parser();"
        "print([name for name in ('aiohttp', 'asyncio', 'msgspec', 'sqlite3', 'yaml', 'rich', 'structlog')"
        " if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert shown.stdout == "[]\n"


@pytest.mark.parametrize("name", sorted(NEXT_STEPS))
def test_the_help_of_a_command_shows_an_example(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    text = capsys.readouterr().out
    assert f"  mmbot {name} " in text.partition("\nexample")[2]


def test_the_help_says_what_to_do_first_and_every_command_has_an_example(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert "first steps:\n  mmbot demo " in text
    listed = set(re.findall(r"^    (\w+)  ", text, re.MULTILINE))
    assert listed - set(NEXT_STEPS) == {"exchange", "replay"}


@pytest.mark.parametrize("command", ["status", "why"])
def test_without_a_daemon_it_says_that_the_run_before_may_have_left_wagers(command, settings, tmp_path, capsys):
    (tmp_path / "var").mkdir()
    with HeartbeatFile(tmp_path / "var") as heartbeat:
        heartbeat.begin("7abcde", 1, 1_800_000_000 * 10**9, 0)
        assert main([command, "-c", str(settings)]) == 2
        said = capsys.readouterr().err
        assert "run 7abcde did not end in order (last sign of life at 2027-01-15 08:00:00Z)" in said
        assert "run mmbot kill -c FILE now" in said
        heartbeat.end()
    assert main([command, "-c", str(settings)]) == 2
    assert "7abcde" not in capsys.readouterr().err
