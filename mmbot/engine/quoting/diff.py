"""Finds the fewest cancels and placements that turn the open wagers of one line into its targets (the wagers that
should be open)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, could_match, implied, payout, stake_for_payout
from mmbot.engine.quoting.target import Target

EXACT: Final = 36
"""The greatest size of the problem for which the best solution is searched, for one outcome. The size is the number of
open wagers times the number of targets (wagers that should be open). If the problem is greater, each wager serves the
nearest target."""

SEARCH: Final = 6_000
"""The greatest number of steps of the search for the best solution, for one outcome. So many steps are enough for six
open wagers and three targets (wagers that should be open)."""

_EDGE: Final = 1e-9  # in probability: rounding of floats must not forbid a distance of exactly the tolerance


class Live:
    """One of our wagers that could still match."""

    __slots__ = ("external_id", "fading", "odds", "side", "stake")

    def __init__(self, external_id: str, side: Side, odds: Odds, stake: Cents, fading: bool = False) -> None:
        self.external_id: Final = external_id
        self.side: Final = side
        self.odds: Final = odds
        self.stake: Final = stake
        """The stake of the wager that could still be matched, in cents."""
        self.fading: Final = fading
        """True if a cancel of the wager is pending. The wager is then neither kept nor cancelled again."""

    def __repr__(self) -> str:
        return f"Live({self.external_id!r}, {self.side}, {self.odds}, {self.stake}, {self.fading})"


class Diff(NamedTuple):
    """The result of ``diff``: the ids of the wagers to keep, the ids of the wagers to cancel, and the targets (wagers
    that should be open) to place. The ids are in the order of the argument ``live``, and the targets in the order of
    the argument ``targets``."""

    keep: tuple[str, ...]
    cancel: tuple[str, ...]
    place: tuple[Target, ...]
    """The targets (wagers that should be open) that have to be placed, each with the stake to place."""


def diff(targets: Sequence[Target], live: Sequence[Live], min_stake: Cents) -> Diff:
    """Return the cancels and placements that turn the open wagers of a line into its targets (wagers that should be
    open).

    An open wager can serve one target on its outcome, if its price is within the target's price tolerance. Several
    wagers may serve one target together. Their total payout may exceed the target's payout by the size tolerance. An
    excess of up to the payout of one cent of stake is always allowed. If the total is too small by more than the size
    tolerance, one placement adds the missing stake. A missing stake below ``min_stake`` is not placed. A wager that
    serves no target is cancelled.

    Several solutions may need equally few cancels and placements. Of these solutions, the result is the one whose kept
    wagers are closest in price to their targets. If several solutions are equally close, the solution that keeps more
    stake is taken. If they also keep equal stakes, the solution that keeps the older wagers is taken. ``live`` is in
    the order in which the wagers were sent. Stakes are in cents.

    If there are many more than six wagers on one outcome, the search may stop after ``SEARCH`` steps. The result is
    then the best solution found so far.
    """
    wants: list[Target | None] = [None, None]
    for target in targets:
        if wants[target.side] is not None:
            return _several(targets, live, min_stake)
        wants[target.side] = target
    served = [False, False]
    keep: list[str] = []
    cancel: list[str] = []
    sent = [target.stake if target is not None and target.stake >= min_stake else 0 for target in wants]
    for wager in live:
        if wager.fading:
            continue
        side = wager.side
        wanted = wants[side] if side in (0, 1) else None
        if wanted is None:
            cancel.append(wager.external_id)
            continue
        if served[side]:
            return _several(targets, live, min_stake)
        served[side] = True
        stays, sent[side] = _one(wanted, wager, min_stake)
        (keep if stays else cancel).append(wager.external_id)
    return Diff(
        tuple(keep), tuple(cancel), tuple([_sized(each, sent[each.side]) for each in targets if sent[each.side]])
    )


def _several(targets: Sequence[Target], live: Sequence[Live], min_stake: Cents) -> Diff:
    """Do the work of ``diff`` for a line with several targets (wagers that should be open) or several open wagers on
    one outcome."""
    served_by: list[Target | None] = [None] * len(live)
    sent: list[Cents] = [0] * len(targets)
    for side in (0, 1):
        wanted = [place for place, target in enumerate(targets) if target.side == side]
        resting = [place for place, wager in enumerate(live) if wager.side == side and not wager.fading]
        if wanted:
            _serve(targets, live, wanted, resting, min_stake, served_by, sent)
    keep = []
    cancel = []
    for wager, serves in zip(live, served_by, strict=True):
        if serves is not None:
            keep.append(wager.external_id)
        elif not wager.fading:
            cancel.append(wager.external_id)
    news = [_sized(target, stake) for target, stake in zip(targets, sent, strict=True) if stake]
    return Diff(tuple(keep), tuple(cancel), tuple(news))


class Rests(Protocol):
    """A wager on one outcome that is open or may be open."""

    @property
    def side(self) -> Side:
        """The outcome that the wager backs."""

    @property
    def odds(self) -> Odds:
        """The odds of the wager."""


def self_match(side: Side, odds: Odds, live: Iterable[Rests]) -> bool:
    """Return true if a wager at these odds could match one of our own wagers on the opposite outcome. Our wagers that
    are being cancelled count, too."""
    for wager in live:  # noqa: SIM110 - called for each placement, and a generator is several times slower
        if wager.side != side and could_match(odds, wager.odds):
            return True
    return False


def _sized(target: Target, stake: Cents) -> Target:
    if stake == target.stake:
        return target
    return Target(target.side, target.odds, stake, target.priority, target.price_tolerance, target.size_tolerance)


def _one(target: Target, wager: Live, min_stake: Cents) -> tuple[bool, Cents]:
    """Decide whether the one open wager of an outcome stays, if the outcome has one target (a wager that should be
    open). Return true if the wager stays, and the stake in cents that is to be placed.

    The wager stays only if keeping it takes no more cancels and placements than cancelling it.
    """
    odds, stake = target.odds, target.stake
    if wager.odds == odds:
        if wager.stake == stake:
            return True, 0
    elif abs(implied(wager.odds) - implied(odds)) > target.price_tolerance + _EDGE:
        return False, stake if stake >= min_stake else 0
    need = _need(target)
    pays = payout(wager.stake, wager.odds)
    if pays > need.most:
        return False, stake if stake >= min_stake else 0
    return True, need.short(pays, min_stake)


class _Need(NamedTuple):
    """The amounts of one target (a wager that should be open) that the search for the best solution needs, in cents."""

    stake: Cents
    payout: Cents
    most: Cents
    """The greatest total payout of the open wagers that serve the target (the wager that should be open)."""
    least: Cents
    """The least total payout of the open wagers that serve the target (the wager that should be open). If the total
    payout is less, a placement has to add the missing stake."""
    odds: Odds

    def short(self, served: Cents, min_stake: Cents) -> Cents:
        """Return the stake to place for the target (the wager that should be open). ``served`` is the total payout of
        the wagers that serve the target. The result is 0 if nothing has to be placed."""
        if not served:
            stake = self.stake
        elif served >= self.least:
            return 0
        else:
            stake = stake_for_payout(self.payout - served, self.odds)
        return stake if stake >= min_stake else 0


def _need(target: Target) -> _Need:
    full = payout(target.stake, target.odds)
    tolerated = int(full * target.size_tolerance)
    return _Need(target.stake, full, full + max(tolerated, payout(1, target.odds)), full - tolerated, target.odds)


def _serve(
    targets: Sequence[Target],
    live: Sequence[Live],
    wanted: Sequence[int],
    resting: Sequence[int],
    min_stake: Cents,
    served_by: list[Target | None],
    sent: list[Cents],
) -> None:
    """For one outcome, decide which target (wager that should be open) each open wager serves, and which stake has to
    be placed for each target."""
    needs = [_need(targets[place]) for place in wanted]
    payouts = []
    choices: list[list[tuple[int, int]]] = []  # for each wager: (distance in millionths of probability, target)
    for place in resting:
        wager = live[place]
        pays = payout(wager.stake, wager.odds)
        payouts.append(pays)
        near = []
        for index, (need, target) in enumerate(zip(needs, [targets[w] for w in wanted], strict=True)):
            if wager.odds == target.odds:
                distance = 0.0
            else:
                distance = abs(implied(wager.odds) - implied(target.odds))
                if distance > target.price_tolerance + _EDGE:
                    continue
            if pays <= need.most:
                near.append((round(distance * 1e6), index))
        near.sort()
        choices.append(near)
    small = len(resting) * len(needs) <= EXACT
    chosen = _search(needs, payouts, choices, min_stake) if small else _greedy(needs, payouts, choices)
    served = [0] * len(needs)
    for place, pays, choice in zip(resting, payouts, chosen, strict=True):
        if choice is not None:
            served[choice] += pays
            served_by[place] = targets[wanted[choice]]
    for index, place in enumerate(wanted):
        sent[place] = needs[index].short(served[index], min_stake)


def _greedy(
    needs: Sequence[_Need], payouts: Sequence[Cents], choices: Sequence[Sequence[tuple[int, int]]]
) -> list[int | None]:
    """Let each open wager serve the nearest target (wager that should be open) whose payout is not reached yet. The
    oldest wager is served first. This method is used if there are too many wagers for the search."""
    served = [0] * len(needs)
    chosen: list[int | None] = []
    for pays, near in zip(payouts, choices, strict=True):
        choice = next((index for _, index in near if served[index] + pays <= needs[index].most), None)
        if choice is not None:
            served[choice] += pays
        chosen.append(choice)
    return chosen


def _search(
    needs: Sequence[_Need], payouts: Sequence[Cents], choices: Sequence[Sequence[tuple[int, int]]], min_stake: Cents
) -> list[int | None]:
    """Find the best solution. Return, for each open wager, the index of the target (wager that should be open) that the
    wager serves. The index is None if the wager has to be cancelled.

    The search goes depth first. It begins with the oldest wager and, for each wager, tries the nearest target first. A
    branch is given up when its cancels alone outnumber the cancels and placements of the best solution so far.
    """
    count = len(choices)
    current: list[int | None] = [None] * count
    served = [0] * len(needs)
    best: list[int | None] = [None] * count
    best_items = count + len(needs) + 1
    best_distance = best_kept = steps = 0
    hopeless = [0] * (count + 1)  # how many wagers from this index on fit no target
    for index in range(count - 1, -1, -1):
        hopeless[index] = hopeless[index + 1] + (not choices[index])

    def place(depth: int, cancels: int, distance: int, kept: Cents) -> None:
        nonlocal best, best_items, best_distance, best_kept, steps
        steps += 1
        if cancels + hopeless[depth] > best_items or steps > SEARCH:
            return
        if depth == count:
            items = cancels
            for need, has in zip(needs, served, strict=True):
                if need.short(has, min_stake):
                    items += 1
            better = items < best_items or (items == best_items and (distance, -kept) < (best_distance, -best_kept))
            if better:
                best, best_items, best_distance, best_kept = current.copy(), items, distance, kept
            return
        pays = payouts[depth]
        for away, index in choices[depth]:
            if served[index] + pays <= needs[index].most:
                served[index] += pays
                current[depth] = index
                place(depth + 1, cancels, distance + away, kept + pays)
                served[index] -= pays
        current[depth] = None
        place(depth + 1, cancels + 1, distance, kept)

    place(0, 0, 0, 0)
    return best
