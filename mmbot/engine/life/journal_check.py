"""Checks that the journal belongs to this account and this exchange: the exchange must know at least one wager of the
journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mmbot.domain.wager import WagerReport
from mmbot.engine.orders import SaveWager

ASKED_FOR: Final = 5
"""The number of the journal's latest wagers that are looked up by their ids. If the exchange knows none of them, mmbot
assumes that the exchange knows no wager of the journal."""


class JournalCheck:
    """Waits until the exchange shows that it knows one of the journal's wagers.

    The exchange knows every wager that it accepted. If the exchange knows no wager of the journal, the journal belongs
    to another account or exchange, or the exchange was reset. The positions in such a journal are worthless, so the
    daemon ends before it quotes.
    """

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        """The exchange's ids of the journal's wagers, by the ``external_id`` of each wager. The dictionary becomes
        empty as soon as the exchange shows that it knows any wager of the journal."""

    def expect(self, wagers: Iterable[SaveWager]) -> None:
        """Take the wagers of the journal, in the order in which they were sent."""
        self.missing = {saved.external_id: saved.wager_id for saved in wagers if saved.wager_id is not None}

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Record that the exchange knows the wagers in ``reports``."""
        if self.missing and any((report.external_id or report.wager_id) in self.missing for report in reports):
            self.missing = {}

    def to_ask_for(self) -> list[str]:
        """Return the exchange's ids of the latest wagers in ``missing`` (the journal's wagers). These wagers have to be
        looked up."""
        return list(self.missing.values())[-ASKED_FOR:]
