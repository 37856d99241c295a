"""The keys of the local exchange. They are shown to an operator who starts a daemon for the local exchange without
keys."""

from __future__ import annotations

from mmbot.exchange.credentials import ACCESS_KEY, SECRET_KEY


def local_keys(environment: str) -> str:
    """Return a hint to add to the message about missing keys. It is empty for an environment other than ``local``."""
    if environment != "local":
        return ""
    from mmbot.simulator.wire.local_exchange import LocalSettings  # a slow import that only this hint needs

    local = LocalSettings()
    return f". For mmbot exchange, set {ACCESS_KEY}={local.access_key} {SECRET_KEY}={local.secret_key}"
