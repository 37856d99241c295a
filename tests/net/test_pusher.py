"""The Pusher machine: its outputs for frames and instants, and that no input makes it raise."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mmbot.domain.instant import MILLISECOND, SECOND, Instant
from mmbot.net.pusher import (
    Ended,
    Ending,
    Established,
    Garbage,
    Message,
    Outputs,
    Pusher,
    Send,
    SignIn,
    State,
    Timing,
    Up,
    ending_of,
)

T0 = 1_700_000_000 * SECOND
TIMING = Timing()
A, B = "private-a", "private-b"
ONE = {A: "key:aa"}
BOTH = {A: "key:aa", B: "key:bb"}
HELLO = '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"12.34\\",\\"activity_timeout\\":120}"}'


def frame(event: str, data: object = None, channel: str | None = None) -> str:
    return orjson.dumps({"event": event, "data": data, "channel": channel}).decode()


def succeeded(channel: str) -> str:
    return frame("pusher_internal:subscription_succeeded", "{}", channel)


def up(now: Instant = T0) -> Pusher:
    machine = Pusher(TIMING, now)
    machine.receive(HELLO, now)
    machine.registered(BOTH, None, now)
    machine.receive(succeeded(A), now)
    assert machine.receive(succeeded(B), now) == (Up(),)
    return machine


def test_a_sign_in_comes_before_the_subscriptions() -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    (sent,) = machine.registered(ONE, SignIn("key:user", '{"id":"0011"}'), T0)
    assert isinstance(sent, Send)
    assert orjson.loads(sent.text) == {
        "event": "pusher:signin",
        "data": {"auth": "key:user", "user_data": '{"id":"0011"}'},
    }
    assert machine.state is State.SIGNING_IN
    (sent,) = machine.receive(frame("pusher:signin_success", "{}"), T0)
    assert isinstance(sent, Send)
    assert orjson.loads(sent.text)["event"] == "pusher:subscribe"
    assert machine.receive(succeeded(A), T0) == (Up(),)


def test_a_sign_in_without_an_answer_ends_the_connection() -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    machine.registered(ONE, SignIn("key:user", "{}"), T0)
    assert machine.tick(T0 + TIMING.sign_in) == (Ended(Ending.LOST, "signing_in_timeout"),)


def test_a_sign_in_that_nobody_waits_for_is_garbage() -> None:
    machine = up()
    (garbage,) = machine.receive(frame("pusher:signin_success", "{}"), T0)
    assert isinstance(garbage, Garbage)
    assert machine.state is State.UP


def test_the_way_up() -> None:
    machine = Pusher(TIMING, T0)
    assert machine.state is State.OPENING
    assert machine.receive(HELLO, T0) == (Established("12.34"),)
    assert machine.state is State.REGISTERING
    sent = machine.registered(BOTH, None, T0)
    assert [orjson.loads(each.text) for each in sent if isinstance(each, Send)] == [
        {"event": "pusher:subscribe", "data": {"channel": "private-a", "auth": "key:aa"}},
        {"event": "pusher:subscribe", "data": {"channel": "private-b", "auth": "key:bb"}},
    ]
    assert machine.state is State.SUBSCRIBING
    assert machine.receive(succeeded(B), T0) == ()
    assert machine.state is State.SUBSCRIBING
    assert machine.receive(succeeded(A), T0) == (Up(),)
    assert machine.state is State.UP


def test_a_subscription_confirmed_twice_does_not_count_for_another() -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    machine.registered(BOTH, None, T0)
    machine.receive(succeeded(A), T0)
    assert isinstance(machine.receive(succeeded(A), T0)[0], Garbage)
    assert machine.state is State.SUBSCRIBING


def test_messages_come_out_as_they_are() -> None:
    machine = up()
    assert machine.receive(frame("tournament_132", "text", A), T0) == (Message("private-a", "tournament_132", "text"),)
    assert machine.receive(b'{"event":"x","channel":"private-b","data": {"a" : 1}}', T0) == (
        Message("private-b", "x", b'{"a" : 1}'),
    )
    assert machine.receive('{"event":"x","channel":"private-b"}', T0) == (Message("private-b", "x", ""),)


def test_a_message_of_one_channel_does_not_wait_for_the_other() -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    machine.registered(BOTH, None, T0)
    machine.receive(succeeded(A), T0)
    assert machine.receive(frame("wagers", "w", A), T0) == (Message("private-a", "wagers", "w"),)


@pytest.mark.parametrize("channel", [None, "private-c"])
def test_a_message_on_a_foreign_channel_is_garbage(channel: str | None) -> None:
    (output,) = up().receive(frame("x", "text", channel), T0)
    assert isinstance(output, Garbage)
    assert output.kind == "channel"


def test_silence_is_broken_by_a_ping_and_a_missing_pong_ends_it() -> None:
    machine = up()
    assert machine.deadline() == T0 + TIMING.silence
    assert machine.tick(T0 + TIMING.silence - 1) == ()
    at = T0 + TIMING.silence
    (ping,) = machine.tick(at)
    assert isinstance(ping, Send)
    assert orjson.loads(ping.text)["event"] == "pusher:ping"
    assert machine.deadline() == at + TIMING.pong
    assert machine.tick(at + TIMING.pong - 1) == ()
    assert machine.tick(at + TIMING.pong) == (Ended(Ending.LOST, "silent"),)
    assert machine.deadline() is None
    assert machine.tick(at + TIMING.pong) == ()


@pytest.mark.parametrize("heard", [frame("pusher:pong", "{}"), frame("x", "text", A), "not even JSON"])
def test_anything_heard_is_a_sign_of_life(heard: str) -> None:
    machine = up()
    machine.tick(T0 + TIMING.silence)
    later = T0 + TIMING.silence + SECOND
    machine.receive(heard, later)
    assert machine.deadline() == later + TIMING.silence


@pytest.mark.parametrize(
    ("theirs", "silence"),
    [
        (120, TIMING.silence),
        (4, 4 * SECOND),
        (2.5, 2500 * MILLISECOND),
        (0.001, SECOND),
        (0, TIMING.silence),
        (-5, TIMING.silence),
        (1e300, TIMING.silence),
        ("7", TIMING.silence),
        (None, TIMING.silence),
    ],
)
def test_the_servers_activity_timeout_counts_where_it_is_shorter(theirs: object, silence: int) -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(
        frame("pusher:connection_established", orjson.dumps({"socket_id": "1.1", "activity_timeout": theirs}).decode()),
        T0,
    )
    assert machine.state is State.REGISTERING
    assert machine.deadline() == T0 + silence


def test_every_step_has_its_deadline() -> None:
    # Others may talk meanwhile: that is no step.
    quiet = Timing(silence=3600 * SECOND)
    machine = Pusher(quiet, T0)
    assert machine.tick(T0 + quiet.establish) == (Ended(Ending.LOST, "opening_timeout"),)

    machine = Pusher(quiet, T0)
    machine.receive(HELLO, T0 + SECOND)
    machine.receive(frame("pusher:ping"), T0 + 20 * SECOND)
    assert machine.deadline() == T0 + SECOND + quiet.register
    assert machine.tick(T0 + SECOND + quiet.register) == (Ended(Ending.LOST, "registering_timeout"),)

    machine = Pusher(quiet, T0)
    machine.receive(HELLO, T0)
    machine.registered(BOTH, None, T0 + SECOND)
    machine.receive(succeeded(A), T0 + 5 * SECOND)
    assert machine.tick(T0 + SECOND + quiet.subscribe) == (Ended(Ending.LOST, "subscribing_timeout"),)


def test_a_ping_is_answered_in_every_state() -> None:
    for machine in (Pusher(TIMING, T0), up()):
        (pong,) = machine.receive(frame("pusher:ping", {}), T0)
        assert isinstance(pong, Send)
        assert orjson.loads(pong.text)["event"] == "pusher:pong"


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (None, Ending.LOST),
        (1000, Ending.LOST),
        (1006, Ending.LOST),
        (3999, Ending.LOST),
        (4000, Ending.REJECTED),
        (4099, Ending.REJECTED),
        (4100, Ending.BACK_OFF),
        (4199, Ending.BACK_OFF),
        (4200, Ending.AGAIN),
        (4299, Ending.AGAIN),
        (4300, Ending.LOST),
    ],
)
def test_what_a_code_asks_for(code: int | None, ending: Ending) -> None:
    assert ending_of(code) is ending
    assert up().closed(code, "why") == (Ended(ending, "why", code),)
    if code is not None and ending is not Ending.LOST:
        assert up().receive(frame("pusher:error", {"code": code, "message": "m"}), T0) == (Ended(ending, "m", code),)
        text = orjson.dumps({"code": code, "message": "m"}).decode()
        assert up().receive(frame("pusher:error", text), T0) == (Ended(ending, "m", code),)


@pytest.mark.parametrize("code", [None, 4301])
def test_an_error_without_a_code_of_its_own_ends_an_attempt_and_not_a_connection(code: int | None) -> None:
    error = frame("pusher:error", {"code": code, "message": "m"})
    (output,) = up().receive(error, T0)
    assert isinstance(output, Garbage)
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    assert machine.receive(error, T0) == (Ended(Ending.LOST, "m", code),)


@pytest.mark.parametrize("event", ["pusher:subscription_error", "pusher_internal:subscription_error"])
def test_a_rejected_subscription_ends_the_attempt(event: str) -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    machine.registered(ONE, None, T0)
    assert isinstance(machine.receive(frame(event, {"status": 401}, "private-z"), T0)[0], Garbage)
    assert machine.receive(frame(event, {"status": 401}, A), T0) == (Ended(Ending.LOST, "subscription_rejected"),)


def test_nothing_comes_out_after_the_end() -> None:
    machine = up()
    assert machine.close("order") == (Ended(Ending.ORDERED, "order"),)
    assert machine.ended == Ended(Ending.ORDERED, "order")
    assert machine.receive(frame("x", "text", A), T0) == ()
    assert machine.closed(1006, "gone") == machine.fail("x") == machine.close("x") == machine.tick(T0 * 2) == ()
    assert machine.registered(ONE, None, T0) == ()


def test_a_registration_without_channels_is_no_connection() -> None:
    machine = Pusher(TIMING, T0)
    machine.receive(HELLO, T0)
    assert machine.registered({}, None, T0) == (Ended(Ending.LOST, "no_channels"),)


@pytest.mark.parametrize(
    "data", ["", "{}", '{"socket_id":""}', '{"socket_id":3}', '{"socket_id":"' + "1" * 10_000 + '"}', "[", {"x": 1}]
)
def test_a_hello_without_a_socket_id_ends_the_attempt(data: object) -> None:
    machine = Pusher(TIMING, T0)
    (ended,) = machine.receive(frame("pusher:connection_established", data), T0)
    assert isinstance(ended, Ended)
    assert ended.ending is Ending.LOST


def test_a_second_hello_changes_nothing() -> None:
    machine = up()
    assert isinstance(machine.receive(HELLO, T0)[0], Garbage)
    assert machine.state is State.UP


def test_a_reason_is_short_however_much_was_said() -> None:
    (ended,) = up().closed(4000, "x" * 100_000)
    assert isinstance(ended, Ended)
    assert len(ended.reason) <= 200


# --- whatever comes --------------------------------------------------------------------------------------------------

ODD_TEXT = st.text(st.characters())  # half a surrogate pair included
EVENTS = st.sampled_from(
    [
        "pusher:connection_established",
        "pusher:error",
        "pusher:ping",
        "pusher:pong",
        "pusher:subscription_error",
        "pusher_internal:subscription_succeeded",
        "pusher:nonsense",
        "tournament_132",
        "",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
DATA = JSON | JSON.map(lambda value: orjson.dumps(value).decode())
FRAMES = st.one_of(
    ODD_TEXT,
    st.binary(),
    JSON.map(lambda value: orjson.dumps(value).decode()),
    st.fixed_dictionaries({"event": EVENTS}, optional={"data": DATA, "channel": st.sampled_from([A, B, "c"])}).map(
        lambda value: orjson.dumps(value)
    ),
)


class AnythingGoes(RuleBasedStateMachine):
    """Frames, ticks and answers in any order: it never raises, ends once, and is up only when all is subscribed."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = Pusher(TIMING, T0)
        self.now = T0
        self.ends = self.ups = 0

    def note(self, outputs: Outputs) -> None:
        self.ends += sum(isinstance(each, Ended) for each in outputs)
        self.ups += sum(isinstance(each, Up) for each in outputs)
        for each in outputs:
            if isinstance(each, Send):
                orjson.loads(each.text)

    @rule(frame=FRAMES)
    def receive(self, frame: str | bytes) -> None:
        self.note(self.machine.receive(frame, self.now))

    @rule(good=st.sampled_from([HELLO, succeeded(A), succeeded(B)]))
    def receive_good(self, good: str) -> None:
        self.note(self.machine.receive(good, self.now))

    @rule(later=st.integers(0, 40 * SECOND))
    def tick(self, later: int) -> None:
        self.now += later
        self.note(self.machine.tick(self.now))
        deadline = self.machine.deadline()
        assert deadline is None or deadline > self.now, "a deadline that has passed was not acted upon"

    @rule()
    def subscribe(self) -> None:
        self.note(self.machine.registered(BOTH, None, self.now))

    @rule(code=st.none() | st.integers(1000, 4999), why=ODD_TEXT)
    def closed(self, code: int | None, why: str) -> None:
        self.note(self.machine.closed(code, why))

    @invariant()
    def holds(self) -> None:
        assert self.ends == (self.machine.state is State.ENDED)
        assert self.ups <= 1
        assert (self.machine.deadline() is None) == (self.machine.state is State.ENDED)
        if self.machine.state is State.UP:
            assert self.ups == 1


AnythingGoes.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestAnythingGoes = AnythingGoes.TestCase


@given(FRAMES)
def test_no_frame_makes_a_machine_that_is_up_raise(frame: str | bytes) -> None:
    for output in up().receive(frame, T0):
        assert isinstance(output, Message | Send | Garbage | Ended)


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, '{"event":"x","data":' + "[" * 100_000])
def test_json_nested_without_end_is_garbage(deep: str) -> None:
    (output,) = up().receive(deep, T0)
    assert isinstance(output, Garbage)
