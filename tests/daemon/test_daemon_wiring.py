"""The exchange's side is put together as the settings say."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig
from mmbot.daemon.trouble import Troubles
from mmbot.daemon.wire import Credentials, Surroundings
from mmbot.daemon.wiring import open_wire, transport
from mmbot.domain.clock import SystemClock
from mmbot.telemetry.logs import LineWriter, Secrets, logger
from mmbot.telemetry.metrics import Metrics

TRANSPORTS = get_args(get_type_hints(ExchangeConfig)["transport"])


@pytest.mark.parametrize("name", TRANSPORTS)
async def test_the_feed_opens_its_websocket_with_the_transport_of_the_settings(name: str, tmp_path: Path) -> None:
    exchange = {"base_url": "http://127.0.0.1:9/partner", "transport": name}
    config = msgspec.convert({"environment": "local", "exchange": exchange}, Config)
    lines, hidden, clock = LineWriter(io.StringIO()), Secrets(), SystemClock()
    log = logger(lines, hidden, level="info", style="json", now=clock.now)
    wire = await open_wire(
        Surroundings(
            config,
            Credentials("a", "s"),
            clock,
            tmp_path,
            lambda _: None,
            lambda: 0,
            log,
            Metrics([]),
            hidden,
            Troubles(),
        )
    )
    try:
        assert wire._feed._open_link is transport(name)  # type: ignore[arg-type]
        assert transport(name).__module__ == f"mmbot.exchange.transport_{name}"  # type: ignore[arg-type]
    finally:
        await wire.close()
        lines.close()


def test_pysher_is_loaded_only_where_it_is_chosen() -> None:
    loaded = "bool({'pysher', 'websocket', 'requests'} & set(sys.modules))"
    program = (
        "import sys, mmbot.cli; from mmbot.daemon.wiring import transport; "
        f"transport('aiohttp'); first = {loaded}; transport('pysher'); sys.exit(first or not {loaded})"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
