"""All settings, as frozen classes. The other modules of this package read and check a settings file."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from mmbot.domain.bounds import LATEST

MOST_RULES: Final = 500
"""The most quoting rules. Each rule is compared with each earlier one."""

# ``unit`` is for the schema and the documentation only; the checks do not use it.
Text = Annotated[str, Meta(min_length=1)]
Dollars = Annotated[float, Meta(ge=0, le=100_000_000, extra={"unit": "dollars"})]
Seconds = Annotated[float, Meta(gt=0, le=604_800, extra={"unit": "seconds"})]
Pause = Annotated[float, Meta(ge=0, le=604_800, extra={"unit": "seconds"})]
Hours = Annotated[float, Meta(ge=0, le=87_600, extra={"unit": "hours"})]
Share = Annotated[float, Meta(gt=0, le=1, extra={"unit": "share"})]
Rate = Annotated[float, Meta(ge=0, lt=1, extra={"unit": "share"})]
Probability = Annotated[float, Meta(gt=0, lt=1, extra={"unit": "probability"})]


DialectName = Literal["legacy", "v4"]
"""The type of the name of a dialect (version of the exchange's API)."""


class ClockConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A faster clock that the daemon shares with a local exchange. It is rejected if the exchange is not a local
    one."""

    anchor_ns: Annotated[int, Meta(ge=0, le=LATEST, extra={"unit": "nanoseconds since 1970"})]
    """The time of the machine's clock at the moment when the exchange's clock shows ``epoch_ns``."""
    epoch_ns: Annotated[int, Meta(ge=0, le=LATEST, extra={"unit": "nanoseconds since 1970"})]
    """The time of the exchange's clock at the moment when the machine's clock shows ``anchor_ns``."""
    rate: Annotated[float, Meta(gt=0, le=10_000)]
    """The number of seconds that pass on the exchange's clock in one second of the machine's clock."""


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The exchange and the connection to it."""

    base_url: Text
    """The root of the exchange's REST addresses. At ProphetX it ends in ``/partner``."""
    ws_url: str | None = None
    """The scheme, host and port of the feed. If it is ``null``, the bot asks the exchange for the address
    (``websocket/connection-config``)."""
    dialect: DialectName = "legacy"
    """The dialect (version of the exchange's API). ``legacy`` uses the words wager, odds, stake and line. ``v4`` uses
    the words order, price, quantity and strike. With ``v4``, mmbot does not yet subscribe to the books of single sport
    events, so it quotes nothing."""
    transport: Literal["aiohttp", "pysher"] = "aiohttp"
    """The library for the feed's websocket. ``pysher`` is the library of the exchange's examples and needs two threads.
    The bot behaves the same with both libraries."""
    requests_per_second: Annotated[int, Meta(ge=2, le=45, extra={"unit": "requests a second"})] = 40
    """The largest number of requests that the engine sends in any second. Rare requests (log-ins, connections and
    further pages of matches) do not count. The exchange allows 50 requests a second for all programs of the account
    together. 5 of the 50 are left for ``mmbot watchdog``."""
    cancel_reserve: Annotated[int, Meta(ge=1, le=44, extra={"unit": "requests a second"})] = 8
    """The part of ``requests_per_second`` that is reserved for cancels of wagers."""
    account: Literal["exclusive", "shared"] = "exclusive"
    """The kind of use of the account. With ``exclusive``, only the bot uses the account, and may cancel every wager on
    it. With ``shared``, other programs or people use it too. The bot counts the wagers of the other users but does not
    cancel these wagers."""
    funds: Literal["at_match", "at_placement"] = "at_match"
    """The moment at which the exchange takes the stake from the balance: at the match or at the placement of a
    wager."""
    commission: Rate = 0.02
    """The share of a market's net gain that the exchange keeps."""
    min_stake: Annotated[float, Meta(gt=0, le=100_000_000, extra={"unit": "dollars"})] = 1.0
    """The smallest stake that the exchange accepts."""
    change_timeout_s: Seconds = 5.0
    """The time limit of a request that places or cancels wagers. Without an answer in this time, the result of the
    request is unknown. The bot then looks the wager up (reads it by its id)."""
    read_timeout_s: Seconds = 10.0
    """The time limit of a read from the exchange. If no answer comes in this time, the bot repeats the read."""
    login_cooldown_s: Seconds = 60.0
    """The shortest time between two log-ins, including the first log-in after a restart. The reason is that a key pair
    can have only 20 sessions. ``mmbot kill`` may log in sooner, but only once."""
    clock: ClockConfig | None = None
    """The clock of a local exchange that runs with ``--speed``. If it is ``null``, the bot uses the clock of the
    machine."""


class MatchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The markets to which a rule applies. An empty list or a missing key matches all markets."""

    tournament: tuple[int, ...] = ()
    """The ids of the tournaments that the rule applies to. If the list is empty, the tournament does not matter."""
    event: tuple[int, ...] = ()
    """The ids of the sport events that the rule applies to. If the list is empty, the sport event does not matter."""
    type: tuple[Text, ...] = ()
    """The types of markets that the rule applies to, such as ``moneyline``. First halves, quarters and many props also
    have the type ``moneyline``."""
    sub_type: tuple[Text, ...] = ()
    """The sub-types of markets that the rule applies to. They distinguish the whole sport event from its parts."""
    category_name: tuple[Text, ...] = ()
    """The categories of markets that the rule applies to, such as ``Game Lines``, spelt as on the exchange."""
    hours_to_start: tuple[Hours, Hours] | None = None
    """The least and the greatest number of hours that may be left until the start of the sport event. Both numbers are
    included. If the setting is given, a sport event without a known start is never quoted by the rule."""


class RuleLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of one rule in dollars. They can only be tighter than the general limits."""

    line: Dollars | None = None
    """The largest worst-case loss of each line in the markets of the rule. If it is ``null``, ``limits.line``
    applies."""
    market: Dollars | None = None
    """The largest worst-case loss of each market of the rule. If it is ``null``, ``limits.market`` applies."""
    event: Dollars | None = None
    """The largest worst-case loss of each sport event that has a market of the rule. If it is ``null``,
    ``limits.event`` applies."""
    stake: Dollars | None = None
    """The largest stake of one wager in the markets of the rule. If it is ``null``, ``limits.stake`` applies."""


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quoting rule. A market gets the first rule in the list whose ``match`` fits it."""

    match: MatchConfig = MatchConfig()
    """The markets to which the rule applies."""
    strategy: Text
    """The strategy of the rule, written as ``module:Class``. The module must be installed or in the working
    directory."""
    params: dict[str, Any] = {}
    """The strategy's own settings."""
    limits: RuleLimits = RuleLimits()
    """The tighter limits for the markets of the rule."""


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits on money, in dollars. ``soft`` and ``hedge`` are shares of each limit."""

    line: Dollars = 500.0
    """The largest worst-case loss of a line. It includes matched wagers, and open wagers that could still be matched.
    The bot places no wager that would exceed this limit."""
    market: Dollars = 500.0
    """The largest worst-case loss of a market, which is the sum of the losses of its lines."""
    event: Dollars = 1000.0
    """The largest worst-case loss of a sport event."""
    tournament: Dollars = 3000.0
    """The largest worst-case loss of a tournament."""
    account: Dollars = 5000.0
    """The largest worst-case loss of the whole account."""
    soft: Share = 0.4
    """The share of each limit at which the bot begins to quote with care. Once the risk of matched wagers reaches this
    share, the bot quotes only the side that reduces the risk."""
    hedge: Share = 0.7
    """The share of each limit at which the bot begins to hedge. Once the risk of matched wagers reaches this share, the
    bot hedges the part of the risk above ``soft``."""
    hedge_cost: Annotated[float, Meta(ge=0, lt=1, extra={"unit": "probability"})] = 0.05
    """The largest amount by which the price of a hedge may be above the fair price."""
    daily_loss: Dollars = 500.0
    """The largest loss since midnight UTC. It includes settled wagers, and the present value of unsettled wagers. Once
    the loss reaches this limit, the bot quotes nothing for the rest of the day."""
    stake: Dollars = 250.0
    """The largest stake of one wager."""
    open_wagers: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "wagers"})] = 500
    """The largest number of wagers that could still be matched."""
    funds_multiple: Annotated[float, Meta(gt=0, le=10, extra={"unit": "times the balance"})] = 8.0
    """The largest sum of the stakes of all wagers that could still be matched, as a multiple of the balance."""


class GuardsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The conditions under which the bot does not quote."""

    stop_before_start_s: Pause = 120.0
    """The time before the scheduled start of a sport event at which the bot cancels its quotes on the sport event."""
    book_age_s: Seconds = 1200.0
    """The time for which a book stays fresh after a message about it, or after a REST read that agrees with it. An
    older book is stale (too old to quote from)."""
    price_age_s: Seconds = 300.0
    """The greatest age of a price of your own. The bot ignores an older price."""
    hold_s: Pause = 5.0
    """The time that the bot waits after a start or a reconnect before it quotes."""
    flap_hold_s: Pause = 60.0
    """The time that the bot waits instead of ``hold_s`` if the feed was lost more than three times in ten minutes."""
    feed_silence_s: Seconds = 30.0
    """The time without a ``health_check`` after which the feed counts as lost. The exchange sends a ``health_check``
    every five seconds."""
    activation_s: Seconds = 10.0
    """How long the bot waits for the message that says that an accepted wager is open. If no message comes, the bot
    looks the wager up (reads it by its id)."""
    awaiting_activation: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "placements"})] = 60
    """The largest number of accepted wagers that are not yet reported as open. At this number, the bot places no more
    wagers."""
    print_match_s: Seconds = 2.0
    """The time that the bot waits for a report about its wager after a public trade at the wager's price. If no report
    comes, the bot looks the wager up (reads it by its id)."""
    matches_a_minute: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "matches"})] = 60
    """The largest number of matches of the bot's wagers in a minute. If there are more, the bot quotes nothing until a
    minute passes without a match."""
    min_balance: Dollars = 10.0
    """The balance below which the bot quotes nothing."""
    off_fair: Probability = 0.10
    """The largest amount by which the price of a quote may be above the fair price. The bot does not place a quote
    above this bound, because such a price must be a mistake."""
    max_bid_ask_spread: Probability = 0.20
    """The widest bid-ask spread at which the bot takes a fair value from a book."""
    reconcile_s: Seconds = 900.0
    """The time between two comparisons of the bot's books with a REST read of the exchange's books."""


class AuditConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the quoting bot compares its own records with the records of the exchange."""

    wagers_s: Seconds = 60.0
    """The time between two comparisons of the bot's open wagers with the exchange's list of wagers (the history)."""
    money_s: Seconds = 300.0
    """The time between two comparisons of matches and results with the exchange's records. The bot reads the account's
    transactions at the same times."""
    grace_s: Seconds = 10.0
    """The time for which a difference may last before it counts as an error. A shorter difference may come from a late
    message of the exchange."""


class PricesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own fair probabilities. They come from a watched file, or from POST /prices on the telemetry port."""

    file: Text | None = None
    """The file with prices that the bot watches. A relative path starts at the folder of the settings file. If it is
    ``null``, the bot watches no file."""
    poll_s: Seconds = 1.0
    """The time between two checks whether the price file has changed."""
    http: bool = False
    """True if the bot accepts ``POST /prices`` from this machine."""


class JournalConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The journal in the state directory. It keeps the records for a restart and for ``mmbot statement``."""

    keep_days: Annotated[int, Meta(ge=30, le=36_500, extra={"unit": "days"})] = 400
    """The number of days for which the journal keeps wagers that ended, with their matches, results and decisions.
    Transactions are kept for the same time."""
    time_zone: Text = "UTC"
    """The time zone of the days in ``mmbot statement``, such as ``America/New_York``."""
    min_free_mb: Annotated[int, Meta(ge=1, le=1_000_000, extra={"unit": "megabytes"})] = 100
    """The free space on the journal's disk below which the bot quotes nothing."""


class StopConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the daemon stops."""

    deadline_s: Seconds = 30.0
    """The longest time that a stopping daemon waits for the proof that no wager is open."""


class WatchdogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a daemon or a strategy may stand still before wagers are cancelled. Both times are in seconds of the
    machine's clock."""

    silence_s: Annotated[float, Meta(ge=2, le=3600, extra={"unit": "seconds"})] = 5.0
    """The time for which the event loop of the daemon may stand still before ``mmbot watchdog`` cancels everything.
    After a longer standstill, the daemon itself cancels everything before it sends anything else."""
    strategy_s: Annotated[float, Meta(ge=0.1, le=3600, extra={"unit": "seconds"})] = 1.0
    """The time that the strategy of a sport event may take to return. If it takes longer, a thread of the daemon
    cancels the wagers of the sport event."""


class TelemetryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs and the daemon's HTTP server."""

    host: Text = "127.0.0.1"
    """The address on which the daemon's HTTP server listens. Requests that change something are accepted from this
    machine only."""
    hosts: tuple[Text, ...] = ("mmbot", "exchange")
    """The host names under which the HTTP server answers in addition to ``localhost``, IP addresses and ``host``.
    Prometheus uses the default names to reach the containers of docker-compose.yml. A request for another name gets
    403, because a web page could have sent it."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 9464
    """The port of the daemon's HTTP server. If it is 0, the system picks any free port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The lowest level of messages that are logged."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """The format of the log, which is ``json`` or ``text``. With ``auto``, it is text on a terminal and JSON
    otherwise."""
    last_scrape_s: Annotated[float, Meta(ge=0, le=300)] = 30.0
    """The longest wait for one more scrape (a read of the figures by Prometheus), in real seconds. The bot waits after
    a planned stop, once no wager is open. The scrape shows Prometheus that the stop was planned. If Prometheus has
    never scraped the bot, or if this setting is 0, the bot does not wait."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of mmbot."""

    environment: Literal["local", "sandbox", "production"]
    """The environment to which ``base_url`` must belong. ``local`` means an exchange on this machine."""
    exchange: ExchangeConfig
    """The exchange and the connection to it."""
    quoting: Annotated[tuple[RuleConfig, ...], Meta(max_length=MOST_RULES)] = ()
    """The quoting rules. A market gets the first rule in the list that matches the market. A market without a matching
    rule is not quoted."""
    limits: LimitsConfig = LimitsConfig()
    """The limits on money."""
    guards: GuardsConfig = GuardsConfig()
    """The conditions under which the bot does not quote."""
    audit: AuditConfig = AuditConfig()
    """The times at which the quoting bot compares its own records with the records of the exchange."""
    prices: PricesConfig = PricesConfig()
    """The sources of your own prices."""
    journal: JournalConfig = JournalConfig()
    """The settings of the journal in the state directory."""
    stop: StopConfig = StopConfig()
    """The settings for the stop of the daemon."""
    watchdog: WatchdogConfig = WatchdogConfig()
    """The times for which a daemon or a strategy may stand still before wagers are cancelled."""
    state_dir: Text = "var"
    """The directory of the journal, the kill switch, the lock and the refresh token. Each account needs a state
    directory of its own. A relative path starts at the folder of the settings file."""
    telemetry: TelemetryConfig = TelemetryConfig()
    """The settings of the logs and of the daemon's HTTP server."""
