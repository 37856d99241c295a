"""Makes the ``external_id`` of each of our wagers from the run, the strategy and a sequence number.

No ``external_id`` is ever used twice, not even after a crash. So an ``external_id`` is given out only if the shell (the
code around the engine) has saved on disk that this run may use its sequence number (docs/design.md, *Ids*).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mmbot.engine.orders import ReserveBlock, Seed
from mmbot.engine.state.outbox import Outbox

IDS_PER_BLOCK: Final = 1000
"""The number of sequence numbers that are reserved for this run at a time. When less than half of a reservation is
left, the engine requests the next reservation."""

QUOTE: Final = "q"
"""The letter before the number of the quoting rule, in the ``external_id`` of a quote."""

HEDGE: Final = "h"
"""The part of the ``external_id`` of a hedge that replaces the letter and number of the quoting rule."""


def run_of(external_id: str) -> str | None:
    """Return the id of the run (one start of the daemon) that an ``external_id`` contains. None if the ``external_id``
    does not have the form of mmbot's own ids."""
    run, _, rest = external_id.partition("-")
    strategy, _, sequence = rest.partition("-")
    strategy = strategy.rstrip("x")  # see ``ExternalIds.next``
    ours = strategy == HEDGE or (strategy[:1] == QUOTE and strategy[1:].isdigit())
    return run if ours and run.isalnum() and sequence.isdigit() else None


class ExternalIds:
    """Gives each wager its ``external_id``. Reserves further sequence numbers before the reserved numbers run out."""

    def __init__(self, seed: Seed, outbox: Outbox, used: Callable[[str], bool]) -> None:
        """Create the object. ``used`` is a function that returns true for the id of a wager that is known already."""
        self._used: Final = used
        self._run_id: Final = seed.run_id
        self._outbox: Final = outbox
        self._next = seed.next_sequence
        self._end = seed.end_sequence
        self._reserving = False
        """True after a reservation was requested, until the shell (the code around the engine) reports that the
        reservation is saved."""

    def next(self, strategy: str) -> str:
        """Return the next ``external_id``. This method may be called only after ``has`` returned true.

        The exchange may have reported a wager with this id, although this run has not used the id yet. In this case,
        the name of the strategy in the id is lengthened until the id is new.
        """
        sequence = self._next
        self._next += 1
        external_id = f"{self._run_id}-{strategy}-{sequence}"
        while self._used(external_id):
            strategy += "x"
            external_id = f"{self._run_id}-{strategy}-{sequence}"
        return external_id

    def has(self, count: int) -> bool:
        """Return true if this run may use ``count`` more ids now. If only a few ids are left, request the next
        reservation."""
        left = self._end - self._next
        if left < IDS_PER_BLOCK // 2 and not self._reserving:
            self._reserving = True
            self._outbox.order(ReserveBlock(self._end + IDS_PER_BLOCK))
        return left >= count

    def reserved(self, end: int) -> None:
        """Record that this run may use the sequence numbers below ``end``."""
        self._reserving = False
        self._end = max(self._end, end)
