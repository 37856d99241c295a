"""The HTTP door: what it shows, and that nobody but the operator can press its buttons."""

import asyncio
import gzip
import time

import aiohttp
import msgspec
import pytest
from scripted_daemon import ScriptedEngine, status_of

from mmbot.daemon.http import ALIVE_WITHIN_S, Door, DoorError, is_loopback, readiness
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND
from mmbot.engine.events import KillRequested, PriceGiven, ResumeRequested
from mmbot.engine.status import EngineStatus, GuardStatus, LineCounts
from mmbot.telemetry.metrics import Metrics

GOOD = {"Content-Type": "application/json", "X-Mmbot": "1"}
NOW = 1_800_000_000 * SECOND


class Taken:
    """A pump that remembers what it was given."""

    def __init__(self):
        self.events = []
        self.pumped_at = time.monotonic()

    def deliver(self, event):
        self.events.append(event)


class Open:
    """An open door with a status that a test sets."""

    def __init__(self, prices=True):
        self.pump = Taken()
        self.status = status_of()
        self.reads = 0
        self.metrics = Metrics()
        self.metrics.observe(self.read)
        doubt = ScriptedEngine().price_doubt
        self.door = Door(self.pump, self.read, self.metrics, ManualClock(NOW), prices, doubt=doubt)

    def read(self):
        self.reads += 1
        return self.status


@pytest.fixture
async def opened():
    made = Open()
    made.url = await made.door.open("127.0.0.1", 0)
    async with aiohttp.ClientSession() as made.http:
        yield made
    await made.door.close()


async def test_the_status_is_the_engines_own(opened):
    opened.status = status_of(5, quoting=True)
    async with opened.http.get(opened.url + "/status") as answer:
        assert answer.content_type == "application/json"
        assert msgspec.json.decode(await answer.read(), type=EngineStatus) == opened.status


async def test_metrics_are_text_for_prometheus(opened):
    async with opened.http.get(opened.url + "/metrics") as answer:
        text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "mmbot_kill_latched 0.0" in text


async def test_healthz_is_well_only_while_the_pump_goes_round(opened):
    async with opened.http.get(opened.url + "/healthz") as answer:
        assert answer.status == 200
    opened.pump.pumped_at = time.monotonic() - ALIVE_WITHIN_S - 1
    async with opened.http.get(opened.url + "/healthz") as answer:
        assert answer.status == 503


async def test_readyz_is_content_with_the_account_without_sport_events():
    door = Door(Taken(), pytest.fail, Metrics(), ManualClock(NOW), prices=False, head=lambda: status_of(quoting=True))
    url = await door.open("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http, http.get(url + "/readyz") as answer:
        assert answer.status == 200
    await door.close()


async def test_readyz_says_whether_it_may_quote_and_if_not_why(opened):
    held = GuardStatus("balance", "account", "only $3.00", "a deposit", 0)
    opened.status = status_of(quoting=False, latched="a fat finger", guards=(held,))
    async with opened.http.get(opened.url + "/readyz") as answer:
        assert answer.status == 503
        assert (await answer.json())["reasons"] == ["kill switch on: a fat finger", "balance: only $3.00"]


def test_a_bot_that_may_quote_and_quotes_nothing_is_not_ready_and_says_why():
    stale = status_of(may_quote=True, lines=LineCounts(13, 0, "price_age: your own price is too old"))
    assert not readiness(stale).ready
    assert readiness(stale).reasons == ("quoting 0 of 13 lines: price_age: your own price is too old",)
    no_rule = status_of(may_quote=True, lines=LineCounts(0, 0, "no listed market matches a quoting rule"))
    assert readiness(no_rule).reasons == ("quoting nothing: no listed market matches a quoting rule",)


def test_ready_without_reasons_and_never_unready_without_one():
    assert readiness(status_of(quoting=True)).ready
    assert readiness(status_of(quoting=True)).reasons == ()
    assert readiness(status_of(quoting=False)).reasons == ("ready",)


async def test_readers_at_one_moment_share_one_look_at_the_engine(opened):
    for _ in range(20):
        async with opened.http.get(opened.url + "/status"):
            pass
    assert opened.reads < 20


async def test_kill_and_resume_reach_the_engine(opened):
    async with opened.http.post(opened.url + "/kill", data=b'{"reason": "drill"}', headers=GOOD) as answer:
        assert answer.status == 202
    async with opened.http.post(opened.url + "/resume", data=b"{}", headers=GOOD) as answer:
        assert answer.status == 202
    assert opened.pump.events == [KillRequested("drill"), ResumeRequested()]


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_a_kill_needs_no_reason(opened, body):
    async with opened.http.post(opened.url + "/kill", data=body, headers=GOOD) as answer:
        assert answer.status == 202
    assert opened.pump.events == [KillRequested("POST /kill")]


@pytest.mark.parametrize("body", [b"{", b'{"reason": 5}', b'{"why": "x"}', b"\xff", b'{"reason": ""}', b"[]"])
async def test_a_kill_that_cannot_be_understood_says_that_nothing_was_done(opened, body):
    async with opened.http.post(opened.url + "/kill", data=body, headers=GOOD) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"].startswith("NOT killed: ")
    assert opened.pump.events == []


@pytest.mark.parametrize("path", ["/kill", "/resume", "/prices"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 403),  # a page of another site cannot send our header
        ({"Content-Type": "text/plain", "X-Mmbot": "1"}, 415),  # nor JSON as a plain form
        ({"Content-Type": "application/x-www-form-urlencoded", "X-Mmbot": "1"}, 415),
        (GOOD | {"Host": "attacker.example"}, 403),  # nor under a name that was rebound to this machine
        (GOOD | {"Host": "127.0.0.1.attacker.example:80"}, 403),
    ],
)
async def test_a_browser_cannot_be_made_to_press_a_button(opened, path, headers, status):
    async with opened.http.post(opened.url + path, data=b"{}", headers=headers) as answer:
        assert answer.status == status
    assert opened.pump.events == []


