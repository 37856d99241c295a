"""What an operator asks from another process: a daemon's status, the kill switch, and its release.

With a living daemon its HTTP door is used, and its signal, beside the latch on disk, if the door does not answer.
Without one, or with one that has stopped answering, ``kill`` sets the latch itself and cancels everything over a
session of its own.
"""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from mmbot.config import Config
from mmbot.domain.words import counted
from mmbot.engine.status import Status
from mmbot.screen.daemon_status import DaemonStatus, Unreachable
from mmbot.store import latch
from mmbot.store.state_dir import Holder, StateDir, StateDirError, StateDirLocked, holder_of

DONE: Final = 0
FAILED: Final = 2
NOT_CLEAR: Final = 3

ANSWER_WITHIN_S: Final = 3.0
"""How long one question to a daemon may take."""

LONGEST: Final = 500
"""Letters in the reason of a kill at most."""

SILENT_S: Final = 5.0
"""A daemon that has not answered for this long is not waited for any more."""

_LOOK_S: Final = 0.1
_POST: Final = {"Content-Type": "application/json", "X-Mmbot": "1"}

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


class _Error(msgspec.Struct, frozen=True):
    error: str


class Place(NamedTuple):
    """Where a daemon is looked for."""

    directory: Path
    """Its state directory."""
    door: str | None
    """Its address by the settings, None where they leave the port open."""


def place_of(config: Config, directory: Path) -> Place:
    """Where the daemon of these settings is."""
    telemetry = config.telemetry
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(telemetry.host, telemetry.host)
    shown = f"[{host}]" if ":" in host else host
    return Place(directory, f"http://{shown}:{telemetry.port}" if telemetry.port else None)


def door_of(place: Place) -> str:
    """The address of the living daemon's door: as it published it, else by the settings.

    Raises:
        Unreachable: if there is none to be found.
    """
    holder = holder_of(place.directory)
    if holder is not None and holder.url:
        return holder.url
    if place.door is None:
        raise Unreachable(f"no daemon holds {place.directory}")
    return place.door


def fetch(door: str) -> DaemonStatus:
    """A daemon's status.

    Raises:
        Unreachable: if it does not answer, or with something else.
    """
    body = _ask("GET", door, "/status", b"")
    try:
        return msgspec.json.decode(body, type=DaemonStatus)
    except msgspec.DecodeError as bad:
        raise Unreachable(f"what answers at {door} is no mmbot of this version: {bad}") from bad


def post(door: str, path: str, body: Mapping[str, str]) -> None:
    """Ask a daemon for something.

    Raises:
        Unreachable: if it does not answer or refuses.
    """
    _ask("POST", door, path, msgspec.json.encode(body))


def resume(place: Place, say: Say, wait_s: float = 10.0) -> int:
    """Clear the latch, through the living daemon or on disk. Returns the exit code.

    Raises:
        Unreachable: if a daemon lives but cannot be asked.
        StateDirError, OSError: if the latch on disk cannot be removed.
    """
    holder = holder_of(place.directory)
    door = (holder.url if holder else None) or place.door
    if holder is None and (door is None or not _answers(door)):
        with StateDir(place.directory):
            if latch.read(place.directory) is None:
                say(f"no daemon runs, and {place.directory} was not latched")
            else:
                latch.clear(place.directory)
                say(f"no daemon runs; the latch in {place.directory} is removed")
        return DONE
    if door is None:
        raise Unreachable(f"the daemon that holds {place.directory} has not opened its door yet")
    code = resume_at(door, say, wait_s)
    if code == DONE and holder is not None and not _comes(lambda: latch.read(place.directory) is None):
        say(f"but its file in {place.directory} still stands: the next start will be latched")
        return NOT_CLEAR
    return code


def resume_at(door: str, say: Say, wait_s: float = 10.0) -> int:
    """Clear the latch of the daemon that answers there. Returns the exit code.

    Raises:
        Unreachable: if none does.
    """
    if fetch(door).latched is None:
        say(f"the daemon at {door} was not latched")
        return DONE
    post(door, "/resume", {})
    status = _wait(door, wait_s, lambda status: status.latched is None)
    if status is not None and status.latched is None:
        say("resumed: the kill switch is released")
        return DONE
    why = "it is not clear yet" if status is not None and not status.clear else "see mmbot why"
    say(f"the daemon did not resume: {why}")
    return NOT_CLEAR


def kill(place: Place, reason: str, say: Say, alone: Callable[[], int], wait_s: float = 30.0) -> int:
    """Press the kill switch and wait for the proof of being clear. Returns the exit code: 0 clear, 3 not proved.

    Args:
        place: where the daemon is looked for.
        reason: what the latch will say.
        say: takes lines for the operator.
        alone: cancels everything over a session of its own and returns the exit code.
        wait_s: how long a living daemon is given, in the machine's seconds.

    Raises:
        StateDirError, OSError: if the latch cannot be written where no daemon could be asked to.
    """
    holder = holder_of(place.directory)
    if holder is None and place.door is not None and _answers(place.door):
        say(f"the daemon at {place.door} has another state directory than {place.directory}; asking it all the same")
        holder = Holder(url=place.door)
    if holder is not None:
        code = _kill_living(place, holder, reason, say, wait_s)
        if code is not None:
            return code
        say("the daemon does not answer: cancelling everything over a session of our own")
        return _kill_alone(place, reason, say, alone)
    try:
        with StateDir(place.directory):
            say(f"no daemon holds {place.directory}: latching it and cancelling everything over a session of our own")
            return _kill_alone(place, reason, say, alone)
    except StateDirLocked:  # one was started this very moment
        return kill(place, reason, say, alone, wait_s)


