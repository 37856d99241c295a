"""Topics of the legacy feed, from the exchange's examples and from arbitrary bytes."""

from __future__ import annotations

import base64
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from legacy_frames import NAME, book, data, level, read, rejected

from mmbot.domain.catalogue import SportEvent, Tournament
from mmbot.domain.instant import from_iso
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.engine.events import (
    Beat,
    BookMessage,
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
from mmbot.exchange.legacy import feed
from mmbot.exchange.legacy.feed import decode

# --- prints ----------------------------------------------------------------------------------------------------------


def test_a_print() -> None:
    wire = {
        "info": {
            "sport_event_id": 44285780,
            "market_id": 219,
            "line_id": "cffa7ddc4fd50acbe51684e7addabe00",
            "outcome_id": 4,
            "line": 0,
            "odds": 124,
            "matched_odds": 125.0,
            "matched_stake": 45.3,
            "origin_market_line": 0,
            "sequence_number": 1_709_130_007_835_319_000,
        }
    }
    assert read("matched_bet", wire) == PrintMessage(
        7, 44285780, 219, "cffa7ddc4fd50acbe51684e7addabe00", 124, 125, 4530, 1_709_130_007_835_319_000
    )
    for field, bad in (("matched_stake", 1.001), ("matched_stake", -1), ("odds", None), ("matched_odds", 12)):
        rejected("matched_bet", {"info": wire["info"] | {field: bad}})


# --- wagers ----------------------------------------------------------------------------------------------------------

WAGER = {
    "id": "wager_uuid",
    "user_id": "user_uuid",
    "external_id": "run-s-17",
    "sport_event_id": 12345,
    "market_id": 219,
    "outcome_id": 4,
    "line_id": "abc123",
    "line": -3.5,
    "odds": -110,
    "stake": 100.00,
    "profit": 90.91,
    "matched_stake": 20.00,
    "matched_odds": -108.0,
    "totally_matched_stake": 50.00,
    "unmatched_stake": 50.00,
    "matching_status": "partially_matched",
    "winning_status": "tbd",
    "status": "open",
    "update_type": "matching",
    "sequence_number": 1_234_567_890,
}


def wager(**changed: object) -> WagerMessage:
    message = read("wager", {"info": WAGER | changed})
    assert isinstance(message, WagerMessage)
    assert message.connection == 7
    return message


def test_a_match_of_a_wager() -> None:
    report = wager().report
    assert (report.wager_id, report.external_id, report.sport_event_id, report.market_id, report.line_id) == (
        "wager_uuid",
        "run-s-17",
        12345,
        219,
        "abc123",
    )
    assert (report.odds, report.stake, report.matched) == (-110, 10_000, 5_000)
    assert (report.match_stake, report.match_odds) == (2_000, -108)
    assert (report.status, report.matching, report.winning) == (Status.OPEN, Matching.PARTIALLY_MATCHED, Winning.TBD)
    assert report.sequence == 1_234_567_890


def test_matched_stake_is_one_match_and_never_the_total() -> None:
    report = wager(update_type="status", matching_status="unmatched", totally_matched_stake=None).report
    assert report.matched == 0
    assert report.match_stake is None
    report = wager(totally_matched_stake=None, unmatched_stake=70).report
    assert (report.matched, report.match_stake) == (3_000, 2_000)
    unread = read("wager", {"info": WAGER | {"totally_matched_stake": None, "unmatched_stake": None}})
    assert isinstance(unread, UnreadWagerMessage)
    assert "matched_stake" in unread.wager.why
    assert unread.wager.matched is None


def test_a_change_of_status_carries_no_match() -> None:
    report = wager(update_type="status", matched_stake=0).report
    assert (report.match_stake, report.match_odds) == (None, None)


def test_the_odds_of_a_match_may_be_off_the_ladder_and_what_is_no_price_is_left_open() -> None:
    assert wager(matched_odds=-109).report.match_odds == -109
    assert wager(matched_odds=-108.7).report.match_odds is None
    assert wager(matched_odds=None).report.match_odds is None
    assert wager(matched_odds=-108.7).report.match_stake == 2_000


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("matching", Matching)
def test_every_status_is_known(status: Status, matching: Matching) -> None:
    report = wager(status=status.value, matching_status=matching.value).report
    assert (report.status, report.matching) == (status, matching)


@pytest.mark.parametrize("winning", Winning)
def test_every_result_is_known(winning: Winning) -> None:
    assert wager(winning_status=winning.value).report.winning is winning


def test_results_of_the_newer_dialect_are_understood() -> None:
    assert wager(winning_status="profit").report.winning is Winning.WON
    assert wager(winning_status="loss").report.winning is Winning.LOST
    assert wager(winning_status=None).report.winning is Winning.TBD


def test_a_partial_cancel_is_open_fully_matched_with_its_stake_cut() -> None:
    report = wager(update_type="status", stake=3, totally_matched_stake=3, matching_status="fully_matched").report
    assert (report.stake, report.matched, report.resting) == (300, 300, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "on_fire"},
        {"matching_status": "somewhat"},
        {"winning_status": "maybe"},
        {"stake": 10.001},
        {"stake": None},
        {"odds": None},
        {"odds": 50},
        {"totally_matched_stake": -1},
        {"matched_stake": 0.001},
        {"matched_stake": -3},
    ],
)
def test_of_a_wager_that_makes_no_sense_the_rest_is_read(changed: dict[str, object]) -> None:
    message = read("wager", {"info": WAGER | changed})
    assert isinstance(message, UnreadWagerMessage)
    assert (message.wager.wager_id, message.wager.external_id) == ("wager_uuid", "run-s-17")
    assert message.wager.may_rest


