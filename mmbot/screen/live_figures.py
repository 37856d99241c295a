"""Formats figures for the narrow cells of the live view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.text import Text

from mmbot.domain.instant import SECOND, Duration
from mmbot.domain.money import DOLLAR, Cents
from mmbot.domain.odds import Odds

GAIN: Final = "green"
LOSS: Final = "red"
DIM: Final = "bright_black"

_UNITS: Final = ((1, ""), (1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"))
_FULL: Final = "█"
_COULD: Final = "▒"
_MARK: Final = "┊"
_EMPTY: Final = "·"


class Figure(NamedTuple):
    """One figure in a row of figures."""

    rank: int
    """The rank by which figures are left out if a row is too short. The figure with the highest rank is left out
    first."""
    text: Text


def row_of(figures: Sequence[Figure], width: int) -> Text:
    """Return one row of ``width`` characters. It has as many complete figures as fit."""
    kept = list(figures)
    while len(kept) > 1 and sum(figure.text.cell_len for figure in kept) > width:
        kept.remove(max(kept, key=lambda figure: figure.rank))
    return fit(Text().join([figure.text for figure in kept]), width)


def amount(cents: Cents, width: int, *, places: int = 2, signed: bool = False) -> str:
    """Return an amount in dollars without a currency sign, for example ``1234.50``, ``1235`` or ``1.2k``. It has as
    many digits as ``width`` allows.

    Args:
        cents: the amount in cents.
        width: the greatest number of characters.
        places: the greatest number of decimals, which is 0 or 2.
        signed: True to write a gain with a plus sign.
    """
    sign = "-" if cents < 0 else "+" if signed and cents else ""
    size = abs(cents)
    candidates = [f"{sign}{size // DOLLAR}.{size % DOLLAR:02d}"] if places else []
    candidates.append(f"{sign}{_rounded(size, DOLLAR)}")
    for unit, letter in _UNITS[1:]:
        candidates.append(f"{sign}{size / DOLLAR / unit:.1f}{letter}")
        candidates.append(f"{sign}{_rounded(size, DOLLAR * unit)}{letter}")
    return next((text for text in candidates if len(text) <= width), "#" * width)


def odds(number: Odds) -> str:
    """Return American odds with a plus or minus sign."""
    return f"{number:+d}"


def profit(cents: Cents, width: int) -> Text:
    """Return an amount with a plus or minus sign. A gain is green, and a loss is red."""
    return Text(amount(cents, width, signed=True), GAIN if cents > 0 else LOSS if cents < 0 else DIM)


def span(duration: Duration) -> str:
    """Return a duration in at most seven characters, for example ``5s``, ``5m37s``, ``3h05m`` or ``12d3h``."""
    whole = max(0, duration) // SECOND
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"


def danger(worst: Cents, soft: Cents, hedge: Cents) -> str:
    """Return the colour for a worst case. The colour is green below the soft threshold, yellow from there to the hedge
    threshold, and red above."""
    return GAIN if worst < soft else "yellow" if worst < hedge else LOSS


def bar(worst: Cents, matched: Cents, soft: Cents, hedge: Cents, limit: Cents, width: int) -> Text:
    """Return a bar that shows a worst case as a share of its limit.

    The left part of the bar stands for matched wagers, and the right part for wagers that could still be matched. Two
    marks show the soft and the hedge threshold. The colour depends on the matched part, because the two thresholds
    apply to it.
    """
    cells = [_EMPTY] * width
    for threshold in (soft, hedge):
        if 0 < threshold < limit:
            cells[min(width - 1, threshold * width // limit)] = _MARK
    filled = _cells(worst, limit, width)
    solid = min(filled, _cells(matched, limit, width))
    text = Text("".join([_FULL * solid, _COULD * (filled - solid)]), danger(matched, soft, hedge))
    return text.append("".join(cells[filled:]), DIM)


def fit(text: Text | str, width: int, *, right: bool = False) -> Text:
    """Return a text with exactly ``width`` characters. A longer text is cut and ends in an ellipsis. A shorter text is
    filled with blanks."""
    cell = text.copy() if isinstance(text, Text) else Text(text)
    if not cell.plain.isprintable():  # names from the exchange must not control the terminal
        cell.plain = "".join(letter if letter.isprintable() else " " for letter in cell.plain)
    cell.truncate(max(0, width), overflow="ellipsis")
    missing = max(0, width - cell.cell_len)
    if right:
        cell.pad_left(missing)
    else:
        cell.pad_right(missing)
    return cell


def _cells(part: Cents, whole: Cents, width: int) -> int:
    """Return how many of ``width`` characters stand for a part of a whole. A part above 0 gets at least one
    character."""
    if part <= 0:
        return 0
    if whole <= 0:
        return width
    return max(1, min(width, part * width // whole))


def _rounded(size: int, unit: int) -> int:
    return (2 * size + unit) // (2 * unit)
