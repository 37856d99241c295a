"""The status counts the lines that should be quoted and those that are, and never says "quoting" of an idle bot."""

from __future__ import annotations

from engine_scene import LINE, MARKET, OTHER, Fixed, Scene, settings

from mmbot.config.settings import GuardsConfig, MatchConfig, RuleConfig
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine import events as e
from mmbot.engine.status import LineCounts
from mmbot.screen.daemon_status import quoting_text


def counted(scene: Scene) -> tuple[bool, int, int]:
    status = scene.status()
    assert status.may_quote
    return status.quoting, status.lines.quotable, status.lines.quoted


def test_every_quoted_line_counts_once() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    assert counted(scene) == (True, 2, 2)
    assert scene.status().lines.why_not is None
    assert quoting_text(scene.status()) == "quoting 2 of 2 lines"
    scene.close()


def test_with_stale_prices_on_all_lines_nothing_is_quoted_and_the_status_says_so() -> None:
    lines = (LINE, OTHER)
    config = settings(guards=GuardsConfig(hold_s=1.0, price_age_s=60.0))
    scene = Scene(config=config, lines=lines).quoted()
    for line in lines:
        scene.run.tell(e.PriceGiven(scene.venue.line_id(*line, 0), 0.5, scene.now))
    scene.go(30 * SECOND)
    assert counted(scene) == (True, 2, 2)
    scene.until(lambda: not scene.wagers(), within=2 * MINUTE)
    scene.go(SECOND)
    assert counted(scene) == (False, 2, 0)
    assert quoting_text(scene.status()) == "quoting 0 of 2 lines: price_age: your own price is too old"
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.5, scene.now))
    scene.go(2 * SECOND)
    assert counted(scene) == (True, 2, 1)
    assert quoting_text(scene.status()) == "quoting 1 of 2 lines; others: price_age: your own price is too old"
    scene.close()


def test_without_a_rule_that_matches_nothing_is_quoted_and_the_status_says_so() -> None:
    scene = Scene(config=settings(rules=[RuleConfig(match=MatchConfig(tournament=(999,)), strategy="tests:Fixed")]))
    scene.until(lambda: scene.status().may_quote)
    scene.go(5 * SECOND)
    assert counted(scene) == (False, 0, 0)
    assert quoting_text(scene.status()) == "quoting nothing: no listed market matches a quoting rule"
    scene.close()


def test_what_cannot_be_quoted_by_anybody_need_not_be_quoted() -> None:
    scene = Scene(lines=(LINE, OTHER)).quoted()
    scene.venue.set_market_status(MARKET, "suspended", scene.now)
    scene.go(2 * SECOND)
    assert counted(scene) == (True, 1, 1)
    scene.close()


def test_a_sport_event_near_its_start_need_not_be_quoted() -> None:
    scene = Scene(starts=10 * MINUTE).quoted()
    assert counted(scene) == (True, 1, 1)
    scene.until(lambda: scene.guard("start") is not None, within=10 * MINUTE)
    scene.go(SECOND)
    assert scene.status().lines == LineCounts(0, 0, "start: within 120 s of its start, or past it")
    assert not scene.status().quoting
    scene.close()


def test_a_strategy_that_wants_nothing_is_named() -> None:
    fixed = Fixed((0, 105, 5000), (1, 105, 5000))
    scene = Scene(fixed).quoted()
    fixed.wants[None] = ()
    scene.around(LINE, (115, 115))
    scene.until(lambda: not scene.wagers())
    scene.go(SECOND)
    quoting, quotable, quoted = counted(scene)
    assert (quoting, quotable, quoted) == (False, 1, 0)
    assert scene.status().lines.why_not
    scene.close()


def test_a_wager_of_somebody_else_does_not_make_a_line_quoted() -> None:
    config = settings(account="shared", guards=GuardsConfig(hold_s=1.0, price_age_s=60.0))
    scene = Scene(config=config).quoted()
    scene.venue.place(scene.account, "by-hand", scene.venue.line_id(*LINE, 0), 150, 20_000, scene.now)
    scene.run.tell(e.PriceGiven(scene.venue.line_id(*LINE, 0), 0.5, scene.now))
    scene.until(lambda: scene.guard("price_age") is not None, within=2 * MINUTE)
    scene.go(3 * SECOND)
    assert scene.wagers()
    assert counted(scene) == (False, 1, 0)
    scene.close()
