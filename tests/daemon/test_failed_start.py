"""A start that fails cancels the open wagers of an earlier run before the daemon ends."""

import contextlib
import socket
import time

import pytest
from daemon_life import Life
from scripted_daemon import HeldClient

from mmbot.config import ClockConfig
from mmbot.domain.wager import Matching, Status, WagerReport, Winning
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.engine.orders import NOT_STARTED
from mmbot.store.heartbeat import HeartbeatFile
from mmbot.store.state_dir import holder_of


def report(wager_id, external_id):
    """A wager that is open and unmatched, in a page of the history."""
    return WagerReport(wager_id, external_id, 1, 2, "l", -110, 500, Status.OPEN, Matching.UNMATCHED, Winning.TBD, 0)


EPOCH = time.time_ns()
FAST = ClockConfig(anchor_ns=EPOCH, epoch_ns=EPOCH, rate=100.0)
"""The reads of a proof are a second apart by this clock."""


def complete_to():
    return EPOCH + (time.time_ns() - EPOCH) * 100 + 10**9


class Proving(HeldClient):
    """An exchange whose history shows nothing open, complete up to the present."""

    async def perform(self, request):
        if isinstance(request, r.ReadHistory):
            self.sent.append(request)
            now = complete_to()
            return e.HistoryRead(request.id, (), "", now, now)
        return await super().perform(request)


def damaged(directory):
    (directory / "journal.sqlite").write_bytes(b"not a database" * 500)


async def test_after_a_damaged_journal_everything_is_cancelled_before_the_start_is_rejected(tmp_path):
    damaged(tmp_path)
    life = Life(tmp_path, Proving(), exchange={"clock": FAST})
    assert await life.ended() == NOT_STARTED
    assert [type(sent) for sent in life.client.sent[:1]] == [r.CancelAll]
    assert life.wire.closed
    assert "journal.sqlite" in life.logged()[0]["why"]
    assert life.events() == ["start.failed", "start.clearing", "start.cleared"]
    assert holder_of(tmp_path) is None


async def test_a_start_that_fails_and_cannot_cancel_says_so_within_the_deadline(tmp_path):
    damaged(tmp_path)

    class Barred(HeldClient):
        async def perform(self, request):
            return e.Failed(
                request.id, e.Failure.RETRYABLE, "connection", "refused", reason=e.FailureReason.UNREACHABLE
            )

    life = Life(tmp_path, Barred(), stop={"deadline_s": 0.2})
    assert await life.ended() == NOT_STARTED
    assert life.logged()[-1]["event"] == "start.not_cleared"
    assert life.logged()[-1]["why"] == "connection: refused"


async def test_wrong_keys_after_a_damaged_journal_are_not_waited_for(tmp_path):
    damaged(tmp_path)

    class Refused(HeldClient):
        async def perform(self, request):
            return e.Failed(request.id, e.Failure.REJECTED, "login_refused", reason=e.FailureReason.LOGIN)

    life = Life(tmp_path, Refused(), stop={"deadline_s": 600.0})
    assert await life.ended() == NOT_STARTED
    assert life.logged()[-1]["why"] == "login_refused"


async def test_an_engine_that_cannot_be_made_leaves_no_wager_of_an_earlier_run(tmp_path):
    class Broken(Life):
        def make(self, *given):
            raise KeyError("a row of the journal")

    life = Broken(tmp_path, Proving(), exchange={"clock": FAST})
    assert await life.ended() == NOT_STARTED
    assert [type(sent) for sent in life.client.sent[:1]] == [r.CancelAll]
    assert life.events() == ["start.failed", "start.clearing", "start.cleared"]


@pytest.mark.parametrize("clean", [True, False])
async def test_a_port_in_use_cancels_only_wagers_of_a_run_that_did_not_end_in_order(tmp_path, clean):
    with HeartbeatFile(tmp_path) as heartbeat:
        heartbeat.begin("1abcde", 1, 1, 0)
        if clean:
            heartbeat.end()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        life = Life(tmp_path, Proving(), exchange={"clock": FAST}, telemetry={"port": taken.getsockname()[1]})
        assert await life.ended() == NOT_STARTED
    assert any(isinstance(sent, r.CancelAll) for sent in life.client.sent) is not clean


async def test_on_a_shared_account_the_heartbeat_tells_whose_wagers_they_are(tmp_path):
    """The journal knows the run ids, and it is damaged."""
    damaged(tmp_path)
    with HeartbeatFile(tmp_path) as heartbeat:
        heartbeat.begin("1abcde", 1, 1, 0)
    ours, others = report("w1", "1abcde-a-1"), report("w2", "by-hand")

    class Shared(HeldClient):
        async def perform(self, request):
            self.sent.append(request)
            now = complete_to()
            if isinstance(request, r.CancelMany):
                return e.Cancelled(request.id, tuple(item.external_id for item in request.items), (), now)
            cancelled = any(isinstance(sent, r.CancelMany) for sent in self.sent)
            return e.HistoryRead(request.id, (others,) if cancelled else (ours, others), "", now, now)

    life = Life(tmp_path, Shared(), exchange={"account": "shared", "clock": FAST})
    assert await life.ended() == NOT_STARTED
    cancels = [sent for sent in life.client.sent if isinstance(sent, r.CancelMany)]
    assert [item.wager_id for cancel in cancels for item in cancel.items] == ["w1"]
    assert life.events() == ["start.after_unclean_end", "start.failed", "start.clearing", "start.cleared"]


async def test_on_a_shared_account_without_any_run_id_nothing_is_cancelled(tmp_path):
    damaged(tmp_path)
    life = Life(tmp_path, Proving(), exchange={"account": "shared"})
    assert await life.ended() == NOT_STARTED
    assert life.client.sent == []
    assert life.events() == ["start.failed", "start.not_cleared"]
