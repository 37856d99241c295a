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
from .lies import PAGED, STEP_BACK, Endless, Moved, unread, with_ids_twice, without_status
from .log import Log
from .stand_ins import Recorder

AUDITED: Duration = 7 * MINUTE
"""Within this time the bot has to find out by itself what no message told it."""

LATE: Duration = 3 * SECOND
"""How long after the bot gave up waiting the exchange carries a late request out."""

DATED = (e.CancelledAll, e.Cancelled, e.HistoryRead, e.BalanceRead)
"""The answers that carry the ``Date`` header: the exchange's clock in whole seconds. Every HTTP server that has a clock
sends it (RFC 9110, 6.6.1)."""

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
    endless: Endless | None = None
    stepped_back: Instant = 0
    """Until when the sequence numbers of messages are ``STEP_BACK`` too small."""
    moved: Moved | None = None
    unreadable_until: Instant = 0
    """Until when wagers whose rest was cancelled have a status that nobody documented."""
    now: Callable[[], Instant] = lambda: 0
    _homes: dict[LineKey, LineKey] = field(default_factory=dict)
    _sent_at: dict[int, Instant] = field(default_factory=dict)

    def attach(self, run: Run) -> None:
        """Disturb this run from now on."""
        self._sent_at.clear()
        self.now = lambda: run.now
        self._timeout, self._feed = run.delays.timeout, run.delays.feed
        run.faults.interfere = self._interfere
        run.faults.carry = self._carry
        run.faults.linger = self._linger
        run.on_request = self._arrived
        run.on_message = self._published
        run.on_answer = self._answered

    def calm(self) -> None:
        """End every disturbance."""
        self.requests.clear()
        self.answers.clear()
        self.messages.clear()
        self.moved = None
        if self.endless is not None:
            self.endless.until, self.endless.over = 0, True
        self.stepped_back = self.unreadable_until = 0

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
                    if fate is Fate.LATE and isinstance(request, r.PlaceMany):
                        self._placed_late(request, now)
                    return fate
        return Fate.DONE

    def _placed_late(self, request: r.PlaceMany, now: Instant) -> None:
        """Excuse the bot until a message tells it of the wagers: the history proves that they were never placed, and
        the exchange places them afterwards."""
        settings = self.venue.settings
        opens = max(settings.activation_ns, settings.live_activation_ns)
        until = now + self._timeout + LATE + opens + TOLD + 2 * self._feed
        for item in request.items:
            found = self.venue.find_line(item.line_id)
            if found is not None:
                self.judge.excuse(self.recorder.place(found[0]), until)

    def _tell(self, request: r.Request, fate: Fate, now: Instant) -> None:
        self.log.add(now, f"{type(request).__name__} {request.id} is {fate.value}")
        if fate is Fate.SLOW:
            self.judge.disturbed(now + DETOUR)
        elif fate in (Fate.LIMITED, Fate.BROKEN):
            self.judge.disturbed(now + SECOND)
        elif fate is Fate.LATE:
            self.judge.disturbed(now + self._timeout + LATE)
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
        if self.endless is not None and isinstance(request, PAGED):
            return self.endless.page(request, now)
        return None

    # --- answers --------------------------------------------------------------------------------------------------

    def _answered(self, answer: e.Answer, now: Instant) -> e.Answer:
        if isinstance(answer, DATED):
            answer = replace(answer, date=now // SECOND * SECOND)
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
            if self.moved is not None and now < self.moved.until:
                answer = self.moved.markets(answer)
        elif isinstance(answer, e.HistoryRead | e.WagerRead) and now < self.unreadable_until:
            answer = without_status(answer, self.recorder.cut)
        if (
            self.endless is not None
            and now < self.endless.until
            and isinstance(answer, e.HistoryRead | e.TransactionsRead)
        ):
            answer = self.endless.answer(answer)
            self.judge.disturbed(now)
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

    def move(self, moved: Moved, end: Instant) -> None:
        """List a line under another sport event for a while. The bot may count a stake there until the ``end`` of the
        run, and the exchange counts it where the line was."""
        self.moved = moved
        self._homes[moved.there] = moved.line
        self.judge.moved(self.recorder.place(moved.line), records.name(moved.there), end)

    def home(self, line: LineKey) -> LineKey:
        """The place of a line in the books of the exchange."""
        return self._homes.get(line, line)

    # --- messages -------------------------------------------------------------------------------------------------

    def _published(self, message: e.FeedMessage) -> e.FeedMessage:
        """Change a message as the exchange sends it."""
        now = self.now()
        if isinstance(message, e.BookMessage):
            self.judge.book_moved(records.name(message.line), now)
            if self.moved is not None and now < self.moved.until:
                message = self.moved.book(message)
            if now < self.stepped_back:
                message = replace(message, sequence=message.sequence - STEP_BACK)
        unreadable = now < self.unreadable_until
        if unreadable and isinstance(message, e.WagerMessage) and self.recorder.cut(message.report):
            return e.UnreadWagerMessage(message.connection, unread(message.report))
        return message

    def _carry(self, message: e.FeedMessage) -> Sequence[Duration]:
        copies: Sequence[Duration] = (0,)
        now = self.now()
        for window in self.messages:
            if now < window.until and window.wanted(message):
                copies = window.copies()
                break
        if isinstance(message, e.BookMessage):
            if copies and now >= self.stepped_back:  # the bot may drop a message that seems to be old
                self.judge.book_reached(records.name(self.home(message.line)), now)
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
