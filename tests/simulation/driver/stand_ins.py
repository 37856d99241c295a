"""Stand-ins at the seams of a run: for the exchange's referee, a crowd that can go home, a clock that is shifted."""

from __future__ import annotations

from typing import Any

from judge.judge import Judge
from judge.records import Place

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Duration, Instant
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.simulator.crowd.synthetic_crowd import SyntheticCrowd
from mmbot.simulator.venue.records import RepeatedId, VenueWager
from mmbot.simulator.venue.venue import Venue

from . import records
from .log import Log


class Notes:
    """Takes the place of the exchange's referee, and tells the judge what happened to the bot."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def observe(self, now: Instant) -> None:
        """Nothing: the judge looks when the driver says so."""

    def note_request(self, now: Instant, kind: str) -> None:
        """A request arrived."""
        self._judge.request(now)

    def note_latched(self, now: Instant, cause: str = "kill") -> None:
        """The bot was killed or told to stop."""
        self._judge.stopped(now, cause)

    def note_resumed(self, now: Instant) -> None:
        """The kill switch was released."""
        self._judge.resumed()

    def note_feed_lost(self, now: Instant, notice_ns: Duration = 0) -> None:
        """The feed was lost."""
        self._judge.feed_lost(now, notice_ns)

    def note_feed_up(self, now: Instant) -> None:
        """The bot is subscribed again."""
        self._judge.feed_up()


class Recorder:
    """Hands each change of the account's wagers to the judge."""

    def __init__(self, venue: Venue, judge: Judge, log: Log) -> None:
        self._venue = venue
        self._judge = judge
        self._log = log
        self._places: dict[LineKey, Place] = {}
        self.by_hand: dict[str, None] = {}
        self._stakes: dict[str, int] = {}

    def place(self, line: LineKey) -> Place:
        """The scopes of a line."""
        known = self._places.get(line)
        if known is None:
            known = self._places[line] = records.place(self._venue, line)
        return known

    def changed(self, wager: VenueWager, match_stake: int | None, match_odds: int | None, now: Instant) -> None:
        """A wager was accepted or changed."""
        by_hand = not wager.external_id or wager.external_id in self.by_hand
        self._stakes.setdefault(wager.wager_id, wager.stake)
        record = records.wager(wager, self.place(wager.line), by_hand)
        self._log.add(
            now,
            f"wager {record.external_id} {record.place.line} side {record.side} {record.odds} {record.status} "
            f"{record.matched}/{record.stake} wins {record.win} {record.result}",
        )
        self._judge.wager(now, record)

    def cut(self, report: WagerReport) -> bool:
        """True if a wager was matched in part, its rest was cancelled, and it has no result."""
        asked = self._stakes.get(report.wager_id, 0)
        over = report.status is Status.CANCELED or report.matching is Matching.FULLY_MATCHED
        return 0 < report.matched < asked and over and report.winning is Winning.TBD

    def repeated(self, repeat: RepeatedId, now: Instant) -> None:
        """The judge saw the request itself."""

    def operation_complete(self, now: Instant) -> None:
        """The judge judges each change at once."""


class Leaving:
    """A crowd that can be sent home, after which nothing moves any more."""

    def __init__(self, crowd: SyntheticCrowd) -> None:
        self.crowd = crowd
        self.gone = False

    def next_due(self) -> Instant | None:
        """The time of the next action."""
        return None if self.gone else self.crowd.next_due()

    def advance(self, now: Instant) -> None:
        """Act."""
        if not self.gone:
            self.crowd.advance(now)

    @property
    def finished(self) -> bool:
        """True if nothing more will happen."""
        return self.gone or self.crowd.finished


class Shifted:
    """An engine whose clock is ``behind`` the exchange's by so much; negative: ahead of it."""

    def __init__(self, engine: Any, behind: Duration) -> None:
        self._engine = engine
        self._behind = behind

    def handle(self, event: e.Event, now: Instant) -> None:
        """Take an event."""
        self._engine.handle(event, now - self._behind)

    def next_request(self, now: Instant) -> r.Request | None:
        """Return the next request."""
        request: r.Request | None = self._engine.next_request(now - self._behind)
        return request

    def deadline(self, now: Instant) -> Instant | None:
        """Return when the engine wants to be woken."""
        due: Instant | None = self._engine.deadline(now - self._behind)
        return None if due is None else due + self._behind

    @property
    def ready(self) -> bool:
        """True while the order of life allows quotes."""
        ready: bool = self._engine.ready
        return ready

    @property
    def overdue(self) -> bool:
        """True if something was due and could not be done."""
        overdue: bool = self._engine.overdue
        return overdue

    def orders(self) -> list[o.Order]:
        """Return the orders to the shell."""
        orders: list[o.Order] = self._engine.orders()
        return orders

    def status(self, now: Instant, **more: Any) -> Any:
        """Return the status."""
        return self._engine.status(now - self._behind, **more)
