"""How long an access token counts as valid, and when it is refreshed."""

from __future__ import annotations

from typing import Final

from mmbot.domain.instant import DAY, MINUTE, SECOND, Duration, Instant

UNSTATED_LIFE: Final = 10 * MINUTE
"""The assumed life of an access token if the answer names no expiry, or an impossible expiry (docs/protocol.md 2)."""

LONGEST_LIFE: Final = 7 * DAY

SHORTEST_LIFE: Final = 10 * SECOND
"""The shortest life of an access token that mmbot believes. A shorter life usually means that the clocks differ. A
token with a shorter life is used until the exchange rejects it, and is then renewed at once."""

REFRESHES_APART: Final = 5 * SECOND
"""The shortest time between two renewals of a token that was not rejected."""


def life_of(expires: Instant | None, wall: Instant) -> Duration:
    """Return how long a new token counts as valid.

    Args:
        expires: the time at which the token expires, according to the exchange. None if the answer does not name this
            time.
        wall: the present time of the machine's clock.
    """
    life = expires - wall if expires is not None else UNSTATED_LIFE
    if not 0 < life <= LONGEST_LIFE:
        life = UNSTATED_LIFE  # the exchange's clock disagrees with ours
    return max(life, SHORTEST_LIFE)


def refresh_after(life: Duration) -> Duration:
    """Return the age at which a token is refreshed. It is 60 % of the token's life, or less for a short life."""
    return max(min(life * 6 // 10, life - 90 * SECOND), life // 4)
