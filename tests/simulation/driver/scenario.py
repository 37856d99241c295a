"""Everything that a seed decides: the board, the crowd, the bot's settings, the exchange's habits, and the faults."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from mmbot.backtest.link import Delays
from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig, GuardsConfig, LimitsConfig, RuleConfig
from mmbot.domain.instant import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Duration, Instant
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.venue.settings import VenueSettings

from .kinds import CRASH, KINDS

START: Instant = 1_800_000_000 * SECOND
FAULTS_AN_HOUR = 9.0
CRASHES_AN_HOUR = 0.12

TWICE = 0.05
"""The share of runs in which a line id occurs in two lines."""
LATE = 0.06
"""The share of runs that go over midnight UTC, with a small limit on the loss of a day."""

STRATEGIES = ("fair_value", "fair_value", "fair_value", "levels", "restless", "raising")


@dataclass(frozen=True)
class Fault:
    """One fault: its kind, when it comes, and the number that its own random draws start from."""

    at: Duration
    """Time after the start of the run."""
    kind: str
    number: int


@dataclass(frozen=True)
class Scenario:
    """One drawn run."""

    seed: int
    start: Instant
    length: Duration
    board: BoardSettings
    starts: tuple[Duration, ...]
    """When each further sport event starts, counted from the start of the run."""
    fixtures: tuple[int, ...]
    """Which fixture each of these sport events has."""
    venue: VenueSettings
    balance: int
    config: Config
    strategy: str
    params: dict[str, float | int]
    delays: Delays
    behind: Duration
    """How far the bot's clock is behind the exchange's."""
    faults: tuple[Fault, ...]
    ids_twice: bool = False
    """True if the exchange's answers name the outcomes of one line of each market in a second line too."""


