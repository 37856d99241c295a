"""The scripted changes of the full board: each comes at its time, and money adds up throughout."""

from __future__ import annotations

import pytest

from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.domain.wager import Status
from mmbot.simulator.crowd.fixtures import FULL
from mmbot.simulator.crowd.scripted_changes import BY_HAND
from mmbot.simulator.crowd.synthetic_crowd import FIRST_SPORT_EVENT, BoardSettings
from mmbot.simulator.venue.changes import Announcement, SportEventChanged
from mmbot.simulator.venue.records import VenueWager
from mmbot.simulator.world import World, synthetic_world

START: Instant = 1_900_000_000 * SECOND


def full(sport_events: int | None = None) -> World:
    board = BoardSettings(full=True, sport_events=sport_events)
    return synthetic_world(None, 1, START, board=board, scripted_changes=True)


def status(world: World, place: int) -> str:
    return world.venue.sport_event(FIRST_SPORT_EVENT + place).status


def by_hand(world: World) -> VenueWager:
    (only,) = [wager for wager in world.venue.wagers(world.account) if wager.external_id == BY_HAND]
    return only


def test_each_scripted_change_comes_at_its_time() -> None:
    world = full()
    venue = world.venue
    ladder = venue.ladder
    total = MarketKey(FIRST_SPORT_EVENT + 1, 225)
    hidden = FIRST_SPORT_EVENT + len(FULL) + 1

    def to(seconds: int) -> None:
        world.advance(START + seconds * SECOND)

    to(31)
    assert venue.market(total).status == "suspended"
    to(46)
    assert venue.markets(FIRST_SPORT_EVENT + 3) is None
    to(61)
    assert venue.market(total).status == "active"
    to(80)
    assert by_hand(world).status is Status.OPEN
    to(101)
    assert venue.markets(FIRST_SPORT_EVENT + 3)
    assert venue.sport_event(FIRST_SPORT_EVENT + 2).scheduled == START + 30 * MINUTE
    to(121)
    assert venue.balance(world.account).balance == 1_000_000 + 250_00
    to(136)
    assert venue.markets(hidden - 1)
    assert venue.markets(hidden) is None
    to(151)
    assert 101 not in venue.ladder
    assert 105 in venue.ladder
    to(181)
    assert venue.balance(world.account).balance == 1_000_000 + 150_00
    to(241)
    assert (status(world, 5), status(world, 6)) == ("postponed", "postponed")
    assert venue.markets(hidden)
    to(301)
    assert venue.ladder == ladder
    to(361)
    assert status(world, 5) == "not_started"
    assert venue.sport_event(FIRST_SPORT_EVENT + 5).scheduled == START + 26 * MINUTE
    to(481)
    assert venue.market(MarketKey(FIRST_SPORT_EVENT + 6, 251)).status == "void"
    to(26 * 60)
    assert status(world, 5) == "live"
    assert venue.unbalanced() == 0


def test_a_correction_takes_the_first_payment_back() -> None:
    world = full()
    venue = world.venue
    world.advance(START + 5 * SECOND)
    line = LineKey(FIRST_SPORT_EVENT, 219, 0)
    user = venue.open_account("another", 1_000_000)
    wagers = []
    for side in (0, 1):
        odds = venue.book(line).sides[side][0].odds
        now = START + (6 + side) * SECOND
        wagers.append(
            venue.place(user, f"w-{side}", venue.line_id(FIRST_SPORT_EVENT, 219, 0, side), odds, 50_00 + side, now)
        )
        world.advance(now + SECOND // 2)
    before = [venue.wager(user, wager.wager_id) for wager in wagers]
    assert all(wager.matched for wager in before)
    world.advance(START + 719 * SECOND)
    paid = {venue.wager(user, wager.wager_id).winning.value for wager in wagers}
    assert paid == {"won", "lost"}
    first = venue.balance(user).balance
    world.advance(START + 721 * SECOND)
    assert [venue.wager(user, wager.wager_id).status for wager in wagers] == [Status.MANUALLY_SETTLED] * 2
    won = next(wager for wager in wagers if venue.wager(user, wager.wager_id).winning.value == "manually_won")
    lost = next(wager for wager in wagers if wager is not won)
    now_won, now_lost = venue.wager(user, won.wager_id), venue.wager(user, lost.wager_id)
    gain = now_won.match_win - now_lost.matched
    fee = max(0, round(gain * 0.02))
    assert venue.balance(user).balance == 1_000_000 + gain - fee != first
    assert venue.unbalanced() == 0


def test_the_same_board_changes_the_same_way_in_steps_of_any_size() -> None:
    def told(step: int) -> list[Announcement]:
        world, found = full(), list[Announcement]()
        for second in range(step, 400, step):
            world.advance(START + second * SECOND)
            found += [message for message in world.venue.drain() if isinstance(message, SportEventChanged)]
        return found

    assert told(1) == told(30)


@pytest.mark.parametrize("sport_events", [1, 4])
def test_items_without_their_sport_event_are_skipped(sport_events: int) -> None:
    world = full(sport_events)
    world.advance(START + 15 * MINUTE)
    assert world.crowds[1].finished
    assert len(world.venue.sport_events()) == sport_events + 2


def test_items_that_somebody_else_changed_first_are_skipped() -> None:
    world = full(8)
    world.venue.go_live(FIRST_SPORT_EVENT + 5, START + 10 * SECOND)
    world.venue.void(MarketKey(FIRST_SPORT_EVENT + 1, 225), START + 10 * SECOND)
    world.advance(START + 10 * MINUTE)
    assert status(world, 5) in ("live", "finished")
    assert world.venue.market(MarketKey(FIRST_SPORT_EVENT + 1, 225)).status == "void"
