"""The live view: what one screen tells, at any size, of whatever a daemon says."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from mmbot.backtest.run import Run
from mmbot.daemon.operate import Unreachable
from mmbot.domain.instant import HOUR, MINUTE, SECOND, from_iso
from mmbot.engine.events import KillRequested, LatchWritten
from mmbot.engine.status import (
    Counts,
    EngineStatus,
    GuardStatus,
    LevelStatus,
    LineCounts,
    LineStatus,
    MatchStatus,
    OwnStatus,
    ProfitStatus,
    SportEventStatus,
)
from mmbot.screen.live import Caption, follow, line, screen, watch
from mmbot.screen.live_keys import Window
from mmbot.simulator.world import synthetic_world
from mmbot.strategy.loader import open_config

ROOT = Path(__file__).parents[2]


START = from_iso("2026-10-03T17:00:00Z")


SIZES = ((80, 24), (120, 40), (200, 50))


CAPTION = Caption("mmbot demo", 60.0, "Ctrl-C stops it")


_BUSY = EngineStatus(
    now=START,
    phase="ready",
    quoting=True,
    latched=None,
    feed_up=True,
    feed_age_s=0.1,
    balance=10**13,
    locked=0,
    sport_events=(),
    scopes=(),
    guards=(),
    matches=tuple(MatchStatus(START, 7, "Herons", 110, 10**number, False) for number in range(12)),
    counts=Counts(*[10**9] * 9),
    profit=ProfitStatus(-(10**9), 1, 10**9, 0),
    clear=False,
)


@pytest.fixture(scope="module")
def run() -> Run:
    """A run on the synthetic board, two minutes in."""
    config, strategies = open_config(ROOT / "config" / "demo.yaml", ROOT)
    world = synthetic_world(None, 1, START)
    run = Run(world, world.account, config, strategies, START)
    run.until(START + 2 * MINUTE)
    return run


@pytest.fixture(scope="module")
def status(run: Run) -> EngineStatus:
    return run.engine.status(run.now)


def text(status: EngineStatus | None, width: int, height: int, caption: Caption = CAPTION) -> str:
    """A screen as text; it has to fit."""
    rows = screen(status, width, height, caption)
    assert len(rows) <= height
    assert [row.cell_len for row in rows] == [width] * len(rows)
    return "\n".join(row.plain for row in rows)


def one_line(**changes: object) -> LineStatus:
    """A quoted line of sport event 7."""
    plain = LineStatus(
        sport_event=7,
        market=219,
        number=0,
        name="Moneyline",
        outcomes=("Herons", "Comets"),
        book=((LevelStatus(-120, 12_300),), (LevelStatus(105, 4_500),)),
        fair=0.525,
        own=(OwnStatus("r-q-1", 0, -105, 5_120, 5_120, "open"), OwnStatus("r-q-2", 1, 115, 4_650, 2_000, "open")),
        profit=(1_234, -987),
        locked=2_221,
        worst_case=5_987,
        limit=50_000,
        matches=3,
        why=None,
    )
    return msgspec.structs.replace(plain, **changes)


def with_lines(status: EngineStatus, *lines: LineStatus, **changes: object) -> EngineStatus:
    """A status with one sport event that has these lines."""
    sport_event = SportEventStatus(7, "Comets at Herons", "NBA", "not_started", status.now + HOUR, lines)
    return msgspec.structs.replace(status, **{"sport_events": (sport_event,), "guards": (), "matches": ()} | changes)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_screen_shows_all_that_a_trader_asks_for(status: EngineStatus, width: int, height: int) -> None:
    shown = text(status, width, height)
    assert "QUOTING" in shown
    assert "×60" in shown
    assert "feed up" in shown
    assert "profit today" in shown
    assert "no guard holds" in shown
    assert f"matches {status.counts.matches} of" in shown
    for scope in ("line", "market", "sport_event", "tournament", "account")[(height == 24) :]:
        assert any(row.startswith(scope.replace("_", " ")) for row in shown.splitlines())
    latest = status.matches[-1]
    assert f"{latest.odds:+d}" in shown
    assert shown.splitlines()[-1].startswith("Ctrl-C stops it")


def test_a_line_shows_others_prices_own_quotes_position_and_worst_case_in_two_rows(status: EngineStatus) -> None:
    rows = text(with_lines(status, one_line(behind=(0, 3))), 80, 24).splitlines()
    first = next(number for number, row in enumerate(rows) if "Herons " in row and "-120" in row)
    assert rows[first].split()[-7:] == ["-120", "123", "-105", "51.20", "same", "+12.34", "59.87"]
    second = rows[first + 1]
    assert "Comets" in second
    assert "+105     45 +115  20.00  -3t" in second
    assert "-9.87" in second


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_why_a_line_is_not_quoted_stands_beside_it(status: EngineStatus, width: int, height: int) -> None:
    shown = text(with_lines(status, one_line(own=(), why="book too thin")), width, height)
    assert "book too thin" in shown


def test_a_bot_that_may_quote_but_finds_nothing_to_does_not_say_that_it_quotes(status: EngineStatus) -> None:
    nothing = LineCounts(0, 0, "start: about to start")
    bare = with_lines(status, one_line(own=(), why="start: about to start"))
    shown = text(msgspec.structs.replace(bare, quoting=False, lines=nothing), 80, 24)
    assert "NOTHING TO QUOTE" in shown.splitlines()[0]
    assert "QUOTING" not in shown
    assert "quoting nothing: start: about to start" in shown


def test_the_header_says_how_many_lines_are_quoted_and_why_the_others_are_not(status: EngineStatus) -> None:
    assert "QUOTING 13 " in text(status, 80, 24).splitlines()[0]
    none = msgspec.structs.replace(status, quoting=False, lines=LineCounts(13, 0, "price_age: too old"))
    shown = text(none, 80, 24)
    assert "QUOTING 0/13 " in shown.splitlines()[0]
    assert "quoting 0 of 13 lines: price_age: too old" in shown
    some = msgspec.structs.replace(status, lines=LineCounts(13, 5, "price_age: too old"))
    assert "quoting 5 of 13 lines; others: price_age: too old" in text(some, 80, 24)


def test_wider_screens_show_fair_prices_and_deeper_books(status: EngineStatus) -> None:
    book = tuple(LevelStatus(odds, 10_000) for odds in (-120, -125, -131))
    deep = with_lines(status, one_line(book=(book, ())))
    narrow, wide = text(deep, 80, 24), text(deep, 160, 24)
    assert "52.5%" in wide
    assert "47.5%" in wide
    assert "-131" in wide
    assert "-125" not in narrow


@pytest.mark.parametrize(
    ("state", "mark"), [("placing", "…"), ("inactive", "…"), ("cancelling", "×"), ("unknown", "?"), ("open", " ")]
)
def test_an_own_wager_that_is_not_simply_open_is_marked(status: EngineStatus, state: str, mark: str) -> None:
    own = (OwnStatus("r-q-1", 0, 110, 5_000, 5_000, state),)
    assert f"+110  50.00{mark}" in text(with_lines(status, one_line(own=own)), 80, 24)


def test_several_own_wagers_show_the_likeliest_to_match_and_their_sum(status: EngineStatus) -> None:
    own = tuple(OwnStatus(f"r-q-{odds}", 0, odds, 2_000, 2_000, "open") for odds in (130, 110, 120))
    assert "+110  60.00+" in text(with_lines(status, one_line(own=own)), 80, 24)


def test_at_80_by_24_every_line_of_the_demo_has_a_row(status: EngineStatus) -> None:
    shown = text(status, 80, 24)
    rows = [row for row in shown.splitlines() if "Moneyline" in row or "Fixed" in row]
    assert len(rows) == 13
    for row in rows:
        assert re.search(r"(best|same|-\d+t) .*(best|same|-\d+t|–)", row), row


def test_a_line_that_is_not_quoted_says_why_in_its_only_row(status: EngineStatus) -> None:
    quiet = [one_line(market=number, own=(), profit=(0, 0), why="price_age: too old") for number in range(15)]
    shown = text(with_lines(status, *quiet), 80, 24)
    assert shown.count("price_age: too old") == 15


@pytest.mark.parametrize(("behind", "shown"), [(-2, "best"), (0, "same"), (3, "-3t"), (250, "-99+")])
def test_a_column_says_whether_we_are_best_or_how_many_ticks_behind(
    status: EngineStatus, behind: int, shown: str
) -> None:
    one = one_line(behind=(behind, None))
    assert shown in text(with_lines(status, one), 80, 24)
    assert shown in text(with_lines(status, *[one] * 12), 80, 24)


def many(status: EngineStatus, number: int = 40) -> EngineStatus:
    return with_lines(status, *[one_line(market=place, name=f"Market {place:02d}") for place in range(number)])


def on_page(status: EngineStatus, window: Window) -> list[str]:
    rows = screen(status, 80, 24, CAPTION, window)
    return re.findall(r"Market \d\d", "\n".join(row.plain for row in rows))


def test_where_not_all_lines_fit_keys_scroll_and_page_through_them_in_one_order(status: EngineStatus) -> None:
    busy, window = many(status), Window()
    first = on_page(busy, window)
    assert first == [f"Market {place:02d}" for place in range(len(first))]
    assert len(first) >= 17
    window.press("j\x1b[B")
    assert on_page(busy, window)[0] == "Market 02"
    window.press("k\x1b[A\x1b[A")
    assert on_page(busy, window)[0] == "Market 00"
    window.press("\x1b[6~")
    assert on_page(busy, window)[0] == f"Market {len(first):02d}"
    window.press("\x1b[5~")
    assert on_page(busy, window) == first
    window.press("G")
    assert on_page(busy, window)[-1] == "Market 39"
    window.press("g")
    assert on_page(busy, window) == first


def test_the_order_does_not_follow_the_figures(status: EngineStatus) -> None:
    before = on_page(many(status), Window())
    sport_event = many(status).sport_events[0]
    lines = [
        msgspec.structs.replace(line, worst_case=place * 999, matches=place, own=line.own if place % 2 else ())
        for place, line in enumerate(sport_event.lines)
    ]
    assert on_page(with_lines(status, *lines), Window()) == before


def test_keys_filter_by_state_and_by_name(status: EngineStatus) -> None:
    quoted = [one_line(market=place, name=f"Market {place:02d}") for place in range(20)]
    idle = [
        one_line(market=place, name=f"Market {place:02d}", own=(), profit=(0, 0), why="too thin")
        for place in range(20, 40)
    ]
    mixed, window = with_lines(status, *quoted, *idle), Window()
    window.press("ff")
    assert on_page(mixed, window)[0] == "Market 20"
    window.press("f")
    assert on_page(mixed, window)[0] == "Market 00"
    window.press("f/3")
    assert "find: 3_" in "\n".join(row.plain for row in screen(mixed, 80, 24, CAPTION, window))
    window.press("7\r")
    assert on_page(mixed, window) == ["Market 37"]
    window.press("/nothing\r")
    assert on_page(mixed, window) == []
    assert "no line is like that" in "\n".join(row.plain for row in screen(mixed, 80, 24, CAPTION, window))
    window.press("/\x1b")
    assert len(on_page(mixed, window)) >= 17


def test_letters_that_are_typed_to_find_a_line_are_no_commands(status: EngineStatus) -> None:
    window = Window()
    window.press("/quiz\x7f")
    assert (window.words, window.quit) == ("qui", False)
    window.press("\rq")
    assert window.quit


@pytest.mark.parametrize("size", [(24, 80), (50, 200)])
def test_q_ends_the_view_of_a_daemon_and_restores_the_terminal(size: tuple[int, int]) -> None:
    """Runs the view in a terminal of its own, without a daemon."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-m", "mmbot", "status", "--watch", "--url", "http://127.0.0.1:1"])
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        said = b""
        while b"waiting" not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, b"fGq")
        while True:
            try:
                if not (more := os.read(terminal, 4096)):
                    break
            except OSError:  # the other end is closed
                break
            said += more
        _, code = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(code) == 0
        assert b"\x1b[?1049l" in said  # the screen of before is back
        assert b"Traceback" not in said
    finally:
        os.close(terminal)


