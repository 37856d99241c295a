"""A wager that cannot be read as a whole: one that is over blocks nothing, one that may be open is held and counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine_scene import GAME, LINE, START, Scene, lose, settings
from msgspec.structs import replace

from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.domain.wager import Matching, Status, UnreadWager
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.screen.status_text import why_text

OVER = UnreadWager("w-1", "", False, "winning_status 'void'", status=Status.SETTLED, line_id="zz", stake=500)
OPEN = UnreadWager(
    "w-2", "", True, "odds 2.5", Status.OPEN, Matching.UNMATCHED, sport_event_id=GAME, market_id=219, stake=500
)


def everywhere(*wagers: UnreadWager, until: Instant | None = None) -> Callable[[e.Answer, Instant], e.Answer]:
    """Put these on every page of the history, whatever it was asked for."""

    def change(answer: e.Answer, now: Instant) -> e.Answer:
        if isinstance(answer, e.HistoryRead) and (until is None or now < until):
            return replace(answer, unread=wagers)
        return answer

    return change


def test_a_wager_that_is_over_keeps_no_start_waiting_and_is_named() -> None:
    scene = Scene()
    scene.amend(everywhere(OVER))
    scene.quoted()
    assert [alert["wager_id"] for alert in scene.alerts("wager.unread")] == ["w-1"]
    assert scene.status().counts.unread_wagers == 1
    assert scene.guard("unread_wager") is None
    assert scene.guard("unread_stake") is None
    assert "w-1 is over: winning_status 'void'" in why_text(scene.status())
    at = scene.now
    scene.run.tell(e.StopRequested())
    scene.until(lambda: scene.run.exit is not None, within=10 * SECOND)
    assert scene.run.exit == o.Exit(0, "stopped")
    assert scene.now - at < 10 * SECOND


def test_many_wagers_that_are_over_are_counted_and_the_status_stays_short() -> None:
    scene = Scene()
    scene.amend(everywhere(*(replace(OVER, wager_id=f"w-{number}") for number in range(50))))
    scene.quoted()
    status = scene.status()
    assert status.counts.unread_wagers == 50
    assert len(status.unread) == 5
    assert "and 45 more" in why_text(status)


@pytest.mark.parametrize(
    ("wager", "guard"),
    [
        (OPEN, "unread_wager"),
        (replace(OPEN, stake=None), "unread_stake"),
        (replace(OPEN, sport_event_id=0), "unread_stake"),
        (replace(OPEN, wager_id=""), "unread_stake"),
        (UnreadWager("", "", True, "it is no object", named=False), "unread_stake"),
    ],
)
def test_a_wager_that_may_be_open_is_cancelled_and_keeps_the_start_waiting_by_name(
    wager: UnreadWager, guard: str
) -> None:
    scene = Scene()
    end = START + 40 * SECOND
    scene.amend(everywhere(wager, until=end))
    scene.go(35 * SECOND)
    assert not scene.placements()
    assert scene.guard(guard) is not None
    assert wager.why in why_text(scene.status())
    assert len(scene.sent(r.CancelAll)) > 5
    assert len(scene.alerts("wager.unread")) == 1
    scene.until(lambda: not scene.placements() or scene.guard(guard) is None)
    scene.quoted()
    assert scene.guard(guard) is None
    assert scene.sent(r.PlaceMany)[0] is not None
    scene.close()


def test_a_wager_that_may_be_open_counts_with_its_whole_stake() -> None:
    scene = Scene(config=settings(account="shared")).quoted()
    scene.amend(everywhere(replace(OPEN, stake=12_345)))
    before = scene.status().scopes[-1]
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, replace(OPEN, stake=12_345)))
    scene.go(2 * SECOND)
    assert scene.guard("unread_wager") is not None
    assert scene.guard("unread_wager").scope == f"sport event {GAME}"  # type: ignore[union-attr]
    after = next(scope for scope in scene.status().scopes if scope.scope == "account")
    assert before.scope == "account"
    assert after.worst_case >= 12_345
    assert not [wager for wager in scene.wagers(LINE) if wager.external_id.startswith("r")]


def test_a_message_that_says_it_is_over_lifts_the_guard() -> None:
    scene = Scene(config=settings(account="shared")).quoted()
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, OPEN))
    scene.until(lambda: scene.guard("unread_wager") is not None)
    scene.until(lambda: not scene.wagers())
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, replace(OPEN, may_rest=False, status=Status.CANCELED)))
    scene.until(lambda: scene.guard("unread_wager") is None)
    scene.quoted()
    scene.close()


def test_our_own_wager_ends_although_its_end_cannot_be_read() -> None:
    """The odds and the stake of the wager are known from the placement."""
    scene = Scene().quoted()
    ours = scene.wagers()[0]
    scene.venue.cancel(scene.account, ours.wager_id, ours.external_id, scene.now)
    odd = UnreadWager(ours.wager_id, ours.external_id, False, "odds 2.5", status=Status.CANCELED)
    scene.run.on_message = lambda message: (  # the true messages are lost
        None if isinstance(message, e.WagerMessage) and message.report.external_id == ours.external_id else message
    )
    scene.amend(
        lambda answer, now: (
            e.WagerRead(answer.request, None, odd)
            if isinstance(answer, e.WagerRead) and answer.report and answer.report.external_id == ours.external_id
            else answer
        )
    )
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, odd))
    scene.until(lambda: scene.sides(LINE) == {0, 1}, within=10 * SECOND)
    scene.go(MINUTE)
    assert scene.status().counts.open_wagers == len(scene.wagers()) == 2
    scene.agree()
    scene.close()


def test_a_look_up_that_cannot_be_read_is_not_asked_for_again_and_again() -> None:
    scene = Scene().quoted()
    scene.amend(
        lambda answer, now: (
            e.WagerRead(answer.request, None, replace(OVER, wager_id="w-9"))
            if isinstance(answer, e.WagerRead)
            else answer
        )
    )
    at = scene.now
    scene.run.tell(e.UnreadWagerMessage(scene.run.connection, replace(OVER, wager_id="w-9")))
    scene.go(MINUTE)
    assert len(scene.sent(r.ReadWager, at)) == 1


def test_a_placement_is_not_taken_for_absent_while_a_page_holds_a_wager_without_a_readable_id() -> None:
    scene = Scene(interfere=lose(r.PlaceMany))
    nameless = UnreadWager("w-5", "", False, "external_id [1]", status=Status.CANCELED, named=False)
    scene.amend(everywhere(nameless, until=START + MINUTE))
    scene.go(50 * SECOND)
    assert not scene.alerts("wager.absent")
    scene.go(MINUTE)
    scene.quoted()
