"""A recorded market with two processes at high speed: the last minutes before the start, and the first in play."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from e2e_house import House
from e2e_processes import ROOT, wait_for

SPEED = 120.0
LIMITS = {"line": 500, "market": 500, "event": 1000, "tournament": 3000, "account": 5000}


def tape() -> Path:
    """The recorded market, or a skip."""
    named = os.environ.get("MMBOT_TAPE")
    if named:
        return Path(named)
    found = sorted((ROOT.parent / "shared" / "tapes").glob("*.jsonl.gz"))
    if not found:
        pytest.skip("no tape: set MMBOT_TAPE to one")
    return found[0]


def test_a_recorded_market_is_made_up_to_its_start_and_settled(tmp_path: Path) -> None:
    scopes = {"sport_event" if name == "event" else name: dollars for name, dollars in LIMITS.items()}
    judge = [word for scope, dollars in scopes.items() for word in ("--limit", f"{scope}={dollars}")]
    # What is there to notice a sick network has to allow for a machine that stalls for a quarter of a second.
    patient = {"feed_silence_s": 300, "activation_s": 60, "print_match_s": 60, "hold_s": 5, "flap_hold_s": 60}
    with House(
        tmp_path,
        "--tape",
        tape(),
        *judge,
        rate=SPEED,
        hours=0.4,
        limits=LIMITS,
        guards=patient | {"stop_before_start_s": 120, "matches_a_minute": 1000},
        stop={"deadline_s": 10 * SPEED},
    ) as house:
        daemon = house.quoting()
        sport_event = house.exchange.board()["events"][0]["id"]
        status = daemon.until(
            "the guard before the start", lambda s: any(guard.guard == "start" for guard in s.guards), within_s=60
        )
        assert status.counts.matches > 0
        house.until_clear()
        house.agree(daemon)
        wait_for(
            "the sport event in play",
            lambda: [each for each in house.exchange.board()["events"] if each["status"] == "live"],
            watch=daemon,
        )
        daemon.until("the daemon to know", lambda s: any(guard.guard == "live" for guard in s.guards))
        house.agree(daemon)
        report = house.judged()
        assert report["live_wagers"] == 0
        # Which outcomes were matched depends on how fast the machine is at this speed.
        assert report["matched"]
        assert {figure["side"] for figure in report["matched"]} <= {0, 1}
        for figure in report["worst_case"]:
            assert figure["greatest"] <= figure["limit"]
        house.exchange.post(f"/sim/settle/{sport_event}?winner=1")
        house.agree(daemon)
        profit = house.judged()["profit"]
        assert profit["gross"] != 0
        assert profit["net"] == profit["wallet"]
        assert len(daemon.events("feed.lost")) == 0
