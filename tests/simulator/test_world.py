"""The world moves venue and crowds through time together, in steps of any size."""

from __future__ import annotations

from played_tape import LINE, START, Played, book

from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager import Status
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.crowd.tape_crowd import MARKET, SPORT_EVENT
from mmbot.simulator.judge.verdict import RefereeLimits
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.world import USER, World, synthetic_world


def test_in_one_leap_a_wager_opens_before_a_later_print_and_after_an_earlier_one() -> None:
    played = Played(book([[3, 20]]), {"x": [[0, 3, 7]]}, {"x": [[0, 3, 5]]})
    world = played.world
    line_id = world.venue.line_id(SPORT_EVENT, MARKET, 0, 1)
    world.advance(START + 10 * SECOND - 100 * MILLISECOND)
    wager = world.venue.place(world.account, "x", line_id, -205, 20_000, START + 10 * SECOND - 100 * MILLISECOND)
    world.advance(START + 25 * SECOND)
    now = world.venue.wager(world.account, wager.wager_id)
    assert now.match_win == 500
    assert now.updated_at == START + 20 * SECOND


def test_next_due_is_the_earliest_of_all_parts_and_none_at_the_end() -> None:
    played = Played(book([[3, 20]]))
    world = played.world
    assert world.next_due() == START + 10 * SECOND
    world.venue.place(world.account, "x", world.venue.line_id(SPORT_EVENT, MARKET, 0, 1), -205, 20_000, START + SECOND)
    assert world.next_due() == START + SECOND + 150 * MILLISECOND
    world.advance(START + MINUTE)
    assert world.next_due() is None
    assert world.finished


def test_the_referee_watches_from_the_start_with_its_limits() -> None:
    world = synthetic_world(VenueSettings(activation_ns=0), 1, START, limits=RefereeLimits(line=500), balance=50_000)
    assert world.venue.balance(world.account).balance == 50_000
    world.advance(START + SECOND)
    sport_event = world.venue.sport_events()[0].sport_event_id
    line = (world.venue.markets(sport_event) or [])[0].lines[0]
    world.venue.place(world.account, "x", line.outcomes[0].line_id, 25_000, 501, START + SECOND)
    report = world.referee.report(START + SECOND)
    assert [breach.invariant for breach in report.broken] == [1]
    assert USER == "mmbot"


def figures(world: World) -> tuple[object, ...]:
    report = world.referee.report(START + 40 * MINUTE)
    return report.matched, report.profit, report.ended, report.worst_case


def test_the_size_of_the_steps_changes_nothing_for_a_user_either() -> None:
    board = BoardSettings(sport_events=2, first_start_ns=5 * MINUTE)
    worlds = [synthetic_world(None, 4, START, board=board) for _ in range(2)]
    for world, step in zip(worlds, (SECOND, MINUTE), strict=True):
        now = START
        while now < START + 30 * MINUTE:
            if (now - START) % MINUTE == 0:
                for sport_event in world.venue.sport_events():
                    for market in world.venue.markets(sport_event.sport_event_id) or []:
                        line = market.lines[0]
                        if world.venue.board.tradeable(line.key):
                            for side, odds in ((0, 102), (1, 104)):
                                name = f"{(now - START) // MINUTE}-{line.outcomes[side].line_id[:8]}"
                                world.venue.place(world.account, name, line.outcomes[side].line_id, odds, 1_000, now)
            now += step
            world.advance(now)
            world.venue.drain()
        world.advance(START + 40 * MINUTE)
    assert figures(worlds[0]) == figures(worlds[1])
    report = worlds[0].referee.report(START + 40 * MINUTE)
    assert report.ok
    assert sum(figure.matches for figure in report.matched) > 20
    assert report.profit.net == report.profit.wallet
    statuses = {wager.status for wager in worlds[0].venue.wagers(worlds[0].account)}
    assert Status.WIPED in statuses
    assert not statuses & {Status.INACTIVE, Status.SETTLED}


def test_a_world_without_a_user_breaks_no_rule() -> None:
    played = Played(book([[3, 20]], [[1.4, 5]]))
    played.step(4)
    world: World = played.world
    report = world.referee.report(played.now)
    assert report.ok
    assert (report.placed, report.worst_case, report.matched) == (0, (), ())
    assert world.venue.book(LINE).sides == ((), ())
