"""The distribution of topics over connections, each with a limit of channels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.grants import EVERYTHING, Topics
from mmbot.exchange.v4.feed import normal_sub_type, plan


def channels(topics: Topics) -> int:
    return len(topics.sport_events) + len(topics.sub_types)


def test_a_few_topics_fit_on_one_connection() -> None:
    wanted = Topics((109,), (7, 8), ((8, "player_total_hits"),))
    assert dialect_of("v4").feed.plan(wanted) == (wanted,)
    assert dialect_of("v4").feed.plan(EVERYTHING) == (EVERYTHING,)


def test_400_channels_fit_on_a_connection() -> None:
    first, second = dialect_of("v4").feed.plan(Topics((109, 31), tuple(range(1, 402))))
    assert first == Topics((109, 31), tuple(range(1, 401)))
    assert second == Topics((), (401,))


def test_the_sub_types_of_a_sport_event_stay_with_it() -> None:
    sub_types = tuple((sport_event, name) for name in "abc" for sport_event in (7, 8, 9))
    assert plan(Topics((), (9, 8, 7), sub_types), 9) == (
        Topics((), (9, 8), ((9, "a"), (9, "b"), (9, "c"), (8, "a"), (8, "b"), (8, "c"))),
        Topics((), (7,), ((7, "a"), (7, "b"), (7, "c"))),
    )


def test_more_sub_types_than_fit_are_split_and_each_part_has_the_sport_event() -> None:
    sub_types = tuple((7, f"s{place}") for place in range(5))
    assert plan(Topics((), (7,), sub_types), 3) == (
        Topics((), (7,), sub_types[:2]),
        Topics((), (7,), sub_types[2:4]),
        Topics((), (7,), sub_types[4:]),
    )


def test_a_sub_type_brings_its_sport_event() -> None:
    assert plan(Topics((), (), ((7, "a"),))) == (Topics((), (7,), ((7, "a"),)),)


@pytest.mark.parametrize("limit", [-1, 0, 1])
def test_a_limit_without_room_is_rejected(limit: int) -> None:
    with pytest.raises(ValueError, match="no room"):
        plan(EVERYTHING, limit)


pairs = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["a", "B b", "b_b", "c/d", "?", "e-1"])), max_size=40)


@given(st.lists(st.integers(1, 12), max_size=15), pairs, st.integers(2, 9))
def test_each_topic_is_planned_within_the_limit_and_in_order(
    sport_events: list[int], sub_types: list[tuple[int, str]], limit: int
) -> None:
    wanted = Topics((109,), tuple(sport_events), tuple(sub_types))
    planned = plan(wanted, limit)
    assert planned == plan(wanted, limit)
    named = [(sport_event, normal_sub_type(name)) for sport_event, name in sub_types if normal_sub_type(name)]
    events = [sport_event for topics in planned for sport_event in topics.sport_events]
    assert list(dict.fromkeys(events)) == list(dict.fromkeys([*sport_events, *(pair[0] for pair in named)]))
    assert sorted(pair for topics in planned for pair in topics.sub_types) == sorted(set(named))
    assert all(channels(topics) <= limit for topics in planned)
    assert all(topics.sport_events for topics in planned) or planned == (Topics((109,)),)
    assert all(pair[0] in topics.sport_events for topics in planned for pair in topics.sub_types)
    assert [topics.tournaments for topics in planned] == [(109,)] + [()] * (len(planned) - 1)


@pytest.mark.parametrize(
    ("sub_type", "normal"),
    [
        ("MoneyLine", "moneyline"),
        ("{Player Total/Blocked-Shots}", "player_total_blocked_shots"),
        ("1st_half_spread", "1st_half_spread"),
        ("a\tb", "a_b"),
        ("Größe", "gre"),
        ("?!", ""),
        ("", ""),
    ],
)
def test_the_normal_form_of_a_sub_type(sub_type: str, normal: str) -> None:
    assert normal_sub_type(sub_type) == normal
