"""The local exchange of a scenario, with the independent judge at its seams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from driver import records
from driver.log import Log
from driver.stand_ins import Leaving, Notes, Recorder
from judge.judge import Judge
from judge.records import Bounds, Item, WagerRecord
from msgspec.structs import replace

from mmbot.config import Config
from mmbot.domain.catalogue import LineKey, Market, MarketKey
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant, seconds
from mmbot.domain.odds import Odds
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings, SyntheticCrowd
from mmbot.simulator.venue.records import ShownBook, VenueWager
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.venue import Venue
from mmbot.simulator.wire.faults import DelayMessages, DropMessages, EndpointFault, HalfOpen, Silence
from mmbot.simulator.wire.local_exchange import LocalExchange, LocalSettings
from mmbot.simulator.wire.sessions import TokenSettings
from mmbot.simulator.world import USER, World

from .schema import Scenario
from .virtual_loop import LoopClock

SEED = 7
PATIENCE: Duration = 11 * SECOND
"""The time after which the bot gives up a request without an answer: ``exchange.read_timeout_s`` and a little."""

DECEIVED: Duration = 7 * MINUTE
"""Within this time the bot has to find out by itself what no message told it, or what a message told it wrongly."""


class JudgedVenue(Venue):
    """An exchange that tells the judge of each placement as it arrives."""

    judge: Judge
    sent_at: dict[str, Instant]
    by_hand: dict[str, None]
    moved: dict[MarketKey, int]
    """The markets that are listed under another sport event, each with the id of that sport event."""

    def as_listed(self, market: Market) -> Market:
        """Return a market as its listing shows it."""
        if market.key not in self.moved:
            return market
        event, number = self.moved[market.key], market.key.market
        lines = tuple(replace(line, key=LineKey(event, number, line.key.number)) for line in market.lines)
        return replace(market, key=MarketKey(event, number), lines=lines)

    def markets(self, sport_event_id: int) -> list[Market] | None:
        """Return the markets that are listed under a sport event."""
        found = super().markets(sport_event_id)
        if found is None or not self.moved:
            return found
        others = [
            self.as_listed(super(JudgedVenue, self).market(key))
            for key, event in self.moved.items()
            if event == sport_event_id
        ]
        there = {market.key for market in others}
        return [market for market in found if market.key not in self.moved and market.key not in there] + others

    def home(self, line: LineKey) -> LineKey:
        """Return the line in the books of the exchange that is listed as ``line``."""
        for market, event in self.moved.items():
            if (event, market.market) == (line.sport_event, line.market):
                return LineKey(market.sport_event, market.market, line.number)
        return line

    def book(self, line: LineKey) -> ShownBook:
        """Return the book of a line as the listing shows it."""
        home = self.home(line)
        return super().book(line) if home == line else replace(super().book(home), line=line)

    def place(
        self,
        account: str,
        external_id: str,
        line_id: str,
        odds: Odds,
        stake: int,
        now: Instant,
        strategy: str | None = None,
    ) -> VenueWager:
        """Accept a wager, after the judge has seen it."""
        found = self.find_line(line_id)
        if external_id and external_id not in self.by_hand and found is not None:
            item = Item(external_id, records.name(found[0]), found[1], odds, stake, strategy is not None)
            self.judge.arrived(now, self.sent_at.get(external_id, now), [item])
        return super().place(account, external_id, line_id, odds, stake, now, strategy)


class _Watch(Notes):
    """Takes the place of the referee: hands what happens to the judge, and lets a plan wait for a request."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(judge)
        self._told = judge
        self.requests: Counter[str] = Counter()
        self.faults: Callable[[], list[object]] = list
        self.waiting: list[tuple[str, Callable[[], None]]] = []

    def note_request(self, now: Instant, kind: str) -> None:
        """A request arrived, and is processed next."""
        super().note_request(now, kind)
        self.requests[kind] += 1
        if any(isinstance(fault, EndpointFault) for fault in self.faults()):
            self._told.disturbed(now + PATIENCE)
        for endpoint, does in [each for each in self.waiting if each[0] == kind]:
            self.waiting.remove((endpoint, does))
            does()


