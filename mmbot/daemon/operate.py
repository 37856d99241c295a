"""The operator's commands from another process. They read a daemon's status, turn the kill switch on, and release it.

The commands ask a running daemon over HTTP. If its HTTP server does not answer, ``kill`` writes the kill switch to disk
and sends a signal. If no daemon runs, or the daemon does not react at all, ``kill`` acts alone. It writes the kill
switch to disk, logs in and cancels everything.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from mmbot.config import Config
from mmbot.domain.words import counted
from mmbot.engine.orders import NOT_CLEAR
from mmbot.engine.status import EngineStatus
from mmbot.screen.ask_daemon import ANSWER_WITHIN_S, fetch, host_and_port, post
from mmbot.screen.daemon_status import Unreachable, trouble_text
from mmbot.store import latch
from mmbot.store.heartbeat import read_heartbeat, unclean_end
from mmbot.store.state_dir import Holder, StateDir, StateDirError, StateDirLocked, holder_of

DONE: Final = 0
FAILED: Final = 2

LONGEST: Final = 500
"""The greatest number of characters in the reason of the command ``kill``."""

SILENT_S: Final = 5.0
"""The time without an answer after which a daemon counts as silent, in seconds."""

HUNG_S: Final = 2.0
"""The time after the start of ``kill`` at which a daemon without an answer counts as silent, in seconds. It applies
only if ``kill`` can cancel without the daemon. It is short, because ``kill`` has to send the first cancel within 5 s
and needs a log-in first."""

WAIT_S: Final = 30.0
"""The time that a ``kill`` without ``--wait`` waits for the proof that no wager of ours is open, in seconds."""

ALONE_S: Final = 3.0
"""The shortest time that a ``kill`` with ``--wait`` has for cancels without the daemon, in seconds. It is enough for a
log-in and a cancel."""

ASK_S: Final = 1.0
"""The time limit of the first request to the daemon if ``kill`` can cancel without the daemon, in seconds."""

_LOOK_S: Final = 0.1

__all__ = [
    "Place",
    "StateDirError",
    "Unreachable",
    "door_of",
    "fetch",
    "kill",
    "kill_at",
    "place_of",
    "resume",
    "resume_at",
]

Say = Callable[[str], None]

Alone = Callable[[float | None], int]
"""The type of a function that cancels everything without a daemon and returns the exit code. Its argument is the time
limit in seconds."""


class Place(NamedTuple):
    """The place where a daemon can be found."""

    directory: Path
    """The state directory of the daemon."""
    door: str | None
    """The address of the daemon's HTTP server in the settings. None if the settings let the system pick any port."""


def place_of(config: Config, directory: Path) -> Place:
    """Return the place where the daemon with these settings can be found."""
    telemetry = config.telemetry
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(telemetry.host, telemetry.host)
    shown = f"[{host}]" if ":" in host else host
    return Place(directory, f"http://{shown}:{telemetry.port}" if telemetry.port else None)


def door_of(place: Place) -> str:
    """Return the address of the running daemon's HTTP server. It is the address that the daemon published. If the
    daemon published none, it is the address in the settings.

    Raises:
        Unreachable: if neither address is known.
    """
    holder = holder_of(place.directory)
    if holder is not None and holder.url:
        return holder.url
    if place.door is None:
        raise Unreachable(f"no daemon runs with the state directory {place.directory}")
    return place.door


def last_end(place: Place) -> str | None:
    """If no daemon runs and wagers may be open, return a text that says how the previous run ended and what the
    operator has to do. Otherwise return None."""
    try:
        unclean = None if holder_of(place.directory) else unclean_end(read_heartbeat(place.directory))
    except StateDirError:
        return None
    if unclean is None:
        return None
    return f"{unclean}. Its wagers may be open: run mmbot kill -c FILE now, or start the bot, which cancels them first"


def resume(place: Place, say: Say, wait_s: float = 10.0) -> int:
    """Release the kill switch, through the running daemon or on disk. Returns the exit code.

    Raises:
        Unreachable: if a daemon runs but does not answer.
        StateDirError, OSError: if the kill switch on disk cannot be removed.
    """
    holder = holder_of(place.directory)
    door = (holder.url if holder else None) or place.door
    if holder is None and (door is None or not _answers(door)):
        with StateDir(place.directory):
            if latch.read(place.directory) is None:
                say(f"no daemon runs, and the kill switch in {place.directory} was not on")
            else:
                latch.release(place.directory)
                say(f"no daemon runs; the kill switch in {place.directory} is released")
        return DONE
    if door is None:
        raise Unreachable(f"the daemon with the state directory {place.directory} is still starting; try again")
    code = resume_at(door, say, wait_s)
    if code == DONE and holder is not None and not _comes(lambda: latch.read(place.directory) is None):
        say(f"but latch.json is still in {place.directory}, so the next start will not quote; run mmbot resume again")
        return NOT_CLEAR
    return code


