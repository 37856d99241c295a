"""Conversion between RFC 3339 text and nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbot.domain.instant import SECOND, from_iso, in_seconds, iso, seconds

instants = st.integers(0, 4_000_000_000 * SECOND)


@given(instants)
def test_an_instant_survives_formatting_and_parsing_to_the_nanosecond(instant: int) -> None:
    assert from_iso(iso(instant)) == instant


@given(st.integers(0, 4_000_000_000), st.integers(-14 * 60, 14 * 60), st.sampled_from("Tt "))
def test_any_offset_names_the_same_instant(whole: int, minutes: int, between: str) -> None:
    zone = timezone(timedelta(minutes=minutes))
    text = datetime.fromtimestamp(whole, zone).isoformat().replace("T", between)
    assert from_iso(text) == whole * SECOND


@given(st.integers(0, 4_000_000_000), st.text("0123456789", min_size=1, max_size=14))
def test_every_digit_of_a_fraction_counts_up_to_the_ninth(whole: int, digits: str) -> None:
    text = f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{digits}Z"
    assert from_iso(text) == whole * SECOND + int(digits[:9].ljust(9, "0"))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01", SECOND),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T02:00:00.5+02:00", SECOND // 2),
        ("1969-12-31T23:59:59.25z", -3 * SECOND // 4),
        ("2026-03-01T23:30:00-05:00", 1772425800 * SECOND),
    ],
)
def test_known_instants(text: str, instant: int) -> None:
    assert from_iso(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-03-01",
        "20260301T000000Z",
        "2026-03-01T00:00Z",
        "2026-03-01T00:00:00.Z",
        "2026-03-01T00:00:00,5Z",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T00:00:00Z ",
        "2026-03-01T00:00:00 UTC",
        "1772409600",
        "2026-03-01T00:00:00.1²Z",
    ],
)
def test_text_that_is_no_instant_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_iso(text)


def test_seconds_are_rounded_to_the_nearest_nanosecond() -> None:
    assert seconds(0.1) == 100_000_000
    assert in_seconds(seconds(12.5)) == 12.5
