"""Cancels the wagers of earlier runs if a start fails after the connection to the exchange was opened. Otherwise
nothing would cancel these wagers."""

from __future__ import annotations

from pathlib import Path

from structlog.types import FilteringBoundLogger

from mmbot.config import Config
from mmbot.daemon.clear_account import AccountClearer, Guarded, ours_of
from mmbot.daemon.http import DoorError
from mmbot.daemon.loop import Client
from mmbot.domain.instant import Clock, Duration, in_seconds
from mmbot.store.heartbeat import read_heartbeat
from mmbot.store.journal import JournalError


async def clear_after(
    error: Exception,
    client: Client,
    clock: Clock,
    config: Config,
    directory: Path,
    limit: Duration,
    log: FilteringBoundLogger,
) -> None:
    """Log why the start failed. Then cancel everything, and try for at most ``limit`` to prove that no wager of ours is
    open.

    A ``DoorError`` usually means that another daemon uses the HTTP port. The wagers of that daemon should stay. So
    after a ``DoorError``, wagers are cancelled only if the previous run in this state directory may have left wagers
    open.
    """
    expected = isinstance(error, JournalError | DoorError)
    log.error("start.failed", why=str(error) or repr(error), exc_info=None if expected else error)
    if isinstance(error, DoorError):
        heartbeat = read_heartbeat(directory)
        if heartbeat is None or not heartbeat.needs_clearing:
            return
    try:
        ours = ours_of(config.exchange.account, directory)
    except JournalError as unknown:
        log.error("start.not_cleared", why=f"nothing says which wagers are ours: {unknown}")
        return
    log.warning("start.clearing", longest_s=in_seconds(limit))
    cleared = await AccountClearer(Guarded(client), clock, ours).run(limit, patience=1)
    said = {"cancels": cleared.cancels, "seconds": in_seconds(cleared.took)}
    if cleared.proved:
        log.warning("start.cleared", **said)
    else:
        log.error("start.not_cleared", why=cleared.trouble, open_wagers=cleared.open_wagers, **said)
