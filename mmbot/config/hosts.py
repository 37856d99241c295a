"""Decides who owns a host. The owner is this machine, ProphetX's sandbox or ProphetX's production (docs/protocol.md
1)."""

from __future__ import annotations

from enum import Enum
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

SANDBOX_URL: Final = "https://api.sandbox.prophetx.dev/partner"
PRODUCTION_URL: Final = "https://cash.api.prophetx.co/partner"

_PROPHETX: Final = ("prophetx.co", "prophetx.dev", "prophetexchange.com", "betprophet.co")
_TRIAL_WORDS: Final = ("sandbox", "staging")


class Owner(Enum):
    """The owner of a host. The value of each member is the owner's name in messages."""

    LOOPBACK = "a host on this machine"
    SANDBOX = "a host of ProphetX's sandbox"
    PRODUCTION = "a host of ProphetX's production"
    UNKNOWN = "an unknown host"


class Address(NamedTuple):
    """The parts of a URL that the checks need."""

    scheme: str
    host: str
    owner: Owner
    plain: bool
    """True if the URL has no user, query or fragment."""


def owner_of(host: str) -> Owner:
    """Return the owner of a host name or IP address."""
    name = host.lower().rstrip(".")
    if is_loopback(name):
        return Owner.LOOPBACK
    for domain in _PROPHETX:
        if name == domain or name.endswith("." + domain):
            trial = domain == "prophetx.dev" or any(word in name for word in _TRIAL_WORDS)
            return Owner.SANDBOX if trial else Owner.PRODUCTION
    return Owner.UNKNOWN


def is_loopback(host: str) -> bool:
    """Return True if a host name or address can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address(url: str) -> Address | None:
    """Return the parts of a URL. None if the text is not a URL with a scheme and a host."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if not parts.scheme or not host or any(letter.isspace() for letter in url):
        return None
    plain = "@" not in parts.netloc and not parts.query and not parts.fragment
    return Address(parts.scheme.lower(), host, owner_of(host), plain)
