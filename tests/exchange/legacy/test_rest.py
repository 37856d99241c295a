"""REST bodies of the legacy dialect: what is read from them, and that one bad item never takes the others with it."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmbot.domain.book import Book, Level
from mmbot.domain.instant import DAY, SECOND, iso
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.engine.events import Failure, MarketImage
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange.errors import Malformed
from mmbot.exchange.legacy import board, changes, errors, feed, paths, session, wagers, wallet

NOW = 1_790_000_000 * SECOND

WAGER: dict[str, Any] = {
    "id": "w1",
    "external_id": "run-s-1",
    "sport_event_id": 7,
    "market_id": 219,
    "line_id": "line-a",
    "odds": -110,
    "stake": 25.5,
    "matched_stake": 10.25,
    "unmatched_stake": 15.25,
    "status": "open",
    "matching_status": "partially_matched",
    "winning_status": "tbd",
    "created_at": "2026-09-21T14:00:05.5Z",
}
SENT = (Placement("x1", "line-a", -110, 2_550), Placement("x2", "line-b", 120, 1_000))
CANCELS = (Cancellation("w1", "x1"), Cancellation("w2", "x2"))


def body(value: object, **beside: object) -> bytes:
    return orjson.dumps({"data": value} | beside)


def wager(**changed: object) -> dict[str, Any]:
    return {name: value for name, value in (WAGER | changed).items() if value is not ...}


def read(**changed: object) -> Any:
    return wagers.wager_of(body(wager(**changed)))


# --- one wager --------------------------------------------------------------------------------------------------------


def test_a_wager() -> None:
    report = read()
    assert (report.wager_id, report.external_id, report.line_id) == ("w1", "run-s-1", "line-a")
    assert (report.event_id, report.market_id, report.odds) == (7, 219, -110)
    assert (report.stake, report.matched) == (2_550, 1_025)
    assert (report.status, report.matching, report.winning) == (
        Status.OPEN,
        Matching.PARTIALLY_MATCHED,
        Winning.TBD,
    )
    assert report.created_at == 1_789_999_205_500_000_000
    assert (report.sequence, report.match_stake, report.match_odds) == (0, None, None)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("matching", list(Matching))
@pytest.mark.parametrize("winning", list(Winning))
def test_every_status_is_known(status: Status, matching: Matching, winning: Winning) -> None:
    report = read(status=status.value, matching_status=matching.value, winning_status=winning.value)
    assert (report.status, report.matching, report.winning) == (status, matching, winning)


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"id": ..., "wager_id": "w9"}, "wager_id", "w9"),
        ({"id": 12345}, "wager_id", "12345"),
        ({"external_id": None}, "external_id", ""),
        ({"sport_event_id": ..., "event_id": "8"}, "event_id", 8),
        ({"sport_event_id": None}, "event_id", 0),
        ({"market_id": 219.0}, "market_id", 219),
        ({"odds": 110.0}, "odds", 110),
        ({"odds": -100}, "odds", 100),
        ({"stake": 25}, "stake", 2_500),
        ({"matched_stake": 0.1 + 0.2}, "matched", 30),
        ({"totally_matched_stake": 12, "matched_stake": 2}, "matched", 1_200),
        ({"matched_stake": None}, "matched", 1_025),
        ({"matched_stake": None, "unmatched_stake": None, "matching_status": "fully_matched"}, "matched", 2_550),
        ({"matched_stake": None, "unmatched_stake": None, "matching_status": "unmatched"}, "matched", 0),
        ({"matched_stake": ..., "matching_status": "", "status": "canceled"}, "matched", 0),
        ({"matching_status": None}, "matching", Matching.PARTIALLY_MATCHED),
        ({"matching_status": None, "matched_stake": 0}, "matching", Matching.UNMATCHED),
        ({"matching_status": None, "matched_stake": 25.5}, "matching", Matching.FULLY_MATCHED),
        ({"winning_status": None}, "winning", Winning.TBD),
        ({"winning_status": ""}, "winning", Winning.TBD),
        ({"winning_status": "profit"}, "winning", Winning.WON),
        ({"winning_status": "loss"}, "winning", Winning.LOST),
        ({"status": "cancelled"}, "status", Status.CANCELED),
        ({"created_at": "yesterday"}, "created_at", None),
        ({"created_at": 5}, "created_at", None),
        ({"created_at": "0001-01-01T00:00:00Z"}, "created_at", None),
        ({"something_new": {"deep": [1, 2]}}, "stake", 2_550),
    ],
)
def test_a_wager_is_read_tolerantly(changed: dict[str, object], field: str, value: object) -> None:
    assert getattr(read(**changed), field) == value


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ...},
        {"id": None},
        {"status": "sleeping"},
        {"status": ...},
        {"matching_status": "half"},
        {"winning_status": "perhaps"},
        {"stake": ...},
        {"stake": 1.005},
        {"stake": -1},
        {"stake": "25"},
        {"matched_stake": 0.001},
        {"matched_stake": -1},
        {"matched_stake": None, "unmatched_stake": None},
        {"odds": 110.5},
        {"odds": 50},
        {"odds": None},
        {"market_id": "abc"},
        {"market_id": 1.5},
    ],
)
def test_a_wager_that_makes_no_sense_is_not_read(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(**changed)


# --- the history ------------------------------------------------------------------------------------------------------


def test_a_page_with_one_unknown_status_keeps_the_others_and_proves_nothing() -> None:
    items = [wager(id="w1"), wager(id="w2", status="sleeping"), "what", wager(id="w3")]
    spoilt: list[str] = []
    page = wagers.history_page(4, body({"wagers": items, "next_cursor": "c"}, last_synced_at=iso(NOW)), spoilt)
    assert [report.wager_id for report in page.wagers] == ["w1", "w3"]
    assert (page.request, page.next_cursor, page.last_synced_at) == (4, "c", None)
    assert len(spoilt) == 2
    assert any("run-s-1" in reason and "sleeping" in reason for reason in spoilt)


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_a_whole_page_says_up_to_when_it_is_complete(where: str) -> None:
    inside = {"wagers": None} | ({"last_synced_at": iso(NOW)} if where == "inside" else {})
    beside = {"last_synced_at": iso(NOW)} if where == "beside" else {}
    page = wagers.history_page(1, body(inside, **beside), [])
    assert (page.wagers, page.next_cursor, page.last_synced_at) == ((), "", NOW)


@pytest.mark.parametrize("synced", [None, "", "soon", 5, "0001-01-01T00:00:00Z"])
def test_a_page_that_does_not_say_proves_nothing(synced: object) -> None:
    assert wagers.history_page(1, body({"wagers": []}, last_synced_at=synced), []).last_synced_at is None


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"data":null}', b'{"data":[]}', b"[]", b'{"data":{"wagers":7}}'])
def test_a_history_that_cannot_be_read_is_no_empty_page(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wagers.history_page(1, raw, [])


instants = st.integers(min_value=NOW - 30 * DAY, max_value=NOW)


@given(instants, st.integers(min_value=0, max_value=7 * DAY), st.sampled_from(["created", "updated"]))
def test_bounds_are_widened_outwards_and_stay_in_range(begin: int, span: int, kind: str) -> None:
    longest = 7 * DAY if kind == "created" else 2 * DAY
    assume(span <= longest)
    query = ReadHistory(1, **{f"{kind}_from": begin, f"{kind}_to": begin + span})
    sent = {name: value[0] for name, value in parse_qs(urlsplit(paths.history_path(query, NOW)).query).items()}
    prefix = "" if kind == "created" else "updated_at_"
    first, last = int(sent[f"{prefix}from"]), int(sent[f"{prefix}to"])
    assert last * SECOND >= begin + span
    assert (last - first) * SECOND <= longest
    # Only a range of the full length, which widening would take out of bounds, gives up a part of its first second.
    assert first * SECOND <= begin or (span > longest - 2 * SECOND and first * SECOND - begin < SECOND)


@given(instants, st.integers(min_value=1, max_value=DAY))
def test_longer_ranges_are_refused_before_they_are_sent(begin: int, more: int) -> None:
    with pytest.raises(Malformed):
        paths.history_path(ReadHistory(1, created_from=begin, created_to=begin + 7 * DAY + more), NOW)
    with pytest.raises(Malformed):
        paths.history_path(ReadHistory(1, updated_from=begin, updated_to=begin + 2 * DAY + more), NOW)


# --- placements -------------------------------------------------------------------------------------------------------


def placed(answer: object) -> tuple[list[str], dict[str, tuple[Failure, str]], list[str]]:
    spoilt: list[str] = []
    read = changes.placed_many(1, body(answer), SENT, spoilt)
    refused = {item.external_id: (item.failure, item.code) for item in read.refused}
    return [report.external_id for report in read.accepted], refused, spoilt


def test_a_placement_that_was_placed_before_is_looked_up() -> None:
    failed = [{"request": {"external_id": "x1"}, "error": "wager_external_id_existed"}]
    assert placed({"failed_wagers": failed})[1] == {"x1": (Failure.UNKNOWN, "wager_external_id_existed")}


def test_items_that_the_answer_omits_are_unknown() -> None:
    assert placed({"succeed_wagers": [], "failed_wagers": []}) == ([], {}, [])
    accepted, refused, spoilt = placed({"succeed_wagers": [{"id": "w1", "external_id": "x1"}]})
    assert (accepted, refused, spoilt) == (["x1"], {}, [])


@pytest.mark.parametrize(
    "item",
    [
        {"external_id": "x1"},
        {"id": "w1", "external_id": "x1", "status": "sleeping"},
        {"id": "w1", "external_id": "x1", "line_id": "line-b"},
        {"id": "w1", "external_id": "x1", "odds": 120},
        {"id": "w1", "external_id": "x1", "stake": 0.001},
        {"id": "w1", "external_id": "strange"},
        {"id": "w1"},
        "what",
        None,
        [],
    ],
)
def test_an_accepted_item_that_makes_no_sense_is_unknown_and_the_other_is_read(item: object) -> None:
    accepted, refused, spoilt = placed({"succeed_wagers": [item, {"id": "w2", "external_id": "x2"}]})
    assert (accepted, refused) == (["x2"], {})
    assert spoilt


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"index": 1, "error": "event_not_available"}, {"x2": (Failure.REFUSED, "event_not_available")}),
        ({"external_id": "x2", "error": "self_match"}, {"x2": (Failure.REFUSED, "self_match")}),
        ({"index": 1, "error": "brand_new_reason"}, {"x2": (Failure.REFUSED, "brand_new_reason")}),
        ({"index": 1, "error": "internal_error"}, {"x2": (Failure.UNKNOWN, "internal_error")}),
        ({"index": 1, "error": "opened_retry"}, {"x2": (Failure.UNKNOWN, "opened_retry")}),
        ({"index": 1, "error": "rate_limit_reached"}, {"x2": (Failure.LATER, "rate_limit_reached")}),
        ({"index": 1, "error": "wager_invalid_odds"}, {"x2": (Failure.BUG, "wager_invalid_odds")}),
        ({"index": 1, "error": {"message": "bad odds", "error_code": 30010}}, {"x2": (Failure.BUG, "30010")}),
        ({"index": 1, "error": None, "message": "no"}, {"x2": (Failure.REFUSED, "refused")}),
        ({"index": 1, "error": "failed badly", "statusCode": 502}, {"x2": (Failure.UNKNOWN, "http_502")}),
        ({"index": 7, "error": "event_not_available"}, {}),
        ({"index": -1, "error": "event_not_available"}, {}),
        ({"request": {"external_id": "strange"}, "error": "event_not_available"}, {}),
        ({"error": "event_not_available"}, {}),
        (7, {}),
    ],
)
def test_a_failed_item_says_what_it_means(item: object, told: dict[str, object]) -> None:
    accepted, refused, spoilt = placed({"succeed_wagers": [{"id": "w1", "external_id": "x1"}], "failed_wagers": [item]})
    assert (accepted, refused) == (["x1"], told)
    assert bool(spoilt) is not bool(told)


def test_an_item_in_both_lists_is_unknown() -> None:
    both = {
        "succeed_wagers": [{"id": "w1", "external_id": "x1"}],
        "failed_wagers": [{"index": 0, "error": "event_not_available"}],
    }
    accepted, refused, spoilt = placed(both)
    assert (accepted, refused, len(spoilt)) == ([], {}, 1)


@pytest.mark.parametrize("answer", [{}, {"success": True}, [], None, 7])
def test_a_batch_answer_with_neither_list_is_not_read(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        placed(answer)


@pytest.mark.parametrize("success", [{"success": False}, {"Success": False}])
def test_a_single_placement_that_says_no_success_is_not_taken_for_one(success: dict[str, bool]) -> None:
    sent = Placement("run-s-1", "line-a", -110, 2_550)
    assert changes.placed_one(body({"wager": WAGER}), sent).wager_id == "w1"
    with pytest.raises(ValueError, match="no success"):
        changes.placed_one(body({"wager": WAGER} | success), sent)


@given(st.integers(min_value=1, max_value=100_000_000 * 100))
def test_a_stake_keeps_its_cents_on_the_wire(stake: int) -> None:
    raw = changes.place_one(Placement("x", "line", 100, stake)).body
    assert raw is not None
    written = raw.split(b'"stake":')[1].rstrip(b"}")
    assert round(float(written) * 100) == stake
    assert len(written.partition(b".")[2]) <= 2
    assert b"e" not in written


# --- cancels ----------------------------------------------------------------------------------------------------------


def cancelled(answer: object) -> tuple[tuple[str, ...], dict[str, tuple[Failure, str]], list[str]]:
    spoilt: list[str] = []
    read = changes.cancelled_many(1, body(answer), CANCELS, spoilt)
    return read.accepted, {item.external_id: (item.failure, item.code) for item in read.refused}, spoilt


@pytest.mark.parametrize(
    ("answer", "accepted", "refused"),
    [
        (
            [{"success": True, "wager": {"external_id": "x1"}}, {"Success": True, "wager": {"external_id": "x2"}}],
            ("x1", "x2"),
            {},
        ),
        (
            [{"success": True}, {"success": False, "statusCode": 404}],
            ("x1",),
            {"x2": (Failure.REFUSED, "data_not_found")},
        ),
        ([{"success": True}], (), {}),
        ([{"success": True}, "what"], (), {}),
        ([{"success": True, "external_id": "x2"}], ("x2",), {}),
        ([{"wager": {"external_id": "x1"}}], (), {}),
        (
            [{"wager": {"external_id": "x1"}, "error": "wager_is_placing", "statusCode": 409}],
            (),
            {"x1": (Failure.LATER, "wager_is_placing")},
        ),
        (
            [{"success": False, "external_id": "x1", "error": {"message": "play is already cancelled"}}],
            (),
            {"x1": (Failure.REFUSED, "wager_already_cancelled")},
        ),
        (
            [{"success": False, "external_id": "x1", "error": {"message": "still processing"}, "statusCode": 422}],
            (),
            {"x1": (Failure.LATER, "http_422")},
        ),
        (
            [{"success": False, "external_id": "x1", "error": "internal_error", "statusCode": 500}],
            (),
            {"x1": (Failure.UNKNOWN, "internal_error")},
        ),
        (
            {
                "succeed_wagers": [{"external_id": "x1"}],
                "failed_wagers": [{"external_id": "x2", "error": "data_not_found"}],
            },
            ("x1",),
            {"x2": (Failure.REFUSED, "data_not_found")},
        ),
        (
            {"succeed_wagers": [{"external_id": "x1"}], "failed_wagers": [{"external_id": "x1", "error": "x_y_z"}]},
            (),
            {},
        ),
        ({"success": True}, (), {}),
        ([], (), {}),
    ],
)
def test_a_batch_of_cancels_is_read_as_a_list_or_an_object(
    answer: object, accepted: tuple[str, ...], refused: dict[str, object]
) -> None:
    assert cancelled(answer)[:2] == (accepted, refused)


@pytest.mark.parametrize("answer", [None, 7, "ok", {"succeed_wagers": 1}])
def test_a_batch_of_cancels_that_cannot_be_read_is_not(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cancelled(answer)


# --- money and matches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [{}, {"balance": None}, {"balance": "10"}, {"balance": 10.005}, [10]])
def test_a_balance_that_is_none_is_not_taken_for_zero(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wallet.read_balance(1, body(answer))


def test_a_page_names_the_wagers_with_a_match_that_cannot_be_read() -> None:
    good = {"wager_id": "w1", "matched_stake": 1, "matched_odds": 110}
    spoilt: list[str] = []
    page = wagers.match_page(
        body({"matching_details": [good, good | {"wager_id": "w2", "matched_odds": None}]}), spoilt
    )
    assert [match.wager_id for match in page.matches] == ["w1"]
    assert page.spoilt == {"w2"}
    assert len(spoilt) == 1


def test_a_match_without_its_wager_spoils_the_page() -> None:
    with pytest.raises(ValueError, match="names no wager"):
        wagers.match_page(body([{"id": "m1", "matched_stake": 1, "matched_odds": 110}]), [])


def test_odds_of_a_match_need_not_be_on_the_ladder() -> None:
    page = wagers.match_page(body([{"wager_id": "w1", "matched_stake": 1, "matched_odds": 133}]), [])
    assert page.matches[0].odds == 133


# --- the board --------------------------------------------------------------------------------------------------------


def level(line_id: str, odds: float | None, value: float, **more: object) -> dict[str, object]:
    return {"line_id": line_id, "odds": odds, "value": value, "stake": 800, "updated_at": 1} | more


def images(market: dict[str, object], spoilt: list[str] | None = None) -> tuple[MarketImage, ...]:
    return board.read_markets(body({"7": [market]}), (7,), [] if spoilt is None else spoilt)[7]


MONEYLINE = {
    "id": 219,
    "name": "Moneyline",
    "type": "moneyline",
    "sub_type": "moneyline",
    "category_name": "Game Lines",
    "status": "active",
    "selections": [
        [
            level("a", 138.0, 20.01, outcome_id=4, name="Home", competitor_id=11, line=0),
            level("a", 146, 68.49, outcome_id=4, name="Home"),
            level("a", 140, 0, outcome_id=4, name="Home"),
        ],
        [level("b", None, 0, outcome_id=5, name="", display_name="Away", competitor_id=None, line=0)],
    ],
}


def test_a_moneyline_with_an_empty_side_that_still_names_its_outcome() -> None:
    (image,) = images(MONEYLINE)
    market = image.market
    assert (market.key, market.type, market.sub_type) == ((7, 219), "moneyline", "moneyline")
    assert (market.category_name, market.status) == ("Game Lines", "active")
    (line,) = market.lines
    assert (line.key, line.status) == ((7, 219, 0), "active")
    assert [(o.outcome_id, o.line_id, o.name, o.competitor_id) for o in line.outcomes] == [
        (4, "a", "Home", 11),
        (5, "b", "Away", None),
    ]
    # The longest odds first, and nothing of which no taker can stake any more.
    assert image.books == (Book(((Level(146, 6849), Level(138, 2001)), ())),)


def test_lines_of_a_spread_are_told_apart_by_their_number_since_their_ids_repeat_the_markets() -> None:
    def spread(number: float) -> dict[str, object]:
        sides = [
            [level(f"h{number}", -110, 10, outcome_id=1714, line=number)],
            [level(f"a{number}", -105, 10, outcome_id=1715, line=-number)],
        ]
        return {"id": 256, "name": f"Fixed {number}", "line": number, "favourite": number == -3.5, "selections": sides}

    (image,) = images({"id": 256, "type": "spread", "market_lines": [spread(-3.5), spread(-3.25), spread(4)]})
    assert [line.key for line in image.market.lines] == [(7, 256, -14), (7, 256, -13), (7, 256, 16)]
    assert [line.favourite for line in image.market.lines] == [True, False, False]
    assert len(image.books) == 3
    assert image.market.lines[0].side_of("a-3.5") == 1


@pytest.mark.parametrize(
    "bad",
    [
        "what",
        {"line": 0.1, "selections": []},
        {"line": 7.5, "selections": [[level("x", 100, 1)], [level("y", 100, 1)]]},
        {"line": 9, "selections": [[level("x", 110.5, 1)], [level("y", 100, 1)]]},
        {"line": 9, "selections": [[level("x", 50, 1)], [level("y", 100, 1)]]},
        {"line": 9, "selections": [[level("x", 110, 1.001)], [level("y", 100, 1)]]},
        {"line": 9, "selections": [[level("x", 110, -1)], [level("y", 100, 1)]]},
        {"line": 9, "selections": [[level("x", 110, 1), level("z", 120, 1)], [level("y", 100, 1)]]},
        {"line": 9, "selections": [[level("x", 110, 1)], [level("x", 100, 1)]]},
        {"line": 9, "selections": 5},
    ],
)
def test_a_line_that_cannot_be_read_takes_no_other_with_it(bad: object) -> None:
    good = {"line": 7.5, "selections": [[level("u", 100, 1)], [level("o", 100, 1)]]}
    spoilt: list[str] = []
    (image,) = images({"id": 258, "type": "total", "market_lines": [good, bad]}, spoilt)
    assert [line.key.number for line in image.market.lines] == [30]
    assert image.books == (Book(((Level(100, 100),), (Level(100, 100),))),)
    assert len(spoilt) == 1
    assert "market 258 of event 7" in spoilt[0]


def test_a_line_that_does_not_say_its_number_has_its_first_outcomes() -> None:
    sides = [[level("a", 100, 1, line=-2.5)], [level("b", 100, 1, line=2.5)]]
    (image,) = images({"id": 256, "market_lines": [{"selections": sides}]})
    assert image.market.lines[0].key.number == -10


def test_a_number_that_only_the_second_outcome_says_may_be_the_opposite() -> None:
    spoilt: list[str] = []
    sides = [[], [level("b", 100, 1, line=2.5)]]
    (image,) = images({"id": 256, "market_lines": [{"selections": sides}]}, spoilt)
    assert (image.market.lines, len(spoilt)) == ((), 1)
    (image,) = images({"id": 256, "market_lines": [{"line": -2.5, "selections": sides}]})
    assert image.market.lines[0].key.number == -10
    (image,) = images({"id": 219, "selections": [[], [level("b", 100, 1, line=0)]]})
    assert image.market.lines[0].key.number == 0
    (image,) = images(
        {"id": 258, "type": "total", "market_lines": [{"selections": [[], [level("o", 1e2, 1, line=7.5)]]}]}
    )
    assert image.market.lines[0].key.number == 30  # which the outcomes of a total share


OFFERED = (Level(100, 100),)


@pytest.mark.parametrize(
    ("sides", "named", "book"),
    [
        ([[level("a", 100, 1)], [level("b", 100, 1)], [level("c", 100, 1)]], ["a", "b", "c"], Book()),
        ([[level("a", 100, 1)], [level("b", 100, 1)], []], ["a", "b", ""], Book()),
        ([[level("a", 100, 1)]], ["a"], Book()),
        ([[level("a", 100, 1)], []], ["a", ""], Book((OFFERED, ()))),
        ([None, [level("b", 100, 1)]], ["", "b"], Book(((), OFFERED))),
        ([[], []], ["", ""], Book()),
        ([None, None], ["", ""], Book()),
    ],
)
def test_an_outcome_that_its_empty_side_does_not_name_keeps_its_place(
    sides: list[object], named: list[str], book: Book
) -> None:
    (image,) = images({"id": 219, "selections": sides})
    assert [[outcome.line_id for outcome in line.outcomes] for line in image.market.lines] == [named]
    assert not image.market.lines[0].quotable
    assert image.books == (book,)


@pytest.mark.parametrize("more", [{}, {"selections": None}, {"market_lines": None}, {"selections": []}])
def test_a_market_without_lines(more: dict[str, object]) -> None:
    (image,) = images({"id": 219, "name": None, "status": None} | more)
    assert (image.market.lines, image.books, image.market.status) == ((), (), "")


def test_events_that_are_missing_or_null_have_no_markets_and_unreadable_ones_no_entry() -> None:
    spoilt: list[str] = []
    answer = {"1": None, "3": 7, "4": [{"id": "x"}, {"id": 219}, 5], "99": [{"id": 1}]}
    found = board.read_markets(body(answer), (1, 2, 3, 4), spoilt)
    assert sorted(found) == [1, 2, 4]
    assert (found[1], found[2]) == ((), ())
    assert [image.market.key.market for image in found[4]] == [219]
    assert len(spoilt) == 3


def test_events_are_read_tolerantly() -> None:
    spoilt: list[str] = []
    listed = [
        {
            "event_id": 7,
            "name": "A at B",
            "status": "not_started",
            "scheduled": "2026-10-25T22:00:00Z",
            "competitors": [{"name": "A"}, {"name": None}],
            "sub_type": None,
        },
        {"event_id": "8", "display_name": "Short", "scheduled": None, "tournament_id": 5, "sub_type": "outrights"},
        {"name": "no id"},
        {"event_id": 9, "scheduled": "in the evening"},
        None,
    ]
    first, second, third = board.read_events(body({"sport_events": listed}), 132, spoilt)
    assert (first.event_id, first.tournament_id, first.status, first.sub_type) == (7, 132, "not_started", "")
    assert (first.competitors, first.scheduled) == (("A", ""), 1_792_965_600 * SECOND)
    assert (second.event_id, second.tournament_id, second.name, second.status) == (8, 5, "Short", "")
    assert (second.scheduled, second.sub_type, third.scheduled) == (None, "outrights", None)
    assert len(spoilt) == 2


def test_tournaments_are_read_tolerantly() -> None:
    spoilt: list[str] = []
    listed = [{"id": 132, "name": "NBA", "sport": {"name": "Basketball"}}, {"id": "31", "sport": None}, {"name": "x"}]
    found = board.read_tournaments(body({"tournaments": listed}), spoilt)
    assert [(t.tournament_id, t.name, t.sport_name) for t in found] == [(132, "NBA", "Basketball"), (31, "", "")]
    assert len(spoilt) == 1
    assert board.read_tournaments(body({"tournaments": None}), []) == ()


@pytest.mark.parametrize("answer", [[100.5], ["100"], {"odds": [100]}, None])
def test_a_ladder_that_is_none_is_not_read(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        board.read_ladder(body(answer))


# --- anything at all --------------------------------------------------------------------------------------------------

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
            lambda raw: board.read_events(raw, 1, []),
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


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400, b"0.1e-400"])
def test_numbers_beyond_every_float_are_refused_or_harmless(number: bytes) -> None:
    raw = orjson.dumps({"data": wager(stake=0)}).replace(b'"stake":0', b'"stake":' + number)
    try:
        report = wagers.wager_of(raw)
    except ValueError:
        return
    assert math.isfinite(report.stake)


def test_tokens_do_not_show_themselves() -> None:
    given_ = session.read_tokens(
        body({"access_token": "aaa", "refresh_token": "rrr", "access_expire_time": "1790000000"})
    )
    assert given_.expires == NOW
    assert "aaa" not in repr(given_)
    assert "rrr" not in f"{given_}"
    with pytest.raises(ValueError, match="no access token") as bad:
        session.read_tokens(body({"access_token": {"secret": "sss"}}))
    assert bad.value.__context__ is None or "sss" not in repr(bad.value.__context__)
