"""A house with an exchange and a daemon, and the comparison of their figures at the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from e2e_processes import KEYS, PATIENCE_S, RATE, Daemon, Exchange, Late, alive, wait_for

from mmbot.engine.status import EngineStatus, OwnStatus


class House:
    """An exchange, and the daemons that live one after the other, or side by side, on one account.

    Leaving it without a failure stops the daemon in order, asks the referee, compares its figures with what the daemon
    said of itself, and asserts that no process is left.
    """

    def __init__(
        self,
        folder: Path,
        *options: object,
        rate: float = RATE,
        hours: float = 12,
        sport_events: int = 2,
        **config: Any,
    ) -> None:
        self.folder = folder
        tape = "--tape" in options
        board = () if tape else ("--sport-events", sport_events)
        self.exchange = Exchange(folder, *board, "--hours", hours, *options, rate=rate)
        self.daemons: list[Daemon] = []
        self.config = folder / "mmbot.yaml"
        self.state = folder / "state"
        self.configure(**config)

    # --- settings ----------------------------------------------------------------------------------------------------

    def settings(self, **changes: Any) -> dict[str, Any]:
        """The settings of a daemon against this exchange; a mapping changes single keys of its section."""
        ready = self.exchange.ready
        settings: dict[str, Any] = {
            "environment": "local",
            "exchange": {
                "base_url": ready["base_url"],
                "ws_url": ready["ws_url"],
                # Less than usual: a stall of this machine is longer by the clock's rate.
                "requests_per_second": 25,
                "change_timeout_s": self.exchange.rate,
                "read_timeout_s": self.exchange.rate,
                "clock": ready["clock"],
            },
            "quoting": [
                {
                    "match": {"type": ["moneyline", "spread", "total"]},
                    "strategy": "strategies.fair_value:FairValueMaker",
                    "params": {
                        "margin": 0.005,
                        "price_tolerance": 0.003,
                        "size": 100,
                        "inventory": 150,
                        "skew_price": 0.02,
                    },
                }
            ],
            "limits": {"daily_loss": 100000},
            "guards": {"hold_s": 1, "flap_hold_s": 1, "matches_a_minute": 1000},
            "state_dir": "state",
            "telemetry": {"port": 0, "log_format": "json"},
        }
        for name, value in changes.items():
            settings[name] = settings[name] | value if isinstance(settings.get(name), dict) else value
        return settings

    def configure(self, **changes: Any) -> None:
        """Write the file that daemons are started with."""
        self.config.write_text(yaml.safe_dump(self.settings(**changes)))

    # --- daemons -----------------------------------------------------------------------------------------------------

    @property
    def daemon(self) -> Daemon:
        """The one that was started last."""
        return self.daemons[-1]

    def start(self, config: Path | None = None, keys: Mapping[str, str] = KEYS) -> Daemon:
        """Start a daemon."""
        log = self.folder / f"daemon-{len(self.daemons) + 1}.log"
        self.daemons.append(Daemon(config or self.config, log, keys))
        return self.daemon

    def quoting(self) -> Daemon:
        """A daemon that quotes both outcomes of every line: the one that lives, or a new one."""
        if not self.daemons or self.daemon.process.poll() is not None:
            self.start()
        daemon = self.daemon
        self.until_quoting(daemon)
        return daemon

    def until_quoting(self, daemon: Daemon) -> None:
        """Wait until own wagers rest on both outcomes of every line, by the exchange's word and the daemon's."""

        def look() -> bool:
            status = daemon.status()
            if not status.quoting:
                return False
            known = {own.external_id for own in own_wagers(status) if own.state == "open"}
            resting = {wager["external_id"] for wager in self.exchange.live_wagers() if wager["status"] == "open"}
            lines = [line for sport_event in status.sport_events for line in sport_event.lines]
            return bool(lines) and all(
                {own.side for own in line.own if own.external_id in known & resting} >= {0, 1} for line in lines
            )

        wait_for("both outcomes of every line quoted", look, watch=daemon)

    def until_clear(self, within_s: float = PATIENCE_S) -> None:
        """Wait until the exchange holds nothing of ours that could match."""
        wait_for("nothing left at the exchange", lambda: not self.exchange.live_wagers(), within_s)

    def until_matched(self, daemon: Daemon, more: int = 1) -> EngineStatus:
        """Wait for further matches."""
        before = daemon.status().counts.matches
        return daemon.until(f"{more} more matches", lambda status: status.counts.matches >= before + more)

    # --- the judgement -----------------------------------------------------------------------------------------------

    def agree(self, daemon: Daemon) -> None:
        """Wait until the daemon's positions and profit equal the exchange's to the cent."""
        last = ""

        def look() -> bool:
            nonlocal last
            before = self.exchange.referee()
            status = daemon.status()
            referee = self.exchange.referee()
            if before["matched"] != referee["matched"] or before["profit"] != referee["profit"]:
                return False
            last = "\n".join(differences(status, referee, concluded(self.exchange.board())))
            return not last

        try:
            wait_for("the daemon's books equal the exchange's", look, watch=daemon)
        except Late as late:
            raise Late(f"{late}\n{last}") from None

    def judged(self) -> Any:
        """Ask the referee; nothing may be broken."""
        report = self.exchange.referee()
        assert report["ok"], report["broken"]
        assert not report["broken"]
        assert report["busiest_second"] <= 50
        return report

    def __enter__(self) -> House:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            for daemon in self.daemons:
                daemon.close()
            self.exchange.close()

    def _finish(self) -> None:
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                assert daemon.stop() == 0, daemon.tail()
        for daemon in self.daemons:
            log = daemon.text()
            assert "Traceback" not in log, log
            for secret in KEYS.values():
                assert secret not in log
        report = self.judged()
        assert report["live_wagers"] == 0, self.exchange.live_wagers()
        if len(self.daemons) == 1:
            self._compare_last_words(self.daemon, report)
        assert self.exchange.end() == 0
        for process in (*(daemon.process for daemon in self.daemons), self.exchange.process):
            assert not alive(process.pid)

    @staticmethod
    def _compare_last_words(daemon: Daemon, report: Any) -> None:
        """Compare the last log entry of a daemon that saw everything with the referee."""
        stopped = daemon.events("daemon.stopped")[-1]
        assert stopped["matched_cents"] == sum(figure["stake"] for figure in report["matched"])
        assert stopped["gross_cents"] == report["profit"]["gross"]
        assert stopped["commission_cents"] == report["profit"]["commission"]


# --- figures ----------------------------------------------------------------------------------------------------------


def own_wagers(status: EngineStatus) -> list[OwnStatus]:
    """All own wagers that a status shows."""
    return [own for sport_event in status.sport_events for line in sport_event.lines for own in line.own]


def concluded(board: Any) -> set[tuple[int, int]]:
    """The markets that have their result."""
    return {
        (sport_event["id"], market["id"])
        for sport_event in board["events"]
        for market in sport_event["markets"]
        if market["status"] in ("settled", "void")
    }


def positions(referee: Any) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Of each line what is won, in cents, if outcome 0 or outcome 1 wins, of what was matched: by the referee."""
    profit: dict[tuple[int, int, int], list[int]] = {}
    for figure in referee["matched"]:
        sport_event, market, number = figure["line"]
        line = profit.setdefault((sport_event, market, number), [0, 0])
        line[figure["side"]] += figure["win"]
        line[1 - figure["side"]] -= figure["stake"]
    return {key: (line[0], line[1]) for key, line in profit.items()}


def differences(status: EngineStatus, referee: Any, over: set[tuple[int, int]]) -> list[str]:
    """Where a daemon's positions and profit are not the referee's; ``over`` are the markets with a result."""
    ours = {
        (line.sport_event, line.market, line.number): line.profit
        for sport_event in status.sport_events
        for line in sport_event.lines
    }
    found = [
        f"{key}: {ours.get(key)} is {theirs} at the exchange"
        for key, theirs in positions(referee).items()
        if key[:2] not in over and ours.get(key) != theirs
    ]
    profit = referee["profit"]
    if status.profit.realised != profit["gross"] or status.profit.commission != profit["commission"]:
        found.append(f"{status.profit} is {profit} at the exchange")
    account = [figure for figure in referee["worst_case"] if figure["kind"] == "account"]
    matched = account[0]["matched_now"] if account else 0
    held = [scope.matched for scope in status.scopes if scope.scope == "account"]
    if held != [matched] and (held or matched):
        found.append(f"the account's matched worst case of {held} is {matched} at the exchange")
    return found
