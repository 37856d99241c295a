"""Row one of the speed budget: frame bytes to a typed book, against ``orjson.loads`` of the inner JSON alone.

    python benchmarks/bench_decode.py

The frame is a book of 2 × 10 levels with every field that the exchange sends, as it comes off the websocket. Each round
measures both sides in turn, so that whatever else the machine does falls on both; the figure is the median of the
rounds' ratios.
"""

from __future__ import annotations

import base64
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

import orjson

from mmbot.domain.instant import SECOND
from mmbot.engine.events import BookMessage
from mmbot.exchange.grants import ChannelGrant
from mmbot.exchange.legacy.feed import decode
from mmbot.exchange.pusher import Message, Pusher, State, Timing

BUDGET: Final = 1.5
ROUNDS: Final = 60
CALLS: Final = 500  # of each side in a round
FRAMES: Final = 50
CHANNEL: Final = "private-broadcast-service=3-device_type=5"
NOW: Final = 1_758_166_593 * SECOND


def level(rng: random.Random, side: int, odds: int, line: float) -> dict[str, object]:
    """One level with all its fields."""
    name = ("Cleveland Cavaliers", "Minnesota Timberwolves")[side]
    value = round(rng.uniform(10, 5000), 2)
    stake = value * odds / 100 if odds > 0 else value * 100 / -odds
    return {
        "outcome_id": 1714 + side,
        "name": f"{name} {line:+g}",
        "competitor_id": 3409 + side,
        "line": line,
        "line_id": f"{rng.getrandbits(128):032x}",
        "odds": odds,
        "display_odds": f"{odds:+d}",
        "display_line": f"{line:+g}",
        "display_name": f"{name} {line:+g}",
        "value": value,
        "stake": round(stake, 2),
        "updated_at": NOW + rng.randrange(SECOND),
    }


def inner_json(rng: random.Random) -> bytes:
    """A book of ten levels a side."""
    selections = [
        [level(rng, 0, 138 - 4 * i, -3.5) for i in range(10)],
        [level(rng, 1, -112 - 4 * i, 3.5) for i in range(10)],
    ]
    info = {
        "id": 256,
        "name": "Spread",
        "type": "spread",
        "line": -3.5,
        "sequence_number": NOW + rng.randrange(SECOND),
        "selections": selections,
    }
    return orjson.dumps({"sport_event_id": 10_076_000, "market_id": 256, "info": info})


def frame_of(inner: bytes) -> bytes:
    """The frame that carries it: an envelope with base64 inside, as a string inside Pusher's JSON."""
    envelope = {
        "timestamp": NOW,
        "change_type": "market_selections",
        "op": "u",
        "payload": base64.b64encode(inner).decode(),
    }
    return orjson.dumps({"event": "tournament_132", "channel": CHANNEL, "data": orjson.dumps(envelope).decode()})


def connected() -> Pusher:
    """A machine that is up."""
    machine = Pusher(Timing(), NOW)
    machine.receive(b'{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.1\\"}"}', NOW)
    machine.subscribe([ChannelGrant(CHANNEL, "key:signature")], NOW)
    machine.receive(orjson.dumps({"event": "pusher_internal:subscription_succeeded", "channel": CHANNEL}), NOW)
    assert machine.state is State.UP
    return machine


def timed(work: Callable[[bytes], object], inputs: list[bytes]) -> float:
    """Seconds a call."""
    calls = [inputs[i % len(inputs)] for i in range(CALLS)]
    start = time.perf_counter()
    for each in calls:
        work(each)
    return (time.perf_counter() - start) / CALLS


def main() -> int:
    """Measure, print, and return 1 when the budget is passed."""
    rng = random.Random(1)
    inner = [inner_json(rng) for _ in range(FRAMES)]
    frames = [frame_of(each) for each in inner]
    machine = connected()

    def typed_book(frame: bytes) -> BookMessage:
        (message,) = machine.receive(frame, NOW)
        assert type(message) is Message
        (book,) = decode(1, message.event, message.data)
        assert type(book) is BookMessage
        return book

    assert sum(map(len, typed_book(frames[0]).book.sides)) == 20
    gc.collect()
    gc.freeze()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(timed(orjson.loads, inner))
        ours.append(timed(typed_book, frames))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"frame of {len(frames[0])} bytes, inner JSON of {len(inner[0])}, 20 levels; {ROUNDS} rounds of {CALLS} calls"
    )
    print(f"orjson.loads of the inner JSON  {statistics.median(theirs) * 1e6:6.2f} µs")
    print(f"frame bytes to typed book       {statistics.median(ours) * 1e6:6.2f} µs")
    print(f"median ratio                    {ratio:6.2f}   (budget {BUDGET})")
    return 0 if ratio <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
