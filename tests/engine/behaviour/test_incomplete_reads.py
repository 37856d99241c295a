"""Incomplete reads of the board: without the name of an outcome whose side is empty, a line, or a sport event."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine_scene import GAME, LINE, MARKET, NBA, OTHER, Fixed, Scene, maker, settings
from msgspec.structs import replace

from mmbot.config.settings import GuardsConfig, LimitsConfig
from mmbot.domain.catalogue import Line, LineKey, MarketKey, Outcome, Tournament
from mmbot.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r

UNNAMED = Outcome(0, "", "")
ELSEWHERE = LineKey(2, 219, 0)


def often() -> Scene:
    """A scene with prices from the book and a read of everything each minute."""
    return Scene(maker(margin=0.01), settings(guards=GuardsConfig(hold_s=1.0, reconcile_s=60.0)), lines=(LINE, OTHER))


def bare(scene: Scene) -> None:
    """Let reads omit the name of the outcome of an empty side from now on."""

    def stripped(line: Line) -> Line:
        sides = scene.venue.book(line.key).sides
        named = [each if levels else UNNAMED for each, levels in zip(line.outcomes, sides, strict=True)]
        return replace(line, outcomes=tuple(named))

    def change(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.MarketsRead):
            return answer
        return replace(
            answer,
            markets={
                sport_event: tuple(
                    replace(
                        image,
                        market=replace(image.market, lines=tuple(stripped(line) for line in image.market.lines)),
                    )
                    for image in images
                )
                for sport_event, images in answer.markets.items()
            },
        )

    scene.amend(change)


def lacking(scene: Scene, kind: type[e.SportEventsRead | e.MarketsRead], until: Instant) -> Callable[[], None]:
    """Let reads of one kind show nothing until an instant; return a function that ends this earlier."""

    def change(answer: e.Answer, now: Instant) -> e.Answer:
        if now >= until or not isinstance(answer, kind):
            return answer
        if isinstance(answer, e.SportEventsRead):
            return replace(answer, sport_events=())
        return replace(answer, markets=dict.fromkeys(answer.markets, ()))

    return scene.amend(change)


def rest(scene: Scene, side: int) -> None:
    """Let somebody back an outcome of the line again, which shows under the other outcome."""
    assert scene.venue.crowd.enter(scene.crowd, LINE, side, 110, 100_000, scene.now) is not None


def empty(scene: Scene, *sides: int) -> None:
    """Withdraw every order that backs these outcomes of the line."""
    for side in sides:
        order = scene.house[LINE][side]
        assert order is not None
        scene.venue.crowd.withdraw(order, scene.now)
        scene.house[LINE][side] = None


def test_a_line_is_quoted_again_when_its_empty_side_returns_despite_a_read_in_between() -> None:
    scene = often()
    bare(scene)
    scene.quoted()
    empty(scene, 0)
    scene.until(lambda: not scene.resting())  # the best prices are too far apart for a fair value
    reads = len(scene.sent(r.ReadMarkets))
    scene.until(lambda: len(scene.sent(r.ReadMarkets)) > reads, within=2 * MINUTE)
    scene.go(2 * SECOND)
    assert scene.guard("outcomes") is None
    reads = len(scene.sent(r.ReadMarkets))
    rest(scene, 0)
    scene.until(lambda: scene.sides() == {0, 1}, within=3 * SECOND)
    assert len(scene.sent(r.ReadMarkets)) == reads  # no read was needed
    scene.close()


def test_an_offer_on_an_unnamed_outcome_leads_to_a_read() -> None:
    scene = Scene(lines=(LINE, OTHER))
    empty(scene, 0, 1)
    bare(scene)
    scene.until(lambda: scene.sides(OTHER) == {0, 1})
    scene.go(MINUTE)
    held = scene.guard("outcomes")
    assert held is not None
    assert not scene.resting()
    reads = len(scene.sent(r.ReadMarkets))
    rest(scene, 1)  # the read names outcome 0 alone, so the guard still holds
    scene.go(5 * SECOND)
    assert len(scene.sent(r.ReadMarkets)) == reads + 1
    assert scene.guard("outcomes") is not None
    rest(scene, 0)
    scene.until(lambda: scene.sides() == {0, 1}, within=MINUTE)
    assert scene.guard("outcomes") is None
    scene.close()


def test_a_missing_outcome_is_read_at_growing_intervals() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    complete = lacking(scene, e.MarketsRead, scene.now + HOUR)
    scene.run.engine.handle(e.MarketMessage(1, e.Op.UPDATE, GAME, 9, "", "active"), scene.now)
    scene.until(lambda: not scene.wagers(), within=5 * SECOND)
    gone = scene.now

    def books(seconds: int) -> list[int]:
        """Send one book of the line a second; return the times, in seconds, at which the sport event was read."""
        since = scene.now
        for turn in range(seconds):
            scene.around(LINE, (110 + turn % 2, 110))
            scene.go(SECOND)
        return [
            round((at - gone) / SECOND)
            for at, request in scene.run.requests
            if isinstance(request, r.ReadMarkets) and at > since
        ]

    scene.go(40 * SECOND - (scene.now - gone))
    assert books(760) == [90, 210, 450]
    complete()
    books(140)
    assert scene.sides() == {0, 1}
    lacking(scene, e.MarketsRead, scene.now + HOUR)
    scene.run.engine.handle(e.MarketMessage(1, e.Op.UPDATE, GAME, 9, "", "active"), scene.now)
    scene.until(lambda: not scene.wagers(), within=5 * SECOND)
    gone = scene.now
    assert books(80)[-1] == 30, "the next time starts with the shortest interval"
    scene.close()


def test_reads_for_a_missing_outcome_are_given_up() -> None:
    scene = often().quoted()
    lacking(scene, e.MarketsRead, scene.now + HOUR)
    scene.until(lambda: not scene.wagers(), within=2 * MINUTE)
    scene.go(5 * MINUTE)
    since = scene.now
    scene.go(10 * MINUTE)
    assert len(scene.sent(r.ReadMarkets, since)) == 10  # the regular rounds
    scene.close()


def test_a_book_without_an_offer_on_an_unnamed_outcome_leads_to_no_read() -> None:
    scene = Scene(lines=(LINE, OTHER))
    empty(scene, 0)
    bare(scene)
    scene.until(lambda: scene.sides(OTHER) == {0, 1})
    assert scene.guard("outcomes") is not None
    since = scene.now
    for turn in range(60):
        assert scene.house[LINE][1] is not None
        empty(scene, 1)
        scene.house[LINE][1] = scene.venue.crowd.enter(scene.crowd, LINE, 1, 110 + turn % 2, 100_000, scene.now)
        scene.go(SECOND)
    assert not scene.sent(r.ReadMarkets, since)
    scene.close()


def test_a_market_of_three_outcomes_with_one_unnamed_is_not_quoted_as_one_of_two() -> None:
    """The user's own price allows quotes without a book, so only the outcomes keep the line from being quoted."""
    scene = Scene().quoted()
    key = LineKey(GAME, 300, 0)
    scene.add_market(MarketKey(GAME, 300), [key], scene.now, outcomes=3)
    bare(scene)
    assert scene.venue.crowd.enter(scene.crowd, key, 0, 110, 1000, scene.now) is None  # nothing is traded there
    scene.go(MINUTE)
    line_id = scene.venue.line_id(*key, 0)
    scene.run.engine.handle(e.PriceGiven(line_id, 0.5, scene.now), scene.now)
    scene.go(MINUTE)
    assert scene.guard("outcomes") is not None
    assert not [item for item in scene.placements() if item.line_id == line_id]
    scene.close()


