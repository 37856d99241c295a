"""Each fault of the local exchange, as a client sees it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
from small_world import GAME, MONEYLINE

from mmbot.domain.instant import MILLISECOND
from mmbot.simulator.wire.faults import FailRequest, Fault, FaultPlan, LoseAnswer
from mmbot.simulator.wire.local_exchange import LocalSettings
from mmbot.simulator.wire.one_off_faults import OneOffFault
from mmbot.simulator.wire.pusher_server import FeedSettings


def wager(partner: Any, external_id: str) -> dict[str, object]:
    return {"external_id": external_id, "line_id": partner.line_id(0), "odds": 110, "stake": 10}


async def placed(partner: Any) -> None:
    """Until the exchange holds a wager of the account."""
    async with asyncio.timeout(5):
        while not partner.exchange.venue.wagers(partner.exchange.account):
            await partner.sim("GET", "sim/clock")


async def falls_silent(socket: Any) -> None:
    """Until nothing has come for a while: only what was sent before the fault may still."""
    async with asyncio.timeout(5):
        while True:
            try:
                message = await socket.receive(timeout=0.2)
            except TimeoutError:
                return
            assert json.loads(message.data)["event"] == "health_check"


async def test_a_request_whose_answer_is_lost_was_processed(partner: Any) -> None:
    await partner.fault("lose_answer", endpoint="place_wager", times=2)
    for external_id in ("a", "b"):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await partner.post("mm/place_wager", wager(partner, external_id))
    status, body = await partner.post("mm/place_wager", wager(partner, "a"))
    assert (status, body["error"]) == (400, "wager_external_id_existed")
    assert (await partner.post("mm/place_wager", wager(partner, "c")))[0] == 200


async def test_a_lost_request_was_not_processed(partner: Any) -> None:
    await partner.fault("lose_request", endpoint="place_*")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await partner.post("mm/place_wager", wager(partner, "a"))
    assert (await partner.post("mm/place_wager", wager(partner, "a")))[0] == 200


async def test_an_answer_that_never_comes_leaves_the_wager_placed(partner: Any) -> None:
    await partner.fault("hang_answer", endpoint="place_wager")
    with pytest.raises(TimeoutError):
        await partner.post("mm/place_wager", wager(partner, "a"), timeout=aiohttp.ClientTimeout(total=0.2))
    status, body = await partner.post("mm/place_wager", wager(partner, "a"))
    assert (status, body["error"]) == (400, "wager_external_id_existed")


async def test_a_late_answer_was_processed_at_once(partner: Any) -> None:
    await partner.fault("delay_answer", endpoint="place_wager", seconds=0.3)
    late = asyncio.create_task(partner.post("mm/place_wager", wager(partner, "a")))
    await placed(partner)
    assert not late.done()
    assert (await late)[0] == 200


async def test_a_request_may_be_processed_after_its_sender_gave_up(partner: Any) -> None:
    await partner.fault("delay_request", endpoint="place_wager", seconds=0.3)
    with pytest.raises(TimeoutError):
        await partner.post("mm/place_wager", wager(partner, "a"), timeout=aiohttp.ClientTimeout(total=0.1))
    assert partner.exchange.venue.wagers(partner.exchange.account) == []
    await placed(partner)


@pytest.mark.parametrize(("status", "code"), [(500, "internal_error"), (503, "reporting_not_available"), (408, "slow")])
async def test_an_error_before_processing_and_one_after_it(partner: Any, status: int, code: str) -> None:
    await partner.fault("fail_request", endpoint="place_wager", status=status, code=code)
    answered, body = await partner.post("mm/place_wager", wager(partner, "a"))
    assert (answered, body["error"]) == (status, code)
    await partner.fault("fail_answer", endpoint="place_wager", status=status, code=code)
    answered, body = await partner.post("mm/place_wager", wager(partner, "a"))
    assert (answered, body["error"]) == (status, code)
    answered, body = await partner.post("mm/place_wager", wager(partner, "a"))
    assert (answered, body["error"]) == (400, "wager_external_id_existed")


async def test_a_429_on_demand_says_when_to_try_again(partner: Any) -> None:
    await partner.fault("fail_request", endpoint="*", status=429, code="rate_limit_reached", retry_after=2.5)
    status, body = await partner.get("mm/get_balance")
    assert (status, body["error"]) == (429, "rate_limit_reached")
    assert partner.headers["Retry-After"] == "3"
    assert body["details"]["next_allow_at"] > 0


async def test_an_answer_that_is_no_json_comes_with_200(partner: Any) -> None:
    await partner.fault("garble_answer", endpoint="get_balance")
    with pytest.raises(json.JSONDecodeError):
        await partner.get("mm/get_balance")
    assert (await partner.get("mm/get_balance"))[0] == 200


async def test_faults_are_listed_and_lifted_one_by_one_and_all_at_once(partner: Any) -> None:
    first = await partner.fault("fail_request", endpoint="get_balance", times=None)
    await partner.fault("duplicate")
    listed = await partner.sim("GET", "sim/faults")
    assert [each["fault"] for each in listed] == ["fail_request", "duplicate"]
    assert (await partner.get("mm/get_balance"))[0] == 500
    assert (await partner.get("mm/get_balance"))[0] == 500
    assert await partner.sim("DELETE", f"sim/faults/{first['id']}") == {"lifted": 1}
    assert (await partner.get("mm/get_balance"))[0] == 200
    assert await partner.sim("DELETE", "sim/faults") == {"lifted": 1}
    assert await partner.sim("GET", "sim/faults") == []


def test_a_fault_runs_out_after_its_times_and_touches_only_its_endpoints() -> None:
    plan = FaultPlan()
    plan.add(LoseAnswer(endpoint="cancel_*", times=2))
    plan.add(FailRequest(endpoint="cancel_all_wagers", times=None))
    assert plan.at_endpoint("place_wager") == []
    assert [type(fault) for fault in plan.at_endpoint("cancel_all_wagers")] == [LoseAnswer, FailRequest]
    assert [type(fault) for fault in plan.at_endpoint("cancel_wager")] == [LoseAnswer]
    assert [type(fault) for fault in plan.at_endpoint("cancel_all_wagers")] == [FailRequest]


@pytest.mark.parametrize(
    "order",
    [
        "",
        "{}",
        '{"fault": "thunder"}',
        '{"fault": "silence", "loud": true}',
        '{"fault": "lose_answer", "times": 0}',
        '{"fault": "go_live", "event": 7}',
        '{"fault": "settle", "event": 7, "winner": 0}',
        '{"fault": "settle", "event": 10001, "winner": 2}',
        '{"fault": "pusher_error", "code": 200}',
    ],
)
async def test_a_fault_that_cannot_be_applied_is_rejected_with_a_reason(partner: Any, order: str) -> None:
    async with partner.http.post(f"{partner.server.url}/sim/faults", data=order.encode()) as answer:
        assert answer.status == 400
        assert (await answer.json())["message"]


def test_every_fault_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "exchange.md").read_text()
    missing = [
        kind for kind in get_args(Fault) + get_args(OneOffFault) if f"`{kind.__struct_config__.tag}`" not in page
    ]
    assert missing == []


# --- the feed -----------------------------------------------------------------------------------------------------


async def test_a_dropped_socket_ends_without_a_close_frame(partner: Any, connect: Any) -> None:
    feed = await connect()
    assert await partner.fault("drop_socket") == {"sockets": 1}
    assert await feed.ended() == 1006


@pytest.mark.parametrize("code", [4100, 4200, 4201])
async def test_a_socket_is_closed_with_a_code_on_demand(partner: Any, connect: Any, code: int) -> None:
    feed = await connect()
    closing = asyncio.create_task(partner.fault("close_socket", code=code, message="over capacity"))
    frame = await feed.frame()
    assert (frame["event"], frame["data"]) == ("pusher:error", {"code": code, "message": "over capacity"})
    assert await feed.ended() == code
    await closing


class TestQuietFeeds:
    """A feed with quick health checks, so that their absence shows."""

    @pytest.fixture
    def local_settings(self) -> LocalSettings:
        return LocalSettings(feed=FeedSettings(health_check=20 * MILLISECOND))

    async def test_a_silent_socket_still_answers_pings(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await feed.until(lambda frame: frame["event"] == "health_check")
        await partner.fault("silence")
        partner.crowd_rests(0, -117, 800_00)
        await falls_silent(feed.socket)
        for _ in range(3):
            await feed.send("pusher:ping", {})
            assert (await feed.frame())["event"] == "pusher:pong"
        newer = await connect()
        await newer.until(lambda frame: frame["event"] == "health_check")
        await partner.sim("DELETE", "sim/faults")
        await feed.until(lambda frame: frame["event"] == "health_check")

    async def test_a_half_open_socket_answers_nothing_and_stays(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await feed.until(lambda frame: frame["event"] == "health_check")
        await partner.fault("half_open", new=True)
        newer = await connect(subscribe=False)
        for socket in (feed.socket, newer.socket):
            await socket.send_str('{"event": "pusher:ping", "data": {}}')
            await socket.ping()
        with pytest.raises(TimeoutError):
            await newer.socket.receive(timeout=0.2)
        await falls_silent(feed.socket)
        assert len(partner.exchange.pusher.sockets) == 2
        assert (await partner.get("mm/get_balance"))[0] == 200

    async def test_a_frame_may_stall_in_its_middle(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("stall_frame")
        await falls_silent(feed.socket)
        assert not feed.socket.closed

    async def test_lost_messages_leave_the_health_checks(self, partner: Any, connect: Any) -> None:
        feed = await connect()
        await partner.fault("drop_messages", change_type="wager")
        placed = await partner.place("w")
        await partner.opened(placed["id"])
        partner.crowd_rests(1, -105, 10_00)
        names = []
        while names.count("health_check") < 5:
            names.append((await feed.frame())["event"])
        assert "wagers" not in names
        assert "tournament_132" in names


async def test_every_message_may_come_twice(partner: Any, connect: Any) -> None:
    feed = await connect()
    await partner.fault("duplicate")
    partner.crowd_rests(0, -117, 800_00)
    first = await feed.until(lambda frame: frame["event"] == "tournament_132")
    assert await feed.frame() == first


async def test_a_garbled_frame_on_demand(partner: Any, connect: Any) -> None:
    feed = await connect()
    await partner.fault("garble_socket")
    with pytest.raises(json.JSONDecodeError):
        await feed.frame()
    await feed.send("pusher:ping", {})
    assert (await feed.frame())["event"] == "pusher:pong"


async def test_new_connections_may_be_rejected(partner: Any, connect: Any) -> None:
    await partner.fault("reject_socket", times=1)
    with pytest.raises(aiohttp.WSServerHandshakeError) as rejected:
        await connect(subscribe=False)
    assert rejected.value.status == 503
    await connect()


async def test_an_upgrade_may_never_be_answered(partner: Any, connect: Any) -> None:
    await partner.fault("hang_upgrade", times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connect(subscribe=False)
    await connect()


async def test_the_hello_may_never_come(partner: Any, connect: Any) -> None:
    await partner.fault("mute_hello", times=1)
    feed = await connect(subscribe=False)
    with pytest.raises(TimeoutError):
        await feed.socket.receive(timeout=0.2)


@pytest.mark.parametrize("code", [4004, 4100, 4200])
async def test_new_connections_may_be_met_with_an_error(partner: Any, connect: Any, code: int) -> None:
    await partner.fault("pusher_error", code=code, times=1)
    feed = await connect(subscribe=False)
    assert (await feed.frame())["data"]["code"] == code
    assert await feed.ended() == code
    await connect()


async def test_a_wrong_signature_is_handed_out_and_then_rejected(partner: Any, connect: Any) -> None:
    await partner.fault("wrong_signature", times=1)
    feed = await connect(subscribe=False)
    await feed.hello()
    _, body = await partner.post("mm/pusher", {"socket_id": feed.socket_id})
    first, second = body["data"]["authorized_channel"]
    await feed.send("pusher:subscribe", {"channel": first["channel_name"], "auth": first["auth"]})
    assert (await feed.frame())["data"]["code"] == 4009
    await feed.send("pusher:subscribe", {"channel": second["channel_name"], "auth": second["auth"]})
    assert (await feed.frame())["event"] == "pusher_internal:subscription_succeeded"


async def test_a_subscription_may_never_be_confirmed(partner: Any, connect: Any) -> None:
    await partner.fault("mute_subscribe", times=1)
    feed = await connect(subscribe=False)
    await feed.hello()
    _, body = await partner.post("mm/pusher", {"socket_id": feed.socket_id})
    channel = body["data"]["authorized_channel"][0]
    await feed.send("pusher:subscribe", {"channel": channel["channel_name"], "auth": channel["auth"]})
    await feed.send("pusher:ping", {})
    assert (await feed.frame())["event"] == "pusher:pong"


# --- the board and the account ------------------------------------------------------------------------------------


async def test_activations_may_take_long_and_those_that_follow_queue_behind(partner: Any) -> None:
    await partner.fault("delay_activations", seconds=0.4)
    slow = await partner.place("slow")
    await partner.sim("DELETE", "sim/faults")
    behind = await partner.place("behind", odds=115)
    _, body = await partner.get(f"mm/get_wager/{behind['id']}")
    assert body["data"]["status"] == "inactive"
    await partner.opened(behind["id"])
    assert (await partner.get(f"mm/get_wager/{slow['id']}"))[1]["data"]["status"] == "open"


async def test_a_wager_by_hand_appears_on_the_same_account(partner: Any) -> None:
    by_hand = {"external_id": "by-hand", "line_id": partner.line_id(0), "odds": 120, "stake": 5}
    placed = await partner.fault("place_wager", **by_hand)
    assert (await partner.opened(placed["wager_id"]))["external_id"] == "by-hand"
    async with partner.http.post(
        f"{partner.server.url}/sim/faults", json={"fault": "place_wager", **by_hand}
    ) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"] == "wager_external_id_existed"


async def test_a_match_may_be_voided_or_its_result_corrected(partner: Any) -> None:
    placed = await partner.place("w", side=0, odds=110, stake=10.0)
    await partner.opened(placed["id"])
    partner.crowd_rests(1, -110, 11_00)
    await partner.until(placed["id"], lambda each: each["matching_status"] == "fully_matched")
    await partner.fault("settle", event=GAME, market=MONEYLINE, winner=1)
    lost = await partner.until(placed["id"], lambda each: each["status"] == "closed")
    assert lost["winning_status"] == "lost"
    await partner.fault("correct", event=GAME, market=MONEYLINE, winner=0)
    won = await partner.until(placed["id"], lambda each: each["status"] == "manually_settled")
    assert won["winning_status"] == "manually_won"
    await partner.fault("void", event=GAME, market=MONEYLINE)
    void = await partner.until(placed["id"], lambda each: each["status"] == "void")
    assert void["winning_status"] == "no_result"
    _, body = await partner.get("mm/get_balance")
    assert body["data"]["balance"] == 1000.0
    await partner.fault("deposit", amount=-250.5)
    assert (await partner.get("mm/get_balance"))[1]["data"]["balance"] == 749.5
    assert (await partner.sim("GET", "referee"))["ok"]


async def test_the_board_and_the_clock_can_be_read(partner: Any) -> None:
    partner.crowd_rests(0, -117, 800_00)
    await partner.fault("delay_activations", seconds=60)
    await partner.place("w", odds=-120)
    board = await partner.sim("GET", "sim/board")
    (line,) = board["events"][0]["markets"][0]["lines"]
    assert line["book"] == [[], [[117, 683.76]]]
    assert line["line_ids"] == [partner.line_id(0), partner.line_id(1)]
    assert [each["external_id"] for each in board["live_wagers"]] == ["w"]
    assert board["balance"] == 1000.0
    clock = await partner.sim("GET", "sim/clock")
    assert clock["rate"] == 1.0
    assert abs(clock["now_ns"] - partner.exchange.clock.now()) < 5_000_000_000


async def test_the_referee_can_be_told_of_a_kill(partner: Any) -> None:
    await partner.fault("latched", cause="kill")
    await partner.place("after")
    report = await partner.sim("GET", "referee")
    assert not report["ok"]
    assert [each["invariant"] for each in report["broken"]] == [4]
    await partner.fault("resumed")
    await partner.place("later", odds=120)
    assert (await partner.sim("GET", "referee"))["broken_count"] == 1


async def test_an_unknown_fault_is_answered_with_a_list_of_the_known_ones(partner: Any) -> None:
    async with partner.http.post(f"{partner.server.url}/sim/faults", json={"fault": "bogus"}) as answer:
        assert answer.status == 400
        told = (await answer.json())["message"]
    assert "'bogus'" in told
    for name in ("bare_sides", "maintenance", "docs/exchange.md"):
        assert name in told


async def test_an_answer_can_be_replaced_after_the_request_was_processed(partner: Any) -> None:
    await partner.fault("replace_answer", endpoint="cancel_all_wagers", status=204, headers={"X-More": "1"})
    await partner.post("mm/place_wager", wager(partner, "a"))
    headers = {"Authorization": f"Bearer {partner.token}"}
    url = f"{partner.server.base_url}/mm/cancel_all_wagers"
    async with partner.http.post(url, json={}, headers=headers) as answer:
        assert (answer.status, answer.headers["X-More"], await answer.read()) == (204, "1", b"")


async def test_an_answer_can_go_on_for_ever(partner: Any) -> None:
    await partner.fault("endless_answer", endpoint="get_balance")
    headers = {"Authorization": f"Bearer {partner.token}"}
    async with partner.http.get(f"{partner.server.base_url}/mm/get_balance", headers=headers) as answer:
        read = 0
        async for piece in answer.content.iter_any():
            read += len(piece)
            if read > 1 << 22:
                break
    assert read > 1 << 22


async def test_wagers_of_any_form_can_stand_in_the_history(partner: Any) -> None:
    odd = {"id": "w-1", "status": "expired", "odds": None}
    await partner.fault("add_wagers", wagers=[odd, None])
    now = partner.exchange.tick() // 10**9
    _, body = await partner.get("mm/get_wager_histories", **{"from": now - 100, "to": now + 100})
    assert body["data"]["wagers"][-2:] == [odd, None]
