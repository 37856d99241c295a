"""Lost, late and partial answers: no wager is doubled or left open, no limit is passed, all are resolved."""

from __future__ import annotations

import pytest
from engine_scene import GAME, LINE, OTHER, START, Fixed, Scene, lose, settings

from mmbot.backtest.faults import Fate
from mmbot.backtest.link import Delays
from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

TIGHT = settings(limits=LimitsConfig(line=25, market=25, event=25, tournament=25, account=25))
"""Room for one quote on each outcome, and not for two."""


def shut(scene: Scene) -> None:
    """Check that every wager is resolved, the books agree, no rule was broken, and a stop ends clear."""
    scene.go(5 * SECOND)
    assert scene.status().counts.unknown_wagers == 0
    scene.agree()
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == o.Exit(0, "stopped")
    scene.close()


def one_of_each(scene: Scene, line: LineKey = LINE) -> None:
    assert sorted(side for side, _, _ in scene.resting(line)) == [0, 1]


# --- placements -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED, Fate.BROKEN, Fate.LIMITED])
@pytest.mark.parametrize("times", [1, 3])
def test_a_placement_without_an_answer_is_neither_repeated_nor_lost(fate: Fate, times: int) -> None:
    scene = Scene(config=TIGHT, interfere=lose(r.PlaceMany, times, fate))
    scene.until(lambda: scene.sides() == {0, 1}, within=2 * MINUTE)
    scene.go(10 * SECOND)
    one_of_each(scene)
    done = fate is Fate.UNANSWERED
    assert len(scene.venue.wagers(scene.account)) == 2
    assert len(scene.sent(r.PlaceMany)) == (1 if done else times + 1)
    shut(scene)


def test_an_unknown_placement_counts_as_open_until_the_history_answers() -> None:
    def interfere(request: r.Request, now: int) -> Fate:
        if isinstance(request, r.PlaceMany):
            return Fate.LOST
        return Fate.LOST if isinstance(request, r.ReadHistory) and now > ready[0] else Fate.DONE

    ready = [START + 365 * 24 * 3600 * SECOND]
    scene = Scene(interfere=interfere)
    scene.until(lambda: scene.status().phase == "ready")
    ready[0] = scene.now
    scene.go(MINUTE)
    assert scene.status().counts.unknown_wagers == 2
    assert len(scene.sent(r.PlaceMany)) == 1
    assert scene.line().worst_case == sum(item.stake for item in scene.placements()[:1])
    scene.run.faults.interfere = None
    scene.quoted()
    assert scene.alerts("wager.absent")
    shut(scene)


def test_a_history_that_is_not_complete_past_the_request_proves_no_absence() -> None:
    scene = Scene(interfere=lose(r.PlaceMany, 1, Fate.LOST), venue=VenueSettings(history_lag_ns=20 * SECOND))
    scene.until(lambda: bool(scene.alerts("wager.absent")), within=3 * MINUTE)
    given_up = next(at for at, alert in scene.run.alerts if alert.name == "request.failed")
    absent = next(at for at, alert in scene.run.alerts if alert.name == "wager.absent")
    assert absent - given_up > 20 * SECOND
    scene.quoted()
    shut_slow(scene)


def shut_slow(scene: Scene) -> None:
    scene.go(SECOND)
    scene.agree()
    scene.close()


def test_placements_missing_from_an_answer_are_looked_up_in_the_history() -> None:
    scene = Scene(config=TIGHT)

    def change(said: e.Answer, now: int) -> e.Answer:
        if isinstance(said, e.Placed):
            end()
            return e.Placed(said.request, said.accepted[:1], ())
        return said

    end = scene.amend(change)
    scene.quoted()
    scene.go(10 * SECOND)
    one_of_each(scene)
    assert len(scene.sent(r.PlaceMany)) == 1
    shut(scene)


def test_an_external_id_that_exists_already_is_looked_up_and_not_taken_as_rejected() -> None:
    scene = Scene(config=TIGHT)
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    for item in scene.placements():  # the network delivers the request twice; the answer is to the second
        scene.venue.place(scene.account, item.external_id, item.line_id, item.odds, item.stake, scene.now)
    scene.quoted()
    scene.go(10 * SECOND)
    one_of_each(scene)
    scene.agree()
    assert not [item for item in scene.placements() if item.external_id not in {"r1-q0-0", "r1-q0-1"}]


