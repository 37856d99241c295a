"""An open wager that a false message ended is cancelled at a restart, on a shared account too."""

from __future__ import annotations

import pytest
from engine_scene import Scene, settings
from msgspec.structs import replace

from mmbot.backtest.link import report
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.domain.wager import Matching, Status
from mmbot.engine import events as e


@pytest.mark.parametrize("account", ["shared", "exclusive"])
@pytest.mark.parametrize("lie", ["canceled", "fully matched"])
def test_a_wager_that_a_false_message_ended_is_cancelled_at_a_restart(account: str, lie: str) -> None:
    scene = Scene(config=settings(account=account)).quoted()
    scene.go(2 * SECOND)
    wager = scene.wagers()[0]
    true = report(wager, sequence=scene.now)
    false = (
        replace(true, status=Status.CANCELED)
        if lie == "canceled"
        else replace(true, matching=Matching.FULLY_MATCHED, matched=wager.stake)
    )
    scene.run.tell(e.WagerMessage(scene.run.connection, false))
    scene.restart(5 * SECOND)
    scene.until(lambda: scene.run.engine.ready, within=MINUTE)
    assert not scene.venue.wager(scene.account, wager.wager_id).live
    scene.go(8 * MINUTE)
    scene.agree()
    scene.close()
