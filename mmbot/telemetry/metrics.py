"""Metrics for Prometheus. What the engine knows is read from it at the scrape; only what passes by is counted live.

No label grows with wagers, lines or events: labels are kinds, scopes, guards, endpoints, outcomes and causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mmbot import __version__
from mmbot.domain.instant import Duration, in_seconds
from mmbot.engine.requests import Alert
from mmbot.engine.status import Status

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

WIRE_BUCKETS: Final = (25e-6, 50e-6, 75e-6, 100e-6, 150e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 0.25, 1.0)
"""Seconds; around the budgets of 150 µs, 1 ms and 5 ms."""

REQUEST_BUCKETS: Final = (5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CLEAR_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

SCOPES: Final = ("line", "market", "event", "tournament", "account")


class Metrics:
    """All metrics of one daemon, in a registry of their own.

    Args:
        guards: names of all guards, so that one that does not hold reads 0 instead of being absent.
    """

    def __init__(self, guards: Sequence[str] = ()) -> None:
        # A series beside each counter, saying when it began, would be noise.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry: Final = CollectorRegistry(auto_describe=False)
        self._guards: Final = tuple(guards)
        self._status: Callable[[], Status] | None = None
        self._quoted_lines: Callable[[], int] = lambda: 0
        self._backlog: Callable[[], int] = lambda: 0
        self._dropped: Callable[[], int] = lambda: 0
        self._differences: Callable[[], Mapping[str, int]] = dict
        self._taken_or_pulled: Callable[[], Mapping[str, int]] = dict
        build = Gauge("mmbot_build_info", "The running version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._requests = Counter(
            "mmbot_requests", "Requests to the exchange.", ["endpoint", "outcome"], registry=self.registry
        )
        self._request_seconds = Histogram(
            "mmbot_request_seconds",
            "From sending a request to its answer.",
            ["endpoint"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._tick_to_wire = Histogram(
            "mmbot_tick_to_wire_seconds",
            "From a book message to the placement that it led to being handed to the client. Placements that wait "
            "for the rate limit are not in it.",
            buckets=WIRE_BUCKETS,
            registry=self.registry,
        )
        self._match_to_wire = Histogram(
            "mmbot_match_to_wire_seconds",
            "From a private match to the placement or cancel that it led to being handed to the client.",
            buckets=WIRE_BUCKETS,
            registry=self.registry,
        )
        self._clear = Histogram(
            "mmbot_clear_seconds",
            "From the cause to the proof of being clear, by the bot's clock.",
            ["cause"],
            buckets=CLEAR_BUCKETS,
            registry=self.registry,
        )
        self._undecodable = Counter(
            "mmbot_undecodable_frames",
            "Frames of the feed that could not be decoded.",
            ["kind"],
            registry=self.registry,
        )
        self._spoilt = Counter(
            "mmbot_spoilt_items", "Items of answers that could not be read.", ["endpoint"], registry=self.registry
        )
        self._alerts = Counter("mmbot_alerts", "Alerts of the engine.", ["level"], registry=self.registry)
        self._losses = Counter("mmbot_feed_losses", "Times the feed was lost.", registry=self.registry)
        self._died = Counter("mmbot_parts_died", "Parts of the daemon that died.", registry=self.registry)
        self.registry.register(_FromStatus(self))

    def observe(
        self,
        status: Callable[[], Status],
        *,
        quoted_lines: Callable[[], int] = lambda: 0,
        backlog: Callable[[], int] = lambda: 0,
        dropped: Callable[[], int] = lambda: 0,
        differences: Callable[[], Mapping[str, int]] = dict,
        taken_or_pulled: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """Say where to read at a scrape: the engine's status, which needs no events here, the lines with own wagers,
        the journal's backlog, the count of dropped log lines, the engine's repaired book differences by kind, and cents
        of takers' stakes that left the books by kind."""
        self._status, self._quoted_lines = status, quoted_lines
        self._backlog, self._dropped = backlog, dropped
        self._differences, self._taken_or_pulled = differences, taken_or_pulled

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)

    def request(self, endpoint: str, outcome: str, took: Duration) -> None:
        """A request to the exchange has ended, after ``took`` nanoseconds."""
        self._requests.labels(endpoint, outcome).inc()
        self._request_seconds.labels(endpoint).observe(in_seconds(took))

    def tick_to_wire(self, took: Duration) -> None:
        """A book message led to a placement after ``took`` of the machine's nanoseconds."""
        self._tick_to_wire.observe(in_seconds(took))

    def match_to_wire(self, took: Duration) -> None:
        """A match led to a placement or cancel after ``took`` of the machine's nanoseconds."""
        self._match_to_wire.observe(in_seconds(took))

    def undecodable(self, kind: str) -> None:
        """A frame could not be decoded."""
        self._undecodable.labels(kind).inc()

    def spoilt(self, endpoint: str) -> None:
        """An item of an answer could not be read."""
        self._spoilt.labels(endpoint).inc()

    def feed_lost(self) -> None:
        """The feed was lost."""
        self._losses.inc()

    def part_died(self) -> None:
        """A part of the daemon died."""
        self._died.inc()

    def alert(self, alert: Alert) -> None:
        """Count an alert; that of being clear brings how long it took."""
        self._alerts.labels(alert.level.value).inc()
        match alert.name, alert.fields:
            case "life.clear", {"cause": str(cause), "seconds": float() | int() as took}:
                self._clear.labels(cause).observe(float(took))
            case _:
                pass


