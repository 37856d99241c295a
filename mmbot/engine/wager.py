"""One wager as the ledger holds it, and what a call to the ledger can do to it."""

from __future__ import annotations

from enum import Enum

import msgspec

from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import Instant
from mmbot.domain.lifecycle import COULD_MATCH, State
from mmbot.domain.money import Cents
from mmbot.domain.odds import Odds, Side
from mmbot.domain.wager import Winning
from mmbot.engine.matches import Matches


class Wager(msgspec.Struct, eq=False, kw_only=True):
    """One wager as the ledger holds it. Only the ledger writes it."""

    external_id: str
    """Of a wager not ours that has none: its ``wager_id``."""
    wager_id: str | None = None
    line: LineKey
    side: Side
    """FULL_STAKE on a line that is unknown or has not exactly two complementary outcomes."""
    line_id: str
    odds: Odds
    stake: Cents
    """At present: a cancel after a partial match cuts it to the matched part."""
    matched: Cents = 0
    """Of the stake; 0 again after a void."""
    win: Cents = 0
    """What the matched part wins beyond itself, each match at its own odds."""
    win_estimated: bool = False
    """Whether the odds of some match are assumed to be the wager's own."""
    state: State = State.PLACING
    result: Winning = Winning.TBD
    hedge: bool = False
    foreign: bool = False
    """Not placed by this bot."""
    sent_at: Instant
    accepted_at: Instant | None = None
    opened_at: Instant | None = None
    cancel_sent_at: Instant | None = None
    """The latest cancel."""
    cancel_accepted_at: Instant | None = None
    """When the exchange said that it can match no more. What matched before may not have been told yet, so it counts as
    able to match until a report says what became of it."""
    cancel_tries: int = 0
    sequence: int = 0
    """Of the latest message applied."""

    number: int
    """Its place in the order of sending."""
    placed: Cents
    """The stake as it was sent."""
    matches: Matches | None = None
    counted: tuple[Cents, Cents, Cents] = (0, 0, 0)
    """What of it the line's position holds: remaining, matched, win."""
    booked: Cents | None = None
    """What of it the market's settlement holds; None while undecided."""
    apart: bool = False
    """Settled before it was first seen: counts in nothing."""
    heard_at: Instant = 0
    """The latest message applied to its state."""
    over_at: Instant | None = None
    """Since when nothing can become of it but a correction."""

    @property
    def remaining(self) -> Cents:
        """What could still match, in cents; 0 once nothing can."""
        return self.stake - self.matched if self.state in COULD_MATCH else 0

    @property
    def live(self) -> bool:
        """Whether something of it could still match."""
        return self.state in COULD_MATCH


class Kind(Enum):
    """What a call to the ledger did."""

    OPENED = "opened"
    """Said to be live for the first time."""
    MATCHED = "matched"
    """``stake`` more is matched, which wins ``win``."""
    ENDED = "ended"
    """Nothing of it can match any more; ``stake`` was left."""
    SETTLED = "settled"
    """Its result came, or was corrected: the market's gross changed by ``win``. ``stake`` is what was matched."""
    FOREIGN = "foreign"
    """A wager not ours that can match or is matched was seen for the first time."""
    DETAIL_WANTED = "detail_wanted"
    """The odds of a match are not known: read the matching detail."""
    REVIVED = "revived"
    """One that was held to be refused or never placed lives after all; ``stake`` could match."""
    REPRICED = "repriced"
    """The win of what is matched became known better and changed by ``win``."""
    TAKEN_BACK = "taken_back"
    """A void took ``stake`` of matches back."""


class Change(msgspec.Struct, frozen=True):
    """One thing that a call to the ledger did. ``stake`` and ``win`` in cents, as the kind says."""

    kind: Kind
    wager: Wager
    stake: Cents = 0
    win: Cents = 0


Changes = tuple[Change, ...]
