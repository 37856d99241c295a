"""``mmbot exchange``: a local exchange as a process of its own, until a signal ends it."""

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
    """How a local exchange is set up. Money in cents, durations in nanoseconds of its own clock."""

    host: str = "127.0.0.1"
    port: int = PORT
    """0: any free one."""
    ws_port: int | None = None
    """Of the feed; None: the same as HTTP's, 0: any free one."""
    tape: Path | None = None
    """A recorded market; None: the synthetic board."""
    speed: float = 1.0
    epoch_ns: Instant | None = None
    """What the clock shows at ``anchor_ns``: given, so that a daemon can share it."""
    anchor_ns: Instant | None = None
    seed: int = 1
    balance: Cents = BALANCE
    before_event: Duration | None = None
    """From the beginning to the start of the (first) event; None: as the tape or the board has it."""
    events: int | None = None
    """On the synthetic board; None: as many as it has."""
    full: bool = False
    """The board with everything on it that has to be told apart, and on which much happens."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong from the beginning."""
    one_query_a_second: bool = False
    """Refuse a second read of a path of the board within a second."""
    activation_ns: Duration = VenueSettings().activation_ns
    opened_retry_ns: Duration = 0
    """How soon after it opened or was matched a single cancel is told to come again."""
    token_life: Duration = TokenSettings().access_life
    limits: dict[str, Cents] = {}
    """What the referee holds the worst case of each scope to."""
    access_key: str = LocalSettings().access_key
    secret_key: str = LocalSettings().secret_key
    json: bool = False
    """Say that it is ready as JSON."""


def run(options: ServeOptions) -> int:
    """Serve until SIGINT or SIGTERM: 0; 2 if it could not start, with the reason on standard error."""
    try:
        return asyncio.run(serve(options))
    except (TapeError, OSError, ValueError) as bad:
        sys.stderr.write(f"mmbot exchange: {_why(bad, options)}\n")
        return 2


def _why(bad: Exception, options: ServeOptions) -> str:
    if not isinstance(bad, OSError) or bad.errno != errno.EADDRINUSE:
        return str(bad)
    if options.ws_port is None:
        return f"port {options.port} of {options.host} is in use: give another with --port, 0 for any that is free"
    return (
        f"port {options.port} or {options.ws_port} of {options.host} is in use: give others with --port and --ws-port, "
        "0 for any that is free"
    )


async def serve(options: ServeOptions, say: Callable[[str], None] | None = None) -> int:
    """Serve until a signal; ``say`` is given the ready line.

    Raises:
        TapeError: if the tape cannot be played.
        OSError: if it cannot be read, or a port is taken.
        ValueError: if the options make no world.
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
            broken.result()  # raises what stopped the world
    return 0


def build_world(options: ServeOptions, epoch: Instant) -> World:
    """The world that the options ask for, as it stands at ``epoch``. A tape's lead that is skipped has been played."""
    real_second = round(SECOND * options.speed)  # network delays do not shrink with the clock
    limits = RefereeLimits(
        **options.limits, clear_within_ns=max(10 * SECOND, 3 * real_second), in_flight_ns=max(2 * SECOND, real_second)
    )
    venue = VenueSettings(activation_ns=options.activation_ns, opened_retry_ns=options.opened_retry_ns)
    if options.tape is not None:
        tape = read_tape(options.tape)
        start = epoch
        if options.before_event is not None:
            start = epoch + options.before_event - (tape.scheduled - tape.start)
            if start > epoch:
                lead = in_seconds(tape.scheduled - tape.start) / 3600
                raise ValueError(f"the tape begins {lead:.1f} hours before its event, --hours asks for more")
        world = tape_world(tape, start, options.balance, venue, limits=limits, seed=options.seed)
    else:
        board = BoardSettings(full=options.full)
        if options.before_event is not None:
            board = msgspec.structs.replace(board, first_start_ns=options.before_event)
        if options.events is not None:
            board = msgspec.structs.replace(board, events=options.events)
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
    """What the wire is set to."""
    return LocalSettings(
        access_key=options.access_key,
        secret_key=options.secret_key,
        tokens=TokenSettings(access_life=options.token_life),
        one_query_a_second=options.one_query_a_second,
        seed=options.seed,
    )


def ready_line(options: ServeOptions, server: Server, clock: SystemClock) -> str:
    """Where the exchange is, in one line; where its clock is not the machine's, also the one a daemon has to share."""
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
    return f"{line}\nits clock, for a daemon's settings below exchange:\n  clock: {values}"


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
