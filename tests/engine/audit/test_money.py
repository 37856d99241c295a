"""The audit of money: the balance must follow from matches, results, deposits and withdrawals."""

from __future__ import annotations

import pytest
from engine_scene import LINE, MARKET, OTHER, Fixed, Scene, settings
from msgspec.structs import replace

from mmbot.config.settings import ClockConfig
from mmbot.domain.instant import MINUTE, SECOND, Duration, Instant
from mmbot.domain.wager import Status, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.simulator.venue.settings import VenueSettings

BOTH = pytest.mark.parametrize("credits", ["none", "in_balance"])
"""Without and with exposure credits in the balance of the exchange."""


def started(funds: str = "at_match", credits: str = "none", credit_late_ns: Duration = 5 * SECOND) -> Scene:
    """A scene in which the balance was compared a few times."""
    scene = Scene(
        Fixed((0, 105, 5000), (1, 105, 5000)),
        settings(funds=funds),
        lines=(LINE, OTHER),
        venue=VenueSettings(funds=funds, credits=credits, credit_late_ns=credit_late_ns),
    ).quoted()
    scene.go(2 * MINUTE)
    return scene


def test_on_a_fast_clock_a_difference_counts_only_after_the_delays_of_the_network() -> None:
    """At a rate of 300, messages and answers of half a real second are 150 s late. Another process, not this scene, has
    such delays, so a difference of 150 s stands for them."""
    usual = settings()
    fast = replace(usual, exchange=replace(usual.exchange, clock=ClockConfig(anchor_ns=0, epoch_ns=0, rate=300.0)))
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), fast, lines=(LINE, OTHER)).quoted()
    scene.go(10 * MINUTE)
    at = scene.now
    differ(scene, 700)
    scene.go(15 * MINUTE)
    assert scene.guard("audit_money") is None
    scene.until(lambda: scene.guard("audit_money") is not None, within=15 * MINUTE)
    assert scene.now - at >= 20 * MINUTE


def differ(scene: Scene, cents: int) -> None:
    """Let every balance that the exchange shows differ by an amount that no wager and no transaction explains."""

    def change(answer: e.Answer, now: Instant) -> e.Answer:
        return replace(answer, balance=answer.balance + cents) if isinstance(answer, e.BalanceRead) else answer

    scene.amend(change)


@pytest.mark.parametrize("cents", [-700, 700])
def test_money_that_nothing_explains_stops_quoting_and_is_accepted_later(cents: int) -> None:
    scene = started()
    differ(scene, cents)
    at = scene.now
    scene.until(lambda: scene.guard("audit_money") is not None, within=5 * MINUTE)
    assert scene.now - at >= 2 * MINUTE, "it has to outlive the look-ups that may explain it"
    assert scene.sent(r.ReadTransactions, at)
    guard = scene.guard("audit_money")
    assert guard is not None
    assert "the balance is $" in guard.reason
    (difference,) = scene.alerts("audit.difference")
    assert difference["kind"] == "money"
    assert difference["ours"] != difference["theirs"]
    assert scene.run.engine.audited["money"] == 1
    scene.go(5 * SECOND)
    assert not scene.wagers()
    scene.until(lambda: scene.guard("audit_money") is None, within=8 * MINUTE)
    assert scene.alerts("audit.money_accepted")
    scene.until(lambda: scene.sides() == {0, 1}, within=5 * SECOND)
    scene.go(5 * MINUTE)
    assert scene.run.engine.audited["money"] == 1, "the exchange's balance is the basis now"


@pytest.mark.parametrize("cents", [-50_000, 50_000])
def test_a_deposit_or_a_withdrawal_is_explained_by_the_transactions(cents: int) -> None:
    scene = started()
    for _ in range(3):
        scene.venue.deposit(scene.account, cents, scene.now)
        scene.go(3 * MINUTE)
    assert not scene.guard("audit_money")
    assert not scene.run.engine.audited["money"]
    assert [fields["cents"] for fields in scene.alerts("audit.moved")] == [cents] * 3
    scene.close()


