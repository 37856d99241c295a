"""A user's own prices from a file: each change once, the age from the right clock, a mistake without any effect."""

import asyncio
import io
import os
import time

import pytest
from scripted import until

from mmbot.daemon.prices import AHEAD, PriceError, parse, watch
from mmbot.domain.clock import ManualClock
from mmbot.domain.instant import HOUR, MINUTE, SECOND, iso
from mmbot.engine.events import PriceGiven
from mmbot.telemetry.logs import LineWriter, Secrets, logger

NOW = 1_800_000_000 * SECOND


def test_one_price_or_many():
    assert parse(b'{"line_id": "a", "probability": 0.5}', NOW, NOW) == (PriceGiven("a", 0.5, NOW),)
    assert parse(b"[]", NOW, NOW) == ()


def test_a_price_is_as_old_as_it_says_or_as_what_brought_it():
    text = (
        f'[{{"line_id": "a", "probability": 0.5, "at": "{iso(NOW - HOUR)}"}}, {{"line_id": "b", "probability": 0.5}}]'
    )
    assert [price.given_at for price in parse(text.encode(), NOW, NOW - MINUTE)] == [NOW - HOUR, NOW - MINUTE]


def test_a_price_from_a_clock_a_little_ahead_is_of_now():
    text = f'{{"line_id": "a", "probability": 0.5, "at": "{iso(NOW + AHEAD)}"}}'.encode()
    assert parse(text, NOW, NOW)[0].given_at == NOW


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "prices"),
        (b"{", "prices"),
        (b"\xff", "prices"),
        (b'"a"', "prices"),
        (b'[{"line_id": "a"}]', "probability"),
        (b'[{"line_id": "", "probability": 0.5}]', "line_id"),
        (b'[{"line_id": "a", "probability": 0}]', "probability"),
        (b'[{"line_id": "a", "probability": 1}]', "probability"),
        (b'[{"line_id": "a", "probability": "0.5"}]', "probability"),
        (b'[{"line_id": "a", "probability": 0.5, "prob": 0.6}]', "prob"),
        (b'[{"line_id": "a", "probability": 0.5, "at": "noon"}]', r"prices\[0\].at"),
        (b'[{"line_id": "a", "probability": 0.5, "at": "2999-01-01T00:00:00Z"}]', "future"),
        (b'[{"line_id": "a", "probability": 0.5}, {"line_id": "a", "probability": 0.6}]', r"prices\[1\].*twice"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, said):
    with pytest.raises(PriceError, match=said):
        parse(text, NOW, NOW)


class Watched:
    """A file under watch."""

    def __init__(self, file, rate=1.0):
        self.file, self.prices, self.out = file, [], io.StringIO()
        self.lines = LineWriter(self.out)
        self.clock = ManualClock(NOW)
        self.task = asyncio.create_task(
            watch(file, 0.01, self.clock, self.prices.append, logger(self.lines, Secrets()))
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
    watched.put('{"line_id": "a", "probability": 0.5}')
    await until(lambda: len(watched.prices) == 1)
    watched.put('[{"line_id": "a", "probability": 0.6}, {"line_id": "b", "probability": 0.4}]')
    await until(lambda: len(watched.prices) == 3)
    assert [(price.line_id, price.probability) for price in watched.prices] == [("a", 0.5), ("a", 0.6), ("b", 0.4)]


async def test_an_old_file_brings_old_prices(tmp_path):
    file = tmp_path / "prices.json"
    file.write_text('{"line_id": "a", "probability": 0.5}')
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))
    made = Watched(file)
    await until(lambda: made.prices)
    assert abs((NOW - made.prices[0].given_at) - HOUR) < MINUTE
    made.task.cancel()
    made.lines.close()


async def test_a_file_with_a_mistake_changes_nothing_and_the_next_good_one_is_taken(watched):
    watched.put('[{"line_id": "a", "probability": 0.5}, {"line_id": "b"}]')
    await watched.logged("prices.unreadable")
    assert watched.prices == []
    watched.put('{"line_id": "a", "probability": 0.51}')
    await until(lambda: watched.prices)
    watched.file.unlink()
    await watched.logged("prices.missing")
    assert not watched.task.done()
