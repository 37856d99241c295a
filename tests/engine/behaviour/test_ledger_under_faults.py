"""The ledger behind a network that loses, repeats and reorders messages of an exchange that matches, cancels, voids and
settles: nothing is counted twice or too low, and after all messages the figures equal those of the exchange."""

from __future__ import annotations

import random
from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_rig import LINES, Rig, report_of, resolve

from mmbot.domain.catalogue import LineKey, MarketKey, market_of
from mmbot.domain.money import half_up
from mmbot.domain.odds import profit
from mmbot.domain.position import Position
from mmbot.domain.wager import MatchDetail, Matching, Status, WagerReport, Winning
from mmbot.domain.wager_states import COULD_MATCH
from mmbot.engine.events import FailureReason
from mmbot.engine.wagers.ledger import Kind, Ledger, Wager

RESULTS = [Winning.WON, Winning.LOST, Winning.PUSH, Winning.DRAW, Winning.NO_RESULT]
BY_HAND = [Winning.MANUALLY_WON, Winning.MANUALLY_LOST, Winning.PUSH, Winning.NO_RESULT]
DECIDED = (Status.SETTLED, Status.CLOSED, Status.MANUALLY_SETTLED, Status.VOID)


class Held:
    """One wager in the books of the exchange."""

    def __init__(self, external_id: str, line_id: str, odds: int, stake: int) -> None:
        self.external_id = external_id
        self.line_id = line_id
        self.odds = odds
        self.stake = stake
        self.status = Status.INACTIVE
        self.winning = Winning.TBD
        self.matches: list[tuple[int, int]] = []
        self.cut = False

    @property
    def matched(self) -> int:
        return sum(stake for stake, _ in self.matches)

    @property
    def win(self) -> int:
        return sum(profit(stake, odds) for stake, odds in self.matches)

    @property
    def remaining(self) -> int:
        return self.stake - self.matched if self.status in (Status.INACTIVE, Status.OPEN) else 0

    @property
    def result(self) -> int | None:
        if self.status not in DECIDED:
            return None
        if self.status is Status.VOID:
            return 0
        if self.winning in (Winning.WON, Winning.MANUALLY_WON):
            return self.win
        return -self.matched if self.winning in (Winning.LOST, Winning.MANUALLY_LOST) else 0

    def report(self, sequence: int, match: tuple[int, int] | None) -> WagerReport:
        full = self.matched and self.matched == self.stake
        matching = (
            Matching.FULLY_MATCHED if full else (Matching.PARTIALLY_MATCHED if self.matched else Matching.UNMATCHED)
        )
        return report_of(
            self.external_id,
            self.status,
            self.matched,
            stake=self.stake,
            matching=matching,
            winning=self.winning,
            match=match,
            sequence=sequence,
            line_id=self.line_id,
            odds=self.odds,
        )