class _Recorder(Recorder):
    """Hands each change of a wager to the judge, and tells it whether the bot can know of the change."""

    def __init__(self, venue: Venue, judge: Judge, faults: Callable[[], list[object]]) -> None:
        super().__init__(venue, judge, Log(0))
        self._told = judge
        self._faults = faults

    def changed(self, wager: VenueWager, match_stake: int | None, match_odds: int | None, now: Instant) -> None:
        """A wager was accepted or changed."""
        kinds = (DropMessages, DelayMessages, Silence, HalfOpen)
        if any(isinstance(fault, kinds) for fault in self._faults()):
            self._told.excuse(self.place(wager.line), now + DECEIVED)
        super().changed(wager, match_stake, match_odds, now)


class ExchangeSide:
    """The exchange, its crowd and the judge."""

    def __init__(self, scenario: Scenario, clock: LoopClock, config: Config) -> None:
        habits, market, now = scenario.exchange, scenario.market, clock.now()
        settings = VenueSettings(
            activation_ns=seconds(habits.activation_s),
            history_lag_ns=seconds(habits.history_lag_s),
            opened_retry_ns=seconds(habits.opened_retry_s),
        )
        venue = JudgedVenue(settings, SEED)
        slow = seconds(habits.activation_s + habits.history_lag_s)
        self._exclusive = config.exchange.account == "exclusive"
        bounds = Bounds(
            clear_within=15 * SECOND + 2 * slow, agree_within=30 * SECOND + 2 * slow, exclusive=self._exclusive
        )
        self.judge = Judge(records.limits(config.limits), bounds)
        venue.judge, venue.sent_at, venue.by_hand, venue.moved = self.judge, {}, {}, {}
        venue.advance(now)
        self.venue = venue
        self.deposited = round(habits.balance * 100)
        account = venue.open_account(USER, self.deposited)
        board = BoardSettings(
            sport_events=market.sport_events,
            first_start_ns=seconds(market.starts_s),
            game_ns=seconds(market.game_s),
            taker_ns=seconds(market.takers_s),
            refresh_ns=seconds(market.makers_s),
        )
        self.crowd = Leaving(SyntheticCrowd(venue, board, SEED, now))
        self.watch = _Watch(self.judge)
        world = World(venue, (self.crowd,), account, self.watch)  # type: ignore[arg-type]
        tokens = TokenSettings(access_life=seconds(habits.token_life_s))
        self.local = LocalExchange(world, clock, LocalSettings(tokens=tokens, seed=SEED))
        for _ in range(habits.sessions):
            keys = self.local.settings
            self.local.sessions.log_in(keys.access_key, keys.secret_key, now)
        self.watch.faults = self.faults
        self.recorder = _Recorder(venue, self.judge, self.faults)
        venue.by_hand = self.recorder.by_hand
        venue.watch(account, self.recorder)

    @property
    def account(self) -> str:
        """The bot's account."""
        return self.local.account

    @property
    def now(self) -> Instant:
        """The present, by the exchange's clock."""
        return self.local.clock.now()

    def faults(self) -> list[object]:
        """The faults of the wire that are in force."""
        return list(self.local.faults.in_force().values())

    def live(self) -> list[WagerRecord]:
        """The wagers that could still match and that the bot has to cancel. On a shared account only its own are."""
        return [wager for wager in self.judge.live() if self._exclusive or not wager.by_hand]

    def note_sent(self, external_id: str, line_id: str) -> None:
        """The bot sends a placement now."""
        self.venue.sent_at[external_id] = self.now
        found = self.venue.find_line(line_id)
        if found is not None:
            self.judge.sent(self.now, records.name(found[0]))
