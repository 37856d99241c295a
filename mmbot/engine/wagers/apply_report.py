"""What a report does to one wager: what it tells of matches, the state it leads to, and the result."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.wager import Matching, WagerReport, Winning
from mmbot.domain.wager_states import FINAL, SAID, Happening, State, after
from mmbot.engine.wagers.changes import Change, Changes, Kind
from mmbot.engine.wagers.commission import outcome
from mmbot.engine.wagers.matched_pieces import Matches
from mmbot.engine.wagers.wager import Wager

_SAYS: Final = {
    State.VOID: Happening.SAID_VOID,
    State.SETTLED: Happening.SAID_SETTLED,
    State.CLOSED: Happening.SAID_CLOSED,
    State.MANUAL: Happening.SAID_MANUAL,
}
"""Which happening brings a final state about; any other leaves it and its result alone."""


def learn(wager: Wager, report: WagerReport, from_message: bool) -> bool:
    """Take up what a report tells of matches. True if it leaves the odds of more of them open than before."""
    total = report.matched
    if not total and report.matching is Matching.FULLY_MATCHED:
        total = report.stake
    total = min(total, max(wager.placed, report.stake))
    record = wager.matches
    if record is None:
        if not total and not report.match_stake:
            return False
        record = wager.matches = Matches(wager.odds)
    untold, disputed = record.untold, record.disputed
    if from_message and report.match_stake and report.match_odds is not None:
        record.add(total, report.match_stake, report.match_odds)
    record.rise(total)
    return record.untold > untold or (record.disputed and not disputed)


def follow(wager: Wager, report: WagerReport, from_message: bool, now: Instant, asked_at: Instant | None) -> State:
    """The state that a report leads to; its result is taken up where it counts."""
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
    if new in FINAL and happening is _SAYS[new] and report.winning is not Winning.TBD:
        wager.result = report.winning
    return new


def take(wager: Wager) -> None:
    """Read the figures of a wager from what is known of its matches."""
    record = wager.matches
    if record is None:
        return
    if wager.state is State.VOID:
        wager.matched = wager.win = 0
    else:
        wager.matched, wager.win = record.total, record.win
        if wager.stake < wager.matched:
            wager.stake = wager.matched
    wager.win_estimated = record.estimated and wager.state is not State.VOID


def difference(wager: Wager, matched: Cents, win: Cents) -> Changes:
    """How the matched part differs from what it was."""
    rise = wager.matched - matched
    if rise > 0:
        return (Change(Kind.MATCHED, wager, rise, wager.win - win),)
    if rise < 0:
        return (Change(Kind.TAKEN_BACK, wager, -rise, wager.win - win),)
    return (Change(Kind.REPRICED, wager, 0, wager.win - win),) if wager.win != win else ()


def result_of(wager: Wager) -> Cents | None:
    """What the wager came to; None while that is open or nothing was matched."""
    if wager.matches is None or wager.state not in FINAL:
        return None
    return 0 if wager.state is State.VOID else outcome(wager.result, wager.matched, wager.win)
