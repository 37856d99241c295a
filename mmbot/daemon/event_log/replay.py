"""Gives an engine the recorded calls again, and compares its requests with the recorded requests."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from mmbot.daemon.loop import Driven
from mmbot.domain.instant import Duration, Instant
from mmbot.engine.events import Event
from mmbot.engine.requests import Request
from mmbot.store.event_log import Asked, AskedDeadline, Handled, Raised, Record

SHOWN: Final = 5
"""The number of events before the first difference that are shown to the operator."""


class Difference(NamedTuple):
    """The first difference between a replay and the recorded run."""

    now: Instant
    number: int
    """The number of events that the engine had got before the difference. The first event has number 1."""
    expected: str
    """The request or error of the recorded run, as text."""
    got: str
    """The request or error of the replay, as text."""
    before: tuple[tuple[int, Instant, Event], ...]
    """The latest events before the difference, each with its number and the time at which the engine got it."""


class Replayed(NamedTuple):
    """The result of a replay."""

    events: int
    requests: int
    virtual: Duration
    """The time from the first to the final record of the log, by the clock of the recorded run."""
    seconds: float
    """The time that the replay took, in real seconds."""
    difference: Difference | None
    raised: str | None
    """The error that the engine raised both in the recorded run and in the replay. None if the engine raised no
    error."""


def replay(engine: Driven, records: Iterable[Record]) -> Replayed:
    """Give an engine the calls of a recorded run, up to the first difference.

    Args:
        engine: a new engine, made from the values in the header of the run.
        records: the records of the run.
    """
    began = time.perf_counter()
    run = _Replay(engine)
    difference = run.through(iter(records))
    took = time.perf_counter() - began
    return Replayed(run.events, run.requests, run.now - run.first, took, difference, run.raised)


class _Replay:
    def __init__(self, engine: Driven) -> None:
        self._engine: Final = engine
        self._encode: Final = msgspec.msgpack.Encoder().encode
        self._latest: Final[deque[tuple[int, Instant, Event]]] = deque(maxlen=SHOWN)
        self.events = 0
        self.requests = 0
        self.first: Instant = 0
        self.now: Instant = 0
        self.raised: str | None = None

    def through(self, records: Iterator[Record]) -> Difference | None:
        """Replay the records. Return the first difference, or None if there is no difference."""
        record = next(records, None)
        if record is not None:
            self.first = record.now
        while record is not None:
            self.now = record.now
            following = next(records, None)
            recorded = following.error if isinstance(following, Raised) else None
            try:
                difference = self._call(record, recorded)
            except Exception as error:  # noqa: BLE001 - an engine may raise anything, and that is compared, too
                got = f"{type(error).__name__}: {error}"
                # Only the types are compared: a message may hold the address of an object.
                if recorded is not None and recorded.partition(":")[0] == type(error).__name__:
                    self.raised = recorded
                    return None
                expected = "no error" if recorded is None else recorded
                difference = self._difference(expected, got)
            else:
                if difference is None and recorded is not None:
                    difference = self._difference(recorded, "no error")
            if difference is not None:
                return difference
            record = following
        return None

    def _call(self, record: Record, raised: str | None) -> Difference | None:
        match record:
            case Handled(event=event):
                self.events += 1
                self._latest.append((self.events, record.now, event))
                self._engine.handle(event, record.now)
            case Asked(request=expected):
                got = self._engine.next_request(record.now)
                if raised is None and self._differ(expected, got):
                    return self._difference(_shown(expected), _shown(got))
                self.requests += expected is not None
            case AskedDeadline():
                self._engine.orders()  # the main loop takes them before it asks
                self._engine.deadline(record.now)
            case Raised():
                return self._difference(record.error, "no call that could raise it")
        return None

    def _differ(self, expected: Request | None, got: Request | None) -> bool:
        return got != expected and self._encode(got) != self._encode(expected)

    def _difference(self, expected: str, got: str) -> Difference:
        return Difference(self.now, self.events, expected, got, tuple(self._latest))


def _shown(request: Request | None) -> str:
    return "no request" if request is None else repr(request)
