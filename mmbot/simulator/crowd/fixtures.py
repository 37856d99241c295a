"""The sport events of the synthetic boards, with their competitors and markets. The module ``synthetic_crowd`` trades
on them.

The ids of tournaments and markets were seen on the real exchange. Teams and players are invented.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, Player, SportEvent, Tournament
from mmbot.domain.instant import Instant
from mmbot.simulator.venue.board.board import NOT_STARTED

OUTRIGHTS: Final = "outrights"
"""The ``sub_type`` of an outright (not two competitors that meet; docs/protocol.md 5.3)."""

_FIRST_NAMES: Final = ("Ada", "Ben", "Cleo", "Dov", "Eli", "Finn", "Gus", "Hal")
_LAST_NAMES: Final = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Linden", "Maple", "Rowan")
_FIRST_PLAYER: Final = 700_001


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A market that belongs to a fixture (a sport event to be created)."""

    market: int
    kind: str
    """The market's ``type`` in the exchange's messages. A market on the first half has the same ``type`` as the market
    on the whole sport event."""
    name: str
    numbers: tuple[int, ...] = (0,)
    """The numbers of the market's lines in quarter points. The number of the favourite line (the main line of the
    market) comes first."""
    slope: float = 0.0
    """The change in the log-odds of outcome 0 if the number of the line rises by one point."""
    sub_type: str
    category: str = "Game Lines"
    outcomes: tuple[str, ...] = ()
    """The names of the market's outcomes. Empty if the outcomes are the two teams, or over and under."""
    player: Player | None = None
    """The player of the market, if it is a prop or an outright about one player. None for other markets."""


class Fixture(msgspec.Struct, frozen=True):
    """A sport event to be created on a board, with its markets."""

    tournament: Tournament
    name: str
    competitors: tuple[str, ...]
    """The two teams of the sport event, with the home team first. Empty for an outright."""
    offers: tuple[Offer, ...]
    sub_type: str = ""


def sport_event(fixture: Fixture, sport_event_id: int, starts: Instant) -> SportEvent:
    """Make the sport event that a fixture describes."""
    tournament = fixture.tournament
    return SportEvent(
        sport_event_id,
        tournament.tournament_id,
        fixture.name,
        NOT_STARTED,
        starts,
        tournament.sport_name,
        tournament.name,
        fixture.sub_type,
        fixture.competitors,
    )


