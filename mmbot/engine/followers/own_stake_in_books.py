"""Tells ``Books`` about our own stake, so that our stake can be subtracted from the books."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import Instant
from mmbot.domain.money import Cents
from mmbot.engine.books.books import Books
from mmbot.engine.books.own_stake import LeftStake
from mmbot.engine.quoting.quoting import Quoting
from mmbot.engine.wagers.changes import Change
from mmbot.engine.wagers.kind import Kind
from mmbot.engine.wagers.wager import LineWager


class OwnStakeInBooks:
    """Tells ``Books`` when stake of ours enters a book and when it leaves."""

    def __init__(self, books: Books, quoting: Quoting) -> None:
        self._books: Final = books
        self._quoting: Final = quoting

    def changed(self, change: Change, now: Instant) -> None:
        """Tell ``Books`` that a wager opened, matched or ended."""
        wager, kind = change.wager, change.kind
        if not isinstance(wager, LineWager):
            return  # the book is not known, or does not have two sides
        if kind is Kind.OPENED:
            self._books.note_opened(wager.line, wager.external_id, wager.sequence)
            self._quoting.book_changed(wager.line)
        elif kind is Kind.MATCHED:
            self._leave(wager, change.stake)
        elif kind is Kind.ENDED:
            if wager.opened_at is not None:
                self._leave(wager, change.stake)
            self._books.note_ended(wager.line, wager.external_id)

    def _leave(self, wager: LineWager, stake: Cents) -> None:
        self._books.note_left_book(wager.line, LeftStake(wager.side, wager.odds, stake, wager.sequence))