def test_outcome_names_survive_a_read_that_lacks_the_line() -> None:
    scene = often()
    bare(scene)
    scene.quoted()
    empty(scene, 0)
    scene.until(lambda: not scene.resting())
    lacking(scene, e.MarketsRead, scene.now + 5 * SECOND)
    scene.run.engine.handle(e.MarketMessage(1, e.Op.UPDATE, GAME, 9, "", "active"), scene.now)
    scene.go(MINUTE)
    assert scene.guard("outcomes") is None
    rest(scene, 0)
    scene.until(lambda: scene.sides() == {0, 1}, within=3 * SECOND)
    scene.close()


TIGHT = LimitsConfig(line=100, market=100, event=100, tournament=100, account=100, soft=0.3, hedge=0.6)


def test_no_hedge_is_placed_on_an_unnamed_outcome() -> None:
    scene = Scene(Fixed((0, 105, 20_000), (1, 105, 20_000)), settings(limits=TIGHT)).quoted()
    bare(scene)
    empty(scene, 1)
    scene.go(2 * SECOND)
    scene.take(0, 7000)
    scene.go(10 * SECOND)
    assert scene.position()[0] < -6000
    scene.restart()
    bare(scene)
    scene.until(lambda: scene.status().phase == "ready")
    scene.go(5 * SECOND)
    assert scene.guard("outcomes") is not None
    order = scene.venue.crowd.enter(
        scene.crowd, LINE, 1, 110, 100_000, scene.now
    )  # for a moment only: the read is not needed
    assert order is not None
    scene.go(MILLISECOND)
    scene.venue.crowd.withdraw(order, scene.now)
    scene.go(2 * SECOND)
    rest(scene, 1)
    scene.until(lambda: scene.position()[0] > -6000, within=MINUTE)
    assert all(item.line_id for item in scene.placements())
    scene.close()


