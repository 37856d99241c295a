"""The arithmetic of wagers, written for the judge alone: implied probabilities, worst cases, commission."""

from __future__ import annotations

from fractions import Fraction

WON = ("won", "manually_won")
LOST = ("lost", "manually_lost")


def implied(odds: int) -> Fraction:
    """The implied probability of American odds, exactly."""
    return Fraction(100, 100 + odds) if odds > 0 else Fraction(-odds, 100 - odds)


def cross(one: int, other: int) -> bool:
    """True if wagers at these odds on the two outcomes of a line would match."""
    return implied(one) + implied(other) >= 1


def result_of(result: str, matched: int, win: int) -> int:
    """The profit of a wager with a result, in cents, before commission."""
    if result in WON:
        return win
    return -matched if result in LOST else 0


def commission(gain: int, percent: int, rounding: str) -> int:
    """The commission on a market's net gain, in whole cents."""
    if gain <= 0:
        return 0
    whole, rest = divmod(gain * percent, 100)
    if rounding == "down":
        return whole
    if rounding == "up":
        return whole + (rest > 0)
    if rounding == "half_even":
        return whole + (rest > 50 or (rest == 50 and whole % 2 == 1))
    return whole + (rest >= 50)
