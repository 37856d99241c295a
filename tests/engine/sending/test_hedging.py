"""Hedges under other faults: too little money, and a strategy that raises."""

from __future__ import annotations

from typing import Any

import pytest
from engine_scene import GAME, LINE, Fixed, Scene, settings
from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.config.settings import LimitsConfig
from mmbot.domain.instant import HOUR, MINUTE, SECOND
from mmbot.domain.wager import Status, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

LOW = LimitsConfig(line=100, market=100, event=100, tournament=100, account=100, soft=0.3, hedge=0.6)


def hedges(scene: Scene) -> list[r.Placement]:
    return [item for item in scene.placements() if item.fill_or_kill]


@pytest.mark.plain
@pytest.mark.parametrize("funds", ["at_placement", "at_match"])
def test_a_hedge_is_limited_by_the_funds_that_are_left(funds: str) -> None:
    """7,000 of the balance went into the match: the hedge is limited to the remaining funds."""
    scene = Scene(
        Fixed((0, 105, 20000), (1, 105, 20000)),
        settings(limits=LOW, funds=funds),
        balance=20_000 if funds == "at_placement" else 7_200,
        venue=VenueSettings(funds=funds),
    ).quoted()
    left: list[int] = []

    def note(request: r.Request, now: int) -> Fate:
        if isinstance(request, r.PlaceMany) and request.items[0].fill_or_kill:
            cash = scene.venue.wallet(scene.account).balance
            resting = sum(wager.unmatched for wager in scene.wagers())
            by_multiple = round(cash * scene.config.limits.funds_multiple) - resting
            left.append(by_multiple if funds == "at_match" else min(cash, by_multiple))
        return Fate.DONE

    scene.run.faults.interfere = note
    scene.take(0, 7000)
    scene.until(lambda: scene.position()[0] <= -6000)
    scene.until(lambda: bool(left) or bool(scene.alerts("hedge.not_possible")), within=10 * SECOND)
    scene.go(40 * SECOND)
    assert all(item.stake <= least for item, least in zip(hedges(scene), left, strict=True))
    assert not scene.alerts("wager.rejected")
    scene.agree()
    scene.close()


def test_a_strategy_that_raises_after_a_match_stops_no_hedge() -> None:
    strategy = Fixed((0, 105, 20000), (1, 105, 20000))
    scene = Scene(strategy, settings(limits=LOW)).quoted()
    strategy.raises[GAME] = "the model is down"
    scene.take(0, 7000)
    scene.until(lambda: scene.guard("strategy") is not None, within=5 * SECOND)
    scene.until(lambda: bool(hedges(scene)), within=10 * SECOND)
    scene.go(5 * SECOND)
    assert scene.guard("strategy") is not None
    assert min(scene.position()) > -6000
    assert not scene.wagers(LINE)
    scene.agree()
    scene.close()


def test_a_line_whose_results_are_coming_in_is_not_hedged() -> None:
    """One message with a result may be false, so the line counts in the limits, but a hedge may be for nothing."""
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000)), settings(limits=LOW)).quoted()
    scene.take(0, 2000)
    scene.take(1, 1000)
    scene.go(3 * SECOND)
    history = scene.run.ask(r.ReadHistory(0, created_from=scene.now - 10 * MINUTE, created_to=scene.now + MINUTE))
    assert isinstance(history, e.HistoryRead)
    one = min((report for report in history.wagers if report.matched), key=lambda report: report.matched)
    told = replace(one, status=Status.CLOSED, winning=Winning.LOST, sequence=scene.now, match_stake=None)
    scene.take(0, 6500)
    scene.run.tell(e.WagerMessage(scene.run.connection, told))
    assert scene.guard("result") is not None
    scene.go(5 * SECOND)
    assert scene.guard("result") is not None
    matched = next(each for each in scene.status().scopes if each.scope == "account").matched
    assert matched >= 6000, "the line is at its hedge threshold"
    assert not hedges(scene)
    scene.until(lambda: bool(hedges(scene)), within=4 * MINUTE)
    assert hedges(scene), "once the result is withdrawn, the line is hedged"
    assert scene.guard("result") is None
    scene.close()


def sent_hedge(carry_end: bool, **more: Any) -> tuple[Scene, int]:
    """A scene in which a hedge was sent but finds no taker, and the instant of sending. ``carry_end``: true if the
    message about its end arrives."""
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000)), settings(limits=LOW), **more).quoted()

    def carry(message: e.FeedMessage) -> tuple[int, ...]:
        if isinstance(message, e.WagerMessage) and "-h-" in message.report.external_id:
            return (0,) if carry_end or message.report.status is Status.OPEN else ()
        return (0,)

    scene.run.faults.carry = carry
    scene.take(0, 7000)
    scene.until(lambda: bool(scene.alerts("hedge.sent")), within=10 * SECOND)
    for order in scene.house[LINE]:
        if order is not None:
            scene.venue.crowd.withdraw(order, scene.now)
    at = scene.now
    first = hedges(scene)[0].external_id
    scene.until(lambda: any(own.external_id == first and own.state == "open" for own in scene.line().own))
    return scene, at


def test_a_lost_message_about_the_end_of_a_hedge_delays_the_line_by_a_second() -> None:
    """The exchange ends a fill-or-kill after two seconds. The engine asks a second later."""
    scene, at = sent_hedge(False)
    first = hedges(scene)[0].external_id
    scene.until(lambda: all(own.external_id != first for own in scene.line().own), within=20 * SECOND)
    assert scene.now - at < 4 * SECOND
    assert len(scene.sent(r.ReadWager, at)) == 1
    scene.run.faults.carry = None
    scene.around(LINE, (110, 110))
    scene.until(lambda: len(scene.alerts("hedge.sent")) > 1, within=5 * SECOND)
    scene.close()


def test_a_hedge_whose_end_is_reported_is_not_looked_up() -> None:
    scene, at = sent_hedge(True)
    scene.go(20 * SECOND)
    assert not scene.sent(r.ReadWager, at)
    scene.close()


def test_a_hedge_that_the_exchange_does_not_end_is_cancelled() -> None:
    scene, at = sent_hedge(True, venue=VenueSettings(fill_or_kill_ns=HOUR))
    first = hedges(scene)[0].external_id
    scene.until(lambda: not any(wager.external_id == first for wager in scene.wagers()), within=20 * SECOND)
    assert scene.now - at < 8 * SECOND
    cancelled = [item.external_id for request in scene.sent(r.CancelMany, at) for item in request.items]
    assert first in cancelled
    scene.go(SECOND)
    assert all(own.external_id != first for own in scene.line().own)
    scene.close()


def test_no_hedge_is_sent_while_the_journal_cannot_be_written() -> None:
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000)), settings(limits=LOW)).quoted()
    scene.run.tell(e.JournalState("database or disk is full"))
    scene.take(0, 7000)
    scene.go(10 * SECOND)
    assert scene.position()[0] <= -6000
    assert not scene.wagers()
    assert not hedges(scene)
    scene.run.tell(e.JournalState(None))
    scene.until(lambda: bool(hedges(scene)), within=10 * SECOND)