@pytest.mark.parametrize("info", [None, 7, "x", {}, {"id": None}, {"status": "open"}])
def test_a_wager_without_any_id_is_rejected(info: object) -> None:
    rejected("wager", {"info": info})


# --- structure -------------------------------------------------------------------------------------------------------


def test_a_tournament() -> None:
    wire = {
        "id": "132",
        "info": {
            "id": 132,
            "name": "NBA",
            "banner": "url",
            "image": None,
            "category": {"id": 1, "name": "USA", "countryCode": "US"},
            "sport": {"id": 1, "name": "Basketball"},
            "sequence_number": 3,
        },
    }
    assert read("tournament", wire, "c") == TournamentMessage(7, Op.CREATE, 132, Tournament(132, "NBA", "Basketball"))
    assert read("tournament", {"id": "132"}, "d") == TournamentMessage(7, Op.DELETE, 132, None)
    rejected("tournament", {"info": {"name": "NBA"}})
    rejected("tournament", {"id": "NBA", "info": {"name": "NBA"}})


SPORT_EVENT = {
    "id": "1500090150",
    "tournament_id": "1600000073",
    "info": {
        "name": "Xander Schauffele to Win",
        "display_name": "",
        "type": "custom",
        "event_id": 1500090150,
        "sport_name": "Golf",
        "tournament_name": "Travelers Championship",
        "tournament_id": 1600000073,
        "competitors": [
            {"id": 1600000050, "name": "Yes", "display_name": "Yes", "abbreviation": "Yes", "side": "home"},
            {"id": 1600000051, "name": "No", "display_name": "No", "abbreviation": "No", "side": "away"},
        ],
        "status": "not_started",
        "scheduled": "2023-06-25T22:00:00Z",
        "updated_at": 1687278019199067400,
    },
}


def test_a_sport_event() -> None:
    assert read("sport_event", SPORT_EVENT, "c") == SportEventMessage(
        7,
        Op.CREATE,
        1500090150,
        1600000073,
        SportEvent(
            sport_event_id=1500090150,
            tournament_id=1600000073,
            name="Xander Schauffele to Win",
            status="not_started",
            scheduled=from_iso("2023-06-25T22:00:00Z"),
            sport_name="Golf",
            tournament_name="Travelers Championship",
            competitors=("Yes", "No"),
        ),
    )


@pytest.mark.parametrize(
    "wire",
    [
        {"id": "1500090150", "tournament_id": "1600000073"},
        {"id": "1500090150", "tournament_id": "1600000073", "info": None},
        {"id": "1500090150", "tournament_id": "1600000073", "info": {"event_id": 0, "competitors": None}},
    ],
)
def test_a_delete_brings_ids_only(wire: dict[str, object]) -> None:
    assert read("sport_event", wire, "d") == SportEventMessage(7, Op.DELETE, 1500090150, 1600000073, None)


def test_an_update_of_a_sport_event_may_lack_much_but_not_its_ids() -> None:
    message = read("sport_event", {"id": "5", "tournament_id": "6", "info": {"status": "live", "scheduled": "soon"}})
    assert isinstance(message, SportEventMessage)
    assert message.sport_event == SportEvent(5, 6, "", "live", None)
    rejected("sport_event", {"tournament_id": "6", "info": {"status": "live"}})
    rejected("sport_event", {"id": "5", "info": {"status": "live"}})
    rejected("sport_event", {"id": "5", "tournament_id": "6"})


def test_an_outright_is_told_by_its_sub_type() -> None:
    message = read("sport_event", SPORT_EVENT | {"info": SPORT_EVENT["info"] | {"sub_type": "outrights"}})  # type: ignore[operator]
    assert isinstance(message, SportEventMessage)
    assert message.sport_event is not None
    assert message.sport_event.sub_type == "outrights"


