"""Loads: worlds in which the damage of a broken engine comes more often. The exchange, the bot and the judge are the
same. A load changes how often each kind of fault comes, and some settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

import msgspec
from driver.scenario import Fault, Scenario, draw

from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND


class Load(NamedTuple):
    """How the seeds of a broken engine differ from the seeds of ``make simulate``."""

    name: str
    says: str
    """What comes more often."""
    hours: float = 1.0
    faults: Mapping[str, int] = {}
    """The only kinds of faults, each with its share. Empty: the faults of the seed."""
    an_hour: float = 30.0
    """How many of these faults come in a virtual hour on average."""
    config: Mapping[str, Mapping[str, Any]] = {}
    """Settings of the bot, by the section of its configuration."""
    change: Callable[[Scenario, Random], Mapping[str, Any]] = lambda scenario, rng: {}
    """Other fields of the scenario that the load draws."""

    def draw(self, seed: int) -> Scenario:
        """Draw the scenario of a seed with this load."""
        scenario = draw(seed, self.hours)
        rng = Random(f"{seed}/load")
        sections = {
            name: msgspec.structs.replace(getattr(scenario.config, name), **values)
            for name, values in self.config.items()
        }
        more = {"config": msgspec.structs.replace(scenario.config, **sections), **self.change(scenario, rng)}
        if self.faults:
            more["faults"] = self._faults(rng)
        return dataclasses.replace(scenario, **more)

    def _faults(self, rng: Random) -> tuple[Fault, ...]:
        names = [kind for kind, share in self.faults.items() for _ in range(share)]
        faults: list[Fault] = []
        at = 30 * SECOND
        while (at := at + round(rng.expovariate(self.an_hour) * HOUR)) < self.hours * HOUR:
            faults.append(Fault(at, rng.choice(names), rng.randrange(1 << 30)))
        return tuple(faults)


def _board(scenario: Scenario, **more: Any) -> dict[str, Any]:
    """A busy crowd: takers every few seconds, and sport events that start late enough to be quoted all the time."""
    board = msgspec.structs.replace(scenario.board, **{"taker_ns": 8 * SECOND, "first_start_ns": 90 * MINUTE, **more})
    return {"board": board, "balance": 1_000_000}


def _busy(scenario: Scenario, rng: Random) -> dict[str, Any]:
    starts = tuple(rng.randint(80, 150) * MINUTE for _ in range(1))
    return {**_board(scenario), "starts": starts, "fixtures": tuple(rng.randrange(8) for _ in starts)}


def _rounded(scenario: Scenario, rng: Random) -> dict[str, Any]:
    venue = msgspec.structs.replace(
        scenario.venue, match_profit=True, commission_rounding=rng.choice(("down", "up")), payout_ns=0
    )
    return {**_busy(scenario, rng), "venue": venue}


def _hedging(scenario: Scenario, rng: Random) -> dict[str, Any]:
    venue = msgspec.structs.replace(scenario.venue, match_profit=True, activation_ns=500 * MILLISECOND)
    params = {**scenario.params, "inventory": 200, "size": 30, "skew_price": 0.0, "skew_size": 0.0}
    return {**_busy(scenario, rng), "venue": venue, "params": params, "strategy": "fair_value"}


def _hedges_that_miss(scenario: Scenario, rng: Random) -> dict[str, Any]:
    """The book moves so fast that many hedges come too late."""
    board = _board(scenario, refresh_ns=2 * SECOND, volatility=0.08, level_payout=3_000)["board"]
    return {**_hedging(scenario, rng), "board": board}


def _slow_history(scenario: Scenario, rng: Random) -> dict[str, Any]:
    """Wagers open late, and the history shows them later still."""
    venue = msgspec.structs.replace(
        scenario.venue, history_lag_ns=9 * SECOND, activation_ns=8 * SECOND, opened_retry_ns=0
    )
    return {"venue": venue, "behind": rng.choice((0, 60, 240)) * SECOND, "starts": (), "fixtures": ()}


def _ids_twice(scenario: Scenario, rng: Random) -> dict[str, Any]:
    return {**_busy(scenario, rng), "ids_twice": True, "strategy": rng.choice(("fair_value", "restless"))}


_TIGHT = {"line": 40.0, "market": 40.0, "event": 40.0, "soft": 0.3, "hedge": 0.5, "stake": 50.0, "daily_loss": 5000.0}
_OFTEN = {"matches_a_minute": 1000}

NONE = Load("", "the seeds of make simulate")
BY_HAND = Load(
    "by hand",
    "wagers by hand, results, restarts",
    faults={"wager_by_hand": 6, "settled_early": 3, "stop": 2, "crash": 1, "corrected": 1},
    config={"limits": {"daily_loss": 5000.0}},
    an_hour=20,
    change=_busy,
)
LEFT_ALONE = Load(
    "left alone",
    "wagers by hand on an account that only the bot may use, and nothing else",
    faults={"wager_by_hand": 1},
    an_hour=12,
    config={"exchange": {"account": "exclusive"}},
)
UNKNOWN_LINES = Load(
    "unknown lines",
    "wagers by hand on lines that the bot does not know",
    faults={"wager_by_hand": 6, "unlisted": 2, "new_sport_event": 4, "board_messages_lost": 2, "stop": 2},
    an_hour=60,
)
HEDGES = Load(
    "hedges",
    "hedges, and lost private messages",
    faults={"private_lost": 1},
    an_hour=25,
    config={"limits": {**_TIGHT, "hedge_cost": 0.2}, "guards": _OFTEN},
    change=_hedges_that_miss,
)
HEDGES_BY_HAND = Load(
    "hedges and hands",
    "hedges, and wagers by hand on a shared account",
    faults={"wager_by_hand": 1},
    an_hour=40,
    config={
        "limits": {**_TIGHT, "hedge_cost": 0.2},
        "guards": _OFTEN,
        "exchange": {"account": "shared"},
    },
    change=_hedging,
)
RESULTS = Load(
    "results",
    "results of markets with many matches on both outcomes",
    faults={"settled_early": 4, "new_sport_event": 3},
    config={"limits": {**_TIGHT, "hedge": 0.6}, "guards": _OFTEN},
    change=_hedging,
)
COMMISSION = Load(
    "commission",
    "results on an exchange that rounds commission down or up",
    faults={"settled_early": 4, "new_sport_event": 1},
    an_hour=15,
    config={"limits": {"daily_loss": 5000.0}},
    change=_rounded,
)
STOPS = Load(
    "stops",
    "stops, hangs and crashes just after a placement; late wagers, a slow history, a clock behind",
    hours=0.5,
    faults={"stop": 1, "strategy_hangs": 3, "crash": 1},
    an_hour=60,
    config={"exchange": {"account": "exclusive"}},
    change=_slow_history,
)
CRASHES = Load(
    "crashes",
    "crashes, most of them just after a result or a match",
    faults={"crash": 3, "settled_early": 1},
    config={"limits": {"daily_loss": 5000.0}},
    change=_busy,
)
LIES = Load(
    "lies",
    "false private messages about results, and crashes soon after them",
    faults={"private_false_result": 1},
    an_hour=4,
    config={"limits": {"daily_loss": 5000.0}},
    change=_busy,
)
ENDLESS = Load(
    "endless lists",
    "lists that do not end, lost feeds and stops",
    faults={"endless_cursor": 3, "feed_cut": 2, "stop": 1},
    an_hour=25,
)
TWO_PLACES = Load(
    "two places",
    "a line id in two lines of each spread and total",
    faults={"wager_by_hand": 0, "feed_cut": 1},
    an_hour=2,
    config={"limits": {"daily_loss": 5000.0}, "guards": {"reconcile_s": 60.0}},
    change=_ids_twice,
)
MOVES = Load("moves", "lines that move to another sport event", faults={"line_moved": 1}, an_hour=12, change=_busy)
