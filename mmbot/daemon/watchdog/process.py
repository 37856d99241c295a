"""The watchdog process. It reads the daemon's heartbeat, and cancels everything when the daemon stands still."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable
from enum import Enum
from pathlib import Path
from typing import Final

from structlog.types import FilteringBoundLogger

from mmbot.daemon.clear_account import AccountClearer, Guarded, ours_of
from mmbot.daemon.loop import Client
from mmbot.daemon.watchdog.open_wagers import OpenWagers
from mmbot.daemon.watchdog.paced import Paced
from mmbot.daemon.watchdog.verdict import Judge, Verdict
from mmbot.domain.instant import SECOND, Clock, Duration, in_seconds, iso, seconds
from mmbot.store.heartbeat import Heartbeat, HeartbeatFile, read_heartbeat, since_boot, this_boot
from mmbot.store.journal import JournalError
from mmbot.store.state_dir import holder_of

RESERVE: Final = 5
"""The number of requests a second that the daemon leaves to the watchdog. One of these requests is for the watchdog's
own session and connections."""

LOOK_S: Final = 0.1
"""The time between two reads of the daemon's heartbeat file, in seconds."""

ROUND_S: Final = 20.0
"""The longest time of one attempt to prove that no wager of ours is open, in seconds. If the attempt fails, the next
attempt follows at once."""

AGAIN_S: Final = 60.0
"""The time between two attempts to cancel everything while a silent daemon still has a process, in seconds. The
watchdog repeats the cancel because such a daemon may run again for a moment."""

GRACE_S: Final = 30.0
"""The time that a watchdog waits for its daemon to start, in seconds. It applies to a watchdog that ends with its
daemon."""


class Ended(Enum):
    """The reason why the watchdog ended."""

    ASKED = "asked"
    WITH_DAEMON = "with_daemon"


