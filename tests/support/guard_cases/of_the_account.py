"""A case for each guard of the account."""

from __future__ import annotations

import msgspec
from engine_scene import EVENING, LINE, START, Fixed, Scene, settings

from guard_cases import ELSEWHERE, UNREAD, Cases, held, lifted, two_sport_events, unread
from mmbot.backtest.faults import Fate
from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager import Status
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

CASES = Cases()


@CASES.provokes("latch")
def latch() -> None:
    scene = two_sport_events()
    scene.run.tell(e.KillRequested("a person said so"))
    held(scene, "latch", "a person said so")
    assert not scene.wagers()
    scene.run.tell(e.ResumeRequested())
    lifted(scene, "latch")


@CASES.provokes("stop")
def stop() -> None:
    scene = two_sport_events()
    scene.run.tell(e.StopRequested())
    held(scene, "stop", "ending")
    scene.until(lambda: scene.run.exit is not None)
    scene.close()


@CASES.provokes("starting")
def starting() -> None:
    scene = Scene()
    scene.run.faults.feed_allowed = False
    held(scene, "starting", "start")
    assert not scene.sent(r.PlaceMany)
    scene.run.faults.feed_allowed = True
    lifted(scene, "starting")


@CASES.provokes("feed")
def feed() -> None:
    scene = two_sport_events()
    scene.run.faults.feed_allowed = False
    scene.run.drop_feed("the cable")
    held(scene, "feed", "the cable")
    assert not scene.wagers()
    scene.run.faults.feed_allowed = True
    lifted(scene, "feed")


@CASES.provokes("feed_rejected")
def feed_rejected() -> None:
    scene = two_sport_events()
    scene.run.faults.feed_allowed = False
    scene.run.reject_feed("4004: over quota")
    held(scene, "feed_rejected", "4004")
    assert scene.guard("feed") is not None
    scene.run.faults.feed_allowed = True
    lifted(scene, "feed_rejected")


@CASES.provokes("stood_still")
def stood_still() -> None:
    scene = two_sport_events()
    connection = scene.run.connection
    since = scene.now
    scene.run.tell(e.StoodStill(12_345 * MILLISECOND))
    held(scene, "stood_still", "the daemon stood still for 12.345 s")
    assert scene.sent(r.CancelAll, since)
    assert not scene.wagers()
    lifted(scene, "stood_still")
    assert scene.run.connection > connection  # messages may have been missed


@CASES.provokes("clock")
def clock() -> None:
    scene = two_sport_events(starts=3 * DAY)
    scene.run.tell(e.WallStepped(-5 * HOUR))
    scene.go(15 * MINUTE)
    held(scene, "clock", "300 minutes ahead of this machine's")
    assert not scene.wagers()
    scene.run.tell(e.WallStepped(0))
    lifted(scene, "clock")


@CASES.provokes("ladder")
def ladder() -> None:
    scene = Scene()

    def answer(request: r.Request, now: int) -> e.Answer | None:
        return e.LadderRead(request.id, (110, 0, 50)) if isinstance(request, r.ReadLadder) else None

    scene.run.on_request = answer
    held(scene, "ladder", "no readable")
    assert scene.status().phase == "reading books"
    scene.run.on_request = None
    lifted(scene, "ladder")


@CASES.provokes("journal")
def journal() -> None:
    scene = two_sport_events()
    scene.run.tell(e.JournalState("database or disk is full"))
    held(scene, "journal", "disk is full")
    scene.run.tell(e.JournalState(None))
    lifted(scene, "journal")


@CASES.provokes("balance")
def balance() -> None:
    scene = two_sport_events(balance=100_000)
    scene.venue.deposit(scene.account, -99_500, scene.now)
    scene.until(lambda: scene.guard("balance") is not None)
    held(scene, "balance", "$5.00")
    assert not scene.wagers()
    scene.venue.deposit(scene.account, 99_500, scene.now)
    lifted(scene, "balance")


@CASES.provokes("unread_stake")
def unread_stake() -> None:
    scene = two_sport_events()
    unread(scene, msgspec.structs.replace(UNREAD, stake=None, why="stake None"))
    held(scene, "unread_stake", "wager w-1: stake None")
    assert not scene.wagers()
    unread(scene, msgspec.structs.replace(UNREAD, stake=None, may_rest=False, status=Status.CANCELED))
    lifted(scene, "unread_stake")