def resume_at(door: str, say: Say, wait_s: float = 10.0) -> int:
    """Release the kill switch of the daemon whose HTTP server has this address. Returns the exit code.

    Raises:
        Unreachable: if no daemon answers.
    """
    if fetch(door).latched is None:
        say(f"the kill switch of the daemon at {door} was not on")
        return DONE
    post(door, "/resume", {})
    status = wait_for_status(door, wait_s, lambda status: status.latched is None)
    if status is not None and status.latched is None:
        say("resumed: the kill switch is released")
        return DONE
    why = "its wagers are not proved clear yet" if status is not None and not status.clear else "see mmbot why"
    say(f"the daemon did not resume: {why}")
    return NOT_CLEAR


def kill(place: Place, reason: str, say: Say, alone: Alone, wait_s: float | None = None) -> int:
    """Turn the kill switch on, and wait for the proof that no wager of ours is open. Returns the exit code. It is 0 if
    no wager is open and the kill switch is on disk. It is 3 if it is not certain that no wager is open, or that the
    kill switch is on disk.

    Args:
        place: where to find the daemon.
        reason: the reason to store with the kill switch.
        say: a function that shows a line to the operator.
        alone: a function that logs in, cancels everything and returns the exit code. It is called if no daemon runs, or
            if the daemon does not answer. Its argument is the part of ``wait_s`` that is left.
        wait_s: the time limit of the whole command in real seconds. If it is None, a running daemon has ``WAIT_S``
            seconds. Without a daemon, ``alone`` decides how long it takes.
    """
    called = time.monotonic()

    def alone_for_the_rest() -> int:
        return alone(None if wait_s is None else max(ALONE_S, wait_s - (time.monotonic() - called)))

    try:
        holder = holder_of(place.directory)
    except StateDirError:  # it is reported below, where the kill switch cannot be stored
        holder = None
    if holder is None and place.door is not None and _try(place.door, ASK_S) is not None:
        say(f"the daemon at {place.door} does not use {place.directory} as its state directory; killing it anyway")
        holder = Holder(url=place.door)
    if holder is not None:
        code = _kill_living(place, holder, reason, say, WAIT_S if wait_s is None else wait_s, called)
        if code is not None:
            return code
        say("the daemon does not answer: logging in and cancelling everything from here")
        return _kill_alone(place, reason, say, alone_for_the_rest)
    try:
        with StateDir(place.directory):
            say(
                f"no daemon runs on {place.directory}: turning the kill switch on, logging in and cancelling everything"
            )
            return _kill_alone(place, reason, say, alone_for_the_rest)
    except StateDirLocked:  # a daemon was started at this moment
        return kill(place, reason, say, alone, wait_s)
    except StateDirError as bad:
        say(f"{bad}: logging in and cancelling everything without the kill switch")
        code = alone_for_the_rest()
        say(_unstored(place.directory, str(bad)))
        return code or NOT_CLEAR


def kill_at(door: str, reason: str, say: Say, wait_s: float | None = None) -> int:
    """Turn on the kill switch of the daemon whose HTTP server has this address. Returns the exit code. It is 0 if no
    wager is open and the kill switch is on disk. It is 3 if it is not certain that no wager is open, or that the kill
    switch is on disk.

    Raises:
        Unreachable: if no daemon answers, or if the daemon stops answering.
    """
    host_and_port(door)
    if not _answers(door):
        raise Unreachable(
            f"no daemon answers at {door}, so NOTHING WAS CANCELLED; use -c FILE to cancel without the daemon"
        )
    post(door, "/kill", {"reason": _short(reason)})
    say(f"kill switch on ({door})")
    code = _until_clear(lambda: door, say, WAIT_S if wait_s is None else wait_s, time.monotonic(), SILENT_S)
    if code is None:
        raise Unreachable(
            f"the daemon at {door} stopped answering, so wagers may be open; use -c FILE to cancel without the daemon"
        )
    return code if code != DONE else _stored(door, None, say)


def _kill_alone(place: Place, reason: str, say: Say, alone: Callable[[], int]) -> int:
    why = _write_latch(place, reason)
    if why is not None:
        say(_unstored(place.directory, why))
    code = alone()
    if why is not None:
        say(_unstored(place.directory, why))  # again, where a person reads the end
        return code or NOT_CLEAR
    return code


def _unstored(directory: Path | None, why: str) -> str:
    where = "to the daemon's state directory" if directory is None else f"to {directory}"
    return (
        f"the kill switch could NOT be written {where}, so a restart would quote again: {why}. "
        "Make the state directory writable and run mmbot kill again before you start the bot"
    )


