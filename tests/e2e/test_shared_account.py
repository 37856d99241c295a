"""On a shared account the bot cancels only its own wagers, one by one."""

from __future__ import annotations

import signal
from pathlib import Path

from e2e_house import House
from e2e_processes import mmbot


def test_wagers_by_hand_are_counted_and_survive_stop_kill_and_the_command(tmp_path: Path) -> None:
    with House(tmp_path, sport_events=1, exchange={"account": "shared"}) as house:
        line_id = house.exchange.board()["events"][0]["markets"][0]["lines"][0]["line_ids"][0]
        hand = set()

        def by_hand() -> None:
            wager = {"external_id": f"by-hand-{len(hand)}", "odds": 2000 + 100 * len(hand), "stake": 5.0}
            hand.add(house.exchange.inflict("place_wager", line_id=line_id, **wager)["wager_id"])

        def resting() -> set[str]:
            return {wager["wager_id"] for wager in house.exchange.live_wagers()}

        by_hand()
        daemon = house.quoting()
        by_hand()
        daemon.said("wager.foreign", 2)
        house.until_matched(daemon)
        house.agree(daemon)
        house.exchange.inflict("gone")  # what rests is not for the bot to cancel, whatever becomes of its feed
        assert daemon.stop() == 0
        assert resting() == hand
        daemon = house.quoting()
        daemon.signal(signal.SIGUSR1)
        daemon.until("latched and clear", lambda status: status.latched is not None and status.clear)
        assert resting() == hand
        assert mmbot("resume", "-c", house.config).returncode == 0
        house.until_quoting(daemon)
        house.exchange.inflict("gone")
        daemon.signal(signal.SIGKILL)
        daemon.ended()
        assert resting() > hand
        done = mmbot("kill", "-c", house.config)
        assert done.returncode == 0, done
        assert resting() == hand
        # The account is handed over to the bot alone: from here it cancels whatever it finds.
        assert mmbot("resume", "-c", house.config).returncode == 0
        house.configure(exchange={"account": "exclusive"})
        daemon = house.start()
        daemon.said("life.clear")
        assert not resting() & hand
