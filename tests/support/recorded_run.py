"""A run against the local exchange in virtual time that writes an event log, and any value of a type."""

from __future__ import annotations

import enum
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from mmbot import __version__
from mmbot.backtest.memory import Memory
from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig, GuardsConfig, LimitsConfig, RuleConfig
from mmbot.daemon.event_log.recorder import RecordedEngine
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.engine.orders import Seed
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.world import synthetic_world
from mmbot.store.event_log import Header, header_of
from mmbot.store.event_log_writer import EventLogPlace, EventLogWriter
from mmbot.strategy.loader import load

START = 1_800_000_000 * SECOND
NAME = "20270115T080000Z-1abcde"
ROOM = 1 << 30


def settings(strategy: str = "strategies.fair_value:FairValueMaker", **params: object) -> Config:
    """Settings under which there are matches, hedges and the start of a sport event."""
    return Config(
        environment="local",
        exchange=ExchangeConfig(base_url="http://127.0.0.1:9000/partner"),
        quoting=(RuleConfig(strategy=strategy, params={"margin": 0.004, "size": 60, "inventory": 60} | params),),
        limits=LimitsConfig(line=40, market=40, event=60, tournament=80, account=100, soft=0.3, hedge=0.5),
        guards=GuardsConfig(hold_s=1.0, stop_before_start_s=30.0),
    )


def header(config: Config | None = None, version: str = __version__, seed: Seed | None = None) -> Header:
    """The header of a run."""
    return header_of(version, False, START, config or settings(), seed or Memory().seed())


def writer(directory: Path, largest: int = ROOM, **more: Any) -> tuple[EventLogWriter, list[str]]:
    """A writer, and the reasons for which its log ended."""
    reasons: list[str] = []
    return EventLogWriter(EventLogPlace(directory, largest), reasons.append, **more), reasons


def begun(
    directory: Path, name: str = NAME, largest: int = ROOM, head: Header | None = None, **more: Any
) -> tuple[EventLogWriter, list[str]]:
    """A writer that has begun a run, and the reasons for which its log ended."""
    made, reasons = writer(directory, largest, **more)
    made.begin(name, msgspec.msgpack.encode(head or header()))
    return made, reasons


class _Recorded(RecordedEngine):
    """A recorded engine that can be asked everything that the engine can be asked."""

    def __init__(self, engine: Any, writer: EventLogWriter) -> None:
        super().__init__(engine, writer)
        self.inner = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def record(directory: Path) -> Run:
    """Play three minutes of a small board, and record them."""
    config = settings()
    board = BoardSettings(sport_events=2, first_start_ns=2 * MINUTE, game_ns=MINUTE, taker_ns=3 * SECOND)
    world = synthetic_world(None, 8, START, board=board)
    run = Run(world, world.account, config, load(config, Path.cwd()), START)
    made, _ = begun(directory)
    run.engine = engine = _Recorded(run.engine, made)  # type: ignore[misc, assignment]
    run.until(START + 3 * MINUTE)
    engine.flush()
    made.close()
    return run


# --- any value of a type ----------------------------------------------------------------------------------------------

NUMBERS = st.integers(-(2**63), 2**63 - 1)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as events and requests have them."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([any_of(each) for each in inner])
    if origin is tuple:
        if inner[-1:] == (...,):
            return st.lists(any_of(inner[0]), max_size=3).map(tuple)
        return st.tuples(*[any_of(each) for each in inner])
    if origin is dict:
        return st.dictionaries(any_of(inner[0]), any_of(inner[1]), max_size=3)
    plain = {
        int: NUMBERS,
        str: st.text(max_size=8),
        bool: st.booleans(),
        float: st.floats(allow_nan=False),
        type(None): st.none(),
    }
    if kind in plain:
        return plain[kind]
    if issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    fields = typing.get_type_hints(kind)
    return st.tuples(*[any_of(each) for each in fields.values()]).map(lambda values: kind(*values))
