"""The daemon while it runs: it carries out the orders of the engine, and it stops in order after a fault."""

import contextlib
import sqlite3
import time

import pytest
from daemon_life import Life
from scripted_daemon import HeldClient, until

from mmbot.config import ClockConfig
from mmbot.config.settings import JournalConfig
from mmbot.daemon.trouble import LOOK, RESUME
from mmbot.engine import events as e
from mmbot.engine import orders as o
from mmbot.engine import requests as r
from mmbot.engine.orders import FAULT, NOT_CLEAR, STOPPED
from mmbot.store import latch
from mmbot.store.heartbeat import HeartbeatFile
from mmbot.store.journal import JOURNAL_FILE, Journal


async def test_orders_are_carried_out_and_reported_back(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.engine.outbox += [
        o.Connect("start"),
        o.ReserveBlock(7_000),
        o.Alert(o.Severity.WARNING, "wager.odd", {"event": 3, "level": "soft"}),
        o.WriteLatch("why", 5),
    ]
    life.around.deliver(e.Beat(1))
    await until(lambda: e.BlockReserved(7_000) in [event for event, _ in life.engine.heard])
    await until(lambda: e.LatchWritten(reason="why") in [event for event, _ in life.engine.heard])
    assert life.wire.connects == ["start"]
    assert latch.read(tmp_path) == latch.Latch("why", 5)
    life.engine.outbox.append(o.ReleaseLatch())
    life.around.deliver(e.Beat(1))
    await until(lambda: latch.read(tmp_path) is None)
    life.around.deliver(e.StopRequested())
    await life.ended()
    (alert,) = [line for line in life.logged() if line["event"] == "wager.odd"]
    assert (alert["level"], alert["event_"], alert["level_"]) == ("warning", 3, "soft")


async def test_a_latch_that_cannot_be_written_is_reported_to_the_engine(tmp_path):
    life = Life(tmp_path)
    await life.up()
    (tmp_path / "latch.json").mkdir()
    (tmp_path / "latch.json" / "occupied").touch()
    life.engine.outbox.append(o.WriteLatch("why", 5))
    life.around.deliver(e.Beat(1))
    await until(lambda: any(isinstance(event, e.LatchWritten) for event, _ in life.engine.heard))
    (heard,) = [event for event, _ in life.engine.heard if isinstance(event, e.LatchWritten)]
    assert heard.error
    life.around.deliver(e.StopRequested())
    await life.ended()
    assert "latch.not_written" in life.events()


async def test_what_was_saved_before_the_exit_is_in_the_journal(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.engine.outbox += [o.Save((o.SaveSettlement(1, number, 5, 0, 7),)) for number in range(50)]
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    with contextlib.closing(Journal(tmp_path)) as journal:
        assert len(journal.load(0).settlements) == 50


@pytest.mark.parametrize("ready", [True, False])
async def test_the_journal_knows_all_wagers_only_up_to_an_instant_at_which_the_engine_may_quote(tmp_path, ready):
    """Before, the engine has not read everything, so the next start must not rely on the journal."""

    def alive_at():
        with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL_FILE)) as journal:
            return journal.execute("SELECT at FROM last_instant").fetchone()

    life = Life(tmp_path)
    await life.up()
    life.engine.ready = ready
    life.around.deliver(e.Beat(1))
    await until(alive_at)
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
    with contextlib.closing(Journal(tmp_path)) as journal:
        kept = journal.load(1 << 62)
    assert kept.known_to == (kept.since if ready else 0)


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_a_part_that_dies_stops_the_daemon_in_order(tmp_path, how):
    async def part():
        await until(lambda: life.engine is not None and life.engine.heard)
        if how == "raises":
            raise LookupError("a bug")

    life = Life(tmp_path)
    life.wire.work = {"session": part()}
    assert await life.ended() == FAULT
    (died,) = [line for line in life.logged() if line["event"] == "part.died"]
    assert died["part"] == "session"
    assert isinstance(life.client.sent[-1], r.CancelAll)
    assert len(life.client.sent) == 2  # at the start, and at the stop
    assert life.logged()[-1]["fault"] == "session"


async def test_a_broken_engine_cancels_everything_latches_and_exits_3(tmp_path):
    class Exchange(HeldClient):
        async def perform(self, request):
            if isinstance(request, r.ReadHistory):
                self.sent.append(request)
                return e.HistoryRead(request.id, (), "", life.around.clock.now(), life.around.clock.now())
            return await super().perform(request)

    started = time.time_ns()
    life = Life(tmp_path, Exchange(), exchange={"clock": ClockConfig(anchor_ns=started, epoch_ns=started, rate=50.0)})
    await life.up()
    life.engine.requests.append(r.PlaceMany(77, ()))
    life.around.deliver(e.Beat(1))
    await until(lambda: 77 in life.client.waiting)
    before = len(life.client.sent)
    life.around.deliver(e.PriceGiven("boom", 0.5, 0))
    await until(lambda: len(life.client.sent) > before)
    assert isinstance(life.client.sent[before], r.CancelAll)  # at once, with a placement still under way
    life.client.waiting[77].set_result(e.Placed(77, (), ()))
    assert await life.ended() == NOT_CLEAR
    assert sum(isinstance(request, r.CancelAll) for request in life.client.sent[before:]) >= 2  # and after it
    raised = next(line for line in life.logged() if line["event"] == "engine.raised")
    assert "PriceGiven" in raised["over"]
    assert "the engine broke" in raised["exception"]
    assert "secret-key-of-the-test" not in life.out.getvalue()
    assert latch.read(tmp_path).reason == "the engine failed: RuntimeError"
    stopped = next(line for line in life.logged() if line["event"] == "daemon.stopped")
    assert (stopped["code"], stopped["clear"]) == (NOT_CLEAR, True)
    assert stopped["hint"] == RESUME


async def test_an_end_that_is_not_clear_and_the_start_after_it_say_what_to_do(tmp_path):
    life = Life(tmp_path)
    await life.up()
    life.engine.outbox.append(o.Exit(3, "not clear at the deadline"))
    life.around.deliver(e.Beat(1))
    assert await life.ended() == NOT_CLEAR
    stopped = next(line for line in life.logged() if line["event"] == "daemon.stopped")
    assert stopped["hint"] == LOOK
    with HeartbeatFile(tmp_path) as heartbeat:  # as after a kill -9
        heartbeat.begin("7abcde", 1, 1_800_000_000 * 10**9, 0)
    again = Life(tmp_path)
    await again.up()
    again.around.deliver(e.StopRequested())
    await again.ended()
    (said,) = [line for line in again.logged() if line["event"] == "start.after_unclean_end"]
    assert "run 7abcde did not end in order" in said["why"]


async def test_a_full_disk_is_told_to_the_engine(tmp_path):
    life = Life(tmp_path, journal=JournalConfig(min_free_mb=1_000_000))  # more than this disk has
    await life.up()
    await until(lambda: "journal.trouble" in life.events())
    told = [event.trouble for event, _ in life.engine.heard if isinstance(event, e.JournalState)]
    assert len(told) == 1
    assert "MB are free on the journal's disk" in told[0]
    life.around.deliver(e.StopRequested())
    assert await life.ended() == STOPPED
