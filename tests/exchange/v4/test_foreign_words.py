"""Answers and messages in the words of the legacy dialect: none is taken for an empty or partial one of v4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from legacy_bodies import WAGER
from v4_bodies import CANCELS, NOW, ORDER, SENT, V4, body, envelope

from mmbot.domain.instant import DAY
from mmbot.domain.wager import UnreadWager
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.dialect import Undecodable

HISTORY = V4.wagers.history(ReadHistory(1, created_from=NOW - DAY, created_to=NOW), NOW, None, None)
LEVEL = {"outcome_id": 4, "line_id": "a", "odds": 120, "value": 10, "line": -3.5}


@pytest.mark.parametrize(
    ("word", "answer", "read"),
    [
        ("wagers", {"wagers": [], "next_cursor": ""}, HISTORY.read),
        ("wager", {"wager": WAGER}, V4.wagers.wager("w").read),
        ("matched_bets", {"matched_bets": [], "next_cursor": ""}, V4.wagers.matched_bets(NOW - DAY, NOW, "", 1).read),
        ("wager_id", [{"wager_id": "w1"}], V4.wagers.matches(("w1",), "").read),
        ("wager", {"success": True, "wager": WAGER}, V4.changes.place_one(SENT[0]).read),
        ("succeed_wagers", {"succeed_wagers": [WAGER]}, V4.changes.place_many(1, SENT).read),
        ("failed_wagers", {"failed_wagers": []}, V4.changes.cancel_many(1, CANCELS).read),
        ("matched_wager_balance", {"balance": 10, "matched_wager_balance": 5}, V4.wallet.balance(1).read),
    ],
)
def test_an_answer_in_other_words_is_malformed(
    word: str, answer: object, read: Callable[[bytes, list[str]], Any]
) -> None:
    with pytest.raises(ValueError, match=f"'{word}' is a word of another dialect"):
        read(body(answer), [])


@pytest.mark.parametrize(
    ("missing", "there"),
    [("strike_id", "line_id"), ("price", "odds"), ("quantity", "stake"), ("filled_quantity", "matched_stake")],
)
def test_an_order_with_one_field_in_other_words_is_malformed(missing: str, there: str) -> None:
    wire = {name: value for name, value in ORDER.items() if name not in (missing, "open_quantity")}
    answer = {"order": wire | {there: ORDER[missing], "matching_status": "unmatched"}}
    found = V4.wagers.wager("w").read(body(answer), [])
    assert isinstance(found, UnreadWager)
    assert f"'{there}' is a word of another dialect" in found.why


def test_a_batch_of_cancels_in_other_words_fits_no_wager_by_its_place() -> None:
    malformed: list[str] = []
    items = [{"success": True, "wager": {"wager_id": each.wager_id}} for each in CANCELS]
    read = V4.changes.cancel_many(1, CANCELS).read(body(items), malformed)
    assert (read.accepted, read.failed, len(malformed)) == ((), (), 2)


@pytest.mark.parametrize(
    "market",
    [
        {"id": 256, "type": "spread", "market_lines": [{"line": -3.5, "selections": [[LEVEL], [LEVEL]]}]},
        {"id": 256, "type": "spread", "market_strikes": [{"line": -3.5, "selections": [[], []]}]},
        {"id": 251, "selections": [[LEVEL], [LEVEL]]},
    ],
)
def test_a_market_in_other_words_gets_no_line(market: dict[str, object]) -> None:
    malformed: list[str] = []
    images = V4.board.markets_of(7, 2).read(body({"markets": [market]}), malformed)
    assert not any(image.market.lines for image in images)
    assert "is a word of another dialect" in malformed[0]


@pytest.mark.parametrize(
    "info",
    [
        {"line": -3.5, "selections": [[{"price": 110, "value": 1}], [{"price": -120, "value": 1}]]},
        {"strike": -3.5, "selections": [[LEVEL], [LEVEL]]},
    ],
)
def test_a_book_in_other_words_is_no_empty_book(info: dict[str, object]) -> None:
    wire = {"sport_event_id": 7, "market_id": 256, "info": {"sequence_number": 1, **info}}
    with pytest.raises(Undecodable, match="is a word of another dialect"):
        V4.feed.decode(1, "market_selections", envelope("market_selections", wire))


@pytest.mark.parametrize("topic", ["wager", "market_line", "matched_bet"])
def test_a_topic_of_the_legacy_dialect_is_unknown(topic: str) -> None:
    with pytest.raises(Undecodable, match="unknown change_type"):
        V4.feed.decode(1, "orders", envelope(topic, {"info": {}}))
