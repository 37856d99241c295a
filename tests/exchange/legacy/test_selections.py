"""Books of the legacy dialect, as the feed brings them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from legacy_frames import NAME, PLACEHOLDER, book, data, level, read, rejected

from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND
from mmbot.engine.events import (
    BookMessage,
)
from mmbot.exchange.legacy.feed import decode


def test_a_book() -> None:
    wire = book([level(110, 100.0), level(-105, 17.12)], [level(-120, 90.91)])
    assert read("market_selections", wire) == BookMessage(
        connection=7,
        line=LineKey(12345, 219, -14),
        sequence=1_234_567_890,
        book=Book(((Level(110, 10_000), Level(-105, 1_712)), (Level(-120, 9_091),))),
    )


def test_levels_are_levels_and_not_bare_tuples() -> None:
    message = read("market_selections", book([level(110, 1)], [level(-120, 2)]))
    assert isinstance(message, BookMessage)
    for side in message.book.sides:
        assert type(side) is tuple
        assert all(type(each) is Level and type(each.odds) is int and type(each.value) is int for each in side)


@pytest.mark.parametrize("empty", [[], None, [PLACEHOLDER]])
def test_an_empty_side_is_empty_however_it_is_written(empty: object) -> None:
    message = read("market_selections", book(empty, [level(-120, 90.91)]))
    assert isinstance(message, BookMessage)
    assert message.book == Book(((), (Level(-120, 9_091),)))


@pytest.mark.parametrize("selections", [None, []])
def test_no_sides_at_all_are_an_empty_book(selections: object) -> None:
    message = read("market_selections", book(selections=selections))
    assert isinstance(message, BookMessage)
    assert message.book == Book()


def test_odds_may_be_written_as_a_float_and_even_money_as_minus_100() -> None:
    message = read("market_selections", book([level(110.0, 1), level(-100, 2)], [level(-120.0, 3)]))
    assert isinstance(message, BookMessage)
    assert message.book == Book(((Level(110, 100), Level(100, 200)), (Level(-120, 300),)))
    assert all(type(each.odds) is int for side in message.book.sides for each in side)


def test_a_price_off_the_beaten_track_is_read_all_the_same() -> None:
    message = read("market_selections", book([level(123_457, 1)], [level(-1003, 2)]))
    assert isinstance(message, BookMessage)
    assert message.book == Book(((Level(123_457, 100),), (Level(-1003, 200),)))


def test_a_level_with_nothing_left_is_no_level() -> None:
    message = read("market_selections", book([level(110, 0), level(105, 3)], [level(-120, None)]))
    assert isinstance(message, BookMessage)
    assert message.book == Book(((Level(105, 300),), ()))
    message = read("market_selections", book([level(105, 3)], [level(-115, 0), level(-120, 4)]))
    assert isinstance(message, BookMessage)
    assert message.book == Book(((Level(105, 300),), (Level(-120, 400),)))


def test_one_price_is_one_level_however_often_it_stands_there() -> None:
    message = read("market_selections", book([level(100, 1), level(-100, 2), level(-105, 3)], [level(-120, 4)] * 2))
    assert isinstance(message, BookMessage)
    assert message.book == Book(((Level(100, 300), Level(-105, 300)), (Level(-120, 800),)))


def test_levels_come_out_best_first_whatever_their_order() -> None:
    mixed, best_first = (
        [level(-110, 1), level(105, 2), level(110, 3)],
        (Level(110, 300), Level(105, 200), Level(-110, 100)),
    )
    for side, wire in ((0, book(mixed, [level(-120, 4)])), (1, book([level(-120, 4)], mixed))):
        message = read("market_selections", wire)
        assert isinstance(message, BookMessage)
        assert message.book.sides[side] == best_first


@pytest.mark.parametrize(
    "bad",
    [
        level(110, 17.123),
        level(110, 0.001),
        level(110, -5),
        level(110.5, 5),
        level(50, 5),
        level(0, 5),
        level(-99, 5),
        level(1e300, 5),
        level(110, 1e300),
        level(110, 5) | {"odds": "110"},
        level(110, 5) | {"value": "5"},
        level(110, 5) | {"odds": True},
    ],
)
def test_one_odd_level_makes_the_message_malformed(bad: dict[str, object]) -> None:
    rejected("market_selections", book([level(115, 5), bad], [level(-120, 90.91)]))
    rejected("market_selections", book([level(115, 5)], [bad]))


def test_the_smallest_and_the_largest_amounts_keep_their_cents() -> None:
    values = [0.01, 0.07, 1.1, 17.12, 33.33, 1_000_000.01, 99_999_999.99]
    message = read("market_selections", book([level(200 - i, value) for i, value in enumerate(values)], []))
    assert isinstance(message, BookMessage)
    assert [each.value for each in message.book.sides[0]] == [1, 7, 110, 1712, 3333, 100_000_001, 9_999_999_999]


@pytest.mark.parametrize(("line", "number"), [(0, 0), (-3.5, -14), (227.25, 909), (3, 12)])
def test_a_lines_number_is_in_quarter_points(line: float, number: int) -> None:
    message = read("market_selections", book([], [], line=line))
    assert isinstance(message, BookMessage)
    assert message.line.number == number


def test_a_line_without_a_number_takes_that_of_its_first_outcome() -> None:
    sides = [level(None, 0, line=-1.5)], [level(110, 1, line=1.5)]
    message = read("market_selections", book(*sides, line=None))
    assert isinstance(message, BookMessage)
    assert message.line.number == -6
    for first in ([], [level(None, 0, line=None)]):  # what the second says may be the opposite, unless it is nothing
        rejected("market_selections", book(first, [level(110, 1, line=1.5)], line=None))
        message = read("market_selections", book(first, [level(110, 1, line=0)], line=None))
        assert isinstance(message, BookMessage)
        assert message.line.number == 0
    message = read("market_selections", book(selections=None, line=None))
    assert isinstance(message, BookMessage)
    assert message.line.number == 0


def test_a_number_that_is_no_quarter_point_is_rejected() -> None:
    rejected("market_selections", book([], [], line=-3.3))


def test_a_market_of_three_outcomes_says_nothing_and_one_of_one_is_rejected() -> None:
    assert decode(7, NAME, data("market_selections", book([], [], []))) == ()
    rejected("market_selections", book([level(110, 1)]))


@pytest.mark.parametrize("missing", ["sport_event_id", "market_id", "info"])
def test_a_book_of_which_it_is_not_said_whose_it_is_is_rejected(missing: str) -> None:
    wire = book([level(110, 1)], [])
    del wire[missing]
    rejected("market_selections", wire)


def test_a_book_without_a_sequence_is_rejected() -> None:
    wire = book([level(110, 1)], [])
    del wire["info"]["sequence_number"]
    rejected("market_selections", wire)


CENTS = st.integers(1, 10**10)
PRICES = st.integers(100, 30_000) | st.integers(-30_000, -101)
SIDES = st.dictionaries(PRICES, CENTS, max_size=10).map(
    lambda found: tuple(Level(odds, found[odds]) for odds in sorted(found, reverse=True))
)


@settings(max_examples=150)
@given(SIDES, SIDES, st.integers(-1200, 1200), st.integers(0, 2**62), st.randoms(), st.booleans())
def test_a_book_message_round_trips(first, second, number, sequence, rng, floats) -> None:  # type: ignore[no-untyped-def]
    def side(levels: tuple[Level, ...]) -> list[dict[str, object]]:
        found = [level(float(each.odds) if floats else each.odds, each.value / 100) for each in levels] or [PLACEHOLDER]
        rng.shuffle(found)
        return found

    wire = book(side(first), side(second), line=number / 4, sequence_number=sequence)
    assert read("market_selections", wire) == BookMessage(
        7, LineKey(12345, 219, number), sequence, Book((first, second))
    )


def test_a_book_is_stamped_in_nanoseconds() -> None:
    message = read("market_selections", book([], [], sequence_number=1_758_166_593 * SECOND))
    assert isinstance(message, BookMessage)
    assert message.sequence == 1_758_166_593 * SECOND
