"""The closing summary of a demo. It compares the daemon's figures with those of the exchange's referee (the part that
checks the daemon)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import SECOND
from mmbot.domain.money import Cents, show
from mmbot.domain.odds import Side
from mmbot.domain.words import counted
from mmbot.engine.orders import FAULT, NOT_CLEAR
from mmbot.engine.status import EngineStatus
from mmbot.simulator.judge.verdict import RefereeReport

DONE: Final = 0

_GOOD: Final = "green"
_BAD: Final = "bold red"
_WIDTH: Final = 12
_BREACHES: Final = 10
_WITH_RESULT: Final = ("settled", "closed", "manually_settled", "void")
_ERRORS: Final = 4
_TOLD: Final = ("part", "request", "code", "message", "why", "reason", "error", "exception")
_LABELS: Final = ("at", "level", "event")


class Figures(NamedTuple):
    """The figures on which the daemon and the exchange must agree, in cents."""

    gross: Cents
    commission: Cents
    matched: Cents


class Names:
    """Remembers the names of lines and outcomes, because a finished sport event leaves the board."""

    def __init__(self) -> None:
        self._lines: dict[LineKey, tuple[str, str, tuple[str, str]]] = {}

    def learn(self, status: EngineStatus) -> None:
        """Remember the names in a status."""
        for sport_event in status.sport_events:
            for line in sport_event.lines:
                self._lines[LineKey(line.sport_event, line.market, line.number)] = (
                    sport_event.name,
                    line.name,
                    line.outcomes,
                )

    def line(self, key: LineKey) -> str:
        """Return the names of the sport event and the market to which a line belongs."""
        sport_event, line, _ = self._lines.get(
            key, (f"sport event {key.sport_event}", f"market {key.market} {key.number / 4:g}", ())
        )
        return f"{sport_event}, {line}"

    def outcome(self, key: LineKey, side: Side) -> str:
        """Return the name of one outcome."""
        outcomes = self._lines.get(key, ("", "", ()))[2]
        return outcomes[side] if side < len(outcomes) else f"outcome {side}"


class Ending(NamedTuple):
    """The facts about the end of a demo."""

    reason: str
    """The reason why the demo ended."""
    code: int | None
    """The exit code of the daemon's process. None if the daemon has not ended yet."""
    took_s: float
    """The time that the daemon took to end after it was asked to stop, in real seconds."""
    own: Figures | None
    """The daemon's final figures. None if the daemon left no figures."""
    marked: Cents | None
    """The daemon's own estimate of the value of the unsettled positions, in cents. None if the daemon left no
    figures."""
    report: RefereeReport | None
    """The final report of the exchange's referee, which checks the daemon. None if the exchange did not answer."""
    seen: frozenset[Figures]
    """Every set of figures that the exchange showed while the daemon was shutting down. A result that arrives during
    the shutdown changes the figures, so there can be several sets."""
    errors: tuple[str, ...]
    """The newest errors of the daemon. Each error appears once."""
    names: Names
    logs: tuple[Path, ...]
    settings: Path
    kept: bool
    """True if the files of the demo's run are kept."""


def figures_of(report: RefereeReport) -> Figures:
    """Return the figures from the report of the exchange's referee."""
    profit = report.profit
    return Figures(profit.gross, profit.commission, sum(outcome.stake for outcome in report.matched))


def last_word(log: Path) -> tuple[Figures, Cents] | None:
    """Return the figures and the marked profit from the final line of the daemon's log. The marked profit is the
    daemon's own estimate of the unsettled positions. None if the log has no such line."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        if '"daemon.stopped"' not in line:
            continue
        try:
            said = json.loads(line)
            return Figures(said["gross_cents"], said["commission_cents"], said["matched_cents"]), said["marked_cents"]
        except (ValueError, KeyError):
            return None
    return None


def last_errors(log: Path) -> tuple[str, ...]:
    """Return the newest errors in a daemon's log, each as its event and its text. A repeated error has a count."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ()
    errors: dict[str, int] = {}
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("level") == "error":
            words = [str(said[key]).strip().rpartition("\n")[2] for key in _TOLD if said.get(key)]
            rest = [f"{key} {value}" for key, value in said.items() if key not in _LABELS and value is not None]
            error = ": ".join([str(said.get("event")), *(words or filter(None, [", ".join(rest)]))])
            errors[error] = errors.pop(error, 0) + 1  # move a repeated error to the end, since it is the latest
    told = [error if times == 1 else f"{error} ({times} times)" for error, times in errors.items()]
    more = [f"and {counted(len(told) - _ERRORS, 'other error')} before these"] if len(told) > _ERRORS else []
    return (*told[-_ERRORS:], *more)


def exit_code(ending: Ending) -> int:
    """Return 0 if all is well, and 3 if the exchange does not confirm that no wager is open. Return 1 in all other
    cases."""
    if ending.report is None or ending.report.live_wagers or ending.code == NOT_CLEAR:
        return NOT_CLEAR
    return DONE if ending.code == DONE and ending.report.ok and _agree(ending) else FAULT


def worth_keeping(ending: Ending) -> bool:
    """Return True if the files of the run are worth keeping because something went wrong. This can be the case even if
    the figures agree."""
    return exit_code(ending) != DONE or bool(ending.errors)


