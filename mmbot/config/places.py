"""Where the paths of a file of settings lead: relative ones are counted from the file's own folder.

Not from wherever a command is typed, so that ``mmbot kill`` finds the daemon that ``mmbot run`` began.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mmbot.config.settings import Config


def state_dir(config: Config, file: Path) -> Path:
    """The state directory of a file of settings, absolute."""
    return (file.resolve().parent / config.state_dir).resolve()


def located(config: Config, file: Path) -> Config:
    """The settings with an absolute ``prices.file``."""
    prices = config.prices
    if prices.file is None:
        return config
    absolute = str(file.resolve().parent / prices.file)
    return msgspec.structs.replace(config, prices=msgspec.structs.replace(prices, file=absolute))
