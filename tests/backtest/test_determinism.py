"""The same events give the same requests and orders, byte for byte: in one process, in another, under any hash seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from mmbot.backtest.run import Run
from mmbot.config import Config
from mmbot.config.settings import ExchangeConfig, GuardsConfig, LimitsConfig, RuleConfig
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.simulator.crowd.synthetic_crowd import BoardSettings
from mmbot.simulator.world import synthetic_world
from strategies.fair_value import FairValueMaker, FairValueParams

START = 1_800_000_000 * SECOND
SEED = 5


def made(*, look_at_everything: bool = False, ask_every_time: bool = False) -> Run:
    """A run with matches, hedges, a lost feed and a start of an event."""
    config = Config(
        environment="local",
        exchange=ExchangeConfig(base_url="http://127.0.0.1:9000/partner"),
        quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
        limits=LimitsConfig(line=40, market=40, event=60, tournament=80, account=100, soft=0.3, hedge=0.5),
        guards=GuardsConfig(hold_s=1.0, stop_before_start_s=30.0),
    )
    strategy = FairValueMaker(FairValueParams(margin=0.004, size=60, inventory=60, levels=2))
    board = BoardSettings(events=3, first_start_ns=4 * MINUTE, game_ns=MINUTE, taker_ns=3 * SECOND)
    world = synthetic_world(None, SEED, START, board=board)
    run = Run(world, world.account, config, (strategy,), START)
    if ask_every_time:
        run.engine.ask_every_time()
    if look_at_everything:
        run.engine.look_at_everything()
    run.at(START + 3 * MINUTE, run.drop_feed)
    run.until(START + 6 * MINUTE)
    return run


def said(run: Run) -> list[bytes]:
    """Every request, alert and journal record of a run."""
    encode = msgspec.msgpack.Encoder().encode
    told = [encode((at, type(request).__name__, request)) for at, request in run.requests]
    told += [encode((at, alert)) for at, alert in run.alerts]
    told += [encode(saved) for saved in run.memory.wagers.values()]
    return told


def requests() -> list[bytes]:
    """Every request, alert and journal record of the run as it is."""
    return said(made())


def digest() -> str:
    """Of all that was said."""
    whole = hashlib.sha256()
    for record in requests():
        whole.update(record)
    return whole.hexdigest()


def test_two_runs_of_the_same_events_send_the_same_bytes() -> None:
    first = requests()
    assert len(first) > 1000
    assert first == requests()


def test_what_is_kept_from_look_to_look_changes_nothing() -> None:
    """An event is looked at by what changed in it, and not at all where nobody looks. Looked at whole, with nothing
    that is remembered, it is quoted the same."""
    run = made()
    whole = made(look_at_everything=True)
    assert said(whole) == said(run)
    assert whole.engine.looks > 2 * run.engine.looks > 2000


def test_what_is_due_is_the_same_whether_it_is_remembered_or_asked_at_each_event() -> None:
    as_it_is, always = made(), made(ask_every_time=True)
    assert said(always) == said(as_it_is)
    assert always.engine.asked > 2 * as_it_is.engine.asked > 2000


def told(interpreter: str, say: str, **environment: str) -> str:
    """What another process says, with this file imported as ``here``."""
    return subprocess.run(
        [interpreter, "-c", f"import test_determinism as here; print({say})"],
        env={**os.environ, **environment},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_hash_seed_of_the_process_changes_nothing() -> None:
    seen = {digest()}
    for seed in ("1", "4242"):
        paths = os.pathsep.join(sys.path)
        seen.add(told(sys.executable, "here.digest()", PYTHONHASHSEED=seed, PYTHONPATH=paths))
    assert len(seen) == 1


def compiled() -> str:
    """The interpreter beside whose copy of this checkout the core is compiled."""
    root = Path(__file__).parents[2]
    ready, python = root / ".venv-compiled/.ready", root / ".venv-compiled/bin/python"
    if not ready.exists():
        pytest.skip("the core is not compiled here: make compiled")
    if any(file.stat().st_mtime > ready.stat().st_mtime for file in (root / "mmbot").rglob("*.py")):
        pytest.skip("the source is newer than what was compiled of it: make compiled")
    return str(python)


@pytest.mark.plain
def test_the_compiled_core_sends_the_same_bytes() -> None:
    interpreter = compiled()
    assert told(interpreter, "__import__('mmbot.domain').domain.COMPILED", PYTHONPATH="") == "True"
    assert told(interpreter, "here.digest()", PYTHONPATH="") == digest()
