"""Keeps the prices that the user gave. Also finds the fair price of a line. The fair price is the user's own price or,
if the user gave none, the price from the book."""

from __future__ import annotations

from collections.abc import Container
from typing import Final, NamedTuple

from mmbot.domain.book import Book
from mmbot.domain.catalogue import Line, LineKey
from mmbot.domain.fair import fair_from
from mmbot.domain.instant import Instant
from mmbot.engine.state.shared import Shared
from mmbot.engine.timing.timers import Due

EARLY: Final = 10_000
"""The greatest number of prices that are kept for outcomes that the exchange does not list yet."""


class GivenPrice(NamedTuple):
    """One price that the user gave."""

    probability: float
    """The probability of outcome 0 of the line. While the line is not listed, it is the probability of the outcome for
    which the user gave the price."""
    at: Instant


class GivenPrices:
    """Keeps the latest price that the user gave for each line."""

    def __init__(self, shared: Shared) -> None:
        self._shared: Final = shared
        self.prices: Final[dict[LineKey, GivenPrice]] = {}
        """The latest price that the user gave for each line, no matter how old the price is. Only ``take`` adds
        prices."""
        self._early: Final[dict[str, GivenPrice]] = {}

    def doubt(self, line_id: str, at: Instant, now: Instant) -> str | None:
        """Return why a price of the user will not be used now, such as ``unknown_line``. The price is for the outcome
        of ``line_id`` and was made at the instant ``at``. The result is None if the price will be used."""
        catalogue = self._shared.catalogue
        place = catalogue.resolve(line_id)
        if place is None:
            return "unknown_line" if catalogue.line_of(line_id) is None else "not_two_outcomes"
        if at + self._shared.settings.price_age <= now:
            return "too_old"
        known = self.prices.get(place[0])
        return "newer_known" if known is not None and known.at > at else None

    def take(self, line: LineKey, probability: float, at: Instant) -> bool:
        """Take a price of outcome 0 and return True. If a newer price is already known, change nothing and return
        False."""
        known = self.prices.get(line)
        if known is not None and known.at > at:
            return False
        self.prices[line] = GivenPrice(probability, at)
        self._shared.timers.set(Due.LINE, line, at + self._shared.settings.price_age)
        return True

    def take_early(self, line_id: str, probability: float, at: Instant) -> None:
        """Keep a price of an outcome that the exchange does not list yet. If more than ``EARLY`` such prices were
        given, only the newest are kept."""
        self._early.pop(line_id, None)
        self._early[line_id] = GivenPrice(probability, at)
        if len(self._early) > EARLY:
            del self._early[next(iter(self._early))]

    def came_on_board(self, line: Line, now: Instant) -> None:
        """Take the prices that the user gave for a line before the exchange listed the line, because the exchange lists
        it now."""
        if not self._early:
            return
        for side, outcome in enumerate(line.outcomes):
            early = self._early.pop(outcome.line_id, None) if outcome.line_id else None
            if early is not None:
                probability = early.probability if side == 0 else 1.0 - early.probability
                self.take(line.key, probability, min(early.at, now))

    def fresh(self, line: LineKey, now: Instant) -> GivenPrice | None:
        """Return the latest price that the user gave for a line. The result is None if there is no price, or if the
        price is too old."""
        price = self.prices.get(line)
        return None if price is None or price.at + self._shared.settings.price_age <= now else price

    def fair_of(self, line: LineKey, book: Book, now: Instant) -> float | None:
        """Return the present fair probability of outcome 0. It is the user's own price if there is one that is not too
        old. Without such a price, it is the fair price of ``book``. The result is None if ``book`` has no fair price,
        either."""
        price = self.fresh(line, now)
        if price is not None:
            return price.probability
        fair = fair_from(book, self._shared.settings.max_bid_ask_spread)
        return None if fair is None else fair.probability

    def forget(self, sport_events: Container[int]) -> None:
        """Drop the prices of sport events that are over."""
        for line in [line for line in self.prices if line.sport_event in sport_events]:
            del self.prices[line]
