"""Topics of the v4 feed, with payloads in each form."""

from __future__ import annotations

import base64

import orjson
import pytest
from v4_bodies import V4, envelope

from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import SportEvent, Tournament
from mmbot.domain.instant import from_iso
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.engine.events import (
    Beat,
    BookMessage,
    FeedMessage,
    LineMessage,
    MarketMessage,
    Op,
    PrintMessage,
    SportEventMessage,
    TournamentMessage,
    UnreadWagerMessage,
    WagerMessage,
)
from mmbot.exchange.dialect import Undecodable

NS = 1_790_000_000_123_456_789


def read(change_type: str, payload: object, op: str | None = "u", event: str = "market_selections") -> FeedMessage:
    (message,) = V4.feed.decode(7, event, envelope(change_type, payload, op))
    return message


def level(price: float | None, value: float, **more: object) -> dict[str, object]:
    return {"outcome_id": 13, "strike": 7.5, "strike_id": "cc", "price": price, "value": value, "quantity": 9} | more


BOOK = {
    "sport_event_id": 19458,
    "market_id": 258,
    "info": {
        "id": 258,
        "name": "Total Runs",
        "type": "total",
        "strike": 7.5,
        "sequence_number": NS,
        "selections": [[level(119.0, 32.61), level(-100.0, 5)], [level(-122, 39.6)]],
    },
}
TYPED = BookMessage(7, (19458, 258, 30), NS, Book(((Level(119, 3261), Level(100, 500)), (Level(-122, 3960),))))


def test_a_book_replaces_both_sides_of_its_strike() -> None:
    assert read("market_selections", BOOK) == TYPED


def test_a_payload_may_be_base64_a_text_or_an_object() -> None:
    encoded = base64.b64encode(orjson.dumps(orjson.dumps(BOOK).decode())).decode()
    plain = orjson.dumps(BOOK).decode()
    for payload in (encoded, plain, f" {plain}", orjson.dumps(plain).decode()):
        assert read("market_selections", payload) == TYPED
    whole = orjson.dumps({"change_type": "market_selections", "op": "u", "payload": BOOK})
    assert V4.feed.decode(7, "market_selections", whole) == (TYPED,)
    twice = orjson.dumps(whole.decode()).decode()
    assert V4.feed.decode(7, "market_selections", twice) == (TYPED,)


def test_a_side_with_a_placeholder_is_empty() -> None:
    info = BOOK["info"] | {"selections": [[level(None, 0)], [level(-122, 39.6)]]}  # type: ignore[operator]
    message = read("market_selections", BOOK | {"info": info})
    assert isinstance(message, BookMessage)
    assert message.book == Book(((), (Level(-122, 3960),)))


@pytest.mark.parametrize("price", [119.5, 50, 1e9, "119"])
def test_a_price_that_no_ladder_has_makes_its_book_malformed(price: object) -> None:
    info = BOOK["info"] | {"selections": [[level(price, 1)], []]}  # type: ignore[operator,arg-type]
    with pytest.raises(Undecodable, match="market_selections"):
        read("market_selections", BOOK | {"info": info})


def test_a_book_without_its_number_has_that_of_an_outcome() -> None:
    info = {name: value for name, value in BOOK["info"].items() if name != "strike"}  # type: ignore[attr-defined]
    assert read("market_selections", BOOK | {"info": info}) == TYPED


ORDER = {
    "order_id": "ord-9",
    "external_id": "r7-a-000025",
    "user_id": "u-1",
    "sport_event_id": 19458,
    "market_id": 258,
    "strike_id": "cc",
    "strike": 7.5,
    "outcome_id": 13,
    "price": 126,
    "quantity": 800,
    "profit": 1008,
    "fill_price": 126.0,
    "filled_quantity": 7.94,
    "total_filled_quantity": 57.94,
    "open_quantity": 742.06,
    "status": "open",
    "matching_status": "partially_matched",
    "winning_status": "tbd",
    "update_type": "matching",
    "sequence_number": NS,
}


def order(**changed: object) -> FeedMessage:
    wire = {name: value for name, value in (ORDER | changed).items() if value is not ...}
    return read("order", {"info": wire}, event="orders")


def test_filled_quantity_is_this_fill_and_the_total_is_its_own_field() -> None:
    message = order()
    assert isinstance(message, WagerMessage)
    report = message.report
    assert (report.wager_id, report.external_id, report.line_id) == ("ord-9", "r7-a-000025", "cc")
    assert (report.odds, report.stake, report.matched) == (126, 80_000, 5_794)
    assert (report.match_stake, report.match_odds, report.sequence) == (794, 126, NS)
    assert (report.status, report.matching, report.winning) == (Status.OPEN, Matching.PARTIALLY_MATCHED, Winning.TBD)


def test_without_the_total_it_follows_from_the_open_quantity() -> None:
    message = order(total_filled_quantity=...)
    assert isinstance(message, WagerMessage)
    assert (message.report.matched, message.report.match_stake) == (5_794, 794)


