"""Keeps the books informed of our own stake, so that it can be taken out of them."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.engine.books.books import Books
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.wagers.changes import Change, Kind
from mmbot.engine.wagers.wager import LineWager


class OwnStake:
    """Notes when own stake enters a book and when it leaves."""

    def __init__(self, books: Books, quoting: Quoting) -> None:
        self._books: Final = books
        self._quoting: Final = quoting

    def changed(self, change: Change, now: Instant) -> None:
        """Follow a wager that opened, matched or ended."""
        wager, kind = change.wager, change.kind
        if not isinstance(wager, LineWager):
            return  # which book it stands in is not known, or no book of two sides has it
        if kind is Kind.OPENED:
            self._books.enter(wager.line, wager.external_id, wager.sequence)
            self._quoting.book_changed(wager.line)
        elif kind is Kind.MATCHED:
            self._books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
        elif kind is Kind.ENDED:
            if wager.opened_at is not None:
                self._books.haunt(wager.line, wager.side, wager.odds, change.stake, wager.sequence)
            self._books.leave(wager.line, wager.external_id)
