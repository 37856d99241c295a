"""The closing summary of the demo."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from mmbot.demo.summary import (
    Ending,
    Figures,
    Names,
    exit_code,
    figures_of,
    last_errors,
    last_word,
    show_summary,
    summary,
    worth_keeping,
)
from mmbot.domain.catalogue import LineKey
from mmbot.simulator.judge.verdict import Breach, OutcomeFigure, Profit, RefereeReport, ScopeFigure

LINE = LineKey(7, 219, 0)


def report(**changes: object) -> RefereeReport:
    """A referee's report of a day without blemish."""
    plain = RefereeReport(
        ok=True,
        at=0,
        broken=(),
        broken_count=0,
        worst_case=(
            ScopeFigure("line", "7/219/0", 1_000, 9_000, 1_000, 4_000, 50_000),
            ScopeFigure("line", "8/219/0", 0, 12_000, 0, 0, 50_000),
            ScopeFigure("account", "", 1_000, 20_000, 1_000, 9_000, 500_000),
        ),
        matched=(OutcomeFigure(LINE, 0, "a", 3, 6_000, 5_000), OutcomeFigure(LINE, 1, "b", 2, 4_000, 4_400)),
        profit=Profit(1_500, 30, 1_470, 1_470),
        live_wagers=0,
        open_wagers=0,
        placed=40,
        ended={"closed": 5},
        requests={},
        busiest_second=12,
        clearings=(),
    )
    return msgspec.structs.replace(plain, **changes)


def ending(**changes: object) -> Ending:
    """An ending in which everything is as it should be."""
    plain = Ending(
        reason="by your request",
        code=0,
        took_s=1.5,
        own=Figures(1_500, 30, 10_000),
        marked=250,
        report=report(),
        seen=frozenset(),
        errors=(),
        names=Names(),
        logs=(Path("daemon.log"), Path("exchange.log")),
        settings=Path("demo.yaml"),
        kept=True,
    )
    return plain._replace(**changes)


def text(one: Ending) -> str:
    return "\n".join(row.plain for row in summary(one))


def test_the_summary_tells_clear_profit_matches_worst_case_and_rules() -> None:
    shown = text(ending())
    assert "stopped: by your request" in shown
    assert (
        "confirmed by the exchange: none of 40 wagers is open; the daemon ended with exit code 0 after 1.5 s" in shown
    )
    assert "gross $15.00, commission $0.30, net $14.70: daemon and exchange agree to the cent" in shown
    assert "not settled yet: worst case $10.00, valued at $2.50" in shown
    assert "5, $100.00 matched" in shown
    assert "outcome 0 3× $60.00, outcome 1 2× $40.00" in shown
    assert "line $120.00 of $500.00, account $200.00 of $5,000.00" in shown
    assert "no broken invariant" in shown
    assert "daemon.log" in shown
    assert exit_code(ending()) == 0


def test_a_wager_that_is_open_at_the_exchange_is_never_called_clear() -> None:
    left = ending(report=report(live_wagers=2))
    assert "NO: the exchange still has 2 wagers open" in text(left)
    assert exit_code(left) == 3


def test_without_the_exchange_nothing_is_confirmed() -> None:
    gone = ending(report=None)
    assert "NOT CONFIRMED" in text(gone)
    assert exit_code(gone) == 3


def test_a_daemon_that_could_not_prove_it_clear_is_not_excused_by_the_exchange() -> None:
    assert exit_code(ending(code=3)) == 3


@pytest.mark.parametrize("own", [Figures(1_501, 30, 10_000), Figures(1_500, 29, 10_000), Figures(1_500, 30, 9_999)])
def test_a_cent_of_difference_is_told_and_fails(own: Figures) -> None:
    differing = ending(own=own)
    assert "THEY DIFFER" in text(differing)
    assert exit_code(differing) == 1


def test_a_result_that_came_in_after_the_daemon_had_ended_is_no_difference() -> None:
    before = report()
    after = report(profit=Profit(2_500, 50, 2_450, 2_450))
    late = ending(report=after, seen=frozenset({figures_of(before)}))
    assert "agree to the cent" in text(late)
    assert exit_code(late) == 0


def test_a_broken_rule_is_told_and_fails() -> None:
    broken = ending(report=report(ok=False, broken_count=1, broken=(Breach(4, 10**9, "placed after the latch"),)))
    assert "BROKEN 1 time\n" in text(broken)
    assert "invariant 4 at 1.000: placed after the latch" in text(broken)
    assert exit_code(broken) == 1


