"""Runs ``mmbot exchange`` until a signal ends it. This command is a local exchange in its own process."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import orjson

from mmbot.domain.clock import SystemClock
from mmbot.domain.instant import SECOND, Duration, Instant, in_seconds
from mmbot.domain.money import Cents
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.crowd.tape import TapeError, read_tape
from mmbot.simulator.judge.verdict import RefereeLimits
from mmbot.simulator.venue.settings import VenueSettings
from mmbot.simulator.wire.apply_faults import apply_fault
from mmbot.simulator.wire.faults import Fault
from mmbot.simulator.wire.local_exchange import LocalExchange, LocalSettings
from mmbot.simulator.wire.server import Server
from mmbot.simulator.wire.sessions import TokenSettings
from mmbot.simulator.world import BALANCE, World, synthetic_world, tape_world

PORT: Final = 9000


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a local exchange. Money is in cents. Durations are in nanoseconds, measured by the exchange's own
    clock."""

    host: str = "127.0.0.1"
    port: int = PORT
    """The port of the local exchange's HTTP server. If it is 0, the system picks any free port."""
    ws_port: int | None = None
    """The port of the local exchange's feed. If it is None, the feed has the same port as the HTTP server. If it is 0,
    the system picks any free port."""
    tape: Path | None = None
    """The file of the recorded market to replay. If it is None, the local exchange has a synthetic board."""
    speed: float = 1.0
    epoch_ns: Instant | None = None
    """The time that the exchange's clock shows when the machine's clock shows ``anchor_ns``. A daemon can share the
    exchange's clock if both values are given."""
    anchor_ns: Instant | None = None
    seed: int = 1
    balance: Cents = BALANCE
    before_sport_event: Duration | None = None
    """The time from the start of the run to the start of the first sport event. If it is None, the recorded market or
    the board sets this time."""
    sport_events: int | None = None
    """The number of sport events on the synthetic board. If it is None, the board has its default number."""
    full: bool = False
    """True for the full board, which has every sort of market that the bot has to tell apart. The scripted changes
    belong to this board."""
    faults: tuple[Fault, ...] = ()
    """The failures that the local exchange simulates from the start."""
    one_query_a_second: bool = False
    """True if a read of market data is rejected when the same path was read less than one second before."""
    activation_ns: Duration = VenueSettings().activation_ns
    opened_retry_ns: Duration = 0
    """The time for which a single wager cannot be cancelled after its opening or after a match. The exchange then
    answers "retry later"."""
    maker_wins: str = "takers_stake"
    """The rule for the amount that a maker wins (``VenueSettings.maker_wins``)."""
    token_life: Duration = TokenSettings().access_life
    limits: dict[str, Cents] = {}
    """The referee's limits on the worst-case loss, by scope (``line``, ``market``, ``sport_event``, ``tournament`` or
    ``account``)."""
    access_key: str = LocalSettings().access_key
    secret_key: str = LocalSettings().secret_key
    json: bool = False
    """True if the exchange's addresses are written as one line of JSON."""


def run(options: ServeOptions) -> int:
    """Run the exchange until SIGINT or SIGTERM, and return the exit code 0. If the exchange cannot start, write the
    reason to standard error and return 2."""
    try:
        return asyncio.run(serve(options))
    except (TapeError, OSError, ValueError) as bad:
        sys.stderr.write(f"mmbot exchange: {_why(bad, options)}\n")
        return 2


def _why(bad: Exception, options: ServeOptions) -> str:
    if not isinstance(bad, OSError) or bad.errno != errno.EADDRINUSE:
        return str(bad)
    if options.ws_port is None:
        return f"port {options.port} of {options.host} is in use: choose another with --port, or 0 for any free port"
    return (
        f"port {options.port} or {options.ws_port} of {options.host} is in use: "
        "choose others with --port and --ws-port, or 0 for any free port"
    )


