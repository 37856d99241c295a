"""A case for each guard of a sport event."""

from __future__ import annotations

import msgspec
from engine_scene import GAME, LINE, MONEYLINE, START, Fixed, Scene, settings

from guard_cases import ELSEWHERE, UNREAD, Cases, falsely_canceled, held, lifted, two_sport_events, unread
from mmbot.backtest.faults import Fate
from mmbot.backtest.link import report
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import HOUR, MINUTE, SECOND
from mmbot.domain.wager import Status
from mmbot.engine import events as e
from mmbot.engine import requests as r

CASES = Cases()


@CASES.provokes("unread_wager")
def unread_wager() -> None:
    scene = two_sport_events()
    unread(scene, UNREAD)
    held(scene, "unread_wager", "wager w-1: odds 2.5")
    assert scene.sides(ELSEWHERE) == {0, 1}
    unread(scene, msgspec.structs.replace(UNREAD, may_rest=False, status=Status.CANCELED))
    lifted(scene, "unread_wager")


@CASES.provokes("start")
def start() -> None:
    scene = Scene(starts=10 * MINUTE).quoted()
    scene.until(lambda: scene.guard("start") is not None, within=10 * MINUTE)
    assert scene.now == START + 8 * MINUTE
    held(scene, "start", "within 120 s of its start")
    scene.venue.update_sport_event(
        msgspec.structs.replace(scene.venue.sport_event(GAME), scheduled=scene.now + 2 * HOUR), scene.now
    )
    lifted(scene, "start")


@CASES.provokes("live")
def live() -> None:
    scene = two_sport_events()
    scene.venue.go_live(GAME, scene.now)
    held(scene, "live", "status live")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.venue.update_sport_event(
        msgspec.structs.replace(scene.venue.sport_event(GAME), status="not_started"), scene.now
    )
    scene.around(LINE)
    lifted(scene, "live", within=20 * MINUTE)


@CASES.provokes("unlisted")
def unlisted() -> None:
    scene = two_sport_events()
    scene.venue.unlist_sport_event(GAME, scene.now)
    held(scene, "unlisted", "taken off")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.venue.list_sport_event(GAME, scene.now)
    lifted(scene, "unlisted")


@CASES.provokes("wiped")
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
    wager = next(each for each in scene.venue.wagers(scene.account) if each.external_id == external_id)
    scene.venue.cancel(scene.account, wager.wager_id, external_id, scene.now)
    scene.venue.drain()
    return msgspec.structs.replace(report(wager), status=Status.WIPED, sequence=scene.now)


@CASES.provokes("strategy")
def strategy() -> None:
    raising = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = two_sport_events(strategy=raising)
    raising.raises[GAME] = "no such team"
    scene.around(LINE, (112, 112))
    held(scene, "strategy", "RuntimeError: no such team")
    assert scene.sides(ELSEWHERE) == {0, 1}  # the guard stops its sport event only
    assert scene.alerts("strategy.raised")
    raising.raises.clear()
    lifted(scene, "strategy", within=2 * MINUTE)


@CASES.provokes("strategy_slow")
def strategy_slow() -> None:
    scene = two_sport_events()
    scene.run.tell(e.StrategyOverran(GAME, 3 * SECOND))
    held(scene, "strategy_slow", "the strategy took 3 s")
    assert scene.wagers(ELSEWHERE)
    lifted(scene, "strategy_slow", within=61 * SECOND)


@CASES.provokes("two_tournaments")
def two_tournaments() -> None:
    """A message names another tournament, and the reads of the lists fail."""
    scene = two_sport_events()
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadSportEvents) else Fate.DONE
    moved = msgspec.structs.replace(scene.venue.sport_event(GAME), tournament_id=234)
    scene.run.tell(e.SportEventMessage(scene.run.connection, e.Op.UPDATE, GAME, 234, moved))
    held(scene, "two_tournaments", "tournaments 132 and 234 list it")
    assert scene.sides(ELSEWHERE) == {0, 1}
    scene.run.faults.interfere = None
    lifted(scene, "two_tournaments")


@CASES.provokes("audit_market")
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
    lifted(scene, "audit_market", within=2 * MINUTE)
