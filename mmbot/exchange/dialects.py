"""Loads the dialect (a version of the exchange's API) that the settings name. No other module imports a dialect's
folder."""

from __future__ import annotations

from mmbot.config import DialectName
from mmbot.exchange.dialect import Dialect


def dialect_of(name: DialectName) -> Dialect:
    """Return the dialect (version of the exchange's API) with this name. No other dialect is loaded."""
    match name:
        case "legacy":
            from mmbot.exchange.legacy.dialect import LEGACY

            return LEGACY
        case "v4":
            from mmbot.exchange.v4.dialect import V4

            return V4