def players(fixture: Fixture, sport_event_id: int, first: int) -> list[Player]:
    """Make two players for each team of the fixture, and add the players of its props and outrights. The ids of the
    team players begin with ``_FIRST_PLAYER + first``."""
    found = []
    for place in range(2 * len(fixture.competitors)):
        number = first + place
        name = f"{_FIRST_NAMES[number % 8]} {_LAST_NAMES[number // 8 % 8]}"
        found.append(Player(_FIRST_PLAYER + number, name, sport_event_id * 10 + place // 2))
    return found + [offer.player for offer in fixture.offers if offer.player is not None]


def market(fixture: Fixture, offer: Offer, sport_event_id: int) -> Market:
    """Make the market that an offer describes."""
    return Market(
        MarketKey(sport_event_id, offer.market),
        offer.name,
        offer.kind,
        offer.sub_type,
        offer.category,
        lines=tuple(
            Line(
                LineKey(sport_event_id, offer.market, number),
                _outcomes(fixture, offer, sport_event_id, number / 4),
                f"Fixed {offer.kind} {number / 4:g}" if number else "",
                favourite=number == offer.numbers[0],
            )
            for number in offer.numbers
        ),
        player_id=None if offer.player is None else offer.player.player_id,
    )


def _outcomes(fixture: Fixture, offer: Offer, sport_event_id: int, points: float) -> tuple[Outcome, ...]:
    if offer.kind == "total":
        return Outcome(13, "", f"under {points:g}"), Outcome(12, "", f"over {points:g}")
    if offer.outcomes:
        return tuple(Outcome(offer.market * 10 + place, "", name) for place, name in enumerate(offer.outcomes))
    home, away = fixture.competitors
    ids = (sport_event_id * 10, sport_event_id * 10 + 1)
    if offer.kind == "spread":
        return (
            Outcome(1714, "", f"{home} {points:+g}", ids[0]),
            Outcome(1715, "", f"{away} {-points:+g}", ids[1]),
        )
    return Outcome(4, "", home, ids[0]), Outcome(5, "", away, ids[1])


# --- the plain board --------------------------------------------------------------------------------------------------

NBA: Final = Tournament(132, "NBA", "Basketball")
NFL: Final = Tournament(31, "NFL", "American Football")
MLB: Final = Tournament(109, "MLB", "Baseball")
NHL: Final = Tournament(234, "NHL", "Ice Hockey")
EPL: Final = Tournament(17, "EPL", "Soccer")
GOLF: Final = Tournament(1600000234, "Golf", "Golf")


def _moneyline(market: int = 219) -> Offer:
    return Offer(market=market, kind="moneyline", name="Moneyline", sub_type="moneyline")


def _spread(*numbers: int, slope: float = 0.12) -> Offer:
    return Offer(market=223, kind="spread", name="Spread", sub_type="spread", numbers=numbers, slope=slope)


def _total(*numbers: int, market: int = 225, slope: float = 0.1) -> Offer:
    return Offer(market=market, kind="total", name="Total", sub_type="total", numbers=numbers, slope=slope)


def _game(tournament: Tournament, home: str, away: str, *offers: Offer) -> Fixture:
    return Fixture(tournament, f"{away} at {home}", (home, away), offers)


PLAIN: Final = (
    _game(NBA, "Riverton Herons", "Lakeside Comets", _moneyline(), _spread(-14), _total(886)),
    _game(NFL, "Harbor City Anchors", "Iron Valley Rams", _moneyline(), _spread(-12), _total(178)),
    _game(MLB, "Old Mill Badgers", "Sandpoint Gulls", _moneyline(251), _total(30, market=258)),
    _game(NHL, "Northgate Wolves", "Stonebridge Owls", _moneyline()),
    _game(NBA, "Maple Falls Kings", "Cedar Bay Rockets", _moneyline(), _spread(22), _total(910)),
    _game(MLB, "Granite Peak Miners", "Clearwater Herons", _moneyline(251)),
    _game(NFL, "Fairmont Bulls", "Eastport Sailors", _moneyline(), _total(186)),
    _game(NHL, "Ridgefield Bears", "Westhaven Foxes", _moneyline()),
)
"""The sport events of the plain board, which the demo shows. Each of their markets has one line."""


# --- the full board ---------------------------------------------------------------------------------------------------


def _half(period: str = "1st Half", sub_type: str = "first_half_moneyline") -> Offer:
    """Make the offer of a moneyline on a part of a sport event. It has the same ``type`` as the moneyline of the whole
    sport event, but another sub-type and another category."""
    return Offer(market=64, kind="moneyline", name=f"{period} Moneyline", sub_type=sub_type, category=period)


def _half_total(number: int) -> Offer:
    return Offer(
        market=66,
        kind="total",
        name="1st Half Total",
        sub_type="first_half_total",
        category="1st Half",
        numbers=(number,),
    )


def _prop(player: int, name: str, what: str, number: int) -> Offer:
    return Offer(
        market=460_000_000 + player,
        kind="total",
        name=f"{name} {what}",
        sub_type=f"player_total_{what}",
        category="Player Props",
        numbers=(number,),
        player=Player(player, name),
    )


def _outright(player: int, name: str) -> Offer:
    return Offer(
        market=700_000_000 + player,
        kind="moneyline",
        name=f"{name} to win",
        sub_type=OUTRIGHTS,
        category="Futures",
        outcomes=("Yes", "No"),
        player=Player(player, name),
    )


FULL: Final = (
    _game(
        NBA,
        "Riverton Herons",
        "Lakeside Comets",
        _moneyline(),
        _spread(-14, -18, -10),
        _total(886, 878, 894),
        _half(),
        _half_total(446),
        _prop(501, "Ty Marlow", "points", 102),
    ),
    _game(
        NFL, "Harbor City Anchors", "Iron Valley Rams", _moneyline(), _spread(-12, -14, -10), _total(178, 170), _half()
    ),
    _game(
        MLB,
        "Old Mill Badgers",
        "Sandpoint Gulls",
        _moneyline(251),
        _total(30, 26, 34, market=258, slope=0.3),
        _prop(731, "Gus Aldana", "hits", 6),
    ),
    # A market on one period without a sub-type: the exchange sometimes sends such markets (docs/protocol.md 5.2).
    _game(NHL, "Northgate Wolves", "Stonebridge Owls", _moneyline(), _half("1st Period", "")),
    _game(
        EPL,
        "Alderbrook Town",
        "Port Merrow",
        Offer(
            market=1,
            kind="moneyline",
            name="Result",
            sub_type="moneyline_3_way",
            outcomes=("Alderbrook Town", "Draw", "Port Merrow"),
        ),
        Offer(
            market=29,
            kind="sup_moneyline",
            name="Both teams to score",
            sub_type="both_teams_to_score",
            category="Goals",
            outcomes=("Yes", "No"),
        ),
        _total(10, 6, market=18, slope=0.8),
    ),
    _game(NBA, "Maple Falls Kings", "Cedar Bay Rockets", _moneyline(), _spread(22, 26), _total(910, 918)),
    _game(MLB, "Granite Peak Miners", "Clearwater Herons", _moneyline(251)),
    _game(NFL, "Fairmont Bulls", "Eastport Sailors", _moneyline(), _total(186)),
    Fixture(
        GOLF,
        "Silver Dunes Open",
        (),
        (_outright(901, "Ned Calloway"), _outright(902, "Iker Sandoval")),
        OUTRIGHTS,
    ),
    _game(NHL, "Ridgefield Bears", "Westhaven Foxes", _moneyline()),
)
"""The sport events of the full board, which has every sort of market that the bot has to tell apart. It has markets
with several lines, first halves, player props, a market with three outcomes, and an outright."""

LATECOMERS: Final = (
    _game(NBA, "Birchwood Hawks", "Saltmarsh Pilots", _moneyline(), _spread(-6)),
    _game(NHL, "Copperline Elks", "Glacier Point Seals", _moneyline()),
)
"""The sport events that are created during a run."""
