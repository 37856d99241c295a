"""Metrics for Prometheus. The engine's values are read when Prometheus asks. Other events are counted as they happen.

The labels are kinds, scopes, guards (reasons not to quote), endpoints, outcomes and causes. So the number of series
does not grow with the number of wagers, lines or sport events.
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
from mmbot.engine.orders import Alert
from mmbot.engine.status import EngineStatus
from mmbot.telemetry import process

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

WIRE_BUCKETS: Final = (25e-6, 50e-6, 75e-6, 100e-6, 150e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 0.25, 1.0)
"""The upper limits of the buckets for delays, in seconds. Many limits are near 150 µs, 1 ms and 5 ms, which are the
speed budgets."""

REQUEST_BUCKETS: Final = (5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CLEAR_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

SCOPES: Final = ("line", "market", "sport_event", "tournament", "account")


class Metrics:
    """All metrics of one daemon, in their own registry.

    Args:
        guards: the names of all guards (reasons not to quote). A guard that does not apply now is shown with the value
            0.
    """

    def __init__(self, guards: Sequence[str] = ()) -> None:
        # Without this, each counter would come with a second series for its time of creation.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry: Final = CollectorRegistry(auto_describe=False)
        self._scraped: Final = _Scraped(tuple(guards))
        build = Gauge("mmbot_build_info", "The running version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._requests = Counter(
            "mmbot_requests",
            "Requests to the exchange, by endpoint and outcome.",
            ["endpoint", "outcome"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "mmbot_request_seconds",
            "Time from sending a request to its answer.",
            ["endpoint"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._tick_to_wire = Histogram(
            "mmbot_tick_to_wire_seconds",
            "Time from a book message to the placement that it caused. Placements that wait for the rate limit are not "
            "counted.",
            buckets=WIRE_BUCKETS,
            registry=self.registry,
        )
        self._match_to_wire = Histogram(
            "mmbot_match_to_wire_seconds",
            "Time from a match to the placement or cancel that it caused.",
            buckets=WIRE_BUCKETS,
            registry=self.registry,
        )
        self._clear = Histogram(
            "mmbot_clear_seconds",
            "Time from the cause to the proof of being clear, by the bot's clock.",
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
        self._malformed = Counter(
            "mmbot_malformed_items", "Malformed items in answers of the exchange.", ["endpoint"], registry=self.registry
        )
        self._alerts = Counter("mmbot_alerts", "Alerts of the engine, by level.", ["level"], registry=self.registry)
        self._losses = Counter("mmbot_feed_losses", "Times the feed was lost.", registry=self.registry)
        self.is_stopped_clear = False
        """True once the daemon was asked to stop and no wager of ours is open."""
        self._stopped = Gauge(
            "mmbot_stopped_clear",
            "1 after a stop that was asked for, once it is proved that no own wager is open.",
            registry=self.registry,
        )
        self._died = Counter("mmbot_parts_died", "Parts of the daemon that failed.", registry=self.registry)
        self.registry.register(self._scraped)

    def observe(
        self,
        status: Callable[[], EngineStatus],
        *,
        backlog: Callable[[], int] = lambda: 0,
        dropped: Callable[[], int] = lambda: 0,
        differences: Callable[[], Mapping[str, int]] = dict,
        taken_or_pulled: Callable[[], Mapping[str, int]] = dict,
        audited: Callable[[], Mapping[str, int]] = dict,
        journal_size: Callable[[], int] = lambda: 0,
        tasks: Callable[[], int] = lambda: 0,
    ) -> None:
        """Set the functions that are called each time Prometheus asks for the metrics.

        Args:
            status: returns the engine's status. It may leave out the sport events.
            backlog: returns the number of records that wait to be written to the journal.
            dropped: returns the number of log lines that were dropped.
            differences: returns how many differences between books and REST reads were repaired, by kind.
            taken_or_pulled: returns the size that left the books, by kind, in cents of the taker's stake.
            audited: returns how many differences between the bot's and the exchange's records were found, by kind.
            journal_size: returns the size of the journal in bytes.
            tasks: returns the number of tasks of the event loop.
        """
        scraped = self._scraped
        scraped.status = status
        scraped.backlog, scraped.dropped = backlog, dropped
        scraped.differences, scraped.taken_or_pulled, scraped.audited = differences, taken_or_pulled, audited
        scraped.journal_size, scraped.tasks = journal_size, tasks

    def render(self) -> bytes:
        """Return all metrics as text for Prometheus."""
        return generate_latest(self.registry)

    def request(self, endpoint: str, outcome: str, took: Duration) -> None:
        """Count a request to the exchange, and record that it took ``took`` nanoseconds."""
        self._requests.labels(endpoint, outcome).inc()
        self._request_seconds.labels(endpoint).observe(in_seconds(took))

    def tick_to_wire(self, took: Duration) -> None:
        """Record the time from a book message to the placement that resulted. ``took`` is in nanoseconds of real
        time."""
        self._tick_to_wire.observe(in_seconds(took))

    def match_to_wire(self, took: Duration) -> None:
        """Record the time from a match to the placement or cancel that resulted. ``took`` is in nanoseconds of real
        time."""
        self._match_to_wire.observe(in_seconds(took))

    def undecodable(self, kind: str) -> None:
        """Count a frame of the feed that could not be decoded."""
        self._undecodable.labels(kind).inc()

    def malformed(self, endpoint: str) -> None:
        """Count an item in an answer of the exchange that could not be read."""
        self._malformed.labels(endpoint).inc()

    def feed_lost(self) -> None:
        """Count a loss of the feed."""
        self._losses.inc()

    def stopped_clear(self) -> None:
        """Record that a stop was asked for, and that no wager of ours is open."""
        self._stopped.set(1)
        self.is_stopped_clear = True

    def part_died(self) -> None:
        """Count a part of the daemon that failed."""
        self._died.inc()

    def alert(self, alert: Alert) -> None:
        """Count an alert of the engine. The alert ``life.clear`` has the time that it took to prove that no wager of
        ours is open. This time is recorded too."""
        self._alerts.labels(alert.level.value).inc()
        match alert.name, alert.fields:
            case "life.clear", {"cause": str(cause), "seconds": float() | int() as took}:
                self._clear.labels(cause).observe(float(took))
            case _:
                pass


class _Scraped(Collector):
    """The metrics whose values are read when Prometheus asks."""

    def __init__(self, guards: Sequence[str]) -> None:
        self._guards: Final = guards
        self.status: Callable[[], EngineStatus] | None = None
        self.backlog: Callable[[], int] = lambda: 0
        self.dropped: Callable[[], int] = lambda: 0
        self.differences: Callable[[], Mapping[str, int]] = dict
        self.taken_or_pulled: Callable[[], Mapping[str, int]] = dict
        self.audited: Callable[[], Mapping[str, int]] = dict
        self.journal_size: Callable[[], int] = lambda: 0
        self.tasks: Callable[[], int] = lambda: 0

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield _gauge("mmbot_journal_backlog", "Records that wait to be written to the journal.", self.backlog())
        yield _gauge("mmbot_journal_size_bytes", "Size of the journal's files.", self.journal_size())
        yield from process.families(self.tasks)
        yield _count(
            "mmbot_log_lines_dropped", "Log lines that were dropped because the reader was slow.", self.dropped()
        )
        differences = CounterMetricFamily(
            "mmbot_book_differences", "Levels of a book that differed from REST and were repaired.", labels=["kind"]
        )
        for kind, levels in self.differences().items():
            differences.add_metric([kind], levels)
        yield differences
        drops = CounterMetricFamily(
            "mmbot_book_drops_dollars",
            "Stakes on offer to takers that left the books, taken or pulled.",
            labels=["kind"],
        )
        for kind, cents in self.taken_or_pulled().items():
            drops.add_metric([kind], cents / 100)
        yield drops
        audited = CounterMetricFamily(
            "mmbot_audit_differences",
            "Differences between the bot's records and the exchange's that were found and repaired.",
            labels=["kind"],
        )
        for kind, number in self.audited().items():
            audited.add_metric([kind], number)
        yield audited
        if self.status is not None:
            yield from families(self.status(), self._guards)


def families(status: EngineStatus, guards: Sequence[str] = ()) -> Iterator[Metric]:
    """Yield the metrics whose values come from a status. The status may leave out the sport events."""
    counts, profit = status.counts, status.profit
    yield from _health(status)
    yield _gauge("mmbot_kill_latched", "1 while the kill switch is on.", status.latched is not None)
    yield _gauge("mmbot_clear", "1 while it is proved that no own wager is open at the exchange.", status.clear)
    yield _gauge("mmbot_open_wagers", "Own wagers that could still match.", counts.open_wagers)
    yield _gauge("mmbot_unknown_wagers", "Placements whose outcome is unknown.", counts.unknown_wagers)
    if status.balance is not None:
        yield _gauge("mmbot_balance_dollars", "Balance of the account at the last read.", status.balance / 100)
    yield _gauge("mmbot_locked_dollars", "Matched stakes that are not settled.", status.locked / 100)
    if status.equity is not None:
        text = "Worth of the account: balance, locked stakes and marked profit."
        yield _gauge("mmbot_equity_dollars", text, status.equity / 100)
    yield _count("mmbot_matches", "Matches of own wagers.", counts.matches)
    yield _count("mmbot_matched_stake_dollars", "Own stake that was matched.", counts.matched_stake / 100)
    yield _count("mmbot_wagers_placed", "Wagers sent.", counts.placed)
    yield _count("mmbot_wagers_cancelled", "Wagers cancelled.", counts.cancelled)
    yield _count("mmbot_hedges", "Hedges sent.", counts.hedges)
    worst = GaugeMetricFamily(
        "mmbot_worst_case_dollars",
        "Worst case of the account, and of the fullest scope of each other kind.",
        labels=["scope"],
    )
    matched = GaugeMetricFamily(
        "mmbot_matched_worst_case_dollars", "Part of that worst case that comes from matched wagers.", labels=["scope"]
    )
    limit = GaugeMetricFamily("mmbot_limit_dollars", "Limit of that scope.", labels=["scope"])
    for scope in status.scopes:
        worst.add_metric([scope.scope], scope.worst_case / 100)
        matched.add_metric([scope.scope], scope.matched / 100)
        limit.add_metric([scope.scope], scope.limit / 100)
    yield from (worst, matched, limit)
    kinds = GaugeMetricFamily(
        "mmbot_profit_dollars", "Profit of this run by kind. The kind today is kept across runs.", labels=["kind"]
    )
    kinds.add_metric(["realised"], profit.realised / 100)
    kinds.add_metric(["commission"], profit.commission / 100)
    kinds.add_metric(["marked"], profit.marked / 100)
    kinds.add_metric(["today"], profit.today / 100)
    kinds.add_metric(["today_realised"], profit.today_realised / 100)
    kinds.add_metric(["today_commission"], profit.today_commission / 100)
    kinds.add_metric(["today_marked"], profit.today_marked / 100)
    yield kinds
    active = GaugeMetricFamily("mmbot_guard_active", "Scopes in which a guard holds.", labels=["guard"])
    held = dict.fromkeys(guards, 0)
    for guard in status.guards:
        held[guard.guard] = held.get(guard.guard, 0) + 1
    for name, scopes in held.items():
        active.add_metric([name], scopes)
    yield active


def _health(status: EngineStatus) -> Iterator[Metric]:
    """Yield the metrics of quoting, feed, audit and clock."""
    yield _gauge("mmbot_quoting", "1 while the bot may quote and quotes at least one line.", status.quoting)
    yield _gauge("mmbot_may_quote", "1 while the bot is ready and no guard of the account holds.", status.may_quote)
    yield _gauge("mmbot_quotable_lines", "Lines that should be quoted.", status.lines.quotable)
    yield _gauge("mmbot_quoted_lines", "Lines that should be quoted and are.", status.lines.quoted)
    yield _gauge("mmbot_feed_up", "1 while the feed is up.", status.feed_up)
    if status.feed_age_s is not None:
        yield _gauge("mmbot_feed_age_seconds", "Seconds since the feed's last message.", status.feed_age_s)
    if status.audit_age_s is not None:
        yield _gauge("mmbot_audit_age_seconds", "Seconds since the latest complete audit began.", status.audit_age_s)
    if status.clock_behind_s is not None:
        yield _gauge(
            "mmbot_clock_behind_seconds",
            "How far the machine's clock is behind the exchange's.",
            status.clock_behind_s,
        )


def names(metrics: Metrics) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield the exported name of every metric, with the labels that it has at present."""
    for family in metrics.registry.collect():
        yield family.name, tuple(sorted({label for sample in family.samples for label in sample.labels}))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _count(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=float(value))
