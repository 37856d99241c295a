"""The error table as the documents have it, the bot's reading of each code, and a scene that provokes it."""

from __future__ import annotations

from typing import Any, NamedTuple

from small_world import GAME, MONEYLINE

from mmbot.engine.events import Failure
from mmbot.engine.requests import Cancellation, Placement
from mmbot.exchange.caller import Caller
from mmbot.exchange.dialect import Call
from mmbot.exchange.dialects import dialect_of
from mmbot.exchange.errors import ExchangeError, Malformed, Purpose, Rejected, Retryable, UnknownOutcome
from mmbot.exchange.rest import Client
from mmbot.exchange.session import SessionKeeper
from mmbot.net.http import Reply, open_http, send

REJECTED, RETRYABLE, UNKNOWN, BUG = Rejected, Retryable, UnknownOutcome, Malformed

# The codes of the legacy dialect that the exchange publishes, in its order (docs/endpoints.md).
PUBLISHED = """
invalid_request 400            invalid_param 400              unauthorized 401
data_not_found 404             internal_error 500             rate_limit_reached 429
insufficient_amount 403        wager_external_id_existed 400  wager_already_matched 400
wager_already_cancelled 400    wager_invalid_odds 400         wager_stake_exceeds_max 400
event_not_available 400        sport_event_is_not_booked 400  opened_retry 500
wager_is_placing 409
"""

# The further codes of docs/protocol.md 4.3 and 8.2, in the legacy dialect's names.
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


TABLE = rows(PUBLISHED) | rows(BEYOND)

ALIKE: dict[type[ExchangeError], str] = {
    REJECTED: """
        data_not_found sport_event_not_found wallet_not_found no_cancellable_wagers keypair_num_exceed
        insufficient_amount event_not_available sport_event_is_not_booked sport_event_competitor_blacklisted
        supplemental_market_pre_match_only market_line_invalid wager_already_matched wager_already_cancelled
        wager_is_invalid self_match err_order_placement_disabled err_add_liquidity_only_disabled
    """,
    RETRYABLE: "rate_limit_reached too_many_delayed_requests session_num_exceed",
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
    "unauthorized": (REJECTED, RETRYABLE, RETRYABLE),
    "wager_external_id_existed": (UNKNOWN, REJECTED, REJECTED),
    "wager_ref_id_existed": (UNKNOWN, REJECTED, REJECTED),
    "wager_is_placing": (UNKNOWN, RETRYABLE, RETRYABLE),
    "wager_opened_retry": (UNKNOWN, RETRYABLE, RETRYABLE),
    "opened_retry": (UNKNOWN, RETRYABLE, RETRYABLE),
    "wager_not_belongs_to_user": (UNKNOWN, BUG, BUG),
    "internal_error": (UNKNOWN, UNKNOWN, RETRYABLE),
    "wager_balance_check_timeout": (UNKNOWN, UNKNOWN, RETRYABLE),
    "wager_unable_to_place": (UNKNOWN, UNKNOWN, RETRYABLE),
    "wager_unable_to_cancel": (UNKNOWN, UNKNOWN, RETRYABLE),
    "unknown_error": (UNKNOWN, UNKNOWN, RETRYABLE),
    "reporting_not_available": (UNKNOWN, UNKNOWN, RETRYABLE),
}
"""What the client makes of each code: of a placement, of a cancel, of a read."""

FAILURES = {REJECTED: Failure.REJECTED, RETRYABLE: Failure.RETRYABLE, UNKNOWN: Failure.UNKNOWN, BUG: Failure.BUG}


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
        """Make a read over the client's own transport, and judge its answer as the client does."""
        call = Call("raw", Purpose.READ, "GET" if body is None else "POST", path, body, lambda answer, _: answer)
        clock, errors = self.server.exchange.clock, dialect_of("legacy").errors
        async with open_http() as http:
            await Caller(self.keeper, clock, errors, self.server.base_url, 10, 10, None, None)(call, http)
