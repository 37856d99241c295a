"""Thresholds and hedges: above ``soft`` only the reducing side is quoted, above ``hedge`` the excess is hedged."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine_scene import LINE, Fixed, Scene, settings

from mmbot.config.settings import LimitsConfig
from mmbot.domain.instant import SECOND
from mmbot.domain.odds import implied
from mmbot.engine import events as e
from mmbot.engine import requests as r

LOW = LimitsConfig(line=100, market=100, event=100, tournament=100, account=100, soft=0.3, hedge=0.6)


def loaded(strategy: Fixed, limits: LimitsConfig = LOW) -> Scene:
    """A line matched on one side until it is past soft, with orders of the house that a hedge can take."""
    return Scene(strategy, config=settings(limits=limits)).quoted()


def test_past_the_soft_threshold_only_the_reducing_side_is_quoted() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = loaded(strategy)
    while scene.position()[0] > -3000:
        scene.take(0, 500)
        scene.go(SECOND)
    scene.go(2 * SECOND)
    assert scene.sides() == {0}
    assert [fields["threshold"] for fields in scene.alerts("risk.threshold") if fields["scope"] == "line"] == ["soft"]
    while scene.position()[0] <= -2500:
        scene.take(1, 500)
        scene.go(SECOND)
    scene.go(2 * SECOND)
    assert scene.sides() == {0, 1}
    assert scene.alerts("risk.threshold")[-1]["threshold"] is None
    scene.agree()
    scene.close()


def test_past_the_hedge_threshold_the_excess_is_hedged_on_the_other_outcome() -> None:
    strategy = Fixed((0, 105, 20000), (1, 105, 20000))
    scene = loaded(strategy)
    scene.take(0, 7000)
    scene.until(lambda: scene.status().counts.hedges == 1)
    hedge = next(item for item in scene.placements() if item.fill_or_kill)
    sent = next(at for at, request in scene.run.requests if isinstance(request, r.PlaceMany) and hedge in request.items)
    fair = scene.line().fair
    assert fair is not None
    assert hedge.line_id == scene.venue.line_id(*LINE, 0)
    assert implied(hedge.odds) <= fair + 0.05 + 1e-6  # within limits.hedge_cost of the fair price
    # Own quotes that it could match were cancelled, and that was confirmed, before it left.
    for wager in scene.venue.wagers(scene.account):
        if wager.side == 1 and wager.status.value == "canceled":
            assert wager.updated_at < sent
    scene.go(5 * SECOND)
    assert scene.position()[0] > -6000
    assert min(scene.position()) > -6000  # below the threshold; open wagers use the remaining room
    assert scene.status().counts.hedges == 1
    scene.agree()
    scene.close()


def test_one_hedge_per_line_is_in_flight_and_a_failed_hedge_is_tried_again() -> None:
    strategy = Fixed((0, 105, 20000), (1, 105, 20000))
    scene = loaded(strategy)
    scene.around(LINE, (-101, 110))  # outcome 0 is too expensive at the present fair price
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.40, scene.now))
    scene.take(0, 7000)
    scene.until(lambda: bool(scene.alerts("hedge.not_possible")))
    assert scene.alerts("hedge.not_possible")[-1]["why"] == "every offer costs more than allowed"
    scene.go(30 * SECOND)
    assert not scene.status().counts.hedges
    assert len(scene.alerts("hedge.not_possible")) == 1  # logged once
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.50, scene.now))
    scene.until(lambda: scene.status().counts.hedges >= 1, within=10 * SECOND)
    hedges = [
        (at, item)
        for at, request in scene.run.requests
        if isinstance(request, r.PlaceMany)
        for item in request.items
        if item.fill_or_kill
    ]
    assert all(len(request.items) == 1 for request in scene.sent(r.PlaceMany) if request.items[0].fill_or_kill)
    for (earlier, _), (later, _) in pairwise(hedges):
        assert later - earlier >= 3 * SECOND
    scene.go(20 * SECOND)
    scene.agree()
    scene.close()


@pytest.mark.parametrize("order", ["kill", "stop", "feed"])
def test_no_hedge_is_sent_after_a_kill_a_stop_or_a_lost_feed(order: str) -> None:
    strategy = Fixed((0, 105, 20000), (1, 105, 20000))
    scene = loaded(strategy)
    scene.take(0, 7000)
    at = scene.now
    if order == "kill":
        scene.run.tell(e.KillRequested("test"))
    elif order == "stop":
        scene.run.tell(e.StopRequested())
    else:
        scene.run.faults.feed_allowed = False
        scene.run.drop_feed()
    scene.go(20 * SECOND)
    assert not scene.sent(r.PlaceMany, at)
    scene.close()


def test_a_hedge_with_a_lost_answer_does_not_block_its_line_for_good() -> None:
    from mmbot.backtest.faults import Fate

    strategy = Fixed((0, 105, 20000), (1, 105, 20000))
    scene = loaded(strategy)

    def interfere(request: r.Request, now: int) -> Fate:
        hedge = isinstance(request, r.PlaceMany) and request.items[0].fill_or_kill
        return Fate.LOST if hedge and len(scene.alerts("hedge.sent")) <= 1 else Fate.DONE

    scene.run.faults.interfere = interfere
    scene.take(0, 7000)
    scene.until(lambda: scene.status().counts.hedges >= 2, within=30 * SECOND)
    scene.go(10 * SECOND)
    assert 0 in scene.sides()
    scene.agree()
    scene.close()