def test_with_room_each_sport_event_has_a_row_with_its_start(status: EngineStatus) -> None:
    assert "Comets at Herons  NBA  starts in 1h00m" in text(with_lines(status, one_line()), 120, 40)


def test_guards_are_named_with_their_sport_event_and_those_without_a_row_are_counted(status: EngineStatus) -> None:
    now = status.now
    guards = tuple(
        GuardStatus("start", f"sport event {number}", "about to start", "never", now) for number in range(7, 12)
    )
    guards += (GuardStatus("balance", "account", "too low", "a deposit", now - 65 * SECOND),)
    shown = text(with_lines(status, one_line(), guards=guards, quoting=False), 100, 24).splitlines()
    assert shown[3].startswith(" guard balance account: too low for 1m05s; lifted when: a deposit")
    assert shown[4].startswith(" guard start Comets at Herons: about to start")
    assert shown[5].startswith(" guards and start ×4")


def test_a_latch_outshines_everything(run: Run) -> None:
    run.tell(KillRequested("the operator's hand"))
    latched = run.engine.status(run.now)
    shown = text(latched, 80, 24)
    assert "KILL SWITCH ON, NOT STORED" in shown.splitlines()[0]
    run.tell(LatchWritten(reason="the operator's hand"))
    assert " KILL SWITCH ON  " in text(run.engine.status(run.now), 80, 24).splitlines()[0]
    assert "QUOTING" not in shown
    assert "the operator's hand" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_figures_without_room_are_left_out_whole(status: EngineStatus, width: int) -> None:
    gains = ProfitStatus(0, 0, 0, 1_012_346, -1_234_567, 98_765, 2_345_678)
    counts = Counts(12_345, 98_765_432, 123_456, 123_456, 234_567, 1_234, 0, 1_234, 2_345)
    busy = msgspec.structs.replace(status, profit=gains, counts=counts, balance=25_000_000, feed_age_s=12.3, clear=True)
    full = " ".join(" ".join(text(busy, 300, 24).splitlines()[:3]).split()) + " realised net -13333.32"
    for row in text(busy, width, 24).splitlines()[:3]:
        assert "…" not in row
        for figure in row.strip().split("  "):
            assert figure.strip() in full
    narrow = text(busy, width, 24).splitlines()
    assert "feed up" in narrow[0]
    assert "profit today" in narrow[1]
    assert "matches 12345 of $987,654.32" in narrow[2]


