"""Every guard, triggered: it has its reason, its scope has no open wagers, and it is lifted as documented."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest
from engine_scene import EVENING, GAME, LINE, MARKET, MONEYLINE, OTHER, START, Fixed, Scene, settings

from mmbot.backtest.faults import Fate
from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager import Matching, Status, UnreadWager, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.risk.guards import GUARDS
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.venue.settings import VenueSettings

Case = Callable[[], None]
CASES: dict[str, Case] = {}

ELSEWHERE = LineKey(2, 219, 0)
"""A line of another sport event, which no guard of the first may touch."""


def provokes(guard: str) -> Callable[[Case], Case]:
    def note(case: Case) -> Case:
        CASES[guard] = case
        return case

    return note


def held(scene: Scene, guard: str, why: str, line: LineKey = LINE) -> None:
    """Check the guard, its reason and its metric, that its scope has no open wagers, and the reason of the line."""
    scene.until(lambda: scene.guard(guard) is not None)
    status = scene.guard(guard)
    assert status is not None
    assert why in status.reason
    assert scene.run.engine.guards[guard] >= 1
    scene.until(lambda: not scene.wagers(line), within=5 * SECOND)
    scene.go(5 * SECOND)
    assert not scene.wagers(line)
    shown = [each for sport_event in scene.status().sport_events for each in sport_event.lines]
    for each in shown:
        if (each.sport_event, each.market, each.number) == line:
            assert each.why is not None
            assert each.why.startswith(f"{guard}: ") or guard not in [g.guard for g in scene.status().guards][:1]


def cleared(scene: Scene, guard: str, within: int = 60 * SECOND) -> None:
    """Check that the guard is lifted and the line is quoted again."""
    scene.until(lambda: scene.guard(guard) is None, within)
    scene.until(lambda: all(scene.sides(line) == {0, 1} for line in scene.lines), within=30 * SECOND)
    scene.go(5 * SECOND)
    assert scene.guard(guard) is None
    assert scene.run.engine.guards[guard] == 0
    scene.agree()
    scene.close()


def two_sport_events(**more: object) -> Scene:
    return Scene(lines=(LINE, ELSEWHERE), **more).quoted()  # type: ignore[arg-type]


@provokes("latch")
def latch() -> None:
    scene = two_sport_events()
    scene.run.tell(e.KillRequested("a person said so"))
    held(scene, "latch", "a person said so")
    assert not scene.wagers()
    scene.run.tell(e.ResumeRequested())
    cleared(scene, "latch")


@provokes("stop")
def stop() -> None:
    scene = two_sport_events()
    scene.run.tell(e.StopRequested())
    held(scene, "stop", "ending")
    scene.until(lambda: scene.run.exit is not None)
    scene.close()


@provokes("starting")
def starting() -> None:
    scene = Scene()
    scene.run.faults.feed_allowed = False
    held(scene, "starting", "start")
    assert not scene.sent(r.PlaceMany)
    scene.run.faults.feed_allowed = True
    cleared(scene, "starting")


@provokes("feed")
def feed() -> None:
    scene = two_sport_events()
    scene.run.faults.feed_allowed = False
    scene.run.drop_feed("the cable")
    held(scene, "feed", "the cable")
    assert not scene.wagers()
    scene.run.faults.feed_allowed = True
    cleared(scene, "feed")


@provokes("feed_rejected")
def feed_rejected() -> None:
    scene = two_sport_events()
    scene.run.faults.feed_allowed = False
    scene.run.reject_feed("4004: over quota")
    held(scene, "feed_rejected", "4004")
    assert scene.guard("feed") is not None
    scene.run.faults.feed_allowed = True
    cleared(scene, "feed_rejected")


@provokes("stood_still")
def stood_still() -> None:
    scene = two_sport_events()
    connection = scene.run.connection
    since = scene.now
    scene.run.tell(e.StoodStill(12_345 * MILLISECOND))
    held(scene, "stood_still", "the daemon stood still for 12.345 s")
    assert scene.sent(r.CancelAll, since)
    assert not scene.wagers()
    cleared(scene, "stood_still")
    assert scene.run.connection > connection  # messages may have been missed


@provokes("clock")
def clock() -> None:
    scene = two_sport_events(starts=3 * DAY)
    scene.run.tell(e.WallStepped(-5 * HOUR))
    scene.go(15 * MINUTE)
    held(scene, "clock", "300 minutes ahead of this machine's")
    assert not scene.wagers()
    scene.run.tell(e.WallStepped(0))
    cleared(scene, "clock")


@provokes("ladder")
def ladder() -> None:
    scene = Scene()

    def answer(request: r.Request, now: int) -> e.Answer | None:
        return e.LadderRead(request.id, (110, 0, 50)) if isinstance(request, r.ReadLadder) else None

    scene.run.on_request = answer
    held(scene, "ladder", "no readable")
    assert scene.status().phase == "reading books"
    scene.run.on_request = None
    cleared(scene, "ladder")


@provokes("journal")
def journal() -> None:
    scene = two_sport_events()
    scene.run.tell(e.JournalState("database or disk is full"))
    held(scene, "journal", "disk is full")
    scene.run.tell(e.JournalState(None))
    cleared(scene, "journal")


@provokes("balance")
def balance() -> None:
    scene = two_sport_events(balance=100_000)
    scene.venue.deposit(scene.account, -99_500, scene.now)
    scene.until(lambda: scene.guard("balance") is not None)
    held(scene, "balance", "$5.00")
    assert not scene.wagers()
    scene.venue.deposit(scene.account, 99_500, scene.now)
    cleared(scene, "balance")


UNREAD = UnreadWager("w-1", "", True, "odds 2.5", Status.OPEN, sport_event_id=GAME, market_id=MONEYLINE, stake=500)


def unread(scene: Scene, wager: UnreadWager) -> None:
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, wager))


@provokes("unread_stake")
def unread_stake() -> None:
    scene = two_sport_events()
    unread(scene, msgspec.structs.replace(UNREAD, stake=None, why="stake None"))
    held(scene, "unread_stake", "wager w-1: stake None")
    assert not scene.wagers()
    unread(scene, msgspec.structs.replace(UNREAD, stake=None, may_rest=False, status=Status.CANCELED))
    cleared(scene, "unread_stake")


@provokes("unread_wager")
def unread_wager() -> None:
    scene = two_sport_events()
    unread(scene, UNREAD)
    held(scene, "unread_wager", "wager w-1: odds 2.5")
    assert scene.sides(ELSEWHERE) == {0, 1}
    unread(scene, msgspec.structs.replace(UNREAD, may_rest=False, status=Status.CANCELED))
    cleared(scene, "unread_wager")


@provokes("daily_loss")
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


@provokes("matches_a_minute")
def matches_a_minute() -> None:
    scene = two_sport_events(config=settings(guards=GuardsConfig(hold_s=1.0, matches_a_minute=3)))
    for _ in range(4):
        scene.take(0, 200)
        scene.go(SECOND)
    held(scene, "matches_a_minute", "matches in the last minute")
    assert not scene.wagers()
    at = scene.now
    cleared(scene, "matches_a_minute", within=2 * MINUTE)
    assert scene.now - at > 45 * SECOND


@provokes("activation")
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
    cleared(scene, "activation", within=3 * MINUTE)
    assert max(len(request.items) for request in scene.sent(r.PlaceMany)) <= 5


@provokes("start")
def start() -> None:
    scene = Scene(starts=10 * MINUTE).quoted()
    scene.until(lambda: scene.guard("start") is not None, within=10 * MINUTE)
    assert scene.now == START + 8 * MINUTE
    held(scene, "start", "within 120 s of its start")
    scene.venue.update_sport_event(
        msgspec.structs.replace(scene.venue.sport_event(GAME), scheduled=scene.now + 2 * HOUR), scene.now
    )
    cleared(scene, "start")


@provokes("live")
def live() -> None:
    scene = two_sport_events()
    scene.venue.go_live(GAME, scene.now)
    held(scene, "live", "status live")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.venue.update_sport_event(
        msgspec.structs.replace(scene.venue.sport_event(GAME), status="not_started"), scene.now
    )
    scene.around(LINE)
    cleared(scene, "live", within=20 * MINUTE)


@provokes("unlisted")
def unlisted() -> None:
    scene = two_sport_events()
    scene.venue.unlist_sport_event(GAME, scene.now)
    held(scene, "unlisted", "taken off")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.venue.list_sport_event(GAME, scene.now)
    cleared(scene, "unlisted")


@provokes("wiped")
def wiped() -> None:
    scene = two_sport_events()
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadSportEvents) else Fate.DONE
    line_id = scene.venue.line_id(*LINE, 0)
    own = next(wager for wager in scene.wagers(LINE) if wager.line_id == line_id)
    scene.run.tell(e.WagerMessage(1, wiped_report(scene, own.external_id)))
    held(scene, "wiped", "wiped a wager")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.run.faults.interfere = None
    scene.until(lambda: scene.guard("wiped") is None)  # a read of the sport event shows it before its start
    scene.close()


def wiped_report(scene: Scene, external_id: str) -> e.WagerReport:
    from mmbot.backtest.link import report
    from mmbot.domain.wager import Status

    wager = next(each for each in scene.venue.wagers(scene.account) if each.external_id == external_id)
    scene.venue.cancel(scene.account, wager.wager_id, external_id, scene.now)
    scene.venue.drain()
    return msgspec.structs.replace(report(wager), status=Status.WIPED, sequence=scene.now)


@provokes("strategy")
def strategy() -> None:
    raising = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = two_sport_events(strategy=raising)
    raising.raises[GAME] = "no such team"
    scene.around(LINE, (112, 112))
    held(scene, "strategy", "RuntimeError: no such team")
    assert scene.sides(ELSEWHERE) == {0, 1}  # the guard stops its sport event only
    assert scene.alerts("strategy.raised")
    raising.raises.clear()
    cleared(scene, "strategy", within=2 * MINUTE)


@provokes("strategy_slow")
def strategy_slow() -> None:
    scene = two_sport_events()
    scene.run.tell(e.StrategyOverran(GAME, 3 * SECOND))
    held(scene, "strategy_slow", "the strategy took 3 s")
    assert scene.wagers(ELSEWHERE)
    cleared(scene, "strategy_slow", within=61 * SECOND)


@provokes("inactive")
def inactive() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.venue.set_market_status(MARKET, "suspended", scene.now)
    held(scene, "inactive", "market suspended")
    assert scene.sides(OTHER) == {0, 1}
    scene.venue.set_market_status(MARKET, "active", scene.now)
    scene.around(LINE)
    cleared(scene, "inactive")


@provokes("outcomes")
def outcomes() -> None:
    scene = two_sport_events()
    key = LineKey(GAME, 300, 0)
    scene.add_market(MarketKey(GAME, 300), [key], scene.now, outcomes=3)
    held(scene, "outcomes", "not two outcomes", key)
    assert not [item for item in scene.placements() if item.line_id in outcome_ids(scene, key)]
    assert scene.sides(LINE) == {0, 1}
    scene.close()


def outcome_ids(scene: Scene, key: LineKey) -> list[str]:
    return [scene.venue.line_id(*key, side) for side in range(3)]


@provokes("book_unread")
def book_unread() -> None:
    """Another connection carries the books of a sport event from now on, and reads of them fail."""
    scene = Scene(lines=(LINE, ELSEWHERE)).quoted()
    scene.go(SECOND)
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadMarkets) else Fate.DONE
    scene.run.tell(e.FeedUp(1000, (e.Channel("of its own", (GAME,)),)))
    held(scene, "book_unread", "not read since the last connect")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.run.faults.interfere = None
    cleared(scene, "book_unread")


@provokes("book_age")
def book_age() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, book_age_s=600.0, reconcile_s=7200.0))).quoted()
    unmute = scene.mute()
    scene.until(lambda: scene.guard("book_age") is not None, within=11 * MINUTE)
    held(scene, "book_age", "no message and no agreeing read")
    unmute()
    scene.around(LINE, (112, 112))
    cleared(scene, "book_age")


@provokes("reconciliation")
def reconciliation() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, reconcile_s=60.0))).quoted()
    scene.go(5 * SECOND)
    turn = [0]

    def change(answer: e.Answer, now: int) -> e.Answer:
        if isinstance(answer, e.MarketsRead):
            turn[0] += 1
            level = Level(-110 - 2 * (turn[0] % 2), 500_00)
            image = answer.markets[GAME][0]
            return e.MarketsRead(answer.request, {GAME: (e.MarketImage(image.market, (Book(((level,), (level,))),)),)})
        return answer

    scene.run.on_answer = change
    scene.until(lambda: scene.guard("reconciliation") is not None, within=4 * MINUTE)
    assert scene.run.engine.differences["extra"] >= 2
    held(scene, "reconciliation", "two reads in a row differed from the book")
    scene.run.on_answer = None
    cleared(scene, "reconciliation", within=3 * MINUTE)


@provokes("price_age")
def price_age() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, price_age_s=60.0))).quoted()
    line_id = scene.venue.line_id(*LINE, 0)
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    given = scene.now
    scene.until(lambda: scene.guard("price_age") is not None, within=2 * MINUTE)
    assert scene.now == given + 60 * SECOND  # exactly then, although nothing else happened
    held(scene, "price_age", "too old")
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    cleared(scene, "price_age")


@provokes("off_fair")
def off_fair() -> None:
    wild = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(wild).quoted()
    wild.wants[None] = ((0, -220, 5000), (1, 105, 5000))  # a fat finger: 69 % where even is fair
    scene.around(LINE, (-130, 150))
    at = scene.now
    wild.wants[None] = ((0, -110, 5000), (1, 105, 5000))
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.30, scene.now))
    held(scene, "off_fair", "fair is 0.300")
    assert not [item for item in scene.placements(at + SECOND) if item.odds == -110]
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.52, scene.now))
    wild.wants[None] = ((0, 105, 5000), (1, 105, 5000))
    scene.around(LINE, (110, 112))
    cleared(scene, "off_fair")


@provokes("rejected")
def rejected() -> None:
    scene = two_sport_events()
    wild = scene.strategies[0]
    assert isinstance(wild, Fixed)
    rejections = [3]

    def answer(request: r.Request, now: int) -> e.Answer | None:
        if isinstance(request, r.PlaceMany) and rejections[0] > 0:
            rejections[0] -= 1
            items = tuple(
                e.FailedItem(item.external_id, e.Failure.REJECTED, "wager_stake_exceeds_max") for item in request.items
            )
            return e.Placed(request.id, (), items)
        return None

    scene.run.on_request = answer
    wild.wants[LINE] = ((0, 106, 5000), (1, 106, 5000))
    scene.around(LINE, (112, 112))
    scene.until(lambda: scene.guard("rejected") is not None)
    guard = scene.guard("rejected")
    assert guard is not None
    assert guard.reason == "wager_stake_exceeds_max"
    tries = [at for at, request in scene.run.requests if isinstance(request, r.PlaceMany)]
    cleared(scene, "rejected")
    tries = [at for at, request in scene.run.requests if isinstance(request, r.PlaceMany)][-4:]
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert all(SECOND <= pause < 5 * SECOND for pause in pauses)
    assert pauses == sorted(pauses)  # longer while rejections go on
    assert pauses[-1] > 2 * pauses[0] - 200 * MILLISECOND


@provokes("result")
def result() -> None:
    """One wager is reported as lost, falsely. The exchange has no result for the other one."""
    scene = two_sport_events()
    for side in (0, 1):
        scene.take(side, 5000)
        scene.go(5 * SECOND)
    history = scene.run.ask(r.ReadHistory(0, created_from=scene.now - MINUTE, created_to=scene.now + MINUTE))
    assert isinstance(history, e.HistoryRead)
    matched = next(report for report in history.wagers if report.matching is Matching.FULLY_MATCHED)
    told = msgspec.structs.replace(
        matched, status=Status.CLOSED, winning=Winning.LOST, sequence=scene.now, match_stake=None
    )
    scene.run.tell(e.WagerMessage(scene.run.connection, told))
    held(scene, "result", "the exchange reported results of this market")
    assert scene.sides(ELSEWHERE) == {0, 1}
    cleared(scene, "result", within=5 * MINUTE)


@provokes("duplicate_id")
def duplicate_id() -> None:
    """A read shows one id on both outcomes of the line."""
    scene = two_sport_events()

    def twice(answer: e.Answer, now: int) -> e.Answer:
        if not isinstance(answer, e.MarketsRead):
            return answer
        image = answer.markets[GAME][0]
        first, second = image.market.lines[0].outcomes
        outcomes = (msgspec.structs.replace(first, line_id=second.line_id), second)
        line = msgspec.structs.replace(image.market.lines[0], outcomes=outcomes)
        market = msgspec.structs.replace(image.market, lines=(line,))
        return msgspec.structs.replace(answer, markets=answer.markets | {GAME: (e.MarketImage(market, image.books),)})

    ended = scene.amend(twice)
    scene.until(lambda: scene.guard("duplicate_id") is not None, within=20 * MINUTE)
    held(scene, "duplicate_id", "stands in 2 places")
    assert scene.sides(ELSEWHERE) == {0, 1}
    ended()
    cleared(scene, "duplicate_id", within=20 * MINUTE)


@provokes("two_tournaments")
def two_tournaments() -> None:
    """A message names another tournament, and the reads of the lists fail."""
    scene = two_sport_events()
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadSportEvents) else Fate.DONE
    moved = msgspec.structs.replace(scene.venue.sport_event(GAME), tournament_id=234)
    scene.run.tell(e.SportEventMessage(scene.run.connection, e.Op.UPDATE, GAME, 234, moved))
    held(scene, "two_tournaments", "tournaments 132 and 234 list it")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.run.faults.interfere = None
    cleared(scene, "two_tournaments")


@provokes("audit_late")
def audit_late() -> None:
    scene = two_sport_events()
    scene.run.faults.interfere = lambda request, now: Fate.BROKEN if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.until(lambda: scene.guard("audit_late") is not None, within=20 * MINUTE)
    held(scene, "audit_late", "were not compared with the exchange's history for 15 minutes")
    assert not scene.wagers()
    scene.run.faults.interfere = None
    cleared(scene, "audit_late", within=3 * MINUTE)


@provokes("audit_money")
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
    cleared(scene, "audit_money", within=8 * MINUTE)


def falsely_canceled(scene: Scene, wager: VenueWager) -> None:
    """Tell the engine that one of the account's open wagers is canceled."""
    answer = scene.run.ask(r.ReadWager(0, wager.wager_id))
    assert isinstance(answer, e.WagerRead)
    assert answer.report is not None
    told = msgspec.structs.replace(answer.report, status=Status.CANCELED, sequence=scene.now)
    scene.run.tell(e.WagerMessage(scene.run.connection, told))


