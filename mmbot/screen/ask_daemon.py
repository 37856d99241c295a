"""Asks a daemon over HTTP for its status, and sends it commands."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from mmbot.domain.bounds import UNREADABLE
from mmbot.screen.daemon_status import DaemonStatus, Unreachable

ANSWER_WITHIN_S: Final = 3.0
"""The time limit of a request from an operator's command to the daemon, in seconds."""

LARGEST_ANSWER: Final = 1 << 26
"""The greatest size of a daemon's answer to an operator's command, in bytes. The status of 5,000 lines has a few
million bytes."""

_POST: Final = {"Content-Type": "application/json", "X-Mmbot": "1"}


class _Error(msgspec.Struct, frozen=True):
    error: str


def fetch(door: str, within_s: float = ANSWER_WITHIN_S) -> DaemonStatus:
    """Return a daemon's status.

    Args:
        within_s: the time limit in seconds.

    Raises:
        Unreachable: if the daemon does not answer, or the answer is not a status.
    """
    body = _ask("GET", door, "/status", b"", within_s)
    try:
        return msgspec.json.decode(body, type=DaemonStatus)
    except UNREADABLE as bad:
        raise Unreachable(f"the program at {door} is not mmbot, or another version of it: {bad}") from bad


def post(door: str, path: str, body: Mapping[str, str], within_s: float = ANSWER_WITHIN_S) -> None:
    """Send a command to a daemon.

    Args:
        within_s: the time limit in seconds.

    Raises:
        Unreachable: if the daemon does not answer or rejects the command.
    """
    _ask("POST", door, path, msgspec.json.encode(body), within_s)


def _ask(method: str, door: str, path: str, body: bytes, within_s: float) -> bytes:
    connection = http.client.HTTPConnection(*host_and_port(door), timeout=within_s)
    try:
        connection.request(method, path, body or None, _POST if method == "POST" else {})
        answer = connection.getresponse()
        text = answer.read(LARGEST_ANSWER + 1)
    except (OSError, http.client.HTTPException) as bad:
        raise Unreachable(f"no daemon answers at {door}: {bad}") from bad
    finally:
        connection.close()
    if len(text) > LARGEST_ANSWER:
        raise Unreachable(f"the program at {door} is not mmbot: its answer does not end")
    if answer.status >= 400:
        raise Unreachable(f"{door}{path} answers {answer.status}: {_said(text)}")
    return text


def host_and_port(door: str) -> tuple[str, int]:
    """Return the host and the port of a daemon's address. Raises Unreachable if the address cannot be used."""
    try:
        where = urlsplit(door)
        host, port = where.hostname, where.port or 80
    except ValueError as bad:
        raise Unreachable(f"{door} is not an address: {bad}") from bad
    if where.scheme != "http" or not host:
        raise Unreachable(f"{door} is not an address; write it like http://127.0.0.1:9464")
    return host, port


def _said(text: bytes) -> str:
    """Return the reason in a daemon's error answer. If the answer is not from a daemon, return a remark that another
    program uses the address."""
    try:
        return msgspec.json.decode(text, type=_Error).error
    except UNREADABLE:
        return "the program there is not mmbot"
