"""The audit finds false and lost messages about wagers, stops where they stand, and repairs the ledger."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from engine_scene import LINE, OTHER, Fixed, Scene
from msgspec.structs import replace

from mmbot.backtest.faults import Fate
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.audit.audit import ROUNDS_WITHOUT
from mmbot.simulator.venue.settings import VenueSettings

Lie = Callable[[WagerReport], WagerReport]


def filled(report: WagerReport) -> WagerReport:
    return replace(
        report, matched=report.stake, matching=Matching.FULLY_MATCHED, match_stake=report.stake, match_odds=report.odds
    )


def in_part(report: WagerReport) -> WagerReport:
    part = report.stake // 2
    return replace(report, matched=part, matching=Matching.PARTIALLY_MATCHED, match_stake=part, match_odds=report.odds)


def cut(report: WagerReport) -> WagerReport:
    return filled(replace(report, stake=report.stake // 2))


def lost(report: WagerReport) -> WagerReport:
    return replace(filled(report), status=Status.CLOSED, winning=Winning.LOST)


def won(report: WagerReport) -> WagerReport:
    return replace(filled(report), status=Status.SETTLED, winning=Winning.WON)


LIES: dict[str, Lie] = {
    "fully matched": filled,
    "matched in part": in_part,
    "fully matched with a smaller stake": cut,
    "canceled": lambda report: replace(report, status=Status.CANCELED),
    "wiped": lambda report: replace(report, status=Status.WIPED),
    "invalid": lambda report: replace(report, status=Status.INVALID),
    "void": lambda report: replace(report, status=Status.VOID),
    "lost": lost,
    "won": won,
}


def tell(scene: Scene, lie: Lie, *, ahead: int = 0) -> str:
    """Give the engine a false message about one of our open wagers; return the wager's ``external_id``. ``ahead``: how
    far the message's stamp is ahead of the clock."""
    wager = next(own for own in scene.line().own if own.side == 0 and own.state == "open")
    report = next(report for report in history(scene) if report.external_id == wager.external_id)
    told = replace(lie(report), sequence=scene.now + ahead)
    scene.run.tell(e.WagerMessage(scene.run.connection, told))
    return wager.external_id


def history(scene: Scene) -> tuple[WagerReport, ...]:
    answer = scene.run.ask(r.ReadHistory(0, created_from=scene.now - 10 * MINUTE, created_to=scene.now + MINUTE))
    assert isinstance(answer, e.HistoryRead)
    return answer.wagers


def found(scene: Scene) -> dict[str, int]:
    return {kind: count for kind, count in scene.run.engine.audited.items() if count}


@pytest.mark.parametrize("ahead", [0, 3600 * SECOND])
@pytest.mark.parametrize("lie", LIES)
def test_a_false_message_is_found_stopped_and_repaired(lie: str, ahead: int) -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.go(5 * SECOND)
    external_id = tell(scene, LIES[lie], ahead=ahead)
    held: list[str] = []

    def stopped() -> bool:
        guard = scene.guard("audit_wager") or scene.guard("wiped")
        if guard is not None:
            held.append(guard.reason)
        return scene.guard("audit_wager") is not None

    scene.until(stopped, within=2 * MINUTE)
    guard = scene.guard("audit_wager")
    assert guard is not None
    assert external_id in guard.reason
    assert "the exchange says" in guard.reason
    assert guard.scope == "line 1/219/0"
    (difference,) = scene.alerts("audit.difference")
    assert difference["external_id"] == external_id
    assert difference["ours"] != difference["theirs"]
    assert sum(found(scene).values()) == 1
    assert scene.sides(OTHER) == {0, 1}, "the other line is quoted throughout"
    scene.until(lambda: scene.guard("audit_wager") is None, within=MINUTE)
    if scene.guard("wiped") is None:
        scene.until(lambda: scene.sides() == {0, 1}, within=5 * SECOND)
    scene.go(2 * MINUTE)
    assert len(scene.alerts("audit.difference")) == 1
    assert scene.status().counts.open_wagers == len(scene.wagers())
    if scene.guard("wiped") is None:
        scene.agree()


