"""Updates a wager from a report of the exchange: its matches, its state and its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.wager import MatchDetail, Matching, Status, WagerReport, Winning
from mmbot.domain.wager_states import COULD_MATCH, FINAL, PROVED, SAID, Happening, State, after
from mmbot.engine.wagers.changes import Change, Changes
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.matched_pieces import Matches
from mmbot.engine.wagers.wager import Wager

_BRINGS: Final = {
    State.VOID: Status.VOID,
    State.SETTLED: Status.SETTLED,
    State.CLOSED: Status.CLOSED,
    State.MANUAL: Status.MANUALLY_SETTLED,
}
"""For each final state of a wager, the status in a report that leads to this state. If a wager is in a final state
already, only a report with this status can set its result."""

_OPENED: Final = (State.OPEN, State.CANCELLING, State.MATCHED)


class Applied(NamedTuple):
    """The effect of a report on a wager."""

    was: State
    """The state of the wager before the report."""
    left: Cents
    """The unmatched stake before the report minus the part that the report newly shows as matched, in cents."""
    changes: Changes
    confirmed: bool
    """True if the report came from a REST read and has the result that the wager has now."""


def apply_report(
    wager: Wager, report: WagerReport, from_message: bool, now: Instant, asked_at: Instant | None
) -> Applied:
    """Apply a report to a wager. The caller must then update the lists and sums that contain the wager.

    Args:
        from_message: true if the report came over the feed. Only such a report has a sequence number.
        asked_at: the instant at which the read was sent, if the report came from a REST read. If a message brought a
            result after this instant, the report does not change the result.
    """
    was, matched, win = wager.state, wager.matched, wager.win
    if asked_at is not None:
        wager.denied = False
    detail_wanted = _note_matches(wager, report, from_message)
    if not report.sequence or report.sequence >= wager.sequence:  # from an older message only the matches count
        wager.state = _next_state(wager, report, from_message, now, asked_at)
    new, left = wager.state, wager.remaining
    changes: Changes = ()
    if new is not was:
        if was in COULD_MATCH:
            left = max(0, left - (0 if wager.matches is None else wager.matches.total - matched))
        elif new in COULD_MATCH:
            changes = (Change(Kind.REVIVED, wager, wager.stake - matched),)
    if wager.opened_at is None and report.status is Status.OPEN and new in _OPENED:
        wager.opened_at = now
        changes += (Change(Kind.OPENED, wager),)
    if wager.matches is not None:
        if report.profit is not None and report.matching is Matching.FULLY_MATCHED:
            wager.matches.told(report.profit)
        _set_figures(wager, wager.matches)
        if new is State.MATCHED:
            wager.stake = wager.matched  # the cancelled remainder no longer belongs to the stake
        changes += _difference(wager, matched, win, report)
        if detail_wanted and wager.matches.wants_detail:
            changes += (Change(Kind.DETAIL_WANTED, wager),)
    confirmed = not from_message and report.winning is not Winning.TBD and report.winning is wager.result
    return Applied(was, left, changes, confirmed)


def apply_proof(wager: Wager, report: WagerReport, now: Instant) -> Applied:
    """Move a wager to the state that the exchange's records proved. The wager may even go back to an earlier state: it
    may have fewer matches, lose its result, or become able to match again. The caller must then update the lists and
    sums that contain the wager."""
    was, matched, win, left = wager.state, wager.matched, wager.win, wager.remaining
    wager.denied = False
    total = _total(wager, report)
    record = wager.matches
    if record is None and total:
        record = wager.matches = Matches(wager.odds)
    if record is not None:
        record.correct(total)
    new = wager.state = after(was, _proved(report))
    wager.result = report.winning if new in FINAL else Winning.TBD
    wager.stake = max(report.stake, total)
    wager.sequence = 0  # a false message may have come with a sequence far ahead, which would make true ones look old
    changes: Changes = ()
    if was in COULD_MATCH:
        left = max(0, left - max(0, total - matched))
    elif new in COULD_MATCH:
        wager.cancel_sent_at = wager.cancel_accepted_at = None
        wager.cancel_tries = 0
        changes = (Change(Kind.REVIVED, wager, wager.stake - total),)
    if wager.opened_at is None and report.status is Status.OPEN:
        wager.opened_at = now
        changes += (Change(Kind.OPENED, wager),)
    if record is not None:
        _set_figures(wager, record)
        changes += _difference(wager, matched, win)
        if record.wants_detail:
            changes += (Change(Kind.DETAIL_WANTED, wager),)
    return Applied(was, left, changes, new in FINAL)


def _proved(report: WagerReport) -> Happening:
    happening = PROVED[report.status]
    if happening is Happening.PROVED_OPEN and (
        report.matching is Matching.FULLY_MATCHED or report.matched >= report.stake
    ):
        return Happening.PROVED_FILLED
    return happening


def apply_payment(wager: Wager, win: Cents) -> Changes | None:
    """Apply the win that the exchange paid for a wager, in cents. If the matches of the wager cannot have won this
    amount, return None."""
    record = wager.matches
    if record is None:
        return None
    matched, before = wager.matched, wager.win
    if not record.paid(win):
        return None
    _set_figures(wager, record)
    return _difference(wager, matched, before)


def apply_detail(wager: Wager, matches: Sequence[MatchDetail]) -> Changes:
    """Update a wager from the list of all its matches. The list was read from the exchange, and has the odds of each
    match."""
    record = wager.matches
    if record is None:
        record = wager.matches = Matches(wager.odds)
    matched, win = wager.matched, wager.win
    record.detail(matches)
    _set_figures(wager, record)
    return _difference(wager, matched, win)


def _note_matches(wager: Wager, report: WagerReport, from_message: bool) -> bool:
    """Record the matches in a report. Return True if the report adds matches whose odds or exact win are not known, or
    if it contradicts an earlier report."""
    total = _total(wager, report)
    record = wager.matches
    if record is None:
        if not total and not report.match_stake:
            return False
        record = wager.matches = Matches(wager.odds)
    unaccounted, disputed, unsure = record.unaccounted, record.disputed, record.unsure
    if from_message and report.match_stake and report.match_odds is not None:
        record.add(total, report.match_stake, report.match_odds)
    record.rise(total)
    more = record.unaccounted > unaccounted or record.unsure > unsure
    return more or (record.disputed and not disputed)


def _total(wager: Wager, report: WagerReport) -> Cents:
    """Return the matched stake that a report shows, but not more than the stake of the wager."""
    total = report.matched
    if not total and report.matching is Matching.FULLY_MATCHED:
        total = report.stake
    return min(total, max(wager.placed, report.stake))


def _next_state(wager: Wager, report: WagerReport, from_message: bool, now: Instant, asked_at: Instant | None) -> State:
    """Return the state that a report leads to. If the report decides the result of the wager, also record the
    result."""
    state = wager.state
    overtaken = not from_message and asked_at is not None and wager.heard_at > asked_at
    if overtaken and state in FINAL:
        return state
    if from_message:
        wager.sequence = max(wager.sequence, report.sequence)
        wager.heard_at = now
    happening = SAID[report.status]
    if happening is Happening.SAID_OPEN:
        full = report.matching is Matching.FULLY_MATCHED
        if full or (wager.matches is not None and wager.matches.total >= wager.stake):
            happening = Happening.SAID_FILLED
    new = after(state, happening)
    if new in FINAL and report.status is _BRINGS[new] and report.winning is not Winning.TBD:
        wager.result = report.winning
    return new


def _set_figures(wager: Wager, record: Matches) -> None:
    """Set the matched stake of a wager, and the profit that this stake can win, from the matches of the wager."""
    if wager.state is State.VOID:
        wager.matched = wager.win = 0
    else:
        wager.matched, wager.win = record.total, record.win
        if wager.stake < wager.matched:
            wager.stake = wager.matched
    wager.win_estimated = record.estimated and wager.state is not State.VOID


def _difference(wager: Wager, matched: Cents, win: Cents, report: WagerReport | None = None) -> Changes:
    """Return the changes of a wager's matched stake and of the profit that this stake can win. ``matched`` and ``win``
    are the two figures before the changes. ``report`` is the report that led to the changes. If no report led to them,
    ``report`` is None."""
    rise = wager.matched - matched
    if rise > 0:
        odds = report.match_odds if report is not None and report.match_stake == rise else None
        return (Change(Kind.MATCHED, wager, rise, wager.win - win, odds),)
    if rise < 0:
        return (Change(Kind.TAKEN_BACK, wager, -rise, wager.win - win),)
    return (Change(Kind.REPRICED, wager, 0, wager.win - win),) if wager.win != win else ()
