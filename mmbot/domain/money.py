"""Money as integer cents, and its conversion from and to the dollars of the wire."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

Cents = int
"""An amount in integer cents of a US dollar."""

DOLLAR: Final = 100
"""Cents in a dollar."""

_RESIDUE: Final = 1e-6  # of a cent: more than binary floats leave over on a true two-decimal amount,
_PRECISION: Final = 1e-15  # to which a large amount adds its own rounding error


class MoneyError(ValueError):
    """An amount that is not a whole number of cents, or no number at all."""


def cents(dollars: float) -> Cents:
    """Convert dollars as the wire writes them to cents.

    Raises:
        MoneyError: if anything smaller than a cent is left over.
    """
    scaled = dollars * 100
    try:
        whole = round(scaled)
    except (OverflowError, ValueError) as bad:
        raise MoneyError(f"{dollars!r} is not an amount of money") from bad
    if abs(scaled - whole) > _RESIDUE + _PRECISION * abs(scaled):
        raise MoneyError(f"{dollars!r} dollars is not a whole number of cents")
    return whole


def dollars(amount: Cents) -> float:
    """Convert cents to dollars for the wire: the float nearest to the two-decimal amount."""
    return amount / 100


def share(amount: Cents, parts: Decimal) -> Cents:
    """``amount`` times ``parts``, rounded half-up (away from zero) to a cent."""
    return int((Decimal(amount) * parts).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded half-up, exactly. Both are non-negative, the second positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def show(amount: Cents) -> str:
    """An amount for a person: ``$1,234.50``, ``-$0.07``."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}${whole:,}.{rest:02d}"
