"""The rule that applies to a market."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mmbot.config import MatchConfig, RuleConfig
from mmbot.domain.catalogue import Market, MarketKey, SportEvent
from mmbot.domain.instant import HOUR
from mmbot.strategy.rules import matches, matching_rule

START = 1_790_000_000_000_000_000
SPORT_EVENT = SportEvent(sport_event_id=19458, tournament_id=132, name="A at B", status="not_started", scheduled=START)
MARKET = Market(
    MarketKey(19458, 219), "Moneyline", "moneyline", sub_type="moneyline", category_name="Game Lines"
)  # fmt: skip


def rule(**conditions: Any) -> RuleConfig:
    """A rule with these conditions and any strategy."""
    return RuleConfig(match=MatchConfig(**conditions), strategy="module:Class")


def test_the_first_rule_that_matches_decides() -> None:
    quoting = [rule(tournament=(109,)), rule(type=("moneyline",)), rule()]
    assert matching_rule(quoting, SPORT_EVENT, MARKET, START) == 1


def test_a_market_without_a_rule_has_none() -> None:
    assert matching_rule([], SPORT_EVENT, MARKET, START) is None
    assert matching_rule([rule(event=(1,)), rule(tournament=(1,))], SPORT_EVENT, MARKET, START) is None


@pytest.mark.parametrize(
    ("conditions", "decides"),
    [
        ({}, True),
        ({"tournament": (31, 132)}, True),
        ({"tournament": (31,)}, False),
        ({"event": (19458,)}, True),
        ({"event": (19459,)}, False),
        ({"type": ("total", "moneyline")}, True),
        ({"type": ("Moneyline",)}, False),
        ({"sub_type": ("moneyline",)}, True),
        ({"sub_type": ("first_half_moneyline",)}, False),
        ({"category_name": ("Game Lines",)}, True),
        ({"category_name": ("Player Props",)}, False),
        ({"tournament": (132,), "type": ("moneyline",), "sub_type": ("other",)}, False),
    ],
)
def test_every_condition_that_is_set_has_to_hold(conditions: dict[str, Any], decides: bool) -> None:
    assert matches(MatchConfig(**conditions), SPORT_EVENT, MARKET, START) is decides


def test_a_first_half_is_distinguished_from_the_game_by_its_sub_type() -> None:
    half = msgspec.structs.replace(MARKET, key=MarketKey(19458, 64), sub_type="first_half_moneyline")
    assert matching_rule([rule(type=("moneyline",), sub_type=("moneyline",))], SPORT_EVENT, half, START) is None


@pytest.mark.parametrize(
    ("before_start", "decides"),
    [(49 * HOUR, False), (48 * HOUR + 1, False), (48 * HOUR, True), (2 * HOUR, True), (0, True), (-1, False)],
)
def test_a_window_counts_hours_to_the_start_including_both_ends(before_start: int, decides: bool) -> None:
    assert matches(MatchConfig(hours_to_start=(0, 48)), SPORT_EVENT, MARKET, START - before_start) is decides


def test_a_sport_event_without_a_known_start_is_in_no_window() -> None:
    sport_event = msgspec.structs.replace(SPORT_EVENT, scheduled=None)
    assert not matches(MatchConfig(hours_to_start=(0, 48)), sport_event, MARKET, START)
    assert matches(MatchConfig(), sport_event, MARKET, START)
