"""Whether the journal is of this account and exchange, by the wagers that it knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mmbot.domain.wager import WagerReport
from mmbot.engine.orders import SaveWager

ASKED_FOR: Final = 5
"""So many of the journal's wagers are asked for by id before the exchange is believed to know none."""


class JournalCheck:
    """Waits for a sign that the exchange knows one of the journal's wagers.

    It has to know those that it took: one of them at least, or the journal is of another account or exchange, or of one
    that was reset. What such a journal says was matched counts for nothing, so the daemon ends before it quotes.
    """

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        """Wagers that the exchange has to know, by ``external_id``, with their ids; none once it knows one of them."""

    def expect(self, wagers: Iterable[SaveWager]) -> None:
        """Take the wagers of the journal, in the order of sending."""
        self.missing = {saved.external_id: saved.wager_id for saved in wagers if saved.wager_id is not None}

    def saw(self, reports: Iterable[WagerReport]) -> None:
        """Note that the exchange knows these wagers."""
        if self.missing and any(report.external_id in self.missing for report in reports):
            self.missing = {}

    def to_ask_for(self) -> list[str]:
        """The ids of those that are worth asking for."""
        return list(self.missing.values())[-ASKED_FOR:]