@provokes("audit_wager")
def audit_wager() -> None:
    scene = two_sport_events()
    scene.go(5 * SECOND)
    falsely_canceled(scene, scene.wagers(LINE)[0])
    scene.until(lambda: scene.guard("audit_wager") is not None, within=2 * MINUTE)
    held(scene, "audit_wager", "mmbot counted $0.00 open, $0.00 matched, no result yet; the exchange says $24.39 open")
    assert scene.sides(ELSEWHERE) == {0, 1}
    cleared(scene, "audit_wager", within=2 * MINUTE)


@provokes("audit_market")
def audit_market() -> None:
    """The wager is on a market whose lines no read shows."""
    scene = Scene(config=settings(account="shared"), lines=(LINE, ELSEWHERE))
    scene.amend(
        lambda answer, now: (
            msgspec.structs.replace(
                answer,
                markets={
                    sport_event: tuple(image for image in images if image.market.key.market == MONEYLINE)
                    for sport_event, images in answer.markets.items()
                },
            )
            if isinstance(answer, e.MarketsRead)
            else answer
        )
    )
    hidden = LineKey(GAME, 300, 0)
    scene.add_market(MarketKey(GAME, 300), (hidden,), scene.now)
    scene.quoted()
    placed = scene.venue.place(scene.account, "hand", scene.venue.line_id(*hidden, 0), 100, 2000, scene.now)
    scene.go(5 * SECOND)
    falsely_canceled(scene, scene.venue.wager(scene.account, placed.wager_id))
    scene.until(lambda: scene.guard("audit_market") is not None, within=2 * MINUTE)
    held(scene, "audit_market", "wager hand: mmbot counted $0.00 open")
    assert scene.sides(ELSEWHERE) == {0, 1}
    cleared(scene, "audit_market", within=2 * MINUTE)


@pytest.mark.parametrize("guard", [guard.name for guard in GUARDS])
def test_a_guard_gives_its_reason_cancels_its_scope_and_is_lifted_as_documented(guard: str) -> None:
    assert guard in CASES, f"{guard} is never provoked"
    CASES[guard]()


def test_every_case_belongs_to_an_existing_guard() -> None:
    assert set(CASES) == {guard.name for guard in GUARDS}
