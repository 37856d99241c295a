"""A daemon that stops waits for one more scrape, which shows whether the stop was planned and clear."""

import asyncio
import os
import signal
import time

import aiohttp
import pytest
from daemon_life import Life
from scripted_daemon import until

from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine.orders import NOT_CLEAR, STOPPED
from mmbot.store.state_dir import holder_of

SCRAPE = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}


async def scraped(directory, http):
    """Scrape the daemon of a directory as Prometheus does. Return the lines of the answer; none if nobody answers."""
    holder = holder_of(directory)
    if holder is None or holder.url is None:
        return []
    try:
        async with http.get(holder.url + "/metrics", headers=SCRAPE) as answer:
            return (await answer.text()).splitlines()
    except aiohttp.ClientError:
        return []


@pytest.fixture
async def scraper():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        yield http


async def test_the_last_scrape_shows_that_a_stop_was_planned_and_clear(tmp_path, scraper):
    life = Life(tmp_path)
    await life.up()
    assert "mmbot_stopped_clear 0.0" in await scraped(tmp_path, scraper)
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: "daemon.stopped" in life.events())
    done, _ = await asyncio.wait({life.task}, timeout=0.3)
    assert not done
    assert "mmbot_stopped_clear 1.0" in await scraped(tmp_path, scraper)
    assert await life.ended() == STOPPED


async def test_without_a_scrape_before_a_stop_waits_for_none(tmp_path):
    life = Life(tmp_path)
    await life.up()
    began = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await life.ended() == STOPPED
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("how", ["signal", "mmbot kill"])
async def test_the_wait_for_the_last_scrape_is_cut_short(tmp_path, scraper, how):
    life = Life(tmp_path)
    await life.up()
    url = holder_of(tmp_path).url
    await scraped(tmp_path, scraper)
    began = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(lambda: "daemon.stopped" in life.events())
    if how == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        async with scraper.post(url + "/kill", json={}, headers={"X-Mmbot": "1"}) as answer:
            assert answer.status == 503  # so that ``mmbot kill`` cancels by itself
    assert await life.ended() == STOPPED
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("end", [o.Exit(STOPPED, "stopped"), o.Exit(NOT_CLEAR, "stopped")])
async def test_only_a_stop_that_is_proved_clear_is_called_planned(tmp_path, scraper, end):
    life = Life(tmp_path)
    await life.up()
    await scraped(tmp_path, scraper)
    life.engine.outbox.append(end)
    life.around.deliver(e.Beat(1))
    await until(lambda: "daemon.stopped" in life.events())
    if end.code == STOPPED:
        assert "mmbot_stopped_clear 1.0" in await scraped(tmp_path, scraper)
    assert await life.ended() == end.code  # and the other one waits for no scrape