class Watchdog:
    """Watches one state directory.

    Args:
        directory: the state directory.
        client: the client, which has a session of its own.
        clock: the clock of the exchange.
        account: ``exclusive`` or ``shared``.
        silence_s: the time without a sign of life after which the watchdog acts, in seconds.
        with_daemon: True if the watchdog ends by itself when no daemon runs and no daemon has left open wagers.
        now: a function that returns the nanoseconds since the boot of the machine.
    """

    def __init__(
        self,
        directory: Path,
        client: Client,
        clock: Clock,
        account: str,
        silence_s: float,
        log: FilteringBoundLogger,
        *,
        with_daemon: bool = False,
        now: Callable[[], int] = since_boot,
    ) -> None:
        self._directory: Final = directory
        self._client: Final = Paced(Guarded(client), RESERVE - 1)
        self._clock: Final = clock
        self._account: Final = account
        self._log: Final = log
        self._with_daemon: Final = with_daemon
        self._now: Final = now
        self._judge: Final = Judge(seconds(silence_s), this_boot())
        self._clearing: asyncio.Task[bool] | None = None
        self._ahead: asyncio.Task[None] | None = None
        self._found: OpenWagers | None = None
        self._stopping = False
        self._hurry = False
        self._started = now()
        self._seen: str | None = None
        self._acted_for: Heartbeat | None = None
        self._again_at = 0

    def stop(self) -> None:
        """End the watchdog as soon as it is not cancelling anything. A second call ends the watchdog at once."""
        if self._stopping and self._clearing is not None:
            self._clearing.cancel()
            self._hurry = True
        self._stopping = True

    async def run(self) -> Ended:
        """Watch until ``stop`` is called. If ``with_daemon`` is True, also end when no daemon is left to watch."""
        try:
            while True:
                now = self._now()  # before the file is read
                heartbeat = read_heartbeat(self._directory)
                verdict = self._judge.judge(heartbeat, now)
                await self._follow(verdict, heartbeat, now)
                if self._stopping and (self._clearing is None or self._hurry):
                    return Ended.ASKED
                if self._with_daemon and verdict is Verdict.IDLE and self._nobody_left(now):
                    return Ended.WITH_DAEMON
                await asyncio.sleep(LOOK_S)
        finally:
            for task in (self._clearing, self._ahead):
                if task is not None:
                    task.cancel()

    def _nobody_left(self, now: int) -> bool:
        if self._clearing is not None:
            return False
        return (self._seen is not None or now - self._started > GRACE_S * SECOND) and holder_of(self._directory) is None

    async def _follow(self, verdict: Verdict, heartbeat: Heartbeat | None, now: int) -> None:
        """Act on a verdict (the judgement whether the daemon stands still)."""
        if self._clearing is not None and self._clearing.done():
            self._finish(self._clearing, now)
        if verdict is Verdict.SILENT and heartbeat is not None:
            if self._clearing is None:
                self._act(heartbeat, now)
        elif verdict is Verdict.LATE:
            self._look_ahead(now)
        elif verdict is Verdict.ALIVE:
            if heartbeat is not None and heartbeat.run_id != self._seen:
                self._seen = heartbeat.run_id
                self._log.info("watchdog.watching", run=heartbeat.run_id)
            self._stand_down()
        elif self._is_still_there(heartbeat, now) and self._clearing is None and self._acted_for is not None:
            self._clearing = asyncio.create_task(self._clear(self._acted_for, None))

    def _is_still_there(self, heartbeat: Heartbeat | None, now: int) -> bool:
        """Return True if it is time to cancel again, because a daemon stands still but its process has not ended."""
        acted_for = self._acted_for
        if acted_for is None or heartbeat is None or heartbeat.beat != acted_for.beat or now < self._again_at:
            return False
        self._again_at = now + seconds(AGAIN_S)
        return holder_of(self._directory) is not None

    # --- acting -------------------------------------------------------------------------------------------------------

    def _act(self, heartbeat: Heartbeat, now: int) -> None:
        """Start to cancel everything, and set the fence (a number that tells the daemon that the watchdog has
        acted)."""
        again = self._acted_for is not None and self._acted_for.beat == heartbeat.beat
        if not again:
            silent = self._judge.silent_for(now)
            self._log.error(
                "watchdog.acted",
                run=heartbeat.run_id,
                silent_s=round(in_seconds(silent), 3),
                last_beat=iso(heartbeat.at),
                daemon="running" if holder_of(self._directory) is not None else "gone",
            )
        self._acted_for = heartbeat
        fence = self._fence(heartbeat)
        self._clearing = asyncio.create_task(self._clear(heartbeat, fence))

    def _fence(self, heartbeat: Heartbeat) -> int | None:
        """Set the fence (the record that the watchdog has acted), and return its number. If this fails, return None. No
        error is raised, because cancelling matters more."""
        number = heartbeat.fence if heartbeat.fenced_beat == heartbeat.beat else heartbeat.fence + 1
        return number if self._write_fence(number, heartbeat, proved=False) else None

    def _write_fence(self, number: int, heartbeat: Heartbeat, *, proved: bool) -> bool:
        try:
            with HeartbeatFile(self._directory) as file:
                file.set_fence(number, heartbeat.beat, time.time_ns(), proved)
        except OSError as bad:
            self._log.error("watchdog.no_fence", why=bad.strerror or repr(bad))
            return False
        return True

    def _sync(self) -> None:
        with contextlib.suppress(OSError), HeartbeatFile(self._directory) as file:  # the fence holds in memory
            file.sync()

    async def _clear(self, heartbeat: Heartbeat, fence: int | None) -> bool:
        """Cancel everything until it is proved that no wager of ours is open. Return False if this is not proved within
        ``ROUND_S`` seconds."""
        syncing = asyncio.create_task(asyncio.to_thread(self._sync))
        found, self._found = self._found, None
        if found is not None:
            if self._ahead is not None:
                await asyncio.wait({self._ahead}, timeout=0.5)
                self._ahead.cancel()
            await found.cancel()  # if this fails, the clearer below tries again
        try:
            ours = ours_of(self._account, self._directory)
        except JournalError as bad:
            self._log.error("watchdog.not_clear", why=f"nothing says which wagers are ours: {bad}")
            await asyncio.sleep(1.0)
            return False
        limit: Duration = seconds(ROUND_S * max(1.0, self._clock.rate))
        cleared = await AccountClearer(self._client, self._clock, ours).run(limit)
        await syncing
        if not cleared.proved:
            self._log.error(
                "watchdog.not_clear", why=cleared.trouble, open_wagers=cleared.open_wagers, cancels=cleared.cancels
            )
            await asyncio.sleep(0.3)
            return False
        if fence is not None:
            self._write_fence(fence, heartbeat, proved=True)
            await asyncio.to_thread(self._sync)
        self._log.warning("watchdog.clear", seconds=round(in_seconds(cleared.took), 3), cancels=cleared.cancels)
        return True

    def _finish(self, task: asyncio.Task[bool], now: int) -> None:
        self._clearing = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._log.error("watchdog.failed", exc_info=error)
        elif task.result() and self._acted_for is not None:
            self._judge.clear(self._acted_for)
            self._again_at = now + seconds(AGAIN_S)

    def _stand_down(self) -> None:
        """Stop cancelling, because the daemon is alive again and looks after the account."""
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None
        self._found = None
        if self._acted_for is not None:
            self._acted_for = None
            self._log.warning("watchdog.daemon_back")
        if self._clearing is not None:
            self._clearing.cancel()

    # --- a shared account ---------------------------------------------------------------------------------------------

    def _look_ahead(self, now: int) -> None:
        """On a shared account, start to look for our open wagers before they have to be cancelled. This is done early
        because each read takes a second."""
        if self._account == "exclusive" or self._ahead is not None or self._clearing is not None:
            return
        try:
            ours = ours_of(self._account, self._directory)
        except JournalError:
            return
        if ours is not None:
            since = self._clock.now() - round(self._judge.silent_for(now) * self._clock.rate)
            # The newest wagers suffice: the time is short, and the proof that follows searches further back.
            self._found = OpenWagers(self._client, self._clock, ours, since, ranges=1)
            self._ahead = asyncio.create_task(self._read_ahead(self._found))

    async def _read_ahead(self, found: OpenWagers) -> None:
        """Read until a read is complete. The pager of the reads keeps them a second apart."""
        while not await found.read():
            self._log.warning("watchdog.not_read", code=found.trouble)


@contextlib.asynccontextmanager
async def stopped_by_signals(watchdog: Watchdog) -> AsyncIterator[None]:
    """While the ``with`` block runs, let SIGTERM, SIGINT and SIGHUP stop the watchdog."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, watchdog.stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
