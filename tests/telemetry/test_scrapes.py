"""The daemon waits for the last scrape of each Prometheus that scrapes it, and for nobody else."""

import asyncio
import time

import pytest

from mmbot.telemetry.scrapes import Scrapes


@pytest.fixture
def hurry():
    return asyncio.Event()


async def test_nobody_is_waited_for_before_a_first_scrape(hurry):
    await asyncio.wait_for(Scrapes().wait(60, hurry), 1)


async def test_a_server_that_ended_is_not_waited_for(hurry):
    scrapes = Scrapes()
    scrapes.note("10.0.0.1", time.monotonic() - 20)
    scrapes.note("10.0.0.1", time.monotonic() - 10)
    scrapes.note("10.0.0.1", time.monotonic() - 10 + 5)
    scrapes.note("10.0.0.1", time.monotonic() - 4.9)
    await asyncio.wait_for(scrapes.wait(60, hurry), 1)


async def test_every_server_is_waited_for(hurry):
    scrapes = Scrapes()
    scrapes.note("10.0.0.1", time.monotonic())
    scrapes.note("10.0.0.2", time.monotonic())
    waiting = asyncio.create_task(scrapes.wait(60, hurry))
    await asyncio.sleep(0.01)
    scrapes.note("10.0.0.1", time.monotonic())
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done
    scrapes.note("10.0.0.2", time.monotonic())
    await asyncio.wait_for(waiting, 1)


async def test_the_wait_is_bounded_and_can_be_cut_short(hurry):
    scrapes = Scrapes()
    scrapes.note("10.0.0.1", time.monotonic())
    await asyncio.wait_for(scrapes.wait(0.01, hurry), 1)
    await asyncio.wait_for(scrapes.wait(0, hurry), 1)
    waiting = asyncio.create_task(scrapes.wait(60, hurry))
    await asyncio.sleep(0.01)
    hurry.set()
    await asyncio.wait_for(waiting, 1)


async def test_addresses_that_are_remembered_are_bounded(hurry):
    scrapes = Scrapes()
    for number in range(16):
        scrapes.note(f"10.0.0.{number}", time.monotonic())
    waiting = asyncio.create_task(scrapes.wait(60, hurry))
    scrapes.note("10.0.0.99", time.monotonic())
    await asyncio.sleep(0.01)
    for number in range(16):
        scrapes.note(f"10.0.0.{number}", time.monotonic())
    await asyncio.wait_for(waiting, 1)