def kill_at(door: str, reason: str, say: Say, wait_s: float = 30.0) -> int:
    """Press the kill switch of the daemon that answers there. Returns the exit code: 0 clear, 3 not proved.

    Raises:
        Unreachable: if none answers, or it stops answering.
    """
    _host_and_port(door)
    if not _answers(door):
        raise Unreachable(f"no daemon answers at {door}: give its settings with -c, to cancel without it")
    post(door, "/kill", {"reason": _short(reason)})
    say(f"kill switch pressed ({door})")
    code = _until_clear(lambda: door, say, wait_s)
    if code is None:
        raise Unreachable(f"the daemon at {door} stopped answering: give its settings with -c, to cancel without it")
    return code


def _kill_alone(place: Place, reason: str, say: Say, alone: Callable[[], int]) -> int:
    written = _write_latch(place, reason, say)
    code = alone()
    return code if written else NOT_CLEAR


def _write_latch(place: Place, reason: str, say: Say) -> bool:
    """Set the latch on disk. False if it could not be: cancelling matters more."""
    try:
        latch.write(place.directory, latch.Latch(reason, time.time_ns()))
    except OSError as bad:
        say(f"the latch could NOT be written to {place.directory}: {bad}")
        return False
    return True


def _kill_living(place: Place, holder: Holder, reason: str, say: Say, wait_s: float) -> int | None:
    """Kill through a living daemon. None if it does not answer, or is gone."""
    door = holder.url
    who = f"process {holder.pid}" if holder.pid else str(door)
    try:
        if door is None:
            raise Unreachable("its door is not open yet")
        post(door, "/kill", {"reason": _short(reason)})
        say(f"kill switch pressed ({who})")
    except Unreachable as silent:
        again = holder_of(place.directory)
        if holder.pid is None or again is None or again.pid != holder.pid:
            return None
        _write_latch(place, _short(reason), say)  # a signal carries no words: the daemon finds them there
        os.kill(holder.pid, signal.SIGUSR1)
        say(f"kill signal sent ({who}); {silent}")
        door = again.url

    def find() -> str | None:
        return door or getattr(holder_of(place.directory), "url", None)

    code = _until_clear(find, say, wait_s)
    if code == DONE and holder.pid is not None and not _comes(lambda: latch.read(place.directory) is not None):
        say(f"but the latch is NOT on disk in {place.directory}: a restart would quote again")
        return NOT_CLEAR
    return code


def _comes(condition: Callable[[], bool]) -> bool:
    """Whether something that the daemon does behind our back comes about soon."""
    until = time.monotonic() + ANSWER_WITHIN_S
    while not condition():
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_S)
    return True


def _until_clear(find: Callable[[], str | None], say: Say, wait_s: float) -> int | None:
    """Watch a daemon until it is latched and clear, or time is up. None if it has stopped answering."""
    answered = time.monotonic()
    until = answered + wait_s
    status: Status | None = None
    while (now := time.monotonic()) < until:
        door = find()
        status = None if door is None else _try(door)
        if status is not None:
            if status.latched is not None and status.clear:
                say(f"latched and clear: {status.latched}")
                return DONE
            answered = now
        elif now - answered > SILENT_S:
            return None
        time.sleep(_LOOK_S)
    if status is None:
        return None
    counts = status.counts
    say(
        f"{'latched' if status.latched is not None else 'NOT LATCHED'}, but not proved clear in {wait_s:g} s: "
        f"{counted(counts.open_wagers, 'wager')} open, {counts.unknown_wagers} of unknown outcome; it goes on trying"
    )
    return NOT_CLEAR


def _wait(door: str, wait_s: float, done: Callable[[Status], bool]) -> Status | None:
    until = time.monotonic() + wait_s
    while True:
        status = _try(door)
        if (status is not None and done(status)) or time.monotonic() >= until:
            return status
        time.sleep(_LOOK_S)


def _try(door: str) -> Status | None:
    try:
        return fetch(door)
    except Unreachable:
        return None


def _answers(door: str) -> bool:
    return _try(door) is not None


def _ask(method: str, door: str, path: str, body: bytes) -> bytes:
    connection = http.client.HTTPConnection(*_host_and_port(door), timeout=ANSWER_WITHIN_S)
    try:
        connection.request(method, path, body or None, _POST if method == "POST" else {})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as bad:
        raise Unreachable(f"no daemon answers at {door}: {bad}") from bad
    finally:
        connection.close()
    if answer.status >= 400:
        raise Unreachable(f"{door}{path} answers {answer.status}: {_said(text)}")
    return text


def _host_and_port(door: str) -> tuple[str, int]:
    try:
        where = urlsplit(door)
        host, port = where.hostname, where.port or 80
    except ValueError as bad:
        raise Unreachable(f"{door} is not an address: {bad}") from bad
    if where.scheme != "http" or not host:
        raise Unreachable(f"{door} is not an address: http:// is missing, as in http://127.0.0.1:9464")
    return host, port


def _said(text: bytes) -> str:
    """The reason in a refusal of a daemon; anything else is not worth showing."""
    try:
        return msgspec.json.decode(text, type=_Error).error
    except msgspec.DecodeError:
        return "what listens there is no mmbot"


def _short(reason: str) -> str:
    """A reason that the door takes: a kill must not fail over its words."""
    return reason[:LONGEST] or "mmbot kill"
