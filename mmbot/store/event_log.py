"""The format of an event log (the record of a run of the daemon), and the code that reads it.

An event log is a directory. Each run has one or more files in it, named ``<start>-<run id>.0001.events`` and so on. A
file begins with ``MAGIC``. The blocks come after it. Each block has a kind, a length, a checksum and compressed bytes.
The first block of a run is the header. It contains everything from which the engine was made. ``event_log_writer.py``
writes the files.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, NamedTuple, TypeVar

import msgspec

from mmbot.config import Config
from mmbot.config.files import open_regular
from mmbot.domain.bounds import LONGEST_TEXT, UNREADABLE
from mmbot.domain.instant import Instant
from mmbot.engine.events import Event
from mmbot.engine.orders import SaveDay, SaveSettlement, Seed
from mmbot.engine.requests import Request
from mmbot.store import rows

FORMAT: Final = 1
"""The version of the file format. A reader rejects every other version."""

_FAMILY: Final = b"mmbot event log "
MAGIC: Final = _FAMILY + b"%d\n" % FORMAT

HEADER: Final = b"H"
"""The kind of a block that contains a ``Header``. Only the first file of a run has such a block."""
RECORDS: Final = b"R"
"""The kind of a block that contains records in batches. The four bytes before each batch are its length."""
END: Final = b"E"
"""The kind of the block that ends an event log. The block contains the reason as text."""

HEAD: Final = struct.Struct(">cIII")
"""The format of the head of a block, which comes before its compressed bytes. The head has the kind of the block, the
size of the bytes before and after decompression, and a checksum."""
LENGTH: Final = struct.Struct(">I")

LARGEST_BLOCK: Final = 1 << 28
"""The largest number of bytes in a block, before and after decompression. A journal of 50,000 wagers makes a header of
about ten million bytes."""

_READ: Final = -1  # the last column of a row is for queries, and is not read back
_Kind = TypeVar("_Kind")

NAME: Final = re.compile(r"(?P<run>\d{8}T\d{6}Z-[A-Za-z0-9]{1,64})\.(?P<part>\d{4,8})\.events")


class EventLogError(Exception):
    """Raised if an event log cannot be written or read. The message gives the reason in words for an operator."""


# --- records --------------------------------------------------------------------------------------------------------


class Handled(msgspec.Struct, frozen=True, array_like=True, tag="h"):
    """The record of an event that the engine got."""

    now: Instant
    event: Event


class Asked(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    """The record of a call that asked the engine for a request. ``request`` is None if no request was due. Such a call
    is recorded too, because it may change the engine."""

    now: Instant
    request: Request | None


class AskedDeadline(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """The record of a call that asked the engine for the time of its next task."""

    now: Instant


class Raised(msgspec.Struct, frozen=True, array_like=True, tag="x"):
    """The record of an error that a call of the engine raised. It is the last record of the run."""

    now: Instant
    error: str
    """The type and the message of the error that the engine raised."""


Record = Handled | Asked | AskedDeadline | Raised


# --- the header -----------------------------------------------------------------------------------------------------


class SavedSeed(msgspec.Struct, frozen=True):
    """A ``Seed`` (the saved state from which an engine starts), with its wagers as rows of the journal."""

    run_id: str
    next_sequence: int
    end_sequence: int
    latched: str | None
    wagers: list[list[Any]]
    day: SaveDay | None
    settlements: tuple[SaveSettlement, ...]
    since: Instant
    runs: tuple[str, ...]
    known_to: Instant = 0
    compared_to: Instant = 0


class Header(msgspec.Struct, frozen=True):
    """Everything from which the engine of a run was made, and the version of mmbot."""

    mmbot: Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
    compiled: bool
    start: Instant
    """The time at which the engine was made."""
    config: Config
    """The settings as the daemon used them, with the name and the params of each strategy."""
    saved: SavedSeed

    @property
    def seed(self) -> Seed:
        """The saved state from which the engine started.

        Raises:
            EventLogError: if the row of a wager cannot be read.
        """
        saved = {name: getattr(self.saved, name) for name in SavedSeed.__struct_fields__}
        try:
            wagers = tuple(rows.wager(row) for row in self.saved.wagers)
        except (*UNREADABLE, TypeError) as bad:
            raise EventLogError(f"a wager in the header cannot be read: {bad}") from bad
        return Seed(**saved | {"wagers": wagers})


class _Version(msgspec.Struct):
    """The part of a header that every version of mmbot can read."""

    mmbot: Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]


def header_of(version: str, compiled: bool, start: Instant, config: Config, seed: Seed) -> Header:
    """Return the header of a run."""
    kept = {name: getattr(seed, name) for name in SavedSeed.__struct_fields__}
    saved = SavedSeed(**kept | {"wagers": [list(rows.of_wager(wager))[:_READ] for wager in seed.wagers]})
    return Header(version, compiled, start, config, saved)


# --- reading --------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """One file of the event log of a run."""

    number: int
    path: Path
    size: int


def runs_in(directory: Path) -> dict[str, list[Part]]:
    """Return the files of each run in a directory. The oldest run comes first.

    Raises:
        EventLogError: if the directory cannot be read.
    """
    found: dict[str, list[Part]] = {}
    try:
        for path in sorted(directory.iterdir()):
            match = NAME.fullmatch(path.name)
            if match is not None:
                found.setdefault(match["run"], []).append(Part(int(match["part"]), path, path.lstat().st_size))
    except OSError as bad:
        raise EventLogError(f"the event log {directory} cannot be read: {bad.strerror}") from bad
    for parts in found.values():
        parts.sort()
    return found


class LoggedRun:
    """One run in an event log.

    Args:
        directory: the event log.
        name: the name of the run. If it is None, the latest run is read.

    Raises:
        EventLogError: if there is no such run, or its beginning is missing. The error is also raised if the run has
            another version of the format.
    """

    def __init__(self, directory: Path, name: str | None = None) -> None:
        runs = runs_in(directory)
        if not runs:
            raise EventLogError(f"there is no event log in {directory}")
        self.name: Final = next(reversed(runs)) if name is None else name
        """The name of the recorded run, made of its start and its run id."""
        if self.name not in runs:
            raise EventLogError(f"there is no run {name} in {directory}: it has {', '.join(runs)}")
        self._parts: Final = runs[self.name]
        if self._parts[0].number != 1:
            raise EventLogError(f"the beginning of run {self.name} is missing, so it cannot be replayed")
        self.end = ""
        """The reason why the event log ends. Empty until all records were read."""
        self.damaged = False
        """True if a part after the latest record cannot be read, and a crash of the daemon is not the cause."""
        blocks = self._blocks_of(self._parts[0])
        first = next(blocks, None)
        if first is None or first[0] != HEADER:
            raise EventLogError(f"{self._parts[0].path} has no readable header{self.end and f': {self.end}'}")
        self._header: Final = first[1]
        self._first: Final = blocks

    @property
    def version(self) -> str:
        """The version of mmbot that wrote the run."""
        return self._decoded(_Version).mmbot

    def header(self) -> Header:
        """Return everything from which the engine was made.

        Raises:
            EventLogError: if this version of mmbot cannot read the header.
        """
        return self._decoded(Header)

    def _decoded(self, kind: type[_Kind]) -> _Kind:
        try:
            return msgspec.msgpack.decode(self._header, type=kind)
        except UNREADABLE as bad:
            raise EventLogError(f"the header of run {self.name} cannot be read: {bad}") from bad

    def records(self) -> Iterator[Record]:
        """Yield the records in their order. This method can be called once. Afterwards, ``end`` has the reason why the
        log ends."""
        decoder = msgspec.msgpack.Decoder(list[Record])
        for data in self._batches():
            try:
                records = decoder.decode(data)
            except UNREADABLE as bad:
                self._stop(f"a record cannot be read: {bad}", damaged=True)
                return
            yield from records

    def _batches(self) -> Iterator[bytes]:
        for kind, data in self._blocks():
            if kind == END:
                self._stop(data.decode(errors="replace"))
                return
            place = 0
            while place < len(data):
                end = place + LENGTH.size
                if end <= len(data):
                    end += LENGTH.unpack_from(data, place)[0]
                if not place + LENGTH.size <= end <= len(data):
                    self._stop("a block holds half a record", damaged=True)
                    return
                yield data[place + LENGTH.size : end]
                place = end
        if not self.end:
            self._stop("the log has no end: the daemon runs, or it was killed, or the disk was full")

    def _blocks(self) -> Iterator[tuple[bytes, bytes]]:
        yield from self._first
        for expected, part in enumerate(self._parts[1:], 2):
            if self.end:
                return
            if part.number != expected:
                self._stop(f"file {expected} of the run is missing", damaged=True)
                return
            try:
                yield from self._blocks_of(part)
            except EventLogError as bad:
                self._stop(str(bad), damaged=True)

    def _blocks_of(self, part: Part) -> Iterator[tuple[bytes, bytes]]:
        """Yield the kind and the bytes of each block of a file, up to the first block that cannot be read."""
        with _opened(part.path) as file:
            last = part is self._parts[-1]
            while head := file.read(HEAD.size):
                at = file.tell() - len(head)
                kind, length, plain, checksum = HEAD.unpack(head) if len(head) == HEAD.size else (b"", 0, 0, 0)
                packed = file.read(length) if length <= LARGEST_BLOCK else b""
                if len(head) < HEAD.size or len(packed) < length <= LARGEST_BLOCK:
                    self._stop(f"the last block of {part.path.name} is cut off", damaged=not last)
                    return
                data = _unpacked(packed, plain) if zlib.crc32(packed) == checksum else None
                if data is None or kind not in (HEADER, RECORDS, END):
                    self._stop(f"{part.path.name} is damaged at byte {at}", damaged=True)
                    return
                yield kind, data

    def _stop(self, why: str, *, damaged: bool = False) -> None:
        self.end = why
        self.damaged = damaged


def _opened(path: Path) -> BinaryIO:
    try:
        descriptor, _ = open_regular(path)
        file = open(descriptor, "rb")  # noqa: SIM115 - the caller closes it
    except OSError as bad:
        raise EventLogError(f"{path} cannot be read: {bad.strerror}") from bad
    begin = file.read(len(MAGIC))
    if begin == MAGIC:
        return file
    file.close()
    if begin.startswith(_FAMILY):
        version = begin.removeprefix(_FAMILY).decode(errors="replace").strip()
        raise EventLogError(f"{path} has version {version} of the format, and this mmbot reads version {FORMAT}")
    raise EventLogError(f"{path} is no file of an event log")


def _unpacked(packed: bytes, length: int) -> bytes | None:
    """Return the decompressed bytes of a block. None if the bytes do not agree with the head of the block."""
    if length > LARGEST_BLOCK:
        return None
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(packed, length + 1)
    except zlib.error:
        return None
    return data if len(data) == length and inflate.eof else None