def test_a_market() -> None:
    info = {"id": 219, "sport_event_id": 12345, "name": "Moneyline", "status": "active", "sequence_number": 1}
    assert read("market", {"id": "12345", "info": info}) == MarketMessage(
        7, Op.UPDATE, 12345, 219, "Moneyline", "active"
    )
    # A market without a status is not known to be active.
    assert read("market", {"id": "12345", "info": {"id": 219}}, "d") == MarketMessage(7, Op.DELETE, 12345, 219, "", "")
    rejected("market", {"id": "12345"}, "d")


def test_a_line_one_message_for_each_outcome() -> None:
    info = {
        "id": 1026300001,
        "line": -3.5,
        "line_id": "0f",
        "market_id": 256,
        "name": "Fixed home -3.5",
        "outcome_id": 1714,
        "sequence_number": 1758166593930732000,
        "sport_event_id": 10076000,
        "status": "active",
        "type": "spread",
    }
    assert read("market_line", {"id": 1026300001, "info": info}, "c") == LineMessage(
        7, Op.CREATE, 10076000, 256, "0f", 1714, -14, "active"
    )
    rejected("market_line", {"id": 1026300001}, "d")
    rejected("market_line", {"id": 1, "info": info | {"line": -3.3}})
    rejected("market_line", {"id": 1, "info": info | {"line_id": None}})


def test_what_a_message_does_has_to_be_one_of_three() -> None:
    assert "x" in rejected("sport_event", SPORT_EVENT, "x")
    message = read("sport_event", SPORT_EVENT, None)
    assert isinstance(message, SportEventMessage)
    assert message.op is Op.UPDATE


# --- envelopes -------------------------------------------------------------------------------------------------------


def test_a_health_check_is_one_by_its_name_or_by_its_envelope() -> None:
    signal = data("private_system_signal", {})
    assert decode(7, "health_check", signal) == decode(7, "health_check", b"{}") == (Beat(7),)
    assert decode(7, "health_check", "") == decode(7, "wagers", signal) == (Beat(7),)
    assert decode(7, "general", data("health_check", {})) == (Beat(7),)


@pytest.mark.parametrize("name", ["wagers", "wager", "orders", "market_selections", "general", ""])
def test_the_kind_of_a_message_is_in_its_envelope_and_not_in_its_name(name: str) -> None:
    assert decode(7, name, data("wager", {"info": WAGER})) == (wager(),)


def test_an_envelope_may_be_an_object_and_everything_may_be_encoded_twice() -> None:
    plain = data("wager", {"info": WAGER})
    assert decode(7, NAME, plain.encode()) == (wager(),)
    assert decode(7, NAME, orjson.dumps(plain).decode()) == (wager(),)
    twice = data("wager", orjson.dumps({"info": WAGER}).decode())
    assert decode(7, NAME, twice) == (wager(),)
    thrice = data("market_selections", orjson.dumps(book([level(110, 1)], [], line=None)).decode())
    (message,) = decode(7, NAME, orjson.dumps(thrice).decode())
    assert isinstance(message, BookMessage)
    assert message.line.number == -14


@pytest.mark.parametrize("payload", ["!!!!", "e30", "e30=\n", "e3 0=", "e30=e30=", "é30="])
def test_base64_is_read_strictly(payload: str) -> None:
    with pytest.raises(Undecodable) as caught:
        decode(7, NAME, orjson.dumps({"change_type": "wager", "op": "u", "payload": payload}).decode())
    assert caught.value.kind == "wager"


@pytest.mark.parametrize("foreign", ["!", "\n", " ", "=", "-", "_", "é"])
def test_one_foreign_character_in_base64_makes_the_message_malformed(foreign: str) -> None:
    good = base64.b64encode(orjson.dumps({"info": WAGER})).decode()
    for payload in (foreign + good, good[:8] + foreign + good[8:], good + foreign):
        with pytest.raises(Undecodable):
            decode(7, NAME, orjson.dumps({"change_type": "wager", "op": "u", "payload": payload}).decode())


@pytest.mark.parametrize("deep", ['{"x":' + "[" * 100_000, '{"info":{"x":' + '{"x":' * 100_000, '{"info":' * 100_000])
def test_json_nested_without_end_is_rejected(deep: str) -> None:
    with pytest.raises(Undecodable):
        decode(7, NAME, deep)
    payload = base64.b64encode(deep.encode()).decode()
    for topic in ("wager", "market_selections", "sport_event"):
        with pytest.raises(Undecodable):
            decode(7, NAME, orjson.dumps({"change_type": topic, "op": "u", "payload": payload}).decode())


