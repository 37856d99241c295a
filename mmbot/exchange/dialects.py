"""Picks the dialect that the settings name. No other module imports a dialect's folder."""

from __future__ import annotations

from typing import Literal

from mmbot.exchange.dialect import Dialect

Name = Literal["legacy"]
"""The dialects that there are."""


def dialect_of(name: Name) -> Dialect:
    """The dialect of this name. Loads it, and no other."""
    match name:
        case "legacy":
            from mmbot.exchange.legacy.dialect import LEGACY

            return LEGACY
