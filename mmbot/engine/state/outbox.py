"""Holds the engine's instructions to the shell (the code around the engine) until the shell takes them."""

from __future__ import annotations

from typing import Final

from mmbot.engine.orders import Alert, Order, Record, Save, Severity
from mmbot.engine.wagers.ledger import Ledger, Wager


class Outbox:
    """Collects the engine's instructions to the shell (the code around the engine), one after another."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger: Final = ledger
        self._orders: list[Order] = []
        self._unsaved: dict[str, Wager] = {}
        self._records: list[Record] = []

    def order(self, order: Order) -> None:
        """Add an instruction for the shell (the code around the engine)."""
        self._orders.append(order)

    def alert(self, severity: Severity, name: str, **fields: str | int | float | bool | None) -> None:
        """Add a log entry."""
        self._orders.append(Alert(severity, name, fields))

    def record(self, record: Record) -> None:
        """Add an entry of the journal. All entries since the previous call of ``take`` are saved together or not at
        all."""
        self._records.append(record)

    def save(self, wager: Wager) -> None:
        """Save a wager to the journal, in the state that the wager has when the outbox is emptied.

        The journal entry is made when the outbox is emptied, so that it does not delay a request.
        """
        self._unsaved[wager.external_id] = wager

    def take(self) -> list[Order]:
        """Empty the outbox and return its instructions."""
        taken, self._orders = self._orders, []
        if self._unsaved or self._records:
            records, self._records = self._records, []
            records += [self._ledger.saved(wager) for wager in self._unsaved.values()]
            self._unsaved.clear()
            taken.append(Save(tuple(records)))
        return taken