class _FromStatus(Collector):
    """Reads the engine's status when somebody scrapes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield _gauge("mmbot_journal_backlog", "Records that wait to be written to the journal.", metrics._backlog())
        yield _count("mmbot_log_lines_dropped", "Log lines that nobody read in time.", metrics._dropped())
        differences = CounterMetricFamily(
            "mmbot_book_differences", "Levels in which a book differed from REST, repaired.", labels=["kind"]
        )
        for kind, levels in metrics._differences().items():
            differences.add_metric([kind], levels)
        yield differences
        drops = CounterMetricFamily(
            "mmbot_book_drops_dollars", "What takers could stake and now cannot: taken, or pulled.", labels=["kind"]
        )
        for kind, cents in metrics._taken_or_pulled().items():
            drops.add_metric([kind], cents / 100)
        yield drops
        if metrics._status is not None:
            quoted = metrics._quoted_lines()
            yield _gauge("mmbot_quoted_lines", "Lines with at least one own wager.", quoted)
            yield from families(metrics._status(), metrics._guards)


def families(status: Status, guards: Sequence[str] = ()) -> Iterator[Metric]:
    """The metrics that a status stands for. It needs no events."""
    counts, profit = status.counts, status.profit
    yield _gauge("mmbot_quoting", "1 while the bot is allowed to quote.", status.quoting)
    yield _gauge("mmbot_feed_up", "1 while the feed is up.", status.feed_up)
    if status.feed_age_s is not None:
        yield _gauge("mmbot_feed_age_seconds", "Since the feed's last message.", status.feed_age_s)
    yield _gauge("mmbot_kill_latched", "1 while the kill latch is set.", status.latched is not None)
    yield _gauge("mmbot_clear", "1 while nothing of ours is proved to rest at the exchange.", status.clear)
    yield _gauge("mmbot_open_wagers", "Own wagers that could still match.", counts.open_wagers)
    yield _gauge("mmbot_unknown_wagers", "Placements whose outcome is unknown.", counts.unknown_wagers)
    if status.balance is not None:
        yield _gauge("mmbot_balance_dollars", "The account's balance as last read.", status.balance / 100)
    yield _count("mmbot_matches", "Matches of own wagers.", counts.matches)
    yield _count("mmbot_matched_stake_dollars", "Own stake that was matched.", counts.matched_stake / 100)
    yield _count("mmbot_wagers_placed", "Wagers sent.", counts.placed)
    yield _count("mmbot_wagers_cancelled", "Wagers cancelled.", counts.cancelled)
    yield _count("mmbot_hedges", "Hedges sent.", counts.hedges)
    worst = GaugeMetricFamily(
        "mmbot_worst_case_dollars", "Worst case; below the account, of the fullest scope of its kind.", labels=["scope"]
    )
    matched = GaugeMetricFamily("mmbot_matched_worst_case_dollars", "The part of it that is matched.", labels=["scope"])
    limit = GaugeMetricFamily("mmbot_limit_dollars", "The limit of that scope.", labels=["scope"])
    for scope in status.scopes:
        worst.add_metric([scope.scope], scope.worst_case / 100)
        matched.add_metric([scope.scope], scope.matched / 100)
        limit.add_metric([scope.scope], scope.limit / 100)
    yield from (worst, matched, limit)
    kinds = GaugeMetricFamily(
        "mmbot_profit_dollars", "Profit of this run by kind; today is kept over runs.", labels=["kind"]
    )
    kinds.add_metric(["realised"], profit.realised / 100)
    kinds.add_metric(["commission"], profit.commission / 100)
    kinds.add_metric(["marked"], profit.marked / 100)
    kinds.add_metric(["today"], profit.today / 100)
    yield kinds
    active = GaugeMetricFamily("mmbot_guard_active", "Scopes in which a guard holds.", labels=["guard"])
    held = dict.fromkeys(guards, 0)
    for guard in status.guards:
        held[guard.guard] = held.get(guard.guard, 0) + 1
    for name, scopes in held.items():
        active.add_metric([name], scopes)
    yield active


def names(metrics: Metrics) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Every metric by its exported name with the labels that it shows now."""
    for family in metrics.registry.collect():
        yield family.name, tuple(sorted({label for sample in family.samples for label in sample.labels}))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _count(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=float(value))