async def serve(options: ServeOptions, say: Callable[[str], None] | None = None) -> int:
    """Run the exchange until SIGINT or SIGTERM, and return the exit code 0. When the exchange is ready, ``say`` gets a
    line with its addresses.

    Raises:
        TapeError: if the tape cannot be played.
        OSError: if the tape cannot be read, or a port is in use.
        ValueError: if the options contradict each other.
    """
    clock = SystemClock(options.speed, options.epoch_ns, options.anchor_ns)
    exchange = LocalExchange(build_world(options, clock.epoch_ns), clock, settings(options))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for fault in options.faults:
        await apply_fault(exchange, fault)
    async with Server(exchange, options.host, options.port, options.ws_port) as server:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        (say or _print)(ready_line(options, server, clock))
        stopped = asyncio.create_task(stop.wait())
        broken = asyncio.create_task(server.wait())
        done, pending = await asyncio.wait((stopped, broken), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        if broken in done:
            broken.result()  # raises the error that stopped the simulation
    return 0


def build_world(options: ServeOptions, epoch: Instant) -> World:
    """Make the simulated exchange for these options, as it is at the time ``epoch``. If the options skip the beginning
    of a recorded market, the skipped changes have already been applied."""
    real_second = round(SECOND * options.speed)  # network delays do not get shorter on a faster clock
    limits = RefereeLimits(
        **options.limits, clear_within_ns=max(10 * SECOND, 3 * real_second), in_flight_ns=max(2 * SECOND, real_second)
    )
    venue = VenueSettings(
        activation_ns=options.activation_ns, opened_retry_ns=options.opened_retry_ns, maker_wins=options.maker_wins
    )
    if options.tape is not None:
        tape = read_tape(options.tape)
        start = epoch
        if options.before_sport_event is not None:
            start = epoch + options.before_sport_event - (tape.scheduled - tape.start)
            if start > epoch:
                lead = in_seconds(tape.scheduled - tape.start) / 3600
                raise ValueError(
                    f"--hours asks for more than the {lead:.1f} hours that the tape has before its sport event"
                )
        world = tape_world(tape, start, options.balance, venue, limits=limits, seed=options.seed)
    else:
        board = BoardSettings(full=options.full)
        if options.before_sport_event is not None:
            board = msgspec.structs.replace(board, first_start_ns=options.before_sport_event)
        if options.sport_events is not None:
            board = msgspec.structs.replace(board, sport_events=options.sport_events)
        world = synthetic_world(
            venue,
            options.seed,
            epoch,
            board=board,
            balance=options.balance,
            limits=limits,
            scripted_changes=options.full,
        )
    world.advance(epoch)
    return world


def settings(options: ServeOptions) -> LocalSettings:
    """Return the settings of the HTTP server and the feed, taken from the options."""
    return LocalSettings(
        access_key=options.access_key,
        secret_key=options.secret_key,
        tokens=TokenSettings(access_life=options.token_life),
        one_query_a_second=options.one_query_a_second,
        seed=options.seed,
    )


def ready_line(options: ServeOptions, server: Server, clock: SystemClock) -> str:
    """Return a text with the exchange's addresses. If the exchange's clock differs from the machine's clock, further
    lines have the clock settings for a daemon."""
    if options.json:
        ready = {
            "ready": True,
            "base_url": server.base_url,
            "ws_url": server.ws_url,
            "referee": f"{server.url}/referee",
            "clock": {"rate": clock.rate, "epoch_ns": clock.epoch_ns, "anchor_ns": clock.anchor_ns},
        }
        return orjson.dumps(ready).decode()
    line = f"local exchange: base_url {server.base_url}  ws_url {server.ws_url}  referee {server.url}/referee"
    if clock.rate == 1.0 and clock.epoch_ns == clock.anchor_ns:
        return line
    values = f"{{rate: {clock.rate!r}, epoch_ns: {clock.epoch_ns}, anchor_ns: {clock.anchor_ns}}}"
    return f"{line}\nsettings for a daemon that shares its clock, below exchange:\n  clock: {values}"


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
