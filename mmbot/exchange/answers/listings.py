"""Reads the odds ladder, tournaments and sport events, whose answers are the same in every dialect (version of the
exchange's API).

An item that cannot be read is left out. The reason is added to the list ``malformed``. An answer that cannot be read at
all raises ValueError.
"""

from __future__ import annotations

import msgspec

from mmbot.domain.catalogue import SportEvent, Tournament
from mmbot.exchange.answers.messages import SportEventInfo, TournamentInfo
from mmbot.exchange.answers.values import Id, each, moment, unwrap, unwrap_or_none, whole, why
from mmbot.exchange.dialect import MalformedItems


def read_ladder(body: bytes) -> tuple[int, ...]:
    """Read the odds ladder from an answer. The odds stay in the exchange's order."""
    return tuple(whole(tick, "odds") for tick in msgspec.json.decode(unwrap(body), type=list[float]))


class _Tournaments(msgspec.Struct):
    tournaments: list[msgspec.Raw] | None = None


def read_tournaments(body: bytes, malformed: MalformedItems) -> tuple[Tournament, ...]:
    """Read the tournaments from an answer."""
    found = []
    for place, item in each(
        msgspec.json.decode(unwrap(body), type=_Tournaments).tournaments or (), TournamentInfo, malformed
    ):
        try:
            sport = (item.sport and item.sport.name) or ""
            found.append(Tournament(whole(item.id, "id"), item.name or "", sport))
        except ValueError as bad:
            malformed.append(f"tournament {place}: {why(bad)}")
    return tuple(found)


class _SportEvent(SportEventInfo, gc=False):
    id: Id = None


class _SportEvents(msgspec.Struct):
    sport_events: list[msgspec.Raw] | None = None


def read_sport_events(body: bytes, tournament: int | None, malformed: MalformedItems) -> tuple[SportEvent, ...]:
    """Read the sport events of a tournament. If ``tournament`` is None, each sport event must name its tournament. A
    missing status is read as an empty text, and the sport event is then not quoted."""
    data = unwrap_or_none(body)
    items = msgspec.json.decode(data, type=_SportEvents).sport_events if data is not None else None
    found = []
    for place, item in each(items or (), _SportEvent, malformed):
        try:
            sport_event_id = whole(item.id if item.event_id is None else item.event_id, "event_id")
            named = tournament if item.tournament_id is None else item.tournament_id
            of = whole(named, "tournament_id")
        except ValueError as bad:
            malformed.append(f"sport event {place}: {why(bad)}")
            continue
        found.append(
            SportEvent(
                sport_event_id=sport_event_id,
                tournament_id=of,
                name=item.name or item.display_name or "",
                status=item.status or "",
                scheduled=moment(item.scheduled),
                sport_name=item.sport_name or "",
                tournament_name=item.tournament_name or "",
                sub_type=item.sub_type or "",
                competitors=tuple(competitor.name or "" for competitor in item.competitors or ()),
            )
        )
    return tuple(found)
