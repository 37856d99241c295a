"""The judge of the simulation: each rule, broken once and kept once. It shares no code with bot and exchange."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from judge.judge import Judge
from judge.records import SECOND, Bounds, Claim, Entry, Item, Limits, Place, WagerRecord

PLACE = Place("1/219/0", "1/219", "1", "132")
OTHER = Place("2/219/0", "2/219", "2", "132")
JUDGE = Path(__file__).parent / "judge"


def wager(name: str = "a", side: int = 0, stake: int = 1000, **other: object) -> WagerRecord:
    record = WagerRecord(f"w-{name}", name, PLACE, side, 110, stake, "inactive", 0, 0, "tbd", False)
    return replace(record, **other)  # type: ignore[arg-type]


def running(limits: Limits | None = None, **bounds: object) -> Judge:
    judge = Judge(limits or Limits(), Bounds(**bounds))  # type: ignore[arg-type]
    judge.started(0, judge.exposure.limits)
    judge.feed_up()
    return judge


def rules(judge: Judge) -> list[str]:
    return [breach.rule for breach in judge.breaches]


def test_the_judge_imports_nothing_of_mmbot_and_nothing_of_the_driver() -> None:
    for file in JUDGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                assert name.split(".")[0] in {"", *(each.stem for each in JUDGE.glob("*.py"))} | {
                    "__future__", "collections", "dataclasses", "fractions", "typing"
                }, (file, name)  # fmt: skip


@pytest.mark.parametrize("kind", ["line", "market", "sport_event", "tournament", "account"])
def test_a_wager_that_takes_a_scope_past_its_limit_is_a_breach(kind: str) -> None:
    judge = running(Limits(**{kind: 1500}))
    judge.wager(1, wager())
    judge.wager(2, wager("b", stake=500))
    assert rules(judge) == []
    judge.wager(3, wager("c", stake=100))
    assert rules(judge) == ["worst case within the limit"]


def test_other_lines_of_the_tournament_count_whether_they_are_quoted_or_not() -> None:
    judge = running(Limits(tournament=1500))
    judge.wager(1, wager(matched=1000, status="open"))
    judge.wager(2, wager("b", stake=600, place=OTHER))
    assert rules(judge) == ["worst case within the limit"]


def test_above_a_lowered_limit_only_reducing_is_allowed() -> None:
    judge = running(Limits(line=2000))
    judge.wager(1, wager(status="open"))
    judge.wager(2, wager(status="open", matched=1000, win=1100))
    judge.started(3, Limits(line=500))
    judge.wager(4, wager("b", side=1))
    assert rules(judge) == []
    judge.wager(5, wager("c", stake=1))
    assert rules(judge) == ["worst case within the limit"]


def test_a_wager_by_hand_may_pass_a_limit_and_the_next_of_the_bot_may_not() -> None:
    judge = running(Limits(line=500))
    judge.wager(1, wager(by_hand=True))
    assert rules(judge) == []
    judge.wager(2, wager("b", stake=1))
    assert rules(judge) == ["worst case within the limit"]


def test_a_settled_market_leaves_its_scopes() -> None:
    judge = running(Limits(account=1000))
    judge.wager(1, wager(status="open", matched=1000, win=1100))
    judge.wager(2, wager(status="closed", matched=1000, win=1100, result="lost"))
    judge.wager(3, wager("b"))
    assert rules(judge) == []


def test_an_id_that_is_sent_twice_is_a_breach() -> None:
    judge = running()
    judge.arrived(1, 0, [Item("a", PLACE.line, 0, 110, 1000)])
    judge.arrived(2, 1, [Item("a", PLACE.line, 0, 110, 1000)])
    assert rules(judge) == ["no id twice"]


@pytest.mark.parametrize(("odds", "broken"), [(-110, True), (-111, True), (-109, False)])
def test_two_own_quotes_that_could_match_are_a_breach(odds: int, broken: bool) -> None:
    judge = running()
    judge.wager(1, wager(status="open"))
    judge.arrived(2, 1, [Item("b", PLACE.line, 1, odds, 1000)])
    assert rules(judge) == ["no self-match"] * broken


@pytest.mark.parametrize(("sent_at", "broken"), [(5, False), (6, True)])
def test_a_placement_that_was_sent_after_a_stop_is_a_breach(sent_at: int, broken: bool) -> None:
    judge = running()
    judge.stopped(5, "kill")
    judge.arrived(7, sent_at, [Item("a", PLACE.line, 0, 110, 1000)])
    assert rules(judge) == ["nothing placed after a stop"] * broken


def test_a_placement_while_the_feed_is_lost_is_a_breach() -> None:
    judge = running()
    judge.feed_lost(5)
    judge.arrived(3 * SECOND, 2 * SECOND, [Item("a", PLACE.line, 0, 110, 1000)])
    assert rules(judge) == ["nothing placed without a feed"]


STOPS: dict[str, Callable[[Judge], None]] = {
    "stop": lambda judge: judge.stopped(5, "stop"),
    "feed": lambda judge: judge.feed_lost(5),
    "restart": lambda judge: judge.started(5, Limits()),
}


@pytest.mark.parametrize("cause", STOPS)
def test_a_wager_that_stays_open_after_a_stop_is_a_breach(cause: str) -> None:
    judge = running(clear_within=10)
    judge.wager(1, wager(status="open"))
    STOPS[cause](judge)
    judge.look(15)
    assert rules(judge) == []
    judge.disturbed(10)
    judge.look(20)
    assert rules(judge) == []
    judge.look(21)
    assert rules(judge) == ["clear after a stop"]


def test_a_cancelled_wager_fulfils_the_duty() -> None:
    judge = running(clear_within=10)
    judge.wager(1, wager(status="open"))
    judge.stopped(5, "kill")
    judge.wager(6, wager(status="canceled"))
    judge.look(100)
    assert rules(judge) == []
    assert judge.duties.took == [("kill", 1)]


def test_a_false_claim_of_being_clear_is_a_breach() -> None:
    judge = running()
    judge.wager(1, wager(status="open"))
    judge.claimed_clear(2)
    assert rules(judge) == ["clear is true"]


def test_the_51st_request_of_a_second_is_a_breach() -> None:
    judge = running()
    for number in range(51):
        judge.request(SECOND + number)
    assert rules(judge) == ["at most 50 requests a second"]


def test_a_quote_from_a_book_that_moved_unseen_is_a_breach() -> None:
    judge = running(unseen=10)
    judge.book_moved(PLACE.line, 1)
    judge.arrived(11, 11, [Item("a", PLACE.line, 0, 110, 1000)])
    assert rules(judge) == []
    judge.arrived(12, 12, [Item("b", PLACE.line, 0, 110, 1000)])
    assert rules(judge) == ["no quote from a frozen book"]
    judge.book_reached(PLACE.line, 1)
    judge.arrived(13, 13, [Item("c", PLACE.line, 0, 110, 1000)])
    assert len(rules(judge)) == 1


def test_a_threshold_has_to_be_reached_at_the_exchange_and_lately() -> None:
    judge = running()
    judge.wager(SECOND, wager(status="open", matched=1000, win=1100))
    judge.threshold(2 * SECOND, "sport_event", "1", 1050)
    judge.wager(3 * SECOND, wager("b", side=1, status="open", matched=1000, win=1000))
    judge.threshold(602 * SECOND, "sport_event", "1", 1000)
    assert rules(judge) == []
    judge.threshold(602 * SECOND, "sport_event", "1", 1051)
    judge.threshold(604 * SECOND, "sport_event", "1", 1000)
    assert rules(judge) == ["no threshold for nothing"] * 2


def test_the_results_of_a_market_within_an_instant_count_as_one_step() -> None:
    judge = running()
    for name, side in (("a", 0), ("b", 1)):
        judge.wager(SECOND, wager(name, side, status="open", matched=1000, win=1000))
    for name, side, result in (("a", 0, "won"), ("b", 1, "lost")):
        judge.wager(700 * SECOND, wager(name, side, status="closed", matched=1000, win=1000, result=result))
    judge.threshold(701 * SECOND, "sport_event", "1", 1000)
    assert rules(judge) == ["no threshold for nothing"]


def test_what_the_bot_cannot_know_when_it_dies_it_may_find_out_after_its_restart() -> None:
    judge = running(Limits(line=1000), audited=10)
    judge.excuse(PLACE, 5)
    judge.excuse(OTHER, 2)
    judge.died(3)
    judge.started(20, judge.exposure.limits)
    for number, (place, sent_at) in enumerate(((PLACE, 30), (OTHER, 30), (PLACE, 31))):
        name = f"{number}"
        judge.arrived(sent_at, sent_at, [Item(name, place.line, 0, 110, 2000)])
        judge.wager(sent_at, wager(name, stake=2000 + number, place=place))
    late = [breach.detail for breach in judge.breaches if breach.rule == "worst case within the limit"]
    assert [detail.split()[0] for detail in late] == ["1", "2"]


TRUE = Claim({PLACE.line: (1100, -1000)}, {PLACE.line: 1000}, {}, 0, 1000, 1000, 0, 0)


@pytest.mark.parametrize(
    "claim",
    [
        replace(TRUE, positions={PLACE.line: (1099, -1000)}),
        replace(TRUE, worst={PLACE.line: 999}),
        replace(TRUE, open={"a": 1}),
        replace(TRUE, open_count=1),
        replace(TRUE, locked=0),
        replace(TRUE, account_worst=0),
        replace(TRUE, realised=1),
        replace(TRUE, commission=1),
    ],
)
def test_a_figure_that_differs_once_things_are_quiet_is_a_breach(claim: Claim) -> None:
    judge = running(agree_within=10)
    judge.wager(1, wager(status="open", matched=1000, win=1100))
    judge.compare(10, claim)
    judge.compare(11, TRUE)
    assert rules(judge) == []
    judge.compare(11, claim)
    assert rules(judge) == ["figures equal the exchange's"]


def test_transactions_that_do_not_add_up_are_a_breach() -> None:
    judge = running()
    judge.wager(1, wager(status="open", matched=1000, win=1100))
    judge.wager(2, wager(status="closed", matched=1000, win=1100, result="won"))
    bet, pay, fee = Entry("BET", -1000, "1/219"), Entry("PAY", 2100, "1/219"), Entry("COMMISSION", -22, "1/219")
    judge.audit(3, [Entry("DEPOSIT", 5000, None), bet, pay, fee], 5000, 6078)
    assert rules(judge) == []
    judge.audit(3, [Entry("DEPOSIT", 5000, None), bet, pay], 5000, 6100)
    assert rules(judge) == ["money in transactions"]
