"""Logs are events with fields, and no secret gets into them by any way."""

import io
import json
import logging
import threading

import pytest

from mmbot.telemetry.logs import Forwarding, LineWriter, Secrets, fields, logger

KEY = "ak-3f9c2b7d10"
ODD = 'quo"te\\back\nslash-secret'
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJwYXJ0bmVySUQiOiIxIn0.c2lnbmF0dXJl"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


class Logged:
    """A logger and what it wrote."""

    def __init__(self, *secrets, out=None, **settings):
        self.out = out or io.StringIO()
        self.lines = LineWriter(self.out)
        self.secrets = Secrets(*secrets)
        self.log = logger(self.lines, self.secrets, now=lambda: 1_800_000_000_123_456_789, **settings)

    def text(self):
        self.lines.close()
        return self.out.getvalue()

    def json(self):
        return [json.loads(line) for line in self.text().splitlines()]


def test_a_line_is_an_event_with_its_instant_and_fields():
    logged = Logged()
    logged.log.info("wager.opened", odds=-117, stake=50.0, live=True, note=None)
    assert logged.json() == [
        {
            "at": "2027-01-15T08:00:00.123456789Z",
            "level": "info",
            "event": "wager.opened",
            "odds": -117,
            "stake": 50.0,
            "live": True,
            "note": None,
        }
    ]


def test_what_is_below_the_level_is_not_written():
    logged = Logged(level="warning")
    logged.log.info("quiet")
    logged.log.warning("loud")
    assert [line["event"] for line in logged.json()] == ["loud"]


@pytest.mark.parametrize(("settings", "word"), [({"level": "loud"}, "loud"), ({"style": "xml"}, "xml")])
def test_a_level_or_style_that_does_not_exist_is_rejected(settings, word):
    with pytest.raises(ValueError, match=word):
        Logged(**settings)


def test_on_a_terminal_lines_are_for_a_person():
    text = Logged(out=Screen())
    text.log.info("feed.up", connection=3)
    assert "feed.up" in text.text()
    assert not text.text().startswith("{")


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_secret_is_hidden_in_fields_events_nested_values_and_tracebacks(style):
    logged = Logged(KEY, ODD, style=style)
    logged.log.info(f"with {KEY}", field=KEY, nested={"deep": [KEY, ODD]}, said=f"Bearer {KEY}", odd=ODD)

    def fail(secret):
        raise RuntimeError(f"rejected {secret} and {ODD!r}")

    try:
        fail(KEY)
    except RuntimeError as error:
        logged.log.error("boom", exc_info=error)
    text = logged.text()
    assert "boom" in text
    assert "Traceback" in text
    assert KEY not in text
    for form in (ODD, json.dumps(ODD)[1:-1], repr(ODD)[1:-1], "back\\nslash-secret"):
        assert form not in text


@pytest.mark.parametrize(
    "said",
    [
        JWT,
        f"Authorization: Bearer {JWT}",
        "Authorization: Bearer opaque-token-1234",
        '{"access_token":"opaque-token-1234"}',
        '{"refresh_token":"opaque-token-1234","x":1}',
    ],
)
@pytest.mark.parametrize("style", ["json", "text"])
def test_what_looks_like_a_token_is_hidden_though_nobody_named_it(said, style):
    logged = Logged(style=style)
    logged.log.info("http", said=said)
    text = logged.text()
    assert "opaque-token-1234" not in text
    assert JWT not in text


def test_fields_that_are_named_like_secrets_are_never_shown():
    logged = Logged()
    logged.log.info("login", access_key="a", secret_key="b", token="c", refresh_token="d", authorization="e")
    assert set(logged.json()[0].values()) >= {"***"}
    assert not {"a", "b", "c", "d", "e"} & set(logged.json()[0].values())


def test_another_holders_secrets_are_hidden_from_the_moment_it_has_them():
    logged = Logged()
    held = []
    logged.secrets.also(lambda text: text.replace(held[0], "***") if held else text)
    held.append("opaque-refresh-9")
    logged.log.info("x", said="opaque-refresh-9")
    assert "opaque-refresh-9" not in logged.text()


def test_a_short_secret_does_not_blot_out_words():
    logged = Logged("in", "")
    logged.log.info("line", said="inside")
    assert logged.json()[0]["said"] == "inside"


def test_fields_with_names_of_the_logs_own_are_kept_under_others():
    logged = Logged()
    logged.log.info("alert", **fields({"event": 7, "level": "soft", "at": 5, "exc_info": True, "line": 3}))
    line = logged.json()[0]
    assert (line["event"], line["level"]) == ("alert", "info")
    assert (line["event_"], line["level_"], line["at_"], line["exc_info_"], line["line"]) == (7, "soft", 5, True, 3)


@pytest.mark.parametrize("value", ["\ud800 half a pair", 1 << 80, float("nan"), object(), {"k": {1, 2}}, b"\xff"])
def test_a_value_that_json_does_not_know_does_not_break_the_caller(value):
    logged = Logged()
    logged.log.info("odd", value=value)
    logged.log.info("next")
    assert [line["event"] for line in logged.json()] == ["odd", "next"]


def test_what_libraries_say_comes_as_events_and_without_secrets():
    logged = Logged(KEY)
    library = logging.getLogger("some.library")
    handler = Forwarding(logged.log)
    library.addHandler(handler)
    library.propagate = False
    try:
        library.error("it broke with %s", KEY)
        library.info("not heard")
    finally:
        library.removeHandler(handler)
        library.propagate = True
    (line,) = logged.json()
    assert (line["event"], line["logger"], line["level"]) == ("library", "some.library", "error")
    assert line["message"] == "it broke with ***"


class Gone(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_reader_that_is_gone_harms_nobody():
    logged = Logged(out=Gone())
    logged.log.info("into the void")
    logged.log.info("again")
    logged.lines.close()
    assert logged.lines.dropped == 2


class Stalled(io.StringIO):
    """A stream whose reader has stopped reading."""

    def __init__(self):
        super().__init__()
        self.reached, self.release = threading.Event(), threading.Event()

    def write(self, text):
        self.reached.set()
        self.release.wait(10)
        return super().write(text)


def test_a_stalled_reader_never_stalls_the_caller_and_lost_lines_are_counted():
    out = Stalled()
    lines = LineWriter(out, limit=10)
    lines.write("first")
    assert out.reached.wait(5)
    for number in range(25):
        lines.write(str(number))  # returns at once
    assert lines.dropped == 15
    out.release.set()
    lines.close()
    assert out.getvalue().splitlines() == ["first", *map(str, range(10))]
