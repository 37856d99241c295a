"""The engine on the full board under the shipped rules: changed schedules, markets that are no game, and messages that
are late, repeated, out of order or lost."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest

from mmbot.backtest.run import Run
from mmbot.backtest.tape import referee_limits
from mmbot.config import Config, load
from mmbot.config.settings import RuleConfig
from mmbot.domain.catalogue import Market, MarketKey
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND, Duration, Instant
from mmbot.domain.odds import Ladder
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.simulator.crowd.fixtures import FULL
from mmbot.simulator.crowd.scripted_changes import BY_HAND
from mmbot.simulator.crowd.synthetic_crowd import FIRST_SPORT_EVENT, BoardSettings
from mmbot.simulator.venue.odds_ladder import STANDARD
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.world import World, synthetic_world
from mmbot.strategy.rules import matching_rule
from strategies.fair_value import FairValueMaker, FairValueParams

START: Instant = 1_800_000_000 * SECOND
FOLDER = Path(__file__).parents[2] / "config"
COARSE = tuple(odds for odds in STANDARD if odds % 5 == 0)


def demo() -> Config:
    return load(FOLDER / "demo.yaml")


def begin(config: Config, seed: int = 1, *, scripted: bool = True, sport_events: int | None = None) -> Run:
    board = BoardSettings(full=True, sport_events=sport_events)
    world = synthetic_world(
        None, seed, START, board=board, balance=100_000_000, limits=referee_limits(config), scripted_changes=scripted
    )
    strategies = [
        FairValueMaker(msgspec.convert(rule.params, FairValueParams, strict=False)) for rule in config.quoting
    ]
    return Run(world, world.account, config, strategies, START)


def at(run: Run, seconds: int) -> None:
    run.until(START + seconds * SECOND)


def wagers(world: World) -> list[VenueWager]:
    """Return the wagers that the daemon placed."""
    return [wager for wager in world.venue.wagers(world.account) if wager.external_id != BY_HAND]


def market(world: World, wager: VenueWager) -> Market:
    return world.venue.market(MarketKey(wager.line.sport_event, wager.line.market))


def agreed(run: Run) -> None:
    """Check that the referee found no breach and that the ledger equals the exchange to the cent."""
    report = run.world.referee.report(run.now)
    status = run.engine.status(run.now)
    assert report.ok, report.broken
    assert (status.profit.realised, status.profit.commission) == (report.profit.gross, report.profit.commission)
    assert status.counts.open_wagers == report.live_wagers
    assert status.counts.unknown_wagers == 0
    for sport_event in status.sport_events:
        for line in sport_event.lines:
            held = [0, 0]
            for wager in run.world.venue.wagers(run.world.account):
                if tuple(wager.line) == (line.sport_event, line.market, line.number) and wager.winning.value == "tbd":
                    held[wager.side] += wager.match_win
                    held[1 - wager.side] -= wager.matched
            assert line.profit == tuple(held), line


class TestTheShippedRules:
    @pytest.mark.parametrize("name", ["demo", "sandbox", "production"])
    def test_only_markets_of_the_whole_game_are_under_a_rule(self, name: str) -> None:
        rules = load(FOLDER / f"{name}.yaml").quoting
        venue = synthetic_world(None, 1, START, board=BoardSettings(full=True)).venue
        matched = [
            found
            for sport_event in venue.sport_events()
            for found in venue.markets(sport_event.sport_event_id) or ()
            if matching_rule(rules, sport_event, found, START) is not None
        ]
        assert matched
        assert {found.name for found in matched} <= {"Moneyline", "Spread", "Total"}
        assert {found.category_name for found in matched} == {"Game Lines"}
        assert {found.player_id for found in matched} == {None}


@pytest.fixture(scope="module")
def run() -> Run:
    """Run 13 minutes in which every scripted change of the board happens."""
    run = begin(demo())
    at(run, 13 * 60)
    return run


class TestTheProgramme:
    def test_the_ledger_equals_the_exchange_to_the_cent_and_the_run_ends_clear(self, run: Run) -> None:
        assert run.world.referee.report(run.now).profit.gross != 0
        agreed(run)
        assert run.engine.status(run.now).phase == "ready"

    def test_no_half_prop_outright_or_third_outcome_was_quoted(self, run: Run) -> None:
        placed = wagers(run.world)
        quoted = {(wager.line.sport_event, market(run.world, wager).name) for wager in placed}
        assert {name for _, name in quoted} == {"Moneyline", "Spread", "Total"}
        assert {sport_event for sport_event, _ in quoted} >= {FIRST_SPORT_EVENT + place for place in range(8)}
        assert all(len(run.world.venue.line(wager.line).outcomes) == 2 for wager in placed)

    def test_every_line_of_a_market_with_several_is_quoted(self, run: Run) -> None:
        spread = {wager.line.number for wager in wagers(run.world) if wager.line[:2] == (FIRST_SPORT_EVENT, 223)}
        assert spread == set(FULL[0].offers[1].numbers)

    def test_a_manual_wager_on_an_exclusive_account_is_reported_and_cancelled(self, run: Run) -> None:
        assert [alert.fields["external_id"] for _, alert in run.alerts if alert.name == "wager.foreign"] == [BY_HAND]
        (by_hand,) = [each for each in run.world.venue.wagers(run.world.account) if each.external_id == BY_HAND]
        assert by_hand.status.value == "canceled"

    def test_a_changed_ladder_is_read_and_used_at_once(self, run: Run) -> None:
        reads = [when for when, alert in run.alerts if alert.name == "ladder.read"]
        assert any(START + 150 * SECOND < when < START + 155 * SECOND for when in reads)
        during = [
            wager for wager in wagers(run.world) if START + 156 * SECOND < wager.created_at < START + 299 * SECOND
        ]
        assert len(during) > 20
        assert all(wager.odds in COARSE for wager in during)
        rejected = [when for when, alert in run.alerts if alert.name == "wager.rejected"]
        assert not [when for when in rejected if when > START + 156 * SECOND]

    def test_a_suspended_unlisted_or_postponed_sport_event_is_not_quoted_until_it_returns(self, run: Run) -> None:
        def placed(sport_event: int, first: int, last: int, market: int | None = None) -> int:
            return sum(
                wager.line.sport_event == FIRST_SPORT_EVENT + sport_event
                and (market is None or wager.line.market == market)
                and START + first * SECOND <= wager.created_at <= START + last * SECOND
                for wager in wagers(run.world)
            )

        assert placed(1, 31, 59, market=225) == 0  # suspended
        assert placed(1, 61, 90, market=225)
        assert placed(3, 46, 89) == 0  # unlisted
        assert placed(3, 90, 150)
        assert placed(5, 201, 359) == 0  # postponed and then played
        assert placed(5, 360, 420)
        assert placed(6, 240, 780) == 0  # postponed and then voided
        assert placed(6, 0, 239)

    def test_new_sport_events_are_quoted_once_they_are_listed(self, run: Run) -> None:
        first = {
            place: min(
                wager.created_at for wager in wagers(run.world) if wager.line.sport_event == FIRST_SPORT_EVENT + place
            )
            for place in (len(FULL), len(FULL) + 1)
        }
        assert START + 125 * SECOND < first[len(FULL)] < START + 145 * SECOND
        assert START + 210 * SECOND < first[len(FULL) + 1] < START + 230 * SECOND

    def test_a_corrected_result_is_booked(self, run: Run) -> None:
        settled = [
            wager
            for wager in wagers(run.world)
            if wager.line[:2] == (FIRST_SPORT_EVENT, 219) and wager.status.value == "manually_settled"
        ]
        assert settled
        kinds = {line.type for line in run.world.venue.transactions(run.world.account)}
        assert kinds >= {"BET", "PAY", "DEPOSIT", "WITHDRAW", "VOID", "COMMISSION"}
        assert kinds & {"ADJUSTMENT_INCREASE", "ADJUSTMENT_REDUCE"}


def test_a_market_of_three_outcomes_is_not_quoted_even_if_a_rule_matches_it() -> None:
    rule = RuleConfig(strategy="strategies.fair_value:FairValueMaker")
    run = begin(msgspec.structs.replace(demo(), quoting=(rule,)), scripted=False, sport_events=5)
    at(run, 60)
    quoted = {market(run.world, wager).sub_type for wager in wagers(run.world)}
    assert {"moneyline", "first_half_moneyline", "both_teams_to_score"} <= quoted
    assert "moneyline_3_way" not in quoted
    assert len(run.world.venue.book(run.world.venue.markets(FIRST_SPORT_EVENT + 4)[0].lines[0].key).sides) == 3  # type: ignore[index]
    agreed(run)


def test_quoting_ends_in_time_if_a_sport_event_is_moved_to_an_earlier_start() -> None:
    run = begin(demo(), scripted=False, sport_events=1)
    at(run, 120)
    assert run.engine.status(run.now).counts.open_wagers
    run.world.venue.move_sport_event(FIRST_SPORT_EVENT, run.now + 90 * SECOND, run.now)
    at(run, 125)
    assert run.engine.status(run.now).counts.open_wagers == 0
    agreed(run)
    run.world.venue.move_sport_event(FIRST_SPORT_EVENT, START + 30 * MINUTE, run.now)
    at(run, 180)
    assert run.engine.status(run.now).counts.open_wagers


class Weather:
    """Random delays, copies and losses of messages and answers, from a seed."""

    def __init__(self, seed: int, *, lost: float = 0.0) -> None:
        self._rng = Random(seed)
        self._lost = lost
        self.met = {"lost": 0, "twice": 0, "late": 0}

    def carry(self, message: e.FeedMessage) -> tuple[Duration, ...]:
        if isinstance(message, e.Beat):
            return (0,)
        if self._rng.random() < self._lost:
            self.met["lost"] += 1
            return ()
        late = round(self._rng.expovariate(1.0) * 40 * MILLISECOND)
        if self._rng.random() < 0.2:
            self.met["twice"] += 1
            return (late, late + self._rng.randrange(2, 30) * MILLISECOND)
        self.met["late"] += 1
        return (late,)

    def linger(self) -> Duration:
        return round(self._rng.expovariate(1.0) * 60 * MILLISECOND)

    def over(self, run: Run) -> None:
        run.faults.carry, run.faults.linger = self.carry, self.linger


@pytest.mark.parametrize("seed", [1, 2])
def test_messages_that_are_late_repeated_or_out_of_order_do_no_harm(seed: int) -> None:
    run = begin(demo(), seed, sport_events=4)
    weather = Weather(seed)
    weather.over(run)
    at(run, 5 * 60)
    assert min(weather.met["twice"], weather.met["late"]) > 200
    run.faults.carry = None
    run.faults.linger = None
    at(run, 5 * 60 + 3)
    agreed(run)
    assert sum(figure.matches for figure in run.world.referee.report(run.now).matched) > 20
    assert not [alert for _, alert in run.alerts if alert.name in ("feed.lost", "book.repaired", "wager.not_found")]


def test_the_ledger_equals_the_exchange_15_minutes_after_lost_messages() -> None:
    run = begin(demo(), 3, scripted=False, sport_events=3)
    weather = Weather(3, lost=0.03)
    weather.over(run)
    at(run, 5 * 60)
    assert weather.met["lost"] > 50
    run.faults.carry = None
    run.faults.linger = None
    at(run, 21 * 60)
    agreed(run)
    assert sum(figure.matches for figure in run.world.referee.report(run.now).matched) > 20
    run.tell(e.StopRequested())
    run.until(run.now + MINUTE)
    assert run.exit == o.Exit(0, "stopped")


def test_a_ladder_that_becomes_coarser_leads_to_a_few_rejected_wagers() -> None:
    run = begin(demo(), scripted=False, sport_events=3)
    at(run, 30)
    run.world.venue.set_ladder(COARSE, run.now)
    at(run, 90)
    assert len([alert for _, alert in run.alerts if alert.name == "wager.rejected"]) < 40
    placed = [wager for wager in wagers(run.world) if wager.created_at > START + 40 * SECOND]
    assert placed
    assert {wager.odds in Ladder(COARSE) for wager in placed} == {True}
    agreed(run)
