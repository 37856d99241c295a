"""The HTTP server's clients: foreign host names, half requests, slow readers, and too many connections."""

import asyncio
import gzip
import socket
from urllib.parse import urlsplit

import pytest
from scripted_daemon import status_of

from mmbot.daemon import http_bounds
from mmbot.daemon.http import Door
from mmbot.daemon.http_bounds import MOST, is_known
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import SECOND
from mmbot.telemetry.metrics import Metrics

NOW = 1_800_000_000 * SECOND


class Taken:
    """A pump that is always well."""

    def __init__(self):
        self.events = []
        self.pumped_at = float("inf")

    def deliver(self, event):
        self.events.append(event)


@pytest.fixture
async def served():
    """The port of a server that knows the name ``mmbot``."""
    metrics = Metrics()
    metrics.observe(status_of)
    door = Door(Taken(), status_of, metrics, ManualClock(NOW), True, names=("mmbot", "0.0.0.0"))
    port = urlsplit(await door.open("127.0.0.1", 0)).port
    yield port
    await door.close()


async def asked(port, head, body=b""):
    """The status of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.replace("\n", "\r\n").encode() + body)
    try:
        async with asyncio.timeout(5):
            line = await reader.readline()
    except ConnectionError:
        return None
    except TimeoutError:
        return "nothing for five seconds"
    finally:
        writer.close()
    return int(line.split()[1]) if line else None


@pytest.mark.parametrize("path", ["/status", "/metrics", "/readyz", "/healthz"])
@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:9464", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:9464", True),
        ("mmbot:9464", True),
        ("Mmbot.", True),
        ("10.1.2.3:9464", True),
        ("attacker.example", False),
        ("127.0.0.1.attacker.example:80", False),
        ("mmbot.attacker.example", False),
        ("localhost.attacker.example", False),
        ("attacker.example@127.0.0.1", True),
        ("exchange:9464", False),
        ("[", False),
        ("", False),
    ],
)
async def test_a_foreign_host_name_gets_no_answer(served, path, host, allowed):
    status = await asked(served, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close\n\n")
    if allowed:
        assert status in (200, 503)
    else:
        assert status in (400, 403)


def test_a_request_without_a_host_comes_from_no_browser():
    assert is_known(None, ())


async def test_half_a_request_is_ended(monkeypatch):
    door = Door(Taken(), status_of, Metrics(), ManualClock(NOW), True)
    monkeypatch.setattr("mmbot.daemon.http.IDLE_S", 0.3)
    port = urlsplit(await door.open("127.0.0.1", 0)).port
    for head in ("", "GET /status HT", "GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        ended = asyncio.create_task(reader.read())
        await asyncio.wait({ended}, timeout=5)
        assert ended.done(), f"{head!r} holds its connection"
        ended.exception()
        writer.close()
    await door.close()


async def test_a_body_that_does_not_come_is_ended(served, monkeypatch):
    monkeypatch.setattr(http_bounds, "BODY_S", 0.3)
    for path in ("/kill", "/prices"):
        head = (
            f"POST {path} HTTP/1.1\nHost: localhost\nX-Mmbot: 1\nContent-Type: application/json\nContent-Length: 99\n\n"
        )
        assert await asked(served, head, b'{"reason"') == 408


@pytest.mark.parametrize("path", ["/kill", "/prices"])
@pytest.mark.parametrize("body", [b"no gzip at all", b"\x1f\x8b", gzip.compress(b"{}", mtime=0)[:-6] + b"broken"])
async def test_a_body_that_cannot_be_decompressed_is_a_bad_request(served, path, body):
    head = (
        f"POST {path} HTTP/1.1\nHost: localhost\nX-Mmbot: 1\nContent-Type: application/json\nContent-Encoding: gzip\n"
        f"Content-Length: {len(body)}\n\n"
    )
    assert await asked(served, head, body) == 400


async def test_more_connections_than_allowed_are_closed_and_later_ones_served(served):
    held = [await asyncio.open_connection("127.0.0.1", served) for _ in range(MOST)]
    assert await asked(served, "GET /healthz HTTP/1.1\nHost: localhost\n\n") is None
    for _, writer in held:
        writer.close()
    async with asyncio.timeout(5):
        while await asked(served, "GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n") != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_client_that_does_not_read_is_disconnected(monkeypatch):
    monkeypatch.setattr(http_bounds, "UNREAD_S", 0.3)
    lost = asyncio.Event()

    class Talks(asyncio.Protocol):
        def connection_made(self, transport):
            transport.write(b"x" * (1 << 26))

        def connection_lost(self, error):
            lost.set()

    server = await asyncio.get_running_loop().create_server(http_bounds.Connections(Talks), "127.0.0.1", 0)
    with socket.socket() as client:
        client.connect(server.sockets[0].getsockname())
        async with asyncio.timeout(5):
            await lost.wait()
    server.close()
    await server.wait_closed()
