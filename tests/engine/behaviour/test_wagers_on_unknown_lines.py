"""Foreign wagers on a line that the engine does not know or that has three outcomes.

Such a wager counts at its full stake in its market, sport event, tournament and the account, and in no line. It has no
side in a book or a position.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from engine_scene import GAME, LINE, Scene, settings

from mmbot.domain.catalogue import LineKey, Outcome, market_of
from mmbot.domain.instant import SECOND, Instant
from mmbot.engine import events as e
from mmbot.simulator.venue.records import VenueWager

UNLISTED = LineKey(GAME, 225, 178)
FIRST = LineKey(GAME, 225, 0)
"""The line whose key would be that of its market with a zero behind."""
THREE = LineKey(GAME, 300, 0)
OURS = 2439
"""The worst case of our quotes on one line: a payout of $50 at +105."""


Show = Callable[[e.MarketImage], e.MarketImage]


def show(scene: Scene, how: Show) -> Callable[[], None]:
    """Change the markets in every read of the board; return a function that ends this."""

    def amended(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.MarketsRead):
            return answer
        markets = {sport_event: tuple(how(image) for image in images) for sport_event, images in answer.markets.items()}
        return msgspec.structs.replace(answer, markets=markets)

    return scene.amend(amended)


def without_the_line(image: e.MarketImage) -> e.MarketImage:
    kept = [place for place, line in enumerate(image.market.lines) if line.key != UNLISTED]
    lines = tuple(image.market.lines[place] for place in kept)
    market = msgspec.structs.replace(image.market, lines=lines)
    return e.MarketImage(market, tuple(image.books[place] for place in kept))


def with_a_third_outcome(image: e.MarketImage) -> e.MarketImage:
    draw = Outcome(9, "draw", "Draw")
    lines = tuple(
        msgspec.structs.replace(line, outcomes=(*line.outcomes, draw)) if line.key == THREE else line
        for line in image.market.lines
    )
    return e.MarketImage(msgspec.structs.replace(image.market, lines=lines), image.books)


def unlisted(scene: Scene) -> LineKey:
    """A market with one line on the board and wagers on another line."""
    show(scene, without_the_line)
    scene.add_market(market_of(UNLISTED), (FIRST, UNLISTED), scene.now)
    scene.around(FIRST)
    return UNLISTED


def three(scene: Scene) -> LineKey:
    """A market whose line has three outcomes in every read. The local exchange accepts no wagers there."""
    show(scene, with_a_third_outcome)
    scene.add_market(market_of(THREE), (THREE,), scene.now)
    return THREE


CASES = pytest.mark.parametrize("listed", [unlisted, three])


def begin(listed: Callable[[Scene], LineKey], account: str = "shared") -> tuple[Scene, LineKey]:
    scene = Scene(config=settings(account=account))
    line = listed(scene)
    scene.quoted()
    return scene, line


def by_hand(scene: Scene, line: LineKey, external_id: str = "by-hand") -> VenueWager:
    placed = scene.venue.place(scene.account, external_id, scene.venue.line_id(*line, 0), 100, 20_000, scene.now)
    scene.go(2 * SECOND)
    return scene.venue.wager(scene.account, placed.wager_id)


def sound(scene: Scene) -> None:
    """Check that the engine keeps quoting and says so."""
    status = scene.status()
    assert status.latched is None
    assert status.quoting
    assert scene.sides(LINE) == {0, 1}
    assert not scene.alerts("latch.set")


def in_full(scene: Scene, line: LineKey) -> tuple[int, int]:
    """The worst case and matched worst case of a line's market, without our quotes on its other line."""
    (scope,) = [scope for scope in scene.status().scopes if scope.scope == "market"]
    ours = OURS if line == UNLISTED else 0
    return scope.worst_case - ours, scope.matched


@CASES
def test_an_open_wager_counts_in_full_in_its_market_and_in_no_line(listed: Callable[[Scene], LineKey]) -> None:
    scene, line = begin(listed)
    by_hand(scene, line)
    sound(scene)
    assert in_full(scene, line) == (20_000, 0)
    (widest,) = [scope for scope in scene.status().scopes if scope.scope == "line"]
    assert widest.worst_case == OURS
    if line == UNLISTED:
        assert scene.line(FIRST).worst_case == OURS
        assert "by-hand" not in {own.external_id for own in scene.line(FIRST).own}


@CASES
def test_a_matched_wager_counts_its_matched_stake(listed: Callable[[Scene], LineKey]) -> None:
    scene, line = begin(listed)
    by_hand(scene, line)
    scene.take(1, 8_000, line, -150)
    scene.go(2 * SECOND)
    sound(scene)
    worst, matched = in_full(scene, line)
    assert worst == 20_000
    assert matched > 0
    assert scene.alerts("wager.matched")[-1]["line"] == f"market {line.sport_event}/{line.market}"
    assert scene.status().counts.matches == 1


@CASES
def test_a_wager_that_ended_counts_nothing(listed: Callable[[Scene], LineKey]) -> None:
    scene, line = begin(listed)
    placed = by_hand(scene, line)
    scene.venue.cancel(scene.account, placed.wager_id, "by-hand", scene.now)
    scene.go(2 * SECOND)
    sound(scene)
    (scope,) = [scope for scope in scene.status().scopes if scope.scope == "market"]
    assert (scope.worst_case, scope.matched) == (OURS, 0)


@CASES
def test_a_partly_cancelled_and_settled_wager_is_booked_for_its_market(listed: Callable[[Scene], LineKey]) -> None:
    scene, line = begin(listed)
    placed = by_hand(scene, line)
    scene.take(1, 8_000, line, -150)
    scene.go(SECOND)
    scene.venue.cancel(scene.account, placed.wager_id, "by-hand", scene.now)
    scene.go(SECOND)
    scene.venue.settle(market_of(line), 1, scene.now)
    scene.go(60 * SECOND)
    matched = scene.venue.wager(scene.account, placed.wager_id).matched
    assert matched > 0
    assert scene.status().profit.realised == -matched
    assert scene.status().latched is None


@CASES
def test_on_an_exclusive_account_a_wager_with_an_id_is_cancelled(listed: Callable[[Scene], LineKey]) -> None:
    scene, line = begin(listed, "exclusive")
    placed = by_hand(scene, line)
    scene.go(5 * SECOND)
    assert not scene.venue.wager(scene.account, placed.wager_id).live
    sound(scene)
    scene.close()


def test_a_wager_moves_to_its_line_once_the_board_shows_it() -> None:
    scene = Scene(config=settings(account="shared"))
    honest = show(scene, without_the_line)
    scene.add_market(market_of(UNLISTED), (FIRST, UNLISTED), scene.now)
    scene.quoted()
    by_hand(scene, UNLISTED)
    assert scene.status().counts.open_wagers == 2 + 1
    honest()
    scene.venue.set_line_status(UNLISTED, "inactive", scene.now)
    scene.venue.set_line_status(UNLISTED, "active", scene.now)
    scene.go(60 * SECOND)
    assert [(own.side, own.remaining) for own in scene.line(UNLISTED).own if own.external_id == "by-hand"] == [
        (0, 20_000)
    ]