@pytest.mark.parametrize(("code", "own"), [(1, Figures(1_500, 30, 10_000)), (-9, None), (None, None)])
def test_a_daemon_that_died_fails_the_demo(code: int | None, own: Figures | None) -> None:
    assert exit_code(ending(code=code, own=own)) == 1


def test_the_last_word_of_a_daemon_is_read_from_its_log(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    assert last_word(log) is None
    log.write_text('{"event":"daemon.started"}\nTraceback\n')
    assert last_word(log) is None
    figures = '"gross_cents":5,"commission_cents":1,"matched_cents":300,"marked_cents":-7'
    log.write_text(f'{{"event":"daemon.stopped",{figures}}}\n{{"event":"feed.ended"}}\n')
    assert last_word(log) == (Figures(5, 1, 300), -7)
    log.write_text('{"event":"daemon.stopped","gross_cents":5\n')
    assert last_word(log) is None


def test_what_went_wrong_in_the_daemon_is_told_in_a_line_each(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    assert last_errors(log) == ()
    log.write_text(
        '{"level":"info","event":"daemon.started"}\nno JSON\n[1]\n'
        '{"level":"error","event":"part.died","part":"session","exception":"Traceback\\n  in x\\nKeyError: 1"}\n'
        '{"level":"error","event":"daemon.stopped","reason":"not clear at the deadline"}\n'
    )
    errors = last_errors(log)
    assert errors == ("part.died: session: KeyError: 1", "daemon.stopped: not clear at the deadline")
    log.write_text(
        '{"at":"x","level":"error","event":"request.failed","request":"CancelAll","code":"http_500","message":"busy"}\n'
        '{"at":"x","level":"error","event":"strategy.raised","sport_event":7,"error":"ZeroDivisionError: x"}\n'
        '{"at":"x","level":"error","event":"journal.incomplete","records":3}\n'
        '{"at":"x","level":"error","event":"odd"}\n'
    )
    assert last_errors(log) == (
        "request.failed: CancelAll: http_500: busy",
        "strategy.raised: ZeroDivisionError: x",
        "journal.incomplete: records 3",
        "odd",
    )
    assert "errors      part.died: session: KeyError: 1\n            daemon.stopped" in text(ending(errors=errors))


def test_an_error_that_comes_again_and_again_is_one_line_with_its_count(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    raised = '{"level":"error","event":"strategy.raised","sport_event":%d,"error":"ValueError: x (odd.py:7)"}\n'
    other = '{"level":"error","event":"part.died","part":"session"}\n'
    log.write_text(raised % 1 + other + raised % 2 + raised % 3)
    assert last_errors(log) == ("part.died: session", "strategy.raised: ValueError: x (odd.py:7) (3 times)")
    log.write_text("".join(f'{{"level":"error","event":"odd","why":"{number}"}}\n' for number in range(6)))
    assert last_errors(log) == ("odd: 2", "odd: 3", "odd: 4", "odd: 5", "and 2 other errors before these")


def test_logs_with_errors_are_kept_though_the_figures_agree() -> None:
    assert not worth_keeping(ending())
    assert worth_keeping(ending(errors=("strategy.raised: ValueError: x",)))
    assert worth_keeping(ending(code=1))


def test_a_summary_stays_whole_in_a_file_and_goes_on_below_itself_on_a_narrow_terminal() -> None:
    rows = summary(ending())
    file, terminal = io.StringIO(), io.StringIO()
    show_summary(Console(file=file, width=60), rows)
    assert file.getvalue() == text(ending()) + "\n"
    show_summary(Console(file=terminal, width=60, force_terminal=True, color_system=None), rows)
    shown = terminal.getvalue().splitlines()
    assert max(map(len, shown)) <= 60
    place = next(number for number, line in enumerate(shown) if line.startswith("profit "))
    assert shown[place + 1].startswith(" " * 12)
    words = " ".join(" ".join(shown).split())
    assert "daemon and exchange agree to the cent" in words


def test_files_that_are_not_kept_are_not_named() -> None:
    assert "daemon.log" in text(ending())
    removed = text(ending(kept=False))
    assert "daemon.log" not in removed
    assert "demo.yaml" not in removed
    assert "--keep" in removed


def test_a_demo_without_a_result_claims_no_profit_that_agrees() -> None:
    """Two zeros are no agreement. The matched stake is what both can be compared on."""
    calm = report(ended={"canceled": 40, "open": 5}, profit=Profit(0, 0, 0, 0))
    rows = [row.plain for row in summary(ending(report=calm, own=figures_of(calm)))]
    (profit,) = [row for row in rows if row.startswith("profit")]
    assert "no market has a result" in profit
    assert "agree on $100.00 matched" in profit
    assert "to the cent" not in profit
