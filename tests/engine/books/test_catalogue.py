"""Outcomes that reads do not name or that change places."""

from __future__ import annotations

from engine_scene import GAME, LINE, MARKET
from msgspec.structs import replace

from mmbot.domain.catalogue import Line, Market, Outcome
from mmbot.engine.books.catalogue import Catalogue
from mmbot.engine.events import MarketImage

UNNAMED = Outcome(0, "", "")
FIRST = Outcome(4, "line of the first", "first")
SECOND = Outcome(5, "line of the second", "second")


def shown_as(catalogue: Catalogue, outcomes: tuple[Outcome, ...]) -> Line:
    """Show these outcomes of the line in a read; return the line as the catalogue has it then."""
    market = Market(MARKET, "Moneyline", "moneyline", "moneyline", "Game Lines", "active", (Line(LINE, outcomes),))
    catalogue.read_markets(GAME, [MarketImage(market, ())])
    return catalogue.lines[LINE]


def known() -> Catalogue:
    """Return whether both outcomes of the line are named."""
    catalogue = Catalogue()
    shown_as(catalogue, (FIRST, SECOND))
    return catalogue


def test_an_outcome_that_a_read_does_not_name_keeps_its_name_unless_the_read_contradicts_it() -> None:
    catalogue = known()
    for outcomes in ((FIRST, UNNAMED), (UNNAMED, SECOND), (UNNAMED, UNNAMED)):
        assert shown_as(catalogue, outcomes).outcomes == (FIRST, SECOND)
    for outcomes in (
        (replace(FIRST, line_id="another"), UNNAMED),
        (FIRST,),
        (UNNAMED, UNNAMED, UNNAMED),
    ):
        assert shown_as(catalogue, outcomes).outcomes == outcomes
        assert shown_as(catalogue, (UNNAMED, UNNAMED)).outcomes == (FIRST, SECOND)
    renamed = (replace(FIRST, line_id="one"), replace(SECOND, line_id="two"))
    assert shown_as(catalogue, renamed).outcomes == renamed
    assert shown_as(catalogue, (renamed[0], UNNAMED)).outcomes == renamed


def test_outcomes_that_change_places_are_neither_quoted_nor_confused() -> None:
    catalogue = known()
    for outcomes in ((SECOND, FIRST), (SECOND, UNNAMED), (UNNAMED, FIRST)):
        assert not shown_as(catalogue, outcomes).quotable
        assert catalogue.resolve(FIRST.line_id) == (LINE, 0)
        assert catalogue.resolve(SECOND.line_id) == (LINE, 1)
    assert shown_as(catalogue, (FIRST, SECOND)).quotable
