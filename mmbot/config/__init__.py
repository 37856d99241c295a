"""Reads YAML into frozen, validated settings. Each problem is reported with its place, the expected value and
advice."""

from mmbot.config.problems import ConfigError, Problem
from mmbot.config.reading import Reading, load, loads, read
from mmbot.config.settings import (
    AuditConfig,
    ClockConfig,
    Config,
    DialectName,
    ExchangeConfig,
    GuardsConfig,
    JournalConfig,
    LimitsConfig,
    MatchConfig,
    PricesConfig,
    RuleConfig,
    RuleLimits,
    StopConfig,
    TelemetryConfig,
    WatchdogConfig,
)

__all__ = [
    "AuditConfig",
    "ClockConfig",
    "Config",
    "ConfigError",
    "DialectName",
    "ExchangeConfig",
    "GuardsConfig",
    "JournalConfig",
    "LimitsConfig",
    "MatchConfig",
    "PricesConfig",
    "Problem",
    "Reading",
    "RuleConfig",
    "RuleLimits",
    "StopConfig",
    "TelemetryConfig",
    "WatchdogConfig",
    "load",
    "loads",
    "read",
]
