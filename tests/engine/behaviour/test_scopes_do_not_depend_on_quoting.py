"""Every wager counts in all its scopes, whether or not its line is on the board, under a rule, in play, or ours."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine_scene import GAME, LINE, MONEYLINE, NBA, Fixed, Scene, settings

from mmbot.backtest.faults import Fate
from mmbot.config.settings import LimitsConfig, MatchConfig, RuleConfig
from mmbot.domain.catalogue import LineKey, MarketKey, SportEvent, Tournament
from mmbot.domain.instant import DAY, HOUR, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.status import PositionStatus, ScopeStatus

SECOND_GAME = LineKey(2, MONEYLINE, 0)
NHL = 234
PUCKS = LineKey(50, MONEYLINE, 0)
TIGHT = LimitsConfig(line=100, market=100, event=100, tournament=110, account=1000, soft=0.9, hedge=0.95)
"""One line may use nearly the whole limit of its tournament."""
ONLY_NBA = (RuleConfig(match=MatchConfig(tournament=(NBA,)), strategy="tests:Fixed"),)


def scope(scene: Scene, kind: str, name: str | None = None) -> ScopeStatus:
    return next(each for each in scene.status().scopes if each.scope == kind and (name is None or each.name == name))


def elsewhere(scene: Scene) -> PositionStatus:
    (position,) = scene.status().positions
    return position


def shown(position: PositionStatus) -> tuple[int, int, int | None]:
    return position.sport_event, position.market, position.number


# --- games in play --------------------------------------------------------------------------------------------------


def test_a_game_in_play_counts_in_its_tournament_after_a_restart() -> None:
    """The first game is matched and goes live. After a restart only the second game is quoted."""
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000)), settings(limits=TIGHT), lines=(LINE, SECOND_GAME)).quoted()
    scene.take(0, 6000)
    scene.until(lambda: min(scene.position()) <= -5000)
    scene.venue.go_live(GAME, scene.now)
    scene.go(5 * SECOND)
    scene.restart(MINUTE)
    scene.until(lambda: scene.status().phase == "ready" and scene.sides(SECOND_GAME) == {0, 1})
    held = -min(scene.position())
    resting = max(stake for _, _, stake in scene.resting(SECOND_GAME))
    tournament = scope(scene, "tournament")
    assert tournament.name == "NBA"
    assert tournament.matched == held
    assert tournament.worst_case == held + resting <= tournament.limit == 11_000
    position = elsewhere(scene)
    assert shown(position) == (GAME, MONEYLINE, 0)
    assert position.tournament == "NBA"
    assert position.profit == scene.position()
    assert (position.worst_case, position.remaining) == (held, 0)
    assert position.locked == scene.status().locked
    scene.take(1, 20_000, SECOND_GAME)
    scene.go(MINUTE)
    scene.agree()
    scene.close()


def test_a_game_that_is_over_and_not_listed_counts_in_every_tournament_after_a_restart() -> None:
    """Nothing shows to which tournament its wagers belong, so that no tournament may have the room."""
    scene = Scene(Fixed((0, 105, 20000), (1, 105, 20000)), settings(limits=TIGHT), lines=(LINE, SECOND_GAME)).quoted()
    scene.take(0, 6000)
    scene.until(lambda: min(scene.position()) <= -5000)
    scene.venue.go_live(GAME, scene.now)
    scene.venue.unlist_sport_event(GAME, scene.now)
    scene.go(5 * SECOND)
    scene.restart(MINUTE)
    scene.until(lambda: scene.status().phase == "ready" and scene.sides(SECOND_GAME) == {0, 1})
    assert elsewhere(scene).tournament == ""
    assert scope(scene, "tournament", "NBA").matched == -min(scene.position())
    scene.take(1, 20_000, SECOND_GAME)
    scene.go(MINUTE)
    assert scene.sent(r.ReadSportEventsById)
    scene.close()
    scene.venue.list_sport_event(GAME, scene.now)
    scene.until(lambda: elsewhere(scene).tournament == "NBA", within=20 * MINUTE)
    assert scope(scene, "tournament", "NBA").matched == -sum(min(scene.position(line)) for line in scene.lines)


# --- wagers by hand -------------------------------------------------------------------------------------------------


def with_pucks(limits: LimitsConfig = TIGHT) -> Scene:
    """A scene with a sport event in a tournament that no rule matches."""
    scene = Scene(
        Fixed((0, 105, 20000), (1, 105, 20000)), settings(limits=limits, account="shared", rules=ONLY_NBA), starts=DAY
    )
    scene.venue.add_tournament(Tournament(NHL, "NHL", "Hockey"), scene.now)
    sport_event = SportEvent(PUCKS.sport_event, NHL, "A @ B", "not_started", scene.starts, "Hockey", "NHL")
    scene.venue.add_sport_event(sport_event, scene.now, listed=False)
    scene.add_market(MarketKey(PUCKS.sport_event, PUCKS.market), (PUCKS,), scene.now)
    scene.run.on_message = lambda message: None if isinstance(message, e.SportEventMessage) else message
    return scene


def by_hand(scene: Scene, stake: int, *, named: bool = False) -> None:
    """Place a wager by hand on the second tournament, and let it be matched. ``named``: true if the exchange still
    lists its sport event when the daemon learns of the wager."""
    scene.venue.list_sport_event(PUCKS.sport_event, scene.now)
    scene.run.faults.interfere = lambda request, now: (
        Fate.BROKEN if isinstance(request, r.ReadSportEventsById) and not named else Fate.DONE
    )
    scene.venue.place(scene.account, "hand", scene.venue.line_id(*PUCKS, 0), 100, stake, scene.now)
    scene.go(SECOND)
    scene.take(1, stake, PUCKS, 100)
    if not named:
        scene.venue.unlist_sport_event(PUCKS.sport_event, scene.now)
    scene.go(SECOND)
    scene.run.faults.interfere = None


def test_a_wager_by_hand_counts_in_its_own_tournament_once_the_exchange_named_it() -> None:
    scene = with_pucks()
    scene.quoted()
    by_hand(scene, 9000, named=True)
    scene.go(5 * SECOND)
    assert [request.sport_events for request in scene.sent(r.ReadSportEventsById)] == [(PUCKS.sport_event,)]
    assert scope(scene, "tournament").name == "NBA"
    assert scope(scene, "tournament").matched == 0
    assert scope(scene, "account").matched == 9000
    position = elsewhere(scene)
    assert (position.tournament, position.worst_case, position.locked) == ("NHL", 9000, 9000)
    assert position.name.startswith("A @ B")
    assert scene.sides() == {0, 1}
    scene.close()


@pytest.mark.parametrize("stake", [9000, 12_000])
def test_a_wager_on_a_sport_event_of_unknown_tournament_counts_in_every_tournament(stake: int) -> None:
    scene = with_pucks()
    scene.quoted()
    by_hand(scene, stake)
    scene.go(5 * SECOND)
    assert elsewhere(scene).tournament == ""
    tournament = scope(scene, "tournament", "NBA")
    assert tournament.matched == stake
    if stake < tournament.limit:
        assert tournament.worst_case <= tournament.limit
    else:
        assert not scene.wagers(LINE), "no room is left in any tournament"
    scene.venue.list_sport_event(PUCKS.sport_event, scene.now)
    scene.until(lambda: elsewhere(scene).tournament == "NHL", within=HOUR)
    scene.until(lambda: scene.sides() == {0, 1}, within=5 * SECOND)
    tournament = scope(scene, "tournament", "NHL")
    assert (tournament.matched, scope(scene, "account").matched) == (stake, stake)


def test_look_ups_of_a_tournament_back_off_and_survive_failures() -> None:
    scene = with_pucks()
    scene.quoted()
    broken_until = scene.now + 10 * SECOND
    by_hand(scene, 1000)
    scene.run.faults.interfere = lambda request, now: (
        Fate.BROKEN if isinstance(request, r.ReadSportEventsById) and now < broken_until else Fate.DONE
    )
    scene.go(2 * HOUR)
    times = [at for at, request in scene.run.requests if isinstance(request, r.ReadSportEventsById)]
    assert 5 <= len([at for at in times if at < broken_until]) <= 12
    later = [at for at in times if at >= broken_until]
    gaps = [round((second - first) / SECOND) for first, second in pairwise(later)]
    assert gaps[:5] == [30, 60, 120, 240, 480]
    assert set(gaps[6:]) == {900}
