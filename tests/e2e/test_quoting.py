"""Both processes without faults: quotes, matches, skew, hedges, results and metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from e2e_house import House, own_wagers, positions
from e2e_processes import Daemon, ask, wait_for
from prometheus_client.parser import text_string_to_metric_families

from mmbot.domain.odds import could_match, implied
from mmbot.engine.risk.guards import GUARDS
from mmbot.engine.status import EngineStatus, LineStatus

NAMED = (
    "mmbot_feed_up",
    "mmbot_feed_age_seconds",
    "mmbot_open_wagers",
    "mmbot_unknown_wagers",
    "mmbot_quoted_lines",
    "mmbot_worst_case_dollars",
    "mmbot_limit_dollars",
    "mmbot_profit_dollars",
    "mmbot_matched_stake_dollars",
    "mmbot_kill_latched",
    "mmbot_guard_active",
    "mmbot_requests",
    "mmbot_tick_to_wire_seconds",
    "mmbot_match_to_wire_seconds",
    "mmbot_request_seconds",
    "mmbot_clear_seconds",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), sport_events=2) as house:
        guards = house.settings()["guards"] | {"reconcile_s": 20, "book_age_s": 60}
        house.configure(guards=guards)
        house.quoting()
        yield house


def test_both_outcomes_are_quoted_matched_and_counted_as_the_exchange_counts_them(house: House) -> None:
    daemon = house.quoting()
    for line in daemon.lines():
        first, second = ([own.odds for own in line.own if own.side == side] for side in (0, 1))
        assert first
        assert second
        assert not any(could_match(one, other) for one in first for other in second)
        assert line.fair is not None
        assert max(implied(odds) for odds in first) < line.fair
        assert max(implied(odds) for odds in second) < 1 - line.fair
    house.until_matched(daemon, 4)
    house.agree(daemon)
    report = house.judged()
    assert sum(figure["matches"] for figure in report["matched"]) >= 4


def test_a_match_moves_the_prices_against_what_it_brought(house: House) -> None:
    daemon = house.quoting()

    def look() -> list[float]:
        # Of each line that holds half a full inventory or more: by how much further from its fair price the outcome
        # that is held stands than the other.
        found = []
        for line in daemon.lines():
            held = (line.profit[0] - line.profit[1]) / 15_000
            prices = [[implied(own.odds) for own in line.own if own.side == side] for side in (0, 1)]
            if abs(held) >= 0.5 and line.fair is not None and all(prices):
                below = (line.fair - max(prices[0]), 1 - line.fair - max(prices[1]))
                found.append((below[0] - below[1]) * (1 if held > 0 else -1))
        return found

    skews: list[float] = []
    seen: set[int] = set()
    while len(skews) < 25:
        at = daemon.until("another moment", lambda status: status.now not in seen).now
        seen.add(at)
        skews += wait_for("a line that holds one outcome", look, watch=daemon)
    # Half of the skew is a point on each outcome; rounding, tolerance and patience take some of the two away.
    assert median(skews) > 0.01
    house.judged()


def test_what_prometheus_scrapes_can_be_parsed_and_is_named_as_documented(house: House) -> None:
    daemon = house.quoting()
    house.until_matched(daemon)
    status, body = ask("GET", f"{daemon.door}/metrics")
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert set(NAMED) <= set(families)
    assert [name for name in families if not name.startswith("mmbot_")] == []
    samples = [sample for family in families.values() for sample in family.samples]
    assert {sample.labels["scope"] for sample in samples if sample.name == "mmbot_limit_dollars"} == {
        "line",
        "market",
        "sport_event",
        "tournament",
        "account",
    }
    held = {s.labels["guard"]: s.value for s in samples if s.name == "mmbot_guard_active"}
    assert set(held) == {guard.name for guard in GUARDS}
    values = {sample.name: sample.value for sample in samples if not sample.labels}
    assert values["mmbot_feed_up"] == 1
    assert values["mmbot_kill_latched"] == 0
    assert values["mmbot_matched_stake_dollars_total"] > 0
    assert all(own.external_id not in body.decode() for own in own_wagers(daemon.status()))
    house.judged()


def test_the_doors_tell_that_it_lives_and_may_quote(house: House) -> None:
    daemon = house.quoting()
    assert ask("GET", f"{daemon.door}/healthz") == (200, b"ok\n")
    status, body = ask("GET", f"{daemon.door}/readyz")
    assert status == 200
    assert json.loads(body)["ready"] is True
    house.judged()


def test_every_message_twice_changes_nothing(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("duplicate")
    house.until_matched(daemon, 2)
    house.exchange.heal()
    house.agree(daemon)
    house.judged()


def test_a_market_that_is_suspended_and_a_sport_event_off_the_list_are_left_until_they_are_back(house: House) -> None:
    daemon = house.quoting()
    sport_event = house.exchange.board()["events"][0]
    market = sport_event["markets"][0]["id"]
    house.exchange.inflict("market_status", event=sport_event["id"], market=market, status="suspended")
    left(daemon, "inactive", sport_event["id"], market)
    house.exchange.inflict("market_status", event=sport_event["id"], market=market, status="active")
    house.until_quoting(daemon)
    house.exchange.inflict("unlist_event", event=sport_event["id"])
    left(daemon, "unlisted", sport_event["id"])
    house.exchange.inflict("list_event", event=sport_event["id"])
    house.until_quoting(daemon)
    assert sport_event["id"] in {each.sport_event for each in daemon.status().sport_events}
    house.agree(daemon)
    house.judged()


def left(daemon: Daemon, guard: str, sport_event: int, market: int | None = None) -> None:
    """Wait until nothing of ours is on a sport event, or on one of its markets, because of a guard."""

    def there(status: EngineStatus) -> list[LineStatus]:
        lines = [line for each in status.sport_events for line in each.lines if each.sport_event == sport_event]
        return [line for line in lines if market in (None, line.market)]

    daemon.until(
        f"nothing there, because of {guard}",
        lambda status: there(status) and all(not line.own and _is(line.why, guard) for line in there(status)),
    )


def _is(why: str | None, *guards: str) -> bool:
    return why is not None and why.startswith(guards)


def test_books_that_lost_messages_are_found_out_and_repaired(house: House) -> None:
    daemon = house.quoting()
    differences = daemon.status().counts.book_differences
    house.exchange.inflict("drop_messages", change_type="market_selections")
    daemon.until("differences", lambda status: status.counts.book_differences > differences)
    daemon.until("a line that differed twice", lambda s: any(guard.guard == "reconciliation" for guard in s.guards))
    house.exchange.heal()
    daemon.until("no guard any more", lambda status: not status.guards)
    house.until_quoting(daemon)
    house.agree(daemon)
    house.judged()


def test_an_empty_account_quotes_nothing(house: House) -> None:
    daemon = house.quoting()
    house.exchange.inflict("deposit", amount=-9_950)
    daemon.until("the guard", lambda status: any(guard.guard == "balance" for guard in status.guards))
    house.until_clear()
    house.exchange.inflict("deposit", amount=9_950)
    house.until_quoting(daemon)
    house.agree(daemon)
    house.judged()


def test_a_sport_event_that_goes_live_is_wiped_and_quoted_no_more(house: House) -> None:
    daemon = house.quoting()
    sport_event = house.exchange.board()["events"][0]["id"]
    house.exchange.post(f"/sim/live/{sport_event}")
    status = daemon.until(
        "no own wagers on it",
        lambda s: not [o for e in s.sport_events if e.sport_event == sport_event for ln in e.lines for o in ln.own],
    )
    why = {line.why for each in status.sport_events if each.sport_event == sport_event for line in each.lines}
    assert all(_is(reason, "live", "wiped") for reason in why), why
    others = [line for each in status.sport_events if each.sport_event != sport_event for line in each.lines]
    assert others
    house.agree(daemon)
    placed = house.judged()["ended"].get("wiped", 0)
    assert placed > 0


def test_results_voids_and_corrections_are_booked_to_the_cent_commission_included(house: House) -> None:
    daemon = house.daemon
    sport_events = [sport_event["id"] for sport_event in house.exchange.board()["events"]]
    wait_for("matches in every market", lambda: len(positions(house.exchange.referee())) == 6, watch=daemon)
    house.exchange.post(f"/sim/live/{sport_events[1]}")
    first, second, third = [market["id"] for market in house.exchange.board()["events"][1]["markets"]]
    house.exchange.post(f"/sim/settle/{sport_events[0]}?winner=0")
    house.exchange.inflict("settle", event=sport_events[1], market=first, winner=1)
    house.agree(daemon)
    before = house.judged()["profit"]
    assert before["gross"] != 0
    house.exchange.inflict("correct", event=sport_events[1], market=first, winner=0)
    house.exchange.inflict("void", event=sport_events[1], market=second)
    house.agree(daemon)
    after = house.judged()["profit"]
    assert after["gross"] != before["gross"]
    house.exchange.inflict("settle", event=sport_events[1], market=third, winner=None)
    house.agree(daemon)
    profit = house.judged()["profit"]
    assert profit["gross"] == after["gross"]  # of a void or a push every stake came back
    assert profit["net"] == profit["gross"] - profit["commission"] == profit["wallet"]
    assert daemon.stop() == 0
    again = house.start()
    again.said("life.ready")
    house.agree(again)


def test_low_limits_bring_soft_and_hedge_and_are_never_passed(tmp_path: Path) -> None:
    limits = {"line": 120, "market": 120, "event": 240, "tournament": 600, "account": 600}
    scopes = {"sport_event" if name == "event" else name: dollars for name, dollars in limits.items()}
    judge = [word for scope, dollars in scopes.items() for word in ("--limit", f"{scope}={dollars}")]
    with House(
        tmp_path, *judge, sport_events=1, limits=limits | {"soft": 0.2, "hedge": 0.4, "hedge_cost": 0.3}
    ) as house:
        daemon = house.quoting()
        entered = daemon.said("risk.threshold", scope="line", threshold="hedge")
        daemon.until("a hedge that was matched", lambda status: any(match.hedge for match in status.matches))
        wait_for(
            "the threshold left again",
            lambda: [
                line
                for line in daemon.events("risk.threshold")
                if line["id"] == entered["id"] and line["threshold"] != "hedge" and line["at"] > entered["at"]
            ],
            watch=daemon,
        )
        house.agree(daemon)
        report = house.judged()
        for figure in report["worst_case"]:
            assert figure["greatest"] <= figure["limit"]