class World:
    """The exchange, the network, and the ledger behind the network."""

    def __init__(self, seed: int, *, voids: bool) -> None:
        self.random = random.Random(seed)
        self.rig = Rig()
        self.held: dict[str, Held] = {}
        self.wagers: dict[str, Wager] = {}
        self.flying: list[WagerReport] = []
        self.reads: list[tuple[int, WagerReport]] = []
        self.details: list[tuple[str, list[MatchDetail]]] = []
        self.matched_stake = 0
        self.voids = voids

    # acts of the exchange

    def place(self) -> None:
        line_id = self.random.choice(["a0", "a1", "s0", "s1"])
        odds = self.random.choice([-350, -142, -110, 100, 105, 240, 1900])
        external_id = f"r1-fv-{len(self.wagers) + 1}"
        wager = self.rig.send(external_id, line_id=line_id, odds=odds, stake=self.random.randrange(100, 5000))
        self.wagers[external_id] = wager
        fate = self.random.random()
        if fate < 0.1:
            self.rig.ledger.rejected(external_id, FailureReason.OTHER, self.rig.tick())
            return
        self.held[external_id] = Held(external_id, line_id, odds, wager.stake)
        if fate < 0.3:
            self.rig.ledger.lost(external_id, self.rig.tick())
        elif fate < 0.4:
            self.rig.ledger.rejected(external_id, FailureReason.ID_EXISTS, self.rig.tick())
        else:
            self.rig.ledger.accepted(external_id, self.held[external_id].report(0, None), self.rig.tick())

    def change(self) -> None:
        if not self.held:
            return
        held = self.random.choice(list(self.held.values()))
        match = None
        if held.status is Status.INACTIVE:
            held.status = Status.OPEN if self.random.random() < 0.9 else Status.INVALID
        elif held.status is Status.OPEN and held.remaining and self.random.random() < 0.6:
            stake = held.remaining if self.random.random() < 0.2 else self.random.randint(1, held.remaining)
            match = (stake, held.odds if self.random.random() < 0.6 else self.better(held.odds))
            held.matches.append(match)
        elif held.status is Status.OPEN and held.remaining and self.random.random() < 0.6:
            if held.matched:
                held.stake = held.matched
            else:
                held.status = self.random.choice([Status.CANCELED, Status.WIPED])
        elif held.status is Status.OPEN and not held.remaining:
            held.winning = self.random.choice(RESULTS)
            held.status = Status.CLOSED if held.winning is Winning.LOST else Status.SETTLED
        elif held.status is Status.SETTLED:
            held.status = Status.CLOSED
        elif held.status in (Status.CLOSED, Status.MANUALLY_SETTLED) and self.random.random() < 0.5:
            held.status = Status.MANUALLY_SETTLED
            held.winning = self.random.choice(BY_HAND)
        if self.voids and held.status is not Status.INACTIVE and self.random.random() < 0.05:
            held.status, held.winning, match = Status.VOID, Winning.NO_RESULT, None
        self.rig.sequence += self.random.randint(0, 1) if held.matches == [] else 1
        self.flying.append(held.report(self.rig.sequence, match))

    def better(self, odds: int) -> int:
        return odds + self.random.randint(1, 40) if odds >= 100 or odds < -150 else 100 + self.random.randint(0, 30)

    # acts of the network

    def deliver(self) -> None:
        if not self.flying:
            return
        report = self.flying.pop(self.random.randrange(min(3, len(self.flying))))
        fate = self.random.random()
        if fate < 0.15:
            return  # lost
        if fate < 0.35:
            self.flying.insert(self.random.randint(0, len(self.flying)), report)  # a second copy
        self.hear(report, from_message=True)

    def hear(self, report: WagerReport, *, from_message: bool, asked_at: int | None = None) -> None:
        changes = self.rig.ledger.take_report(report, from_message, self.rig.tick(), resolve, asked_at)
        self.matched_stake += sum(change.stake for change in changes if change.kind is Kind.MATCHED)
        self.matched_stake -= sum(change.stake for change in changes if change.kind is Kind.TAKEN_BACK)

    def read(self) -> None:
        if self.reads and self.random.random() < 0.5:
            asked_at, report = self.reads.pop(0)
            self.hear(report, from_message=False, asked_at=asked_at)
        elif self.held:
            held = self.random.choice(list(self.held.values()))
            self.reads.append((self.rig.tick(), held.report(0, None)))

    def look_up_matches(self) -> None:
        if self.details and self.random.random() < 0.5:
            external_id, matches = self.details.pop(0)
            changes = self.rig.ledger.detail(f"w-{external_id}", matches)
            self.matched_stake += sum(change.stake for change in changes if change.kind is Kind.MATCHED)
        for wager in wanting_detail(self.rig.ledger)[:1]:
            held = self.held[wager.external_id]
            if held.status is not Status.VOID:
                matches = [MatchDetail(f"w-{wager.external_id}", *match, profit(*match)) for match in held.matches]
                self.random.shuffle(matches)
                self.details.append((wager.external_id, matches))

    def cancel(self) -> None:
        ready = [
            wager for wager in self.rig.ledger.all_live() if wager.wager_id and wager not in self.rig.ledger.unknown()
        ]
        if ready:
            wager = self.random.choice(ready)
            self.rig.ledger.cancel_sent(wager.external_id, self.rig.tick())
            answer = self.random.randrange(4)
            if answer == 0:
                self.rig.ledger.cancel_lost(wager.external_id, self.rig.tick())
            elif answer == 1:
                self.rig.ledger.cancel_rejected(wager.external_id, FailureReason.BEING_MATCHED, self.rig.tick())
            elif answer == 2:
                self.rig.ledger.cancel_rejected(wager.external_id, FailureReason.NOT_LIVE_YET, self.rig.tick())

    def step(self) -> None:
        act = self.random.choices(
            [self.place, self.change, self.deliver, self.read, self.look_up_matches, self.cancel], [3, 10, 10, 3, 2, 1]
        )[0]
        act()

    def quiet(self) -> None:
        """Deliver every message in flight, and read every wager and every missing matching detail."""
        self.reads.clear()
        self.details.clear()
        while self.flying:
            self.hear(self.flying.pop(0), from_message=True)
        for held in self.held.values():
            self.hear(held.report(0, None), from_message=False, asked_at=self.rig.tick())
        for wager in wanting_detail(self.rig.ledger):
            held = self.held[wager.external_id]
            self.rig.ledger.detail(
                f"w-{held.external_id}", [MatchDetail("", *match, profit(*match)) for match in held.matches]
            )

    # the expected figures

    def truth(self) -> dict[LineKey, Position]:
        positions: dict[LineKey, Position] = defaultdict(Position)
        for held in self.held.values():
            line, side = LINES[held.line_id]
            matched, win = (held.matched, held.win) if held.result is None else (0, 0)
            positions[line].move(side, held.remaining, matched, win)
        return positions

    def gross(self) -> dict[MarketKey, int]:
        gross: dict[MarketKey, int] = defaultdict(int)
        for held in self.held.values():
            gross[market_of(LINES[held.line_id][0])] += held.result or 0
        return gross


def wanting_detail(ledger: Ledger) -> list[Wager]:
    """The wagers whose matching detail may tell more."""
    return [wager for wager in ledger.wagers() if wager.matches is not None and wager.matches.wants_detail]


