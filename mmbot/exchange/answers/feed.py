"""Decodes the messages of the feed. Each dialect (version of the exchange's API) has its own topics and field names.

The field ``change_type`` alone decides the topic of a message, whatever its channel is. Only a health check has its own
event name (docs/protocol.md 8.3). If a part of a message cannot be read, the whole message is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from pybase64 import b64decode

from mmbot.domain.catalogue import LineKey, SportEvent, Tournament, quarter_points
from mmbot.domain.money import Cents, cents
from mmbot.engine.events import (
    Beat,
    BookMessage,
    FeedMessage,
    LineMessage,
    MarketMessage,
    Op,
    PrintMessage,
    SportEventMessage,
    TournamentMessage,
    UnreadWagerMessage,
    WagerMessage,
)
from mmbot.exchange.answers import messages
from mmbot.exchange.answers.selections import book_of, number_of
from mmbot.exchange.answers.values import Id, american, amount, moment, whole
from mmbot.exchange.answers.wagers import WagerReader, report_of
from mmbot.exchange.answers.words import Words, check_words
from mmbot.exchange.dialect import Undecodable

HEALTH_CHECK: Final = "health_check"

T = TypeVar("T")

Read = Callable[["FeedReader", int, str | None, bytes], tuple[FeedMessage, ...]]
"""The type of a method of FeedReader that reads the payload of a message. It gets the number of the connection, the
operation of the message, and the payload."""

# ValueError: errors of msgspec, a wrong value, or text that is not UTF-8. RecursionError: JSON that is nested too
# deeply. OverflowError: a number that is too large for a float.
_UNREADABLE: Final = (ValueError, OverflowError, RecursionError)

_text: Final = msgspec.json.Decoder(str).decode


class Shapes(NamedTuple):
    """The types of the feed's messages, with the field names of the exchange's JSON."""

    envelope: type[messages.Envelope] = messages.Envelope
    book: type[messages.Book] = messages.Book
    book_lines: type[messages.BookLines] = messages.BookLines
    print_of: type[messages.Print] = messages.Print
    wager: type[messages.Wager] = messages.Wager
    line: type[messages.Line] = messages.Line


def from_base64(payload: str | None) -> bytes:
    """Return the JSON of a payload, which is written in base64."""
    return b64decode(payload or "", validate=True)


class FeedReader:
    """Decodes the messages of the feed.

    Args:
        wagers: reads wagers. It also knows the field names of other dialects (versions of the exchange's API).
        topics: the method of this class that reads each ``change_type``.
        shapes: the types of the messages.
        payload_of: returns the JSON of a payload.
    """

    def __init__(
        self,
        wagers: WagerReader,
        topics: Mapping[str, Read],
        shapes: Shapes,
        payload_of: Callable[[Any], bytes] = from_base64,
    ) -> None:
        self._wagers: Final = wagers
        self._foreign: Final[Words] = wagers.foreign
        self._payload_of: Final = payload_of
        self._envelope: Final = msgspec.json.Decoder(shapes.envelope).decode
        self._book: Final = msgspec.json.Decoder(shapes.book).decode
        self._book_lines: Final = msgspec.json.Decoder(shapes.book_lines).decode
        self._print_of: Final = msgspec.json.Decoder(shapes.print_of).decode
        self._wager: Final = msgspec.json.Decoder(shapes.wager).decode
        self._raw_info: Final = msgspec.json.Decoder(messages.RawInfo).decode
        self._tournament: Final = msgspec.json.Decoder(messages.Tournament).decode
        self._sport_event: Final = msgspec.json.Decoder(messages.SportEvent).decode
        self._market: Final = msgspec.json.Decoder(messages.Market).decode
        self._line: Final = msgspec.json.Decoder(shapes.line).decode
        self._topics: Final = topics

    def decode(self, connection: int, event_name: str, data: str | bytes) -> tuple[FeedMessage, ...]:
        """Decode a message of the feed. The result is empty for the book of a market with more than two outcomes.

        Args:
            connection: the number of the connection that brought the message.
            event_name: the event name in the Pusher protocol.
            data: the outer JSON object of the message. It may be encoded twice, and so may its payload
                (docs/protocol.md 8.1).

        Raises:
            Undecodable: if the message cannot be read.
        """
        if event_name == HEALTH_CHECK:
            # The content of a health check does not matter.
            return (Beat(connection),)
        try:
            envelope = _unfold(self._envelope, data)
        except _UNREADABLE as bad:
            raise Undecodable("envelope", _short(bad)) from bad
        topic = envelope.change_type
        read = self._topics.get(topic)
        if read is None:
            raise Undecodable("topic", f"unknown change_type {topic[:60]!r}")
        try:
            return read(self, connection, envelope.op, self._payload_of(envelope.payload))
        except _UNREADABLE as bad:
            raise Undecodable(topic, _short(bad)) from bad

    def read_beat(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        """Read a health check."""
        return (Beat(connection),)

    def read_book(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        """Read the book of a line."""
        wire = _unfold(self._book, payload)
        info = wire.info
        selections = info.selections
        if selections and len(selections) > 2:
            # A market with more than two outcomes is not quoted, so its books are of no use.
            return ()
        book = book_of(selections)
        if info.line is None or not (book.sides[0] and book.sides[1]):
            self._check_book(payload)
        if info.line is None:
            told = _unfold(self._book_lines, payload).info
            number = number_of(None, told.selections, told.type)
        else:
            number = quarter_points(info.line) if info.line else 0
        return (
            BookMessage(connection, LineKey(wire.sport_event_id, wire.market_id, number), info.sequence_number, book),
        )

    def _check_book(self, payload: bytes) -> None:
        """Check that a book has no field with the name that another dialect uses. Raises ValueError if it has one."""
        info = _unfold(self._raw_info, payload).info
        check_words(info, self._foreign)
        for side in msgspec.json.decode(info, type=messages.RawLevels).selections or ():
            if side:
                check_words(side[0], self._foreign)

    def read_print(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        info = _unfold(self._print_of, payload).info
        return (
            PrintMessage(
                connection,
                info.sport_event_id,
                info.market_id,
                info.line_id,
                american(info.odds),
                american(info.matched_odds, "matched_odds"),
                _stake(info.matched_stake),
                info.sequence_number,
            ),
        )

    def read_wager(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        """Read a private message about a wager."""
        try:
            return (self._wager_of(connection, payload),)
        except _UNREADABLE as bad:
            unread = self._wagers.unread(_unfold(self._raw_info, payload).info, _short(bad), total=False)
            if not unread.wager_id and not unread.external_id:
                raise
        return (UnreadWagerMessage(connection, unread),)

    def _wager_of(self, connection: int, payload: bytes) -> WagerMessage:
        info = _unfold(self._wager, payload).info
        if info.odds is None or info.stake is None or info.line_id is None:
            check_words(_unfold(self._raw_info, payload).info, self._foreign)
        match_stake, matched_odds = info.matched_stake, info.matched_odds
        # In a message ``matched_stake`` is the stake of one match, but a report has the total there.
        info.matched_stake = None
        report = report_of(info)
        if info.update_type == "matching" and match_stake:
            report = msgspec.structs.replace(
                report, match_stake=_stake(match_stake), match_odds=_odds_or_none(matched_odds)
            )
        return WagerMessage(connection, msgspec.structs.replace(report, sequence=info.sequence_number or 0))

    def read_tournament(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        wire = _unfold(self._tournament, payload)
        info = wire.info
        doing = _op(op, info is not None)
        tournament_id = _first("id", wire.id, None if info is None else info.id)
        tournament = None
        if info is not None:
            tournament = Tournament(tournament_id, info.name or "", (info.sport and info.sport.name) or "")
        return (TournamentMessage(connection, doing, tournament_id, tournament),)

    def read_sport_event(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        wire = _unfold(self._sport_event, payload)
        info = wire.info
        doing = _op(op, info is not None)
        # ``info.event_id`` may be 0 in a delete, so the outer id counts first (docs/protocol.md 8.3).
        sport_event_id = _first("id", wire.id, None if info is None else info.event_id)
        outer, inner = wire.tournament_id, None if info is None else info.tournament_id
        tournament_id = None if outer is None and inner is None else _first("tournament_id", outer, inner)
        sport_event = None
        if info is not None and doing is not Op.DELETE:
            sport_event = SportEvent(
                sport_event_id=sport_event_id,
                tournament_id=_first("tournament_id", tournament_id),
                name=info.name or info.display_name or "",
                status=info.status or "",
                scheduled=moment(info.scheduled),
                sport_name=info.sport_name or "",
                tournament_name=info.tournament_name or "",
                sub_type=info.sub_type or "",
                competitors=tuple(competitor.name or "" for competitor in info.competitors or ()),
            )
        return (SportEventMessage(connection, doing, sport_event_id, tournament_id, sport_event),)

    def read_market(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        wire = _unfold(self._market, payload)
        info = wire.info or messages.MarketInfo()
        return (
            MarketMessage(
                connection,
                _op(op, wire.info is not None),
                _first("sport_event_id", info.sport_event_id, wire.id),
                whole(info.id, "market id"),
                info.name or "",
                info.status or "",
            ),
        )

    def read_line(self, connection: int, op: str | None, payload: bytes) -> tuple[FeedMessage, ...]:
        info = _unfold(self._line, payload).info
        if info is None or not info.line_id:
            raise ValueError("a line without its line_id")
        return (
            LineMessage(
                connection,
                _op(op, True),
                whole(info.sport_event_id, "sport_event_id"),
                whole(info.market_id, "market_id"),
                info.line_id,
                whole(info.outcome_id, "outcome_id"),
                quarter_points(info.line or 0.0),
                info.status or "",
            ),
        )


def _unfold(decoder: Callable[[str | bytes], T], data: str | bytes) -> T:
    """Decode JSON. The JSON may be encoded a second time as a JSON string."""
    try:
        return decoder(data)
    except msgspec.ValidationError:
        if data[:1] not in ('"', b'"'):
            raise
        return decoder(_text(data))


def _stake(dollars: Id) -> Cents:
    stake = cents(amount(dollars))
    if stake < 0:
        raise ValueError(f"a stake is negative: {dollars!r}")
    return stake


def _odds_or_none(odds: Id) -> int | None:
    """Return the odds of a match. None if the odds are not a valid price. In this case they are read over REST."""
    try:
        return american(odds)
    except ValueError:
        return None


def _op(op: str | None, informed: bool) -> Op:
    """Return the operation (create, update or delete) that a message reports. A message that has the field ``info`` but
    no field ``op`` reports an update."""
    if op is None and informed:
        return Op.UPDATE
    found = Op(op)
    if found is not Op.DELETE and not informed:
        raise ValueError("a create or update without info")
    return found


def _first(what: str, *values: Id) -> int:
    """Return the first value that is given and is not 0. Raises ValueError if there is no such value, or if the value
    is not an integer."""
    for value in values:
        if value is not None and (number := whole(value, what)):
            return number
    raise ValueError(f"{what} is missing")


def _short(bad: Exception) -> str:
    return f"{type(bad).__name__}: {bad}"[:200]
