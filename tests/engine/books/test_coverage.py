"""Feed health over any number of connections: what covers a sport event, since when, and when the feed is up."""

from __future__ import annotations

from mmbot.domain.instant import SECOND
from mmbot.engine.books.coverage import UNCOVERED, Coverage
from mmbot.engine.events import WHOLE_FEED, Channel

START = 1_800_000_000 * SECOND
PRIVATE = Channel("private", private=True)


def books(*sport_events: int) -> Channel:
    """A channel that carries the books of some sport events."""
    return Channel(f"books of {sport_events}", sport_events)


def test_one_connection_may_cover_every_sport_event() -> None:
    coverage = Coverage(30 * SECOND)
    assert not coverage.up
    assert coverage.of(1) is UNCOVERED
    coverage.carry(1, WHOLE_FEED, START)
    assert coverage.up
    assert (coverage.of(1).connection, coverage.of(1).since) == (1, START)
    assert coverage.of(1) is coverage.of(2)
    assert coverage.generation(1, 1) > 0
    assert not coverage.generation(1, 2)
    assert coverage.connections == (1,)


def test_a_reconnect_starts_a_new_generation_of_every_sport_event() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, WHOLE_FEED, START)
    before = coverage.generation(1, 1)
    coverage.private_lost()
    assert not coverage.up
    coverage.carry(2, WHOLE_FEED, START + SECOND)
    assert coverage.connections == (2,)
    assert coverage.generation(1, 2) > before
    assert not coverage.generation(1, 1)
    assert not coverage.is_current(1, before)
    assert coverage.of(1).since == START + SECOND


def test_the_loss_of_a_connection_with_books_only_ends_the_coverage_of_its_sport_events() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE, books(1)), START)
    coverage.carry(2, (books(2),), START + SECOND)
    first = coverage.of(1)
    assert coverage.of(2).connection == 2
    assert coverage.of(3) is UNCOVERED
    coverage.carry(2, (), START + 2 * SECOND)
    assert coverage.up
    assert coverage.of(1) is first, "nothing changed for it"
    assert coverage.of(2) is UNCOVERED
    assert not coverage.is_current(2, 0)
    coverage.carry(3, (books(2),), START + 3 * SECOND)
    assert (coverage.of(2).connection, coverage.of(2).since) == (3, START + 3 * SECOND)


def test_a_new_channel_starts_a_new_generation_for_its_sport_event_alone() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE, books(1), books(2)), START)
    first, second = coverage.of(1), coverage.of(2)
    props = Channel("props of 2", (2,))
    coverage.carry(1, (PRIVATE, books(1), books(2), props, books(3)), START + SECOND)
    assert coverage.of(1) is first
    assert coverage.of(2).generation > second.generation
    assert coverage.of(3).since == START + SECOND


def test_a_sport_event_on_two_connections_counts_on_the_later_one_and_falls_back_with_a_new_generation() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE, books(1)), START)
    coverage.carry(2, (books(1),), START + SECOND)
    assert coverage.of(1).connection == 2
    second = coverage.of(1).generation
    coverage.carry(2, (), START + 2 * SECOND)
    assert coverage.of(1).connection == 1
    assert coverage.of(1).generation > second, "messages of the first were dropped meanwhile"


def test_a_channel_of_its_own_counts_before_one_for_every_sport_event() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (books(7),), START)
    coverage.carry(2, WHOLE_FEED, START)
    assert coverage.of(7).connection == 1
    assert coverage.of(8).connection == 2


def test_only_the_connection_with_the_private_channel_needs_heartbeats() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE,), START)
    coverage.carry(2, (books(2),), START)
    coverage.beat(2, START + 9 * SECOND)
    coverage.heard(2, START + 9 * SECOND)
    assert coverage.silent_at == START + 30 * SECOND
    assert coverage.heard_at == START
    coverage.heard(1, START + 10 * SECOND)
    assert coverage.silent_at == START + 30 * SECOND
    coverage.beat(1, START + 10 * SECOND)
    assert coverage.silent_at == START + 40 * SECOND
    assert coverage.heard_at == START + 10 * SECOND


def test_more_channels_on_the_private_connection_are_no_sign_of_life() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE,), START)
    coverage.carry(1, (PRIVATE, books(1)), START + 20 * SECOND)
    assert coverage.silent_at == START + 30 * SECOND


def test_a_connection_with_books_only_is_never_silent_and_vouches_for_itself_alone() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE, books(1)), START)
    coverage.carry(2, (books(2),), START)
    coverage.carry(3, (books(3),), START)
    for second in range(1, 60):
        coverage.heard(2 + second % 2, START + second * SECOND)
        coverage.beat(2, START + second * SECOND)
    assert coverage.heard_at == START
    assert coverage.silent_at == START + 30 * SECOND
    assert coverage.generation(2, 2) > 0
    assert coverage.generation(3, 3) > 0


def test_a_late_message_of_an_ended_connection_is_no_sign_of_life() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE, books(1)), START)
    coverage.carry(2, (books(2),), START)
    coverage.heard(2, START + SECOND)
    coverage.carry(2, (), START + 2 * SECOND)
    coverage.heard(2, START + 3 * SECOND)
    coverage.heard(1, START + 4 * SECOND)
    coverage.private_ended()
    coverage.private_lost()
    coverage.heard(1, START + 5 * SECOND)
    coverage.beat(1, START + 5 * SECOND)
    assert coverage.heard_at == START + 4 * SECOND
    assert coverage.silent_at == START + 30 * SECOND
    coverage.carry(3, (PRIVATE,), START + 6 * SECOND)
    coverage.heard(1, START + 7 * SECOND)
    coverage.beat(1, START + 7 * SECOND)
    assert (coverage.private, coverage.connections) == (3, (3,))
    assert coverage.heard_at == START + 6 * SECOND
    assert coverage.silent_at == START + 36 * SECOND


def test_a_connection_that_gains_the_private_channel_gets_a_new_time_limit() -> None:
    coverage = Coverage(30 * SECOND)
    coverage.carry(1, (PRIVATE,), START)
    coverage.carry(2, (books(2),), START)
    coverage.carry(2, (PRIVATE, books(2)), START + 10 * SECOND)
    assert coverage.private == 2
    assert coverage.silent_at == START + 40 * SECOND
    coverage.beat(2, START + 20 * SECOND)
    assert coverage.silent_at == START + 50 * SECOND
