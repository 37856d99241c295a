"""The keys of the local exchange. An error message shows them to an operator who starts the daemon without keys."""

from __future__ import annotations

from mmbot.exchange.credentials import ACCESS_KEY, SECRET_KEY


def local_keys(environment: str) -> str:
    """Return a hint for the message about missing keys. The hint is empty if the environment is not ``local``."""
    if environment != "local":
        return ""
    from mmbot.simulator.wire.local_exchange import LocalSettings  # a slow import that only this hint needs

    local = LocalSettings()
    return f". For mmbot exchange, set {ACCESS_KEY}={local.access_key} {SECRET_KEY}={local.secret_key}"
