"""The standard ladder."""

from __future__ import annotations

from mmbot.simulator.venue.odds_ladder import STANDARD


def test_the_ladder_has_the_555_odds_of_the_exchange() -> None:
    assert len(STANDARD) == len(set(STANDARD)) == 555
    assert (STANDARD[0], STANDARD[-1]) == (-25000, 25000)
    assert 100 in STANDARD
    assert -100 not in STANDARD
    assert {odds for odds in STANDARD if odds < 0} == {-odds for odds in STANDARD if odds > 100}
    assert {2250, 2750, 132, 205, 510, 1050, 5250, 10_500} <= set(STANDARD)
    assert not {131, 201, 505, 1010, 2050, 5100, 10_250} & set(STANDARD)
