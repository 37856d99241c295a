"""What to cancel and what to place so that the wagers of one line become its targets, in the fewest messages.

Every cancel and every placement is one item of a batch, so items are what is counted. Limits, funds and the moment of
sending are judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side, could_match, implied, payout, stake_for_payout
from mmbot.engine.quoting.target import Live, Target

EXACT: Final = 36
"""Live wagers times targets of one side up to which the fewest items are searched for; beyond it takes the nearest."""

SEARCH: Final = 6_000
"""Partial assignments that one side's search tries at most: enough for every case of six wagers and three targets."""

_EDGE: Final = (
    1e-9  # of probability: a distance of exactly the tolerance is within it, whatever binary floats make of it
)


class Diff(NamedTuple):
    """The result: ids kept and cancelled in the order of ``live``, and placements in the order of ``targets``."""

    keep: tuple[str, ...]
    cancel: tuple[str, ...]
    place: tuple[Target, ...]
    """Targets, each with the stake to send."""


def diff(targets: Sequence[Target], live: Sequence[Live], min_stake: Cents) -> Diff:
    """Turn the live wagers of one line into its targets.

    A live wager serves at most one target, of its side and within its price tolerance. What serves a target may pay
    out too much by no more than the size tolerance (a cent of stake at least, for rounding); too little by more than
    the tolerance, and by at least ``min_stake``, is topped up beside it with one placement, else left. All other wagers
    are cancelled. Of the ways with the fewest items it takes the one whose kept wagers are closest in price, then the
    one that keeps most, then the one that keeps the older: ``live`` is in order of sending. Stakes are in cents.

    Exact while a side's search stays within ``SEARCH`` steps, which many more wagers than six on one side can pass;
    then it is the best way found by then.
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
    """For a line with several targets, or several wagers, on one side."""
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
    """What rests, or may, on one outcome at some odds."""

    @property
    def side(self) -> Side:
        """The outcome that it backs."""

    @property
    def odds(self) -> Odds:
        """At which odds."""


def self_match(side: Side, odds: Odds, live: Iterable[Rests]) -> bool:
    """Whether a wager at these odds could match one of our own on the opposite outcome, a fading one included."""
    for wager in live:  # noqa: SIM110 - asked for each placement, and a generator costs several times as much
        if wager.side != side and could_match(odds, wager.odds):
            return True
    return False


def _sized(target: Target, stake: Cents) -> Target:
    if stake == target.stake:
        return target
    return Target(target.side, target.odds, stake, target.priority, target.price_tolerance, target.size_tolerance)


def _one(target: Target, wager: Live, min_stake: Cents) -> tuple[bool, Cents]:
    """Whether the only wager of a side stays for its only target, and the stake to send: to keep it is never more."""
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
    """A target in the terms of the search."""

    stake: Cents
    payout: Cents
    most: Cents
    """Payout that may serve it."""
    least: Cents
    """Payout below which it is short by more than its tolerance."""
    odds: Odds

    def short(self, served: Cents, min_stake: Cents) -> Cents:
        """The stake of the placement that tops it up, 0 for none."""
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
    """Settle one side: which target each resting wager serves, and the stake that each target is sent."""
    needs = [_need(targets[place]) for place in wanted]
    payouts = []
    choices: list[list[tuple[int, int]]] = []  # of each wager: (distance in millionths of probability, target)
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
    """For more than a search can look through: each wager, oldest first, serves the nearest target that has room."""
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
    """The best target for each wager, None for a cancel: depth first, oldest wager first, nearest target first.

    A branch is left once its cancels alone make it worse than the best way found.
    """
    count = len(choices)
    current: list[int | None] = [None] * count
    served = [0] * len(needs)
    best: list[int | None] = [None] * count
    best_items = count + len(needs) + 1
    best_distance = best_kept = steps = 0
    hopeless = [0] * (count + 1)  # wagers from here on that no target can use
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
