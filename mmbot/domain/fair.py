"""The fair probability that a book gives."""

from __future__ import annotations

from typing import NamedTuple

from mmbot.domain.book import Book
from mmbot.domain.odds import implied, payout


class Fair(NamedTuple):
    """A fair probability read from a book."""

    probability: float
    """Of outcome 0, given that neither side is pushed."""
    gap: float
    """Between the two best prices, in probability: what a taker of both outcomes would lose."""


def fair_from(book: Book, widest_gap: float) -> Fair | None:
    """The fair probability of outcome 0: the two best prices, each weighted with the size on the other side.

    ask = what the best odds under outcome 0 imply; bid = 1 - what the best under outcome 1 imply; sizes as payout.
    None when a side is missing or the gap is wider than ``widest_gap`` (in probability). Source: DESIGN, *Fair value*.
    """
    under_0, under_1 = book.sides
    if not under_0 or not under_1:
        return None
    ask = implied(under_0[0].odds)
    bid = 1.0 - implied(under_1[0].odds)
    gap = ask - bid
    if gap > widest_gap:
        return None
    size_0 = payout(under_0[0].value, under_0[0].odds)
    size_1 = payout(under_1[0].value, under_1[0].odds)
    total = size_0 + size_1
    if total <= 0:
        return None
    probability = (bid * size_0 + ask * size_1) / total
    if not 0.0 < probability < 1.0:
        return None
    return Fair(probability, gap)
