"""Money in integer cents, and conversion from and to the dollars in the exchange's messages."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from mmbot.domain.bounds import LARGEST_DOLLARS

Cents = int
"""The type of an amount of money, in integer cents of a US dollar."""

DOLLAR: Final = 100
"""The number of cents in a dollar."""

_RESIDUE: Final = 1e-6  # in cents: a two-decimal amount as a binary float is off by less than this
_PRECISION: Final = 1e-15  # relative: a large float has this rounding error in addition


class MoneyError(ValueError):
    """Raised for an amount that is not a whole number of cents."""


def cents(dollars: float) -> Cents:
    """Convert an amount in dollars, as the exchange writes it, to cents.

    Raises:
        MoneyError: if the amount is not a whole number of cents, or is beyond ``LARGEST_DOLLARS``.
    """
    if not -LARGEST_DOLLARS <= dollars <= LARGEST_DOLLARS:  # false for a number that is none
        raise MoneyError(f"{dollars!r} is not an amount of money")
    scaled = dollars * 100
    whole = round(scaled)
    if abs(scaled - whole) > _RESIDUE + _PRECISION * abs(scaled):
        raise MoneyError(f"{dollars!r} dollars is not a whole number of cents")
    return whole


def dollars(amount: Cents) -> float:
    """Convert cents to dollars as the exchange writes them, with two decimals."""
    # The result is the float that is nearest to the amount.
    return amount / 100


def share(amount: Cents, parts: Decimal) -> Cents:
    """Return ``amount`` times ``parts``, rounded to a whole cent. Half a cent is rounded away from zero."""
    return int((Decimal(amount) * parts).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def half_up(numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator``, rounded exactly to an integer. A half is rounded up. ``numerator`` must be at
    least 0, and ``denominator`` above 0."""
    return (2 * numerator + denominator) // (2 * denominator)


def show(amount: Cents) -> str:
    """Write an amount for a person, such as ``$1,234.50`` or ``-$0.07``."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}${whole:,}.{rest:02d}"
