"""The command ``mmbot demo``. It runs a local exchange and the daemon as two processes, shows the daemon, and stops
both in order.

The two processes talk to each other over HTTP and a websocket, like a real daemon and the real exchange. The daemon
always stops before the exchange. So the exchange still runs when the daemon cancels everything. No process is left
behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import msgspec

from mmbot.config import Config, ConfigError, load
from mmbot.daemon.operate import Unreachable, fetch
from mmbot.demo.parts import Part, PartFailed, Ready, free_port, referee_report, world_of
from mmbot.demo.settings import for_this_run, referee_limits, settings_file, written
from mmbot.demo.summary import (
    Ending,
    Figures,
    Names,
    exit_code,
    figures_of,
    last_errors,
    last_word,
    show_summary,
    summary,
    worth_keeping,
)
from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.instant import in_seconds
from mmbot.engine.orders import NOT_STARTED
from mmbot.engine.status import EngineStatus
from mmbot.exchange.credentials import ACCESS_KEY, SECRET_KEY
from mmbot.screen.console import console_on
from mmbot.screen.live import Caption, watch
from mmbot.simulator.crowd.tape import TapeError, read_tape
from mmbot.simulator.judge.verdict import RefereeReport
from mmbot.store.state_dir import StateDirError, holder_of

TAPE_SPEED: Final = 60.0
"""The default speed of the clock if the demo plays a tape (a recorded market), which covers many hours."""

TAPE_HOURS: Final = 2.0
"""The number of hours before its sport event at which the demo begins to play a tape (a recorded market). A tape covers
half a day before the sport event, in which little happens."""

FASTEST: Final = 1000.0
"""The highest speed of the clock: 1000 seconds of the market in one real second. At a higher speed, the delays of the
network would make the results meaningless."""

_EXCHANGE_PORT: Final = 9000
_BALANCE: Final = "250000"  # dollars; the exchange keeps matched stakes for hours, until their sport event is settled
_EXCHANGE_S: Final = 5.0  # real seconds for the exchange to stop; a hard end loses nothing
_DAEMON_S: Final = 30.0
_AFTER_S: Final = 3.0  # seconds to wait after the last settlement, for its messages
_WORLD_EVERY_S: Final = 1.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def demo(
    tape: Path | None = None,
    speed: float | None = None,
    seed: int = 1,
    for_s: float | None = None,
    plain: bool = False,
    config: Path | None = None,
    board: str = "plain",
    keep: bool = False,
    out: TextIO | None = None,
) -> int:
    """Run the demo until it is stopped, and print a closing summary.

    Args:
        tape: the file of the recorded market to play. If it is None, the synthetic board is used.
        speed: the speed of the clock. The default is 1, or 60 for a tape.
        seed: the seed of the synthetic board.
        for_s: the time after which the demo stops, in real seconds. If it is None, the demo runs until it is asked to
            stop.
        plain: True to print a line every few seconds instead of using the full screen. Without a terminal this is
            always done.
        config: the settings file that is used instead of ``config/demo.yaml``.
        board: the synthetic board, which is ``plain`` or ``full``.
        keep: True to keep the folder of the run. Otherwise the folder is removed if all is well and the daemon logged
            no error.
        out: the output. By default it is standard output.

    Returns:
        0 if the exchange confirms that no wager is open, agrees with the daemon's figures to the cent, and found no
            broken rule. 2 if the demo could not start. 3 if the exchange does not confirm that no wager is open. 1 in
            all other cases.
    """
    rate = speed if speed is not None else TAPE_SPEED if tape is not None else 1.0
    try:
        _check(tape, rate, for_s)
        settings = load(settings_file(config))
    except (ConfigError, TapeError, ValueError) as bad:
        return _fail(str(bad))
    console = console_on(out)
    with _Signals() as asked:
        run = _Run(settings, rate, asked, for_s)
        with ExitStack() as parts:
            try:
                run.start(parts, tape, seed, board)
                if plain or not console.is_terminal:
                    console.out(f"settings: {run.file} (for mmbot status -c and why -c); logs in the same folder")
                watch(run.read, run.wait, console, run.caption, plain=plain, on_quit=asked.stop)
            except PartFailed as bad:
                return _fail(f"{bad}\nlogs and settings are kept: {run.file.parent}")
            ending = run.ending(keep)
            show_summary(console, summary(ending))
        if not ending.kept:  # only now, since the exchange has ended, too
            shutil.rmtree(run.file.parent, ignore_errors=True)
        return exit_code(ending)


class _Signals:
    """Counts the signals that ask the demo to end. The demo looks at the count between two steps, so no step is
    interrupted."""

    def __init__(self) -> None:
        self.count = 0
        self._event: Final = threading.Event()
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> _Signals:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self._event.set()

    def stop(self) -> None:
        """Ask the demo to end, as a first signal does. Further calls change nothing."""
        if not self.count:
            self._note(0, None)

    def wait(self, seconds: float) -> None:
        """Wait for the next signal, for at most the given number of seconds."""
        self._event.wait(seconds)
        self._event.clear()


class _Run:
    """One run of the demo. It starts with the two processes, and ends with the facts for the summary."""

    def __init__(self, settings: Config, rate: float, asked: _Signals, for_s: float | None) -> None:
        self._settings: Final = settings
        self._rate: Final = rate
        self._asked: Final = asked
        self._directory: Final = Path(tempfile.mkdtemp(prefix="mmbot-demo-"))
        self._state: Final = self._directory / "state"
        self.file: Final = self._directory / "demo.yaml"
        """The settings file of this run of the demo."""
        self._exchange: Part | None = None
        self._daemon: Part | None = None
        self._ready: Ready | None = None
        self._url: str | None = None
        self._names: Final = Names()
        self._end_at: Final = None if for_s is None else time.monotonic() + for_s
        self._look_at = 0.0
        self._over_at: float | None = None
        self._passed_on = 0
        self._told = False
        self._stopping_at: float | None = None
        self._reason = ""
        self._seen: set[Figures] = set()

    def start(self, stack: ExitStack, tape: Path | None, seed: int, board: str) -> None:
        """Start the exchange and the daemon. When the caller closes ``stack``, the daemon is stopped first and the
        exchange afterwards.

        Raises:
            PartFailed: if the exchange or the daemon cannot be started.
        """
        environ = dict(os.environ)  # never pass on the keys of a real account
        environ |= {ACCESS_KEY: secrets.token_hex(16), SECRET_KEY: secrets.token_hex(16)}
        arguments = ["exchange", "--json", "--port", str(free_port(_EXCHANGE_PORT)), "--speed", repr(self._rate)]
        arguments += ["--seed", str(seed), "--board", board, "--balance", _BALANCE, *referee_limits(self._settings)]
        if tape is not None:
            arguments += tape_arguments(tape)
        exchange = self._part("local exchange", arguments, "exchange.log", environ, read=True)
        stack.callback(exchange.end, _EXCHANGE_S)
        self._exchange = exchange
        line = exchange.first_line(lambda: self._asked.count > 0)
        if line is None:
            raise PartFailed("stopped before anything was started")
        try:
            self._ready = msgspec.json.decode(line, type=Ready)
        except UNREADABLE as bad:
            raise PartFailed(f"the local exchange wrote {line!r} instead of its ready line: {bad}") from bad
        config = for_this_run(self._settings, self._ready, self._state, free_port(self._settings.telemetry.port))
        self.file.write_text(written(config), encoding="utf-8")
        arguments = ["run", "-c", str(self.file)]
        daemon = self._part("daemon", arguments, "daemon.log", environ, holds=[exchange])
        stack.callback(daemon.end, _DAEMON_S)
        self._daemon = daemon

    def _part(
        self,
        name: str,
        arguments: list[str],
        log: str,
        environ: dict[str, str],
        *,
        holds: list[Part] | None = None,
        read: bool = False,
    ) -> Part:
        try:
            return Part(name, arguments, self._directory / log, environ, holds=holds or (), read=read)
        except OSError as bad:
            raise PartFailed(f"the {name} cannot be started: {bad}") from bad

    # --- watching -------------------------------------------------------------------------------------------------

    def read(self) -> EngineStatus | None:
        """Return the daemon's status. None while the daemon does not answer."""
        door = self._door()
        if door is None:
            return None
        try:
            status = fetch(door)
        except Unreachable:
            return None
        self._names.learn(status)
        return status

    def _door(self) -> str | None:
        """Return the address of the daemon's HTTP server. None until the daemon has published it.

        The address is remembered. So the demo still ends in order if somebody removes the temporary folder of the run.
        """
        if self._url is None:
            try:
                holder = holder_of(self._state)
            except StateDirError:
                return None
            self._url = None if holder is None else holder.url
        return self._url

    def wait(self, seconds: float) -> bool:
        """Wait for the given seconds, and ask the daemon to stop if the demo should end. Returns True once the daemon
        has ended.

        Raises:
            PartFailed: if the daemon could not start.
        """
        self._asked.wait(seconds)
        daemon = self._daemon
        assert daemon is not None, "the demo was not started"
        if daemon.code is not None:
            if self._stopping_at is None:
                if daemon.code == NOT_STARTED:
                    raise PartFailed(f"the daemon did not start{daemon.last_words()}")
                self._reason = "the daemon ended on its own"
            return True
        if self._stopping_at is None:
            self._reason = self._why_end()
            if not self._reason:
                return False
            self._stopping_at = time.monotonic()
            self._passed_on = self._asked.count
        if self._asked.count > self._passed_on:  # pass a further signal on to the daemon, which decides what it means
            self._passed_on = self._asked.count
            self._told = True
            daemon.signal(signal.SIGINT)
        elif not self._told and self._door() is not None:  # before that, the daemon would not take the signal as a stop
            self._told = True
            daemon.signal(signal.SIGINT)
        if (report := self._judgement()) is not None:
            self._seen.add(figures_of(report))
        return False

    def _why_end(self) -> str:
        """Return the reason why the demo should stop now. Empty if there is no reason."""
        now = time.monotonic()
        if self._asked.count:
            return "by your request"
        if self._end_at is not None and now >= self._end_at:
            return "the time given by --seconds is over"
        if self._exchange is not None and self._exchange.code is not None:
            return f"the local exchange has ended{self._exchange.last_words()}"
        if self._over_at is None and now >= self._look_at and self._ready is not None:
            self._look_at = now + _WORLD_EVERY_S
            try:
                finished = world_of(self._ready).finished
            except PartFailed:
                return ""  # the exchange may be busy; if it has ended, its exit code shows that
            if finished:
                self._over_at = now
        if self._over_at is not None and now >= self._over_at + _AFTER_S:
            return "every market on the board is settled"
        return ""

    def caption(self) -> Caption:
        """Return the texts that the screen shows around the daemon's status."""
        if self._stopping_at is None:
            return Caption(
                "mmbot demo", self._rate, f" Ctrl-C stops the demo. Settings for status and why: {self.file}"
            )
        return Caption(
            "mmbot demo",
            self._rate,
            f" STOPPING ({self._reason}): cancelling everything and proving that no wager is open",
        )

    # --- the end --------------------------------------------------------------------------------------------------

    def _judgement(self) -> RefereeReport | None:
        if self._ready is None:
            return None
        try:
            return referee_report(self._ready)
        except PartFailed:
            return None

    def ending(self, keep: bool) -> Ending:
        """Collect the facts about the end of the demo. This is called after the daemon has ended and while the exchange
        still runs.

        ``keep`` is True to keep the folder of the run even if all is well.
        """
        exchange, daemon = self._exchange, self._daemon
        assert exchange is not None, "the demo was not started"
        assert daemon is not None, "the demo was not started"
        said = last_word(daemon.log)
        ending = Ending(
            reason=self._reason,
            code=daemon.code,
            took_s=0.0 if self._stopping_at is None else time.monotonic() - self._stopping_at,
            own=said[0] if said is not None else None,
            marked=said[1] if said is not None else None,
            report=self._judgement(),
            seen=frozenset(self._seen),
            errors=last_errors(daemon.log),
            names=self._names,
            logs=(daemon.log, exchange.log),
            settings=self.file,
            kept=True,
        )
        return ending._replace(kept=keep or worth_keeping(ending))


def tape_arguments(file: Path) -> list[str]:
    """Return the command-line arguments with which the local exchange plays a tape (a recorded market). The tape begins
    ``TAPE_HOURS`` hours before its sport event."""
    tape = read_tape(file)
    ahead = in_seconds(tape.scheduled - tape.start) / 3600
    begin = ["--hours", repr(TAPE_HOURS)] if ahead > TAPE_HOURS else []
    return ["--tape", str(file.resolve()), *begin]


def _check(tape: Path | None, rate: float, for_s: float | None) -> None:
    """Check the arguments before anything is started.

    Raises:
        TapeError: if the tape cannot be played.
        ValueError: if the speed or the time is out of range.
    """
    if not 0 < rate <= FASTEST:
        raise ValueError(f"--speed must be above 0 and at most {FASTEST:g}, not {rate:g}")
    if for_s is not None and not 0 < for_s < float("inf"):
        raise ValueError(f"--seconds must be above 0, not {for_s:g}")
    if tape is not None:
        read_tape(tape)


def _fail(why: str) -> int:
    for line in why.splitlines():
        sys.stderr.write(f"mmbot: {line}\n")
    return NOT_STARTED
