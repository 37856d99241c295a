"""A board of any number of lines, and an exchange that answers at once, as the engine's values and as JSON.

The exchange keeps no money and matches nothing, so that a benchmark measures only the bot.
"""

from __future__ import annotations

import base64
import random
from typing import Final

import orjson

from mmbot.config import Config, ExchangeConfig, GuardsConfig, LimitsConfig, RuleConfig
from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome, SportEvent, Tournament
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND, Duration, Instant
from mmbot.domain.odds import Ladder, negate
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.engine import Engine
from mmbot.simulator.venue.odds_ladder import STANDARD
from strategies.fair_value import FairValueMaker, FairValueParams

START: Final = 1_800_000_000 * SECOND
LADDER: Final = Ladder(STANDARD)
EVEN: Final = LADDER.index(100)
LOWEST: Final = LADDER.index(-180)
HIGHEST: Final = LADDER.index(180)
DEPTH: Final = 10
LINES_A_SPORT_EVENT: Final = 10
CHANNEL: Final = "private-broadcast-service=3-device_type=5"


def book(middle: int) -> Book:
    """Return a book with ten levels a side around a tick of the ladder."""
    ticks = LADDER.ticks
    under_0 = tuple(Level(ticks[middle - 2 - depth], 20_000 + 100 * depth) for depth in range(DEPTH))
    under_1 = tuple(Level(negate(ticks[middle + 2 + depth]), 20_000 + 100 * depth) for depth in range(DEPTH))
    return Book((under_0, under_1))


def resized(old: Book, side: int, depth: int, value: int) -> Book:
    """Return the book with another size at one level."""
    sides = [list(old.sides[0]), list(old.sides[1])]
    sides[side][depth] = Level(sides[side][depth].odds, value)
    return Book((tuple(sides[0]), tuple(sides[1])))


def one_sided(middle: int) -> Book:
    """Return a book that gives no fair value, so that nothing is quoted."""
    return Book((book(middle).sides[0], ()))


# --- as JSON ----------------------------------------------------------------------------------------------------------


def wire_level(rng: random.Random, side: int, odds: int, line: float, now: Instant) -> dict[str, object]:
    """Return a level with all the fields that the exchange sends."""
    name = ("Cleveland Cavaliers", "Minnesota Timberwolves")[side]
    value = round(rng.uniform(10, 5000), 2)
    stake = value * odds / 100 if odds > 0 else value * 100 / -odds
    return {
        "outcome_id": 1714 + side,
        "name": f"{name} {line:+g}",
        "competitor_id": 3409 + side,
        "line": line,
        "line_id": f"{rng.getrandbits(128):032x}",
        "odds": odds,
        "display_odds": f"{odds:+d}",
        "display_line": f"{line:+g}",
        "display_name": f"{name} {line:+g}",
        "value": value,
        "stake": round(stake, 2),
        "updated_at": now + rng.randrange(SECOND),
    }


def inner_json(rng: random.Random, now: Instant) -> bytes:
    """Return a book of ten levels a side, as the content of an envelope."""
    selections = [
        [wire_level(rng, 0, 138 - 4 * i, -3.5, now) for i in range(10)],
        [wire_level(rng, 1, -112 - 4 * i, 3.5, now) for i in range(10)],
    ]
    info = {
        "id": 256,
        "name": "Spread",
        "type": "spread",
        "line": -3.5,
        "sequence_number": now + rng.randrange(SECOND),
        "selections": selections,
    }
    return orjson.dumps({"sport_event_id": 10_076_000, "market_id": 256, "info": info})


def frame_of(
    inner: bytes,
    now: Instant,
    change_type: str = "market_selections",
    event: str = "tournament_132",
    channel: str = CHANNEL,
) -> bytes:
    """Return the frame of a book: an envelope with base64 content, as a string inside Pusher's JSON."""
    envelope = {
        "timestamp": now,
        "change_type": change_type,
        "op": "u",
        "payload": base64.b64encode(inner).decode(),
    }
    return orjson.dumps({"event": event, "channel": channel, "data": orjson.dumps(envelope).decode()})


# --- as the engine's values -------------------------------------------------------------------------------------------