def test_sixty_false_matches_are_found_and_no_wager_stays_open_unseen() -> None:
    """Each false match lets the engine place another wager, while the wager before it stays open at the exchange."""
    scene = Scene(Fixed((0, 105, 1000), (1, 105, 1000))).quoted()
    for _ in range(60):
        if any(own.side == 0 and own.state == "open" for own in scene.line().own):
            tell(scene, filled)
        scene.go(SECOND)
    assert len(scene.wagers()) > 10
    scene.go(3 * MINUTE)
    assert scene.status().counts.open_wagers == len(scene.wagers()) == 2
    assert scene.status().locked == 0
    assert found(scene)["wager"] > 10
    assert scene.guard("audit_wager") is None
    scene.agree()


def test_a_lost_end_of_a_wager_is_found_and_counted() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000))).quoted()
    scene.go(5 * SECOND)
    wager = scene.wagers()[0]
    scene.run.on_message = lambda message: None if isinstance(message, e.WagerMessage) else message
    scene.venue.cancel(scene.account, wager.wager_id, wager.external_id, scene.now)
    scene.go(SECOND)
    scene.run.on_message = None
    scene.until(lambda: bool(found(scene)), within=2 * MINUTE)
    assert found(scene) == {"missed": 1}
    assert scene.guard("audit_wager") is None
    scene.go(5 * SECOND)
    assert scene.sides() == {0, 1}
    scene.agree()
    scene.close()


def test_a_lost_match_is_found_within_a_round() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000))).quoted()
    scene.go(5 * SECOND)
    scene.run.on_message = lambda message: None if isinstance(message, e.WagerMessage | e.PrintMessage) else message
    scene.take(0, 1000)
    scene.go(SECOND)
    scene.run.on_message = None
    assert scene.line().profit == (0, 0)
    scene.until(lambda: scene.line().profit == scene.position() != (0, 0), within=2 * MINUTE)
    scene.go(MINUTE)
    assert found(scene) == {"missed": 1}
    assert scene.guard("audit_wager") is None
    scene.agree()
    scene.close()


def test_messages_that_race_a_read_are_no_differences() -> None:
    """Quotes move and match all the time, and messages come up to three seconds late."""
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy, lines=(LINE, OTHER), venue=VenueSettings(history_lag_ns=2 * SECOND)).quoted()
    number = [0]

    def late(message: e.FeedMessage) -> tuple[int, ...]:
        number[0] += 1
        return (number[0] * 977 % 3000 * SECOND // 1000,) if isinstance(message, e.WagerMessage) else (0,)

    scene.run.faults.carry = late
    for turn in range(150):
        strategy.wants[None] = ((0, 105 + turn % 7, 5000 + turn), (1, 105 + turn % 5, 5000 + turn))
        scene.around(LINE)
        if turn % 4 == 0:
            scene.take(turn // 4 % 2, 300, (LINE, OTHER)[turn // 8 % 2])
        scene.go(2 * SECOND)
    scene.run.faults.carry = None
    scene.go(30 * SECOND)
    assert not [kind for kind in found(scene) if kind != "missed"], scene.alerts("audit.difference")
    assert not scene.guard("audit_wager")
    assert not scene.guard("audit_money")
    scene.agree()
    scene.close()


def test_a_false_settlement_of_a_matched_wager_is_found_by_the_audit_of_matches() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), lines=(LINE, OTHER)).quoted()
    scene.take(1, 2000)
    scene.go(5 * SECOND)
    matched = next(report for report in history(scene) if report.matched)
    told = replace(matched, status=Status.CLOSED, winning=Winning.LOST, sequence=scene.now, match_stake=None)
    scene.run.tell(e.WagerMessage(scene.run.connection, told))
    assert scene.status().profit.realised != 0
    scene.until(lambda: bool(scene.alerts("audit.difference")), within=7 * MINUTE)
    scene.go(2 * MINUTE)
    assert scene.status().profit.realised == 0
    assert set(found(scene)) <= {"match", "result", "wager"}
    assert scene.guard("audit_wager") is None
    scene.agree()
    scene.close()


def test_a_wager_that_the_exchange_does_not_know_any_more_ends_after_three_answers() -> None:
    scene = Scene().quoted()
    scene.go(5 * SECOND)
    gone = scene.wagers()[0]

    def forget(answer: e.Answer, now: Instant) -> e.Answer:
        if isinstance(answer, e.HistoryRead):
            kept = tuple(report for report in answer.wagers if report.wager_id != gone.wager_id)
            return replace(answer, wagers=kept)
        if isinstance(answer, e.WagerRead) and answer.report is not None and answer.report.wager_id == gone.wager_id:
            return replace(answer, report=None)
        return answer

    scene.amend(forget)
    scene.until(lambda: found(scene) == {"absent": 1}, within=3 * MINUTE)
    asked = [at for at, request in scene.run.requests if isinstance(request, r.ReadWager)]
    assert len(asked) == 3
    assert scene.guard("audit_wager") is not None
    scene.until(lambda: scene.guard("audit_wager") is None, within=MINUTE)
    assert all(own.external_id != gone.external_id for own in scene.line().own)


