"""The ladder, sport events, markets and lines of the v4 dialect."""

from __future__ import annotations

import pytest
from v4_bodies import V4, body

from mmbot.domain.book import Book, Level
from mmbot.engine.events import MarketImage
from mmbot.exchange.dialect import LinePlace
from mmbot.exchange.errors import Malformed


def level(strike_id: str, price: float | None, value: float, strike: float = 0, **more: object) -> dict[str, object]:
    return {
        "outcome_id": 4,
        "name": "",
        "strike": strike,
        "strike_id": strike_id,
        "price": price,
        "display_price": "",
        "display_strike": "",
        "quantity": 800,
        "value": value,
        "updated_at": 1,
    } | more


def images(market: dict[str, object], malformed: list[str] | None = None) -> tuple[MarketImage, ...]:
    call = V4.board.markets((19458,), 2)
    return call.read(body({"19458": [market]}), [] if malformed is None else malformed)[19458]


MONEYLINE = {
    "id": 251,
    "name": "Moneyline",
    "display_name": "Moneyline",
    "type": "moneyline",
    "sub_type": "moneyline",
    "category_name": "Game Lines",
    "status": "active",
    "strike": 0,
    "selections": [
        [level("aa", 146.0, 68.49, name="Home", competitor_id=11), level("aa", 140, 20.01, name="Home")],
        [level("bb", None, 0, outcome_id=5, display_name="Away", competitor_id=12)],
    ],
}


def test_a_moneyline_with_an_empty_side_that_still_names_its_outcome() -> None:
    (image,) = images(MONEYLINE)
    (line,) = image.market.lines
    assert (line.key, image.market.sub_type, image.market.status) == ((19458, 251, 0), "moneyline", "active")
    assert [(each.line_id, each.name, each.competitor_id) for each in line.outcomes] == [
        ("aa", "Home", 11),
        ("bb", "Away", 12),
    ]
    assert image.books == (Book(((Level(146, 6849), Level(140, 2001)), ())),)


def test_strikes_are_told_apart_by_their_number_and_keep_the_order_of_their_sides() -> None:
    def strike(number: float) -> dict[str, object]:
        sides = [
            [level(f"u{number}", 119, 32.61, number, outcome_id=13, name=f"under {number}")],
            [level(f"o{number}", -122, 39.6, number, outcome_id=12, name=f"over {number}")],
        ]
        return {"id": 258, "type": "total", "strike": number, "favourite": number == 7.5, "selections": sides}

    total = {"id": 258, "type": "total", "sub_type": "total", "market_strikes": [strike(7.5), strike(8.25)]}
    (image,) = images(total)
    assert [line.key for line in image.market.lines] == [(19458, 258, 30), (19458, 258, 33)]
    assert [line.favourite for line in image.market.lines] == [True, False]
    assert [each.name for each in image.market.lines[0].outcomes] == ["under 7.5", "over 7.5"]
    assert image.books[0] == Book(((Level(119, 3261),), (Level(-122, 3960),)))


def test_a_spread_without_a_number_has_its_first_outcomes() -> None:
    sides = [[level("h", 100, 1, -2.5)], [level("a", 100, 1, 2.5)]]
    (image,) = images({"id": 256, "type": "spread", "market_strikes": [{"id": 256, "selections": sides}]})
    assert image.market.lines[0].key.number == -10


@pytest.mark.parametrize(
    "bad",
    [
        "what",
        {"strike": 0.1, "selections": []},
        {"strike": 9, "selections": [[level("x", 110.5, 1)], [level("y", 100, 1)]]},
        {"strike": 9, "selections": [[level("x", 50.0, 1)], [level("y", 100, 1)]]},
        {"strike": 9, "selections": [[level("x", 110, 1.001)], [level("y", 100, 1)]]},
        {"strike": 9, "selections": [[level("x", 110, -1)], [level("y", 100, 1)]]},
        {"strike": 9, "selections": [[level("x", 110, 1)], [level("x", 100, 1)]]},
    ],
)
def test_a_strike_that_cannot_be_read_takes_no_other_with_it(bad: object) -> None:
    malformed: list[str] = []
    good = {"strike": 7.5, "selections": [[level("u", 100.0, 1)], [level("o", -100, 1)]]}
    (image,) = images({"id": 258, "type": "total", "market_strikes": [good, bad]}, malformed)
    assert [line.key.number for line in image.market.lines] == [30]
    assert image.books == (Book(((Level(100, 100),), (Level(100, 100),))),)
    assert len(malformed) == 1


def test_a_missing_or_null_sport_event_has_no_markets() -> None:
    assert V4.board.markets((1, 2), 2).read(body({"1": None}), []) == {1: (), 2: ()}


@pytest.mark.parametrize("answer", [{"markets": [MONEYLINE]}, [MONEYLINE]])
def test_the_markets_of_one_sport_event_are_a_list_or_a_member(answer: object) -> None:
    assert len(V4.board.markets_of(19458, 2).read(body(answer), [])) == 1


def test_a_market_of_a_player_may_lack_its_sub_type() -> None:
    (image,) = images(MONEYLINE | {"sub_type": None, "player_id": 77})
    assert (image.market.sub_type, image.market.player_id) == ("", 77)


def test_a_sport_event_and_the_ladder() -> None:
    listed = [
        {
            "event_id": 19458,
            "name": "Away at Home",
            "status": "not_started",
            "scheduled": "2026-09-12T23:10:00Z",
            "tournament_id": 109,
            "sub_type": None,
            "competitors": [{"name": "Home"}, {"name": "Away"}],
        }
    ]
    (sport_event,) = V4.board.sport_events_by_id((19458,)).read(body({"sport_events": listed}), [])
    assert (sport_event.sport_event_id, sport_event.tournament_id) == (19458, 109)
    assert sport_event.competitors == ("Home", "Away")
    assert V4.board.ladder().read(body([-101, 100, 102.0]), []) == (-101, 100, 102)


PLACE = {"event_id": 19458, "market_id": 251, "strike_id": "aa", "type": "moneyline", "sub_type": None}


@pytest.mark.parametrize("answer", [[PLACE, {"strike_id": "bb"}, 7], {"strikes": [PLACE, {"event_id": 7}, None]}])
def test_lines_are_found_by_their_ids(answer: object) -> None:
    malformed: list[str] = []
    call = V4.board.lines(("aa", "bb"))
    assert call.path == "/v4/mm/get_strikes?strike_ids=aa,bb"
    assert call.read(body(answer), malformed) == (LinePlace("aa", 19458, 251, "moneyline", ""),)
    assert len(malformed) == 2
    assert call.read(body(None), []) == ()


def test_calls_that_the_dialect_lacks_are_not_sent() -> None:
    for build in (
        lambda: V4.board.search(1, (), (), 0),
        lambda: V4.board.players(1),
        lambda: V4.board.player(1, 1),
        lambda: V4.board.markets((1,), 1),
        lambda: V4.board.markets_of(1, 1),
    ):
        with pytest.raises(Malformed) as lacking:
            build()
        assert lacking.value.code == "not_offered"
    for count in (0, 21):
        with pytest.raises(Malformed) as wrong:
            V4.board.lines(("a",) * count)
        assert wrong.value.code == "wrong_size"
