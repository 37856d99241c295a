"""The wire between bot and exchange: disturbs requests, answers and messages, and tells the judge what it must know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from judge.judge import Judge
from judge.records import Item
from msgspec.structs import replace

from mmbot.backtest.faults import DETOUR, Fate
from mmbot.backtest.run import Run
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.domain.wager import WagerReport
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.venue import Venue

from . import records
from .log import Log
from .stand_ins import Recorder

AUDITED: Duration = 7 * MINUTE
"""Within this time the bot has to find out by itself what no message told it."""

TOLD: Duration = 3 * SECOND
"""Within this time after a message the bot has to act on it."""


@dataclass
class Requests:
    """A time in which requests meet a fate."""

    until: Instant
    share: float
    fates: tuple[Fate, ...]
    rng: Random
    kinds: tuple[type, ...] = ()
    """The requests that are disturbed; empty: all."""


@dataclass
class Answers:
    """A time in which the exchange's answers are changed, or come late."""

    until: Instant
    share: float
    rng: Random
    change: Callable[[e.Answer], e.Answer] | None = None
    slow: Duration = 0


@dataclass
class Messages:
    """A time in which messages are lost, doubled or late."""

    until: Instant
    wanted: Callable[[e.FeedMessage], bool]
    copies: Callable[[], Sequence[Duration]]


@dataclass
class Wire:
    """The disturbances that are in force, and the hooks of a run."""

    venue: Venue
    judge: Judge
    log: Log
    recorder: Recorder
    requests: list[Requests] = field(default_factory=list)
    answers: list[Answers] = field(default_factory=list)
    messages: list[Messages] = field(default_factory=list)
    ids_twice: bool = False
    now: Callable[[], Instant] = lambda: 0
    _sent_at: dict[int, Instant] = field(default_factory=dict)

    def attach(self, run: Run) -> None:
        """Disturb this run from now on."""
        self._sent_at.clear()
        self.now = lambda: run.now
        self._timeout = run.delays.timeout
        run.faults.interfere = self._interfere
        run.faults.carry = self._carry
        run.faults.linger = self._linger
        run.on_request = self._arrived
        run.on_answer = self._answered

    def calm(self) -> None:
        """End every disturbance."""
        self.requests.clear()
        self.answers.clear()
        self.messages.clear()

    # --- requests -------------------------------------------------------------------------------------------------

    def _interfere(self, request: r.Request, now: Instant) -> Fate:
        if isinstance(request, r.PlaceMany):
            self._sent_at[request.id] = now
            for line in {item.line_id: None for item in request.items}:
                found = self.venue.find_line(line)
                if found is not None:
                    self.judge.sent(now, records.name(found[0]))
        if self.requests:
            for window in self.requests:
                if (
                    now < window.until
                    and (not window.kinds or isinstance(request, window.kinds))
                    and window.rng.random() < window.share
                ):
                    fate = window.fates[window.rng.randrange(len(window.fates))]
                    self._tell(request, fate, now)
                    return fate
        return Fate.DONE

    def _tell(self, request: r.Request, fate: Fate, now: Instant) -> None:
        self.log.add(now, f"{type(request).__name__} {request.id} is {fate.value}")
        if fate is Fate.SLOW:
            self.judge.disturbed(now + DETOUR)
        elif fate in (Fate.LIMITED, Fate.BROKEN):
            self.judge.disturbed(now + SECOND)
        else:
            self.judge.disturbed(now + self._timeout)

    def _arrived(self, request: r.Request, now: Instant) -> e.Answer | None:
        if isinstance(request, r.PlaceMany):
            items = []
            for item in request.items:
                found = self.venue.find_line(item.line_id)
                if found is not None:
                    line, side = records.name(found[0]), found[1]
                    items.append(Item(item.external_id, line, side, item.odds, item.stake, item.fill_or_kill))
            self.judge.arrived(now, self._sent_at.pop(request.id, now), items)
        if self.log.keep:
            self.log.detail(now, f"request {request}")
        return None

    # --- answers --------------------------------------------------------------------------------------------------

    def _answered(self, answer: e.Answer, now: Instant) -> e.Answer:
        for window in self.answers:
            if window.change is not None and now < window.until and window.rng.random() < window.share:
                answer = window.change(answer)
                self.log.add(now, f"answer {answer.request} is malformed")
                self.judge.disturbed(now)
        if isinstance(answer, e.MarketsRead):
            if self.ids_twice:
                answer = with_ids_twice(answer)
            for images in answer.markets.values():
                for image in images:
                    for line in image.market.lines:
                        self.judge.book_reached(records.name(line.key), now)
        if self.log.keep:
            self.log.detail(now, f"answer {answer}")
        return answer

    def _linger(self) -> Duration:
        now = self.now()
        for window in self.answers:
            if window.slow and now < window.until and window.rng.random() < window.share:
                self.judge.disturbed(now + window.slow)
                return round(window.rng.random() * window.slow)
        return 0

    # --- messages -------------------------------------------------------------------------------------------------

    def _carry(self, message: e.FeedMessage) -> Sequence[Duration]:
        copies: Sequence[Duration] = (0,)
        now = self.now()
        for window in self.messages:
            if now < window.until and window.wanted(message):
                copies = window.copies()
                break
        if isinstance(message, e.BookMessage):
            line = records.name(message.line)
            self.judge.book_moved(line, now)
            if copies:
                self.judge.book_reached(line, now)
        elif isinstance(message, e.WagerMessage):
            self._private(message, copies, now)
        if self.log.keep:
            self.log.detail(now, f"message {message} after {[late / SECOND for late in copies]}")
        return copies

    def deceive(self, run: Run, report: WagerReport, line: LineKey) -> None:
        """Send a private message that is not true."""
        self.judge.excuse(self.recorder.place(line), run.now + AUDITED)
        self.log.add(
            run.now, f"a false message: {report.external_id} is {report.status.value}, {report.matching.value}"
        )
        run.tell(e.WagerMessage(run.connection, report))

    def _private(self, message: e.WagerMessage, copies: Sequence[Duration], now: Instant) -> None:
        found = self.venue.find_line(message.report.line_id)
        if found is None:
            return
        if not copies:
            self.judge.excuse(self.recorder.place(found[0]), now + AUDITED)
            self.log.add(now, f"message about {message.report.external_id} is lost")
        elif min(copies) > 0:
            self.judge.excuse(self.recorder.place(found[0]), now + min(copies) + TOLD)


def with_ids_twice(answer: e.MarketsRead) -> e.MarketsRead:
    """Name the outcomes of the first line of each spread and total in a second line too."""
    return replace(answer, markets={event: tuple(map(_twice, images)) for event, images in answer.markets.items()})


def _twice(image: e.MarketImage) -> e.MarketImage:
    market = image.market
    first = market.lines[0]
    if market.type not in ("spread", "total") or len(first.outcomes) != 2:
        return image
    second = replace(first, key=first.key._replace(number=first.key.number + 2), favourite=False)
    return replace(image, market=replace(market, lines=(*market.lines, second)), books=(*image.books, image.books[0]))
