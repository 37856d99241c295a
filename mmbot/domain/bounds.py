"""The bounds of values that come from outside: a number beyond its bound is read as if it were malformed.

Each bound lies far above everything that the exchange has and below the point where arithmetic, dates or the journal's
64-bit integers fail. A value of the exchange, of a file or of a request is compared with it where the value is read.
"""

from __future__ import annotations

from typing import Final

LARGEST_AMOUNT: Final = 10**13
"""The largest amount of money, in cents. At the longest odds it wins less than 2**57 cents."""

LARGEST_DOLLARS: Final = 1e11
"""The same in dollars, for fields of the wire."""

LONGEST_ODDS: Final = 1_000_000
"""The longest American odds, positive and negative. The exchange's ladder ends at 25,000."""

LARGEST_ID: Final = 2**63 - 1
"""The largest id and the largest sequence number: the journal's integers have 64 bits."""

LARGEST_LINE: Final = 10**6
"""The largest number of a line, in points."""

LATEST: Final = 4_102_444_800 * 10**9
"""The latest instant, in nanoseconds since the epoch: 2100-01-01. The first one is the epoch itself."""

SHORTEST_SECRET: Final = 6
"""The fewest characters of a key or token that is hidden in logs. A shorter one would hide ordinary words."""

LONGEST_HEADER: Final = 100
"""The most characters of an HTTP header that is read as a date or a number."""
