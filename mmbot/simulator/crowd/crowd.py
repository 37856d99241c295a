"""The interface of every crowd (a group of simulated traders). The function ``maker_stake`` computes how much a crowd
has to stake so that takers see a given amount."""

from __future__ import annotations

from typing import Protocol

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents, half_up
from mmbot.domain.odds import Odds


class Crowd(Protocol):
    """A group of simulated traders. Their actions depend only on the state of the exchange, and on a random seed or a
    recording."""

    def next_due(self) -> Instant | None:
        """The time of the crowd's next action. None if the crowd has no more actions."""

    def advance(self, now: Instant) -> None:
        """Carry out every action whose time is at or before ``now``."""

    @property
    def finished(self) -> bool:
        """True if the crowd has no more actions to carry out."""


def maker_stake(value: Cents, shown: Odds) -> Cents:
    """Return the stake in cents that a wager needs so that takers see ``value`` at the odds ``shown``.

    ``value`` is the amount in cents that takers can stake against the wager. The result is exact if the takers back the
    underdog. If they back the favourite, one more cent of the wager's stake adds several cents to the amount that
    takers see. The result is then the greatest stake that shows at most ``value``.
    """
    return half_up(value * shown, 100) if shown > 0 else (100 * value + 49) // -shown
