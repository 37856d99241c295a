"""Row one of the speed budget: from frame bytes to a typed book, compared with ``orjson.loads`` of the inner JSON.

    .venv/bin/python benchmarks/bench_decode.py

The frame is a book of 2 × 10 levels with every field that the exchange sends, as the websocket delivers it. Each round
measures both sides in turn, so that other load on the machine affects both. The figure is the median of the ratios.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Final

import orjson
from board import CHANNEL, frame_of, inner_json
from measure import NOW, REFERENCE_US, of_budget, say, settled

from mmbot.engine.events import BookMessage
from mmbot.exchange.dialects import dialect_of
from mmbot.net.pusher import Message, Pusher, State, Timing

BUDGET: Final = 1.5
ROUNDS: Final = 60
CALLS: Final = 500  # calls of each side in a round
FRAMES: Final = 50

decode: Final = dialect_of("legacy").feed.decode


def connected() -> Pusher:
    """Return a Pusher machine with an established connection."""
    machine = Pusher(Timing(), NOW)
    machine.receive(b'{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.1\\"}"}', NOW)
    machine.registered({CHANNEL: "key:signature"}, None, NOW)
    machine.receive(orjson.dumps({"event": "pusher_internal:subscription_succeeded", "channel": CHANNEL}), NOW)
    assert machine.state is State.UP
    return machine


def timed(work: Callable[[bytes], object], inputs: list[bytes]) -> float:
    """Return the seconds for a call."""
    calls = [inputs[i % len(inputs)] for i in range(CALLS)]
    start = time.perf_counter()
    for each in calls:
        work(each)
    return (time.perf_counter() - start) / CALLS


def main() -> None:
    """Run the benchmark and print the result."""
    rng = random.Random(1)
    inner = [inner_json(rng, NOW) for _ in range(FRAMES)]
    frames = [frame_of(each, NOW) for each in inner]
    machine = connected()

    def typed_book(frame: bytes) -> BookMessage:
        (message,) = machine.receive(frame, NOW)
        assert type(message) is Message
        (book,) = decode(1, message.event, message.data)
        assert type(book) is BookMessage
        return book

    assert sum(map(len, typed_book(frames[0]).book.sides)) == 20
    settled()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(timed(orjson.loads, inner))
        ours.append(timed(typed_book, frames))
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    alone = statistics.median(theirs) * 1e6
    say(f"1. frame of {len(frames[0])} bytes to a typed book of 20 levels; inner JSON of {len(inner[0])} bytes")
    say(f"  {ROUNDS} rounds of {CALLS} calls; machine: factor {alone / REFERENCE_US:.2f}")
    say(f"  orjson.loads of the inner JSON  {alone:6.2f} us")
    say(f"  frame bytes to typed book       {statistics.median(ours) * 1e6:6.2f} us")
    say(f"  ratio, median                   {ratio:6.2f}    {of_budget(ratio, BUDGET)}")


if __name__ == "__main__":
    main()
