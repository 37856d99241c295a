"""The settings in the units of the core: nanoseconds and cents."""

from __future__ import annotations

import msgspec

from mmbot.config import Config
from mmbot.domain.instant import Duration, seconds
from mmbot.domain.money import Cents, cents


class Settings(msgspec.Struct, frozen=True):
    """Settings. Durations are in nanoseconds, amounts in cents, probabilities and shares between 0 and 1."""

    exclusive: bool
    min_stake: Cents
    open_wagers: int
    funds_multiple: float
    daily_loss: Cents
    hedge_cost: float
    stop_before_start: Duration
    book_age: Duration
    price_age: Duration
    hold: Duration
    flap_hold: Duration
    feed_silence: Duration
    activation: Duration
    awaiting_activation: int
    print_match: Duration
    matches_a_minute: int
    min_balance: Cents
    off_fair: float
    max_bid_ask_spread: float
    reconcile: Duration
    stop_deadline: Duration


def settle(config: Config) -> Settings:
    """Convert a configuration into the units of the core."""
    limits, guards = config.limits, config.guards
    return Settings(
        exclusive=config.exchange.account == "exclusive",
        min_stake=cents(config.exchange.min_stake),
        open_wagers=limits.open_wagers,
        funds_multiple=limits.funds_multiple,
        daily_loss=cents(limits.daily_loss),
        hedge_cost=limits.hedge_cost,
        stop_before_start=seconds(guards.stop_before_start_s),
        book_age=seconds(guards.book_age_s),
        price_age=seconds(guards.price_age_s),
        hold=seconds(guards.hold_s),
        flap_hold=seconds(guards.flap_hold_s),
        feed_silence=seconds(guards.feed_silence_s),
        activation=seconds(guards.activation_s),
        awaiting_activation=guards.awaiting_activation,
        print_match=seconds(guards.print_match_s),
        matches_a_minute=guards.matches_a_minute,
        min_balance=cents(guards.min_balance),
        off_fair=guards.off_fair,
        max_bid_ask_spread=guards.max_bid_ask_spread,
        reconcile=seconds(guards.reconcile_s),
        stop_deadline=seconds(config.stop.deadline_s),
    )
