"""An event log is read back as it was written, ends with a mark at a bound or a bad disk, and damage is named."""

import os
import resource
import stat
import threading
import time
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st
from recorded_run import NAME, any_of, begun, header, writer

from mmbot.cli import main
from mmbot.domain.catalogue import LineKey, MarketKey
from mmbot.engine.events import Event
from mmbot.engine.orders import LostDay, SaveDay, SavedMatches, SaveSettlement, SaveWager, Seed
from mmbot.engine.requests import Request
from mmbot.store.event_log import (
    LENGTH,
    Asked,
    AskedDeadline,
    EventLogError,
    Handled,
    LoggedRun,
    Raised,
    Record,
    SavedSeed,
)
from mmbot.store.event_log_writer import LEAST_FREE, MEBIBYTE

EVENTS = get_args(Event)
REQUESTS = get_args(Request)


def block(*records):
    """Records of one turn, as they are given to the writer."""
    encoded = msgspec.msgpack.encode(records)
    return LENGTH.pack(len(encoded)) + encoded


def numbered(first, count=1):
    return block(*(AskedDeadline(number) for number in range(first, first + count)))


def noise(number):
    """A block that hardly compresses, of some 64 KiB."""
    return block(Raised(number, os.urandom(1 << 15).hex()))


def read(directory, name=None):
    """The instants of the records, why there are no more, and whether that is damage."""
    run = LoggedRun(directory, name)
    return [each.now for each in run.records()], run.end, run.damaged


def files(directory):
    return sorted(directory.glob("*.events"))


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


# --- what is written is read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_is_read_as_it_was(kind):
    decoder = msgspec.msgpack.Decoder(Record)

    @given(any_of(kind))
    @running(max_examples=25)
    def holds(event):
        assert decoder.decode(msgspec.msgpack.encode(("h", 5, event))) == Handled(5, event)

    holds()


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
def test_every_request_is_read_as_it_was(kind):
    decoder = msgspec.msgpack.Decoder(Record)

    @given(any_of(kind))
    @running(max_examples=25)
    def holds(request):
        assert decoder.decode(msgspec.msgpack.encode(("n", 5, request))) == Asked(5, request)

    holds()


@given(st.tuples(*[any_of(kind) for kind in EVENTS]))
@running(max_examples=10)
def test_events_are_read_from_the_file_in_their_order(tmp_path_factory, events):
    directory = tmp_path_factory.mktemp("log")
    log, _ = begun(directory)
    for event in events:
        log.write(block(Handled(1, event), Asked(2, None)))
    log.close()
    run = LoggedRun(directory)
    expected = [record for event in events for record in (Handled(1, event), Asked(2, None))]
    assert list(run.records()) == expected
    assert (run.end, run.damaged) == ("the daemon ended", False)


def test_the_seed_is_read_as_it_was(tmp_path):
    wager = SaveWager(
        "1a-1", "w1", LineKey(1, 2, -14), 0, "l", -110, 500, "open", 200, 182, "tbd", False, 7, 1,
        matches=SavedMatches(200, 200, False, ((0, 200, 182, 182),)),
    )  # fmt: skip
    market = msgspec.structs.replace(wager, external_id="1a-2", line=MarketKey(1, 2), side=None, matches=None)
    day = SaveDay(20_000, 5, 6, LostDay(1, -2, 3))
    seed = Seed("1b", 3, 9, "drill", (wager, market), day, (SaveSettlement(1, 2, 3, 4, 5),), 8, ("1a",))
    begun(tmp_path, head=header(seed=seed))[0].close()
    run = LoggedRun(tmp_path)
    assert Seed.__struct_fields__ == SavedSeed.__struct_fields__
    assert run.header().seed == seed
    assert run.header() == header(seed=seed)


def test_the_files_are_for_nobody_else(tmp_path):
    directory = tmp_path / "log"
    begun(directory)[0].close()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in files(directory)] == [0o600]


