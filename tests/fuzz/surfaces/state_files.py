"""The small files of the state directory: heartbeat, latch, lock and session.

The first byte says which file the rest is written to.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from pathlib import Path

from mmbot.daemon.watchdog.verdict import Judge, Verdict
from mmbot.domain.instant import SECOND
from mmbot.exchange.token_store import Kept, TokenStore
from mmbot.store import latch
from mmbot.store.heartbeat import HEARTBEAT_FILE, HeartbeatFile, read_heartbeat, since_boot, this_boot
from mmbot.store.latch import LATCH_FILE
from mmbot.store.state_dir import LARGEST_PID, LOCK_FILE, StateDir, holder_of
from surfaces import Surface

_SESSION = "session.json"
_FILES = (HEARTBEAT_FILE, LATCH_FILE, LOCK_FILE, _SESSION)


def check(data: bytes) -> None:
    """Read one file of the state directory. A file that is no good counts as missing, and a bad latch as set."""
    if not data:
        return
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        name = _FILES[data[0] % len(_FILES)]
        (directory / name).write_bytes(data[1:])
        {HEARTBEAT_FILE: _heartbeat, LATCH_FILE: _latch, LOCK_FILE: _lock, _SESSION: _session}[name](directory)


def _heartbeat(directory: Path) -> None:
    read = read_heartbeat(directory)
    judge, now = Judge(5 * SECOND, this_boot()), since_boot()
    for later in (0, SECOND, 20 * SECOND, 40 * SECOND):
        assert isinstance(judge.judge(read, now + later), Verdict)
        judge.silent_for(now + later)
    if read is not None:
        read.run_id.encode()
        judge.clear(read)
    with HeartbeatFile(directory) as file:  # the next run and the next watchdog
        fence = file.fence()
        file.begin("abc", now, now, fence)
        file.set_fence((fence + 1) % (1 << 64), now, now, True)
    again = read_heartbeat(directory)
    assert again is not None
    assert again.running


def _latch(directory: Path) -> None:
    found = latch.read(directory)
    assert found is not None
    found.reason.encode()
    latch.write(directory, latch.Latch("again", 1))
    assert latch.read(directory) == latch.Latch("again", 1)
    latch.release(directory)
    assert latch.read(directory) is None


def _lock(directory: Path) -> None:
    file = os.open(directory / LOCK_FILE, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        holder = holder_of(directory)
        assert holder is not None
        assert holder.pid is None or 0 < holder.pid <= LARGEST_PID
    finally:
        os.close(file)
    with StateDir(directory):
        assert holder_of(directory) is not None


def _session(directory: Path) -> None:
    store = TokenStore(directory / _SESSION)
    assert store.load("us").account == "us"
    kept = Kept("us", "token", 5)
    store.save(kept)
    assert store.load("us") == kept


def _seeds() -> tuple[bytes, ...]:
    with tempfile.TemporaryDirectory() as folder:
        with HeartbeatFile(Path(folder)) as file:
            file.begin("abc", since_boot(), 5, 0)
            file.set_fence(1, 2, 3, False)
        heartbeat = (Path(folder) / HEARTBEAT_FILE).read_bytes()
    others = (
        {"reason": "a fat finger", "at": 1_800_000_000_000_000_000},
        {"pid": 4_000, "url": "http://127.0.0.1:9464"},
        {"account": "us", "refresh_token": "token", "logged_in_at": 1_800_000_000_000_000_000, "hurried": True},
    )
    return (b"\0" + heartbeat, *(bytes((place,)) + json.dumps(value).encode() for place, value in enumerate(others, 1)))


SURFACE = Surface("state", _seeds(), check, head=1, examples=200)
