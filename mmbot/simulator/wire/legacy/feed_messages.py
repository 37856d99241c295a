"""The payloads of the feed's messages as JSON in the legacy dialect (docs/protocol.md 5.2, 6.2, 8.3).

Like ``json_values``, this module shares no code with the bot's own decoder.
"""

from __future__ import annotations

from zlib import crc32

from mmbot.domain.catalogue import Line, Market
from mmbot.domain.money import dollars
from mmbot.simulator.venue.changes import (
    LineChanged,
    MarketChanged,
    Printed,
    SportEventChanged,
    TournamentChanged,
    WagerChanged,
)
from mmbot.simulator.venue.records import ShownBook
from mmbot.simulator.wire.legacy.json_values import (
    Object,
    identity_of,
    points,
    selections,
    side_number,
    sport_event,
    tournament,
)


def tournament_message(change: TournamentChanged) -> Object:
    """Return the payload of the feed's message ``tournament``."""
    identity: Object = {"id": str(change.tournament.tournament_id)}
    if change.op == "d":
        return identity
    return identity | {"info": tournament(change.tournament, change.sequence, "sequence_number")}


def sport_event_message(change: SportEventChanged) -> Object:
    """Return the payload of the feed's message ``sport_event``. For a sport event that is taken off the list, the
    payload has only ids."""
    identity: Object = {
        "id": str(change.sport_event.sport_event_id),
        "tournament_id": str(change.sport_event.tournament_id),
    }
    if change.op == "d":
        return identity
    return identity | {"info": sport_event(change.sport_event, change.sequence, "sequence_number")}


def market_message(change: MarketChanged) -> Object:
    """Return the payload of the feed's message ``market``. The ``id`` at the top level is the id of the sport event."""
    return {
        "id": str(change.sport_event_id),
        "info": {
            "id": change.market.key.market,
            "sport_event_id": change.sport_event_id,
            "name": change.market.name,
            "status": change.market.status,
            "description": "",
            "sequence_number": change.sequence,
        },
    }


def line_message(change: LineChanged, market_type: str) -> Object:
    """Return the payload of the feed's message ``market_line`` for one outcome. Its ``id`` does not appear in REST
    answers (docs/protocol.md 5.2)."""
    outcome = change.line.outcomes[change.side]
    number = 10**9 + crc32(outcome.line_id.encode()) % 10**9
    return {
        "id": number,
        "info": {
            "id": number,
            "sport_event_id": change.line.key.sport_event,
            "market_id": change.line.key.market,
            "outcome_id": outcome.outcome_id,
            "line": points(side_number(market_type, change.line.key, change.side)),
            "line_id": outcome.line_id,
            "type": market_type,
            "name": outcome.name,
            "status": change.line.status,
            "favourite": change.line.favourite,
            "sequence_number": change.sequence,
        },
    }


def selections_message(known: Market, line: Line, book: ShownBook, sequence: int, *, bare: bool = False) -> Object:
    """Return the payload of the feed's message ``market_selections``. It has the whole book of a line, which replaces
    the previous book. If ``bare`` is true, an outcome without offers has an empty list."""
    return {
        "sport_event_id": line.key.sport_event,
        "market_id": line.key.market,
        "info": {
            "id": line.key.market,
            "name": line.name,
            "type": known.type,
            "line": points(line.key.number),
            "sequence_number": sequence,
            "selections": selections(known.type, line, book, bare=bare),
        },
    }


def print_message(change: Printed, line: Line, market_type: str) -> Object:
    """Return the payload of the feed's message ``matched_bet``. The message is about a match between any two
    accounts."""
    number = points(side_number(market_type, line.key, change.side))
    return {
        "info": {
            "sport_event_id": change.line.sport_event,
            "market_id": change.line.market,
            "line_id": change.line_id,
            "outcome_id": line.outcomes[change.side].outcome_id,
            "line": number,
            "odds": change.odds,
            "matched_odds": change.matched_odds,
            "matched_stake": dollars(change.stake),
            "origin_market_line": points(line.key.number),
            "sequence_number": change.sequence,
        }
    }


def wager_message(change: WagerChanged, market_type: str) -> Object:
    """Return the payload of the private message ``wager``. ``matched_stake`` and ``matched_odds`` are those of the
    newest match only."""
    held = change.wager
    return {
        "info": identity_of(held, market_type)
        | {
            "matched_stake": dollars(change.match_stake or 0),
            "matched_odds": change.match_odds or 0,
            "totally_matched_stake": dollars(held.matched),
            "unmatched_stake": dollars(held.unmatched),
            "matching_status": held.matching.value,
            "winning_status": held.winning.value,
            "status": held.status.value,
            "update_type": change.kind,
            "sequence_number": change.sequence,
        }
    }