def test_a_mask_hides_secrets_in_every_block(tmp_path):
    secret = b"secret-key-of-the-test"
    log, _ = begun(tmp_path, mask=lambda data: data.replace(secret, b"*" * len(secret)))
    log.write(block(Raised(1, f"bad: {secret.decode()}")))
    log.close()
    (record,) = LoggedRun(tmp_path).records()
    assert record.error == "bad: " + "*" * len(secret)


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_long_run_is_written_to_several_files(tmp_path):
    log, reasons = begun(tmp_path, largest=4 * MEBIBYTE)
    for number in range(40):
        log.write(noise(number))
    log.close()
    assert len(files(tmp_path)) > 2
    assert max(file.stat().st_size for file in files(tmp_path)) <= MEBIBYTE // 2
    assert read(tmp_path) == (list(range(40)), "the daemon ended", False)
    assert reasons == []


def test_at_its_bound_a_run_keeps_its_beginning_and_ends_with_a_mark(tmp_path):
    log, reasons = begun(tmp_path, largest=MEBIBYTE)
    for number in range(60):
        log.write(noise(number))
    until(lambda: reasons)
    log.write(noise(60))
    log.close()
    instants, end, damaged = read(tmp_path)
    assert instants == list(range(len(instants)))
    assert 10 < len(instants) < 40
    assert end == "it has reached its bound of 1 MiB"
    assert not damaged
    assert reasons == [end]
    assert sum(file.stat().st_size for file in files(tmp_path)) <= MEBIBYTE


def test_earlier_runs_make_room_for_the_present_one_the_oldest_first(tmp_path):
    for day in (1, 2):
        log, _ = begun(tmp_path, name=f"2027010{day}T000000Z-{day}a", largest=2 * MEBIBYTE)
        for number in range(20):
            log.write(noise(number))
        log.close()
    log, reasons = begun(tmp_path, largest=2 * MEBIBYTE)
    for number in range(20):
        log.write(noise(number))
    log.close()
    assert reasons == []
    assert read(tmp_path) == (list(range(20)), "the daemon ended", False)
    with pytest.raises(EventLogError, match=r"beginning of run 20270101T000000Z-1a is missing|there is no run"):
        LoggedRun(tmp_path, "20270101T000000Z-1a")
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 2 * MEBIBYTE


def test_a_disk_that_cannot_follow_ends_the_log_and_not_the_caller(tmp_path):
    stuck = threading.Event()

    def free(_directory):
        stuck.wait(5)
        return 2 * LEAST_FREE

    log, reasons = begun(tmp_path, free=free, most_waiting=200_000)
    began = time.monotonic()
    for number in range(10):
        log.write(noise(number))
    assert time.monotonic() - began < 2
    assert not log.open
    stuck.set()
    until(lambda: reasons)
    instants, end, _ = read(tmp_path)
    assert instants == list(range(len(instants)))
    assert 0 < len(instants) < 10
    assert end == "the disk is too slow for the events" == reasons[0]


def test_a_disk_with_little_room_is_left_to_the_journal(tmp_path):
    room = [2 * LEAST_FREE]
    log, reasons = begun(tmp_path, free=lambda _: room[0])
    log.write(numbered(0))
    until(lambda: files(tmp_path) and files(tmp_path)[0].stat().st_size > 600)
    room[0] = LEAST_FREE
    log.write(numbered(1))
    until(lambda: reasons)
    assert read(tmp_path) == ([0], "the disk has less than 256 MiB left", False)


def test_a_full_disk_leaves_a_log_that_can_be_read_up_to_there(tmp_path):
    log, reasons = begun(tmp_path)
    log.write(noise(0))
    until(lambda: files(tmp_path) and files(tmp_path)[0].stat().st_size > 1 << 15)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (files(tmp_path)[0].stat().st_size + 5000, hard))
    try:
        log.write(noise(1))
        until(lambda: reasons)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert reasons == ["it cannot be written: File too large"]
    assert read(tmp_path) == ([0], reasons[0], False)


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EventLogError, match="file/log cannot be written: Not a directory"):
        writer(tmp_path / "file" / "log")


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    """A log of three blocks with two records each, as a killed daemon leaves it: without an end."""
    made, _ = begun(tmp_path)
    for first in (0, 2, 4):
        made.write(numbered(first, 2))
    made.close()
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    end = whole.rindex(b"E\0\0\0")
    file.write_bytes(whole[:end])
    return file


def test_a_log_of_a_killed_daemon_has_no_end(log):
    instants, end, damaged = read(log.parent)
    assert instants == [0, 1, 2, 3, 4, 5]
    assert end == "the log has no end: the daemon runs, or it was killed, or the disk was full"
    assert not damaged


