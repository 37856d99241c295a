"""The bounds of values that come from outside. A value beyond its bound is treated like a malformed value.

Each bound lies far above every value of the exchange. A value within its bound is small enough for arithmetic, dates
and the journal's 64-bit integers. Each value is compared with its bound at the place where mmbot reads it from the
exchange, a file or a request.
"""

from __future__ import annotations

from typing import Final

LARGEST_AMOUNT: Final = 10**13
"""The largest accepted amount of money, in cents."""
# A stake of this amount at the longest odds wins less than 2**57 cents.

LARGEST_DOLLARS: Final = 1e11
"""The largest amount of money in the exchange's messages, in dollars. It equals ``LARGEST_AMOUNT``, which is in
cents."""

LONGEST_ODDS: Final = 1_000_000
"""The longest American odds, positive and negative. The exchange's ladder ends at 25,000."""

LARGEST_ID: Final = 2**63 - 1
"""The largest accepted id, and the largest accepted sequence number. Larger integers do not fit in the journal, whose
integers have 64 bits."""

LARGEST_LINE: Final = 10**6
"""The largest point spread or total of a line, in points."""

LATEST: Final = 4_102_444_800 * 10**9
"""The latest accepted instant, in nanoseconds since the epoch: 2100-01-01. The earliest accepted instant is the epoch
itself."""

SHORTEST_SECRET: Final = 6
"""The least number of characters of a key or token that is hidden in logs. A shorter key or token is not hidden,
because ordinary words may contain it."""

UNREADABLE: Final = (ValueError, RecursionError)
"""The errors that a decoder of JSON or msgpack raises if it cannot read the bytes."""
# Bytes that are nested more deeply than Python's stack raise RecursionError, which is no ValueError.

LONGEST_TEXT: Final = 1_000
"""The greatest number of characters in an id, a name or a word from the exchange or the user."""

LONGEST_HEADER: Final = 100
"""The greatest length of an HTTP header, in characters, that mmbot still reads as a date or as a number."""
