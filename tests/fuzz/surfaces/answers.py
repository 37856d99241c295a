"""REST answers: every kind of read and change, with the answer in place of the exchange's.

The first byte says which request gets the rest as the body of its answer. The second byte gives the status.
"""

from __future__ import annotations

import json

from engine_scene import GAME, MONEYLINE, Scene

from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.exchange.errors import ExchangeError
from surfaces import Surface
from surfaces.a_scene import settle
from surfaces.a_server import Server, http

_KINDS = (
    r.ReadLadder,
    r.ReadTournaments,
    r.ReadSportEvents,
    r.ReadSportEventsById,
    r.ReadMarkets,
    r.ReadHistory,
    r.ReadBalance,
    r.PlaceMany,
    r.CancelMany,
    r.CancelAll,
    r.ReadWager,
    r.ReadMatches,
    r.ReadTransactions,
)
_DIRECT = ("connection_config", "register", "players", "player", "search_markets", "matched_bets", "matches_of")
_STATUSES = (200, 200, 200, 204, 400, 401, 403, 404, 409, 422, 429, 500, 503)
_MOST_ANSWERS = 3

_server = Server()


def check(data: bytes) -> None:
    """Answer a request of an engine, or a direct call, and let the engine go on with the real answers afterwards."""
    if len(data) < 2:
        return
    kind = data[0] % (len(_KINDS) + len(_DIRECT))
    _server.answer = http(_STATUSES[data[1] % len(_STATUSES)], data[2:])
    if kind < len(_KINDS):
        _with_engine(_KINDS[kind])
    else:
        _server.run(_call(_DIRECT[kind - len(_KINDS)]))


def _with_engine(kind: type) -> None:
    scene = Scene()
    left = _MOST_ANSWERS

    def answer(request: r.Request, now: Instant) -> e.Answer | None:
        nonlocal left
        if not isinstance(request, kind) or not left:
            return None
        left -= 1
        return _server.run(_perform(request))

    scene.run.on_request = answer
    scene.go(20 * SECOND)
    if scene.sides() == {0, 1}:
        scene.take(0, 700)
        scene.take(1, 900)
    scene.go(20 * SECOND)
    scene.around(odds=(120, -110))
    scene.go(3 * MINUTE)
    scene.run.drop_feed()
    settle(scene)


async def _perform(request: r.Request) -> e.Answer:
    client = await _server.client()
    answer = await client.perform(request)
    if isinstance(answer, e.Failed):
        assert len(answer.message) <= 300, len(answer.message)
        answer.message.encode()
    return answer


async def _call(name: str) -> None:
    client = await _server.client()
    now = 1_800_000_000 * SECOND
    calls = {
        "connection_config": client.connection_config,
        "register": lambda: client.register("1.2"),
        "players": lambda: client.players(132),
        "player": lambda: client.player(7, 132),
        "search_markets": lambda: client.search_markets(132),
        "matched_bets": lambda: client.matched_bets(now - SECOND, now),
        "matches_of": lambda: client.matches_of("w1"),
    }
    try:
        await calls[name]()
    except ExchangeError as bad:
        assert len(str(bad)) <= 400, len(str(bad))


def _seeds() -> tuple[bytes, ...]:
    # long: one example of the answer to each call.
    scene = Scene().quoted()
    own = [
        {
            "id": wager.wager_id,
            "external_id": wager.external_id,
            "sport_event_id": GAME,
            "market_id": MONEYLINE,
            "line_id": wager.line_id,
            "odds": wager.odds,
            "stake": wager.stake / 100,
            "matched_stake": 1.5,
            "unmatched_stake": wager.stake / 100 - 1.5,
            "status": "open",
            "matching_status": "partially_matched",
            "winning_status": "tbd",
            "created_at": "2027-01-15T08:00:01.5Z",
            "profit": None,
        }
        for wager in scene.wagers()
    ]
    sport_event = {
        "event_id": GAME,
        "tournament_id": 132,
        "name": "A @ B",
        "status": "not_started",
        "scheduled": "2027-01-15T14:00:00Z",
        "competitors": [{"name": "A"}],
    }
    market = {
        "id": MONEYLINE,
        "event_id": GAME,
        "name": "Moneyline",
        "type": "moneyline",
        "sub_type": "moneyline",
        "category_name": "Game Lines",
        "status": "active",
        "selections": [
            [{"outcome_id": 4 + side, "line_id": own[side]["line_id"], "name": "a", "odds": 110, "value": 50.5}]
            for side in (0, 1)
        ],
    }
    spread = market | {
        "id": 223,
        "selections": None,
        "market_lines": [{"line": -3.5, "name": "-3.5", "selections": market["selections"]}],
    }
    failed = {"request": own[1], "error": "insufficient_amount", "message": "no", "index": 1}
    match = {"wager_id": own[0]["id"], "odds": 110, "stake": 1.5, "matched_odds": -110, "matched_stake": 1.5}
    transaction = {
        "id": "t1",
        "transaction_type": "BET",
        "amount": 1.5,
        "balance": 9_998.5,
        "wager_id": own[0]["id"],
        "event_id": GAME,
        "market_id": MONEYLINE,
        "created_at": "2027-01-15T08:00:01Z",
        "status": "done",
    }
    player = {"id": 7, "name": "P", "team_id": 3}
    bodies = (
        [-200, -110, 100, 110, 120, 200],
        {"tournaments": [{"id": 132, "name": "NBA", "sport": {"name": "Basketball"}}]},
        {"sport_events": [sport_event]},
        {"sport_events": [sport_event]},
        {str(GAME): [market, spread]},
        {"wagers": own, "next_cursor": "c1", "last_synced_at": "2027-01-15T08:00:01Z"},
        {"balance": 10_000.0, "matched_wager_balance": 1.5, "unmatched_wager_balance": 95.0},
        {"succeed_wagers": [own[0]], "failed_wagers": [failed]},
        [{"success": True, "wager": own[0]}, {"success": False, "error": "data_not_found", "external_id": "x"}],
        {"success": True},
        {"wager": own[0]},
        {"matching_details": [match], "next_cursor": ""},
        {"transactions": [transaction], "next_cursor": ""},
        None,
        {"authorized_channel": [{"channel_name": "c", "auth": "k:1", "binding_events": ["a", {"name": "b"}]}]},
        [player],
        {"player": player},
        {"markets": [market]},
        {"matched_bets": [match], "next_cursor": ""},
        [match],
    )
    made = [bytes((kind, 0)) + json.dumps({"data": body}).encode() for kind, body in enumerate(bodies)]
    config = {"key": "k", "cluster": "mt1", "ws_host": "", "app_id": 1}
    made[bodies.index(None)] = bytes((bodies.index(None), 0)) + json.dumps(config).encode()
    error = {
        "error": "rate_limit_reached",
        "message": "slow",
        "error_code": 7,
        "details": {"next_allow_at": 1_800_000_001},
    }
    made += [bytes((kind, status)) + json.dumps(error).encode() for kind, status in ((5, 10), (7, 4), (9, 7), (8, 8))]
    return tuple(made)


SURFACE = Surface("answers", _seeds(), check, head=2, examples=200)
