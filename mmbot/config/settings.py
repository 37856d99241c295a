"""All settings, as frozen Structs. The other modules of this package read and check a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mmbot.domain.bounds import LATEST

# ``unit`` is for the schema and the documentation only; the checks do not use it.
Text = Annotated[str, Meta(min_length=1)]
Dollars = Annotated[float, Meta(ge=0, le=100_000_000, extra={"unit": "dollars"})]
Seconds = Annotated[float, Meta(gt=0, le=604_800, extra={"unit": "seconds"})]
Pause = Annotated[float, Meta(ge=0, le=604_800, extra={"unit": "seconds"})]
Hours = Annotated[float, Meta(ge=0, le=87_600, extra={"unit": "hours"})]
Share = Annotated[float, Meta(gt=0, le=1, extra={"unit": "share"})]
Rate = Annotated[float, Meta(ge=0, lt=1, extra={"unit": "share"})]
Probability = Annotated[float, Meta(gt=0, lt=1, extra={"unit": "probability"})]


class ClockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A faster clock that the daemon shares with a local exchange. Rejected for any other exchange."""

    anchor_ns: Annotated[int, Meta(ge=0, le=LATEST, extra={"unit": "nanoseconds since 1970"})]
    """Time of the machine at which the clock shows ``epoch_ns``."""
    epoch_ns: Annotated[int, Meta(ge=0, le=LATEST, extra={"unit": "nanoseconds since 1970"})]
    """Time that the clock shows at ``anchor_ns``."""
    rate: Annotated[float, Meta(gt=0, le=10_000)]
    """Seconds of the clock for each second of the machine."""


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The exchange and the connection to it."""

    base_url: Text
    """The REST root, ending in ``/partner`` at ProphetX."""
    ws_url: str | None = None
    """Scheme, host and port of the feed. If it is ``null``, the bot asks the exchange
    (``websocket/connection-config``)."""
    dialect: Literal["legacy"] = "legacy"
    """Dialect of the exchange's interface. ``legacy`` uses the names wager, odds, stake and line."""
    transport: Literal["aiohttp", "pysher"] = "aiohttp"
    """Library for the feed's websocket: ``aiohttp`` or ``pysher``. The exchange's examples use ``pysher``, which needs
    two threads. The bot behaves the same with both."""
    requests_per_second: Annotated[int, Meta(ge=2, le=45, extra={"unit": "requests a second"})] = 40
    """Largest number of requests that the engine sends in any second. Log-ins, connections and further pages of matches
    are not included, but are rare. The exchange allows 50 a second for the account, for all programs together; 5
    of them are left for ``mmbot watchdog``."""
    cancel_reserve: Annotated[int, Meta(ge=1, le=44, extra={"unit": "requests a second"})] = 8
    """Part of ``requests_per_second`` that is reserved for cancels."""
    account: Literal["exclusive", "shared"] = "exclusive"
    """``exclusive``: the bot may cancel every wager on the account. ``shared``: the bot counts wagers that are not its
    own, but leaves them alone."""
    funds: Literal["at_match", "at_placement"] = "at_match"
    """When the exchange takes the stake from the balance."""
    commission: Rate = 0.02
    """Share of a market's net gain that the exchange keeps."""
    min_stake: Annotated[float, Meta(gt=0, le=100_000_000, extra={"unit": "dollars"})] = 1.0
    """Smallest stake that the exchange accepts."""
    change_timeout_s: Seconds = 5.0
    """Time limit of a request that places or cancels. If no answer comes in this time, the outcome is unknown, and the
    bot looks the wager up."""
    read_timeout_s: Seconds = 10.0
    """Time limit of a read. If no answer comes in this time, the bot repeats the read."""
    login_cooldown_s: Seconds = 60.0
    """Shortest time between two log-ins, also across restarts, since a key pair can have only 20 sessions. ``mmbot
    kill`` may ignore it once."""
    clock: ClockConfig | None = None
    """Clock of a local exchange that runs with ``--speed``. If it is ``null``, the bot uses the clock of the machine.
    """


class MatchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The markets that a rule is for. An empty list or a missing key matches all markets."""

    tournament: tuple[int, ...] = ()
    """Tournament ids of the exchange."""
    event: tuple[int, ...] = ()
    """Sport event ids of the exchange."""
    type: tuple[Text, ...] = ()
    """Market types, like ``moneyline``. First halves, quarters and many props are of type ``moneyline``, too."""
    sub_type: tuple[Text, ...] = ()
    """Market sub-types. They distinguish the whole game from its parts."""
    category_name: tuple[Text, ...] = ()
    """Market categories as the exchange shows them, like ``Game Lines``."""
    hours_to_start: tuple[Hours, Hours] | None = None
    """Hours until the start of the sport event: from and to, both included. With this setting, a market whose sport
    event has no known start never matches."""


class RuleLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one rule in dollars. They can only be tighter than the general limits."""

    line: Dollars | None = None
    """Limit of each line in these markets. If it is ``null``, ``limits.line`` applies."""
    market: Dollars | None = None
    """Limit of each of these markets. If it is ``null``, ``limits.market`` applies."""
    event: Dollars | None = None
    """Limit of each sport event with such a market. If it is ``null``, ``limits.event`` applies."""
    stake: Dollars | None = None
    """Limit of the stake of one wager in these markets. If it is ``null``, ``limits.stake`` applies."""


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quoting rule. The first rule whose ``match`` fits a market applies."""

    match: MatchConfig = MatchConfig()
    """The markets that the rule is for."""
    strategy: Text
    """The strategy, as ``module:Class``. The module is installed or lies in the working directory."""
    params: dict[str, Any] = {}
    """The strategy's own settings."""
    limits: RuleLimits = RuleLimits()
    """Tighter limits for the markets of this rule."""


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits on money, in dollars. ``soft`` and ``hedge`` are shares of each limit."""

    line: Dollars = 500.0
    """Largest worst-case loss of a line, from matched wagers and from open wagers that could still match. The bot
    places no wager that would exceed it."""
    market: Dollars = 500.0
    """Largest worst-case loss of a market: the sum over its lines."""
    event: Dollars = 1000.0
    """Largest worst-case loss of a sport event."""
    tournament: Dollars = 3000.0
    """Largest worst-case loss of a tournament."""
    account: Dollars = 5000.0
    """Largest worst-case loss of the whole account."""
    soft: Share = 0.4
    """Share of a limit. Once matched wagers risk this much, the bot quotes only the side that reduces the risk."""
    hedge: Share = 0.7
    """Share of a limit. Once matched wagers risk this much, the bot hedges the excess over ``soft``."""
    hedge_cost: Annotated[float, Meta(ge=0, lt=1, extra={"unit": "probability"})] = 0.05
    """How far the price of a hedge may be above the fair price."""
    daily_loss: Dollars = 500.0
    """Largest realised and marked loss since midnight UTC. Once the loss reaches it, the bot quotes nothing for the
    rest of the day."""
    stake: Dollars = 250.0
    """Largest stake of one wager."""
    open_wagers: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "wagers"})] = 500
    """Largest number of wagers that could still match at the same time."""
    funds_multiple: Annotated[float, Meta(gt=0, le=10, extra={"unit": "times the balance"})] = 8.0
    """Largest sum of the stakes that could still match, as a multiple of the balance."""


class GuardsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The conditions under which the bot does not quote."""

    stop_before_start_s: Pause = 120.0
    """The bot cancels its quotes this long before a sport event is due to start."""
    book_age_s: Seconds = 1200.0
    """A book is stale if for this long no message about it came, and no REST read agreed with it."""
    price_age_s: Seconds = 300.0
    """The bot ignores a price of your own that is older than this."""
    hold_s: Pause = 5.0
    """Time to wait after a start or a reconnect before the bot quotes."""
    flap_hold_s: Pause = 60.0
    """Time to wait instead of ``hold_s`` if the feed was lost more than three times in ten minutes."""
    feed_silence_s: Seconds = 30.0
    """The feed is lost if no ``health_check`` came for this long. The exchange sends one every five seconds."""
    activation_s: Seconds = 10.0
    """The bot looks up an accepted wager if no private message reports it as live within this time."""
    awaiting_activation: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "placements"})] = 60
    """The bot places nothing more while this many placements are not yet known to be live."""
    print_match_s: Seconds = 2.0
    """After a trade at the price of our wager, the bot looks the wager up if no match was reported within this time."""
    matches_a_minute: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "matches"})] = 60
    """After more matches than this in a minute, the bot quotes nothing until a minute passes without a match."""
    min_balance: Dollars = 10.0
    """The bot quotes nothing while the balance is below this."""
    off_fair: Probability = 0.10
    """The bot does not place a quote whose price is this far above the fair price, because it must be a mistake."""
    max_bid_ask_spread: Probability = 0.20
    """The bot takes no fair value from a book whose bid-ask spread is wider."""
    reconcile_s: Seconds = 900.0
    """Interval at which the bot compares its books with those that the exchange returns over REST."""


class AuditConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the bot compares its records with the exchange's while it quotes."""

    wagers_s: Seconds = 60.0
    """Interval at which the bot compares its open wagers with the exchange's history."""
    money_s: Seconds = 300.0
    """Interval at which the bot compares matches and results with the history, and reads transactions."""
    grace_s: Seconds = 10.0
    """A difference counts only if it lasts longer than this. Private messages may take this long."""


class PricesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own fair probabilities, from a watched file or from POST /prices on the telemetry port."""

    file: Text | None = None
    """File with prices that the bot watches. A relative path starts at the folder of the settings file. ``null``: no
    file."""
    poll_s: Seconds = 1.0
    """Interval at which the bot checks the file for a change."""
    http: bool = False
    """``true`` accepts ``POST /prices`` from this machine."""


class JournalConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The journal in the state directory: what a restart and ``mmbot statement`` need."""

    keep_days: Annotated[int, Meta(ge=30, le=36_500, extra={"unit": "days"})] = 400
    """How long the journal keeps wagers that ended, their matches, results and decisions, and transactions."""
    min_free_mb: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "megabytes"})] = 100
    """Free space on the journal's disk below which the bot quotes nothing."""


class StopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon stops."""

    deadline_s: Seconds = 30.0
    """Longest time that a stop waits for the proof that no wager is open."""


class WatchdogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a daemon or a strategy that stands still is cancelled for. Both times are seconds of the machine."""

    silence_s: Annotated[float, Meta(ge=2, le=3600, extra={"unit": "seconds"})] = 5.0
    """``mmbot watchdog`` cancels everything when the event loop of the daemon has not run for this long. A daemon that
    was stopped for this long sends nothing more before it has cancelled everything itself."""
    strategy_s: Annotated[float, Meta(ge=0.1, le=3600, extra={"unit": "seconds"})] = 1.0
    """A thread of the daemon cancels the wagers of a sport event whose strategy has not returned for this long."""


class TelemetryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs and the daemon's HTTP server."""

    host: Text = "127.0.0.1"
    """Address on which the HTTP server listens. Requests that change something are accepted from this machine only."""
    hosts: tuple[Text, ...] = ("mmbot", "exchange")
    """Host names under which the HTTP server answers, besides ``localhost``, IP addresses and ``host``. The default has
    the names by which Prometheus finds the daemons of docker-compose.yml. A request for another name gets 403: a web
    page could have sent it."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 9464
    """Port of the HTTP server; 0: any free port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """``json``, ``text``, or ``auto``: text on a terminal, otherwise JSON."""
    last_scrape_s: Annotated[float, Meta(ge=0, le=300)] = 30.0
    """After a stop that was asked for and is proved clear, the longest time to wait for one more scrape by Prometheus,
    in real seconds. This scrape shows Prometheus that the stop was planned. The bot waits only if Prometheus has
    scraped it before. 0: never wait."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of mmbot."""

    environment: Literal["local", "sandbox", "production"]
    """The exchange that ``base_url`` must belong to. ``local`` is an exchange on this machine."""
    exchange: ExchangeConfig
    """The exchange and the connection to it."""
    quoting: tuple[RuleConfig, ...] = ()
    """Quoting rules. The first rule that matches a market applies. The bot does not quote a market without a rule."""
    limits: LimitsConfig = LimitsConfig()
    """Limits on money."""
    guards: GuardsConfig = GuardsConfig()
    """The conditions under which the bot does not quote."""
    audit: AuditConfig = AuditConfig()
    """How often the bot compares its records with the exchange's."""
    prices: PricesConfig = PricesConfig()
    """Source of your own prices."""
    journal: JournalConfig = JournalConfig()
    """The journal in the state directory."""
    stop: StopConfig = StopConfig()
    """How the daemon stops."""
    watchdog: WatchdogConfig = WatchdogConfig()
    """When a daemon or a strategy that stands still is cancelled for."""
    state_dir: Text = "var"
    """Directory of the journal, the kill switch, the lock and the refresh token; one for each account. A relative path
    starts at the folder of the settings file."""
    telemetry: TelemetryConfig = TelemetryConfig()
    """Logs and the daemon's HTTP server."""
