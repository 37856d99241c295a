"""The REST calls that all dialects (versions of the exchange's API) have. A dialect gives them its paths, its field
names and its readers of answers (``exchange/answers/``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

import orjson

from mmbot.domain.catalogue import SportEvent, Tournament
from mmbot.domain.instant import Instant
from mmbot.domain.money import dollars
from mmbot.domain.transaction import TransactionType
from mmbot.domain.wager import UnreadWager, WagerReport
from mmbot.engine.events import BalanceRead, Cancelled, HistoryRead, MarketImage, Placed
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange.answers.changes import ChangeReader, confirmed, succeeded
from mmbot.exchange.answers.listings import read_ladder, read_sport_events, read_tournaments
from mmbot.exchange.answers.markets import MarketReader
from mmbot.exchange.answers.tokens import read_tokens
from mmbot.exchange.answers.wagers import WagerReader
from mmbot.exchange.answers.wallet import WalletReader
from mmbot.exchange.dialect import Call, MalformedItems, MatchPage, TransactionPage, Version
from mmbot.exchange.errors import Purpose
from mmbot.exchange.grants import Tokens

T = TypeVar("T")


class Paths(Protocol):
    """The paths of a dialect (version of the exchange's API), below the base URL. A path with a variable part is made
    by a function."""

    LOG_IN: str
    REFRESH: str
    BALANCE: str
    LADDER: str
    PLACE_ONE: str
    PLACE_MANY: str
    CANCEL_ONE: str
    CANCEL_MANY: str
    CANCEL_ALL: str
    CANCEL_SPORT_EVENT: str
    CANCEL_MARKET: str

    def tournaments_path(self, active: bool) -> str: ...
    def sport_events_path(self, tournament: int) -> str: ...
    def sport_events_by_id_path(self, sport_events: Sequence[int]) -> str: ...
    def markets_path(self, sport_events: Sequence[int], version: Version) -> str: ...
    def markets_of_path(self, sport_event: int, version: Version) -> str: ...
    def wager_path(self, wager_id: str) -> str: ...
    def history_path(self, query: ReadHistory, now: Instant, market: int | None, sport_event: int | None) -> str: ...
    def matches_path(self, wager_ids: Sequence[str], cursor: str) -> str: ...
    def matches_of_path(self, wager_id: str, cursor: str, limit: int) -> str: ...
    def matched_bets_path(self, begin: Instant, end: Instant, cursor: str, limit: int) -> str: ...
    def transactions_path(
        self,
        begin: Instant | None,
        end: Instant | None,
        kind: TransactionType | None,
        sport_event: int | None,
        market: int | None,
        wager_id: str,
        cursor: str,
        limit: int,
    ) -> str: ...


class RequestWords(NamedTuple):
    """The names of the fields in placements and cancels."""

    wager_id: str
    line_id: str
    odds: str
    stake: str
    strategy: str


class Session:
    """The calls that open and renew a session."""

    def __init__(self, paths: Paths) -> None:
        self._paths: Final = paths

    def log_in(self, access_key: str, secret_key: str) -> Call[Tokens]:
        """The call that opens a session."""
        body = orjson.dumps({"access_key": access_key, "secret_key": secret_key})
        return Call("login", Purpose.READ, "POST", self._paths.LOG_IN, body, lambda answer, _: read_tokens(answer))

    def refresh(self, refresh_token: str) -> Call[Tokens]:
        """The call that gets a new access token."""
        body = orjson.dumps({"refresh_token": refresh_token})
        return Call("refresh", Purpose.READ, "POST", self._paths.REFRESH, body, lambda answer, _: read_tokens(answer))


class Changes:
    """The calls that place and cancel wagers."""

    def __init__(self, paths: Paths, words: RequestWords, reader: ChangeReader) -> None:
        self._paths: Final = paths
        self._words: Final = words
        self._reader: Final = reader

    def _placement(self, item: Placement) -> dict[str, object]:
        words = self._words
        wire: dict[str, object] = {
            "external_id": item.external_id,
            words.line_id: item.line_id,
            words.odds: item.odds,
            words.stake: dollars(item.stake),
        }
        if item.fill_or_kill:
            wire[words.strategy] = "fillOrKill"
        return wire

    def _cancellation(self, item: Cancellation) -> dict[str, str]:
        return {self._words.wager_id: item.wager_id, "external_id": item.external_id}

    def place_one(self, item: Placement) -> Call[WagerReport]:
        """The call that places one wager."""
        body = orjson.dumps(self._placement(item))

        def read(answer: bytes, malformed: MalformedItems) -> WagerReport:
            return self._reader.placed_one(answer, item)

        return Call("place_one", Purpose.PLACE, "POST", self._paths.PLACE_ONE, body, read)

    def place_many(self, request: int, items: Sequence[Placement]) -> Call[Placed]:
        """The call that places a batch of wagers."""
        body = orjson.dumps({"data": [self._placement(item) for item in items]})

        def read(answer: bytes, malformed: MalformedItems) -> Placed:
            return self._reader.placed_many(request, answer, items, malformed)

        return Call("place_many", Purpose.PLACE, "POST", self._paths.PLACE_MANY, body, read)

    def cancel_one(self, item: Cancellation) -> Call[None]:
        """The call that cancels one wager."""
        body = orjson.dumps(self._cancellation(item))
        path = self._paths.CANCEL_ONE
        return Call("cancel_one", Purpose.CANCEL, "POST", path, body, lambda answer, _: confirmed(answer))

    def cancel_many(self, request: int, items: Sequence[Cancellation]) -> Call[Cancelled]:
        """The call that cancels a batch of wagers."""
        body = orjson.dumps({"data": [self._cancellation(item) for item in items]})

        def read(answer: bytes, malformed: MalformedItems) -> Cancelled:
            return self._reader.cancelled_many(request, answer, items, malformed)

        return Call("cancel_many", Purpose.CANCEL, "POST", self._paths.CANCEL_MANY, body, read)

    def cancel_sport_event(self, sport_event: int) -> Call[None]:
        """The call that cancels every open wager of a sport event."""
        body = orjson.dumps({"event_id": sport_event})
        return _cancel("cancel_sport_event", self._paths.CANCEL_SPORT_EVENT, body)

    def cancel_market(self, sport_event: int, market: int, line_id: str | None) -> Call[None]:
        """The call that cancels every open wager of a market. If ``line_id`` is given, only the wagers on this outcome
        are cancelled."""
        wire: dict[str, object] = {"event_id": sport_event, "market_id": market}
        if line_id is not None:
            wire[self._words.line_id] = line_id
        return _cancel("cancel_market", self._paths.CANCEL_MARKET, orjson.dumps(wire))

    def cancel_all(self) -> Call[None]:
        """The call that cancels every open wager of the account."""
        return _cancel("cancel_all", self._paths.CANCEL_ALL, b"{}")


def _cancel(name: str, path: str, body: bytes) -> Call[None]:
    return Call(name, Purpose.CANCEL, "POST", path, body, lambda answer, _: succeeded(answer))


class Wagers:
    """The calls that read wagers and their matches."""

    def __init__(self, paths: Paths, reader: WagerReader) -> None:
        self._paths: Final = paths
        self._reader: Final = reader

    def wager(self, wager_id: str) -> Call[WagerReport | UnreadWager]:
        """The call that reads one wager."""
        return get("wager", self._paths.wager_path(wager_id), lambda answer, _: self._reader.wager_of(answer))

    def history(
        self, query: ReadHistory, now: Instant, market: int | None, sport_event: int | None
    ) -> Call[HistoryRead]:
        """The call that reads one page of the account's wager history."""
        path = self._paths.history_path(query, now, market, sport_event)
        return get("history", path, lambda answer, malformed: self._reader.history_page(query.id, answer, malformed))

    def matches(self, wager_ids: Sequence[str], cursor: str) -> Call[MatchPage]:
        """The call that reads one page of the matches of some wagers."""
        return get("matches", self._paths.matches_path(wager_ids, cursor), self._reader.match_page)

    def matches_of(self, wager_id: str, cursor: str, limit: int) -> Call[MatchPage]:
        """The call that reads one page of the matches of one wager."""
        return get("matches_of", self._paths.matches_of_path(wager_id, cursor, limit), self._reader.match_page)

    def matched_bets(self, begin: Instant, end: Instant, cursor: str, limit: int) -> Call[MatchPage]:
        """The call that reads one page of the account's matches."""
        path = self._paths.matched_bets_path(begin, end, cursor, limit)
        return get("matched_bets", path, self._reader.match_page)


class Board:
    """The calls that read the odds ladder, tournaments, sport events, markets and books."""

    def __init__(self, paths: Paths, reader: MarketReader) -> None:
        self._paths: Final = paths
        self._reader: Final = reader

    def ladder(self) -> Call[tuple[int, ...]]:
        """The call that reads the odds ladder."""
        return get("ladder", self._paths.LADDER, lambda answer, _: read_ladder(answer))

    def tournaments(self, active: bool) -> Call[tuple[Tournament, ...]]:
        """The call that reads the tournaments."""
        return get("tournaments", self._paths.tournaments_path(active), read_tournaments)

    def sport_events(self, tournament: int) -> Call[tuple[SportEvent, ...]]:
        """The call that reads the sport events of a tournament."""
        path = self._paths.sport_events_path(tournament)
        return get("sport_events", path, lambda answer, malformed: read_sport_events(answer, tournament, malformed))

    def sport_events_by_id(self, sport_events: Sequence[int]) -> Call[tuple[SportEvent, ...]]:
        """The call that reads some sport events."""
        path = self._paths.sport_events_by_id_path(sport_events)
        return get("sport_events_by_id", path, lambda answer, malformed: read_sport_events(answer, None, malformed))

    def markets(self, sport_events: Sequence[int], version: Version) -> Call[dict[int, tuple[MarketImage, ...]]]:
        """The call that reads the markets of some sport events."""
        path = self._paths.markets_path(sport_events, version)
        read = self._reader.read_markets
        return get("markets", path, lambda answer, malformed: read(answer, sport_events, malformed))

    def markets_of(self, sport_event: int, version: Version) -> Call[tuple[MarketImage, ...]]:
        """The call that reads the markets of one sport event."""
        path = self._paths.markets_of_path(sport_event, version)
        read = self._reader.read_markets_of
        return get("markets_of", path, lambda answer, malformed: read(answer, sport_event, malformed))


class Wallet:
    """The calls that read the account's money."""

    def __init__(self, paths: Paths, reader: WalletReader) -> None:
        self._paths: Final = paths
        self._reader: Final = reader

    def balance(self, request: int) -> Call[BalanceRead]:
        """The call that reads the balance."""
        return get("balance", self._paths.BALANCE, lambda answer, _: self._reader.read_balance(request, answer))

    def transactions(
        self,
        begin: Instant | None,
        end: Instant | None,
        kind: TransactionType | None,
        sport_event: int | None,
        market: int | None,
        wager_id: str,
        cursor: str,
        limit: int,
    ) -> Call[TransactionPage]:
        """The call that reads one page of the account's transactions."""
        path = self._paths.transactions_path(begin, end, kind, sport_event, market, wager_id, cursor, limit)
        return get("transactions", path, self._reader.read_transactions)


def get(name: str, path: str, read: Callable[[bytes, MalformedItems], T]) -> Call[T]:
    """Return a call that only reads."""
    return Call(name, Purpose.READ, "GET", path, None, read)
