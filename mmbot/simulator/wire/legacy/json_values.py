"""The exchange's values as JSON in the legacy dialect (docs/protocol.md 4.2, 5, 6.2, 8.3, 10).

This module follows the exchange's documents. It shares no code with the bot's own decoder, so that tests find a mistake
in either of them. Money is in dollars, and numbers of lines are in points. The fields ``timestamp``,
``sequence_number`` and ``updated_at`` are in unix nanoseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mmbot.domain.catalogue import Line, LineKey, Market, Player, SportEvent, Tournament
from mmbot.domain.instant import SECOND, Instant, iso
from mmbot.domain.money import dollars
from mmbot.domain.odds import Odds, Side
from mmbot.simulator.venue.records import ShownBook, ShownLevel, VenueBalance, VenueMatch, VenueTransaction, VenueWager
from mmbot.simulator.wire.sessions import Tokens

Object = dict[str, object]

_SPORTS = {"Basketball": 1, "Baseball": 2, "American Football": 3, "Ice Hockey": 4, "Soccer": 5, "Golf": 6}
_LINED = ("spread", "total")
"""The types of markets whose JSON has ``market_lines``. Any other market contains its selections directly
(docs/protocol.md 5.2)."""


# --- session and wallet -------------------------------------------------------------------------------------------


def log_in(tokens: Tokens) -> Object:
    """Return the access token and the refresh token, each with its expiry time in unix seconds."""
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "access_expire_time": tokens.access_expires // SECOND,
        "refresh_expire_time": tokens.refresh_expires // SECOND,
    }


def refreshed(tokens: Tokens) -> Object:
    """Return a new access token with its expiry time in unix seconds. The refresh token stays valid and is not
    returned."""
    return {"access_token": tokens.access, "access_expire_time": tokens.access_expires // SECOND}


def balance(held: VenueBalance) -> Object:
    """Return the balance of an account as JSON."""
    return {
        "balance": dollars(held.balance),
        "matched_wager_balance": dollars(held.matched),
        "unmatched_wager_balance": dollars(held.unmatched),
        "unmatched_wager_balance_status": held.status,
        "unmatched_wager_last_synced_at": iso(held.last_synced_at),
    }


# --- the board ----------------------------------------------------------------------------------------------------


def tournament(known: Tournament, stamp: Instant, stamp_name: str = "updated_at") -> Object:
    """Return a tournament as JSON. ``stamp`` is the time of the tournament's newest change. The JSON contains this time
    under the name ``stamp_name``."""
    sport = _SPORTS.get(known.sport_name, 99)
    return {
        "id": known.tournament_id,
        "name": known.name,
        "banner": "",
        "image": "",
        "category": {"id": sport, "name": known.sport_name, "countryCode": "US"},
        "sport": {"id": sport, "name": known.sport_name},
        stamp_name: stamp,
    }


def sport_event(sport_event: SportEvent, stamp: Instant, stamp_name: str = "updated_at") -> Object:
    """Return a sport event as JSON. The ``sub_type`` is null if two competitors meet. ``stamp`` is the time of the
    sport event's newest change. The JSON contains this time under the name ``stamp_name``."""
    scheduled = (
        None
        if sport_event.scheduled is None
        else datetime.fromtimestamp(sport_event.scheduled // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    return {
        "event_id": sport_event.sport_event_id,
        "name": sport_event.name,
        "display_name": "",
        "competitors": [
            {
                "id": sport_event.sport_event_id * 10 + place,
                "name": name,
                "display_name": name,
                "abbreviation": "".join(part[0] for part in name.split()).upper(),
                "country": "US",
                "side": ("home", "away")[place] if place < 2 else "",
            }
            for place, name in enumerate(sport_event.competitors)
        ],
        "scheduled": scheduled,
        "status": sport_event.status,
        "sport_name": sport_event.sport_name,
        "sub_type": sport_event.sub_type or None,
        "tournament_id": sport_event.tournament_id,
        "tournament_name": sport_event.tournament_name,
        "type": "match",
        stamp_name: stamp,
    }


def player(known: Player, tournament: int) -> Object:
    """Return a player as JSON. The fields of a player are not documented (docs/protocol.md 4.1). These fields
    are enough to tell players apart."""
    return {
        "id": known.player_id,
        "name": known.name,
        "display_name": known.name,
        "competitor_id": known.competitor_id,
        "tournament_id": tournament,
    }


def market(known: Market, books: Sequence[ShownBook], version: int, *, bare: bool = False) -> Object:
    """Return a market as JSON, with the book of each line. Version 1 of the endpoint has neither ``sub_type`` nor
    ``category_name``. If ``bare`` is true, an outcome without offers has an empty list."""
    written: Object = {
        "id": known.key.market,
        "name": known.name,
        "display_name": known.name,
        "type": known.type,
        "status": known.status,
    }
    if version >= 2:
        written |= {"sub_type": known.sub_type, "category_name": known.category_name}
    if known.player_id is not None:
        written["player_id"] = known.player_id
    if known.type in _LINED or len(known.lines) > 1:
        written["market_lines"] = [
            {
                "id": known.key.market,  # every line repeats its market's id (docs/protocol.md 5.2)
                "name": line.name,
                "type": known.type,
                "line": points(line.key.number),
                "status": line.status,
                "favourite": line.favourite,
                "selections": selections(known.type, line, book, bare=bare),
            }
            for line, book in zip(known.lines, books, strict=True)
        ]
    elif known.lines:
        written["line"] = 0
        written["selections"] = selections(known.type, known.lines[0], books[0], bare=bare)
    else:
        written["selections"] = None
    return written


def selections(market_type: str, line: Line, book: ShownBook, *, bare: bool = False) -> list[list[Object]]:
    """Return the price levels under each outcome of a line, best for takers first. An outcome without offers has one
    placeholder with null odds. If ``bare`` is true, such an outcome has an empty list."""
    return [
        [_level(market_type, line, side, level) for level in (levels or (() if bare else (None,)))]
        for side, levels in enumerate(book.sides)
    ]


def _level(market_type: str, line: Line, side: Side, level: ShownLevel | None) -> Object:
    outcome = line.outcomes[side]
    written: Object = {"outcome_id": outcome.outcome_id, "name": outcome.name}
    if market_type != "total":
        written["competitor_id"] = outcome.competitor_id
    number = side_number(market_type, line.key, side)
    written |= {
        "line": points(number),
        "line_id": outcome.line_id,
        "odds": None if level is None else level.odds,
        "display_odds": "" if level is None else display_odds(level.odds),
        "display_line": _display_line(market_type, number),
        "display_name": outcome.name,
        "stake": 0 if level is None else dollars(level.stake),
        "value": 0 if level is None else dollars(level.value),
        "updated_at": 0 if level is None else level.updated_at,
    }
    return written


def side_number(market_type: str, line: LineKey, side: Side) -> int:
    """Return the number of one outcome of a line in quarter points. On a point spread the two outcomes have opposite
    numbers. On a total they have the same number."""
    return -line.number if market_type == "spread" and side == 1 else line.number


def display_odds(odds: Odds) -> str:
    """Return American odds as text, with a plus or minus sign."""
    return f"{odds:+d}"


def _display_line(market_type: str, number: int) -> str:
    if market_type not in _LINED:
        return ""
    shown = points(number)
    return f"{shown:+g}" if market_type == "spread" and shown else f"{shown:g}"


def points(quarters: int) -> float | int:
    """Return the number of a line in points. mmbot keeps it in quarters of a point."""
    return quarters // 4 if quarters % 4 == 0 else quarters / 4


# --- wagers -------------------------------------------------------------------------------------------------------


def wager(held: VenueWager, market_type: str) -> Object:
    """Return a wager as it appears in REST answers. ``matched_stake`` is the sum of all matches of the wager."""
    return identity_of(held, market_type) | {
        "matched_stake": dollars(held.matched),
        "unmatched_stake": dollars(held.unmatched),
        "status": held.status.value,
        "matching_status": held.matching.value,
        "winning_status": held.winning.value,
        "wager_strategy": held.strategy or "",
        "created_at": iso(held.created_at),
        "updated_at": held.updated_at,
    }


def identity_of(held: VenueWager, market_type: str) -> Object:
    """Return the fields of a wager that REST answers and messages both have."""
    return {
        "id": held.wager_id,
        "user_id": held.account,
        "external_id": held.external_id,
        "sport_event_id": held.line.sport_event,
        "market_id": held.line.market,
        "outcome_id": held.outcome_id,
        "line_id": held.line_id,
        "line": points(side_number(market_type, held.line, held.side)),
        "odds": held.odds,
        "stake": dollars(held.stake),
        "profit": dollars(held.profit),
    }


def match(held: VenueMatch, market_type: str, with_profit: bool) -> Object:
    """Return one match of one of the account's wagers as JSON. If ``with_profit`` is true, the JSON says how much the
    match can win."""
    shown: Object = {
        "id": held.match_id,
        "wager_id": held.wager_id,
        "external_id": held.external_id,
        "sport_event_id": held.line.sport_event,
        "market_id": held.line.market,
        "line_id": held.line_id,
        "line": points(side_number(market_type, held.line, held.side)),
        "matched_odds": held.odds,
        "matched_stake": dollars(held.stake),
        "created_at": iso(held.matched_at),
    }
    return shown | {"profit": dollars(held.win)} if with_profit else shown


def transaction(held: VenueTransaction) -> Object:
    """Return one movement of a wallet as JSON, with the fields of the exchange's newer interface. ``amount`` is always
    positive, and ``change`` has a sign. Ids are strings or null. The movement has no id of its own."""
    return {
        "status": "Completed",
        "transaction_type": held.type,
        "transaction_sub_type": None,
        "amount": dollars(abs(held.amount)),
        "change": dollars(held.amount),
        "balance": dollars(held.balance),
        "balance_before": dollars(held.balance - held.amount),
        "wager_id": held.wager_id,
        "event_id": None if held.market is None else str(held.market.sport_event),
        "market_id": None if held.market is None else str(held.market.market),
        "details": "",
        "description": "",
        "created_at": iso(held.created_at),
    }