def test_a_change_of_status_has_no_fill() -> None:
    message = order(update_type="status", status="closed", winning_status="profit", filled_quantity=0)
    assert isinstance(message, WagerMessage)
    assert (message.report.match_stake, message.report.winning) == (None, Winning.WON)


@pytest.mark.parametrize("missing", ["price", "quantity", "status", ("total_filled_quantity", "open_quantity")])
def test_an_order_without_a_field_is_looked_up(missing: str | tuple[str, ...]) -> None:
    names = (missing,) if isinstance(missing, str) else missing
    message = order(**dict.fromkeys(names, ...))
    assert isinstance(message, UnreadWagerMessage)
    assert (message.wager.wager_id, message.wager.may_rest) == ("ord-9", True)


def test_an_order_without_any_id_is_malformed() -> None:
    with pytest.raises(Undecodable):
        order(order_id=..., external_id=...)


def test_the_event_name_of_a_private_message_does_not_matter() -> None:
    data = envelope("order", {"info": ORDER})
    (first,), (second,) = V4.feed.decode(7, "wagers", data), V4.feed.decode(7, "order", data)
    assert isinstance(first, WagerMessage)
    assert first == second


@pytest.mark.parametrize("topic", ["matched_order", "trade_execution"])
def test_a_print(topic: str) -> None:
    info = {
        "sport_event_id": 19458, "market_id": 251, "strike_id": "aa", "strike": 0, "origin_market_strike": 0,
        "outcome_id": 4, "price": 124, "fill_price": 125.0, "filled_quantity": 45.3, "sequence_number": NS,
    }  # fmt: skip
    assert read(topic, {"info": info}) == PrintMessage(7, 19458, 251, "aa", 124, 125, 4530, NS)
    with pytest.raises(Undecodable):
        read(topic, {"info": info | {"fill_price": 12}})


def test_a_strike_is_about_one_outcome_and_its_own_id_does_not_count() -> None:
    info = {
        "id": 1026300001, "sport_event_id": 19458, "market_id": 256, "outcome_id": 1714, "strike": -1.5,
        "strike_id": "ee", "type": "spread", "status": "active", "favourite": True, "sequence_number": NS,
    }  # fmt: skip
    message = read("market_strike", {"id": 1026300001, "info": info})
    assert message == LineMessage(7, Op.UPDATE, 19458, 256, "ee", 1714, -6, "active")


def test_structure_messages() -> None:
    tournament = {"id": "109", "info": {"id": 109, "name": "MLB", "sport": {"id": 1, "name": "Baseball"}}}
    assert read("tournament", tournament) == TournamentMessage(7, Op.UPDATE, 109, Tournament(109, "MLB", "Baseball"))
    info = {
        "event_id": 19458, "name": "Away at Home", "status": "not_started", "scheduled": "2026-09-12T23:10:00Z",
        "sport_name": "Baseball", "tournament_name": "MLB", "competitors": [{"name": "Home"}, {"name": "Away"}],
    }  # fmt: skip
    assert read("sport_event", {"id": "19458", "tournament_id": "109", "info": info}, "c") == SportEventMessage(
        7,
        Op.CREATE,
        19458,
        109,
        SportEvent(
            19458,
            109,
            "Away at Home",
            "not_started",
            from_iso("2026-09-12T23:10:00Z"),
            "Baseball",
            "MLB",
            "",
            ("Home", "Away"),
        ),
    )
    gone = read("sport_event", {"id": "19458", "tournament_id": "109", "info": {"event_id": 0}}, "d")
    assert gone == SportEventMessage(7, Op.DELETE, 19458, 109, None)
    market = {"id": "19458", "info": {"id": 251, "sport_event_id": 19458, "name": "Moneyline", "status": "active"}}
    assert read("market", market) == MarketMessage(7, Op.UPDATE, 19458, 251, "Moneyline", "active")


@pytest.mark.parametrize("payload", ["e30=", "{}", ""])
def test_a_health_check_is_a_beat(payload: str) -> None:
    assert read("private_system_signal", payload, event="anything") == Beat(7)
    assert V4.feed.decode(7, "health_check", "x") == (Beat(7),)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("no json", "envelope"),
        (b"{}", "envelope"),
        (envelope("brand_new", {}), "topic"),
        (envelope("order", "not base64!"), "order"),
        (envelope("order", "{broken"), "order"),
        (orjson.dumps({"change_type": "market"}), "market"),
        (orjson.dumps({"change_type": "market", "payload": [1]}), "market"),
    ],
)
def test_a_message_that_cannot_be_read_is_counted_under_its_kind(data: str | bytes, kind: str) -> None:
    with pytest.raises(Undecodable) as bad:
        V4.feed.decode(7, "market_selections", data)
    assert bad.value.kind == kind
