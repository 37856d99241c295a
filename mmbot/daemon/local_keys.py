"""The keys that the local exchange takes, for whoever starts a daemon against it without any."""

from __future__ import annotations

from mmbot.exchange.credentials import ACCESS_KEY, SECRET_KEY


def local_keys(environment: str) -> str:
    """The hint that ends the message about missing keys; empty for every other environment."""
    if environment != "local":
        return ""
    from mmbot.simulator.wire.local_exchange import LocalSettings  # large, and only needed to say this

    local = LocalSettings()
    return f". mmbot exchange takes {ACCESS_KEY}={local.access_key} {SECRET_KEY}={local.secret_key}"
