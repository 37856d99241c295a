"""No answer and no message of the v4 dialect raises anything but the error that its caller expects."""

from __future__ import annotations

import base64
from contextlib import suppress

import orjson
from hypothesis import assume, given
from hypothesis import strategies as st
from v4_bodies import CANCELS, NOW, SENT, V4

from mmbot.domain.instant import DAY
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.dialect import Undecodable
from mmbot.exchange.grants import Topics

NAMES = [
    "data", "orders", "order", "order_id", "id", "succeed_orders", "failed_orders", "index", "request", "external_id",
    "error", "status", "quantity", "price", "7", "selections", "market_strikes", "strike", "strike_id", "value",
    "next_cursor", "last_synced_at", "trades", "success", "authorized_channel", "channel_name", "auth", "scope",
    "event_id", "binding_events", "rejected", "authenticated", "info", "sport_event_id", "market_id", "strikes",
    "sequence_number", "filled_quantity", "payload", "wager", "odds",
]  # fmt: skip
TOPICS = [
    "tournament", "sport_event", "market", "market_strike", "market_selections", "matched_order", "order",
    "private_system_signal", "else",
]  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
CALLS = (
    V4.session.log_in("a", "b"),
    V4.session.refresh("a"),
    V4.changes.place_one(SENT[0]),
    V4.changes.place_many(1, SENT),
    V4.changes.cancel_one(CANCELS[0]),
    V4.changes.cancel_many(1, CANCELS),
    V4.changes.cancel_all(),
    V4.wagers.wager("w"),
    V4.wagers.history(ReadHistory(1, created_from=NOW - DAY, created_to=NOW), NOW, None, None),
    V4.wagers.matches(("w",), ""),
    V4.board.ladder(),
    V4.board.tournaments(True),
    V4.board.sport_events(1),
    V4.board.markets((7,), 2),
    V4.board.markets_of(7, 2),
    V4.board.lines(("a",)),
    V4.wallet.balance(1),
    V4.wallet.transactions(None, None, None, None, None, "", "", 1),
    V4.feed.connection_config(),
    V4.feed.register("1.2", Topics((1,), (7,), ((7, "a"),)), "pusher"),
)


@given(anything)
def test_no_answer_raises_anything_but_a_value_error(answer: object) -> None:
    for value in (answer, {"data": answer}, {"data": {"orders": [answer], "failed_orders": [answer]}}):
        try:
            raw = orjson.dumps(value)
        except TypeError:
            assume(False)
        for call in CALLS:
            with suppress(ValueError):
                call.read(raw, [])
        V4.errors.read(raw)


@given(st.sampled_from(TOPICS), anything, st.sampled_from(["c", "u", "d", "x", None]))
def test_no_message_raises_anything_but_undecodable(topic: str, payload: object, op: str | None) -> None:
    try:
        raw = orjson.dumps(payload)
    except TypeError:
        assume(False)
    for written in (payload, base64.b64encode(raw).decode(), raw.decode()):
        with suppress(Undecodable):
            V4.feed.decode(1, "event", orjson.dumps({"change_type": topic, "op": op, "payload": written}))


@given(st.binary(max_size=40), st.sampled_from(TOPICS))
def test_no_bytes_raise_anything_but_undecodable(raw: bytes, topic: str) -> None:
    with suppress(Undecodable):
        V4.feed.decode(1, "event", raw)
    for text in (raw.decode("latin-1"), base64.b64encode(raw).decode()):
        with suppress(Undecodable):
            V4.feed.decode(1, "event", orjson.dumps({"change_type": topic, "payload": text}))