def test_a_placement_executed_after_it_was_proved_absent_is_cancelled() -> None:
    scene = Scene(interfere=lose(r.PlaceMany, 1, Fate.LATE))
    scene.until(lambda: bool(scene.alerts("wager.revived")), within=2 * MINUTE)
    scene.go(10 * SECOND)
    one_of_each(scene)
    assert len(scene.venue.wagers(scene.account)) == 4
    shut(scene)


def test_a_revived_wager_whose_messages_are_lost_is_found_and_cancelled() -> None:
    scene = Scene(interfere=lose(r.PlaceMany, 1, Fate.LATE))
    scene.until(lambda: bool(scene.alerts("wager.absent")), within=2 * MINUTE)
    scene.quoted()
    scene.run.faults.silent = True
    scene.go(6 * SECOND)  # the request arrives now, and its messages are lost
    scene.run.faults.silent = False
    assert len(scene.wagers()) == 4
    scene.go(20 * MINUTE)
    one_of_each(scene)
    shut(scene)


@pytest.mark.parametrize("kind", [r.ReadWager, r.ReadHistory, r.ReadMatches, r.ReadBalance, r.ReadMarkets])
@pytest.mark.parametrize("fate", [Fate.LOST, Fate.LIMITED, Fate.BROKEN])
def test_a_failed_read_is_repeated(kind: type, fate: Fate) -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.run.faults.interfere = lose(kind, 3, fate)
    scene.take(0, 500)
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase != "ready")
    scene.requoted(2 * MINUTE)
    scene.go(20 * SECOND)
    shut(scene)


def test_an_activation_without_a_message_is_looked_up_after_ten_seconds_and_reconnects_once() -> None:
    scene = Scene()
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    scene.until(lambda: len(scene.wagers()) == 2)
    answered = scene.now
    scene.run.faults.silent = True
    scene.go(SECOND)
    scene.run.faults.silent = False
    scene.until(lambda: bool(scene.sent(r.ReadWager)), within=12 * SECOND)
    assert 9 * SECOND <= scene.now - answered <= 11 * SECOND
    scene.go(SECOND)
    assert len(scene.alerts("feed.lost")) == 1
    scene.requoted()
    scene.go(5 * MINUTE)
    assert len(scene.alerts("feed.lost")) == 1
    shut(scene)


def test_a_wager_found_in_the_history_with_a_lost_activation_is_looked_up() -> None:
    """The answer and the messages were lost. A read shows the wager as INACTIVE, so it must be looked up again."""
    scene = Scene(interfere=lose(r.PlaceMany), venue=VenueSettings(activation_ns=8 * SECOND))
    scene.until(lambda: bool(scene.sent(r.PlaceMany)))
    scene.until(lambda: {own.state for own in scene.line().own} == {"inactive"}, within=20 * SECOND)
    assert scene.alerts("request.failed")
    scene.run.faults.silent = True
    scene.go(4 * SECOND)
    scene.run.faults.silent = False
    scene.go(2 * MINUTE)
    scene.until(lambda: {own.state for own in scene.line().own} == {"open"}, within=MINUTE)
    shut(scene)


def test_a_match_without_a_message_is_looked_up_after_a_trade_at_our_price() -> None:
    scene = Scene().quoted()
    scene.go(2 * SECOND)
    scene.run.on_message = lambda message: None if isinstance(message, e.WagerMessage) else message
    scene.take(0, 500)  # a taker who would have accepted far worse odds
    at = scene.now
    scene.until(lambda: bool(scene.sent(r.ReadWager, at)), within=4 * SECOND)
    assert 2 * SECOND <= scene.now - at < 3 * SECOND
    scene.go(SECOND)
    assert scene.line().profit == scene.position() != (0, 0)
    scene.run.on_message = None
    shut(scene)


