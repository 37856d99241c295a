"""The whole error table, row by row: provoked on a running local exchange, and what the bot's client makes of it.

What a client can bring about is brought about; every code can also be had as a fault that names it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from mmbot.config import ExchangeConfig
from mmbot.domain.catalogue import Line, LineKey, Market, MarketKey, Outcome
from mmbot.domain.instant import HOUR, MILLISECOND, SECOND
from mmbot.engine.events import Failure
from mmbot.engine.requests import Cancellation, Placement, ReadHistory
from mmbot.exchange import caller
from mmbot.exchange.errors import CODES, ExchangeError, Malformed, Refused, RetryLater, UnknownOutcome, error_of
from mmbot.exchange.http import Reply, open_http, send
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.exchange.token_store import TokenStore
from mmbot.simulator.error_table import STATUS
from mmbot.simulator.error_table import TABLE as ERRORS
from mmbot.simulator.faults import FailAnswer, FailRequest
from mmbot.simulator.records import VenueSettings

GAME, EMPTY, NBA, NHL = 10_001, 10_002, 132, 234
MONEYLINE, SPREAD, TOTAL = 219, 223, 225

NO, LATER, UNKNOWN, BUG = Refused, RetryLater, UnknownOutcome, Malformed

# The specification's own table, in its order.
SPECIFICATION = """
invalid_request 400            invalid_param 400              unauthorized 401
data_not_found 404             internal_error 500             rate_limit_reached 429
insufficient_amount 403        wager_external_id_existed 400  wager_already_matched 400
wager_already_cancelled 400    wager_invalid_odds 400         wager_stake_exceeds_max 400
event_not_available 400        sport_event_is_not_booked 400  opened_retry 500
wager_is_placing 409
"""

# What PROTOCOL 4.3 and 8.2 have beyond it, in the legacy dialect's names.
BEYOND = """
keypair_num_exceed 403         session_num_exceed 403         invalid_line_id 400
invalid_stake 400              invalid_external_id 400        invalid_wager_id 400
invalid_cursor 400             invalid_from 400               invalid_to 400
invalid_updated_at_from 400    invalid_updated_at_to 400      invalid_market_id 400
invalid_event_id 400           invalid_competitor_id 400      wager_limit_exceeded 400
market_event_limit_exceeded 400 market_invalid_event 400      sport_event_not_found 404
sport_event_competitor_blacklisted 400 supplemental_market_pre_match_only 400 market_line_invalid 400
wager_ref_id_existed 400       wager_is_invalid 400           wager_not_matching_external_id 400
wager_not_belongs_to_user 500  wager_invalid_profit 400       wager_opened_retry 425
wager_balance_check_timeout 500 wager_unable_to_place 500     wager_unable_to_cancel 500
unknown_error 500              wallet_not_found 404           err_ref_id_invalid 404
no_cancellable_wagers 404      reporting_not_available 503    from_date_greater_than_to_date 400
invalid_from_to_range 400      invalid_updated_at_range 400   missing_date_range 400
too_many_delayed_requests 429  err_order_placement_disabled 403 err_add_liquidity_only_disabled 400
self_match 400                 exceed_subscription_count 400
"""


def rows(table: str) -> dict[str, int]:
    words = table.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


TABLE = rows(SPECIFICATION) | rows(BEYOND)

ALIKE: dict[type[ExchangeError], str] = {
    NO: """
        data_not_found sport_event_not_found wallet_not_found no_cancellable_wagers keypair_num_exceed
        insufficient_amount event_not_available sport_event_is_not_booked sport_event_competitor_blacklisted
        supplemental_market_pre_match_only market_line_invalid wager_already_matched wager_already_cancelled
        wager_is_invalid self_match err_order_placement_disabled err_add_liquidity_only_disabled
    """,
    LATER: "rate_limit_reached too_many_delayed_requests session_num_exceed",
    BUG: """
        invalid_request invalid_param invalid_line_id invalid_stake invalid_external_id invalid_wager_id invalid_cursor
        invalid_from invalid_to invalid_updated_at_from invalid_updated_at_to invalid_market_id invalid_event_id
        invalid_competitor_id wager_limit_exceeded market_event_limit_exceeded market_invalid_event wager_invalid_odds
        wager_not_matching_external_id wager_stake_exceeds_max wager_invalid_profit err_ref_id_invalid
        from_date_greater_than_to_date invalid_from_to_range invalid_updated_at_range missing_date_range
        exceed_subscription_count
    """,
}
"""Codes that mean the same for a placement, a cancel and a read."""

MEANINGS: dict[str, tuple[type[ExchangeError], type[ExchangeError], type[ExchangeError]]] = {
    code: (kind, kind, kind) for kind, codes in ALIKE.items() for code in codes.split()
} | {
    "unauthorized": (NO, LATER, LATER),
    "wager_external_id_existed": (UNKNOWN, NO, NO),
    "wager_ref_id_existed": (UNKNOWN, NO, NO),
    "wager_is_placing": (UNKNOWN, LATER, LATER),
    "wager_opened_retry": (UNKNOWN, LATER, LATER),
    "opened_retry": (UNKNOWN, LATER, LATER),
    "wager_not_belongs_to_user": (UNKNOWN, BUG, BUG),
    "internal_error": (UNKNOWN, UNKNOWN, LATER),
    "wager_balance_check_timeout": (UNKNOWN, UNKNOWN, LATER),
    "wager_unable_to_place": (UNKNOWN, UNKNOWN, LATER),
    "wager_unable_to_cancel": (UNKNOWN, UNKNOWN, LATER),
    "unknown_error": (UNKNOWN, UNKNOWN, LATER),
    "reporting_not_available": (UNKNOWN, UNKNOWN, LATER),
}
"""What the client makes of each code: of a placement, of a cancel, of a read."""

FAILURES = {NO: Failure.REFUSED, LATER: Failure.LATER, UNKNOWN: Failure.UNKNOWN, BUG: Failure.BUG}


def test_the_exchange_has_the_whole_table_with_its_statuses() -> None:
    assert dict(STATUS) == TABLE


def test_every_row_has_its_meaning_and_the_client_knows_no_other_code() -> None:
    assert set(MEANINGS) == set(TABLE)
    assert set(CODES) == set(TABLE) | {"30010"}, "30010 is a gateway's number, not a code of the table"


class Scene(NamedTuple):
    """A running exchange and the bot's client of it."""

    server: Any
    client: Client
    keeper: SessionKeeper

    @property
    def venue(self) -> Any:
        return self.server.exchange.venue

    def tick(self) -> int:
        return int(self.server.exchange.tick())

    def line_id(self, side: int = 0, market: int = MONEYLINE, number: int = 0) -> str:
        return str(self.venue.line_id(GAME, market, number, side))

    def item(self, external_id: str = "a", **changes: Any) -> Placement:
        members: dict[str, Any] = {"line_id": self.line_id(), "odds": 110, "stake": 10_00} | changes
        return Placement(external_id, **members)

    async def placed(self, external_id: str = "a", *, opened: bool = True, **changes: Any) -> Cancellation:
        """A wager that is open, or still placing."""
        report = await self.client.place_one(self.item(external_id, **changes))
        if opened:
            self.venue.advance(self.venue.next_due())
        return Cancellation(report.wager_id, external_id)

    async def raw(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """A request that the client itself would never send, over its own transport."""
        async with open_http() as http:
            token = await self.keeper.token()
            url = self.server.base_url + path
            return await send(http, method, url, body=body, token=token, timeout_s=10)

    async def read(self, path: str, body: bytes | None = None) -> None:
        """The same, judged as the client judges the answer to a read."""
        call = caller.Call("raw", caller.Purpose.READ, "GET" if body is None else "POST", path, body)
        async with open_http() as http:
            await caller.Caller(self.keeper, self.server.exchange.clock, self.server.base_url, 10, 10, None, None)(
                call, http, lambda raw, _: raw
            )


@pytest.fixture
async def scene(server: Any, tmp_path: Path) -> AsyncIterator[Scene]:
    settings, clock = server.exchange.settings, server.exchange.clock
    async with open_http() as http:
        keeper = SessionKeeper(
            http, server.base_url, settings.access_key, settings.secret_key, clock, TokenStore(tmp_path / "tokens")
        )
        client = Client(keeper, clock, ExchangeConfig(base_url=server.base_url))
        keeper.accepted(await keeper.token())
        yield Scene(server, client, keeper)
        await client.close()
        await keeper.close()


PURPOSES: dict[str, tuple[int, str, Callable[[Scene], Awaitable[object]]]] = {
    "placement": (0, "place_wager", lambda scene: scene.client.place_one(scene.item())),
    "cancel": (1, "cancel_wager", lambda scene: scene.client.cancel_one(Cancellation("w", "a"))),
    "cancel of all": (1, "cancel_all_wagers", lambda scene: scene.client.cancel_all()),
    "read": (2, "get_balance", lambda scene: scene.client.balance()),
}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("code", TABLE)
async def test_each_row_as_a_fault_that_names_the_code(scene: Scene, code: str, purpose: str) -> None:
    column, endpoint, call = PURPOSES[purpose]
    expected = MEANINGS[code][column]
    times = 2 if code == "unauthorized" else 1  # the client asks once more with a new token
    scene.server.exchange.faults.add(FailRequest(endpoint=endpoint, code=code, times=times))
    if purpose == "cancel of all" and code in ("data_not_found", "sport_event_not_found", "no_cancellable_wagers"):
        assert await call(scene) is False
        return
    before = scene.server.exchange.clock.now()
    with pytest.raises(ExchangeError) as caught:
        await call(scene)
    error = caught.value
    assert (type(error), error.code, error.failure) == (expected, code, FAILURES[expected])
    if code != "unauthorized":
        assert error.message == "fault on demand"
    if expected is LATER and TABLE[code] in (409, 425, 429):
        wait = SECOND if TABLE[code] == 429 else 300 * MILLISECOND
        assert error.retry_at is not None
        assert before + wait <= error.retry_at <= scene.server.exchange.clock.now() + wait
    assert scene.venue.wagers(scene.server.exchange.account) == [], "a fault before the processing does nothing"


@pytest.mark.parametrize("code", TABLE)
async def test_each_row_said_of_a_wager_that_was_placed_all_the_same(scene: Scene, code: str) -> None:
    """The answer lies. What the exchange is not sure of stays unknown, and the wager is found by a look-up."""
    scene.server.exchange.faults.add(FailAnswer(endpoint="place_wager", code=code))
    with pytest.raises(ExchangeError) as caught:
        await scene.client.place_one(scene.item())
    assert type(caught.value) is MEANINGS[code][0]
    if TABLE[code] >= 500:
        assert caught.value.failure is Failure.UNKNOWN
    scene.venue.advance(scene.venue.next_due())
    now = scene.server.exchange.clock.now()
    page = await scene.client.history(ReadHistory(1, created_from=now - HOUR))
    assert [each.external_id for each in page.wagers] == ["a"]


@pytest.mark.parametrize("fault", ["fail_request", "fail_answer"])
async def test_a_fault_with_a_code_of_no_table_needs_a_status(partner: Any, fault: str) -> None:
    order = {"fault": fault, "endpoint": "get_balance", "code": "brand_new"}
    async with partner.http.post(f"{partner.server.url}/sim/faults", json=order) as answer:
        assert answer.status == 400
        assert "brand_new" in (await answer.json())["message"]
    await partner.fault(fault, endpoint="get_balance", code="brand_new", status=418)
    status, body = await partner.get("mm/get_balance")
    assert (status, body["error"]) == (418, "brand_new")
    assert await partner.sim("GET", "sim/faults") == []


# --- what arises by itself ----------------------------------------------------------------------------------------


async def empty_body(scene: Scene) -> None:
    await scene.read("/mm/cancel_wagers_by_event", b"")


async def wrong_limit(scene: Scene) -> None:
    await scene.read("/mm/get_matched_bets?from=1&to=2&limit=101")


async def ended_sessions(scene: Scene) -> None:
    scene.server.exchange.accounts.expire_sessions()
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
    scene.venue.unlist_event(GAME, scene.tick())
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


async def no_such_event(scene: Scene) -> None:
    await scene.read("/mm/cancel_wagers_by_event", b'{"event_id":99}')


async def empty_wallet(scene: Scene) -> None:
    scene.venue.deposit(scene.server.exchange.account, -1_000_00, scene.tick())
    await scene.client.place_one(scene.item())


async def no_wallet(scene: Scene) -> None:
    """The keys of an account that was never given a wallet."""
    scene.server.exchange.accounts.add_keys("bare-access-key", "bare-secret-key", "nobody")
    keys = b'{"access_key":"bare-access-key","secret_key":"bare-secret-key"}'
    session = msgspec.json.decode((await scene.raw("POST", "/auth/login", keys)).body)
    url, token = f"{scene.server.base_url}/mm/get_balance", session["data"]["access_token"]
    async with open_http() as http:
        reply = await send(http, "GET", url, body=None, token=token, timeout_s=10)
    said = msgspec.json.decode(reply.body)
    raise error_of(caller.Purpose.READ, reply.status, said["error"], said["message"], scene.tick(), None)


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
    scene.venue.rest(scene.server.exchange.world.crowd, LineKey(GAME, MONEYLINE, 0), 1, -110, 11_00, scene.tick())
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
    scene.venue.rest(taker, line, 1, -110, 2_20, scene.tick(), rest=False)
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
    "unauthorized": (NO, ended_sessions),
    "data_not_found": (NO, unknown_wager),
    "session_num_exceed": (LATER, many_log_ins),
    "rate_limit_reached": (LATER, many_requests),
    "insufficient_amount": (NO, empty_wallet),
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
    "sport_event_not_found": (NO, no_such_event),
    "event_not_available": (NO, over),
    "sport_event_is_not_booked": (NO, unlisted),
    "sport_event_competitor_blacklisted": (NO, unwelcome_competitor),
    "supplemental_market_pre_match_only": (NO, supplemental_in_play),
    "market_line_invalid": (NO, unknown_line),
    "wager_external_id_existed": (UNKNOWN, same_external_id),
    "wager_already_matched": (NO, matched),
    "wager_already_cancelled": (NO, cancelled),
    "wager_is_invalid": (NO, never_valid),
    "wager_not_matching_external_id": (BUG, wrong_pair),
    "wager_stake_exceeds_max": (BUG, lambda scene: scene.client.place_one(scene.item(stake=10_000_000_001))),
    "wager_invalid_profit": (BUG, lambda scene: scene.client.place_one(scene.item(odds=-25_000, stake=1_00))),
    "wager_is_placing": (LATER, still_placing),
    "wager_opened_retry": (LATER, just_opened),
    "opened_retry": (LATER, just_matched),
    "wager_not_belongs_to_user": (BUG, somebody_elses),
    "wallet_not_found": (NO, no_wallet),
    "no_cancellable_wagers": (NO, nothing_open),
    "self_match": (NO, own_other_side),
    "from_date_greater_than_to_date": (BUG, asks("/mm/get_matched_bets?from=2&to=1")),
    "invalid_from_to_range": (BUG, asks(f"/mm/get_matched_bets?from=1&to={8 * DAYS}")),
    "invalid_updated_at_range": (BUG, asks(f"/v2/mm/get_wager_histories?updated_at_from=1&updated_at_to={3 * DAYS}")),
    "missing_date_range": (BUG, asks("/v2/mm/get_wager_histories")),
    "reporting_not_available": (LATER, reporting_in_maintenance),
    "too_many_delayed_requests": (LATER, queue_in_play_full),
    "err_order_placement_disabled": (NO, maintenance),
    "err_add_liquidity_only_disabled": (NO, add_liquidity_only),
}

