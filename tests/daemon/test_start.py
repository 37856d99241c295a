"""The daemon rejects a start that cannot work, starts from what is stored, and publishes its address."""

import contextlib
import os
import socket

import pytest
from daemon_life import Life
from scripted_daemon import until

from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine.orders import NOT_STARTED, STOPPED
from mmbot.store import latch
from mmbot.store.state_dir import StateDir, holder_of


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ("PROPHETX_ACCESS_KEY", "PROPHETX_SECRET_KEY")),
        ({"PROPHETX_ACCESS_KEY": "the-access-key"}, ("PROPHETX_SECRET_KEY",)),
        ({"PROPHETX_ACCESS_KEY": " ", "PROPHETX_SECRET_KEY": "the-secret-key"}, ("PROPHETX_ACCESS_KEY",)),
    ],
)
async def test_without_credentials_it_names_the_variables_and_no_value(tmp_path, environ, named):
    life = Life(tmp_path, environ=environ)
    assert await life.ended() == NOT_STARTED
    assert not life.opened
    (line,) = life.logged()
    assert line["event"] == "start.failed"
    assert all(name in line["why"] for name in named)
    assert "PROPHETX_ACCESS_KEY=local-access-key PROPHETX_SECRET_KEY=local-secret-key" in line["why"]
    assert "the-" not in life.out.getvalue()


async def test_the_local_keys_are_not_for_another_environment(tmp_path):
    life = Life(tmp_path, environ={}, environment="sandbox")
    assert await life.ended() == NOT_STARTED
    assert "local-" not in life.out.getvalue()


async def test_wrong_keys_are_told_with_what_to_check(tmp_path):
    life = Life(tmp_path, environment="sandbox")
    await life.up()
    life.engine.outbox.append(o.Exit(NOT_STARTED, "login_rejected"))
    life.around.deliver(e.Beat(1))
    assert await life.ended() == NOT_STARTED
    last = life.logged()[-1]
    assert last["event"] == "daemon.stopped"
    assert last["hint"] == "check PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY for environment sandbox"


async def test_a_directory_in_use_is_rejected_before_anything_is_sent(tmp_path):
    with StateDir(tmp_path):
        life = Life(tmp_path)
        assert await life.ended() == NOT_STARTED
    assert not life.opened
    assert f"process {os.getpid()}" in life.logged()[0]["why"]


async def test_a_port_in_use_is_rejected_before_anything_is_sent(tmp_path):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        life = Life(tmp_path, telemetry={"port": port})
        assert await life.ended() == NOT_STARTED
    assert life.client.sent == []
    assert life.wire.closed
    assert f"127.0.0.1:{port}" in life.logged()[-1]["why"]
    assert holder_of(tmp_path) is None


async def test_the_engine_starts_from_what_the_last_run_left(tmp_path):
    first = Life(tmp_path)
    await first.up()
    day = o.SaveDay(20_000, 5, 6)
    first.engine.outbox.append(o.Save((day,)))
    first.around.deliver(e.KillRequested("drill"))
    await until(lambda: latch.read(tmp_path))
    first.around.deliver(e.StopRequested())
    assert await first.ended() == STOPPED
    second = Life(tmp_path)
    await second.up()
    assert second.engine.seed.latched == "drill"
    assert second.engine.seed.day == day
    assert second.engine.seed.run_id != first.engine.seed.run_id
    assert second.engine.seed.end_sequence > second.engine.seed.next_sequence
    second.around.deliver(e.StopRequested())
    await second.ended()


async def test_where_it_is_reached_is_published_while_it_lives(tmp_path):
    life = Life(tmp_path)
    await life.up()
    holder = holder_of(tmp_path)
    assert holder.pid == os.getpid()
    assert holder.url.startswith("http://127.0.0.1:")
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    assert holder_of(tmp_path) is None
    assert life.wire.closed
