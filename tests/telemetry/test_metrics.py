"""The metrics by name and label, and that what they show is what the engine says."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mmbot.domain.instant import MILLISECOND, SECOND
from mmbot.engine.orders import Alert, Severity
from mmbot.engine.risk.guards import GUARDS
from mmbot.engine.status import (
    Counts,
    EngineStatus,
    GuardStatus,
    LineCounts,
    LineStatus,
    OwnStatus,
    ProfitStatus,
    ScopeStatus,
    SportEventStatus,
)
from mmbot.telemetry.metrics import SCOPES, Metrics, names

PROMISED = {
    "mmbot_feed_up": (),
    "mmbot_feed_age_seconds": (),
    "mmbot_open_wagers": (),
    "mmbot_unknown_wagers": (),
    "mmbot_quoted_lines": (),
    "mmbot_worst_case_dollars": ("scope",),
    "mmbot_limit_dollars": ("scope",),
    "mmbot_profit_dollars": ("kind",),
    "mmbot_matched_stake_dollars": (),
    "mmbot_kill_latched": (),
    "mmbot_guard_active": ("guard",),
    "mmbot_requests": ("endpoint", "outcome"),
    "mmbot_tick_to_wire_seconds": (),
    "mmbot_match_to_wire_seconds": (),
    "mmbot_request_seconds": ("endpoint",),
    "mmbot_clear_seconds": ("cause",),
}
"""Names that the design promises."""

MORE = {
    "mmbot_journal_size_bytes": (),
    "mmbot_open_descriptors": (),
    "mmbot_resident_memory_bytes": (),
    "mmbot_tasks": (),
    "mmbot_threads": (),
    "mmbot_alerts": ("level",),
    "mmbot_audit_age_seconds": (),
    "mmbot_audit_differences": ("kind",),
    "mmbot_balance_dollars": (),
    "mmbot_book_differences": ("kind",),
    "mmbot_book_drops_dollars": ("kind",),
    "mmbot_build_info": ("version",),
    "mmbot_feed_losses": (),
    "mmbot_clear": (),
    "mmbot_hedges": (),
    "mmbot_journal_backlog": (),
    "mmbot_log_lines_dropped": (),
    "mmbot_matched_worst_case_dollars": ("scope",),
    "mmbot_matches": (),
    "mmbot_parts_died": (),
    "mmbot_clock_behind_seconds": (),
    "mmbot_quoting": (),
    "mmbot_may_quote": (),
    "mmbot_quotable_lines": (),
    "mmbot_malformed_items": ("endpoint",),
    "mmbot_stopped_clear": (),
    "mmbot_undecodable_frames": ("kind",),
    "mmbot_equity_dollars": (),
    "mmbot_locked_dollars": (),
    "mmbot_wagers_cancelled": (),
    "mmbot_wagers_placed": (),
}
"""Names beyond those."""


def line(number, own):
    wagers = tuple(OwnStatus(f"1abc-0-{i}", 0, -110, 100, 100, "open") for i in range(own))
    return LineStatus(
        sport_event=1,
        market=2,
        number=number,
        name="Spread",
        outcomes=("A", "B"),
        book=((), ()),
        fair=0.5,
        own=wagers,
        profit=(0, 0),
        locked=0,
        worst_case=0,
        limit=100,
        matches=0,
        why=None if own else "held",
    )


def status(lines=((0, 1), (1, 0), (2, 3))):
    return EngineStatus(
        now=5 * SECOND,
        phase="ready",
        quoting=True,
        latched=None,
        feed_up=True,
        feed_age_s=1.5,
        balance=123_456,
        locked=4_200,
        sport_events=(SportEventStatus(1, "A at B", "NBA", "upcoming", None, tuple(line(n, own) for n, own in lines)),),
        scopes=tuple(ScopeStatus(kind, "x", 1_000, 250, 400, 700, 2_000) for kind in SCOPES),
        guards=(
            GuardStatus("book_age", "1/2/0", "old", "a message", 0),
            GuardStatus("book_age", "1/2/1", "old", "a message", 0),
        ),
        matches=(),
        counts=Counts(3, 12_345, 40, 30, 99, 4, 1, 2, 5),
        profit=ProfitStatus(realised=-500, commission=20, marked=310, today=-190),
        clear=False,
        audit_age_s=12.5,
        may_quote=True,
        clock_behind_s=1.25,
        lines=LineCounts(3, 2, "price_age: too old"),
        equity=130_000,
    )


def busy():
    """Metrics of which each was touched."""
    metrics = Metrics([guard.name for guard in GUARDS])
    metrics.observe(
        status,
        backlog=lambda: 7,
        dropped=lambda: 2,
        differences=lambda: {"missing": 3, "extra": 0},
        taken_or_pulled=lambda: {"taken": 12_050, "pulled": 99},
        audited=lambda: {"wager": 2, "money": 0},
    )
    metrics.request("place_many", "ok", 20 * MILLISECOND)
    metrics.tick_to_wire(80_000)
    metrics.match_to_wire(90_000)
    metrics.undecodable("json")
    metrics.malformed("markets")
    metrics.feed_lost()
    metrics.alert(Alert(Severity.WARNING, "anything", {}))
    metrics.alert(Alert(Severity.INFO, "life.clear", {"cause": "kill", "seconds": 1.5}))
    return metrics


def samples(metrics):
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_the_names_and_labels_are_these_and_no_others():
    shown = {name: tuple(label for label in labels if label != "le") for name, labels in names(busy())}
    assert shown == {**PROMISED, **MORE}


def test_counters_end_in_total_on_the_wire():
    text = busy().render().decode()
    for name in ("mmbot_matched_stake_dollars_total", "mmbot_requests_total"):
        assert re.search(rf"^{name}[ {{]", text, re.MULTILINE)


def test_no_series_is_added_by_more_wagers_lines_sport_events_or_scopes():
    few, many = Metrics(["book_age"]), Metrics(["book_age"])
    few.observe(status)
    many.observe(lambda: status([(number, 5) for number in range(500)]))
    assert samples(few).keys() == samples(many).keys()


def test_what_is_shown_is_what_the_engine_says():
    shown = samples(busy())
    assert shown["mmbot_clock_behind_seconds", ()] == 1.25
    assert shown["mmbot_quotable_lines", ()] == 3
    assert shown["mmbot_quoted_lines", ()] == 2
    assert shown["mmbot_quoting", ()] == shown["mmbot_may_quote", ()] == 1
    assert shown["mmbot_worst_case_dollars", (("scope", "account"),)] == 10.0
    assert shown["mmbot_limit_dollars", (("scope", "line"),)] == 20.0
    assert shown["mmbot_matched_stake_dollars_total", ()] == 123.45
    assert shown["mmbot_profit_dollars", (("kind", "today"),)] == -1.90
    assert shown["mmbot_balance_dollars", ()] == 1234.56
    assert shown["mmbot_journal_backlog", ()] == 7
    assert shown["mmbot_log_lines_dropped_total", ()] == 2
    assert shown["mmbot_book_differences_total", (("kind", "missing"),)] == 3
    assert shown["mmbot_audit_differences_total", (("kind", "wager"),)] == 2
    assert shown["mmbot_audit_age_seconds", ()] == 12.5
    assert shown["mmbot_book_drops_dollars_total", (("kind", "taken"),)] == 120.5
    assert shown["mmbot_clear_seconds_sum", (("cause", "kill"),)] == 1.5


def test_every_guard_has_a_series_and_one_that_holds_counts_its_scopes():
    shown = samples(busy())
    guards = {labels[0][1]: value for (name, labels), value in shown.items() if name == "mmbot_guard_active"}
    assert guards.keys() == {guard.name for guard in GUARDS}
    assert guards["book_age"] == 2
    assert guards["latch"] == 0


def test_a_scrape_before_there_is_an_engine_works():
    assert b"mmbot_build_info" in Metrics().render()


@pytest.mark.parametrize("fields", [{}, {"cause": 3, "seconds": 1}, {"cause": "kill", "seconds": "long"}])
def test_an_alert_with_other_fields_than_expected_is_only_counted(fields):
    metrics = Metrics()
    metrics.alert(Alert(Severity.ERROR, "life.clear", fields))
    assert samples(metrics)["mmbot_alerts_total", (("level", "error"),)] == 1
