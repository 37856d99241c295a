"""The endpoints of the board in the legacy dialect: tournaments, sport events, markets, search and players."""

from __future__ import annotations

from typing import Any

import pytest
from small_world import EMPTY, GAME, MONEYLINE, NBA, NHL, SPREAD, TOTAL

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, Player

PROP = 46_000_023


def add_prop(partner: Any) -> None:
    line = Line(LineKey(GAME, PROP, 0), (Outcome(1, "", "Yes"), Outcome(2, "", "No")))
    market = Market(
        MarketKey(GAME, PROP),
        "To score 30",
        "moneyline",
        "player_points",
        "Player Props",
        lines=(line,),
        player_id=23,
    )
    partner.exchange.venue.add_market(market, partner.exchange.tick())


async def test_sport_events_are_read_by_their_ids_and_those_not_listed_are_left_out(partner: Any) -> None:
    status, body = await partner.get("mm/get_sport_events", event_ids=f"{GAME},77,{EMPTY}")
    assert status == 200
    assert [(each["event_id"], each["tournament_id"]) for each in body["data"]["sport_events"]] == [
        (GAME, NBA),
        (EMPTY, NBA),
    ]
    await partner.fault("unlist_event", event=GAME)
    _, body = await partner.get("mm/get_sport_events", event_ids=f"{GAME},{EMPTY}")
    assert [each["event_id"] for each in body["data"]["sport_events"]] == [EMPTY]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "invalid_param"),
        ({"event_ids": "x"}, "invalid_event_id"),
        ({"event_ids": "0"}, "invalid_event_id"),
        ({"event_ids": str(2**31)}, "invalid_event_id"),
        ({"tournament_id": "NBA"}, "invalid_param"),
    ],
)
async def test_invalid_queries_of_sport_events_are_rejected(partner: Any, query: dict[str, str], code: str) -> None:
    status, body = await partner.get("mm/get_sport_events", **query)
    assert (status, body["error"]) == (400, code)


@pytest.mark.parametrize(("path", "newer"), [("mm/get_markets", False), ("v2/mm/get_markets", True)])
async def test_the_markets_of_one_sport_event_in_both_versions(partner: Any, path: str, newer: bool) -> None:
    add_prop(partner)
    partner.crowd_rests(0, -117, 800_00)
    status, body = await partner.get(path, event_id=GAME)
    assert status == 200
    markets = body["data"]["markets"]
    assert [each["id"] for each in markets] == [MONEYLINE, SPREAD, TOTAL, PROP]
    assert markets[0]["selections"][1][0]["odds"] == 117
    assert [each.get("player_id") for each in markets] == [None, None, None, 23]
    assert all(("sub_type" in each, "category_name" in each) == (newer, newer) for each in markets)
    _, many = await partner.get(path.replace("get_markets", "get_multiple_markets"), event_ids=f"{GAME},{EMPTY}")
    assert many["data"] == {str(GAME): markets, str(EMPTY): []}


@pytest.mark.parametrize("path", ["mm/get_markets", "v2/mm/get_markets"])
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "invalid_param"),
        ({"event_id": "1,2"}, 400, "invalid_param"),
        ({"event_id": "-1"}, 400, "market_invalid_event"),
        ({"event_id": "77"}, 404, "sport_event_not_found"),
    ],
)
async def test_invalid_queries_of_markets_are_rejected(
    partner: Any, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answered, body = await partner.get(path, **query)
    assert (answered, body["error"]) == (status, code)


async def test_a_search_finds_the_markets_of_a_tournament_and_names_their_sport_events(partner: Any) -> None:
    status, body = await partner.get("mm/search_markets", tournament_id=NBA)
    assert status == 200
    assert [(each["sport_event_id"], each["id"]) for each in body["data"]["markets"]] == [
        (GAME, MONEYLINE),
        (GAME, SPREAD),
        (GAME, TOTAL),
    ]
    _, same = await partner.get("v2/mm/get_markets", event_id=GAME)
    assert [{"sport_event_id": GAME} | each for each in same["data"]["markets"]] == body["data"]["markets"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"event_ids": str(GAME)}, [MONEYLINE, SPREAD, TOTAL]),
        ({"event_ids": f"{EMPTY},77"}, []),
        ({"market_types": "total"}, [TOTAL]),
        ({"market_types": "spread,moneyline"}, [MONEYLINE, SPREAD]),
        ({"market_types": "sup_moneyline"}, []),
        ({"min_liquidity": "683.76"}, [MONEYLINE]),
        ({"min_liquidity": "683.77"}, []),
        ({"min_liquidity": "0", "market_types": "spread"}, [SPREAD]),
    ],
)
async def test_each_filter_of_a_search(partner: Any, query: dict[str, str], found: list[int]) -> None:
    partner.crowd_rests(0, -117, 800_00)
    status, body = await partner.get("mm/search_markets", tournament_id=NBA, **query)
    assert status == 200
    assert [each["id"] for each in body["data"]["markets"]] == found


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "invalid_param"),
        ({"tournament_id": "NBA"}, 400, "invalid_param"),
        ({"tournament_id": NBA, "event_ids": "x"}, 400, "invalid_event_id"),
        ({"tournament_id": NBA, "min_liquidity": "much"}, 400, "invalid_param"),
        ({"tournament_id": NBA, "min_liquidity": "nan"}, 400, "invalid_param"),
        ({"tournament_id": NBA, "min_liquidity": "-1"}, 400, "invalid_param"),
        ({"tournament_id": NHL}, 404, "data_not_found"),
        ({"tournament_id": 9}, 404, "data_not_found"),
    ],
)
async def test_invalid_searches_are_rejected(partner: Any, query: dict[str, object], status: int, code: str) -> None:
    answered, body = await partner.get("mm/search_markets", **query)
    assert (answered, body["error"]) == (status, code)


