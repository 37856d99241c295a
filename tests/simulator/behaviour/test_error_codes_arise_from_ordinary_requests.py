"""The rows of the error table that ordinary requests lead to, and what the bot's client makes of each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from error_scene import BUG, REJECTED, RETRYABLE, TABLE, UNKNOWN, Scene
from small_world import GAME, MONEYLINE

from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND
from mmbot.engine.requests import Cancellation, ReadHistory
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import ExchangeError, Purpose, Rejected, Retryable
from mmbot.net.http import open_http, send
from mmbot.simulator.venue.error_table import TABLE as ERRORS
from mmbot.simulator.venue.settings import VenueSettings


async def empty_body(scene: Scene) -> None:
    await scene.read("/mm/cancel_wagers_by_event", b"")


async def wrong_limit(scene: Scene) -> None:
    await scene.read("/mm/get_matched_bets?from=1&to=2&limit=101")


async def ended_sessions(scene: Scene) -> None:
    scene.server.exchange.sessions.expire_sessions()
    await scene.client.place_one(scene.item())


async def unknown_wager(scene: Scene) -> None:
    await scene.client.cancel_one(Cancellation("nobody", "a"))


async def many_log_ins(scene: Scene) -> None:
    for _ in range(20):
        keys = b'{"access_key":"local-access-key","secret_key":"local-secret-key"}'
        await scene.raw("POST", "/auth/login", keys)
    await scene.read("/auth/login", keys)


async def many_requests(scene: Scene) -> None:
    for _ in range(scene.server.exchange.settings.requests_per_second + 1):
        await scene.client.balance()


async def no_line_id_at_all(scene: Scene) -> None:
    await scene.client.place_one(scene.item(line_id="moneyline"))


async def unknown_line(scene: Scene) -> None:
    await scene.client.place_one(scene.item(line_id="0" * 32))


async def fraction_of_a_cent(scene: Scene) -> None:
    body = b'{"external_id":"a","line_id":"%s","odds":110,"stake":1.005}' % scene.line_id().encode()
    await scene.read("/mm/place_wager", body)


async def bad_external_id(scene: Scene) -> None:
    await scene.client.place_one(scene.item("no spaces"))


async def no_wager_ids(scene: Scene) -> None:
    await scene.read("/mm/get_wager_matching_detail")


def asks(path: str) -> Callable[[Scene], Awaitable[object]]:
    return lambda scene: scene.read(path)


async def batch_of_21(scene: Scene) -> None:
    body = b'{"data":[%s]}' % b",".join(b'{"wager_id":"w","external_id":"a"}' for _ in range(21))
    await scene.read("/mm/cancel_multiple_wagers", body)


async def over(scene: Scene) -> None:
    scene.venue.settle(MarketKey(GAME, MONEYLINE), 0, scene.tick())
    await scene.client.place_one(scene.item())


async def unlisted(scene: Scene) -> None:
    scene.venue.unlist_sport_event(GAME, scene.tick())
    await scene.client.place_one(scene.item())


async def supplemental_in_play(scene: Scene) -> None:
    line = Line(LineKey(GAME, 300, 0), (Outcome(1, "", "Yes"), Outcome(2, "", "No")))
    market = Market(MarketKey(GAME, 300), "Margin", "sup_moneyline", lines=(line,))
    scene.venue.add_market(market, scene.tick())
    scene.venue.go_live(GAME, scene.tick())
    await scene.client.place_one(scene.item(line_id=scene.line_id(0, 300)))


async def unwelcome_competitor(scene: Scene) -> None:
    scene.venue.set_blacklisted("Cavaliers", True, scene.tick())
    await scene.client.place_one(scene.item())


async def maintenance(scene: Scene) -> None:
    scene.venue.set_maintenance(True, scene.tick())
    await scene.client.place_one(scene.item())


async def reporting_in_maintenance(scene: Scene) -> None:
    scene.server.exchange.reporting = False
    await scene.client.transactions()


async def no_such_sport_event(scene: Scene) -> None:
    await scene.read("/mm/cancel_wagers_by_event", b'{"event_id":99}')


async def empty_wallet(scene: Scene) -> None:
    scene.venue.deposit(scene.server.exchange.account, -1_000_00, scene.tick())
    await scene.client.place_one(scene.item())


async def no_wallet(scene: Scene) -> None:
    """The keys of an account that was never given a wallet."""
    scene.server.exchange.sessions.add_keys("bare-access-key", "bare-secret-key", "nobody")
    keys = b'{"access_key":"bare-access-key","secret_key":"bare-secret-key"}'
    session = msgspec.json.decode((await scene.raw("POST", "/auth/login", keys)).body)
    url, token = f"{scene.server.base_url}/mm/get_balance", session["data"]["access_token"]
    async with open_http() as http:
        reply = await send(http, "GET", url, body=None, token=token, timeout_s=10)
    said = msgspec.json.decode(reply.body)
    raise dialect_of("legacy").errors.error_of(
        Purpose.READ, reply.status, said["error"], said["message"], scene.tick(), None
    )


async def queue_in_play_full(scene: Scene) -> None:
    scene.venue.go_live(GAME, scene.tick())
    for name in ("a", "b", "c"):
        await scene.client.place_one(scene.item(name))


async def add_liquidity_only(scene: Scene) -> None:
    body = b'{"external_id":"a","line_id":"%s","odds":110,"stake":10,"wager_strategy":"ALO"}'
    await scene.read("/mm/place_wager", body % scene.line_id().encode())


async def same_external_id(scene: Scene) -> None:
    await scene.placed()
    await scene.client.place_one(scene.item())


async def matched(scene: Scene) -> None:
    wager = await scene.placed()
    scene.venue.crowd.enter(
        scene.server.exchange.world.crowd, LineKey(GAME, MONEYLINE, 0), 1, -110, 11_00, scene.tick()
    )
    await scene.client.cancel_one(wager)


async def cancelled(scene: Scene) -> None:
    wager = await scene.placed()
    await scene.client.cancel_one(wager)
    await scene.client.cancel_one(wager)


async def never_valid(scene: Scene) -> None:
    wager = await scene.placed(stake=1_000_000_00)
    await scene.client.cancel_one(wager)


async def wrong_pair(scene: Scene) -> None:
    wager = await scene.placed()
    await scene.client.cancel_one(Cancellation(wager.wager_id, "b"))


async def still_placing(scene: Scene) -> None:
    scene.venue.delay_activation(60 * SECOND)
    await scene.client.cancel_one(await scene.placed(opened=False))


async def just_opened(scene: Scene) -> None:
    await scene.client.cancel_one(await scene.placed())


async def just_matched(scene: Scene) -> None:
    wager = await scene.placed()
    line, taker = LineKey(GAME, MONEYLINE, 0), scene.server.exchange.world.crowd
    scene.venue.board.books[line].resting(0)[0].opened_at -= 2 * HOUR
    scene.venue.crowd.enter(taker, line, 1, -110, 2_20, scene.tick(), rest=False)
    await scene.client.cancel_one(wager)


async def somebody_elses(scene: Scene) -> None:
    neighbour = scene.venue.open_account("neighbour", 1_000_00)
    wager = scene.venue.place(neighbour, "n", scene.line_id(), 110, 10_00, scene.tick())
    await scene.client.cancel_one(Cancellation(wager.wager_id, "n"))


async def nothing_open(scene: Scene) -> None:
    await scene.read("/mm/cancel_all_wagers", b"{}")


async def own_other_side(scene: Scene) -> None:
    await scene.placed()
    await scene.client.place_one(scene.item("b", line_id=scene.line_id(1), odds=-110))


DAYS = 86_400

NATURAL: dict[str, tuple[type[ExchangeError], Callable[[Scene], Awaitable[object]]]] = {
    "invalid_request": (BUG, empty_body),
    "invalid_param": (BUG, wrong_limit),
    "unauthorized": (REJECTED, ended_sessions),
    "data_not_found": (REJECTED, unknown_wager),
    "session_num_exceed": (RETRYABLE, many_log_ins),
    "rate_limit_reached": (RETRYABLE, many_requests),
    "insufficient_amount": (REJECTED, empty_wallet),
    "invalid_line_id": (BUG, no_line_id_at_all),
    "invalid_stake": (BUG, fraction_of_a_cent),
    "wager_invalid_odds": (BUG, lambda scene: scene.client.place_one(scene.item(odds=111_111))),
    "invalid_external_id": (BUG, bad_external_id),
    "invalid_wager_id": (BUG, no_wager_ids),
    "invalid_cursor": (BUG, lambda scene: scene.client.transactions(cursor="x")),
    "invalid_from": (BUG, asks("/mm/get_matched_bets?from=x")),
    "invalid_to": (BUG, asks("/mm/get_matched_bets?to=x")),
    "invalid_updated_at_from": (BUG, asks("/v2/mm/get_wager_histories?updated_at_from=x")),
    "invalid_updated_at_to": (BUG, asks("/v2/mm/get_wager_histories?updated_at_to=x")),
    "invalid_market_id": (BUG, asks("/v2/mm/get_wager_histories?from=1&to=2&market_id=x")),
    "invalid_event_id": (BUG, asks("/mm/get_sport_events?event_ids=x")),
    "wager_limit_exceeded": (BUG, batch_of_21),
    "market_event_limit_exceeded": (BUG, asks("/v2/mm/get_multiple_markets?event_ids=")),
    "market_invalid_event": (BUG, lambda scene: scene.client.markets((0,))),
    "sport_event_not_found": (REJECTED, no_such_sport_event),
    "event_not_available": (REJECTED, over),
    "sport_event_is_not_booked": (REJECTED, unlisted),
    "sport_event_competitor_blacklisted": (REJECTED, unwelcome_competitor),
    "supplemental_market_pre_match_only": (REJECTED, supplemental_in_play),
    "market_line_invalid": (REJECTED, unknown_line),
    "wager_external_id_existed": (UNKNOWN, same_external_id),
    "wager_already_matched": (REJECTED, matched),
    "wager_already_cancelled": (REJECTED, cancelled),
    "wager_is_invalid": (REJECTED, never_valid),
    "wager_not_matching_external_id": (BUG, wrong_pair),
    "wager_stake_exceeds_max": (BUG, lambda scene: scene.client.place_one(scene.item(stake=10_000_000_001))),
    "wager_invalid_profit": (BUG, lambda scene: scene.client.place_one(scene.item(odds=-25_000, stake=1_00))),
    "wager_is_placing": (RETRYABLE, still_placing),
    "wager_opened_retry": (RETRYABLE, just_opened),
    "opened_retry": (RETRYABLE, just_matched),
    "wager_not_belongs_to_user": (BUG, somebody_elses),
    "wallet_not_found": (REJECTED, no_wallet),
    "no_cancellable_wagers": (REJECTED, nothing_open),
    "self_match": (REJECTED, own_other_side),
    "from_date_greater_than_to_date": (BUG, asks("/mm/get_matched_bets?from=2&to=1")),
    "invalid_from_to_range": (BUG, asks(f"/mm/get_matched_bets?from=1&to={8 * DAYS}")),
    "invalid_updated_at_range": (BUG, asks(f"/v2/mm/get_wager_histories?updated_at_from=1&updated_at_to={3 * DAYS}")),
    "missing_date_range": (BUG, asks("/v2/mm/get_wager_histories")),
    "reporting_not_available": (RETRYABLE, reporting_in_maintenance),
    "too_many_delayed_requests": (RETRYABLE, queue_in_play_full),
    "err_order_placement_disabled": (REJECTED, maintenance),
    "err_add_liquidity_only_disabled": (REJECTED, add_liquidity_only),
}

ON_DEMAND_ALONE = """
internal_error keypair_num_exceed invalid_competitor_id wager_ref_id_existed wager_balance_check_timeout
wager_unable_to_place wager_unable_to_cancel unknown_error err_ref_id_invalid exceed_subscription_count
"""
"""What the local exchange has no cause of its own for."""


def test_the_codes_without_a_cause_are_known() -> None:
    assert set(TABLE) - set(NATURAL) == set(ON_DEMAND_ALONE.split())
    assert set(NATURAL) <= set(TABLE)


def test_the_page_names_the_codes_without_a_cause() -> None:
    page = (Path(__file__).parents[3] / "docs" / "exchange.md").read_text()
    rows = page.partition("No ordinary request causes the following")[2].partition("\n## ")[0]
    named = [code for row in rows.splitlines() if row.startswith("| `") for code in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(ON_DEMAND_ALONE.split())


QUICK = VenueSettings(activation_ns=20 * MILLISECOND, history_lag_ns=MILLISECOND)

SETTINGS = {
    "wager_opened_retry": msgspec.structs.replace(QUICK, opened_retry_ns=HOUR),
    "opened_retry": msgspec.structs.replace(QUICK, opened_retry_ns=HOUR),
    "too_many_delayed_requests": msgspec.structs.replace(QUICK, delayed_wagers=2),
}


@pytest.mark.parametrize(
    ("code", "venue_settings"), [pytest.param(code, SETTINGS.get(code, QUICK), id=code) for code in NATURAL]
)
async def test_each_row_that_arises_by_itself(scene: Scene, code: str) -> None:
    expected, provoke = NATURAL[code]
    with pytest.raises(ExchangeError) as caught:
        await provoke(scene)
    error = caught.value
    assert (type(error), error.code) == (expected, code)
    assert error.message
    assert error.message != "fault on demand"


async def test_the_words_are_those_of_the_table_where_no_parameter_is_named(scene: Scene) -> None:
    for provoke, code in ((unknown_line, "market_line_invalid"), (nothing_open, "no_cancellable_wagers")):
        with pytest.raises(ExchangeError) as caught:
            await provoke(scene)
        assert caught.value.message == ERRORS[code].message


async def test_wagers_rejected_in_a_state_of_the_exchange_are_accepted_afterwards(scene: Scene) -> None:
    """Through the control door, as somebody at a terminal does it."""
    async with open_http() as http:

        async def order(**members: object) -> None:
            body = msgspec.json.encode(members)
            assert (
                await send(http, "POST", f"{scene.server.url}/sim/faults", body=body, token=None, timeout_s=10)
            ).status == 200

        wager = await scene.placed("before")
        await order(fault="maintenance", of="placing")
        with pytest.raises(Rejected, match="err_order_placement_disabled"):
            await scene.client.place_one(scene.item("a"))
        await scene.client.cancel_one(wager)
        await order(fault="maintenance", of="placing", on=False)
        assert await scene.client.place_one(scene.item("a"))

        await order(fault="blacklist_competitor", competitor="Cavaliers")
        with pytest.raises(Rejected, match="sport_event_competitor_blacklisted"):
            await scene.client.place_one(scene.item("b"))
        await order(fault="blacklist_competitor", competitor="Cavaliers", on=False)
        assert await scene.client.place_one(scene.item("b"))

        await order(fault="maintenance", of="reporting")
        with pytest.raises(Retryable, match="reporting_not_available"):
            await scene.client.history(ReadHistory(1, created_from=scene.tick() - HOUR))
        assert await scene.client.balance()
        await order(fault="maintenance", of="reporting", on=False)
        assert (await scene.client.history(ReadHistory(2, created_from=scene.tick() - HOUR))).wagers
