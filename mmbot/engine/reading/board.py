"""Reads the odds ladder, the catalogue of markets and the order books over REST. The reads come after every connect of
the feed, at the interval ``guards.reconcile_s``, and when a message reports a change of the catalogue."""

from __future__ import annotations

from typing import Final

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import NEVER, SECOND, Duration, Instant
from mmbot.domain.odds import Ladder, OddsError
from mmbot.engine.books.catalogue import TRADEABLE, UNLISTED
from mmbot.engine.events import Answer, Failed, LadderRead, MarketImage, MarketsRead, SportEventsRead, TournamentsRead
from mmbot.engine.orders import Severity
from mmbot.engine.owners import AppliesReports, Requotes
from mmbot.engine.requests import (
    SPORT_EVENTS_A_READ,
    ReadLadder,
    ReadMarkets,
    ReadSportEvents,
    ReadTournaments,
    Request,
)
from mmbot.engine.risk.guards import ACCOUNT, shown
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due

BOARD_RETRY: Final = SECOND
"""The wait after a failed read of sport events or books before the next read."""

MOVED: Final = 30 * SECOND
"""How long to wait before a sport event is read again, if the ``line_id`` of another line now belongs to one of its
lines."""

MISSED: Final = 30 * SECOND
"""If a read of a sport event seems incomplete, the sport event is read again after this wait. The wait doubles after
each read that brings nothing new."""


