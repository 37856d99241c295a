"""A busy exchange and a daemon, each a process of its own, and samples of what the daemon takes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from e2e_processes import Daemon, Exchange, ask

FAULTS: Final[tuple[dict[str, object], ...]] = (
    {"fault": "lose_answer", "endpoint": "place_*", "times": 1},
    {"fault": "expire_tokens"},
    {"fault": "fail_request", "endpoint": "cancel_*", "code": "internal_error", "times": 2},
    {"fault": "drop_socket"},
    {"fault": "hang_answer", "endpoint": "get_multiple_markets", "times": 1},
    {"fault": "lose_request", "endpoint": "get_wager_histories", "times": 1},
    {"fault": "duplicate", "seconds": 0.5},
    {"fault": "hang_answer", "endpoint": "place_*", "times": 1},
    {"fault": "garble_socket"},
    {"fault": "fail_request", "endpoint": "place_*", "code": "rate_limit_reached", "retry_after": 2, "times": 1},
)
"""One at a time, round and round. None of them is lasting: the next one lifts what the one before left."""

START_S: Final = 24 * 60.0
"""From the creation of a sport event to its start, by the exchange's clock. Five minutes after it, the results come."""

SPORT_EVENTS: Final = 5
"""How many are on the board, about."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Sample(NamedTuple):
    """The resources of the daemon's process and its counters at one time."""

    at: float
    """Seconds of the machine since the start of the run."""
    memory_mb: float
    """Memory of its own, resident or swapped out. The pages of program files are not counted: the system drops and
    loads them as it likes."""
    watchdog_mb: float
    descriptors: int
    threads: int
    tasks: int
    cpu_s: float
    journal_bytes: int
    event_log_mb: float
    placed: int
    matches: int
    settled: float
    """Realised profit in dollars. It changes with results only."""
    tick: tuple[float, ...]
    """How many placements so far left within each bound of ``mmbot_tick_to_wire_seconds`` after their book."""
    match: tuple[float, ...]
    """The same of ``mmbot_match_to_wire_seconds``."""


