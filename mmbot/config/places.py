"""Resolve the relative paths in a settings file. They are relative to the folder of the file.

They do not depend on the working directory, so ``mmbot kill`` finds the daemon that ``mmbot run`` started elsewhere.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mmbot.config.settings import Config


def state_dir(config: Config, file: Path) -> Path:
    """Return the absolute path of the state directory."""
    return (file.resolve().parent / config.state_dir).resolve()


def located(config: Config, file: Path) -> Config:
    """Return the settings with an absolute ``prices.file``."""
    prices = config.prices
    if prices.file is None:
        return config
    absolute = str(file.resolve().parent / prices.file)
    return msgspec.structs.replace(config, prices=msgspec.structs.replace(prices, file=absolute))
