"""Tournaments, sport events, markets and books of REST answers in the legacy dialect."""

from __future__ import annotations

import pytest
from legacy_bodies import body

from mmbot.domain.book import Book, Level
from mmbot.domain.instant import SECOND
from mmbot.engine.events import MarketImage
from mmbot.exchange.legacy import board


def level(line_id: str, odds: float | None, value: float, **more: object) -> dict[str, object]:
    return {"line_id": line_id, "odds": odds, "value": value, "stake": 800, "updated_at": 1} | more


def images(market: dict[str, object], malformed: list[str] | None = None) -> tuple[MarketImage, ...]:
    return board.read_markets(body({"7": [market]}), (7,), [] if malformed is None else malformed)[7]


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
    malformed: list[str] = []
    (image,) = images({"id": 258, "type": "total", "market_lines": [good, bad]}, malformed)
    assert [line.key.number for line in image.market.lines] == [30]
    assert image.books == (Book(((Level(100, 100),), (Level(100, 100),))),)
    assert len(malformed) == 1
    assert "market 258 of sport event 7" in malformed[0]


def test_a_line_that_does_not_say_its_number_has_its_first_outcomes() -> None:
    sides = [[level("a", 100, 1, line=-2.5)], [level("b", 100, 1, line=2.5)]]
    (image,) = images({"id": 256, "market_lines": [{"selections": sides}]})
    assert image.market.lines[0].key.number == -10


def test_a_number_that_only_the_second_outcome_says_may_be_the_opposite() -> None:
    malformed: list[str] = []
    sides = [[], [level("b", 100, 1, line=2.5)]]
    (image,) = images({"id": 256, "market_lines": [{"selections": sides}]}, malformed)
    assert (image.market.lines, len(malformed)) == ((), 1)
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


def test_sport_events_that_are_missing_or_null_have_no_markets_and_unreadable_ones_no_entry() -> None:
    malformed: list[str] = []
    answer = {"1": None, "3": 7, "4": [{"id": "x"}, {"id": 219}, 5], "99": [{"id": 1}]}
    found = board.read_markets(body(answer), (1, 2, 3, 4), malformed)
    assert sorted(found) == [1, 2, 4]
    assert (found[1], found[2]) == ((), ())
    assert [image.market.key.market for image in found[4]] == [219]
    assert len(malformed) == 3


def test_sport_events_are_read_tolerantly() -> None:
    malformed: list[str] = []
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
    first, second, third = board.read_sport_events(body({"sport_events": listed}), 132, malformed)
    assert (first.sport_event_id, first.tournament_id, first.status, first.sub_type) == (7, 132, "not_started", "")
    assert (first.competitors, first.scheduled) == (("A", ""), 1_792_965_600 * SECOND)
    assert (second.sport_event_id, second.tournament_id, second.name, second.status) == (8, 5, "Short", "")
    assert (second.scheduled, second.sub_type, third.scheduled) == (None, "outrights", None)
    assert len(malformed) == 2


def test_tournaments_are_read_tolerantly() -> None:
    malformed: list[str] = []
    listed = [{"id": 132, "name": "NBA", "sport": {"name": "Basketball"}}, {"id": "31", "sport": None}, {"name": "x"}]
    found = board.read_tournaments(body({"tournaments": listed}), malformed)
    assert [(t.tournament_id, t.name, t.sport_name) for t in found] == [(132, "NBA", "Basketball"), (31, "", "")]
    assert len(malformed) == 1
    assert board.read_tournaments(body({"tournaments": None}), []) == ()


@pytest.mark.parametrize("answer", [[100.5], ["100"], {"odds": [100]}, None])
def test_a_ladder_that_is_none_is_not_read(answer: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        board.read_ladder(body(answer))
