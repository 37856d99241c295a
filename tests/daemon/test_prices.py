"""A user's own prices from a file: each change once, the age from the right clock, a mistake without any effect."""

import asyncio
import io
import json
import os
import time

import pytest
from scripted_daemon import until

from mmbot.daemon.prices import PriceError, parse, watch
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import HOUR, MINUTE, SECOND, iso
from mmbot.engine.events import PriceGiven
from mmbot.telemetry.logs import LineWriter, Secrets, logger

NOW = 1_800_000_000 * SECOND


def prices(*entries):
    """The text of prices."""
    return json.dumps({"prices": list(entries)})


def price(line_id, probability, **more):
    return {"line_id": line_id, "probability": probability} | more


def test_prices_become_events_as_old_as_they_say_or_as_what_brought_them():
    text = prices(price("a", 0.5, at=iso(NOW - HOUR)), price("b", 0.25)).encode()
    assert parse(text, NOW, NOW - MINUTE, "x") == (
        PriceGiven("a", 0.5, NOW - HOUR),
        PriceGiven("b", 0.25, NOW - MINUTE),
    )


def test_a_mistake_is_named_with_its_place():
    with pytest.raises(PriceError, match=r"mine\.json: prices\[1\]\.probability"):
        parse(prices(price("a", 0.5), price("b", 1.5)).encode(), NOW, NOW, "mine.json")


class Watched:
    """A file under watch."""

    def __init__(self, file, rate=1.0):
        self.file, self.prices, self.out, self.noted = file, [], io.StringIO(), []
        self.lines = LineWriter(self.out)
        self.clock = ManualClock(NOW)
        self.task = asyncio.create_task(
            watch(file, 0.01, self.clock, self.prices.append, logger(self.lines, Secrets()), self.noted.append)
        )

    def put(self, text):
        draft = self.file.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.file)

    async def logged(self, event):
        await until(lambda: event in self.out.getvalue())


@pytest.fixture
async def watched(tmp_path):
    made = Watched(tmp_path / "prices.json")
    yield made
    made.task.cancel()
    made.lines.close()


async def test_each_change_of_the_file_is_delivered_once(watched):
    await watched.logged("prices.missing")
    watched.put(prices(price("a", 0.5)))
    await until(lambda: len(watched.prices) == 1)
    watched.put(prices(price("a", 0.6), price("b", 0.4)))
    await until(lambda: len(watched.prices) == 3)
    assert [(one.line_id, one.probability) for one in watched.prices] == [("a", 0.5), ("a", 0.6), ("b", 0.4)]


async def test_an_old_file_brings_old_prices(tmp_path):
    file = tmp_path / "prices.json"
    file.write_text(prices(price("a", 0.5)))
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))
    made = Watched(file)
    await until(lambda: made.prices)
    assert abs((NOW - made.prices[0].given_at) - HOUR) < MINUTE
    made.task.cancel()
    made.lines.close()


async def test_a_file_with_a_mistake_changes_nothing_and_the_next_good_one_is_taken(watched):
    watched.put(prices(price("a", 0.5), {"line_id": "b"}))
    await watched.logged("prices.unreadable")
    assert watched.prices == []
    assert "prices[1].probability" in str(watched.noted[-1])
    watched.put(prices(price("a", 0.51)))
    await until(lambda: watched.prices)
    watched.file.unlink()
    await watched.logged("prices.missing")
    assert not watched.task.done()


@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "huge"])
async def test_a_path_that_is_no_small_file_is_named_once_and_waited_for_by_nobody(watched, kind):
    if kind == "pipe":
        os.mkfifo(watched.file)
    elif kind == "device":
        watched.file.symlink_to("/dev/zero")
    elif kind == "directory":
        watched.file.mkdir()
    else:
        with watched.file.open("wb") as made:
            made.truncate(1 << 40)
    async with asyncio.timeout(5):
        await watched.logged("prices.unreadable")
    expected = "larger than" if kind == "huge" else "not a regular file"
    assert expected in watched.out.getvalue()
    if kind == "directory":
        watched.file.rmdir()
    watched.put(prices(price("a", 0.5)))
    async with asyncio.timeout(5):
        await until(lambda: watched.prices)
    assert watched.out.getvalue().count("prices.unreadable") == 1