def key_of(place: int) -> LineKey:
    """Return the key of the line at a place of the board. Each sport event has ten moneylines."""
    return LineKey(1 + place // LINES_A_SPORT_EVENT, 219 + place % LINES_A_SPORT_EVENT, 0)


def line_of(key: LineKey) -> Line:
    """Return a line with its two outcomes."""
    ids = [f"{key.sport_event:016x}{key.market:08x}{side:08x}" for side in (0, 1)]
    return Line(key, (Outcome(4, ids[0], "Home"), Outcome(5, ids[1], "Away")))


def market_of(key: LineKey) -> Market:
    """Return the market of a line. Each line has its own."""
    return Market(
        MarketKey(key.sport_event, key.market),
        "Moneyline",
        "moneyline",
        "moneyline",
        "Game Lines",
        lines=(line_of(key),),
    )


def limits(lines: int) -> LimitsConfig:
    """Return limits that allow quotes on every line of the board."""
    room = 500.0 * max(10, lines)
    return LimitsConfig(event=room, tournament=room, account=room, daily_loss=room, open_wagers=4 * lines + 100)


class _Deep(FairValueMaker):
    book_depth = None  # type: ignore[assignment,misc]


class Bench:
    """An engine that quotes a board, and an exchange that answers it, in virtual time."""

    def __init__(
        self,
        lines: int = 1,
        *,
        answer_after: Duration = MILLISECOND,
        awaiting: int = 60,
        reserve: int = 8,
        base: Instant = START,
        deep: bool = False,
    ) -> None:
        """Create the engine. ``deep``: the strategy looks at every level, not only at the best ones."""
        self.now: Instant = base
        self.keys = [key_of(place) for place in range(lines)]
        self.sequence = 1
        self.answer_after = answer_after
        self.sent: list[tuple[Instant, r.Request]] = []
        """Every request since the list was last cleared."""
        config = Config(
            environment="local",
            exchange=ExchangeConfig(base_url="http://127.0.0.1:1/partner", cancel_reserve=reserve),
            quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
            limits=limits(lines),
            guards=GuardsConfig(awaiting_activation=awaiting),
        )
        self.config = config
        maker = (_Deep if deep else FairValueMaker)(FairValueParams(margin=0.01, price_tolerance=0.001))
        self.engine = Engine(config, o.Seed("b", 0, 10_000_000, None), (maker,), self.now)
        self._items: dict[str, tuple[r.Placement, LineKey]] = {}
        self._lines = {outcome.line_id: key for key in self.keys for outcome in line_of(key).outcomes}
        self._catalogue = [
            SportEvent(sport_event, 132, "Away @ Home", "not_started", base + 40 * HOUR, tournament_name="NBA")
            for sport_event in dict.fromkeys(key.sport_event for key in self.keys)
        ]

    def message(self, place: int, shown: Book) -> e.BookMessage:
        """Return a book message of the line at a place."""
        key = self.keys[place]
        self.sequence += 1
        return e.BookMessage(1, key, self.sequence, shown)

    def report(self, item: r.Placement, status: Status, sequence: int) -> WagerReport:
        """Return the exchange's report of a wager."""
        key = self._lines[item.line_id]
        return WagerReport(
            wager_id=f"w{item.external_id}",
            external_id=item.external_id,
            sport_event_id=key.sport_event,
            market_id=key.market,
            line_id=item.line_id,
            odds=item.odds,
            stake=item.stake,
            status=status,
            matching=Matching.UNMATCHED,
            winning=Winning.TBD,
            matched=0,
            sequence=sequence,
        )

    def answers(self, request: r.Request) -> list[e.Event]:
        """Return the answer to a request, and the private messages that follow it."""
        number = request.id
        match request:
            case r.CancelAll():
                return [e.CancelledAll(number, nothing_open=True)]
            case r.ReadHistory():
                shows_open = request.status == "open" and request.matching == "unmatched"
                held = tuple(self._items.values()) if shows_open else ()
                reports = tuple([self.report(item, Status.OPEN, 0) for item, _ in held])
                return [e.HistoryRead(number, reports, "", self.now)]
            case r.ReadBalance():
                return [e.BalanceRead(number, 1_000_000_000, 0, 0)]
            case r.ReadTransactions():
                return [e.TransactionsRead(number, (), "")]
            case r.ReadLadder():
                return [e.LadderRead(number, STANDARD)]
            case r.ReadTournaments():
                return [e.TournamentsRead(number, (Tournament(132, "NBA"),))]
            case r.ReadSportEvents() | r.ReadSportEventsById():
                return [e.SportEventsRead(number, tuple(self._catalogue))]
            case r.ReadMarkets():
                images: dict[int, list[e.MarketImage]] = {sport_event: [] for sport_event in request.sport_events}
                for key in self.keys:
                    if key.sport_event in images:
                        images[key.sport_event].append(e.MarketImage(market_of(key), (book(EVEN),)))
                return [e.MarketsRead(number, {sport_event: tuple(found) for sport_event, found in images.items()})]
            case r.PlaceMany():
                accepted = tuple(self.report(item, Status.INACTIVE, 0) for item in request.items)
                told: list[e.Event] = [e.Placed(number, accepted, ())]
                for item in request.items:
                    self.sequence += 1
                    self._items[item.external_id] = (item, self._lines[item.line_id])
                    told.append(e.WagerMessage(1, self.report(item, Status.OPEN, self.sequence)))
                return told
            case r.CancelMany():
                gone = tuple(item.external_id for item in request.items)
                told = [e.Cancelled(number, gone, ())]
                for cancelled in request.items:
                    self.sequence += 1
                    item, _ = self._items.pop(cancelled.external_id)
                    told.append(e.WagerMessage(1, self.report(item, Status.CANCELED, self.sequence)))
                return told
            case _:
                raise AssertionError(f"not expected here: {request}")

    @property
    def resting(self) -> int:
        """Number of own wagers at the exchange."""
        return len(self._items)

    def answer(self, request: r.Request) -> None:
        """Answer a request a moment later."""
        self.sent.append((self.now, request))
        self.now += self.answer_after
        for sport_event in self.answers(request):
            self.engine.handle(sport_event, self.now)

    def settle(self, until: Instant) -> None:
        """Answer every request until none is due, let time pass, and send a health check."""
        while True:
            request = self.engine.next_request(self.now)
            orders = self.engine.orders()
            for order in orders:
                if isinstance(order, o.Connect):
                    self.engine.handle(e.FeedUp(1), self.now)
            if request is not None:
                self.answer(request)
                continue
            if any(isinstance(order, o.Connect) for order in orders):
                continue
            following = self.engine.deadline(self.now)
            if following is None or following > until:
                break
            self.now = max(self.now + 1, following)
            self.engine.handle(e.Beat(1), self.now)
        self.now = max(self.now, until)
        self.engine.handle(e.Beat(1), self.now)

    def quoted(self) -> Bench:
        """Run the start until every line has its two quotes."""
        for _ in range(1_000):
            self.settle(self.now + SECOND)
            if self.resting == 2 * len(self.keys):
                self.settle(self.now + 2 * SECOND)
                self.sent.clear()
                return self
        raise AssertionError(f"{self.resting} wagers are open on {len(self.keys)} lines: {self.engine.guards}")