ON_DEMAND_ALONE = """
internal_error keypair_num_exceed invalid_competitor_id wager_ref_id_existed wager_balance_check_timeout
wager_unable_to_place wager_unable_to_cancel unknown_error err_ref_id_invalid exceed_subscription_count
"""
"""What the local exchange has no cause of its own for."""


def test_what_has_no_cause_of_its_own_is_known() -> None:
    assert set(TABLE) - set(NATURAL) == set(ON_DEMAND_ALONE.split())
    assert set(NATURAL) <= set(TABLE)


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


async def test_what_a_state_of_the_exchange_refuses_it_takes_again_afterwards(scene: Scene) -> None:
    """Through the control door, as somebody at a terminal does it."""
    async with open_http() as http:

        async def order(**members: object) -> None:
            body = msgspec.json.encode(members)
            assert (
                await send(http, "POST", f"{scene.server.url}/sim/faults", body=body, token=None, timeout_s=10)
            ).status == 200

        wager = await scene.placed("before")
        await order(fault="maintenance", of="placing")
        with pytest.raises(Refused, match="err_order_placement_disabled"):
            await scene.client.place_one(scene.item("a"))
        await scene.client.cancel_one(wager)
        await order(fault="maintenance", of="placing", on=False)
        assert await scene.client.place_one(scene.item("a"))

        await order(fault="blacklist_competitor", competitor="Cavaliers")
        with pytest.raises(Refused, match="sport_event_competitor_blacklisted"):
            await scene.client.place_one(scene.item("b"))
        await order(fault="blacklist_competitor", competitor="Cavaliers", on=False)
        assert await scene.client.place_one(scene.item("b"))

        await order(fault="maintenance", of="reporting")
        with pytest.raises(RetryLater, match="reporting_not_available"):
            await scene.client.history(ReadHistory(1, created_from=scene.tick() - HOUR))
        assert await scene.client.balance()
        await order(fault="maintenance", of="reporting", on=False)
        assert (await scene.client.history(ReadHistory(2, created_from=scene.tick() - HOUR))).wagers