def summary(ending: Ending) -> list[Text]:
    """Return the closing summary, row by row."""
    rows = [Text(f"stopped: {ending.reason}", "bold")]
    report = ending.report
    if report is None:
        rows.append(_row("clear", "NOT CONFIRMED: the exchange does not answer, so wagers may be open", _BAD))
    else:
        rows += [_clear(ending, report), *_profit(ending, report), *_matches(ending, report)]
        rows += [*_worst(report), *_rules(report)]
    rows += [_row("errors" if not place else "", error, _BAD) for place, error in enumerate(ending.errors)]
    if ending.kept:
        rows += [_row("logs" if not place else "", str(log)) for place, log in enumerate(ending.logs)]
        rows.append(_row("settings", str(ending.settings)))
    else:
        rows.append(_row("logs", "removed, since all is well (--keep keeps them)"))
    return rows


def show_summary(console: Console, rows: list[Text]) -> None:
    """Print a summary. On a terminal, a text that is too long for its row is continued below, in its own column. On any
    other output, each row is one line."""
    for row in rows:
        if not console.is_terminal or row.cell_len <= console.width:
            console.print(row, soft_wrap=True)
            continue
        grid = Table.grid()
        grid.add_column(width=_WIDTH)
        grid.add_column(overflow="fold")
        grid.add_row(row[:_WIDTH], row[_WIDTH:])
        console.print(grid)


def _agree(ending: Ending) -> bool:
    return ending.report is not None and ending.own in (ending.seen | {figures_of(ending.report)})


def _clear(ending: Ending, report: RefereeReport) -> Text:
    code = "was killed" if ending.code is None or ending.code < 0 else f"ended with exit code {ending.code}"
    daemon = f"the daemon {code} after {ending.took_s:.1f} s"
    if report.live_wagers:
        return _row("clear", f"NO: the exchange still has {counted(report.live_wagers, 'wager')} open; {daemon}", _BAD)
    text = f"confirmed by the exchange: none of {counted(report.placed, 'wager')} is open; {daemon}"
    return _row("clear", text, _GOOD if ending.code == DONE else _BAD)


def _profit(ending: Ending, report: RefereeReport) -> Iterable[Text]:
    theirs = figures_of(report)
    agree = _agree(ending)
    told = ending.own if agree and ending.own is not None else theirs
    text = f"gross {show(told.gross)}, commission {show(told.commission)}, net {show(told.gross - told.commission)}"
    if agree and not any(report.ended.get(status) for status in _WITH_RESULT):
        same = f"daemon and exchange agree on {show(told.matched)} matched" if told.matched else "nothing was matched"
        yield _row("profit", f"no market has a result, so there is no profit to compare; {same}", _GOOD)
    elif agree:
        yield _row("profit", f"{text}: daemon and exchange agree to the cent", _GOOD)
    elif ending.own is None:
        yield _row("profit", f"{text} by the exchange; the daemon left no figures", _BAD)
    else:
        own = ending.own
        yield _row("profit", f"{text} by the exchange, of {show(theirs.matched)} matched", _BAD)
        net = show(own.gross - own.commission)
        text = f"gross {show(own.gross)}, commission {show(own.commission)}, net {net} by the daemon, of "
        yield _row("", f"{text}{show(own.matched)}: THEY DIFFER", _BAD)
    open_positions = next((scope.matched_now for scope in report.worst_case if scope.kind == "account"), 0)
    if open_positions:
        marked = "" if ending.marked is None else f", valued at {show(ending.marked)} by the last fair prices"
        yield _row("", f"not settled yet: worst case {show(open_positions)}{marked}")


def _matches(ending: Ending, report: RefereeReport) -> Iterable[Text]:
    count = sum(outcome.matches for outcome in report.matched)
    total = sum(outcome.stake for outcome in report.matched)
    yield _row("matches", f"{count}, {show(total)} matched")
    lines: dict[LineKey, list[str]] = {}
    for outcome in report.matched:
        name = ending.names.outcome(outcome.line, outcome.side)
        lines.setdefault(outcome.line, []).append(f"{name} {outcome.matches}× {show(outcome.stake)}")
    for line, outcomes in lines.items():
        yield _row("", f"{ending.names.line(line)}: {', '.join(outcomes)}")


def _worst(report: RefereeReport) -> Iterable[Text]:
    greatest: dict[str, tuple[Cents, Cents | None]] = {}
    for scope in report.worst_case:
        if scope.kind not in greatest or scope.greatest > greatest[scope.kind][0]:
            greatest[scope.kind] = (scope.greatest, scope.limit)
    parts = [
        f"{kind.replace('_', ' ')} {show(worst)}" + (f" of {show(limit)}" if limit is not None else "")
        for kind, (worst, limit) in greatest.items()
    ]
    over = any(limit is not None and worst > limit for worst, limit in greatest.values())
    yield _row("worst case", f"highest: {', '.join(parts) or 'none'}", _BAD if over else _GOOD)


def _rules(report: RefereeReport) -> Iterable[Text]:
    if report.ok:
        text = (
            f"the referee found no broken invariant; busiest second: {counted(report.busiest_second, 'request')} of 50"
        )
        yield _row("rules", text, _GOOD)
    else:
        yield _row("rules", f"BROKEN {counted(report.broken_count, 'time')}", _BAD)
    for breach in report.broken[:_BREACHES]:
        yield _row("", f"invariant {breach.invariant} at {breach.at / SECOND:.3f}: {breach.detail}", _BAD)


def _row(title: str, text: str, style: str = "") -> Text:
    return Text(f"{title:<{_WIDTH}}", "bold").append(text, style)
