"""A feed over several connections: a lost connection ends only the coverage of its own sport events."""

from __future__ import annotations

import pytest
from engine_scene import GAME, LINE, MONEYLINE, Scene
from msgspec.structs import replace

from mmbot.backtest.link import report
from mmbot.domain.catalogue import LineKey
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.domain.wager import Status, UnreadWager
from mmbot.engine import events as e
from mmbot.engine import requests as r

SECOND_GAME = 2
ELSEWHERE = LineKey(SECOND_GAME, MONEYLINE, 0)
BOOKS_ONLY = 1_000
"""The number of the connection that carries the second game."""

PRIVATE = e.Channel("private", private=True)
FIRST = (PRIVATE, e.Channel("event=1", (GAME,)))
OTHER = (e.Channel("event=2", (SECOND_GAME,)),)


def by_its_connection(message: e.FeedMessage) -> e.FeedMessage:
    """Let the books of the second game come over the second connection."""
    if isinstance(message, e.BookMessage) and message.line == ELSEWHERE:
        return replace(message, connection=BOOKS_ONLY)
    return message


def two_connections() -> Scene:
    scene = Scene(lines=(LINE, ELSEWHERE))
    scene.run.channels = FIRST
    scene.run.on_message = by_its_connection
    scene.until(lambda: scene.status().feed_up)
    scene.run.tell(e.FeedUp(BOOKS_ONLY, OTHER))
    return scene.quoted()


def covered_since(scene: Scene, sport_event: int) -> int | None:
    return next(each.covered_since for each in scene.status().sport_events if each.sport_event == sport_event)


def test_a_sport_event_that_no_connection_carries_is_not_quoted() -> None:
    scene = Scene(lines=(LINE, ELSEWHERE))
    scene.run.channels = FIRST
    scene.until(lambda: scene.sides(LINE) == {0, 1})
    scene.go(10 * SECOND)
    assert not scene.resting(ELSEWHERE)
    assert scene.line(ELSEWHERE).why == "book_unread: no connection brings its books"
    assert covered_since(scene, GAME) is not None
    assert covered_since(scene, SECOND_GAME) is None
    scene.close()


def test_the_loss_of_a_connection_with_books_only_cancels_its_sport_events_and_leaves_the_others() -> None:
    scene = two_connections()
    scene.go(5 * SECOND)
    lost = scene.now
    kept = scene.resting(LINE)
    scene.run.tell(e.FeedLost(BOOKS_ONLY, "dropped"))
    scene.until(lambda: not scene.wagers(ELSEWHERE), within=2 * SECOND)
    scene.go(20 * SECOND)
    assert not scene.sent(r.CancelAll, lost)
    assert not scene.alerts("feed.lost")
    assert scene.status().phase == "ready"
    assert scene.resting(LINE) == kept
    assert scene.line(ELSEWHERE).why == "book_unread: no connection brings its books"
    scene.agree()

    back = scene.now
    scene.run.on_message = lambda message: replace(by_its_connection(message), connection=BOOKS_ONLY + 1)
    scene.around(ELSEWHERE, (112, 112))
    scene.run.tell(e.FeedUp(BOOKS_ONLY + 1, OTHER))
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1}, within=10 * SECOND)
    (read,) = scene.sent(r.ReadMarkets, back)
    assert read.sport_events == (SECOND_GAME,)
    assert covered_since(scene, SECOND_GAME) == back
    assert scene.resting(LINE) == kept
    scene.close()


def test_books_of_another_connection_than_the_sport_events_own_are_dropped() -> None:
    scene = two_connections()
    scene.go(5 * SECOND)
    scene.run.on_message = None  # the books of the second game now come over the first connection
    before = scene.line(ELSEWHERE).book
    scene.around(ELSEWHERE, (130, 130))
    scene.go(3 * SECOND)
    assert scene.line(ELSEWHERE).book == before
    scene.close()