async def test_a_button_is_not_pressed_by_reading(opened):
    for path in ("/kill", "/resume", "/prices"):
        async with opened.http.get(opened.url + path) as answer:
            assert answer.status == 405
    assert opened.pump.events == []


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
        (None, False),
        ("localhost", False),
    ],
)
def test_which_peers_are_of_this_machine(address, loopback):
    assert is_loopback(address) is loopback


async def test_prices_become_events_and_the_answer_says_which_will_be_used(opened):
    body = (
        b'{"prices": [{"line_id": "a", "probability": 0.53},'
        b' {"line_id": "b", "probability": 0.4, "at": "2027-01-15T08:00:00Z"}]}'
    )
    async with opened.http.post(opened.url + "/prices", data=body, headers=GOOD) as answer:
        assert (answer.status, await answer.json()) == (
            202,
            {
                "accepted": 1,
                "prices": [{"line_id": "a", "result": "accepted"}, {"line_id": "b", "result": "unknown_line"}],
            },
        )
    assert opened.pump.events == [PriceGiven("a", 0.53, NOW), PriceGiven("b", 0.4, NOW)]


async def test_bad_prices_are_rejected_whole_with_their_place(opened):
    body = b'{"prices": [{"line_id": "a", "probability": 0.53}, {"line_id": "b", "probability": 1.4}]}'
    async with opened.http.post(opened.url + "/prices", data=body, headers=GOOD) as answer:
        assert answer.status == 400
        assert "[1].probability" in (await answer.json())["error"]
    assert opened.pump.events == []


async def test_prices_are_rejected_unless_the_settings_open_the_door():
    made = Open(prices=False)
    url = await made.door.open("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http, http.post(url + "/prices", data=b"[]", headers=GOOD) as answer:
        assert answer.status == 404
    await made.door.close()
    assert made.pump.events == []


async def test_a_port_in_use_is_a_clear_error(opened):
    host, port = opened.url.removeprefix("http://").split(":")
    second = Open()
    with pytest.raises(DoorError, match=rf"{host}:{port}.*telemetry\.port"):
        await second.door.open(host, int(port))


async def test_a_door_on_all_addresses_is_reached_over_loopback():
    made = Open()
    assert (await made.door.open("0.0.0.0", 0)).startswith("http://127.0.0.1:")
    await made.door.close()


@pytest.mark.parametrize("name", ['"\\ud800"', '"line_\\ud800"'])
async def test_prices_with_half_a_surrogate_pair_are_rejected(opened, name):
    body = f'{{"prices": [{{"line_id": {name}, {name}: 1, "probability": 0.5}}]}}'.encode()
    async with opened.http.post(opened.url + "/prices", data=body, headers=GOOD) as answer:
        assert answer.status == 400
        assert "surrogate" in (await answer.json())["error"]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nBad Name: 1\r\n\r\n",
        b"POST /prices HTTP/1.1\r\nHost: localhost\r\nX-Mmbot: 1\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 40\r\n\r\n" + gzip.compress(b"{}", mtime=0)[:-8] + b"x" * 28,
    ],
)
async def test_a_malformed_request_leaves_no_error_in_the_log(opened, request_, caplog):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(opened.url.rpartition(":")[2]))
    writer.write(request_)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split(b"\r\n")[0].endswith(b"400 Bad Request")
    assert not caplog.records


async def test_an_error_of_the_server_itself_is_logged(opened, caplog):
    opened.status = None
    async with opened.http.get(opened.url + "/readyz") as answer:
        assert answer.status == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]
