"""The win of a maker is the taker's stake or the half-up profit of his own: with either rule the worst case stays
within its limit and the figures end up equal to the exchange's."""

from __future__ import annotations

import random

import pytest
from engine_scene import LINE, MARKET, OTHER, Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.simulator.venue.settings import VenueSettings

RULES = [
    VenueSettings(),
    VenueSettings(maker_wins="half_up"),
    VenueSettings(shown_profit="matched"),
    VenueSettings(match_profit=False, shown_profit="matched"),
]
TIGHT = LimitsConfig(line=200, market=200, event=200, tournament=200, account=200, soft=0.99, hedge=0.995)


def busy(rule: VenueSettings, seed: int = 1, seconds: int = 60) -> Scene:
    """A maker at odds of +117 and +132, and takers with odd stakes, up to the limit."""
    strategy = Fixed((0, 117, 40_000), (1, 132, 40_000))
    scene = Scene(strategy, settings(limits=TIGHT, guards=GuardsConfig(hold_s=1.0)), lines=(LINE, OTHER), venue=rule)
    for line in (LINE, OTHER):
        scene.around(line, (140, 140))
    scene.quoted()
    draw = random.Random(seed)
    for _ in range(seconds):
        line = draw.choice((LINE, OTHER))
        scene.take(draw.choice((0, 1)), draw.randint(101, 2_999), line)
        scene.go(SECOND)
    return scene


@pytest.mark.parametrize("rule", RULES[:3])
def test_no_limit_is_passed_and_every_win_equals_the_exchange_s(rule: VenueSettings) -> None:
    scene = busy(rule)
    scene.go(10 * SECOND)
    assert scene.status().counts.matches > 20
    scene.agree()
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def test_a_match_counts_at_the_worse_rounding_before_its_figure_is_read() -> None:
    """Without a figure in the matching detail, no win is counted that the exchange may not have booked."""
    scene = busy(VenueSettings(match_profit=False))
    scene.go(10 * SECOND)
    off = 0
    for line in (LINE, OTHER):
        ours, theirs = scene.line(line).profit, scene.position(line)
        assert all(mine <= truth for mine, truth in zip(ours, theirs, strict=True))
        off += sum(truth - mine for mine, truth in zip(ours, theirs, strict=True))
    assert 0 < off < 2 * scene.status().counts.matches
    scene.close()


@pytest.mark.parametrize("winner", [0, 1])
def test_a_payment_corrects_the_win_that_nothing_else_told(winner: int) -> None:
    """Neither the matching detail nor the wager tells the win, so only the transactions do."""
    scene = busy(VenueSettings(match_profit=False))
    scene.venue.settle(MARKET, winner, scene.now)
    scene.go(SECOND)
    estimated = scene.status().profit.realised
    assert estimated <= scene.referee.report(scene.now).profit.gross
    scene.go(10 * MINUTE)
    status, report = scene.status(), scene.referee.report(scene.now)
    assert (status.profit.realised, status.profit.commission) == (report.profit.gross, report.profit.commission)
    assert status.profit.realised > estimated
    assert not scene.alerts("payment.differs")
    scene.close()