def test_the_loss_of_the_private_channel_cancels_everything_though_books_still_come() -> None:
    scene = two_connections()
    scene.run.faults.feed_allowed = False
    scene.run.drop_feed()
    at, request = scene.run.requests[-1]
    assert (at, type(request)) == (scene.now, r.CancelAll)
    scene.until(lambda: not scene.wagers(), within=2 * SECOND)
    scene.go(20 * SECOND)
    assert not scene.status().feed_up
    assert covered_since(scene, SECOND_GAME) is None
    scene.run.faults.feed_allowed = True
    scene.requoted()
    scene.close()


def test_a_private_channel_that_is_silent_is_a_lost_feed_though_books_still_come() -> None:
    scene = two_connections()
    silent = scene.now
    scene.run.faults.carry = lambda message: () if isinstance(message, e.Beat) else (0,)
    scene.referee.note_feed_lost(silent, 60 * SECOND)
    turn = 0
    while scene.status().feed_up:
        turn += 1
        scene.around(ELSEWHERE, (110 + turn % 2, 110))
        scene.run.tell(e.Beat(BOOKS_ONLY))
        scene.go(SECOND)
    assert 25 * SECOND <= scene.now - silent <= 31 * SECOND
    assert scene.alerts("feed.lost")[-1]["reason"] == "no health_check"
    assert scene.sent(r.CancelAll, silent)
    scene.run.faults.carry = None
    scene.requoted()
    scene.close()


def test_a_connection_that_gains_a_sport_event_has_its_books_read_and_quotes_it() -> None:
    scene = two_connections()
    scene.go(5 * SECOND)
    scene.run.tell(e.FeedLost(BOOKS_ONLY, "dropped"))
    scene.until(lambda: not scene.wagers(ELSEWHERE), within=2 * SECOND)
    moved = scene.now
    scene.run.on_message = None
    scene.run.tell(e.FeedUp(scene.run.connection, (*FIRST, *OTHER)))
    scene.until(lambda: scene.sides(ELSEWHERE) == {0, 1}, within=10 * SECOND)
    assert not scene.sent(r.CancelAll, moved)
    assert scene.sides(LINE) == {0, 1}
    scene.close()


def test_a_connection_that_gives_the_private_channel_up_is_a_lost_feed() -> None:
    scene = two_connections()
    scene.run.tell(e.FeedUp(scene.run.connection, FIRST[1:]))
    assert isinstance(scene.run.requests[-1][1], r.CancelAll)
    assert scene.alerts("feed.lost")[-1]["reason"] == "its private channel is gone"
    scene.requoted()
    scene.close()


@pytest.mark.parametrize("unread", [False, True])
def test_a_late_wager_message_of_an_ended_connection_does_not_shorten_the_catch_up(unread: bool) -> None:
    scene = two_connections()
    scene.go(5 * SECOND)
    said = report(scene.wagers(LINE)[0], sequence=scene.now)
    scene.run.tell(e.FeedLost(BOOKS_ONLY, "dropped"))
    scene.go(5 * SECOND)

    silent = scene.now
    scene.run.faults.carry = lambda message: ()
    scene.referee.note_feed_lost(silent, 60 * SECOND)
    scene.go(20 * SECOND)
    if unread:
        odd = UnreadWager("w-9", "", may_rest=False, why="its odds are a word", status=Status.CANCELED)
        scene.run.tell(e.UnreadWagerMessage(BOOKS_ONLY, odd))
    else:
        scene.run.tell(e.WagerMessage(BOOKS_ONLY, said))
    scene.until(lambda: not scene.status().feed_up)
    assert scene.alerts("feed.lost")[-1]["silent_s"] >= 25
    scene.run.faults.carry = None
    scene.until(lambda: scene.status().phase == "ready")
    since = [read.updated_from for read in scene.sent(r.ReadHistory, silent) if read.updated_from is not None]
    assert since
    assert since[0] <= silent - MINUTE, "matches that no message reported since then have to be read"
    scene.close()
