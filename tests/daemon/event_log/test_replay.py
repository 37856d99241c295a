"""A recorded run gives the same requests again, and what differs is named with its place."""

import re

import msgspec
import pytest
import yaml
from recorded_run import NAME, begun, header, record, settings
from scripted_daemon import ScriptedEngine

from mmbot.cli import main
from mmbot.daemon.event_log.recorder import RecordedEngine
from mmbot.daemon.event_log.replay import replay
from mmbot.domain.instant import iso
from mmbot.engine import events as e
from mmbot.engine import requests as r
from mmbot.store.event_log import LENGTH, Asked, Handled, LoggedRun, Raised


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The directory of a recorded run, and the run."""
    directory = tmp_path_factory.mktemp("log")
    return directory, record(directory)


def file_of(folder, config):
    """A settings file with these settings."""
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(msgspec.to_builtins(config)))
    return path


def rewritten(directory, source, change):
    """Copy a log, with other records."""
    made, _ = begun(directory, head=LoggedRun(source).header())
    for one in change(list(LoggedRun(source).records())):
        encoded = msgspec.msgpack.encode([one])
        made.write(LENGTH.pack(len(encoded)) + encoded)
    made.close()


def test_a_run_with_matches_gives_the_same_requests(log, capsys):
    directory, run = log
    records = list(LoggedRun(directory).records())
    asked = [one.request for one in records if isinstance(one, Asked) and one.request is not None]
    assert asked == [request for _, request in run.requests]
    assert any(isinstance(one, Handled) and isinstance(one.event, e.WagerMessage) for one in records)
    assert sum(isinstance(request, r.PlaceMany) for request in asked) > 20
    assert main(["replay", str(directory)]) == 0
    out = capsys.readouterr().out
    events = sum(isinstance(one, Handled) for one in records)
    assert f"run {NAME}, recorded by mmbot 0.1.0\n{events:,} events and {len(asked):,} requests in 1" in out
    assert out.endswith("the log ends here: the daemon ended\nall requests are the same\n")


def test_another_param_differs_at_the_first_placement_and_the_events_before_it_are_shown(log, tmp_path, capsys):
    directory, run = log
    other = file_of(tmp_path, settings(margin=0.03))
    assert main(["replay", str(directory), "--settings", str(other)]) == 1
    out = capsys.readouterr().out
    at, placed = next((at, request) for at, request in run.requests if isinstance(request, r.PlaceMany))
    number = int(re.search(rf"the first difference is at {re.escape(iso(at))}, after event (\d+)\n", out)[1])
    assert f"expected: {placed!r}\n" in out
    assert re.search(r"^got:      (PlaceMany\(id=|no request)", out, re.M)
    shown = re.findall(r"^  (\d+) at \S+: (\w+)\(", out, re.M)
    assert [int(each) for each, _ in shown] == list(range(number - 4, number + 1))
    assert "all requests are the same" not in out


def test_settings_that_change_nothing_for_the_engine_give_the_same_requests(log, tmp_path):
    same = file_of(tmp_path, msgspec.structs.replace(settings(), state_dir="elsewhere"))
    assert main(["replay", str(log[0]), "-c", str(same)]) == 0


def test_a_request_that_was_not_recorded_is_a_difference(log, tmp_path, capsys):
    gone = []

    def drop(records):
        for one in records:
            if not gone and isinstance(one, Asked) and isinstance(one.request, r.PlaceMany):
                gone.append(one)
                yield Asked(one.now, None)
            else:
                yield one

    rewritten(tmp_path, log[0], drop)
    assert main(["replay", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"expected: no request\ngot:      {gone[0].request!r}\n" in out


def test_an_error_that_only_the_recorded_run_raised_is_a_difference(log, tmp_path, capsys):
    def with_error(records):
        yield from records[:100]
        yield Raised(records[99].now, "KeyError: 7")

    rewritten(tmp_path, log[0], with_error)
    assert main(["replay", str(tmp_path)]) == 1
    assert "expected: KeyError: 7\ngot:      no error\n" in capsys.readouterr().out


class Breaking(ScriptedEngine):
    """Breaks over a price of the line ``boom``, with an error that a test chooses."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def handle(self, event, now):
        if isinstance(event, e.PriceGiven) and self.error is not None:
            raise self.error
        self.heard.append((event, now))


