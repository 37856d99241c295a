"""Wagers in the journal: what the ledger saves and restores is the whole wager."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from ledger_rig import LINES, Rig, report_of, resolve
from msgspec.structs import replace

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import SECOND
from mmbot.domain.position import Position
from mmbot.domain.wager import MatchDetail, Matching, Status, Winning
from mmbot.domain.wager_states import State
from mmbot.engine.orders import SaveWager
from mmbot.engine.wagers.ledger import Ledger, Wager
from mmbot.store import rows

RESULTS = [Winning.WON, Winning.LOST, Winning.PUSH]
ENDS = [Status.CANCELED, Status.WIPED, Status.VOID, Status.SETTLED, Status.CLOSED, Status.MANUALLY_SETTLED]


class Evening:
    """Wagers at random stages of their life: ours, others', with lost, late and contradictory messages."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rig = Rig()
        for number in range(8):
            self.one(f"r1-q0-{number}")

    def one(self, key: str) -> None:
        draw, rig = self.random, self.rig
        about = {"line_id": draw.choice(list(LINES)), "odds": draw.choice([-110, 105, 117, 900]), "stake": 1000}
        if draw.random() < 0.3:
            rig.message(f"hand-{key}", matched=draw.choice([0, 40]), **about | {"line_id": draw.choice(["a0", "t0"])})
        rig.send(key, **about, hedge=draw.random() < 0.2)
        if draw.random() < 0.2:
            return
        if draw.random() < 0.2:
            rig.ledger.lost(key, rig.tick())
            return
        rig.ledger.accepted(key, report_of(key, Status.INACTIVE, **about), rig.tick(SECOND))
        if draw.random() < 0.2:
            return
        rig.message(key, **about)
        total = 0
        for _ in range(draw.randrange(4)):
            stake = draw.randint(1, 300)
            total += stake
            if draw.random() < 0.8:
                match = (stake, draw.choice([about["odds"], 131])) if draw.random() < 0.8 else None
                rig.message(key, matched=total + draw.choice([0, 0, 0, -1]), match=match, **about)
        if draw.random() < 0.4:
            rig.cancel(key)
            if draw.random() < 0.5 and total:
                rig.message(key, matched=total, matching=Matching.FULLY_MATCHED, **about | {"stake": total})
        if draw.random() < 0.3 and total:
            rig.ledger.detail(f"w-{key}", [MatchDetail("", total, 131, draw.choice([None, total * 131 // 100]))])
        if draw.random() < 0.4:
            rig.message(key, draw.choice(ENDS), total, winning=draw.choice(RESULTS), **about)


def fields(wager: Wager) -> dict[str, object]:
    """Return every field of a wager but its number, because a restart numbers the wagers again."""
    found = {name: getattr(wager, name) for name in wager.__struct_fields__ if name != "number"}
    found["matches"] = None if wager.matches is None else (wager.matches.saved(), wager.matches.wants_detail)
    return found


def in_the_journal(saved: SaveWager) -> SaveWager:
    """The wager after its way through a row of the journal."""
    return rows.wager(rows.of_wager(saved)[:-1])


def moved(ledger: Ledger) -> dict[LineKey, Position]:
    return {line: position for line, position in ledger.positions.items() if position != Position()}


def full(ledger: Ledger) -> dict[MarketKey, tuple[int, int]]:
    return {market: (stakes.remaining, stakes.matched) for market, stakes in ledger.full_stakes.items() if stakes}


@given(st.integers(0, 2**32))
def test_a_saved_wager_is_restored_with_every_field(seed: int) -> None:
    before = Evening(seed).rig.ledger
    after = Ledger(0.02)
    for wager in before.wagers():
        after.restore(in_the_journal(before.saved(wager)))
    for wager in before.wagers():
        restored = after.get(wager.external_id)
        assert restored is not None
        expected = fields(wager)
        if wager.state is State.PLACING:  # nobody will answer the placement any more
            expected["state"] = State.UNKNOWN if wager.wager_id is None else State.INACTIVE
        assert type(restored) is type(wager)
        assert fields(restored) == expected
        assert replace(after.saved(restored), state="") == replace(before.saved(wager), state="")
    for wager in before.wagers():  # a restart counts what has no result yet, even if its market has one
        before.stop_settling(wager.market)
    assert moved(after) == moved(before)
    assert full(after) == full(before)
    assert after.totals.locked == before.totals.locked
    assert (after.realised, after.outstanding) == (before.realised, before.outstanding)
    assert {wager.external_id for wager in after.estimated()} == {wager.external_id for wager in before.estimated()}


def test_an_estimated_win_is_still_estimated_after_a_restart() -> None:
    rig = Rig()
    rig.open()
    rig.read(matched=300)
    again = Ledger(0.02)
    again.restore(in_the_journal(rig.ledger.saved(rig.ledger.estimated()[0])))
    (wager,) = again.estimated()
    assert wager.win_estimated
    again.take_report(report_of(matched=300, match=(300, 140)), True, rig.tick(), resolve)
    assert wager.win == 420, "the message of the match came late"


def test_a_wager_of_an_older_journal_counts_at_its_least_win_and_wants_its_matches() -> None:
    rig = Rig()
    rig.open(odds=117)
    rig.message(matched=50, match=(50, 117), odds=117)
    rig.ledger.detail("w-r1-fv-1", [MatchDetail("", 50, 117, 59)])
    saved = replace(rig.ledger.saved(rig.open("r1-fv-2")), matched=50, win=59, matches=None, odds=117, placed=None)
    again = Ledger(0.02)
    again.restore(saved)
    (wager,) = again.wagers()
    assert (wager.win, wager.win_estimated) == (58, False)
    assert wager.matches is not None
    assert wager.matches.wants_detail
    again.detail("w-r1-fv-2", [MatchDetail("", 50, 117, 59)])
    assert (wager.win, wager.matches.wants_detail) == (59, False)