def test_a_log_is_read_up_to_a_block_that_is_cut_off(log):
    whole = log.read_bytes()
    last = whole.rindex(b"R\0\0\0")
    for length in range(last + 1, len(whole)):
        log.write_bytes(whole[:length])
        assert read(log.parent) == ([0, 1, 2, 3], f"the last block of {log.name} is cut off", False)


def test_a_changed_byte_is_found_and_its_place_named(log):
    whole = log.read_bytes()
    first, last = whole.index(b"R\0\0\0"), whole.rindex(b"R\0\0\0")
    second = whole.index(b"R\0\0\0", first + 1)
    for place in range(second, last):
        log.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        instants, end, _ = read(log.parent)
        assert instants == [0, 1]
        assert end in (f"{log.name} is damaged at byte {second}", f"the last block of {log.name} is cut off")


def test_a_missing_file_in_the_middle_is_named(tmp_path):
    made, _ = begun(tmp_path, largest=4 * MEBIBYTE)
    for number in range(40):
        made.write(noise(number))
    made.close()
    files(tmp_path)[1].unlink()
    instants, end, damaged = read(tmp_path)
    assert instants == list(range(len(instants)))
    assert (end, damaged) == ("file 2 of the run is missing", True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no file of an event log"),
        (b"SQLite format 3\0" * 100, "is no file of an event log"),
        (b"mmbot event log 2\nwhatever", "version 2 of the format, and this mmbot reads version 1"),
        (b"mmbot event log 1\n", "has no readable header"),
        (b"mmbot event log 1\nR" + bytes(12), "has no readable header: .* is damaged at byte 18"),
    ],
)
def test_a_foreign_file_is_rejected(tmp_path, content, message):
    (tmp_path / f"{NAME}.0001.events").write_bytes(content)
    with pytest.raises(EventLogError, match=message):
        LoggedRun(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / f"{NAME}.0001.events")
    with pytest.raises(EventLogError, match="not a regular file"):
        LoggedRun(tmp_path)


def test_a_block_that_claims_to_be_huge_is_not_unpacked(log):
    whole = log.read_bytes()
    first = whole.index(b"R\0\0\0")
    log.write_bytes(whole[: first + 5] + b"\xff\xff\xff\xff" + whole[first + 9 :])
    assert read(log.parent) == ([], f"{log.name} is damaged at byte {first}", True)


def test_a_header_of_other_fields_is_rejected(tmp_path):
    made, _ = writer(tmp_path)
    made.begin(NAME, msgspec.msgpack.encode({"mmbot": "9.9.9"}))
    made.close()
    run = LoggedRun(tmp_path)
    assert run.version == "9.9.9"
    with pytest.raises(EventLogError, match=f"the header of run {NAME} cannot be read: .*missing required field"):
        run.header()


@pytest.mark.parametrize("size", ["0", "-1", "many", "1.5", "1048577"])
def test_a_bound_that_is_no_size_is_rejected(size, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["run", "-c", "none.yaml", "--event-log", "none", f"--event-log-size={size}"])
    assert "is no whole number between 1 and 1,048,576" in capsys.readouterr().err


def test_a_directory_without_a_log_says_so(tmp_path):
    with pytest.raises(EventLogError, match="there is no event log in"):
        LoggedRun(tmp_path)
    with pytest.raises(EventLogError, match="cannot be read: No such file"):
        LoggedRun(tmp_path / "none")


def test_a_header_that_is_nested_too_deeply_is_rejected(tmp_path):
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(header()))
    plain["saved"]["wagers"] = [["MARK"]]
    made, _ = writer(tmp_path)
    made.begin(NAME, msgspec.msgpack.encode(plain).replace(b"\xa4MARK", b"\x91" * 30_000 + b"\xc0"))
    made.close()
    with pytest.raises(EventLogError, match=f"the header of run {NAME} cannot be read"):
        LoggedRun(tmp_path).header()


def test_a_header_with_a_very_long_version_is_rejected(tmp_path):
    made, _ = writer(tmp_path)
    made.begin(NAME, msgspec.msgpack.encode({"mmbot": "v" * 2_000}))
    made.close()
    with pytest.raises(EventLogError, match=f"the header of run {NAME} cannot be read"):
        LoggedRun(tmp_path).version  # noqa: B018 - reading it raises
