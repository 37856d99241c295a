"""A run with two processes is recorded, and its replay gives the same requests."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import yaml
from e2e_house import House
from e2e_processes import Daemon, mmbot


def recorded(house: House, log: Path) -> Daemon:
    """A daemon that records, after three matches."""
    options = ("--event-log", str(log), "--event-log-size", "64")
    house.daemons.append(Daemon(house.config, house.folder / f"recorded-{len(house.daemons)}.log", options=options))
    daemon = house.daemon
    house.until_quoting(daemon)
    house.until_matched(daemon, 3)
    return daemon


def test_a_killed_run_and_the_one_after_it_are_replayed_alike(tmp_path: Path) -> None:
    log = tmp_path / "events"
    with House(tmp_path, sport_events=2) as house:
        daemon = recorded(house, log)
        house.exchange.inflict("gone")
        daemon.signal(signal.SIGKILL)
        daemon.ended()
        killed = mmbot("replay", log)
        daemon = recorded(house, log)  # its engine starts from the wagers of the run before
        assert daemon.stop() == 0
        stopped = mmbot("replay", log)
        other = yaml.safe_load(house.config.read_text())
        other["quoting"][0]["params"]["margin"] = 0.02
        (tmp_path / "other.yaml").write_text(yaml.safe_dump(other))
        changed = mmbot("replay", log, "--settings", tmp_path / "other.yaml")
        house.judged()
    assert killed.returncode == 0, killed.stdout + killed.stderr
    assert "the log has no end: the daemon runs, or it was killed, or the disk was full\nall requests" in killed.stdout
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert "the log ends here: the daemon ended\nall requests are the same\n" in stopped.stdout
    requests = re.search(r"([\d,]+) events and ([\d,]+) requests", stopped.stdout)
    assert requests is not None
    assert int(requests[2].replace(",", "")) > 20
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "expected: PlaceMany" in changed.stdout
