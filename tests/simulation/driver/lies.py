"""Wrong statements of the exchange about pages, sequences, places and statuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import HOUR, Duration, Instant
from mmbot.domain.wager import Matching, UnreadWager, WagerReport
from mmbot.engine import events as e
from mmbot.engine import requests as r

STEP_BACK: Duration = HOUR
"""By how much sequence numbers, which are times, step back."""

PAGED = (r.ReadHistory, r.ReadTransactions)
"""The requests whose answers have a cursor."""

TWICE = ("spread", "total")
"""The types of markets in which a line id can occur in two lines."""

WORD = "status 'partially_canceled' is not documented"


@dataclass
class Endless:
    """A time in which the pages of a list do not end. The cursor is the same each time, or a new one."""

    until: Instant
    same: bool
    given: int = 0
    over: bool = False
    """True if even a list that was begun before ends now, unless its cursor is always the same. The bot cannot tell a
    list with new cursors from a long one, and may read it for half an hour."""

    def answer(self, answer: e.HistoryRead | e.TransactionsRead) -> e.HistoryRead | e.TransactionsRead:
        """Give the last page of a list a cursor too."""
        if answer.next_cursor:
            return answer
        self.given += 1
        return replace(answer, next_cursor="more" if self.same else f"more-{self.given}")

    def page(self, request: r.ReadHistory | r.ReadTransactions, now: Instant) -> e.Answer | None:
        """Answer a request with such a cursor with an empty page and one more cursor, for ever."""
        if not request.cursor.startswith("more"):
            return None
        self.given += 1
        following = "more" if self.same else "" if self.over else f"more-{self.given}"
        if isinstance(request, r.ReadHistory):
            return e.HistoryRead(request.id, (), following, now)
        return e.TransactionsRead(request.id, (), following)


@dataclass
class Moved:
    """A time in which a line is listed under another sport event. Its line ids are the same."""

    until: Instant
    line: LineKey
    there: LineKey

    def markets(self, answer: e.MarketsRead) -> e.MarketsRead:
        """Take the line out of its sport event, and list it in the other sport event, if they were read."""
        markets = dict(answer.markets)
        taken: tuple[e.MarketImage, int] | None = None
        for image in markets.get(self.line.sport_event, ()):
            keys = [line.key for line in image.market.lines]
            if self.line in keys:
                taken = image, keys.index(self.line)
        if taken is not None:
            self._image = taken
            image, place = taken
            lines, books = list(image.market.lines), list(image.books)
            del lines[place], books[place]
            left = e.MarketImage(replace(image.market, lines=tuple(lines)), tuple(books))
            here = [left if each is image else each for each in markets[self.line.sport_event]]
            markets[self.line.sport_event] = tuple(each for each in here if each.market.lines)
        if self.there.sport_event in markets and self._image is not None:
            image, place = self._image
            line = replace(image.market.lines[place], key=self.there, favourite=False)
            key = MarketKey(self.there.sport_event, self.there.market)
            market = replace(image.market, key=key, lines=(line,))
            markets[self.there.sport_event] = (
                *markets[self.there.sport_event],
                e.MarketImage(market, (image.books[place],)),
            )
        return replace(answer, markets=markets)

    _image: tuple[e.MarketImage, int] | None = None

    def book(self, message: e.BookMessage) -> e.BookMessage:
        """Publish the book of the line under the other sport event."""
        return replace(message, line=self.there) if message.line == self.line else message


def unread(report: WagerReport) -> UnreadWager:
    """Return the report that the client reads from a wager with an unknown status."""
    return UnreadWager(
        wager_id=report.wager_id,
        external_id=report.external_id,
        may_rest=report.matching is not Matching.FULLY_MATCHED,
        why=WORD,
        status=None,
        matching=report.matching,
        winning=report.winning,
        sport_event_id=report.sport_event_id,
        market_id=report.market_id,
        line_id=report.line_id,
        odds=report.odds,
        stake=report.stake,
        matched=report.matched,
        created_at=report.created_at,
    )


def without_status(
    answer: e.HistoryRead | e.WagerRead, wanted: Callable[[WagerReport], bool]
) -> e.HistoryRead | e.WagerRead:
    """Give some wagers in an answer a status that the client does not know."""
    if isinstance(answer, e.WagerRead):
        if answer.report is None or not wanted(answer.report):
            return answer
        return replace(answer, report=None, unread=unread(answer.report))
    return replace(
        answer,
        wagers=tuple(each for each in answer.wagers if not wanted(each)),
        unread=(*answer.unread, *(unread(each) for each in answer.wagers if wanted(each))),
    )


def with_ids_twice(answer: e.MarketsRead) -> e.MarketsRead:
    """Name the outcomes of the first line of each spread and total in a second line too."""
    return replace(answer, markets={event: tuple(map(_twice, images)) for event, images in answer.markets.items()})


def _twice(image: e.MarketImage) -> e.MarketImage:
    market = image.market
    first = market.lines[0]
    if market.type not in TWICE or len(first.outcomes) != 2:
        return image
    second = replace(first, key=first.key._replace(number=first.key.number + 2), favourite=False)
    return replace(image, market=replace(market, lines=(*market.lines, second)), books=(*image.books, image.books[0]))
