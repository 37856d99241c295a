"""Checks that the journal belongs to this account and exchange, by the wagers that the journal holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mmbot.domain.wager import WagerReport
from mmbot.engine.orders import SaveWager

ASKED_FOR: Final = 5
"""The number of the journal's wagers that are looked up by id. If the exchange knows none of these, it knows none."""


class JournalCheck:
    """Waits until the exchange shows that it knows one of the journal's wagers.

    The exchange knows every wager that it accepted. If it knows none of the journal's, the journal belongs to another
    account or exchange, or the exchange was reset. The positions in such a journal are worthless, so the daemon ends
    before it quotes.
    """

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        """The ids of wagers that the exchange has to know, by ``external_id``. Empty once the exchange showed one of
        them."""

    def expect(self, wagers: Iterable[SaveWager]) -> None:
        """Take the wagers of the journal, in the order of sending."""
        self.missing = {saved.external_id: saved.wager_id for saved in wagers if saved.wager_id is not None}

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Note that the exchange knows these wagers."""
        if self.missing and any(report.external_id in self.missing for report in reports):
            self.missing = {}

    def to_ask_for(self) -> list[str]:
        """Return the ids of the missing wagers to look up: the latest."""
        return list(self.missing.values())[-ASKED_FOR:]
