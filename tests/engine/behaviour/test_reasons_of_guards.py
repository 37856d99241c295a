"""The reason of a guard: it is updated while the guard holds, and the start of the guard stays."""

from __future__ import annotations

import msgspec
from engine_scene import GAME, LINE, MARKET, START, Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine.risk.guards import ACCOUNT, Guards


def test_a_new_reason_replaces_the_old_one_and_changes_nothing_else() -> None:
    guards = Guards()
    assert guards.hold("feed", ACCOUNT, "the cable", START)
    changes = guards.changes
    assert not guards.hold("feed", ACCOUNT, "no health_check", START + MINUTE)
    assert guards.reason("feed", ACCOUNT) == "no health_check"
    assert guards.since("feed", ACCOUNT) == START
    assert guards.changes == changes
    assert guards.raised == 1


def test_the_low_balance_guard_gives_the_last_balance_read() -> None:
    scene = Scene(balance=100_000).quoted()
    scene.venue.deposit(scene.account, -99_500, scene.now)
    scene.until(lambda: scene.guard("balance") is not None)
    first = scene.guard("balance")
    scene.venue.deposit(scene.account, 200, scene.now)
    scene.go(MINUTE)
    now = scene.guard("balance")
    assert first is not None
    assert now is not None
    assert (first.reason[:5], now.reason[:5]) == ("$5.00", "$7.00")
    assert now.since == first.since
    scene.close()


def test_the_matches_a_minute_guard_counts_the_last_minute() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, matches_a_minute=3))).quoted()
    for _ in range(4):
        scene.take(0, 200)
        scene.go(10 * SECOND)
    reasons = []
    while (guard := scene.guard("matches_a_minute")) is not None:
        if not reasons or reasons[-1] != guard.reason:
            reasons.append(guard.reason)
        scene.go(SECOND)
    assert reasons == [f"{count} matches in the last minute" for count in (4, 3, 2, 1)]
    scene.close()


def test_guards_of_a_sport_event_and_of_a_line_give_their_present_reason() -> None:
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy).quoted()
    sport_event = scene.venue.sport_event(GAME)

    def reason(guard: str) -> str:
        scene.go(2 * SECOND)
        held = scene.guard(guard)
        assert held is not None
        return held.reason

    for price in (0.3, 0.31):
        strategy.wants[None] = ((0, -110, 5000), (1, 105, 5000))
        scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), price, scene.now))
        assert reason("off_fair").endswith(f"fair is {price:.3f}")
    strategy.wants[None] = ((0, 105, 5000), (1, 105, 5000))
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.5, scene.now))
    for status in ("suspended", "closed"):
        scene.venue.set_market_status(MARKET, status, scene.now)
        assert reason("inactive") == f"market {status}, line active"
    for status in ("live", "ended"):
        scene.venue.update_sport_event(msgspec.structs.replace(sport_event, status=status), scene.now)
        assert reason("live") == f"status {status}"
    scene.close()


def test_the_status_without_sport_events_is_otherwise_the_same() -> None:
    scene = Scene().quoted()
    whole = scene.run.engine.status(scene.run.now)
    assert scene.run.engine.status(scene.run.now, sport_events=False) == msgspec.structs.replace(whole, sport_events=())
    quoted = [line for sport_event in whole.sport_events for line in sport_event.lines if line.own]
    assert whole.lines.quoted == whole.lines.quotable == len(quoted) > 0
    scene.close()