@pytest.mark.parametrize(
    ("error", "got"),
    [
        (RuntimeError("at 0x7f12"), None),
        (KeyError(7), "KeyError: 7"),
        (None, "no error"),
    ],
)
def test_an_error_of_the_engine_is_compared_by_its_type(tmp_path, error, got):
    made, _ = begun(tmp_path)
    recorded = RecordedEngine(Breaking(RuntimeError("at 0x7f34")), made)
    assert recorded.next_request(1) == r.CancelAll(1)
    with pytest.raises(RuntimeError):
        recorded.handle(e.PriceGiven("boom", 0.5, 1), 2)
    made.close()
    result = replay(Breaking(error), LoggedRun(tmp_path).records())
    assert (result.events, result.requests) == (1, 1)
    if got is None:
        assert (result.raised, result.difference) == ("RuntimeError: at 0x7f34", None)
    else:
        assert result.raised is None
        assert (result.difference.now, result.difference.number) == (2, 1)
        assert (result.difference.expected, result.difference.got) == ("RuntimeError: at 0x7f34", got)
        assert result.difference.before == ((1, 2, e.PriceGiven("boom", 0.5, 1)),)


def test_a_run_without_an_end_is_replayed_up_to_there(log, tmp_path, capsys):
    (source,) = log[0].glob("*.events")
    whole = source.read_bytes()
    (tmp_path / source.name).write_bytes(whole[: len(whole) * 2 // 3])
    assert main(["replay", str(tmp_path)]) == 0
    assert f"the log ends here: the last block of {source.name} is cut off" in capsys.readouterr().out


def test_damage_is_no_success_even_if_nothing_differs_before_it(log, tmp_path, capsys):
    (source,) = log[0].glob("*.events")
    whole = bytearray(source.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / source.name).write_bytes(whole)
    assert main(["replay", str(tmp_path)]) == 2
    assert f"only the records before this could be compared: {source.name} is damaged" in capsys.readouterr().err


def test_a_run_of_another_version_is_replayed_only_on_request(tmp_path, capsys):
    begun(tmp_path, head=header(version="9.9.9"))[0].close()
    assert main(["replay", str(tmp_path)]) == 2
    assert "was recorded by mmbot 9.9.9, and this is mmbot 0.1.0: install that version" in capsys.readouterr().err
    assert main(["replay", str(tmp_path), "--any-version"]) == 0


def test_a_strategy_that_is_not_there_is_named(tmp_path, capsys):
    begun(tmp_path, head=header(settings("nowhere.at_all:Maker")))[0].close()
    assert main(["replay", str(tmp_path)]) == 2
    assert "there is no module 'nowhere'" in capsys.readouterr().err


def test_a_directory_without_a_log_is_rejected(tmp_path, capsys):
    assert main(["replay", str(tmp_path)]) == 2
    assert "there is no event log in" in capsys.readouterr().err


def test_a_run_is_chosen_by_its_name_and_the_latest_by_default(tmp_path, capsys):
    begun(tmp_path, name="20270101T000000Z-1a")[0].close()
    begun(tmp_path)[0].close()
    assert main(["replay", str(tmp_path)]) == 0
    assert f"run {NAME}" in capsys.readouterr().out
    assert main(["replay", str(tmp_path), "--run", "20270101T000000Z-1a"]) == 0
    assert "run 20270101T000000Z-1a" in capsys.readouterr().out
    assert main(["replay", str(tmp_path), "--run", "none"]) == 2
    assert "there is no run none in" in capsys.readouterr().err