class Busy:
    """A local exchange whose board never ends, and the daemon that quotes there."""

    def __init__(self, folder: Path, transport: str, speed: float, seed: int) -> None:
        folder.mkdir(parents=True)
        self.transport: Final = transport
        self._folder: Final = folder
        self._speed: Final = speed
        self._faults: Final = itertools.cycle(FAULTS)
        self._create_at = 0.0
        self.exchange: Final = Exchange(
            folder, "--sport-events", 1, "--hours", START_S / 3600, "--seed", seed, "--balance", 1_000_000, rate=speed
        )
        config = folder / "mmbot.yaml"
        config.write_text(yaml.safe_dump(self._settings()))
        self.daemon: Final = Daemon(
            config,
            folder / "daemon.log",
            options=("--watchdog", "--event-log", str(folder / "events"), "--event-log-size", "256"),
        )

    def _settings(self) -> dict[str, Any]:
        ready, speed = self.exchange.ready, self._speed
        return {
            "environment": "local",
            "exchange": {
                "base_url": ready["base_url"],
                "ws_url": ready["ws_url"],
                "transport": self.transport,
                "requests_per_second": 10,
                "cancel_reserve": 3,
                "change_timeout_s": 2 * speed,
                "read_timeout_s": 2 * speed,
                "clock": ready["clock"],
            },
            "quoting": [
                {
                    "match": {"type": ["moneyline", "spread", "total"]},
                    "strategy": "strategies.fair_value:FairValueMaker",
                    "params": {
                        "margin": 0.005,
                        "price_tolerance": 0.003,
                        "patience_s": 2,
                        "size": 100,
                        "inventory": 500,
                        "skew_price": 0.02,
                    },
                }
            ],
            "limits": {
                "line": 5_000,
                "market": 5_000,
                "event": 20_000,
                "tournament": 100_000,
                "account": 100_000,
                "daily_loss": 1_000_000,
            },
            "guards": {
                "hold_s": 2,
                "flap_hold_s": 5,
                "stop_before_start_s": 60,
                "matches_a_minute": 10_000,
                "activation_s": max(10.0, 2 * speed),
                "print_match_s": max(2.0, speed),
            },
            "stop": {"deadline_s": 60 * speed},
            "state_dir": "state",
            "telemetry": {"port": 0, "log_format": "json", "log_level": "warning", "last_scrape_s": 0},
        }

    def keep_board(self, at: float) -> None:
        """Create a sport event if the next one is due. ``at`` counts seconds of the machine."""
        if at >= self._create_at:
            self._create_at = at + (START_S + 300) / SPORT_EVENTS / self._speed
            self.exchange.inflict("create_event", starts_in=START_S)

    def disturb(self) -> None:
        """Lift the previous fault, and let the next thing go wrong."""
        self.exchange.heal()
        fault = dict(next(self._faults))
        self.exchange.inflict(str(fault.pop("fault")), **fault)

    def sample(self, at: float) -> Sample:
        """Look at the process and read its metrics."""
        process = Path("/proc") / str(self.daemon.process.pid)
        descriptors = len(list((process / "fd").iterdir()))
        # The name of the program is in brackets and may hold blanks.
        numbers = (process / "stat").read_text().rpartition(")")[2].split()
        metrics = self._metrics()
        return Sample(
            at,
            _own_mb(process),
            sum(_own_mb(child) for child in _children(process)),
            descriptors,
            int(numbers[17]),
            int(metrics["mmbot_tasks"]),
            (int(numbers[11]) + int(numbers[12])) / _TICKS,
            int(metrics["mmbot_journal_size_bytes"]),
            sum(file.stat().st_size for file in (self._folder / "events").rglob("*") if file.is_file()) / (1 << 20),
            int(metrics["mmbot_wagers_placed_total"]),
            int(metrics["mmbot_matches_total"]),
            metrics['mmbot_profit_dollars{kind="realised"}'],
            _buckets(metrics, "mmbot_tick_to_wire_seconds"),
            _buckets(metrics, "mmbot_match_to_wire_seconds"),
        )

    def _metrics(self) -> Mapping[str, float]:
        status, body = ask("GET", f"{self.door()}/metrics")
        assert status == 200, body
        lines = (line.rpartition(" ") for line in body.decode().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def door(self) -> str:
        """The address of the daemon's HTTP server. The log says nothing of it at this level, the lock does."""
        found = next(iter((self._folder / "state").glob("*lock*")))
        return str(yaml.safe_load(found.read_text())["url"])

    def stop(self) -> list[str]:
        """Stop the daemon and the exchange. Returns what went wrong."""
        code = self.daemon.stop()
        wrong = [] if code == 0 else [f"the daemon ended with {code}"]
        referee = self.exchange.referee()
        if not referee["ok"]:
            wrong.append(f"the referee: {referee}")
        if referee["live_wagers"]:
            wrong.append(f"{referee['live_wagers']} wagers were open after the stop")
        return wrong

    def close(self) -> None:
        """End both processes, whatever they do."""
        self.daemon.close()
        self.exchange.close()


def _buckets(metrics: Mapping[str, float], name: str) -> tuple[float, ...]:
    """Return the counts of a histogram's buckets, in the order of their bounds."""
    return tuple(count for key, count in metrics.items() if key.startswith(f"{name}_bucket"))


def _children(process: Path) -> list[Path]:
    """Return the processes that a process has started."""
    return [Path("/proc") / child for child in (process / "task" / process.name / "children").read_text().split()]


def _own_mb(process: Path) -> float:
    """Return the memory that belongs to one process alone, in MB."""
    fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
    return sum(int(fields[name].split()[0]) for name in ("RssAnon", "VmSwap")) / 1024
