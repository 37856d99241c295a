"""Exposure credits: the part of the stakes on a line that comes back whichever outcome wins."""

from __future__ import annotations

from bisect import bisect_right

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.domain.odds import Side
from mmbot.simulator.venue.accounts.order import Account


def credits_of(account: Account, until: Instant) -> Cents:
    """Return the sum of an account's credits for matches up to the time ``until``, in cents. A match counts until the
    result of its wager is paid (docs/protocol.md 7.6; inferred)."""
    lines: dict[LineKey, _Line] = {}
    for match in account.matches[: bisect_right(account.matched_at, until)]:
        order = account.by_id[match.wager_id]
        if not order.released:
            lines.setdefault(match.line, _Line()).add(match.side, match.stake, match.win)
    return sum(line.credit for line in lines.values())


class _Line:
    """The matches of one line."""

    def __init__(self) -> None:
        self._staked: Cents = 0
        self._profit: list[Cents] = [0, 0]

    def add(self, side: Side, stake: Cents, win: Cents) -> None:
        self._staked += stake
        self._profit[side] += win
        self._profit[1 - side] -= stake

    @property
    def credit(self) -> Cents:
        """The stakes, less the loss in the worse case."""
        return self._staked - max(0, -min(self._profit))
