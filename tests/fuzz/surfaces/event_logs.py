"""Event logs, as ``mmbot replay`` reads them.

The first byte says what the rest is: a file, a header as JSON, or records as JSON. A header and records are put into
sound blocks, so that their content is read.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from pathlib import Path

import msgspec
from mutations import Pairs
from recorded_run import NAME, record

from mmbot.daemon.event_log.command import replay_log
from mmbot.store.event_log import END, HEAD, HEADER, LENGTH, MAGIC, RECORDS
from surfaces import Surface

_FILE, _HEADER, _RECORDS, _MSGPACK = range(4)
_MOST_RECORDS = 60


def _block(kind: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data, 1)
    return HEAD.pack(kind, len(packed), len(data), zlib.crc32(packed)) + packed


def _batch(records: bytes) -> bytes:
    return LENGTH.pack(len(records)) + records


def _file(header: bytes, records: bytes) -> bytes:
    return MAGIC + _block(HEADER, header) + _block(RECORDS, _batch(records)) + _block(END, b"the daemon stopped")


def _plain(node: object) -> object:
    """Return what JSON holds in a form that can be packed."""
    if isinstance(node, Pairs):
        return {key: _plain(value) for key, value in node}
    return [_plain(each) for each in node] if isinstance(node, list) else node


def _packed(text: bytes) -> bytes | None:
    try:
        return msgspec.msgpack.encode(_plain(json.loads(text, object_pairs_hook=Pairs)))
    except (ValueError, RecursionError, OverflowError):
        return None


def check(data: bytes) -> None:
    """Replay a run. It is the same, or differs, or the log is rejected with a reason."""
    if not data:
        return
    kind, rest = data[0] % 4, data[1:]
    if kind == _FILE:
        file = rest
    elif kind == _MSGPACK:
        file = _file(_GOOD_HEADER, rest)
    else:
        packed = _packed(rest)
        if packed is None:
            return
        file = _file(packed, _GOOD_RECORDS) if kind == _HEADER else _file(_GOOD_HEADER, packed)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / f"{NAME}.0001.events").write_bytes(file)
        said: list[str] = []
        told: list[str] = []
        code = replay_log(directory, None, None, True, said.append, told.append)
        assert code in (0, 1, 2), code
        assert code != 2 or told
        assert sum(map(len, said)) + sum(map(len, told)) < 100_000


def _recorded() -> tuple[bytes, bytes]:
    """Return the header and the first records of a good run."""
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder))
        file = sorted(Path(folder).iterdir())[0].read_bytes()[len(MAGIC) :]
    blocks = []
    while file:
        kind, length, _, _ = HEAD.unpack(file[: HEAD.size])
        blocks.append((kind, zlib.decompress(file[HEAD.size : HEAD.size + length])))
        file = file[HEAD.size + length :]
    header = next(data for kind, data in blocks if kind == HEADER)
    records: list[object] = []
    for kind, data in blocks:
        while kind == RECORDS and data and len(records) < _MOST_RECORDS:
            (length,) = LENGTH.unpack_from(data)
            records += msgspec.msgpack.decode(data[LENGTH.size : LENGTH.size + length])
            data = data[LENGTH.size + length :]
    return header, msgspec.msgpack.encode(records[:_MOST_RECORDS])


_GOOD_HEADER, _GOOD_RECORDS = _recorded()


def _as_json(packed: bytes) -> bytes:
    return json.dumps(msgspec.msgpack.decode(packed)).encode()


SURFACE = Surface(
    "event_log",
    (
        bytes((_HEADER,)) + _as_json(_GOOD_HEADER),
        bytes((_RECORDS,)) + _as_json(_GOOD_RECORDS),
        bytes((_MSGPACK,)) + _GOOD_RECORDS,
        bytes((_FILE,)) + _file(_GOOD_HEADER, _GOOD_RECORDS),
    ),
    check,
    head=1,
)
