"""REST answers and feed messages of the v4 dialect.

The first byte says what the rest is: the answer to a call, the payload of a topic, or the data of a message.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress

from v4_bodies import CANCELS, NOW, ORDER, SENT, V4

from mmbot.domain.instant import DAY
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.dialect import Undecodable
from mmbot.exchange.grants import Topics
from surfaces import Surface

_CALLS = (
    V4.session.log_in("a", "b"),
    V4.changes.place_one(SENT[0]),
    V4.changes.place_many(1, SENT),
    V4.changes.cancel_one(CANCELS[0]),
    V4.changes.cancel_many(1, CANCELS),
    V4.changes.cancel_all(),
    V4.wagers.wager("w"),
    V4.wagers.history(ReadHistory(1, created_from=NOW - DAY, created_to=NOW), NOW, None, None),
    V4.wagers.matches(("ord-1",), ""),
    V4.board.ladder(),
    V4.board.tournaments(True),
    V4.board.sport_events(1),
    V4.board.markets((7,), 2),
    V4.board.markets_of(7, 2),
    V4.board.lines(("aa",)),
    V4.wallet.balance(1),
    V4.wallet.transactions(None, None, None, None, None, "", "", 1),
    V4.feed.connection_config(),
    V4.feed.register("1.2", Topics((1,), (7,), ((7, "a"),)), "pusher"),
)
_TOPICS = (
    "market_selections",
    "order",
    "matched_order",
    "market",
    "market_strike",
    "sport_event",
    "tournament",
    "private_system_signal",
)
_DATA = len(_CALLS) + len(_TOPICS)


def check(data: bytes) -> None:
    """Read an answer or a message. A reader raises nothing but the errors that its caller counts."""
    if not data:
        return
    kind, rest = data[0] % (_DATA + 1), data[1:]
    if kind < len(_CALLS):
        malformed: list[str] = []
        with suppress(ValueError, RecursionError):
            _CALLS[kind].read(rest, malformed)
        assert all(len(why) <= 1_000 for why in malformed)
        V4.errors.read(rest)
        return
    messages = [rest]
    if kind < _DATA:
        payloads = (base64.b64encode(rest).decode(), rest.decode("utf-8", "replace"))
        topic = _TOPICS[kind - len(_CALLS)]
        messages = [json.dumps({"change_type": topic, "op": "u", "payload": each}).encode() for each in payloads]
    for message in messages:
        try:
            V4.feed.decode(1, "market_selections", message)
        except Undecodable as bad:
            assert len(bad.why) <= 300


def _seeds() -> tuple[bytes, ...]:
    level = {"price": 110, "value": 120.5, "strike_id": "aa", "strike": None, "name": "a", "outcome_id": 4}
    sides = {"type": "moneyline", "strike": 0, "selections": [[level], [level | {"strike_id": "bb"}]]}
    market = {"id": 251, "status": "active"} | sides
    channel = {"channel_name": "c", "auth": "k:s", "binding_events": [{"name": "orders", "type": "orders"}]}
    info = {"sport_event_id": 7, "market_id": 251, "strike_id": "aa", "outcome_id": 4, "sequence_number": 3}
    answers: tuple[object, ...] = (
        {"access_token": "a", "refresh_token": "r", "access_expire_time": 1_790_000_000},
        {"success": True, "order": ORDER},
        {"succeed_orders": [ORDER], "failed_orders": [{"index": 1, "error": "self_match"}]},
        {"success": True},
        [{"success": False, "order": {"order_id": "ord-1"}, "error": {"error": "order_already_filled"}}],
        {},
        {"order": ORDER},
        {"orders": [ORDER, ORDER | {"status": "new"}], "next_cursor": "c"},
        {"trades": [{"order_id": "ord-1", "fill_price": 110, "filled_quantity": 1}]},
        [100, -105],
        {"tournaments": [{"id": 1, "name": "MLB"}]},
        {"sport_events": [{"event_id": 7, "tournament_id": 1, "status": "live"}]},
        {"7": [market]},
        {"markets": [market, {"id": 258, "market_strikes": [sides | {"strike": 7.5}]}]},
        [{"strike_id": "aa", "event_id": 7, "market_id": 251}],
        {"balance": 10, "matched_order_balance": 1, "unmatched_order_balance": 2},
        {"transactions": [{"transaction_type": "TRADE", "amount": 1, "order_id": "ord-1"}]},
        {"key": "k", "cluster": "c", "ws_host": "h"},
        {
            "authorized_channel": [channel, channel | {"scope": {"event_id": 7, "sub_type": "a"}}],
            "authenticated": {"auth": "k:s", "user_data": "{}"},
            "rejected": [{"type": "event", "id": "*", "reason": "wildcard_not_allowed"}],
        },
    )
    payloads: tuple[object, ...] = (
        {"sport_event_id": 7, "market_id": 251, "info": sides | {"sequence_number": 3}},
        {"info": ORDER | {"update_type": "matching", "fill_price": 110, "sequence_number": 3}},
        {"info": info | {"price": 110.0, "fill_price": 110, "filled_quantity": 1}},
        {"id": 7, "info": {"id": 251, "sport_event_id": 7}},
        {"info": info | {"strike": -1.5, "status": "active"}},
        {"id": 7, "tournament_id": 1, "info": {"event_id": 7, "status": "live"}},
        {"id": 1, "info": {"id": 1, "name": "MLB"}},
        {},
    )
    made = [bytes((kind,)) + json.dumps({"data": answer}).encode() for kind, answer in enumerate(answers)]
    made += [bytes((len(_CALLS) + kind,)) + json.dumps(payload).encode() for kind, payload in enumerate(payloads)]
    whole = {"change_type": "market_selections", "op": "u", "payload": payloads[0]}
    return (*made, bytes((_DATA,)) + json.dumps(whole).encode())


SURFACE = Surface("v4_reads", _seeds(), check, head=1, examples=400)