@pytest.mark.parametrize(
    "bad", ["", "{", "[]", "3", '"x"', '{"change_type":3}', "{}", '{"change_type":"wager","payload":{}}', "[" * 100_000]
)
def test_what_is_no_envelope_is_counted_as_one(bad: str) -> None:
    with pytest.raises(Undecodable) as caught:
        decode(7, NAME, bad)
    assert caught.value.kind == "envelope"
    assert len(caught.value.why) <= 200


def test_an_unknown_topic_has_one_kind_whatever_it_is_called() -> None:
    for topic in ("weather", "", "x" * 10_000):
        with pytest.raises(Undecodable) as caught:
            decode(7, NAME, data(topic, {}))
        assert caught.value.kind == "topic"
        assert len(caught.value.why) <= 200


KNOWN = [
    "tournament",
    "sport_event",
    "market",
    "market_line",
    "market_selections",
    "matched_bet",
    "wager",
    "private_system_signal",
]
SCALARS = st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | st.text(max_size=8)
FIELDS = st.sampled_from(
    [*WAGER, *SPORT_EVENT["info"], "info", "selections", "value", "sport", "scheduled"]  # type: ignore[misc]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=8),
    max_leaves=12,
)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()  # orjson rejects integers of more than 64 bits, which JSON may hold all the same


@settings(max_examples=300)
@given(
    st.sampled_from([*KNOWN, "weather"]), st.binary() | VALUES.map(as_json), st.sampled_from(["c", "u", "d", "x", None])
)
def test_no_payload_makes_it_raise_anything_else(topic: str, payload: bytes, op: str | None) -> None:
    body = {"change_type": topic, "op": op, "payload": base64.b64encode(payload).decode()}
    try:
        found = decode(7, NAME, orjson.dumps(body))
    except Undecodable as bad:
        kind = bad.kind
        found = ()
    else:
        kind = topic
    assert kind in {"envelope", "topic", *KNOWN}
    assert isinstance(found, tuple)


@settings(max_examples=200)
@given(st.text(), st.binary() | st.text(st.characters()))
def test_no_bytes_make_it_raise_anything_else(name: str, body: bytes | str) -> None:
    try:
        found = decode(7, name, body)
    except Undecodable as bad:
        found = ()
        kind = bad.kind
    else:
        kind = "topic"
    assert kind in {"envelope", "topic", *KNOWN}
    assert isinstance(found, tuple)


@given(
    st.dictionaries(
        st.sampled_from(sorted(WAGER)), SCALARS | st.sampled_from(["open", "unmatched", 1e308, 5, 100]), max_size=4
    )
)
def test_a_wager_with_fields_gone_wrong_is_read_or_rejected(changed: dict[str, object]) -> None:
    body = {"change_type": "wager", "op": "u", "payload": base64.b64encode(as_json({"info": WAGER | changed})).decode()}
    try:
        found = decode(7, NAME, orjson.dumps(body))
    except Undecodable:
        return
    (message,) = found
    report = message.report if isinstance(message, WagerMessage) else message.wager.at_worst()  # type: ignore[union-attr]
    assert report.matched >= 0
    assert report.stake >= 0


# --- what is granted -------------------------------------------------------------------------------------------------


def channels(count: int, name: str = "private-x") -> bytes:
    granted = [{"channel_name": f"{name}{number}", "auth": "key:signature"} for number in range(count)]
    return orjson.dumps({"data": {"authorized_channel": granted}})


def test_a_registration_has_a_bound() -> None:
    assert len(feed.read_registration(channels(1_000)).channels) == 1_000
    for body in (channels(1_001), channels(1, "x" * 2_000)):
        with pytest.raises(ValueError, match=r".+"):
            feed.read_registration(body)


@pytest.mark.parametrize("field", ["key", "cluster", "ws_host"])
def test_the_parts_of_an_address_have_a_bound(field: str) -> None:
    config = {"key": "k", "cluster": "c", "ws_host": "h"}
    assert feed.read_connection_config(orjson.dumps(config)).key == "k"
    with pytest.raises(ValueError, match=r".+"):
        feed.read_connection_config(orjson.dumps(config | {field: "x" * 2_000}))


@pytest.mark.parametrize("name", ["name", "status", "sport_name", "tournament_name", "sub_type"])
def test_a_sport_event_with_a_text_beyond_its_bound_is_rejected(name: str) -> None:
    info = {"event_id": 7, "tournament_id": 132, "name": "A @ B", "status": "live", name: "x" * 1_001}
    rejected("sport_event", {"id": 7, "info": info})
