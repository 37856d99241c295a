"""A case for each guard of a line."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from engine_scene import GAME, LINE, MARKET, OTHER, Fixed, Scene, settings

from guard_cases import ELSEWHERE, Cases, falsely_canceled, held, lifted, two_sport_events
from mmbot.backtest.faults import Fate
from mmbot.config.settings import GuardsConfig
from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager import Matching, Status, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r

CASES = Cases()


@CASES.provokes("inactive")
def inactive() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.venue.set_market_status(MARKET, "suspended", scene.now)
    held(scene, "inactive", "market suspended")
    assert scene.sides(OTHER) == {0, 1}
    scene.venue.set_market_status(MARKET, "active", scene.now)
    scene.around(LINE)
    lifted(scene, "inactive")


@CASES.provokes("outcomes")
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


@CASES.provokes("book_unread")
def book_unread() -> None:
    """Another connection carries the books of a sport event from now on, and reads of them fail."""
    scene = Scene(lines=(LINE, ELSEWHERE)).quoted()
    scene.go(SECOND)
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadMarkets) else Fate.DONE
    scene.run.tell(e.FeedUp(1000, (e.Channel("of its own", (GAME,)),)))
    held(scene, "book_unread", "not read since the last connect")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.run.faults.interfere = None
    lifted(scene, "book_unread")


@CASES.provokes("book_age")
def book_age() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, book_age_s=600.0, reconcile_s=7200.0))).quoted()
    unmute = scene.mute()
    scene.until(lambda: scene.guard("book_age") is not None, within=11 * MINUTE)
    held(scene, "book_age", "no message and no agreeing read")
    unmute()
    scene.around(LINE, (112, 112))
    lifted(scene, "book_age")


@CASES.provokes("reconciliation")
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
    lifted(scene, "reconciliation", within=3 * MINUTE)


@CASES.provokes("price_age")
def price_age() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, price_age_s=60.0))).quoted()
    line_id = scene.venue.line_id(*LINE, 0)
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    given = scene.now
    scene.until(lambda: scene.guard("price_age") is not None, within=2 * MINUTE)
    assert scene.now == given + 60 * SECOND  # exactly then, although nothing else happened
    held(scene, "price_age", "too old")
    scene.run.tell(e.PriceGiven(line_id, 0.5, scene.now))
    lifted(scene, "price_age")


@CASES.provokes("off_fair")
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
    lifted(scene, "off_fair")


@CASES.provokes("rejected")
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
    lifted(scene, "rejected")
    tries = [at for at, request in scene.run.requests if isinstance(request, r.PlaceMany)][-4:]
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert all(SECOND <= pause < 5 * SECOND for pause in pauses)
    assert pauses == sorted(pauses)  # longer while rejections go on
    assert pauses[-1] > 2 * pauses[0] - 200 * MILLISECOND


@CASES.provokes("result")
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
    lifted(scene, "result", within=5 * MINUTE)


@CASES.provokes("duplicate_id")
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
    lifted(scene, "duplicate_id", within=20 * MINUTE)


@CASES.provokes("audit_wager")
def audit_wager() -> None:
    scene = two_sport_events()
    scene.go(5 * SECOND)
    falsely_canceled(scene, scene.wagers(LINE)[0])
    scene.until(lambda: scene.guard("audit_wager") is not None, within=2 * MINUTE)
    held(scene, "audit_wager", "mmbot counted $0.00 open, $0.00 matched, no result yet; the exchange says $24.39 open")
    assert scene.sides(ELSEWHERE) == {0, 1}
    lifted(scene, "audit_wager", within=2 * MINUTE)
