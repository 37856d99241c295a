"""The exchange's standard odds ladder, written as the rule that generates it (docs/protocol.md 7.4)."""

from __future__ import annotations

from typing import Final

_STEPS: Final = (
    (100, 130, 1),
    (132, 200, 2),
    (205, 500, 5),
    (510, 1000, 10),
    (1050, 2000, 50),
    (2100, 5000, 100),
    (5250, 10_000, 250),
    (10_500, 25_000, 500),
)
_BESIDE: Final = (2250, 2750)


def _magnitudes() -> tuple[int, ...]:
    found = set(_BESIDE)
    for first, last, step in _STEPS:
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


MAGNITUDES: Final = _magnitudes()

STANDARD: Final[tuple[int, ...]] = (*(-odds for odds in reversed(MAGNITUDES) if odds != 100), *MAGNITUDES)
"""All 555 odds, shortest first. Every magnitude has both signs, except that -100 is written +100."""
