"""A market with results leaves its scopes in one step, not wager by wager. It leaves once a read over REST shows one of
the results, or every wager has its result."""

from __future__ import annotations

from typing import Any

import pytest
from engine_scene import GAME, LINE, Fixed, Scene, settings
from msgspec.structs import replace

from mmbot.config.settings import LimitsConfig
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager import Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.status import ScopeStatus

SPREADS = (LineKey(GAME, 223, -14), LineKey(GAME, 223, -10))
SPREAD = MarketKey(GAME, 223)
LINES = (LINE, *SPREADS)
LIMITS = LimitsConfig(line=200, market=300, event=300, tournament=300, account=300, soft=0.4, hedge=0.7)


def matched() -> Scene:
    """A scene with many matched wagers on both outcomes of three lines: each offsets most of another."""
    scene = Scene(Fixed((0, 105, 6000), (1, 105, 6000)), settings(limits=LIMITS), lines=LINES, balance=10_000_000)
    scene.quoted()
    for turn in range(36):
        scene.take(turn // 3 % 2, 2400, LINES[turn % 3])
        scene.go(1300 * MILLISECOND)
    scene.go(10 * SECOND)
    scene.agree()
    return scene


def scope(scene: Scene, kind: str) -> ScopeStatus:
    return next(each for each in scene.status().scopes if each.scope == kind)


class Watched:
    """The greatest matched worst case of the sport event after each message about a wager."""

    def __init__(self, scene: Scene) -> None:
        self.before = scope(scene, "sport_event").matched
        self.seen: list[int] = []
        number = [0]

        def spread(message: e.FeedMessage) -> tuple[int, ...]:
            if isinstance(message, e.WagerMessage):
                number[0] += 1
                scene.run.at(scene.now + number[0] * 20 * MILLISECOND + 6 * MILLISECOND, note)
                return (number[0] * 20 * MILLISECOND,)
            return (0,)

        def note() -> None:
            self.seen.append(scope(scene, "sport_event").matched)

        scene.run.faults.carry = spread


@pytest.mark.parametrize("winner", [0, 1, None])
def test_no_threshold_is_entered_while_wagers_close_one_by_one(winner: Any) -> None:
    scene = matched()
    loss = scene.status().profit.today
    watched = Watched(scene)
    at = scene.now
    scene.venue.settle(SPREAD, winner, scene.now)
    scene.go(20 * SECOND)
    assert len(watched.seen) > 10
    last = watched.seen[-1]
    assert last < watched.before
    assert set(watched.seen) == {watched.before, last}, "it leaves in one step"
    assert watched.seen == sorted(watched.seen, reverse=True)
    entered = [
        fields
        for fields in scene.alerts("risk.threshold", at)
        if fields["threshold"] is not None and fields["scope"] in ("market", "sport_event", "account")
    ]
    assert not entered
    assert not scene.alerts("hedge.sent", at)
    assert not scene.alerts("settlement.partial")
    assert scene.guard("result") is None
    scene.agree()
    assert abs(scene.status().profit.today - loss) < 20_000
    scene.close()


def test_the_marked_profit_of_a_settling_market_follows_from_its_result() -> None:
    """The profit moves to its final value with the first report, and does not swing with the order of the others."""
    scene = matched()
    totals: list[int] = []
    watched = Watched(scene)
    run = scene.run
    original = run.alerts

    scene.venue.settle(SPREAD, 0, scene.now)
    end = scene.now + 20 * SECOND
    while scene.now < end:
        scene.go(20 * MILLISECOND)
        profit = scene.status().profit
        if scene.guard("result") is not None:
            totals.append(profit.realised + profit.marked)
    assert original is run.alerts
    assert len(watched.seen) > 10
    known = totals[len(SPREADS) * 2 :]
    assert max(known) - min(known) < 5_00
    scene.agree()
    scene.close()


def test_a_void_keeps_the_worst_case_until_every_wager_is_void() -> None:
    scene = matched()
    watched = Watched(scene)
    scene.venue.void(SPREAD, scene.now)
    scene.go(20 * SECOND)
    assert len(watched.seen) > 10
    assert max(watched.seen) == watched.before
    assert watched.seen[-1] < watched.before
    scene.agree()
    scene.close()


def test_results_whose_messages_are_lost_are_read_after_half_a_minute() -> None:
    scene = matched()
    number = [0]

    def first_only(message: e.FeedMessage) -> tuple[int, ...]:
        number[0] += isinstance(message, e.WagerMessage)
        return (0,) if not isinstance(message, e.WagerMessage) or number[0] == 1 else ()

    scene.run.faults.carry = first_only
    at = scene.now
    scene.venue.settle(SPREAD, 1, scene.now)
    scene.go(SECOND)
    scene.run.faults.carry = None
    assert scene.guard("result") is not None
    scene.until(lambda: scene.guard("result") is None, within=2 * MINUTE)
    assert scene.now - at < 60 * SECOND
    assert not scene.alerts("settlement.partial")
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def reports(scene: Scene) -> list[WagerReport]:
    """Return the exchange's reports on the matched wagers of the spread market."""
    history = scene.run.ask(r.ReadHistory(0, created_from=scene.now - 10 * MINUTE, created_to=scene.now + MINUTE))
    assert isinstance(history, e.HistoryRead)
    return [report for report in history.wagers if report.matched and report.market_id == SPREAD.market]


def false_result(report: WagerReport, scene: Scene, winning: Winning = Winning.LOST) -> WagerReport:
    return replace(report, status=Status.CLOSED, winning=winning, sequence=scene.now, match_stake=None)


@pytest.mark.parametrize("winning", [Winning.WON, Winning.LOST, Winning.PUSH])
def test_a_false_message_with_one_result_frees_no_room(winning: Winning) -> None:
    """The exchange has no result for any wager of the market, also when it is asked."""
    scene = matched()
    before = [(each.scope, each.matched) for each in scene.status().scopes]
    positions = [scene.position(line) for line in LINES]
    scene.run.tell(e.WagerMessage(scene.run.connection, false_result(reports(scene)[0], scene, winning)))
    assert scene.guard("result") is not None
    scene.go(SECOND)
    assert not scene.sides(SPREADS[0])
    assert not scene.sides(SPREADS[1])
    seen: list[Any] = []
    while scene.guard("result") is not None and len(seen) < 240:
        seen.append([(each.scope, each.matched) for each in scene.status().scopes])
        scene.go(SECOND)
    assert scene.guard("result") is None
    assert all(each == before for each in seen)
    assert [scene.position(line) for line in LINES] == positions
    assert not scene.alerts("hedge.sent")
    scene.go(3 * MINUTE)
    scene.agree()
    scene.close()


def test_a_settling_market_is_settled_after_a_crash_in_the_middle() -> None:
    scene = matched()
    Watched(scene)
    scene.venue.settle(SPREAD, 0, scene.now)
    scene.go(100 * MILLISECOND)
    assert scene.guard("result") is not None
    scene.restart(5 * SECOND)
    scene.until(lambda: scene.status().phase == "ready", within=MINUTE)
    scene.go(MINUTE)
    assert scene.guard("result") is None
    scene.agree()
    scene.close()