def draw(seed: int, hours: float = 1.0) -> Scenario:
    """Draw the scenario of a seed. Each part has random numbers of its own, so that a change of one part leaves the
    others as they were."""
    venue = _venue(Random(f"{seed}/venue"))
    rng = Random(f"{seed}/board")
    length = round(hours * HOUR)
    sport_events = rng.randint(1, 5)
    board = BoardSettings(
        sport_events=1,
        first_start_ns=rng.randint(6, 30) * MINUTE,
        game_ns=rng.randint(5, 25) * MINUTE,
        step_ns=10 * SECOND,
        volatility=rng.choice((0.01, 0.02, 0.04)),
        refresh_ns=rng.randint(8, 40) * SECOND,
        taker_ns=rng.randint(30, 110) * SECOND,
        taker_payout=rng.choice((2_000, 6_000, 12_000)),
        half_width=rng.choice((0.015, 0.02, 0.03)),
        level_payout=rng.choice((10_000, 30_000)),
    )
    rng = Random(f"{seed}/times")
    start = START + rng.randrange(DAY // MINUTE) * MINUTE
    midnight = (Random(f"{seed}/midnight").randint(10, 50)) * MINUTE if Random(f"{seed}/late").random() < LATE else None
    if midnight is not None:
        start = START // DAY * DAY + DAY - midnight
    return Scenario(
        seed=seed,
        start=start,
        length=length,
        board=board,
        starts=tuple(rng.randint(5, 150) * MINUTE for _ in range(sport_events)),
        fixtures=_fixtures(rng, sport_events),
        venue=venue,
        balance=rng.choice((30_000, 200_000, 1_000_000)),
        config=_config(Random(f"{seed}/config"), venue, midnight is not None),
        strategy=rng.choice(STRATEGIES),
        params=_params(Random(f"{seed}/params")),
        delays=_delays(Random(f"{seed}/delays")),
        behind=round(rng.choice((0.0, 0.0, 0.0, 0.4, 3.0, 45.0, -0.4, -3.0, -45.0)) * SECOND),
        faults=_faults(Random(f"{seed}/faults"), length, midnight),
        ids_twice=Random(f"{seed}/twice").random() < TWICE,
    )


def _fixtures(rng: Random, events: int) -> tuple[int, ...]:
    """Which fixtures are listed beside the first. Half of the boards have one tournament alone."""
    pool = rng.choice(((0, 4), tuple(range(8))))
    return tuple(rng.choice(pool) for _ in range(events))


def _venue(rng: Random) -> VenueSettings:
    """The habits of the exchange where its documents leave them open."""
    return VenueSettings(
        activation_ns=rng.choice((50, 150, 150, 500, 2500)) * MILLISECOND,
        funds=rng.choice(("at_match", "at_match", "at_placement")),
        history_lag_ns=rng.choice((50, 50, 800, 3000)) * MILLISECOND,
        opened_retry_ns=rng.choice((0, 0, 300)) * MILLISECOND,
        self_match=rng.choice(("reject", "wipe")),
        maker_wins=rng.choice(("takers_stake", "takers_stake", "half_up")),
        shown_profit=rng.choice(("offered", "matched")),
        match_profit=rng.random() < 0.7,
        history_newest_first=rng.random() < 0.3,
        payout_ns=rng.choice((0, 200, 5000)) * MILLISECOND,
        commission_rounding=rng.choice(("half_up", "half_even", "down", "up")),
        partly_canceled=rng.choice(("open", "open", "canceled")),
        results_dated=rng.random() < 0.7,
    )


def _config(rng: Random, venue: VenueSettings, late: bool) -> Config:
    line = rng.choice((25, 40, 60, 100))
    market = round(line * rng.choice((1.0, 1.0, 1.5)))
    sport_event = round(market * rng.choice((1.0, 1.5, 2.0)))
    tournament = round(sport_event * rng.choice((1.0, 1.3, 2.0)))
    account = round(tournament * rng.choice((1.0, 1.3, 2.0)))
    soft = rng.choice((0.3, 0.4, 0.5))
    limits = LimitsConfig(
        line=line,
        market=market,
        event=sport_event,
        tournament=tournament,
        account=account,
        soft=soft,
        hedge=soft + rng.choice((0.2, 0.3)),
        daily_loss=rng.choice((0.5, 2)) if late else rng.choice((100, 5000)),
        stake=rng.choice((15, 50, 250)),
    )
    guards = GuardsConfig(
        hold_s=rng.choice((1.0, 5.0)),
        stop_before_start_s=rng.choice((30.0, 120.0)),
        matches_a_minute=rng.choice((10, 1000)),
        reconcile_s=rng.choice((60.0, 300.0, 900.0)),
        min_balance=rng.choice((1.0, 10.0)),
    )
    return Config(
        environment="local",
        exchange=ExchangeConfig(
            base_url="http://127.0.0.1:9000/partner",
            requests_per_second=rng.choice((10, 25, 40, 40)),
            cancel_reserve=rng.choice((4, 8)),
            account="shared" if rng.random() < 0.2 else "exclusive",
            funds="at_placement" if venue.funds == "at_placement" else "at_match",
        ),
        quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
        limits=limits,
        guards=guards,
    )


def _params(rng: Random) -> dict[str, float | int]:
    margin = rng.choice((0.004, 0.008, 0.015))
    return {
        "margin": margin,
        "price_tolerance": margin * rng.choice((0.2, 0.7)),
        "size": rng.choice((15, 30, 60, 90)),
        "inventory": rng.choice((30, 60, 200)),
        "levels": rng.choice((1, 1, 2, 3)),
        "patience_s": rng.choice((0.0, 1.0, 10.0)),
        "skew_price": rng.choice((0.0, 0.01)),
        "skew_size": rng.choice((0.0, 0.5, 1.0)),
    }


def _delays(rng: Random) -> Delays:
    return Delays(
        request=rng.choice((5, 30, 200)) * MILLISECOND,
        answer=rng.choice((5, 30, 200)) * MILLISECOND,
        feed=rng.choice((5, 30, 200)) * MILLISECOND,
        connect=rng.choice((200, 1500)) * MILLISECOND,
    )


def _faults(rng: Random, length: Duration, midnight: Duration | None) -> tuple[Fault, ...]:
    """Faults come at random times, more than one at a time too. None comes in the first 30 seconds. A run over midnight
    has a step of the wall clock soon after it."""
    names = [kind for kind, share in KINDS.items() for _ in range(share)]
    faults: list[Fault] = []
    for rate, kinds in ((FAULTS_AN_HOUR, names), (CRASHES_AN_HOUR, [CRASH])):
        at = 30 * SECOND
        while (at := at + round(rng.expovariate(rate) * HOUR)) < length:
            faults.append(Fault(at, rng.choice(kinds), rng.randrange(1 << 30)))
    if midnight is not None:
        faults.append(Fault(midnight + rng.randint(60, 280) * SECOND, "clock_put_back", rng.randrange(1 << 30)))
    return tuple(sorted(faults, key=lambda fault: fault.at))
