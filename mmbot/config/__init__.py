"""YAML to frozen, validated settings. Every problem is reported with its place, what was expected and the mend."""

from mmbot.config.settings import (
    ClockConfig,
    Config,
    ExchangeConfig,
    GuardsConfig,
    LimitsConfig,
    MatchConfig,
    PricesConfig,
    RuleConfig,
    RuleLimits,
    StopConfig,
    TelemetryConfig,
)

__all__ = [
    "ClockConfig",
    "Config",
    "ExchangeConfig",
    "GuardsConfig",
    "LimitsConfig",
    "MatchConfig",
    "PricesConfig",
    "RuleConfig",
    "RuleLimits",
    "StopConfig",
    "TelemetryConfig",
]
