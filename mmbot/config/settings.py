"""Everything that can be set, as frozen Structs; reading and judging a file is left to the modules beside this one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1)]
Dollars = Annotated[float, Meta(ge=0, le=100_000_000)]
Seconds = Annotated[float, Meta(gt=0, le=604_800)]
Hours = Annotated[float, Meta(ge=0, le=87_600)]
Share = Annotated[float, Meta(gt=0, le=1)]
Probability = Annotated[float, Meta(gt=0, lt=1)]


class ClockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A faster clock, shared with a local exchange. Refused against any other."""

    anchor_ns: Annotated[int, Meta(ge=0)]
    """Wall-clock instant of the machine at which the clock showed ``epoch_ns``."""
    epoch_ns: Annotated[int, Meta(ge=0)]
    rate: Annotated[float, Meta(gt=0, le=10_000)]


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The exchange and how it is spoken to."""

    base_url: Text
    """The REST root, ending in ``/partner`` at ProphetX."""
    ws_url: str | None = None
    """None: from GET websocket/connection-config."""
    transport: Literal["aiohttp"] = "aiohttp"
    """What carries the websocket."""
    requests_per_second: Annotated[int, Meta(ge=2, le=50)] = 40
    cancel_reserve: Annotated[int, Meta(ge=1, le=49)] = 8
    """Of these, kept for cancels."""
    account: Literal["exclusive", "shared"] = "exclusive"
    """``exclusive``: every wager on the account is ours to cancel. ``shared``: others are counted but left alone."""
    funds: Literal["at_match", "at_placement"] = "at_match"
    """``at_match`` or ``at_placement``: when the exchange takes money."""
    commission: Annotated[float, Meta(ge=0, lt=1)] = 0.02
    """Of a market's net gain."""
    min_stake: Annotated[float, Meta(gt=0)] = 1.0
    change_timeout_s: Seconds = 5.0
    """For a request that changes something."""
    read_timeout_s: Seconds = 10.0
    login_cooldown_s: Seconds = 60.0
    clock: ClockConfig | None = None


class MatchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which markets a rule is for; an empty list or a missing key matches all."""

    tournament: tuple[int, ...] = ()
    event: tuple[int, ...] = ()
    type: tuple[Text, ...] = ()
    sub_type: tuple[Text, ...] = ()
    category_name: tuple[Text, ...] = ()
    hours_to_start: tuple[Hours, Hours] | None = None
    """From and to, both included. A market whose event has no known start matches no window."""


class RuleLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of a rule, tighter than the general ones; dollars."""

    line: Dollars | None = None
    market: Dollars | None = None
    event: Dollars | None = None
    stake: Dollars | None = None


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quoting rule. The first whose ``match`` fits a market decides."""

    match: MatchConfig = MatchConfig()
    strategy: Text
    """``module:Class``."""
    params: dict[str, Any] = {}
    limits: RuleLimits = RuleLimits()


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules of money. Dollars; ``soft`` and ``hedge`` are shares of each limit."""

    line: Dollars = 500.0
    market: Dollars = 500.0
    event: Dollars = 1000.0
    tournament: Dollars = 3000.0
    account: Dollars = 5000.0
    soft: Share = 0.4
    hedge: Share = 0.7
    hedge_cost: Annotated[float, Meta(ge=0, lt=1)] = 0.05
    """A hedge pays at most this much probability above the fair price."""
    daily_loss: Dollars = 500.0
    stake: Dollars = 250.0
    """Of one wager, at most."""
    open_wagers: Annotated[int, Meta(ge=1)] = 500
    funds_multiple: Annotated[float, Meta(gt=0, le=10)] = 8.0
    """Unmatched stakes may reach this many times the balance."""


class GuardsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When not to quote."""

    stop_before_start_s: Annotated[float, Meta(ge=0)] = 120.0
    book_age_s: Seconds = 1200.0
    """Neither a message nor an agreeing read of a book for this long: it is stale."""
    price_age_s: Seconds = 300.0
    """A user's own price older than this is not used."""
    hold_s: Annotated[float, Meta(ge=0)] = 5.0
    """After start or a reconnect, before quoting."""
    flap_hold_s: Annotated[float, Meta(ge=0)] = 60.0
    """The same when the feed was lost more than three times in ten minutes."""
    feed_silence_s: Seconds = 30.0
    """No health_check for this long: the feed is lost."""
    activation_s: Seconds = 10.0
    """An accepted wager without its private message for this long is looked up."""
    awaiting_activation: Annotated[int, Meta(ge=1)] = 60
    """More placements than this awaiting activation: no further ones."""
    print_match_s: Seconds = 2.0
    """A print at our price without a private match for this long: the wager is looked up."""
    matches_a_minute: Annotated[int, Meta(ge=1)] = 60
    """More matches than this in a minute: quoting pauses for a minute."""
    min_balance: Dollars = 10.0
    off_fair: Probability = 0.10
    """A quote implying this much more probability than the fair price is a mistake and is not placed."""
    max_gap: Probability = 0.20
    """A book whose two best prices are further apart gives no fair value."""
    reconcile_s: Seconds = 900.0
    """Books are compared with REST this often."""


class PricesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's own fair probabilities: a watched file, and POST /prices on the telemetry port."""

    file: Text | None = None
    poll_s: Seconds = 1.0
    http: bool = False


class StopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon ends."""

    deadline_s: Seconds = 30.0
    """Stop waits this long for the proof of being flat."""


class TelemetryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs and the HTTP door."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 9464
    """0: any free port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"
    """``json``, ``text``, or ``auto``: text on a terminal."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    environment: Literal["local", "sandbox", "production"]
    """Which exchange the base URL has to be of; ``local`` is one on this machine."""
    exchange: ExchangeConfig
    quoting: tuple[RuleConfig, ...] = ()
    limits: LimitsConfig = LimitsConfig()
    guards: GuardsConfig = GuardsConfig()
    prices: PricesConfig = PricesConfig()
    stop: StopConfig = StopConfig()
    state_dir: Text = "var"
    telemetry: TelemetryConfig = TelemetryConfig()