@CASES.provokes("daily_loss")
def daily_loss() -> None:
    scene = Scene(
        Fixed((0, 105, 20000), (1, 105, 20000)),
        config=settings(limits=LimitsConfig(daily_loss=20)),
        lines=(LINE, ELSEWHERE),
        starts=3 * DAY,
        start=EVENING,
    ).quoted()
    scene.take(1, 7000)
    scene.until(lambda: scene.position()[1] < -6000)
    scene.around(LINE, (180, -150))  # outcome 0 is worth a third now, and we hold it
    held(scene, "daily_loss", "limits.daily_loss is $20.00")
    assert not scene.wagers()
    scene.restart()  # the loss of the day is kept across restarts: nothing is quoted at any moment
    at = scene.now
    scene.go(HOUR)
    assert scene.guard("daily_loss") is not None
    assert not scene.placements(at)
    scene.until(lambda: scene.guard("daily_loss") is None, within=DAY)
    assert scene.now // DAY > START // DAY
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1})
    scene.close()


@CASES.provokes("matches_a_minute")
def matches_a_minute() -> None:
    scene = two_sport_events(config=settings(guards=GuardsConfig(hold_s=1.0, matches_a_minute=3)))
    for _ in range(4):
        scene.take(0, 200)
        scene.go(SECOND)
    held(scene, "matches_a_minute", "matches in the last minute")
    assert not scene.wagers()
    at = scene.now
    lifted(scene, "matches_a_minute", within=2 * MINUTE)
    assert scene.now - at > 45 * SECOND


@CASES.provokes("another_daemon")
def another_daemon() -> None:
    scene = two_sport_events()
    line_id = scene.venue.line_id(*LINE, 0)
    scene.venue.place(scene.account, "7abcde-q0-12", line_id, 150, 1000, scene.now)
    scene.go(5 * SECOND)
    held(scene, "another_daemon", "another mmbot (run 7abcde)")
    assert not [wager for wager in scene.wagers() if wager.external_id != "7abcde-q0-12"]
    at = scene.now
    lifted(scene, "another_daemon", within=11 * MINUTE)
    assert scene.now - at > 9 * MINUTE


@CASES.provokes("activation")
def activation() -> None:
    many = tuple(LineKey(sport_event, 219, 0) for sport_event in range(1, 7))
    scene = Scene(
        config=settings(guards=GuardsConfig(hold_s=1.0, awaiting_activation=5, activation_s=60.0)),
        lines=many,
        venue=VenueSettings(activation_ns=20 * SECOND),
    )
    scene.until(lambda: scene.guard("activation") is not None)
    guard = scene.guard("activation")
    assert guard is not None
    assert "await activation" in guard.reason
    assert scene.status().quoting  # open wagers stay
    scene.go(10 * SECOND)
    assert len(scene.wagers()) == 5
    lifted(scene, "activation", within=3 * MINUTE)
    assert max(len(request.items) for request in scene.sent(r.PlaceMany)) <= 5


@CASES.provokes("audit_late")
def audit_late() -> None:
    scene = two_sport_events()
    scene.run.faults.interfere = lambda request, now: Fate.BROKEN if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.until(lambda: scene.guard("audit_late") is not None, within=20 * MINUTE)
    held(scene, "audit_late", "were not compared with the exchange's history for 15 minutes")
    assert not scene.wagers()
    scene.run.faults.interfere = None
    lifted(scene, "audit_late", within=3 * MINUTE)


@CASES.provokes("audit_money")
def audit_money() -> None:
    scene = two_sport_events()
    scene.go(2 * MINUTE)

    def less(answer: e.Answer, now: int) -> e.Answer:
        if not isinstance(answer, e.BalanceRead):
            return answer
        return msgspec.structs.replace(answer, balance=answer.balance - 700)

    scene.amend(less)
    scene.until(lambda: scene.guard("audit_money") is not None, within=5 * MINUTE)
    held(scene, "audit_money", "the balance is $9,993.00; matches and results explain $10,000.00")
    assert not scene.wagers()
    lifted(scene, "audit_money", within=8 * MINUTE)
