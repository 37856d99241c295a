"""Ids that stand for two things: neither is quoted, and both are quoted again once the ids are right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine_scene import GAME, LINE, MARKET, MONEYLINE, NBA, Fixed, Scene
from ledger_rig import START, report_of, resolve
from msgspec.structs import replace

from mmbot.domain.catalogue import LineKey, Tournament
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.requests import Placement
from mmbot.engine.wagers.ledger import Ledger

SECOND_GAME = LineKey(2, MONEYLINE, 0)
THIRD_GAME = LineKey(3, MONEYLINE, 0)
NHL = 234

Change = Callable[[e.MarketImage], tuple[e.MarketImage, ...]]


def show(scene: Scene, change: Change) -> Callable[[], None]:
    """Change every market in the reads of the board; return a function that ends this."""

    def amended(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.MarketsRead):
            return answer
        markets = {
            event: tuple(new for image in images for new in change(image)) for event, images in answer.markets.items()
        }
        return replace(answer, markets=markets)

    return scene.amend(amended)


def with_outcomes(image: e.MarketImage, line: LineKey, **fields: object) -> e.MarketImage:
    """The image with other values on outcome 0 of a line."""
    lines = tuple(
        replace(each, outcomes=(replace(each.outcomes[0], **fields), *each.outcomes[1:])) if each.key == line else each
        for each in image.market.lines
    )
    return e.MarketImage(replace(image.market, lines=lines), image.books)


def borrowed(scene: Scene) -> Change:
    """Outcome 0 of the second game has the ``line_id`` of outcome 0 of the first."""
    line_id = scene.venue.line_id(*LINE, 0)
    return lambda image: (with_outcomes(image, SECOND_GAME, line_id=line_id),)


def doubled(scene: Scene) -> Change:
    """Both outcomes of the first game have one ``line_id``."""
    line_id = scene.venue.line_id(*LINE, 1)
    return lambda image: (with_outcomes(image, LINE, line_id=line_id),)


def same_outcome(scene: Scene) -> Change:
    return lambda image: (with_outcomes(image, LINE, outcome_id=5),)


def market_twice(scene: Scene) -> Change:
    return lambda image: (image, image) if image.market.key == MARKET else (image,)


def line_twice(scene: Scene) -> Change:
    def change(image: e.MarketImage) -> tuple[e.MarketImage, ...]:
        if image.market.key != MARKET:
            return (image,)
        again = replace(
            image.market.lines[0],
            outcomes=tuple(replace(one, line_id=f"{one.line_id[:-1]}z") for one in image.market.lines[0].outcomes),
        )
        return (e.MarketImage(replace(image.market, lines=(*image.market.lines, again)), image.books * 2),)

    return change


CASES: dict[str, tuple[Callable[[Scene], Change], tuple[LineKey, ...]]] = {
    "one line_id in two sport events": (borrowed, (LINE, SECOND_GAME)),
    "one line_id on both outcomes": (doubled, (LINE,)),
    "one outcome id on both outcomes": (same_outcome, (LINE,)),
    "a market listed twice": (market_twice, (LINE,)),
    "a line listed twice": (line_twice, (LINE,)),
}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_no_line_with_a_duplicate_id_is_quoted(case: str, later: bool) -> None:
    """``later``: the ids become wrong while both lines are quoted."""
    make, wrong = CASES[case]
    scene = Scene(lines=(LINE, SECOND_GAME, THIRD_GAME))
    ended = (lambda: None) if later else show(scene, make(scene))
    scene.until(lambda: scene.sides(THIRD_GAME) == {0, 1})
    if later:
        scene.quoted()
        ended = show(scene, make(scene))
        scene.go(16 * MINUTE)
    scene.go(5 * SECOND)
    assert {line for line in scene.lines if scene.sides(line)} == set(scene.lines) - set(wrong)
    for line in wrong:
        why = scene.line(line).why
        assert why is not None
        assert why.startswith("duplicate_id: ")
    assert scene.alerts("identity.duplicate")
    assert scene.run.engine.guards["duplicate_id"] == len(wrong)
    assert scene.sides(THIRD_GAME) == {0, 1}
    ended()
    scene.until(lambda: all(scene.sides(line) == {0, 1} for line in scene.lines), within=20 * MINUTE)
    assert scene.guard("duplicate_id") is None
    scene.go(5 * SECOND)
    scene.agree()
    scene.close()


def test_a_line_id_that_moves_to_another_line_is_disputed_only_until_both_are_read() -> None:
    scene = Scene(lines=(LINE, SECOND_GAME)).quoted()
    line_id = scene.venue.line_id(*LINE, 0)

    def moved(image: e.MarketImage) -> tuple[e.MarketImage, ...]:
        if image.market.key == MARKET:
            return (with_outcomes(image, LINE, line_id="0" * 32),)
        return (with_outcomes(image, SECOND_GAME, line_id=line_id),)

    show(scene, moved)
    scene.go(16 * MINUTE)
    assert scene.guard("duplicate_id") is None
    assert scene.run.engine.guards["duplicate_id"] == 0
    scene.close()


# --- sport events -----------------------------------------------------------------------------------------------------


def test_a_sport_event_in_two_tournaments_is_not_quoted_and_counts_in_both() -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), lines=(LINE, SECOND_GAME))
    scene.venue.add_tournament(Tournament(NHL, "NHL", "Hockey"), scene.now)
    scene.quoted()
    scene.take(0, 2000)
    scene.go(2 * SECOND)

    def note(request: r.Request, now: Instant) -> e.Answer | None:
        if isinstance(request, r.ReadSportEvents) and request.tournament == NHL:
            return e.SportEventsRead(request.id, (replace(scene.venue.sport_event(GAME), tournament_id=NHL),))
        return None

    scene.run.on_request = note
    scene.until(lambda: scene.guard("two_tournaments") is not None, within=20 * MINUTE)
    guard = scene.guard("two_tournaments")
    assert guard is not None
    assert guard.scope == "sport event 1"
    assert str(NBA) in guard.reason
    assert str(NHL) in guard.reason
    assert scene.alerts("identity.two_tournaments")
    scene.go(5 * SECOND)
    assert not scene.wagers(LINE)
    assert scene.sides(SECOND_GAME) == {0, 1}
    held = -min(scene.position())
    tournament = next(each for each in scene.status().scopes if each.scope == "tournament")
    assert tournament.matched == held
    assert tournament.worst_case > held, "the second game counts in the same tournament"
    scene.run.on_request = None
    scene.until(lambda: scene.guard("two_tournaments") is None, within=20 * MINUTE)
    scene.until(lambda: scene.sides() == {0, 1}, within=5 * SECOND)
    scene.agree()
    scene.close()


def test_a_message_with_another_tournament_is_checked_by_reads() -> None:
    scene = Scene(lines=(LINE, SECOND_GAME)).quoted()
    event = replace(scene.venue.sport_event(GAME), tournament_id=NHL)
    scene.run.tell(e.SportEventMessage(scene.run.connection, e.Op.UPDATE, GAME, NHL, event))
    scene.go(SECOND)
    assert scene.guard("two_tournaments") is not None
    scene.until(lambda: scene.guard("two_tournaments") is None, within=10 * SECOND)
    scene.until(lambda: scene.sides() == {0, 1}, within=10 * SECOND)
    scene.close()


# --- wagers -----------------------------------------------------------------------------------------------------------


def test_two_wagers_with_one_external_id_count_both() -> None:
    ledger = Ledger(0.02)
    ledger.sent(Placement("r1-fv-1", "a0", -110, 1000), LineKey(7, 256, 0), 0, False, START)
    ledger.take_report(report_of(stake=1000), False, START, resolve)
    ledger.take_report(report_of(stake=700, wager_id="other"), False, START, resolve)
    assert ledger.outstanding == 1700
    ours, other = ledger.by_id("w-r1-fv-1"), ledger.by_id("other")
    assert ours is not None
    assert other is not None
    assert not ours.foreign
    assert other.foreign
    assert (ours.stake, other.stake) == (1000, 700)
    ledger.take_report(report_of(stake=700, matched=700, wager_id="other", match=(700, -110)), True, START, resolve)
    assert (ours.matched, other.matched) == (0, 700)


def elsewhere(scene: Scene) -> Change:
    """The first game's line is listed in the second game, with the same ids, in the place of that game's own line."""
    ids = [scene.venue.line_id(*LINE, side) for side in (0, 1)]

    def change(image: e.MarketImage) -> tuple[e.MarketImage, ...]:
        market = image.market
        if market.key == MARKET:
            return ()
        if market.lines[0].key != SECOND_GAME:
            return (image,)
        first = market.lines[0]
        outcomes = tuple(replace(one, line_id=line_id) for one, line_id in zip(first.outcomes, ids, strict=True))
        return (e.MarketImage(replace(market, lines=(replace(first, outcomes=outcomes),)), image.books),)

    return change


def test_a_line_that_moves_is_not_quoted_while_there_is_a_stake_at_its_old_place() -> None:
    scene = Scene(lines=(LINE, SECOND_GAME, THIRD_GAME)).quoted()
    scene.take(0, 1000)
    scene.go(10 * SECOND)
    ended = show(scene, elsewhere(scene))
    scene.go(16 * MINUTE)
    moved_at = scene.now
    scene.go(5 * MINUTE)
    ids = [scene.venue.line_id(*LINE, side) for side in (0, 1)]
    assert not [each for each in scene.placements(moved_at) if each.line_id in ids]
    assert not scene.sides(LINE)
    why = scene.line(SECOND_GAME).why
    assert why is not None
    assert why.startswith("duplicate_id: ")
    assert "has moved here" in why
    scene.venue.settle(MARKET, 0, scene.now)
    scene.go(3 * MINUTE)
    assert scene.run.engine.guards["duplicate_id"] == 0
    ended()
    scene.close()
