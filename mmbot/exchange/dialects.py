"""Loads the dialect (a version of the exchange's API) that the settings name. No other module imports a dialect's
folder."""

from __future__ import annotations

from typing import Literal

from mmbot.exchange.dialect import Dialect

Name = Literal["legacy", "v4"]
"""The type of the name of a dialect (version of the exchange's API)."""


def dialect_of(name: Name) -> Dialect:
    """Return the dialect (version of the exchange's API) with this name. No other dialect is loaded."""
    match name:
        case "legacy":
            from mmbot.exchange.legacy.dialect import LEGACY

            return LEGACY
        case "v4":
            from mmbot.exchange.v4.dialect import V4

            return V4
