"""A scenario fails if the cause that it guards against is put back: each bot here is broken in memory, on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from broken.engines import ENGINES
from broken.patches import Broken, Patch, applied
from runner.play import Failed, play
from runner.schema import read

from mmbot.engine.risk.guards import Guards

pytestmark = pytest.mark.plain

FILES = {file.stem: file for file in Path(__file__).parent.rglob("*.yaml")}

FOUND_BY = {
    "kill cancels nothing": "kill_holds_over_a_restart",
    "lost feed cancels nothing": "dead_websocket_with_http_alive_cancels_and_waits",
    "silence is not noticed": "silent_feed_is_given_up",
    "books are not read again": "missing_book_messages_are_repaired_by_reads",
    "no corrections": "corrected_result_replaces_the_first",
    "no voids": "void_takes_matches_back",
    "no audit": "false_end_of_a_wager_is_found_by_the_audit",
    "limits of before": "limit_lowered_below_the_position_only_reduces",
    "hand wagers do not count": "wager_by_hand_while_quoting",
    "ids start again": "crash_with_open_wagers_is_cleared_by_the_next_start",
    "lost is rejected": "lost_placement_is_absent_only_by_the_history",
    "no proof of clear": "wager_by_hand_while_stopping",
    "without journal": "full_disk_holds_quotes_until_there_is_room",
    "without balance": "balance_gone_holds_all_quotes",
    "without clock": "clock_an_hour_behind_is_held_until_it_is_set",
    "without start": "lost_message_of_a_start_is_seen_by_the_clock",
    "without duplicate_id": "line_moved_to_another_sport_event",
    "without reconciliation": "channel_of_the_public_messages_falls_silent",
}
"""The scenario that finds each broken bot."""


def _without(guard: str) -> Broken:
    """A bot without one of its guards."""

    def patches() -> Sequence[Patch]:
        whole = Guards.hold

        def hold(self: Guards, name: str, *more: object) -> bool:
            return False if name == guard else whole(self, name, *more)  # type: ignore[arg-type]

        return [(Guards, "hold", hold)]

    return Broken(f"without {guard}", f"the guard {guard} never holds", patches)


BOTS = {engine.name: engine for engine in ENGINES} | {
    name: _without(name.removeprefix("without ")) for name in FOUND_BY if name.startswith("without ")
}


@pytest.mark.parametrize("name", FOUND_BY)
def test_a_broken_bot_fails_its_scenario(name: str, tmp_path: Path) -> None:
    scenario = read(FILES[FOUND_BY[name]])
    with applied(BOTS[name]), pytest.raises(Failed, match=scenario.name):
        play(scenario, tmp_path)
