"""The fair probability that follows from a book."""

from __future__ import annotations

from typing import NamedTuple

from mmbot.domain.book import Book
from mmbot.domain.odds import implied, payout


class Fair(NamedTuple):
    """The fair probability of a line, computed from its book."""

    probability: float
    """The probability that outcome 0 wins, if there is no push."""
    bid_ask_spread: float
    """The bid-ask spread of the line, as a difference of two probabilities. A taker who backs both outcomes loses this
    part of each dollar of payout."""


def fair_from(book: Book, max_bid_ask_spread: float) -> Fair | None:
    """Return the fair probability of outcome 0. It is the mean of the bid and the ask. The bid is weighted with the
    size of the ask, and the ask with the size of the bid.

    The ask is the probability that the best odds under outcome 0 imply. The bid is 1 minus the probability that the
    best odds under outcome 1 imply. Sizes are payouts. The result is None if a side is empty, or if the bid–ask spread
    is wider than ``max_bid_ask_spread`` (in probability). Source: docs/design.md, *Fair value*.
    """
    under_0, under_1 = book.sides
    if not under_0 or not under_1:
        return None
    ask = implied(under_0[0].odds)
    bid = 1.0 - implied(under_1[0].odds)
    bid_ask_spread = ask - bid
    if bid_ask_spread > max_bid_ask_spread:
        return None
    size_0 = payout(under_0[0].value, under_0[0].odds)
    size_1 = payout(under_1[0].value, under_1[0].odds)
    total = size_0 + size_1
    if total <= 0:
        return None
    probability = (bid * size_0 + ask * size_1) / total
    if not 0.0 < probability < 1.0:
        return None
    return Fair(probability, bid_ask_spread)
