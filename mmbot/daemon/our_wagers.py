"""Recognises our own wagers without an engine, by the run id at the start of their ``external_id``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmbot.store.heartbeat import read_heartbeat
from mmbot.store.journal import JournalError, run_ids_of


def ours_of(account: str, directory: Path) -> Callable[[str], bool] | None:
    """Return a function that returns True for the ``external_id`` of a wager of ours. For an exclusive account, return
    None, because every wager is ours.

    If the journal is damaged, the heartbeat file still names the newest run that may have open wagers. This is enough,
    because a run quotes only after it has proved that earlier runs have no open wagers.

    Raises:
        JournalError: if neither the journal nor the heartbeat names a run.
    """
    if account == "exclusive":
        return None
    heartbeat = read_heartbeat(directory)
    last = () if heartbeat is None else (heartbeat.run_id,)
    try:
        runs = frozenset((*run_ids_of(directory), *last))
    except JournalError:
        if not last:
            raise
        runs = frozenset(last)
    return lambda external_id: external_id.partition("-")[0] in runs