def recomputed(wagers: dict[str, Wager]) -> tuple[dict[LineKey, Position], int, int]:
    positions: dict[LineKey, Position] = defaultdict(Position)
    realised = 0
    for wager in wagers.values():
        open_result = wager.booked is None
        positions[wager.line].move(
            wager.side, wager.remaining, wager.matched if open_result else 0, wager.win if open_result else 0
        )
        realised += wager.booked or 0
    return positions, sum(wager.remaining for wager in wagers.values()), realised


def true_position(ledger: Ledger, line: LineKey) -> Position:
    """The position of a line. While its market is settling, its scopes do not count the wagers without a result."""
    position = ledger.positions.get(line, Position())
    settling = ledger.settling(market_of(line))
    if settling is None:
        return position
    assert not settling.left or position.profit == [0, 0]
    true = Position()
    true.profit = settling.profit.get(line, [0, 0])
    true.remaining = position.remaining
    return true


def check_sums(world: World) -> None:
    ledger = world.rig.ledger
    positions, outstanding, realised = recomputed(world.wagers)
    for line in positions.keys() | ledger.positions.keys():
        assert true_position(ledger, line) == positions[line]
    assert ledger.outstanding == outstanding
    assert ledger.realised == realised
    live = [wager for wager in world.wagers.values() if wager.state in COULD_MATCH]
    assert ledger.all_live() == live
    for line in ledger.positions:
        assert list(ledger.live(line)) == [wager for wager in live if wager.line == line]
    assert sum(wager.matched for wager in world.wagers.values()) == world.matched_stake
    assert ledger.counts.foreign_live == 0


@settings(max_examples=120)
@given(st.integers(0, 2**32), st.integers(20, 160), st.booleans())
def test_the_sums_equal_the_sum_over_all_wagers_after_every_step(seed: int, steps: int, voids: bool) -> None:
    world = World(seed, voids=voids)
    for _ in range(steps):
        world.step()
        check_sums(world)
        for wager in world.wagers.values():
            assert 0 <= wager.matched <= wager.stake
            held = world.held.get(wager.external_id)
            assert wager.matched <= (held.matched if held else 0)


@settings(max_examples=120)
@given(st.integers(0, 2**32), st.integers(20, 200), st.booleans())
def test_the_figures_equal_those_of_the_exchange_once_every_message_arrived(seed: int, steps: int, voids: bool) -> None:
    world = World(seed, voids=voids)
    for _ in range(steps):
        world.step()
    world.quiet()
    check_sums(world)
    ledger, truth, gross = world.rig.ledger, world.truth(), world.gross()
    assert ledger.estimated() == []
    cancelling = {wager.line for wager in ledger.all_live()}
    for line in truth.keys() | ledger.positions.keys():
        assert true_position(ledger, line) == truth[line] or line in cancelling - truth.keys()
    for held in world.held.values():
        wager = world.wagers[held.external_id]
        void = held.status is Status.VOID
        assert (wager.matched, wager.win) == ((0, 0) if void else (held.matched, held.win))
        assert wager.remaining == held.remaining
    assert ledger.realised == sum(gross.values())
    assert ledger.commission == sum(half_up(max(0, amount) * 2, 100) for amount in gross.values())


@settings(max_examples=120)
@given(st.integers(0, 2**32), st.integers(20, 160))
def test_the_worst_case_is_never_below_that_of_the_exchange(seed: int, steps: int) -> None:
    """Late and lost messages do not matter. Settled wagers and voids are left out: both may withdraw a gain that was
    rightly counted until their report."""
    world = World(seed, voids=False)
    for _ in range(steps):
        world.step()
        if any(held.status in DECIDED for held in world.held.values()):
            return
        # an odd cent: each matched part wins its own half-up profit, the part without a report wins one
        odd = sum(len(world.held[wager.external_id].matches) for wager in world.rig.ledger.estimated())
        for line, position in world.truth().items():
            assert world.rig.ledger.positions[line].worst_case() + odd >= position.worst_case()


@settings(max_examples=80)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_order_and_number_of_copies_of_messages_do_not_matter(seed: int, order: random.Random) -> None:
    world = World(seed, voids=False)
    for _ in range(60):
        world.place() if not world.held else world.change()
    held = next(iter(world.held.values()), None)
    if held is None:
        return
    messages = [report for report in world.flying if report.external_id == held.external_id]
    copies = messages + [report for report in messages if order.random() < 0.5]
    order.shuffle(copies)
    figures = []
    for stream in (messages, copies):
        rig = Rig()
        wager = rig.send(
            held.external_id, line_id=held.line_id, odds=held.odds, stake=messages[0].stake if messages else held.stake
        )
        for report in stream:
            rig.ledger.take_report(report, True, rig.tick(), resolve)
        figures.append(
            (wager.matched, wager.win, wager.win_estimated, wager.state, rig.position(wager.line), rig.ledger.realised)
        )
    assert figures[0] == figures[1]
    assert figures[0][0] == held.matched
