"""The settings in the units of the engine: nanoseconds and cents."""

from __future__ import annotations

from typing import Final

from mmbot.config import Config
from mmbot.domain.instant import Duration, seconds
from mmbot.domain.money import Cents, cents

UNSTRETCHED: Final = 30.0
"""The highest speed of a sped-up clock at which the audit's waits, measured by this clock, are as long as at normal
speed. At this speed, the audit's shortest time range, 10 s, is a third of a second of real time."""


class Settings:
    """The settings in the units of the engine. Durations are in nanoseconds and amounts in cents. Probabilities and
    shares are between 0 and 1."""

    __slots__ = (
        "activation",
        "audit_grace",
        "audit_money",
        "audit_wagers",
        "awaiting_activation",
        "book_age",
        "daily_loss",
        "exclusive",
        "feed_silence",
        "flap_hold",
        "funds_multiple",
        "hedge_cost",
        "hold",
        "matches_a_minute",
        "max_bid_ask_spread",
        "min_balance",
        "min_stake",
        "off_fair",
        "open_wagers",
        "price_age",
        "print_match",
        "reconcile",
        "stop_before_start",
        "stop_deadline",
        "stretch",
    )

    def __init__(self, config: Config) -> None:
        limits, guards = config.limits, config.guards
        self.exclusive: Final[bool] = config.exchange.account == "exclusive"
        self.min_stake: Final[Cents] = cents(config.exchange.min_stake)
        self.open_wagers: Final[int] = limits.open_wagers
        self.funds_multiple: Final[float] = limits.funds_multiple
        self.daily_loss: Final[Cents] = cents(limits.daily_loss)
        self.hedge_cost: Final[float] = limits.hedge_cost
        self.stop_before_start: Final[Duration] = seconds(guards.stop_before_start_s)
        self.book_age: Final[Duration] = seconds(guards.book_age_s)
        self.price_age: Final[Duration] = seconds(guards.price_age_s)
        self.hold: Final[Duration] = seconds(guards.hold_s)
        self.flap_hold: Final[Duration] = seconds(guards.flap_hold_s)
        self.feed_silence: Final[Duration] = seconds(guards.feed_silence_s)
        self.activation: Final[Duration] = seconds(guards.activation_s)
        self.audit_wagers: Final[Duration] = seconds(config.audit.wagers_s)
        self.audit_money: Final[Duration] = seconds(config.audit.money_s)
        clock = config.exchange.clock
        self.stretch: Final[float] = 1.0 if clock is None else max(1.0, clock.rate / UNSTRETCHED)
        """The factor by which the audit lengthens its waits for messages and answers. It is above 1 only if a demo's
        clock runs more than 30 times as fast as real time, because a network delay lasts longer by such a clock."""
        self.audit_grace: Final[Duration] = round(seconds(config.audit.grace_s) * self.stretch)
        self.awaiting_activation: Final[int] = guards.awaiting_activation
        self.print_match: Final[Duration] = seconds(guards.print_match_s)
        self.matches_a_minute: Final[int] = guards.matches_a_minute
        self.min_balance: Final[Cents] = cents(guards.min_balance)
        self.off_fair: Final[float] = guards.off_fair
        self.max_bid_ask_spread: Final[float] = guards.max_bid_ask_spread
        self.reconcile: Final[Duration] = seconds(guards.reconcile_s)
        self.stop_deadline: Final[Duration] = seconds(config.stop.deadline_s)
