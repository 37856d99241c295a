"""Every transport there is: the suites of the wire run on each."""

from __future__ import annotations

from mmbot.net.transport_aiohttp import open_link as open_aiohttp
from mmbot.net.transport_pysher import open_link as open_pysher

TRANSPORTS = {"aiohttp": open_aiohttp, "pysher": open_pysher}