class BoardReader:
    """Reads the odds ladder, tournaments, sport events, markets and books. Each REST path is read at most once a
    second."""

    def __init__(self, shared: Shared, effects: AppliesReports, quoting: Requotes) -> None:
        self._shared = shared
        self._effects = effects
        self._quoting = quoting
        self._ladder = False
        self._tournaments = False
        self._sport_events: dict[int, None] = {}
        self._markets: dict[int, None] = {}
        self._not_before: Instant = 0
        self._missed: dict[int, tuple[Instant, Duration]] = {}
        """The sport events with a line whose book came over the feed although the previous read lacked the line. Each
        sport event is stored with the instant of its latest read and the wait before its next read."""
        self._lost: dict[LineKey | int, tuple[Instant, Duration]] = {}
        """The lines and sport events that are missing from a read, although no message reported their end. Each of them
        is stored with the instant of its next read and the wait before this read."""
        self._disputed: dict[int, None] = {}
        """The sport events that several tournaments list."""
        self.next_round: Instant = NEVER
        """The instant at which the ladder, the catalogue and all books are read again."""
        rules = shared.config.quoting
        self._all = any(not rule.match.tournament and not rule.match.event for rule in rules)
        self._wanted_tournaments = {t: None for rule in rules for t in rule.match.tournament}
        self._by_sport_event_only = any(rule.match.event and not rule.match.tournament for rule in rules)

    @property
    def idle(self) -> bool:
        """Return whether no read is planned and no read is waiting for its answer."""
        wanted = self._ladder or self._tournaments or self._sport_events or self._markets
        return not wanted and not self._shared.waits_for_answer(self)

    def everything(self, now: Instant) -> None:
        """Request a new read of the ladder, the catalogue and all books."""
        self._ladder = self._tournaments = True
        for sport_event in self._shared.catalogue.markets:
            if self._relevant(sport_event):
                self._markets[sport_event] = None
        self._missed = {sport_event: wait for sport_event, wait in self._missed.items() if self._relevant(sport_event)}
        self.next_round = now + self._shared.settings.reconcile

    def ladder(self) -> None:
        """Request a new read of the odds ladder."""
        self._ladder = True

    def tournaments(self) -> None:
        """Request a new read of the tournaments and their sport events."""
        self._tournaments = True

    def sport_events(self, tournament: int) -> None:
        """Request a new read of the sport events of a tournament."""
        if self._is_wanted(tournament):
            self._sport_events[tournament] = None

    def markets(self, sport_event: int) -> None:
        """Request a new read of the markets and books of a sport event."""
        if self._relevant(sport_event):
            self._markets[sport_event] = None

    def missed(self, line: LineKey, now: Instant) -> None:
        """Note that a book came for a line that is not quoted. If the previous read lacked the line, plan a new read of
        its sport event."""
        if self._lacks(line) and self._relevant(line.sport_event):
            last, wait = self._missed.get(line.sport_event, (now, 0))
            self._shared.timers.set(Due.MISSED, line, max(now, last + wait))

    def reread_moved(self, line: LineKey, now: Instant) -> None:
        """Request a new read of a sport event, some time after a ``line_id`` moved to one of its lines (``MOVED``)."""
        self.markets(line.sport_event)

    def _lost_sight(self, key: LineKey | int, now: Instant) -> None:
        """Plan reads of a line or sport event that is missing from a read, although no message reported its end. The
        read may have been incomplete. The first planned read comes after ``MISSED`` (30 s). Each further wait is twice
        as long, until the wait reaches ``guards.reconcile_s``."""
        self._look_again(key, now + MISSED, MISSED)

    def _look_again(self, key: LineKey | int, at: Instant, wait: Duration) -> None:
        if wait < self._shared.settings.reconcile:
            self._lost[key] = (at, wait)
            self._shared.timers.set(Due.MISSED, key, at)

    def reread(self, key: LineKey | int, now: Instant) -> None:
        """Request a new read of a missing line or sport event, because the wait before this read is over."""
        lost = self._lost.pop(key, None)
        if not self._lacks(key):
            return
        if isinstance(key, LineKey):
            last, wait = self._missed.get(key.sport_event, (now, MISSED))
            if last < now:
                wait = min(2 * wait, self._shared.settings.reconcile)
            self._missed[key.sport_event] = (now, wait)
            self.markets(key.sport_event)
        else:
            self.sport_events(self._shared.catalogue.tournament_of(key))
        if lost is not None:
            at, wait = lost
            if at <= now:
                self._look_again(key, now + 2 * wait, 2 * wait)
            else:  # the timer was set earlier, because a book came
                self._look_again(key, at, wait)

    def _lacks(self, key: LineKey | int) -> bool:
        """Return whether the catalogue lacks a line or a sport event. A line is lacking if the line or its book is
        unknown, or if an outcome of the line has offers but no ``line_id``. A sport event is lacking if the exchange no
        longer lists it.
        """
        if not isinstance(key, LineKey):
            sport_event = self._shared.catalogue.sport_events.get(key)
            return sport_event is not None and sport_event.status == UNLISTED
        known = self._shared.catalogue.lines.get(key)
        state = self._shared.books.get(key)
        if known is None or state is None:
            return True
        sides = zip(state.book.sides, known.outcomes, strict=False)
        return any(levels and not outcome.line_id for levels, outcome in sides)

    def next(self, now: Instant) -> Request | None:
        """Return the next read if it may be sent now. Otherwise return None."""
        if not self._shared.coverage.up:
            return None
        if now >= self.next_round:
            self.everything(now)
        if now < self._not_before:
            return None
        shared = self._shared
        pacer = shared.pacer
        request: Request | None = None
        if self._ladder and pacer.ready_at("ladder", now) <= now:
            self._ladder = False
            pacer.take("ladder", now)
            request = ReadLadder(shared.request_id())
        elif self._tournaments and pacer.ready_at("tournaments", now) <= now:
            self._tournaments = False
            pacer.take("tournaments", now)
            request = ReadTournaments(shared.request_id())
        elif self._sport_events and pacer.ready_at("sport_events", now) <= now:
            tournament = next(iter(self._sport_events))
            del self._sport_events[tournament]
            pacer.take("sport_events", now)
            request = ReadSportEvents(shared.request_id(), tournament)
        elif self._markets and pacer.ready_at("markets", now) <= now:
            sport_events = tuple(list(self._markets)[:SPORT_EVENTS_A_READ])
            for sport_event in sport_events:
                del self._markets[sport_event]
            pacer.take("markets", now)
            request = ReadMarkets(shared.request_id(), sport_events)
        if request is not None:
            shared.send(self, request, now)
        return request

    def due_at(self, now: Instant) -> Instant:
        """Return the instant at which the next read is due. While the feed is down, the result is ``NEVER``, because no
        message would keep the books up to date."""
        if not self._shared.coverage.up:
            return NEVER
        if not (self._ladder or self._tournaments or self._sport_events or self._markets):
            return self.next_round
        pacer = self._shared.pacer
        paths = (
            ("ladder", self._ladder),
            ("tournaments", self._tournaments),
            ("sport_events", self._sport_events),
            ("markets", self._markets),
        )
        ready = [max(pacer.ready_at(path, now), self._not_before) for path, wanted in paths if wanted]
        return min(self.next_round, *ready)

    # --- answers --------------------------------------------------------------------------------------------------

    def on_answer(self, request: Request, sent_at: Instant, answer: Answer, now: Instant) -> None:
        """Apply the answer to a read. If the read failed, plan another read for later."""
        match answer:
            case Failed():
                self._ask_again(request)
                self._not_before = max(now + BOARD_RETRY, answer.retry_at or 0)
            case LadderRead():
                self._on_ladder(answer, now)
            case TournamentsRead():
                self._on_tournaments(answer)
            case SportEventsRead() if isinstance(request, ReadSportEvents):
                self._on_sport_events(request, sent_at, answer, now)
            case MarketsRead() if isinstance(request, ReadMarkets):
                self._on_markets(request, sent_at, answer, now)
            case _:
                pass

    def _ask_again(self, request: Request) -> None:
        match request:
            case ReadLadder():
                self._ladder = True
            case ReadTournaments():
                self._tournaments = True
            case ReadSportEvents(tournament=tournament):
                self._sport_events[tournament] = None
            case ReadMarkets(sport_events=sport_events):
                for sport_event in sport_events:
                    self._markets[sport_event] = None
            case _:
                pass

    def _on_ladder(self, answer: LadderRead, now: Instant) -> None:
        """Use a new odds ladder. If the new ladder is unreadable, the old ladder stays in use. While there is no ladder
        at all, nothing is quoted."""
        shared = self._shared
        try:
            ladder = Ladder(answer.odds)
        except OddsError as bad:
            shared.outbox.alert(Severity.WARNING, "ladder.unreadable", why=str(bad))
            if shared.ladder is None:
                shared.hold("ladder", ACCOUNT, "no readable odds ladder", now)
                self._ladder = True
                self._not_before = now + BOARD_RETRY
            return
        if ladder != shared.ladder:
            shared.ladder = ladder
            shared.outbox.alert(Severity.INFO, "ladder.read", ticks=len(ladder))
            shared.touch_scope(ACCOUNT)
        shared.hold("ladder", ACCOUNT, None, now)

    def _on_tournaments(self, answer: TournamentsRead) -> None:
        """Apply a list of tournaments. If a quoting rule may match a tournament, request a read of its sport events."""
        catalogue = self._shared.catalogue
        catalogue.read_tournaments(answer.tournaments)
        known = dict.fromkeys(sport_event.tournament_id for sport_event in catalogue.sport_events.values())
        for tournament in (*catalogue.tournaments, *known):
            self.sport_events(tournament)

    def _on_sport_events(
        self, request: ReadSportEvents, sent_at: Instant, answer: SportEventsRead, now: Instant
    ) -> None:
        """Apply the list of a tournament's sport events. Request a read of the markets of new and changed sport
        events."""
        shared = self._shared
        listed = tuple(
            sport_event for sport_event in answer.sport_events if sport_event.tournament_id == request.tournament
        )
        open_before = {
            sport_event: None
            for sport_event, known in shared.catalogue.sport_events.items()
            if known.status in TRADEABLE
        }
        changed = shared.catalogue.read_sport_events(request.tournament, listed)
        for sport_event_id in changed:
            shared.exposure.place(sport_event_id, shared.catalogue.tournament_of(sport_event_id))
            self.markets(sport_event_id)  # new, listed again or rescheduled: read its books, too
            if self._lacks(sport_event_id) and sport_event_id in open_before:
                self._lost_sight(sport_event_id, now)
        for sport_event in listed:
            wiped = shared.guards.since("wiped", sport_event.sport_event_id)
            if wiped is not None and sport_event.status in TRADEABLE and sent_at >= wiped:
                shared.hold("wiped", sport_event.sport_event_id, None, now)
        for sport_event_id in changed:
            self._quoting.forget(sport_event_id)
            self.settle_tournament(sport_event_id)

    def settle_tournament(self, sport_event: int) -> None:
        """If several tournaments list a sport event, request a new read of the lists of all these tournaments."""
        tournaments = self._shared.catalogue.tournaments_of(sport_event)
        if len(tournaments) > 1 and sport_event not in self._disputed:
            self._disputed[sport_event] = None
            self._sport_events.update(dict.fromkeys(tournaments))
            self._shared.outbox.alert(
                Severity.WARNING, "identity.two_tournaments", sport_event=sport_event, tournaments=str(tournaments)
            )
        elif len(tournaments) < 2:
            self._disputed.pop(sport_event, None)

    def _judge_identities(self, read: tuple[int, ...]) -> None:
        """Request a new decision on the quotes of each sport event with a line that became disputed or is no longer
        disputed. A line is disputed if one of its ids is not unique at the exchange. ``read`` holds the sport events
        whose markets were just read."""
        catalogue = self._shared.catalogue
        for sport_event in catalogue.line_ids.take_changed():
            self._quoting.forget(sport_event)
            if sport_event not in read:
                self.markets(sport_event)
            for line, why in catalogue.line_ids.disputed.items():
                if line.sport_event == sport_event:
                    self._shared.outbox.alert(Severity.WARNING, "identity.duplicate", line=shown(line), why=why)

    def _on_markets(self, request: ReadMarkets, sent_at: Instant, answer: MarketsRead, now: Instant) -> None:
        """Apply the markets and books of some sport events. If the answer lacks a sport event, this sport event stays
        as it is."""
        shared = self._shared
        for sport_event in request.sport_events:
            if (
                shared.coverage.of(sport_event).since > sent_at
            ):  # read before the feed covered it: the books do not count
                self.markets(sport_event)
        changed: list[int] = []
        books: list[LineKey] = []
        for sport_event in request.sport_events:
            images = answer.markets.get(sport_event)
            if images is None:
                continue
            shared.dirty_sport_events[sport_event] = None  # a read that changes nothing may still lift a guard
            open_before = shared.catalogue.open_lines(sport_event)
            if shared.catalogue.read_markets(sport_event, images):
                changed.append(sport_event)
                self._missed.pop(sport_event, None)
                for key in open_before:
                    if key not in shared.catalogue.lines:
                        self._lost_sight(key, now)
            for image in images:
                books += self._take_books(image, sent_at, now)
        for line in books:
            self._quoting.book_changed(line)
        for sport_event in changed:
            self._quoting.forget(sport_event)
        self._judge_identities(request.sport_events)
        for line in shared.catalogue.line_ids.moved():
            shared.timers.set(Due.MOVED, line, now + MOVED)
        self._effects.locate_wagers(now)

    def _take_books(self, image: MarketImage, sent_at: Instant, now: Instant) -> list[LineKey]:
        """Compare our books of a market with the books of a read, and repair our books. Return the lines whose book
        changed."""
        shared = self._shared
        changed: list[LineKey] = []
        for line, book in zip(image.market.lines, image.books, strict=True):
            if shared.books.on_read(line.key, book, sent_at, now):
                changed.append(line.key)
            state = shared.books.get(line.key)
            if state is not None and state.suspect is not None:
                shared.timers.set(Due.SUSPECT, line.key, state.suspect[0])
        return changed

    def judge(self, line: LineKey, now: Instant) -> None:
        """If our book of a line differed from a read, and no message has explained the difference since the read, count
        and log the difference. Then request a new read of the book."""
        shared = self._shared
        before = sum(shared.books.differences.values())
        shared.books.judge(line, now)
        if sum(shared.books.differences.values()) > before:
            self.markets(line.sport_event)  # one more read shows whether the repair is right
            shared.outbox.alert(
                Severity.WARNING, "book.repaired", line=shown(line), kinds=str(shared.books.differences)
            )
        state = shared.books.get(line)
        if state is not None and state.doubtful:
            shared.dirty_sport_events[line.sport_event] = None
        self._quoting.book_changed(line)

    def _is_wanted(self, tournament: int) -> bool:
        return self._all or self._by_sport_event_only or tournament in self._wanted_tournaments

    def _relevant(self, sport_event: int) -> bool:
        known = self._shared.catalogue.sport_events.get(sport_event)
        if known is None or known.status not in TRADEABLE:
            return False
        return any(
            (not rule.match.tournament or known.tournament_id in rule.match.tournament)
            and (not rule.match.event or sport_event in rule.match.event)
            for rule in self._shared.config.quoting
        )
