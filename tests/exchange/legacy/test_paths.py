"""Queries of the legacy dialect: bounds in whole seconds, and ranges that are never sent."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from legacy_bodies import NOW

from mmbot.domain.instant import DAY, SECOND
from mmbot.engine.requests import ReadHistory
from mmbot.exchange.errors import Malformed
from mmbot.exchange.legacy import paths

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
def test_longer_ranges_are_rejected_before_they_are_sent(begin: int, more: int) -> None:
    with pytest.raises(Malformed):
        paths.history_path(ReadHistory(1, created_from=begin, created_to=begin + 7 * DAY + more), NOW)
    with pytest.raises(Malformed):
        paths.history_path(ReadHistory(1, updated_from=begin, updated_to=begin + 2 * DAY + more), NOW)