def test_the_win_of_a_wager_that_the_exchange_does_not_know_offsets_no_risk() -> None:
    """A message with two garbled ids makes up a match. Its loss counts, and its win does not, until a read has the
    wager."""
    scene = Scene().quoted()
    scene.go(5 * SECOND)
    one = next(report for report in history(scene) if report.status is Status.OPEN)
    false = replace(filled(one), wager_id="garbled", external_id="garbled too", sequence=scene.now)
    scene.run.tell(e.WagerMessage(scene.run.connection, false))
    scene.go(SECOND)
    won, lost_ = max(scene.line().profit), min(scene.line().profit)
    assert won > 0 > lost_
    scene.until(lambda: found(scene) == {"absent": 1}, within=3 * MINUTE)
    assert sorted(scene.line().profit) == [lost_, 0]

    def known(answer: e.Answer, now: Instant) -> e.Answer:
        return replace(answer, report=false) if isinstance(answer, e.WagerRead) and answer.report is None else answer

    scene.amend(known)
    scene.until(lambda: sorted(scene.line().profit) == [lost_, won], within=10 * MINUTE)


def test_quotes_stop_if_the_history_cannot_be_read_for_long() -> None:
    scene = Scene().quoted()
    at = scene.now
    scene.run.faults.interfere = lambda request, now: Fate.BROKEN if isinstance(request, r.ReadHistory) else Fate.DONE
    scene.until(lambda: scene.guard("audit_late") is not None, within=30 * MINUTE)
    assert ROUNDS_WITHOUT * MINUTE - SECOND <= scene.now - at <= (ROUNDS_WITHOUT + 3) * MINUTE
    assert scene.alerts("audit.unfinished")
    scene.go(5 * SECOND)
    assert not scene.wagers()
    scene.run.faults.interfere = None
    scene.until(lambda: scene.guard("audit_late") is None, within=3 * MINUTE)
    scene.until(lambda: scene.sides() == {0, 1}, within=5 * SECOND)
    scene.close()


def test_the_cost_of_a_round_does_not_grow_with_matched_wagers() -> None:
    scene = Scene(Fixed((0, 105, 1000), (1, 105, 1000)), balance=100_000_000).quoted()
    for turn in range(200):
        scene.take(turn % 2, 450)
        scene.go(300 * SECOND // 1000)
    scene.go(10 * MINUTE)
    at = scene.now
    scene.go(10 * MINUTE)
    reads = scene.sent(r.ReadHistory, at)
    rounds = [read for read in reads if read.matching is not None or read.updated_from is not None]
    assert 20 <= len(rounds) <= 24
    assert len(reads) - len(rounds) <= 8  # sweeps, whose number falls as their pages become more
    assert not scene.sent(r.ReadWager, at)
    assert not found(scene)
    scene.agree()


def test_quotes_go_before_the_reads_of_the_audit() -> None:
    """While the rate is used up by quotes, a read of the audit waits for two seconds."""
    strategy = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(strategy).quoted()
    scene.go(50 * SECOND)
    waits: list[int] = []
    for turn in range(600):
        strategy.wants[None] = ((0, 105 + turn % 9, 5000), (1, 105 + turn % 7, 5000))
        scene.around(LINE, (110 + turn % 2, 110))
        scene.go(50 * SECOND // 1000)
    reads = [at for at, request in scene.run.requests if isinstance(request, r.ReadHistory)]
    waits = [second - first for first, second in pairwise(reads)]
    assert max(waits) <= 65 * SECOND
    scene.close()


@pytest.mark.parametrize("lie", LIES)
def test_a_false_message_before_a_restart_is_found_after_it(lie: str) -> None:
    scene = Scene().quoted()
    scene.go(2 * SECOND)
    tell(scene, LIES[lie])
    scene.go(2 * SECOND)
    scene.restart(5 * SECOND)
    scene.go(16 * MINUTE)  # a false result has to be accepted by the check of the balance, too
    scene.quoted()
    scene.agree()
    scene.close()
