"""The fields that mmbot needs from the feed's messages. In the JSON of a dialect (version of the exchange's API), the
fields may have other names. Many of these types also occur in REST answers."""

from __future__ import annotations

import msgspec

from mmbot.exchange.answers import wagers
from mmbot.exchange.answers.selections import Selections
from mmbot.exchange.answers.values import Id, Number, Text


class Envelope(msgspec.Struct, gc=False):
    change_type: str
    payload: str | None = None
    op: Text | None = None


class BookInfo(msgspec.Struct, gc=False):
    sequence_number: Number
    selections: Selections = None
    line: float | None = None


class Book(msgspec.Struct, gc=False):
    sport_event_id: Number
    market_id: Number
    info: BookInfo


class LineOf(msgspec.Struct, gc=False):
    line: float | None = None


class LevelLines(msgspec.Struct, gc=False):
    type: Text | None = None
    selections: list[list[LineOf] | None] | None = None


class BookLines(msgspec.Struct, gc=False):
    info: LevelLines


class RawLevels(msgspec.Struct, gc=False):
    selections: list[list[msgspec.Raw] | None] | None = None


class PrintInfo(msgspec.Struct, gc=False):
    sport_event_id: Number
    market_id: Number
    line_id: Text
    odds: float
    matched_odds: float
    matched_stake: float
    sequence_number: Number = 0


class Print(msgspec.Struct, gc=False):
    info: PrintInfo


class WagerInfo(wagers.Wager, gc=False):
    update_type: Text | None = None
    matched_odds: Id = None
    sequence_number: Number | None = None


class Wager(msgspec.Struct, gc=False):
    info: WagerInfo


class RawInfo(msgspec.Struct, gc=False):
    info: msgspec.Raw


class Named(msgspec.Struct, gc=False):
    name: Text | None = None


class TournamentInfo(msgspec.Struct, gc=False):
    id: Id = None
    name: Text | None = None
    sport: Named | None = None


class Tournament(msgspec.Struct, gc=False):
    id: Id = None
    info: TournamentInfo | None = None


class SportEventInfo(msgspec.Struct, gc=False):
    event_id: Id = None
    tournament_id: Id = None
    name: Text | None = None
    display_name: Text | None = None
    status: Text | None = None
    scheduled: Id = None
    sport_name: Text | None = None
    tournament_name: Text | None = None
    sub_type: Text | None = None
    competitors: list[Named] | None = None


class SportEvent(msgspec.Struct, gc=False):
    id: Id = None
    tournament_id: Id = None
    info: SportEventInfo | None = None


class MarketInfo(msgspec.Struct, gc=False):
    id: Id = None
    sport_event_id: Id = None
    name: Text | None = None
    status: Text | None = None


class Market(msgspec.Struct, gc=False):
    id: Id = None
    info: MarketInfo | None = None


class LineInfo(msgspec.Struct, gc=False):
    sport_event_id: Id = None
    market_id: Id = None
    outcome_id: Id = None
    line_id: Text | None = None
    line: float | None = None
    status: Text | None = None


class Line(msgspec.Struct, gc=False):
    info: LineInfo | None = None
