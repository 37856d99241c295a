"""Prices from the user: accepted all or none, with their true age."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbot.domain.instant import MINUTE, SECOND, iso
from mmbot.strategy.prices import LARGEST, MOST_PROBLEMS, OwnPrice, PriceError, parse_prices

NOW = 1_790_000_000_000_000_000
GOOD = {"line_id": "a" * 32, "probability": 0.43}


def body(*prices: Any, **more: Any) -> bytes:
    """Return a body with these prices."""
    return json.dumps({"prices": list(prices), **more}).encode()


def rejections(raw: bytes) -> list[str]:
    """The mistakes of a body."""
    with pytest.raises(PriceError) as rejected:
        parse_prices(raw, NOW, "POST /prices")
    return [str(problem) for problem in rejected.value.problems]


def test_a_price_without_a_time_is_as_old_as_its_arrival() -> None:
    assert parse_prices(body(GOOD), NOW, "x") == (OwnPrice("a" * 32, 0.43, NOW),)


def test_a_price_without_a_time_is_as_old_as_its_message() -> None:
    assert parse_prices(body(GOOD), NOW, "x", NOW - MINUTE)[0].at == NOW - MINUTE


def test_a_price_with_a_time_keeps_it() -> None:
    made = NOW - 7 * SECOND
    assert parse_prices(body({**GOOD, "at": iso(made)}), NOW, "x")[0].at == made


def test_a_price_from_a_clock_slightly_ahead_counts_from_now() -> None:
    assert parse_prices(body({**GOOD, "at": iso(NOW + 2 * SECOND)}), NOW, "x")[0].at == NOW


def test_a_price_from_the_future_is_rejected() -> None:
    assert "prices[0].at: lies ahead" in rejections(body({**GOOD, "at": iso(NOW + MINUTE)}))[0]


def test_an_empty_list_of_prices_is_accepted() -> None:
    assert parse_prices(body(), NOW, "x") == ()


def test_one_wrong_price_rejects_all_and_every_mistake_is_listed() -> None:
    found = rejections(
        body(
            GOOD,
            {"line_id": "", "probability": 1.0},
            {"line_id": "b", "probability": "0.4", "at": "yesterday"},
            GOOD,
            7,
            {"line_id": "c", "probabilty": 0.5},
        )
    )
    assert found == [
        "POST /prices: prices[1].line_id: expected text that is not empty",
        "POST /prices: prices[1].probability: expected a number above 0 and below 1, found 1.0",
        'POST /prices: prices[2].probability: expected a number above 0 and below 1, found "0.4"',
        "POST /prices: prices[2].at: expected an RFC 3339 instant with its offset, like 2026-10-01T18:30:00Z",
        "POST /prices: prices[3].line_id: the same line_id stands in prices[0] already",
        "POST /prices: prices[4]: expected an object with line_id, probability and, if known, at",
        "POST /prices: prices[5].probabilty: unknown key; did you mean 'probability'?",
        "POST /prices: prices[5].probability: expected a number above 0 and below 1, found null",
    ]


@pytest.mark.parametrize("written", ["2026-10-01T18:30:00", "2026-10-01 18:30:00.5"])
def test_a_time_without_an_offset_is_rejected(written: str) -> None:
    found = rejections(body({"line_id": "a", "probability": 0.5, "at": written}))
    assert found == [
        "POST /prices: prices[0].at: expected an RFC 3339 instant with its offset, like 2026-10-01T18:30:00Z"
    ]


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "0", "1", "-0.1", "1e400", "true", "null", "[]"])
def test_a_number_that_is_no_probability_is_rejected(written: str) -> None:
    raw = f'{{"prices": [{{"line_id": "a", "probability": {written}}}]}}'.encode()
    assert "prices[0].probability: expected a number above 0 and below 1" in rejections(raw)[0]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is not JSON"),
        (b'{"prices": [', "POST /prices:1:"),
        (b"[]", 'expected {"prices"'),
        (b'{"prices": {}}', 'expected {"prices"'),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"prices": [], "price": []}', "price: unknown key"),
        (b'{"prices": [], "prices": []}', "the key 'prices' stands twice"),
        (b'{"prices": [{"line_id": "a", "probability": 0.4, "probability": 0.6}]}', "stands twice"),
        (b'{"prices": [{"line_id": "a", "probability": ' + b"1" * 5000 + b"}]}", "POST /prices: "),
        (b"[" * 200_000, "nested too deeply"),
        (b" " * (LARGEST + 1), "is larger than"),
    ],
)
def test_a_malformed_body_is_rejected(raw: bytes, says: str) -> None:
    assert says in rejections(raw)[0]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_rejected_or_valid_prices(raw: bytes) -> None:
    try:
        prices = parse_prices(raw, NOW, "x")
    except PriceError:
        return
    assert prices == ()


@pytest.mark.parametrize("escape", ["\\ud800", "\\u0000"])
@pytest.mark.parametrize("place", ["line_id", "at", "new"])
def test_what_no_file_and_no_answer_can_hold_is_rejected(place: str, escape: str) -> None:
    raw = body(GOOD | {place: "TEXT"}).replace(b"TEXT", escape.encode())
    (rejection,) = rejections(raw)
    assert "surrogate pair" in rejection
    rejection.encode()


def test_a_key_that_no_answer_can_hold_is_rejected() -> None:
    (rejection,) = rejections(body(GOOD | {"TEXT": 1}).replace(b"TEXT", b"\\ud800"))
    rejection.encode()


def test_of_very_many_mistakes_the_first_are_listed() -> None:
    found = rejections(body(*[0] * 100_000))
    assert len(found) == MOST_PROBLEMS + 1
    assert found[0].startswith("POST /prices: prices[0]: ")
    assert found[-1] == "POST /prices: has more mistakes, which are not listed"


def test_a_place_with_a_very_long_name_is_cut() -> None:
    (rejection,) = rejections(body(GOOD | {"x" * 1_000_000: 1}))
    assert len(rejection) < 500


def test_a_very_long_line_id_is_rejected() -> None:
    (rejection,) = rejections(body(GOOD | {"line_id": "x" * 1_001}))
    assert "at most 1000 characters" in rejection


def test_a_repeated_key_among_very_many_is_found_in_a_moment() -> None:
    keys = ",".join(f'"k{number}":1' for number in range(100_000))
    began = time.process_time()
    (rejection,) = rejections(f'{{{keys},"k99999":1}}'.encode())
    assert "'k99999' stands twice" in rejection
    assert time.process_time() - began < 5