def test_a_late_matching_detail_is_read_again_until_the_odds_are_known() -> None:
    """A match whose message was lost counts at the wager's own odds until its detail comes."""
    scene = Scene().quoted()
    scene.go(2 * SECOND)
    lags = [3]

    def answer(request: r.Request, now: int) -> e.Answer | None:
        if isinstance(request, r.ReadMatches) and lags[0] > 0:
            lags[0] -= 1
            return e.MatchesRead(request.id, ())
        return None

    scene.run.on_request = answer
    scene.run.faults.silent = True
    for _ in range(3):
        scene.take(0, 333)
        scene.go(100 * MILLISECOND)
    scene.run.faults.silent = False
    scene.run.drop_feed()
    scene.until(lambda: scene.status().phase != "ready")
    scene.requoted()
    scene.go(30 * SECOND)
    assert lags == [0]
    assert len(scene.sent(r.ReadMatches)) == 4  # and no more often than needed
    shut(scene)


# --- cancels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED, Fate.BROKEN, Fate.LIMITED])
@pytest.mark.parametrize("times", [1, 4])
def test_a_cancel_without_an_answer_is_repeated_until_the_wager_is_gone(fate: Fate, times: int) -> None:
    quotes = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(quotes).quoted()
    scene.go(SECOND)
    old = {wager.external_id for wager in scene.wagers()}
    scene.run.faults.interfere = lose(r.CancelMany, times, fate)
    quotes.wants[None] = ((0, 108, 5000), (1, 108, 5000))
    scene.around(LINE, (115, 115))
    scene.until(lambda: not old & {wager.external_id for wager in scene.wagers()}, within=2 * MINUTE)
    scene.go(10 * SECOND)
    assert scene.resting() == [(0, 108, 2404), (1, 108, 2404)]
    shut(scene)


def test_an_accepted_cancel_without_effect_is_sent_again() -> None:
    """The cancel is answered with 200, but the wager stays open: a look-up shows that, and it is cancelled again."""
    quotes = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(quotes).quoted()
    scene.go(SECOND)
    lies = [2]

    def answer(request: r.Request, now: int) -> e.Answer | None:
        if isinstance(request, r.CancelMany) and lies[0] > 0:
            lies[0] -= 1
            return e.Cancelled(request.id, tuple(item.external_id for item in request.items), ())
        return None

    scene.run.on_request = answer
    quotes.wants[None] = ()
    scene.around(LINE, (115, 115))
    scene.until(lambda: not scene.wagers(), within=MINUTE)
    assert lies == [0]
    assert scene.sent(r.ReadWager)
    shut(scene)


def test_wagers_missing_from_the_answer_to_a_cancel_are_cancelled_again() -> None:
    quotes = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(quotes).quoted()
    scene.go(SECOND)
    left = [True]

    def answer(request: r.Request, now: int) -> e.Answer | None:
        if isinstance(request, r.CancelMany) and left[0]:
            left[0] = False
            return e.Cancelled(request.id, (), ())
        return None

    scene.run.on_request = answer
    quotes.wants[None] = ()
    scene.around(LINE, (115, 115))
    scene.until(lambda: not scene.wagers(), within=10 * SECOND)
    assert len(scene.sent(r.CancelMany)) == 2
    shut(scene)


def test_a_cancel_too_soon_after_the_opening_is_repeated_after_300_ms() -> None:
    quotes = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(quotes, venue=VenueSettings(opened_retry_ns=SECOND)).quoted()
    quotes.wants[None] = ()
    scene.around(LINE, (115, 115))
    scene.until(lambda: not scene.wagers(), within=5 * SECOND)
    cancels = [at for at, request in scene.run.requests if isinstance(request, r.CancelMany)]
    assert len(cancels) > 1
    assert 300 * MILLISECOND <= cancels[1] - cancels[0] < 400 * MILLISECOND
    shut(scene)


def test_a_cancel_waits_until_its_wager_is_live() -> None:
    quotes = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(quotes, venue=VenueSettings(activation_ns=700 * MILLISECOND))
    scene.until(lambda: len(scene.wagers()) == 2)
    quotes.wants[None] = ()
    scene.around(LINE, (115, 115))
    scene.until(lambda: bool(scene.venue.wagers(scene.account)) and not scene.wagers(), within=5 * SECOND)
    assert len(scene.sent(r.CancelMany)) == 1  # none was rejected for coming too early
    shut(scene)