def test_limits_hold_while_reads_name_no_empty_side() -> None:
    scene = Scene(config=settings(limits=LimitsConfig(line=100), guards=GuardsConfig(hold_s=1.0, reconcile_s=60.0)))
    bare(scene)
    scene.quoted()
    for turn in range(20):
        side = turn % 2
        scene.take(side, 2_000)
        empty(scene, side)
        scene.go(20 * SECOND)
        scene.around()
        scene.go(20 * SECOND)
    scene.close()


@pytest.mark.parametrize("kind", [e.SportEventsRead, e.MarketsRead])
@pytest.mark.parametrize(("away_s", "back_s", "reads"), [(5, 31, 1), (200, 211, 3), (3600, None, 4)])
def test_a_line_that_reads_lack_without_a_message_is_looked_for_repeatedly(
    kind: type[e.SportEventsRead | e.MarketsRead], away_s: int, back_s: int | None, reads: int
) -> None:
    request = {e.SportEventsRead: r.ReadSportEvents, e.MarketsRead: r.ReadMarkets}[kind]
    scene = Scene().quoted()
    lacking(scene, kind, scene.now + away_s * SECOND)
    word: e.Event = e.TournamentMessage(1, e.Op.UPDATE, NBA, Tournament(NBA, "Another name"))
    if kind is e.MarketsRead:
        word = e.MarketMessage(1, e.Op.UPDATE, GAME, 9, "", "active")
    scene.run.engine.handle(word, scene.now)
    scene.until(lambda: not scene.wagers(), within=5 * SECOND)
    scene.go(2 * SECOND)  # the book without our wagers leads to one read
    gone = scene.now
    if back_s is None:
        scene.go(14 * MINUTE)
        assert not scene.wagers()
    else:
        scene.until(lambda: scene.sides() == {0, 1}, within=(back_s + 2) * SECOND)
        scene.go(5 * MINUTE)
    extra = kind is e.SportEventsRead and back_s is not None
    assert len(scene.sent(request, gone)) == reads
    assert len(scene.sent(r.ReadMarkets, gone)) == (1 if extra else 0 if kind is e.SportEventsRead else reads)
    scene.close()


def test_a_line_that_was_closed_or_removed_by_a_message_is_not_looked_for() -> None:
    scene = Scene(lines=(LINE, OTHER, ELSEWHERE)).quoted()
    scene.venue.set_market_status(MARKET, "suspended", scene.now)
    scene.go(2 * SECOND)
    lacking(scene, e.MarketsRead, scene.now + MINUTE)
    scene.run.engine.handle(e.LineMessage(1, e.Op.DELETE, *OTHER[:2], line_id(scene, OTHER), 0, 0, ""), scene.now)
    scene.until(lambda: not scene.wagers(OTHER), within=5 * SECOND)
    scene.go(2 * SECOND)
    since = scene.now
    scene.go(10 * MINUTE)
    assert not scene.sent(r.ReadMarkets, since)
    scene.close()


def line_id(scene: Scene, line: LineKey) -> str:
    return scene.venue.line_id(*line, 0)


def test_a_sport_event_that_had_started_is_not_looked_for() -> None:
    scene = often().quoted()
    scene.venue.go_live(GAME, scene.now)
    scene.until(lambda: not scene.wagers(), within=5 * SECOND)
    lacking(scene, e.SportEventsRead, scene.now + HOUR)
    scene.go(5 * SECOND)
    assert "unlisted" in [guard.guard for guard in scene.status().guards]
    since = scene.now
    scene.go(45 * SECOND)
    assert not scene.sent(r.ReadSportEvents, since)
    scene.close()
