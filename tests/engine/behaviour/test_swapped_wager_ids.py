"""An answer to a placement gives two wagers the ids of each other: no match counts on the wrong line, and the ids are
put right."""

from __future__ import annotations

import pytest
from engine_scene import LINE, OTHER, Fixed, Scene
from msgspec.structs import replace

from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine import events as e


class Swap:
    """Swaps the ids of two wagers on different lines in the first answer to a batch of placements."""

    def __init__(self) -> None:
        self.ids: tuple[str, ...] = ()

    def __call__(self, answer: e.Answer, now: Instant) -> e.Answer:
        if self.ids or not isinstance(answer, e.Placed):
            return answer
        reports = list(answer.accepted)
        first = reports[0]
        others = [n for n, one in enumerate(reports) if one.market_id != first.market_id and one.stake != first.stake]
        place = others[0] if others else None
        if place is None:
            return answer
        second = reports[place]
        reports[0], reports[place] = (
            replace(first, wager_id=second.wager_id),
            replace(second, wager_id=first.wager_id),
        )
        self.ids = (first.external_id, second.external_id)
        return replace(answer, accepted=tuple(reports))


@pytest.mark.parametrize("wait", [0, 30 * SECOND])
def test_matches_of_wagers_with_swapped_ids_count_on_their_own_lines(wait: int) -> None:
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 3000)), lines=(LINE, OTHER))
    swap = Swap()
    scene.amend(swap)
    scene.until(lambda: scene.sides() == {0, 1} and scene.sides(OTHER) == {0, 1})
    assert swap.ids
    scene.go(wait)
    for side in (0, 1):
        scene.take(side, 2000)
    scene.go(SECOND)
    assert scene.line().profit == scene.position(LINE)
    assert scene.line(OTHER).profit == scene.position(OTHER) == (0, 0)
    scene.go(2 * MINUTE)
    named = {alert["external_id"] for alert in scene.alerts("wager.ids_differ")}
    assert named >= set(swap.ids)
    assert not scene.alerts("audit.difference")
    scene.go(MINUTE)
    scene.agree()


def test_an_id_of_another_wager_in_an_answer_is_not_taken() -> None:
    """The first wager keeps its id, and the history shows the id of the second."""
    scene = Scene(Fixed((0, 105, 5000), (1, 105, 5000)), lines=(LINE, OTHER))
    first: list[str] = []

    def changed(answer: e.Answer, now: Instant) -> e.Answer:
        if not isinstance(answer, e.Placed) or len(first) == 2:
            return answer
        first.append(answer.accepted[0].wager_id)
        if len(first) == 1:
            return answer
        return replace(answer, accepted=(replace(answer.accepted[0], wager_id=first[0]), *answer.accepted[1:]))

    scene.amend(changed)
    scene.until(lambda: scene.sides() == {0, 1} and scene.sides(OTHER) == {0, 1})
    scene.take(0, 20_000)  # another wager takes the place of the matched one
    scene.until(lambda: len(first) == 2)
    scene.until(lambda: scene.status().counts.unknown_wagers == 1, within=SECOND)
    scene.go(MINUTE)
    scene.take(0, 2000)
    scene.take(0, 2000, OTHER)
    scene.go(2 * MINUTE)
    scene.agree()
