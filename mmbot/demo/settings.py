"""The settings of the demo. They are read from a file, and adapted to the exchange, the clock and the folder of one
run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import yaml

import mmbot
from mmbot.config import Config
from mmbot.demo.parts import Ready
from mmbot.domain.money import cents

SETTINGS: Final = Path("config") / "demo.yaml"

_STOP_S: Final = 15.0
_FEED_SILENCE_S: Final = 3.0
_ACTIVATION_S: Final = 2.0
_PRINT_MATCH_S: Final = 1.0
"""The shortest wait for a report after a public trade, in real seconds. It does not shrink with a faster clock, because
the network does not become faster."""


def settings_file(given: Path | None) -> Path:
    """Return the settings file. If no file is given, it is ``config/demo.yaml`` in the working directory or next to the
    package."""
    if given is not None:
        return given
    shipped = Path(mmbot.__file__).resolve().parent.parent / SETTINGS
    return SETTINGS if SETTINGS.is_file() or not shipped.is_file() else shipped


def for_this_run(config: Config, ready: Ready, directory: Path, port: int) -> Config:
    """Return the settings for the daemon.

    Args:
        config: the settings as they were read.
        ready: the addresses and the clock of the local exchange.
        directory: the absolute path of the state directory.
        port: the port of the daemon's HTTP server. If it is 0, the system picks any free port.
    """
    rate = ready.clock.rate
    change = msgspec.structs.replace
    guards = config.guards
    return change(
        config,
        environment="local",
        exchange=change(
            config.exchange,
            base_url=ready.base_url,
            ws_url=ready.ws_url,
            account="exclusive",
            clock=ready.clock if rate != 1.0 else None,
        ),
        guards=change(
            guards,
            feed_silence_s=max(guards.feed_silence_s, _FEED_SILENCE_S * rate),
            activation_s=max(guards.activation_s, _ACTIVATION_S * rate),
            print_match_s=max(guards.print_match_s, _PRINT_MATCH_S * rate),
        ),
        stop=change(config.stop, deadline_s=max(config.stop.deadline_s, _STOP_S * rate)),
        state_dir=str(directory),
        telemetry=change(config.telemetry, host="127.0.0.1", port=port, log_format="json"),
    )


def written(config: Config) -> str:
    """Return the settings as the text of a file."""
    return yaml.safe_dump(msgspec.to_builtins(config), sort_keys=False, allow_unicode=True)


def referee_limits(config: Config) -> list[str]:
    """Return the command-line arguments that tell the limits to the exchange's referee, which checks the daemon."""
    limits = config.limits
    scopes = {
        "line": limits.line,
        "market": limits.market,
        "sport_event": limits.event,
        "tournament": limits.tournament,
        "account": limits.account,
    }
    return [word for scope, dollars in scopes.items() for word in ("--limit", f"{scope}={cents(dollars) / 100:.2f}")]