def test_unknown_outcomes_and_a_dead_feed_are_seen(status: EngineStatus) -> None:
    counts = msgspec.structs.replace(status.counts, unknown_wagers=3)
    shown = text(msgspec.structs.replace(status, counts=counts, feed_up=False), 80, 24)
    assert "3 unknown" in shown
    assert "feed DOWN" in shown


def test_before_a_daemon_answers_the_screen_says_so() -> None:
    assert "waiting for the daemon" in text(None, 80, 24)


def test_names_from_outside_cannot_steer_the_terminal_or_break_the_rows(status: EngineStatus) -> None:
    evil = one_line(name="\x1b[2J[red]x", outcomes=("\x1b]0;title\x07東京ジャイアンツ" * 5, "a\nb"), why="x\r\ny")
    guard = GuardStatus("balance", "account", "\x1b[31m\n", "\u202e", status.now)
    match = MatchStatus(status.now, 7, "\x1b[5m東京", 110, 1_000, True)
    for width, height in SIZES:
        shown = text(with_lines(status, evil, guards=(guard,), matches=(match,)), width, height)
        assert "\x1b" not in shown
        assert len(shown.splitlines()) <= height


@settings(deadline=None, max_examples=60)
@given(width=st.integers(1, 240), height=st.integers(1, 70), lines=st.integers(0, 40), guards=st.integers(0, 12))
def test_nothing_overflows_at_any_size(width: int, height: int, lines: int, guards: int) -> None:
    many = tuple(one_line(market=number, profit=(-(10**number), 10**number)) for number in range(lines))
    held = tuple(GuardStatus("start", f"sport event {number}", "soon", "never", START) for number in range(guards))
    text(with_lines(_BUSY, *many, guards=held), width, height)


