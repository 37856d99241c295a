"""Commands write what standard output can hold, replace the rest, and do not end when nobody reads it any more."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
from scripted_daemon import status_of

from mmbot.engine.status import EngineStatus, LineStatus, SportEventStatus

NAME = "Šibenik – São Paulo 東京"

SETTINGS = """
environment: local
exchange: {base_url: "http://127.0.0.1:1/partner", login_cooldown_s: 0.5}
stop: {deadline_s: 0.5}
telemetry: {port: 0}
"""

KEYS = {"PROPHETX_ACCESS_KEY": "access-of-the-test", "PROPHETX_SECRET_KEY": "secret-of-the-test"}

ASCII = {"PYTHONIOENCODING": "ascii"}
CP1252 = {"PYTHONIOENCODING": "cp1252"}
C_LOCALE = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.fixture(scope="module")
def door():
    """The address of a server that answers every GET with a status of one sport event, and accepts every POST."""
    line = LineStatus(10, 1, 0, "Moneyline", ("Šibenik", "東京"), ((), ()), None, (), (0, 0), 0, 0, 0, 0, "why – not")
    event = SportEventStatus(10, NAME, "Ligue Française", "not_started", None, (line,))
    body = msgspec.json.encode(status_of(quoting=True, latched="drill – ß", sport_events=(event,)))

    class Daemon(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Daemon)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def program(*arguments, environ, stdout=subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-m", "mmbot", *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"} | environ,
        check=False,
    )


def closed_pipe():
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("environ", [ASCII, C_LOCALE, CP1252], ids=["ascii", "C", "cp1252"])
@pytest.mark.parametrize("command", [["status"], ["why"], ["kill", "--wait", "1"], ["status", "--json"]])
def test_a_name_that_the_output_cannot_hold_is_replaced(door, command, environ):
    ended = program(*command, "--url", door, environ=environ)
    assert (ended.returncode, ended.stderr) == (0, b"")
    text = ended.stdout.decode("cp1252")
    if "--json" in command:
        assert msgspec.json.decode(ended.stdout, type=EngineStatus).sport_events[0].name == NAME
    elif command == ["status"]:
        assert ("Šibenik – São Paulo ????" if environ is CP1252 else "Sibenik - Sao Paulo ????") in text
    elif command[0] == "kill":
        assert ("drill – ß" if environ is CP1252 else "drill - s") in text
    assert text.strip()


@pytest.mark.parametrize("environ", [ASCII, CP1252], ids=["ascii", "cp1252"])
def test_settings_with_a_name_that_the_output_cannot_hold_are_checked(tmp_path, environ):
    folder = tmp_path / "Łódź 東京"
    folder.mkdir()
    file = folder / "settings.yaml"
    file.write_text(SETTINGS)
    ended = program("check", "-c", file, environ=environ)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"z ????" in ended.stdout
    assert b": valid" in ended.stdout
    missing = program("status", "-c", folder / "missing.yaml", environ=environ)
    assert missing.returncode == 2
    assert b"Traceback" not in missing.stderr


@pytest.mark.parametrize("command", [["status"], ["why"], ["status", "--json"], ["--help"], ["schema"]])
def test_a_closed_pipe_is_no_error(door, command):
    more = ["--url", door] if command[0] in ("status", "why") else []
    writing = closed_pipe()
    try:
        ended = program(*command, *more, environ={}, stdout=writing)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_the_live_view_as_lines_ends_with_its_reader(door):
    command = [sys.executable, "-m", "mmbot", "status", "--watch", "--url", door]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/usr/bin"}) as watch:
        assert watch.stdout.readline()
        watch.stdout.close()
        assert watch.wait(30) == 0
        assert watch.stderr.read() == b""


@pytest.mark.parametrize("closed", ["pipe", "full disk", "no descriptor"])
def test_a_kill_goes_on_and_tells_the_truth_although_nobody_reads_it(tmp_path, closed):
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    if closed == "no descriptor":
        words = f"{sys.executable} -m mmbot kill -c {settings} --wait 0.5 >&-"
        environ = {"PATH": "/usr/bin:/bin"} | KEYS
        ended = subprocess.run(words, shell=True, stderr=subprocess.PIPE, timeout=60, env=environ, check=False)
    else:
        writing = closed_pipe() if closed == "pipe" else os.open("/dev/full", os.O_WRONLY)
        try:
            ended = program("kill", "-c", settings, "--wait", "0.5", environ=KEYS, stdout=writing)
        finally:
            os.close(writing)
    assert ended.returncode == 3  # not 0: nothing was cancelled, since the exchange cannot be reached
    assert b"Traceback" not in ended.stderr
    assert (tmp_path / "var" / "latch.json").exists()


def test_a_disk_without_room_for_the_status_is_said_in_one_line(door):
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        ended = program("status", "--url", door, environ={}, stdout=full)
    finally:
        os.close(full)
    assert ended.returncode == 2
    assert ended.stderr == b"mmbot: standard output cannot be written: No space left on device\n"