def _stored(door: str, directory: Path | None, say: Say) -> int:
    """Wait until a daemon without open wagers has written its kill switch to disk. Returns the exit code."""
    status = wait_for_status(door, ANSWER_WITHIN_S, lambda status: status.latch_unstored is None)
    if status is not None and status.latch_unstored is None:
        return DONE
    say(_unstored(directory, "the daemon no longer answers" if status is None else str(status.latch_unstored)))
    return NOT_CLEAR


def _write_latch(place: Place, reason: str) -> str | None:
    """Write the kill switch to disk. If this fails, return the reason instead of raising an error, because cancelling
    matters more."""
    try:
        latch.write(place.directory, latch.Latch(_short(reason), time.time_ns()))
    except OSError as bad:
        return str(bad)
    return None


def _kill_living(place: Place, holder: Holder, reason: str, say: Say, wait_s: float, called: float) -> int | None:
    """Ask a running daemon to turn its kill switch on, and wait until no wager of ours is open. Returns None if the
    daemon does not answer or has ended.

    Args:
        called: the time of the operator's command, by the monotonic clock.
    """
    door = holder.url
    who = f"process {holder.pid}" if holder.pid else str(door)
    try:
        if door is None:
            raise Unreachable("its HTTP server is not up yet")
        post(door, "/kill", {"reason": _short(reason)}, ASK_S)
        say(f"kill switch on ({who})")
        called = time.monotonic()
    except Unreachable as silent:
        again = holder_of(place.directory)
        if holder.pid is None or again is None or again.pid != holder.pid:
            return None
        why = _write_latch(place, reason)  # a signal carries no text: the daemon reads the reason from the disk
        if why is not None:
            say(_unstored(place.directory, why))
        os.kill(holder.pid, signal.SIGUSR1)
        say(f"kill signal sent ({who}); {silent}")
        door = again.url

    def find() -> str | None:
        return door or getattr(holder_of(place.directory), "url", None)

    code = _until_clear(find, say, wait_s, called, HUNG_S)
    found = find()
    return code if code != DONE or found is None else _stored(found, place.directory if holder.pid else None, say)


def _comes(condition: Callable[[], bool]) -> bool:
    """Wait a few seconds for a condition to become true. Return False if it stays false."""
    until = time.monotonic() + ANSWER_WITHIN_S
    while not condition():
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_S)
    return True


def _until_clear(
    find: Callable[[], str | None], say: Say, wait_s: float, answered: float, silent_s: float
) -> int | None:
    """Watch a daemon until its kill switch is on and no wager of ours is open. Stop earlier if the time is up. Returns
    None if the daemon has not answered for ``silent_s`` seconds.

    Args:
        answered: the time of the daemon's newest answer, by the monotonic clock.
    """
    until = time.monotonic() + wait_s
    status: EngineStatus | None = None
    while time.monotonic() < until:
        door = find()
        status = None if door is None else _try(door, min(ANSWER_WITHIN_S, silent_s / 2))
        if status is not None:
            if status.latched is not None and status.clear:
                say(f"kill switch on, and clear: {status.latched}")
                return DONE
            answered = time.monotonic()
        elif time.monotonic() - answered >= silent_s:
            return None
        time.sleep(_LOOK_S)
    if status is None:
        return None
    counts = status.counts
    problem = trouble_text(status)
    trouble = "" if problem is None else f"; last problem: {problem}"
    say(
        f"kill switch {'on' if status.latched is not None else 'NOT ON'}, but not proved clear in {wait_s:g} s: "
        f"{counted(counts.open_wagers, 'wager')} open, {counts.unknown_wagers} of unknown outcome{trouble}; "
        "the bot keeps trying"
    )
    return NOT_CLEAR


def wait_for_status(door: str, wait_s: float, done: Callable[[EngineStatus], bool]) -> EngineStatus | None:
    until = time.monotonic() + wait_s
    while True:
        status = _try(door)
        if (status is not None and done(status)) or time.monotonic() >= until:
            return status
        time.sleep(_LOOK_S)


def _try(door: str, within_s: float = ANSWER_WITHIN_S) -> EngineStatus | None:
    try:
        return fetch(door, within_s)
    except Unreachable:
        return None


def _answers(door: str) -> bool:
    return _try(door) is not None


def _short(reason: str) -> str:
    """Return the reason of a kill in a form that the daemon accepts. A reason that is too long is shortened. An
    unusable reason is replaced, because a kill must not fail because of its reason."""
    # A byte of the command line that is no UTF-8 reaches Python as half a surrogate pair, which JSON cannot hold.
    text = reason[:LONGEST].encode("utf-8", "replace").decode()
    return text or "mmbot kill"
