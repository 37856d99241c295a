"""No answer, however strange, raises anything but ValueError."""

from __future__ import annotations

import orjson
from hypothesis import assume, given
from hypothesis import strategies as st
from legacy_bodies import CANCELS, SENT

from mmbot.exchange.legacy import board, changes, errors, feed, session, wagers, wallet

NAMES = [
    "data",
    "wagers",
    "succeed_wagers",
    "failed_wagers",
    "index",
    "request",
    "external_id",
    "id",
    "error",
    "status",
    "stake",
    "odds",
    "7",
    "selections",
    "market_lines",
    "line",
    "line_id",
    "value",
    "next_cursor",
    "last_synced_at",
    "matching_details",
    "wager_id",
    "success",
    "authorized_channel",
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(anything)
def test_no_answer_however_strange_raises_anything_but_a_value_error(answer: object) -> None:
    for value in (answer, {"data": answer}, {"data": {"wagers": [answer], "failed_wagers": [answer]}}):
        try:
            raw = orjson.dumps(value)
        except TypeError:
            assume(False)
        for convert in (
            lambda raw: wagers.history_page(1, raw, []),
            wagers.wager_of,
            lambda raw: wallet.read_balance(1, raw),
            lambda raw: wagers.match_page(raw, []),
            lambda raw: changes.placed_many(1, raw, SENT, []),
            lambda raw: changes.placed_one(raw, SENT[0]),
            lambda raw: changes.cancelled_many(1, raw, CANCELS, []),
            changes.succeeded,
            board.read_ladder,
            lambda raw: board.read_tournaments(raw, []),
            lambda raw: board.read_sport_events(raw, 1, []),
            lambda raw: board.read_markets(raw, (7,), []),
            lambda raw: board.read_markets_of(raw, 7, []),
            lambda raw: board.read_search(raw, []),
            lambda raw: board.read_players(raw, []),
            board.read_player,
            lambda raw: wallet.read_transactions(raw, []),
            session.read_tokens,
            feed.read_connection_config,
            feed.read_registration,
        ):
            try:
                convert(raw)
            except ValueError:
                continue
        errors.error_body(raw)
