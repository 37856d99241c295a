"""Wagers of another mmbot on the account are told from wagers of earlier runs and from wagers of other programs."""

from __future__ import annotations

import pytest
from engine_scene import LINE, Scene, settings

from mmbot.domain.instant import SECOND
from mmbot.engine.sending.external_ids import run_of


def placed(scene: Scene, external_id: str, odds: int = 150) -> None:
    scene.venue.place(scene.account, external_id, scene.venue.line_id(*LINE, 0), odds, 1000, scene.now)
    scene.go(5 * SECOND)


@pytest.mark.parametrize("external_id", ["mine-17", "7abcde-x-1", "7abcde-q0-", "-q0-1", "a-b-c"])
def test_a_wager_of_another_program_does_not_stop_quoting(external_id: str) -> None:
    scene = Scene().quoted()
    placed(scene, external_id)
    assert scene.guard("another_daemon") is None
    scene.close()


def test_on_a_shared_account_another_mmbot_is_allowed() -> None:
    scene = Scene(config=settings(account="shared")).quoted()
    placed(scene, "7abcde-q0-12")
    assert scene.guard("another_daemon") is None


def test_a_copy_of_the_state_directory_that_runs_elsewhere_is_noticed() -> None:
    """Our journal has the copy's run, so its wagers look like those of an earlier run, but are newer than our start."""
    scene = Scene().quoted()
    scene.restart()
    scene.go(30 * SECOND)
    placed(scene, "r1-q0-999")
    guard = scene.guard("another_daemon")
    assert guard is not None
    assert "run r1" in guard.reason


def test_wagers_from_before_the_start_are_no_other_daemon() -> None:
    """The state directory was lost, so the journal does not know the run."""
    scene = Scene()
    placed(scene, "7abcde-q0-12", odds=-130)  # it is matched, so cancel_all leaves it
    scene.quoted()
    assert scene.alerts("wager.foreign")
    assert scene.guard("another_daemon") is None
    scene.close()


def test_the_run_is_read_from_ids_of_quotes_and_hedges() -> None:
    assert [run_of(f"1abcde-{strategy}-3") for strategy in ("q12", "h", "q0x", "w")] == ["1abcde"] * 3 + [None]