async def test_players_are_listed_by_tournament_and_by_id(partner: Any) -> None:
    venue = partner.exchange.venue
    venue.board.add_player(NBA, Player(23, "Ada Alder", 11))
    venue.board.add_player(NBA, Player(24, "Ben Birch"))
    ada = {"id": 23, "name": "Ada Alder", "display_name": "Ada Alder", "competitor_id": 11, "tournament_id": NBA}
    status, body = await partner.get("mm/get_players", tournament_id=NBA)
    assert status == 200
    assert body["data"]["players"][0] == ada
    assert [(each["id"], each["competitor_id"]) for each in body["data"]["players"]] == [(23, 11), (24, None)]
    assert await partner.get("mm/get_players/23", tournament_id=NBA) == (200, {"data": ada})
    assert await partner.get("mm/get_players", tournament_id=NHL) == (200, {"data": {"players": []}})
    with pytest.raises(ValueError, match="does not exist"):
        venue.board.add_player(999, Player(1, "Nobody"))


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("mm/get_players", {}, 400, "invalid_param"),
        ("mm/get_players", {"tournament_id": "x"}, 400, "invalid_param"),
        ("mm/get_players", {"tournament_id": 9}, 404, "data_not_found"),
        ("mm/get_players/23", {}, 400, "invalid_param"),
        ("mm/get_players/99", {"tournament_id": NBA}, 404, "data_not_found"),
        ("mm/get_players/23", {"tournament_id": NHL}, 404, "data_not_found"),
        ("mm/get_players/ada", {"tournament_id": NBA}, 404, "data_not_found"),
    ],
)
async def test_unknown_players_are_404(
    partner: Any, path: str, query: dict[str, object], status: int, code: str
) -> None:
    partner.exchange.venue.board.add_player(NBA, Player(23, "Ada Alder", 11))
    answered, body = await partner.get(path, **query)
    assert (answered, body["error"]) == (status, code)


async def test_a_pre_match_prop_is_not_traded_in_play(partner: Any) -> None:
    key = LineKey(GAME, 300, 0)
    line = Line(key, (Outcome(1, "", "Yes"), Outcome(2, "", "No")))
    partner.exchange.venue.add_market(
        Market(MarketKey(GAME, 300), "Margin", "sup_moneyline", lines=(line,)), partner.exchange.tick()
    )
    wager = {"external_id": "a", "line_id": partner.line_id(0, 300), "odds": 110, "stake": 5}
    assert (await partner.post("mm/place_wager", wager))[0] == 200
    await partner.fault("go_live", event=GAME)
    status, body = await partner.post("mm/place_wager", wager | {"external_id": "b"})
    assert (status, body["error"]) == (400, "supplemental_market_pre_match_only")


async def test_tournaments_can_be_asked_for_with_active_sport_events_only(partner: Any) -> None:
    status, body = await partner.get("mm/get_tournaments")
    assert status == 200
    assert [each["id"] for each in body["data"]["tournaments"]] == [NBA, NHL]
    _, body = await partner.get("mm/get_tournaments", has_active_events="true")
    (nba,) = body["data"]["tournaments"]
    assert (nba["id"], nba["name"], nba["sport"]["name"]) == (NBA, "NBA", "Basketball")


