"""Books from messages and reads: their order, counted differences, our own stake, taken and withdrawn stakes."""

from __future__ import annotations

from engine_scene import GAME, LINE, START, Fixed, Scene, maker, settings

from mmbot.backtest.faults import Fate
from mmbot.config.settings import GuardsConfig
from mmbot.domain.book import Book, Level
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.domain.instant import MILLISECOND, MINUTE, SECOND
from mmbot.domain.wager_states import State
from mmbot.engine import requests as r
from mmbot.engine.books.books import Books
from mmbot.engine.books.coverage import Coverage
from mmbot.engine.events import WHOLE_FEED
from mmbot.engine.wagers.wager import LineWager


def book(value: int, odds: int = -110) -> Book:
    level = (Level(odds, value),)
    return Book((level, level))


def fresh() -> Books:
    """Return books with one line, whose book came by a message at START under generation 1."""
    books = Books(covered(1))
    books.on_message(LINE, book(100), START, 1, START)
    return books


def covered(*connections: int) -> Coverage:
    """Each connection in turn carries every sport event: their numbers are the generations."""
    coverage = Coverage(30 * SECOND)
    for connection in connections:
        coverage.carry(connection, WHOLE_FEED, START)
    return coverage


# --- messages and reads -----------------------------------------------------------------------------------------------


def test_a_message_that_came_after_the_read_was_sent_wins() -> None:
    books = fresh()
    books.on_message(LINE, book(200), START + 5, 1, START + 5)
    assert not books.on_read(LINE, book(100), START + 3, START + 9)
    state = books.get(LINE)
    assert state is not None
    assert state.book == book(200)
    assert not books.judge(LINE, START + MINUTE)
    assert sum(books.differences.values()) == 0


def test_a_read_that_was_sent_after_the_last_message_repairs_the_book() -> None:
    books = fresh()
    assert books.on_read(LINE, book(300), START + SECOND, START + 2 * SECOND)
    state = books.get(LINE)
    assert state is not None
    assert state.book == book(300)
    assert sum(books.differences.values()) == 0  # a message may still explain the difference
    books.judge(LINE, START + 4 * SECOND)
    assert books.differences == {"missing": 0, "extra": 0, "size": 2}


def test_a_difference_that_a_message_explains_does_not_count() -> None:
    books = fresh()
    books.on_read(LINE, book(300), START + SECOND, START + 2 * SECOND)
    books.on_message(LINE, book(300), START + 2 * SECOND, 1, START + 3 * SECOND)
    books.judge(LINE, START + 5 * SECOND)
    assert sum(books.differences.values()) == 0


def test_differences_are_counted_by_kind() -> None:
    books = Books(covered(1))
    mine = Book(((Level(-110, 100), Level(-112, 50)), ()))
    theirs = Book(((Level(-110, 70), Level(-114, 60)), ()))
    books.on_message(LINE, mine, START, 1, START)
    books.on_read(LINE, theirs, START + SECOND, START + SECOND)
    books.judge(LINE, START + 3 * SECOND)
    assert books.differences == {"missing": 1, "extra": 1, "size": 1}


def test_two_successive_reads_that_differ_make_a_line_doubtful_until_one_agrees() -> None:
    books = fresh()
    books.on_read(LINE, book(200), START + SECOND, START + SECOND)
    assert not books.judge(LINE, START + 3 * SECOND)
    books.on_read(LINE, book(300), START + 10 * SECOND, START + 10 * SECOND)
    assert books.judge(LINE, START + 12 * SECOND)
    state = books.get(LINE)
    assert state is not None
    assert state.doubtful
    books.on_read(LINE, book(300), START + 20 * SECOND, START + 20 * SECOND)
    assert not state.doubtful


def test_a_message_of_a_connection_that_does_not_cover_its_sport_event_is_dropped_and_counted() -> None:
    books = fresh()
    assert books.on_message(LINE, book(500), START + 9, 0, START + 9) is None
    state = books.get(LINE)
    assert state is not None
    assert state.book == book(100)
    assert books.stale_messages == 1


def test_an_older_message_is_dropped_and_one_of_equal_sequence_is_taken() -> None:
    books = fresh()
    assert books.on_message(LINE, book(200), START - 1, 1, START) is None
    assert books.on_message(LINE, book(300), START, 1, START) is not None


def test_a_read_that_was_sent_before_the_reconnect_does_not_make_a_book_current() -> None:
    coverage = covered(1)
    books = Books(coverage)
    books.on_message(LINE, book(100), START, 1, START)
    coverage.carry(2, WHOLE_FEED, START + SECOND)
    books.on_read(LINE, book(100), START, START + SECOND)
    state = books.get(LINE)
    assert state is not None
    assert not coverage.is_current(GAME, state.generation)
    books.on_read(LINE, book(100), START + 2 * SECOND, START + 2 * SECOND)
    assert coverage.is_current(GAME, state.generation)