def test_without_a_terminal_lines_are_written_and_no_control_sequence(status: EngineStatus) -> None:
    out = io.StringIO()
    turns = iter((False, False, True))
    watch(lambda: status, lambda _: next(turns), Console(file=out), lambda: CAPTION)
    assert out.getvalue() == line(status) + "\n"
    assert "quoting 13 of 13 lines" in out.getvalue()
    assert "no guard holds" in out.getvalue()


def test_on_a_terminal_the_screen_is_entered_drawn_and_left(status: EngineStatus) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=30, legacy_windows=False)
    turns = iter((False, True))
    watch(lambda: status, lambda _: next(turns), console, lambda: CAPTION)
    written = out.getvalue()
    assert "\x1b[?1049h" in written
    assert written.index("QUOTING") < written.index("\x1b[?1049l")


def test_a_daemon_is_followed_until_ctrl_c_and_its_absence_is_told(
    status: EngineStatus, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[EngineStatus | None] = [None, status]
    monkeypatch.setattr("mmbot.screen.live.EVERY_S", 0.001)
    monkeypatch.setattr("mmbot.screen.live.LINE_EVERY_S", 0.0)

    def read() -> EngineStatus:
        if not answers:
            raise KeyboardInterrupt
        answer = answers.pop(0)
        if answer is None:
            raise Unreachable("nobody")
        return answer

    follow(read)
    assert capsys.readouterr().out == f"waiting: nobody\n{line(status)}\n"