def test_a_balance_that_is_right_again_lifts_the_guard() -> None:
    scene = started()
    differ(scene, -700)
    scene.until(lambda: scene.guard("audit_money") is not None, within=5 * MINUTE)
    scene.run.on_answer = None
    scene.until(lambda: scene.guard("audit_money") is None, within=2 * MINUTE)
    assert not scene.alerts("audit.money_accepted")


@BOTH
@pytest.mark.parametrize("funds", ["at_match", "at_placement"])
def test_matches_and_results_explain_the_balance(funds: str, credits: str) -> None:
    scene = started(funds, credits)
    for turn in range(60):
        scene.take(turn % 2, 700, (LINE, OTHER)[turn // 2 % 2])
        scene.go((turn % 7 + 1) * SECOND)
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(2 * MINUTE)
    scene.venue.correct(MARKET, 1, scene.now)
    scene.go(6 * MINUTE)
    assert not scene.guard("audit_money")
    assert not any(scene.run.engine.audited.values())
    assert not scene.alerts("audit.moved")
    scene.agree()


def test_a_false_result_is_found_by_the_balance_before_the_audit_of_matches() -> None:
    """The money of the stake is gone, and no profit of it came."""
    scene = started()
    scene.take(1, 2000)
    scene.go(90 * SECOND)
    at = scene.now
    history = scene.run.ask(r.ReadHistory(0, created_from=at - 10 * MINUTE, created_to=at + MINUTE))
    assert isinstance(history, e.HistoryRead)
    matched = next(report for report in history.wagers if report.matched)
    told = replace(matched, status=Status.SETTLED, winning=Winning.WON, sequence=at, match_stake=None)
    scene.run.tell(e.WagerMessage(scene.run.connection, told))
    scene.until(lambda: bool(scene.alerts("audit.difference")), within=2 * MINUTE)
    assert scene.alerts("audit.difference")[0]["external_id"] == matched.external_id
    scene.go(3 * MINUTE)
    assert scene.status().profit.realised == 0
    assert not scene.guard("audit_money")
    assert not scene.guard("audit_wager")
    scene.agree()


def hedged(scene: Scene, turns: int = 24) -> None:
    """Let both outcomes be matched for some minutes."""
    for turn in range(turns):
        scene.take(turn % 2, 700, (LINE, OTHER)[turn // 2 % 2])
        scene.go(11 * SECOND)


@pytest.mark.parametrize("late", [0, 5, 45])
def test_credits_that_come_late_are_no_difference(late: int) -> None:
    scene = started(credits="in_balance", credit_late_ns=late * SECOND)
    hedged(scene, 60)
    scene.venue.void(MARKET, scene.now)
    scene.go(6 * MINUTE)
    assert not scene.guard("audit_money")
    assert not any(scene.run.engine.audited.values())
    scene.close()


@BOTH
def test_a_restart_learns_again_whether_the_balance_contains_credits(credits: str) -> None:
    scene = started(credits=credits)
    hedged(scene)
    scene.restart(30 * SECOND)
    scene.until(lambda: scene.status().phase == "ready")
    hedged(scene)
    scene.venue.settle(MARKET, 1, scene.now)
    scene.go(6 * MINUTE)
    assert not scene.guard("audit_money")
    assert not any(scene.run.engine.audited.values())


@BOTH
@pytest.mark.parametrize("cents", [-700, 700])
def test_a_difference_is_found_with_and_without_credits(credits: str, cents: int) -> None:
    scene = started(credits=credits)
    hedged(scene)
    differ(scene, cents)
    scene.until(lambda: scene.guard("audit_money") is not None, within=6 * MINUTE)
    (difference,) = scene.alerts("audit.difference")
    assert difference["kind"] == "money"


@BOTH
def test_the_other_reading_does_not_explain_the_balance_once_it_was_refuted(credits: str) -> None:
    """The balance changes by just the sum of the credits, as if the exchange had the other rule from now on."""
    scene = started(credits=credits)
    hedged(scene)
    scene.go(MINUTE)
    loss = sum(max(0, -min(scene.position(line))) for line in (LINE, OTHER))
    credit = scene.venue.wallet(scene.account).staked - loss
    assert credit > 5_000
    differ(scene, credit if credits == "none" else -credit)
    scene.until(lambda: scene.guard("audit_money") is not None, within=6 * MINUTE)
