"""Resolves the relative paths in a settings file. Such a path starts at the folder of the settings file.

The working directory does not matter. So ``mmbot kill`` finds the state directory of a bot that was started from
another folder.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mmbot.config.settings import Config


def state_dir(config: Config, file: Path) -> Path:
    """Return the absolute path of the state directory."""
    return (file.resolve().parent / config.state_dir).resolve()


def located(config: Config, file: Path) -> Config:
    """Return the settings with the absolute path of ``prices.file``."""
    prices = config.prices
    if prices.file is None:
        return config
    absolute = str(file.resolve().parent / prices.file)
    return msgspec.structs.replace(config, prices=msgspec.structs.replace(prices, file=absolute))
