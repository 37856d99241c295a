"""A whole local exchange without its server. It has the exchange itself, the crowds, the bot's account and the
referee."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.simulator.crowd.crowd import Crowd
from mmbot.simulator.crowd.fixtures import LATECOMERS
from mmbot.simulator.crowd.scripted_changes import ScriptedChanges
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings, SyntheticCrowd
from mmbot.simulator.crowd.tape import Tape
from mmbot.simulator.crowd.tape_crowd import TapeCrowd
from mmbot.simulator.judge.referee import Referee
from mmbot.simulator.judge.verdict import RefereeLimits
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.venue.venue import Venue

USER: Final = "mmbot"
"""The name of the bot's account."""

BALANCE: Final[Cents] = 1_000_000
"""The balance of the bot's account at the start, in cents."""


class World:
    """The simulated exchange, its crowds and its referee, whose time is advanced together. A world is used by a local
    exchange or a backtest."""

    def __init__(self, venue: Venue, crowds: Sequence[Crowd], account: str, referee: Referee) -> None:
        self.venue = venue
        self.crowds = tuple(crowds)
        self.account = account
        self.referee = referee
        self._created = -1

    def next_due(self) -> Instant | None:
        """The next time at which something happens without a request. None if there is no such time."""
        soonest = self.venue.next_due()
        for crowd in self.crowds:
            at = crowd.next_due()
            if at is not None and (soonest is None or at < soonest):
                soonest = at
        return soonest

    def advance(self, now: Instant) -> None:
        """Carry out everything that is due at or before ``now``, in order of time. If several actions have the same
        time, the exchange acts first, and the crowds act afterwards."""
        while (at := self.next_due()) is not None and at <= now:
            self.venue.advance(at)
            for crowd in self.crowds:
                due = crowd.next_due()
                if due is not None and due <= at:
                    crowd.advance(at)
        self.venue.advance(now)
        self.referee.observe(now)

    def create_sport_event(self, starts: Instant, now: Instant, *, listed: bool = True) -> int:
        """Create a sport event on the synthetic board and return its id. Raises ValueError if the exchange replays a
        recorded market."""
        for crowd in self.crowds:
            if isinstance(crowd, SyntheticCrowd):
                self._created += 1
                return crowd.add(LATECOMERS[self._created % len(LATECOMERS)], starts, now, listed=listed)
        raise ValueError("a sport event can be created on the synthetic board only, not next to a recorded market")

    @property
    def finished(self) -> bool:
        """True if nothing more will happen without a request."""
        return self.venue.next_due() is None and all(crowd.finished for crowd in self.crowds)


def tape_world(
    tape: Tape,
    start: Instant,
    balance: Cents = BALANCE,
    settings: VenueSettings | None = None,
    *,
    limits: RefereeLimits | None = None,
    seed: int = 0,
) -> World:
    """Make an exchange with a single market that replays ``tape`` (a recorded market). The first recorded change is
    played at ``start``."""
    venue = Venue(settings or VenueSettings(), seed)
    venue.advance(start)
    account = venue.open_account(USER, balance)
    referee = Referee(venue, account, limits)
    return World(venue, (TapeCrowd(venue, tape, start),), account, referee)


def synthetic_world(
    settings: VenueSettings | None,
    seed: int,
    start: Instant,
    *,
    board: BoardSettings | None = None,
    balance: Cents = BALANCE,
    limits: RefereeLimits | None = None,
    scripted_changes: bool = False,
) -> World:
    """Make an exchange with several sport events and a synthetic crowd. ``seed`` decides all random numbers. If
    ``scripted_changes`` is true, a script also changes the board and the account during the run."""
    venue = Venue(settings or VenueSettings(), seed)
    venue.advance(start)
    account = venue.open_account(USER, balance)
    referee = Referee(venue, account, limits)
    crowd = SyntheticCrowd(venue, board or BoardSettings(), seed, start)
    crowds: tuple[Crowd, ...] = (crowd, ScriptedChanges(venue, crowd, account, start)) if scripted_changes else (crowd,)
    return World(venue, crowds, account, referee)
