"""The command-line arguments of ``mmbot exchange``."""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mmbot.domain.bounds import UNREADABLE
from mmbot.domain.instant import HOUR, MILLISECOND, seconds
from mmbot.domain.money import Cents, cents
from mmbot.simulator.serve import PORT, ServeOptions, run
from mmbot.simulator.wire.control_endpoints import unreadable
from mmbot.simulator.wire.faults import Fault
from mmbot.simulator.world import BALANCE

FASTEST: Final = 10_000.0
"""The highest speed at which the exchange's clock may run, as a multiple of real time. The setting
``exchange.clock.rate`` has the same upper bound."""

_SCOPES: Final = ("line", "market", "sport_event", "tournament", "account")


def main(arguments: Sequence[str]) -> int:
    """Run ``mmbot exchange`` with these command-line arguments. Returns the exit code of the process."""
    try:
        options = parse(arguments)
    except SystemExit as done:  # argparse has already printed the reason
        return int(done.code or 0)
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mmbot exchange",
        description="A local ProphetX: REST under /partner, the feed under /app, the referee at /referee.",
        epilog="The keys are those in PROPHETX_ACCESS_KEY and PROPHETX_SECRET_KEY if set, otherwise the demo's own.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        type=_host,
        help="address to listen on (default 127.0.0.1); only a loopback address is safe",
    )
    parser.add_argument("--port", type=_port, default=PORT, help=f"port of HTTP (default {PORT}; 0: any free port)")
    parser.add_argument("--ws-port", type=_port, help="port of the feed (default: the same; 0: any free port)")
    _add_exchange_options(parser)
    return parser


def _add_exchange_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tape", type=Path, metavar="FILE", help="replay a recorded market (a moneyline)")
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="how many times faster than real time")
    parser.add_argument("--hours", type=float, metavar="H", help="hours from now to the start of the first sport event")
    parser.add_argument("--sport-events", type=int, metavar="N", help="number of sport events on the synthetic board")
    parser.add_argument("--board", choices=("plain", "full"), default="plain", help="which synthetic board to list")
    parser.add_argument("--seed", type=int, default=1, help="seed of the crowd and of random faults")
    parser.add_argument(
        "--balance", type=_dollars, default=BALANCE, metavar="DOLLARS", help="first balance of the account"
    )
    parser.add_argument(
        "--activation-ms", type=_natural, metavar="MS", help="time from acceptance of a wager until it opens"
    )
    parser.add_argument(
        "--opened-retry-ms",
        type=_natural,
        default=0,
        metavar="MS",
        help="time after a wager opened or was matched in which a cancel is told to retry",
    )
    parser.add_argument(
        "--maker-wins",
        choices=("takers_stake", "half_up"),
        default="takers_stake",
        help="win of a maker: the taker's stake (default), or the half-up profit of his own stake",
    )
    parser.add_argument("--token-life", type=_positive, metavar="SECONDS", help="life of an access token")
    parser.add_argument(
        "--one-query-a-second",
        action="store_true",
        help="reject a second read of the same board path within one second",
    )
    parser.add_argument(
        "--fault",
        action="append",
        type=_fault,
        default=[],
        metavar="JSON",
        help="a fault from the start on; docs/exchange.md lists them",
    )
    parser.add_argument(
        "--epoch-ns", type=int, metavar="NS", help="time that the exchange's clock shows at --anchor-ns"
    )
    parser.add_argument(
        "--anchor-ns", type=int, metavar="NS", help="time of this machine's clock at which --epoch-ns applies"
    )
    parser.add_argument(
        "--limit",
        action="append",
        type=_limit,
        default=[],
        metavar="SCOPE=DOLLARS",
        help="limit on the worst case that the referee enforces",
    )
    parser.add_argument("--json", action="store_true", help="write the ready line as JSON")


def parse(arguments: Sequence[str]) -> ServeOptions:
    """Read the options from command-line arguments. Raises SystemExit, as argparse does, if an argument is invalid."""
    given = _parser().parse_args(arguments)
    default = ServeOptions()
    return ServeOptions(
        host=given.host,
        port=given.port,
        ws_port=given.ws_port,
        tape=given.tape,
        speed=given.speed,
        epoch_ns=given.epoch_ns,
        anchor_ns=given.anchor_ns,
        seed=given.seed,
        balance=given.balance,
        before_sport_event=None if given.hours is None else round(given.hours * HOUR),
        sport_events=given.sport_events,
        full=given.board == "full",
        faults=tuple(given.fault),
        one_query_a_second=given.one_query_a_second,
        activation_ns=default.activation_ns if given.activation_ms is None else given.activation_ms * MILLISECOND,
        opened_retry_ns=given.opened_retry_ms * MILLISECOND,
        maker_wins=given.maker_wins,
        token_life=default.token_life if given.token_life is None else seconds(given.token_life),
        limits=dict(given.limit),
        access_key=os.environ.get("PROPHETX_ACCESS_KEY") or default.access_key,
        secret_key=os.environ.get("PROPHETX_SECRET_KEY") or default.secret_key,
        json=given.json,
    )


def _host(text: str) -> str:
    try:
        loopback = text == "localhost" or ipaddress.ip_address(text).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        sys.stderr.write(
            f"mmbot exchange: {text} is not a loopback address: "
            "everybody who can reach it can place wagers and cause faults\n"
        )
    return text


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is not a port")
    return port


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def _speed(text: str) -> float:
    number = _positive(text)
    if number > FASTEST:
        raise argparse.ArgumentTypeError(
            f"{text} is more than {FASTEST:,.0f}, the fastest clock that a daemon can share"
        )
    return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


def _dollars(text: str) -> Cents:
    try:
        return cents(float(text))
    except ValueError as bad:
        raise argparse.ArgumentTypeError(str(bad)) from bad


def _limit(text: str) -> tuple[str, Cents]:
    scope, _, amount = text.partition("=")
    if scope not in _SCOPES:
        raise argparse.ArgumentTypeError(f"{text} must be SCOPE=DOLLARS, where SCOPE is one of {', '.join(_SCOPES)}")
    return scope, _dollars(amount)


def _fault(text: str) -> Fault:
    try:
        fault: Fault = msgspec.json.decode(text, type=Fault)
    except UNREADABLE as bad:
        raise argparse.ArgumentTypeError(f"{text}: {unreadable(bad, Fault)}") from bad
    return fault
