"""The local exchange as a process, and a recorded market over the wire at speed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mmbot.config import ClockConfig, loads
from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND
from mmbot.domain.odds import could_match
from mmbot.simulator.command_line import main, parse
from mmbot.simulator.serve import ServeOptions, build_world, ready_line, settings
from mmbot.simulator.wire.local_exchange import LocalExchange
from mmbot.simulator.wire.server import Server

RUN = "import sys; from mmbot.simulator.command_line import main; sys.exit(main(sys.argv[1:]))"


def tape() -> Path:
    """The recorded market, or a skip."""
    named = os.environ.get("MMBOT_TAPE")
    if named:
        return Path(named)
    found = sorted((Path(__file__).parents[3] / "shared" / "tapes").glob("*.jsonl.gz"))
    if not found:
        pytest.skip("no tape: set MMBOT_TAPE to one")
    return found[0]


async def started(*arguments: str, **environment: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUN,
        "--port",
        "0",
        "--json",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        return process, json.loads(await process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_process_writes_its_addresses_and_ends_on_a_signal(number: signal.Signals) -> None:
    process, ready = await started(
        "--ws-port", "0", "--speed", "60", PROPHETX_ACCESS_KEY="mine", PROPHETX_SECRET_KEY="own"
    )
    try:
        assert ready["ready"] is True
        assert ready["clock"]["rate"] == 60.0
        async with aiohttp.ClientSession() as http:
            keys = {"access_key": "mine", "secret_key": "own"}
            async with http.post(f"{ready['base_url']}/auth/login", json=keys) as answer:
                token = (await answer.json())["data"]["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with http.get(f"{ready['base_url']}/websocket/connection-config", headers=headers) as answer:
                config = await answer.json()
            assert f"ws://{config['ws_host']}" == ready["ws_url"]
            async with http.ws_connect(f"{ready['ws_url']}/app/{config['key']}?protocol=7") as socket:
                assert (await socket.receive_json())["event"] == "pusher:connection_established"
                async with http.get(ready["referee"]) as answer:
                    assert (await answer.json())["ok"] is True
                process.send_signal(number)
                async with asyncio.timeout(10):
                    assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_clock_that_was_given_is_shared() -> None:
    clock = SystemClock(30.0)
    process, ready = await started(
        "--speed", "30", "--epoch-ns", str(clock.epoch_ns), "--anchor-ns", str(clock.anchor_ns)
    )
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.get(ready["referee"].replace("/referee", "/sim/clock")) as answer,
        ):
            before = clock.now()
            theirs = (await answer.json())["now_ns"]
        assert abs(theirs - before) < 60 * SECOND
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tape", "/nowhere/tape.jsonl"],
        ["--speed", "0"],
        ["--speed", "fast"],
        ["--speed", "1e9"],
        ["--port", "70000"],
        ["--limit", "planet=5"],
        ["--limit", "line=much"],
        ["--activation-ms", "-1"],
        ["--what"],
    ],
)
def test_invalid_options_end_with_2_and_a_reason(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "mmbot exchange: " in capsys.readouterr().err


def test_options_are_in_seconds_hours_and_dollars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROPHETX_ACCESS_KEY", raising=False)
    options = parse(
        [
            "--balance",
            "250.50",
            "--hours",
            "1.5",
            "--limit",
            "line=20",
            "--limit",
            "account=90",
            "--opened-retry-ms",
            "300",
        ]
    )
    assert options.balance == 25_050
    assert options.before_sport_event == HOUR + HOUR // 2
    assert build_world(options, 10**18).venue.settings.opened_retry_ns == 300 * MILLISECOND
    assert options.limits == {"line": 2_000, "account": 9_000}
    assert options.access_key == "local-access-key"


@pytest.mark.parametrize("rule", ["takers_stake", "half_up"])
def test_the_win_of_a_maker_is_an_option(rule: str) -> None:
    assert build_world(parse(["--maker-wins", rule]), 10**18).venue.settings.maker_wins == rule


async def test_a_clock_of_its_own_is_written_as_settings_for_a_daemon() -> None:
    options = parse(["--port", "0", "--speed", "10"])
    clock = SystemClock(options.speed)
    exchange = LocalExchange(build_world(options, clock.epoch_ns), clock, settings(options))
    async with Server(exchange) as server:
        said, _, pasted = ready_line(options, server, clock).partition(
            "\nsettings for a daemon that shares its clock, below "
        )
        config = loads(f'environment: local\n{pasted}\n  base_url: "{server.base_url}"\n', "pasted")
        assert ready_line(parse([]), server, SystemClock()) == said
    assert config.exchange.clock == ClockConfig(rate=10.0, epoch_ns=clock.epoch_ns, anchor_ns=clock.anchor_ns)


def test_a_host_that_others_can_reach_brings_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    parse(["--host", "0.0.0.0"])
    assert "not a loopback address" in capsys.readouterr().err
    parse(["--host", "::1"])
    assert capsys.readouterr().err == ""


async def test_a_taken_port_ends_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    clock = SystemClock()
    options = ServeOptions(port=0, sport_events=1)
    async with Server(LocalExchange(build_world(options, clock.epoch_ns), clock, settings(options))) as server:
        taken = await asyncio.to_thread(main, ["--port", str(server.port)])
    assert taken == 2
    assert str(server.port) in capsys.readouterr().err


async def test_an_error_in_the_world_ends_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock(100.0)
    options = ServeOptions(port=0, sport_events=1)
    world = build_world(options, clock.epoch_ns)
    server = Server(LocalExchange(world, clock, settings(options)))
    await server.start()

    def break_down(now: int) -> None:
        raise ArithmeticError("money was lost")

    monkeypatch.setattr(world, "advance", break_down)
    with pytest.raises(ArithmeticError):
        await server.wait()
    with pytest.raises(ArithmeticError):
        await server.stop()


async def test_a_recorded_market_plays_to_its_result_over_the_wire() -> None:
    clock = SystemClock(4_000.0)
    options = ServeOptions(port=0, tape=tape(), speed=4_000.0, before_sport_event=3 * HOUR, token_life=72 * HOUR)
    exchange = LocalExchange(build_world(options, clock.epoch_ns), clock, settings(options))
    counts: dict[str, int] = {}
    statuses: list[str] = []
    async with Server(exchange) as server, aiohttp.ClientSession() as http:
        keys = {"access_key": options.access_key, "secret_key": options.secret_key}
        async with http.post(f"{server.base_url}/auth/login", json=keys) as answer:
            token = (await answer.json())["data"]["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with http.ws_connect(f"{server.ws_url}/app/{exchange.pusher.settings.key}?protocol=7") as socket:
            hello = await socket.receive_json()
            form = {"socket_id": json.loads(hello["data"])["socket_id"]}
            async with http.post(f"{server.base_url}/mm/pusher", data=form, headers=headers) as answer:
                channels = (await answer.json())["data"]["authorized_channel"]
            for channel in channels:
                data = {"channel": channel["channel_name"], "auth": channel["auth"]}
                await socket.send_json({"event": "pusher:subscribe", "data": data})
            last = 0
            async with asyncio.timeout(60):
                while "finished" not in statuses:
                    frame = await socket.receive_json()
                    if frame["event"] == "pusher:ping":
                        await socket.send_json({"event": "pusher:pong", "data": {}})
                    if frame["event"].startswith("pusher"):
                        continue
                    envelope = json.loads(frame["data"])
                    kind = envelope["change_type"]
                    counts[kind] = counts.get(kind, 0) + 1
                    payload = json.loads(base64.b64decode(envelope["payload"], validate=True))
                    if kind == "market_selections":
                        assert payload["info"]["sequence_number"] >= last
                        last = payload["info"]["sequence_number"]
                        assert_tradeable(payload["info"]["selections"])
                    elif kind == "sport_event":
                        statuses.append(payload["info"]["status"])
        async with http.get(f"{server.url}/referee") as answer:
            assert (await answer.json())["ok"] is True
    assert statuses == ["live", "finished"]
    assert counts["market_selections"] > 100
    assert counts["matched_bet"] > 10
    assert counts["private_system_signal"] > 100


def assert_tradeable(sides: list[list[dict[str, Any]]]) -> None:
    """Each side is best for the taker first, and the two do not cross."""
    best = []
    for levels in sides:
        assert 1 <= len(levels) <= 10
        odds = [level["odds"] for level in levels if level["odds"] is not None]
        measure = [each if each > 0 else 10_000 / -each for each in odds]
        assert measure == sorted(measure, reverse=True)
        assert len(set(odds)) == len(odds)
        best += odds[:1]
    if len(best) == 2:  # what rests behind them is the opposite outcome at negated odds
        first, second = (100 if each == 100 else -each for each in best)
        assert not could_match(first, second)