def test_a_cancel_all_that_races_a_late_activation_is_repeated_until_clear() -> None:
    scene = Scene(venue=VenueSettings(activation_ns=3 * SECOND))
    scene.until(lambda: len(scene.wagers()) == 2)
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None)
    assert scene.run.exit == o.Exit(0, "stopped")
    assert not scene.wagers()
    assert all(wager.status.value == "canceled" for wager in scene.venue.wagers(scene.account))


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.UNANSWERED, Fate.BROKEN, Fate.LIMITED])
def test_a_cancel_all_without_an_answer_is_repeated_at_once(fate: Fate) -> None:
    scene = Scene().quoted()
    scene.run.faults.interfere = lose(r.CancelAll, 1, fate)
    at = scene.now
    scene.run.tell(e.KillRequested("test"))
    scene.until(lambda: not scene.wagers(), within=7 * SECOND)
    scene.until(lambda: scene.status().clear)
    assert len(scene.sent(r.CancelAll, at)) >= 2
    scene.close()


# --- storms -----------------------------------------------------------------------------------------------------------


def test_a_storm_of_429_does_not_raise_the_rate_of_requests() -> None:
    scene = Scene(lines=tuple(LineKey(sport_event, 219, 0) for sport_event in range(1, 6))).quoted()
    begins = scene.now
    scene.run.faults.interfere = lambda request, now: Fate.LIMITED if now < begins + 20 * SECOND else Fate.DONE
    for line in scene.lines:
        scene.around(line, (112, 112))
    strategy = scene.strategies[0]
    assert isinstance(strategy, Fixed)
    strategy.wants[None] = ((0, 106, 5000), (1, 106, 5000))
    scene.go(20 * SECOND)
    assert len([at for at, _ in scene.run.requests if at >= begins]) < 100
    scene.run.faults.interfere = None
    scene.go(90 * SECOND)
    for line in scene.lines:
        assert [odds for _, odds, _ in scene.resting(line)] == [106, 106]
    shut(scene)


def test_the_engine_survives_an_exchange_that_fails_for_a_minute() -> None:
    scene = Scene(config=TIGHT).quoted()
    begins = scene.now
    scene.run.faults.interfere = lambda request, now: Fate.BROKEN if now < begins + 60 * SECOND else Fate.DONE
    scene.take(0, 500)
    scene.go(MINUTE)
    scene.run.faults.interfere = None
    scene.go(2 * MINUTE)
    shut(scene)


@pytest.mark.parametrize("slow", [200, 1000, 2400])
def test_a_slow_exchange_is_still_quoted(slow: int) -> None:
    delays = Delays(request=slow * MILLISECOND, answer=slow * MILLISECOND, feed=slow * MILLISECOND)
    scene = Scene(config=TIGHT, delays=delays)
    scene.until(lambda: scene.sides() == {0, 1}, within=2 * MINUTE)
    scene.take(0, 700)
    scene.go(MINUTE)
    assert scene.sides() == {0, 1}
    scene.agree()
    scene.close()


def test_requests_stay_below_the_configured_rate_under_any_load() -> None:
    lines = tuple(LineKey(sport_event, 219, 0) for sport_event in range(1, 60))
    quotes = Fixed((0, 105, 500), (1, 105, 500))
    scene = Scene(
        quotes, config=settings(rate=20, guards=GuardsConfig(hold_s=1.0, awaiting_activation=500)), lines=lines
    )
    scene.quoted()
    for odds in (106, 107, 108):
        quotes.wants[None] = ((0, odds, 500), (1, odds, 500))
        for line in lines:
            scene.around(line, (115, 115 + odds - 100))
        scene.go(10 * SECOND)
    report = scene.close()
    assert report.busiest_second <= 20
    assert all(len(request.items) <= 20 for request in (*scene.sent(r.PlaceMany), *scene.sent(r.CancelMany)))
    assert max(len(request.items) for request in scene.sent(r.PlaceMany)) == 20
    assert all(line.sport_event != GAME or scene.sides(line) for line in lines)
