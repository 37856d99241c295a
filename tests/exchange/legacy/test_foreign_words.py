"""Answers and messages in the words of the newer dialect: none is taken for an empty or partial one of the legacy
dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from legacy_bodies import CANCELS, SENT, WAGER, body
from legacy_frames import NAME, data, level

from mmbot.domain.wager import UnreadWager
from mmbot.exchange.dialect import Undecodable
from mmbot.exchange.legacy import board, changes, feed, wagers, wallet

ORDER = {"order_id": "o1", "external_id": "x1", "strike_id": "line-a", "price": -110, "quantity": 25.5}
MATCHED = {"wager_id": "w1", "matched_odds": 110, "matched_stake": 1}


@pytest.mark.parametrize(
    ("word", "answer", "read"),
    [
        ("orders", {"orders": [], "next_cursor": ""}, lambda raw: wagers.history_page(1, raw, [])),
        ("order", {"order": ORDER}, wagers.wager_of),
        ("order_id", ORDER, wagers.wager_of),
        ("trades", {"trades": [], "next_cursor": ""}, lambda raw: wagers.match_page(raw, [])),
        ("order_id", {"matching_details": [MATCHED | {"wager_id": None, "order_id": "w1"}]},
         lambda raw: wagers.match_page(raw, [])),
        ("order", {"success": True, "order": ORDER}, lambda raw: changes.placed_one(raw, SENT[0])),
        ("succeed_orders", {"succeed_orders": [ORDER]}, lambda raw: changes.placed_many(1, raw, SENT, [])),
        ("failed_orders", {"failed_orders": []}, lambda raw: changes.cancelled_many(1, raw, CANCELS, [])),
        ("matched_order_balance", {"balance": 10, "matched_order_balance": 5},
         lambda raw: wallet.read_balance(1, raw)),
    ],
)  # fmt: skip
def test_an_answer_in_other_words_is_malformed(word: str, answer: object, read: Callable[[bytes], Any]) -> None:
    with pytest.raises(ValueError, match=f"'{word}' is a word of another dialect"):
        read(body(answer))


@pytest.mark.parametrize(
    ("missing", "there"),
    [("line_id", "strike_id"), ("odds", "price"), ("stake", "quantity"), ("matched_stake", "filled_quantity")],
)
def test_a_wager_with_one_field_in_other_words_is_malformed(missing: str, there: str) -> None:
    wager = {name: value for name, value in WAGER.items() if name not in (missing, "unmatched_stake")}
    found = wagers.wager_of(body(wager | {there: WAGER[missing], "matching_status": "unmatched"}))
    assert isinstance(found, UnreadWager)
    assert f"'{there}' is a word of another dialect" in found.why


def test_a_wager_with_both_names_is_read_by_its_own() -> None:
    both = wagers.wager_of(body(WAGER | {"order_id": "o1", "price": 120, "quantity": 3, "strike_id": "line-b"}))
    assert both == wagers.wager_of(body(WAGER))


def test_a_batch_of_cancels_in_other_words_fits_no_wager_by_its_place() -> None:
    malformed: list[str] = []
    items = [{"success": True, "order": {"order_id": each.wager_id}} for each in CANCELS]
    read = changes.cancelled_many(1, body(items), CANCELS, malformed)
    assert (read.accepted, read.failed, len(malformed)) == ((), (), 2)


def test_a_placement_in_other_words_is_not_completed_from_the_request() -> None:
    malformed: list[str] = []
    answer = {"succeed_wagers": [{"id": "w1", "external_id": "x1", "price": 500}]}
    read = changes.placed_many(1, body(answer), SENT, malformed)
    assert (read.accepted, len(malformed)) == ((), 1)
    assert "'price' is a word of another dialect" in malformed[0]


LEVEL = {"outcome_id": 4, "strike_id": "a", "price": 120, "value": 10, "strike": -3.5}


@pytest.mark.parametrize(
    "market",
    [
        {"id": 256, "type": "spread", "market_strikes": [{"strike": -3.5, "selections": [[LEVEL], [LEVEL]]}]},
        {"id": 256, "type": "spread", "market_lines": [{"strike": -3.5, "selections": [[], []]}]},
        {"id": 219, "selections": [[LEVEL], [LEVEL]]},
        {"id": 219, "selections": [[], []], "strike": 0},
    ],
)
def test_a_market_in_other_words_gets_no_line(market: dict[str, object]) -> None:
    malformed: list[str] = []
    images = board.read_markets_of(body([market]), 7, malformed)
    assert not any(image.market.lines for image in images)
    assert "is a word of another dialect" in malformed[0]


def test_a_transaction_in_other_words_is_counted_as_unread() -> None:
    page = wallet.read_transactions(body({"transactions": [{"change": 1, "order_id": "o1"}, {"change": 1}]}), [])
    assert (len(page.transactions), page.unread) == (1, 1)


@pytest.mark.parametrize(
    "info",
    [
        {"strike": -3.5, "selections": [[level(110, 1)], [level(-120, 1)]]},
        {"line": -3.5, "selections": [[{"price": 110, "value": 1}], [{"price": -120, "value": 1}]]},
        {"line": -3.5, "selections": [[level(110, 1)], [{"strike_id": "b", "price": -120, "value": 1}]]},
    ],
)
def test_a_book_in_other_words_is_no_empty_book(info: dict[str, object]) -> None:
    wire = {"sport_event_id": 7, "market_id": 256, "info": {"sequence_number": 1, **info}}
    with pytest.raises(Undecodable, match="is a word of another dialect"):
        feed.decode(1, NAME, data("market_selections", wire))


@pytest.mark.parametrize("topic", ["order", "market_strike", "matched_order"])
def test_a_topic_of_the_newer_dialect_is_unknown(topic: str) -> None:
    with pytest.raises(Undecodable, match="unknown change_type"):
        feed.decode(1, NAME, data(topic, {"info": {}}))
