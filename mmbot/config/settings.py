"""Everything that can be set, as frozen Structs; reading and judging a file is left to the modules beside this one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

# ``unit`` is for the schema and the documentation; the checks know nothing of it.
Text = Annotated[str, Meta(min_length=1)]
Dollars = Annotated[float, Meta(ge=0, le=100_000_000, extra={"unit": "dollars"})]
Seconds = Annotated[float, Meta(gt=0, le=604_800, extra={"unit": "seconds"})]
Pause = Annotated[float, Meta(ge=0, extra={"unit": "seconds"})]
Hours = Annotated[float, Meta(ge=0, le=87_600, extra={"unit": "hours"})]
Share = Annotated[float, Meta(gt=0, le=1, extra={"unit": "share"})]
Rate = Annotated[float, Meta(ge=0, lt=1, extra={"unit": "share"})]
Probability = Annotated[float, Meta(gt=0, lt=1, extra={"unit": "probability"})]


class ClockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A faster clock, shared with a local exchange. Refused against any other."""

    anchor_ns: Annotated[int, Meta(ge=0, extra={"unit": "nanoseconds since 1970"})]
    """Wall-clock instant of the machine at which the clock showed ``epoch_ns``."""
    epoch_ns: Annotated[int, Meta(ge=0, extra={"unit": "nanoseconds since 1970"})]
    """What the clock showed then."""
    rate: Annotated[float, Meta(gt=0, le=10_000)]
    """Seconds of the clock that pass in a second of the machine."""


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The exchange and how it is spoken to."""

    base_url: Text
    """The REST root, ending in ``/partner`` at ProphetX."""
    ws_url: str | None = None
    """Where the feed is, scheme, host and port. ``null``: as the exchange says (``websocket/connection-config``)."""
    dialect: Literal["legacy"] = "legacy"
    """The names and forms that the exchange is spoken to in. ``legacy``: wager, odds, stake, line."""
    transport: Literal["aiohttp", "pysher"] = "aiohttp"
    """What carries the feed's websocket: our own client over ``aiohttp``, or ``pysher``, the library of the exchange's
    examples, with a thread that reads and one that writes. Both behave alike."""
    requests_per_second: Annotated[int, Meta(ge=2, le=48, extra={"unit": "requests a second"})] = 40
    """The most that the engine sends in any second. What the session and the connections need, and further pages of
    matches, come on top and are rare. The exchange's ceiling is 50 for the account, all programs together."""
    cancel_reserve: Annotated[int, Meta(ge=1, le=47, extra={"unit": "requests a second"})] = 8
    """Of these, kept for cancels."""
    account: Literal["exclusive", "shared"] = "exclusive"
    """``exclusive``: every wager on the account is ours to cancel. ``shared``: others are counted but left alone."""
    funds: Literal["at_match", "at_placement"] = "at_match"
    """When the exchange takes a stake from the balance."""
    commission: Rate = 0.02
    """What the exchange keeps of a market's net gain."""
    min_stake: Annotated[float, Meta(gt=0, extra={"unit": "dollars"})] = 1.0
    """The smallest stake that the exchange takes."""
    change_timeout_s: Seconds = 5.0
    """How long a request that places or cancels is waited for; then its outcome is unknown and looked up."""
    read_timeout_s: Seconds = 10.0
    """How long a read is waited for; then it is asked again."""
    login_cooldown_s: Seconds = 60.0
    """Between two log-ins at least, restarts included: a key pair may hold 20 sessions. ``mmbot kill`` passes over it
    once."""
    clock: ClockConfig | None = None
    """A faster clock, of a local exchange that runs with ``--speed``. ``null``: the machine's own."""


class MatchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which markets a rule is for; an empty list or a missing key matches all."""

    tournament: tuple[int, ...] = ()
    """The exchange's ids of tournaments."""
    event: tuple[int, ...] = ()
    """The exchange's ids of events."""
    type: tuple[Text, ...] = ()
    """Types of markets, like ``moneyline``. First halves, quarters and many props share that type with the game."""
    sub_type: tuple[Text, ...] = ()
    """Sub-types of markets: these tell the game from its parts."""
    category_name: tuple[Text, ...] = ()
    """Categories of markets as the exchange shows them, like ``Game Lines``."""
    hours_to_start: tuple[Hours, Hours] | None = None
    """From and to, both included. A market whose event has no known start matches no window."""


class RuleLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of a rule, tighter than the general ones; dollars."""

    line: Dollars | None = None
    """Of each line; ``null`` leaves it at ``limits.line``."""
    market: Dollars | None = None
    """Of each market; ``null`` leaves it at ``limits.market``."""
    event: Dollars | None = None
    """Of each event; ``null`` leaves it at ``limits.event``."""
    stake: Dollars | None = None
    """Of one wager; ``null`` leaves it at ``limits.stake``."""


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quoting rule. The first whose ``match`` fits a market decides."""

    match: MatchConfig = MatchConfig()
    """Which markets the rule is for."""
    strategy: Text
    """``module:Class``, installed or in the working folder."""
    params: dict[str, Any] = {}
    """The strategy's own settings."""
    limits: RuleLimits = RuleLimits()
    """Tighter limits for what the rule matches."""


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules of money. Dollars; ``soft`` and ``hedge`` are shares of each limit."""

    line: Dollars = 500.0
    """The worst case of a line: what is matched and what could still match, over its outcomes. Never passed."""
    market: Dollars = 500.0
    """The same for a market: the sum over its lines."""
    event: Dollars = 1000.0
    """The same for an event."""
    tournament: Dollars = 3000.0
    """The same for a tournament."""
    account: Dollars = 5000.0
    """The same for everything."""
    soft: Share = 0.4
    """Of each limit: with so much matched, only what reduces is quoted."""
    hedge: Share = 0.7
    """Of each limit: with so much matched, the excess over ``soft`` is hedged away."""
    hedge_cost: Annotated[float, Meta(ge=0, lt=1, extra={"unit": "probability"})] = 0.05
    """A hedge pays at most this much above the fair price."""
    daily_loss: Dollars = 500.0
    """Realised and marked, since midnight UTC; from here on nothing is quoted that day."""
    stake: Dollars = 250.0
    """Of one wager, at most."""
    open_wagers: Annotated[int, Meta(ge=1, extra={"unit": "wagers"})] = 500
    """That could still match, at most."""
    funds_multiple: Annotated[float, Meta(gt=0, le=10, extra={"unit": "times the balance"})] = 8.0
    """What stakes that could still match may sum to."""


class GuardsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When not to quote."""

    stop_before_start_s: Pause = 120.0
    """Nothing rests so shortly before an event is due to start."""
    book_age_s: Seconds = 1200.0
    """Neither a message nor an agreeing read of a book for this long: it is stale."""
    price_age_s: Seconds = 300.0
    """A user's own price older than this is not used."""
    hold_s: Pause = 5.0
    """After start or a reconnect, before quoting."""
    flap_hold_s: Pause = 60.0
    """The same when the feed was lost more than three times in ten minutes."""
    feed_silence_s: Seconds = 30.0
    """No ``health_check`` for this long: the feed is lost. The exchange sends one every five seconds."""
    activation_s: Seconds = 10.0
    """An accepted wager without its private message for this long is looked up."""
    awaiting_activation: Annotated[int, Meta(ge=1, extra={"unit": "placements"})] = 60
    """As many as this sent and not yet known to be live: nothing further is placed."""
    print_match_s: Seconds = 2.0
    """A print at our price without a private match for this long: the wager is looked up."""
    matches_a_minute: Annotated[int, Meta(ge=1, extra={"unit": "matches"})] = 60
    """More matches than this in a minute: nothing is quoted until a minute has passed without one."""
    min_balance: Dollars = 10.0
    """With less on the account nothing is quoted."""
    off_fair: Probability = 0.10
    """A quote implying this much more probability than the fair price is a mistake and is not placed."""
    max_bid_ask_spread: Probability = 0.20
    """The bot takes no fair value from a book whose bid-ask spread is wider."""
    reconcile_s: Seconds = 900.0
    """Books are compared with REST this often."""


class PricesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's own fair probabilities: a watched file, and POST /prices on the telemetry port."""

    file: Text | None = None
    """Watched for prices; a relative path is counted from the folder of the settings. ``null``: no file."""
    poll_s: Seconds = 1.0
    """How often it is looked at."""
    http: bool = False
    """Whether ``POST /prices`` is open, to this machine alone."""


class StopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon ends."""

    deadline_s: Seconds = 30.0
    """A stop waits this long for the proof that nothing of ours rests."""


class TelemetryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs and the HTTP door."""

    host: Text = "127.0.0.1"
    """Where the HTTP door listens. What changes something is taken from this machine alone, whatever stands here."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 9464
    """0: any free port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is less important is not logged."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """``json``, ``text``, or ``auto``: text on a terminal."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    environment: Literal["local", "sandbox", "production"]
    """Which exchange the base URL has to be of; ``local`` is one on this machine."""
    exchange: ExchangeConfig
    """The exchange and how it is spoken to."""
    quoting: tuple[RuleConfig, ...] = ()
    """Rules; the first that matches a market decides, and a market that none matches is left alone."""
    limits: LimitsConfig = LimitsConfig()
    """What may be lost."""
    guards: GuardsConfig = GuardsConfig()
    """When not to quote."""
    prices: PricesConfig = PricesConfig()
    """Where the user's own prices come from."""
    stop: StopConfig = StopConfig()
    """How the daemon ends."""
    state_dir: Text = "var"
    """The journal, the kill latch, the lock and the refresh token; one for each account. A relative path is counted
    from the folder of the settings."""
    telemetry: TelemetryConfig = TelemetryConfig()
    """Logs and the HTTP door."""