async def test_sport_events_of_a_tournament(partner: Any) -> None:
    status, body = await partner.get("mm/get_sport_events", tournament_id=NBA)
    assert status == 200
    sport_event = body["data"]["sport_events"][0]
    assert sport_event["event_id"] == GAME
    assert sport_event["status"] == "not_started"
    assert sport_event["sub_type"] is None
    assert sport_event["scheduled"].endswith("Z")
    assert [each["side"] for each in sport_event["competitors"]] == ["home", "away"]


async def test_a_tournament_without_a_listed_sport_event_is_404_and_unknown_ids_are_null(partner: Any) -> None:
    status, body = await partner.get("mm/get_sport_events", tournament_id=NHL)
    assert (status, body) == (404, {"error": "data_not_found", "message": "Record not found"})
    status, body = await partner.get("mm/get_sport_events", event_ids="999,998")
    assert (status, body) == (200, {"data": {"sport_events": None}})
    status, body = await partner.get("mm/get_sport_events", event_ids=f"{EMPTY},{GAME}")
    assert sorted(each["event_id"] for each in body["data"]["sport_events"]) == [GAME, EMPTY]


async def test_a_moneyline_holds_its_selections_and_other_types_their_lines(partner: Any) -> None:
    partner.crowd_rests(0, -117, 800_00)
    status, body = await partner.get("v2/mm/get_multiple_markets", event_ids=f"{GAME},{EMPTY},77")
    assert status == 200
    assert body["data"]["77"] is None
    assert body["data"][str(EMPTY)] == []
    moneyline, spread, total = body["data"][str(GAME)]
    assert (moneyline["type"], moneyline["sub_type"], moneyline["category_name"]) == (
        "moneyline",
        "moneyline",
        "Game Lines",
    )
    empty, shown = moneyline["selections"]
    assert [level["odds"] for level in empty] == [None]
    assert (empty[0]["value"], empty[0]["stake"], empty[0]["display_odds"], empty[0]["updated_at"]) == (0, 0, "", 0)
    assert empty[0]["line_id"] == partner.line_id(0)
    (level,) = shown  # a wager on outcome 0 at -117 shows under outcome 1 at +117
    assert (level["odds"], level["display_odds"], level["stake"], level["value"]) == (117, "+117", 800, 683.76)
    assert (level["line_id"], level["competitor_id"]) == (partner.line_id(1), 12)
    assert len(str(level["updated_at"])) == 19
    (line,) = spread["market_lines"]
    assert (line["id"], line["line"], line["favourite"]) == (223, -3.5, True)
    assert [side[0]["line"] for side in line["selections"]] == [-3.5, 3.5]
    assert [side[0]["display_line"] for side in line["selections"]] == ["-3.5", "+3.5"]
    (line,) = total["market_lines"]
    assert [side[0]["line"] for side in line["selections"]] == [221.5, 221.5]
    assert "competitor_id" not in line["selections"][0][0]
    assert "selections" not in total


async def test_the_older_version_lacks_the_fields_of_the_newer(partner: Any) -> None:
    _, body = await partner.get("mm/get_multiple_markets", event_ids=GAME)
    assert "sub_type" not in body["data"][str(GAME)][0]
    _, body = await partner.get("v2/mm/get_markets", event_id=GAME)
    assert [each["id"] for each in body["data"]["markets"]] == [219, 223, 225]
    assert (await partner.get("mm/get_markets", event_id=99))[0] == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "market_event_limit_exceeded"),
        (",".join(str(n) for n in range(1, 52)), "market_event_limit_exceeded"),
        ("0", "market_invalid_event"),
        ("-5", "market_invalid_event"),
        ("2147483648", "market_invalid_event"),
        ("ten", "market_invalid_event"),
    ],
)
async def test_an_invalid_list_of_sport_events_is_rejected_with_its_code(partner: Any, query: str, code: str) -> None:
    status, body = await partner.get("v2/mm/get_multiple_markets", event_ids=query)
    assert (status, body["error"]) == (400, code)


async def test_fifty_sport_events_can_be_read_at_once(partner: Any) -> None:
    status, body = await partner.get("v2/mm/get_multiple_markets", event_ids=",".join(str(n) for n in range(1, 51)))
    assert status == 200
    assert list(body["data"].values()) == [None] * 50


async def test_the_ladder_is_a_list_of_555_odds(partner: Any) -> None:
    status, body = await partner.get("mm/get_odds_ladder")
    assert status == 200
    assert len(body["data"]) == 555
    assert -100 not in body["data"]