def test_a_message_older_than_our_wager_does_not_contain_it_even_if_a_read_did() -> None:
    others = Book(((Level(110, 10_000), Level(105, 5_000)), (Level(110, 10_000),)))
    with_ours = Book(((Level(110, 20_000), Level(105, 5_000)), (Level(110, 10_000),)))
    books = Books(covered(1))
    books.on_message(LINE, others, START, 1, START)
    ours = LineWager(
        external_id="a",
        line=LINE,
        side=1,
        line_id="x",
        odds=-110,
        stake=11_000,
        remaining=11_000,
        placed=11_000,
        sent_at=START,
        opened_at=START,
        state=State.OPEN,
        number=1,
    )
    books.note_opened(LINE, "a", START + SECOND)
    state = books.of(LINE)
    assert books.net(state, [ours]) == others, "the book is older than the wager"
    books.on_read(LINE, with_ours, START + SECOND, START + 2 * SECOND)
    assert books.net(state, [ours]) == others
    books.on_message(LINE, others, START + SECOND // 2, 1, START + 2 * SECOND)  # slow, and sent before the wager opened
    assert books.net(state, [ours]) == others, "nothing in it is ours"
    books.on_message(LINE, with_ours, START + 3 * SECOND, 1, START + 3 * SECOND)
    assert books.net(state, [ours]) == others


# --- through the engine -----------------------------------------------------------------------------------------------


def test_a_message_that_was_lost_is_repaired_by_the_next_round_of_reads() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, reconcile_s=60.0))).quoted()
    scene.go(SECOND)
    unmute = scene.mute()
    scene.around(LINE, (120, 120))
    scene.go(SECOND)
    unmute()
    assert scene.line().book[0][0].odds == -110
    scene.until(lambda: scene.line().book[0][0].odds == -120, within=70 * SECOND)
    assert scene.line().why is None  # one difference does not stop quoting
    scene.go(10 * SECOND)
    assert scene.run.engine.differences == {"missing": 2, "extra": 2, "size": 0}
    assert scene.guard("reconciliation") is None
    scene.agree()
    scene.close()


def test_a_book_that_was_repaired_is_read_once_more_and_does_not_age() -> None:
    scene = Scene().quoted()
    scene.go(SECOND)
    unmute = scene.mute()
    scene.around(LINE, (120, 120))
    scene.go(SECOND)
    unmute()
    scene.go(29 * MINUTE)
    assert not [fields for fields in scene.alerts("guard.held") if fields["guard"] == "book_age"]
    scene.close()


def test_the_net_book_never_contains_our_own_stake() -> None:
    """The order of book messages and private messages does not matter while wagers are placed and cancelled."""
    for delay in (1, 40, 149, 151, 400):
        strategy = Fixed((0, 105, 5000), (1, 106, 7000))
        scene = Scene(strategy)
        scene.run.delays = type(scene.run.delays)(feed=delay * MILLISECOND)
        shown: list[tuple[int, int]] = []

        def look(scene: Scene = scene, shown: list[tuple[int, int]] = shown) -> bool:
            for sport_event in scene.status().sport_events:
                for line in sport_event.lines:
                    shown.extend((level.odds, level.value) for side in line.book for level in side)
            return False

        scene.run.until(START + 8 * SECOND, stop=look)
        for step in range(8):
            strategy.wants[None] = ((0, 105 + step % 3, 5000), (1, 106 - step % 2, 7000))
            scene.take(step % 2, 400)
            scene.run.until(scene.now + 900 * MILLISECOND, stop=look)
        odds = {each for each, _ in shown}
        assert odds == {-110}, delay
        scene.close()


def test_matched_stakes_and_withdrawn_stakes_are_counted_separately() -> None:
    scene = Scene().quoted()
    scene.go(5 * SECOND)
    assert scene.run.engine.taken_or_pulled == {"taken": 0, "pulled": 0}
    scene.take(0, 1000)
    scene.go(10 * SECOND)
    taken = scene.run.engine.taken_or_pulled
    assert taken["taken"] >= 990
    assert taken["pulled"] == 0
    scene.around(LINE, (112, 112))
    scene.go(10 * SECOND)
    after = scene.run.engine.taken_or_pulled
    assert after["taken"] == taken["taken"]
    assert after["pulled"] == 2 * 110_000
    scene.close()


def test_a_book_with_one_side_gives_no_fair_price() -> None:
    scene = Scene(maker(margin=0.01), house=False)
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(10 * SECOND)
    assert not scene.placements()
    assert scene.line().fair is None
    assert scene.line().why == "the book gives no fair price"
    scene.around(LINE)
    scene.until(lambda: scene.sides() == {0, 1}, within=5 * SECOND)
    scene.close()


def test_markets_whose_read_was_sent_before_a_reconnect_are_read_again() -> None:
    """Otherwise a new sport event would have no current book until the next round of reads."""
    scene = Scene().quoted()
    scene.run.faults.interfere = lambda request, now: Fate.LOST if isinstance(request, r.ReadMarkets) else Fate.DONE
    listed = LineKey(3, 219, 0)
    scene.add_sport_event(3, scene.now)
    scene.add_market(MarketKey(3, 219), [listed], scene.now)
    scene.around(listed)
    scene.until(lambda: 3 in scene.sent(r.ReadMarkets)[-1].sport_events)
    asked = scene.sent(r.ReadMarkets)[-1]
    answer = scene.run.ask(asked)
    scene.run.drop_feed()
    scene.run.faults.interfere = None
    scene.until(lambda: scene.status().feed_up)
    scene.go(100 * MILLISECOND)
    scene.run.engine.handle(answer, scene.now)  # slow, and sent over the old connection
    scene.lines = (LINE, listed)
    scene.requoted()
    scene.agree()
    scene.close()
