"""A recorded NBA moneyline from its start to its settlement: quoted well, matched, paid to the cent, within limits."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from mmbot.backtest.tape import TapeResult, play
from mmbot.config import Config
from mmbot.domain.instant import SECOND
from mmbot.simulator.crowd.tape import Tape, read_tape
from mmbot.strategy.interface import Strategy
from mmbot.strategy.loader import open_config

ROOT = Path(__file__).resolve().parents[2]
NAME = "nba-cle-at-min-2019-12-28.jsonl.gz"
START = 1_800_000_000 * SECOND


@pytest.fixture(scope="module")
def tape() -> Tape:
    """Read the tape that MMBOT_TAPE names: a file, or the folder with the file."""
    given = Path(os.environ.get("MMBOT_TAPE") or ROOT.parent / "shared" / "tapes")
    path = given / NAME if given.is_dir() else given
    if not path.is_file():
        pytest.skip(f"no tape at {path}; MMBOT_TAPE names one")
    return read_tape(path)


def shipped() -> tuple[Config, tuple[Strategy, ...]]:
    return open_config(ROOT / "config" / "demo.yaml")


@pytest.fixture(scope="module")
def demo(tape: Tape) -> TapeResult:
    config, strategies = shipped()
    return play(tape, config, strategies, START)


@pytest.fixture(scope="module")
def low(tape: Tape) -> TapeResult:
    config, strategies = shipped()
    limits = msgspec.structs.replace(
        config.limits, line=60.0, market=60.0, event=60.0, tournament=60.0, account=60.0, hedge=0.6
    )
    return play(tape, msgspec.structs.replace(config, limits=limits), strategies, START)


def test_both_outcomes_are_quoted_in_90_percent_of_the_time_with_a_tight_market(demo: TapeResult) -> None:
    assert demo.quality.covered >= 0.90
    assert demo.quality.wanted > 0


def test_our_bid_ask_spread_is_three_points_at_most(demo: TapeResult) -> None:
    assert demo.quality.width is not None
    assert 0.0 < demo.quality.width <= 0.03


def test_both_outcomes_are_matched(demo: TapeResult) -> None:
    assert [figure.side for figure in demo.referee.matched] == [0, 1]
    assert all(figure.matches >= 20 for figure in demo.referee.matched)
    assert sum(figure.stake for figure in demo.referee.matched) >= 50_000
    assert demo.status.counts.matched_stake == sum(figure.stake for figure in demo.referee.matched)


@pytest.mark.parametrize("which", ["demo", "low"])
def test_the_profit_after_commission_equals_the_exchanges_to_the_cent(
    which: str, request: pytest.FixtureRequest
) -> None:
    result: TapeResult = request.getfixturevalue(which)
    ours, theirs = result.status.profit, result.referee.profit
    assert (ours.realised, ours.commission) == (theirs.gross, theirs.commission)
    assert result.profit == theirs.net == theirs.wallet
    assert ours.marked == 0
    assert "closed" in result.referee.ended  # it was played to its settlement


@pytest.mark.parametrize("which", ["demo", "low"])
def test_the_referee_judged_the_limits_and_found_no_breach(which: str, request: pytest.FixtureRequest) -> None:
    result: TapeResult = request.getfixturevalue(which)
    assert result.referee.ok, result.referee.broken
    assert len(result.referee.worst_case) == 5
    for figure in result.referee.worst_case:
        assert figure.limit is not None
        assert 0 < figure.greatest <= figure.limit
    assert result.referee.live_wagers == 0
    assert result.referee.busiest_second <= 40
    assert result.status.counts.unknown_wagers == 0


def test_low_limits_pass_the_soft_and_hedge_thresholds_and_come_back(low: TapeResult) -> None:
    for threshold in ("soft", "hedge"):
        assert low.thresholds[f"{threshold}.entered"] >= 1
        assert low.thresholds[f"{threshold}.left"] >= 1
    assert low.status.counts.hedges >= 1
    assert max(figure.matched_greatest for figure in low.referee.worst_case) >= 0.6 * 6000


def test_the_figures_are_printed_in_words(demo: TapeResult) -> None:
    text = "\n".join(demo.lines())
    for said in ("worst case of a line:", "worst case of a sport event:", "worst case of the account:"):
        assert said in text
