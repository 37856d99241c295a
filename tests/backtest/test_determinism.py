"""The same events give the same requests and orders, byte for byte: in one process, in another, under any hash seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache
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
SEED = 8


def made(seed: int = SEED, *, look_at_everything: bool = False, ask_every_time: bool = False) -> Run:
    """A run with matches, hedges, a lost feed and a start of a sport event."""
    config = Config(
        environment="local",
        exchange=ExchangeConfig(base_url="http://127.0.0.1:9000/partner"),
        quoting=(RuleConfig(strategy="strategies.fair_value:FairValueMaker"),),
        limits=LimitsConfig(line=40, market=40, event=60, tournament=80, account=100, soft=0.3, hedge=0.5),
        guards=GuardsConfig(hold_s=1.0, stop_before_start_s=30.0),
    )
    strategy = FairValueMaker(FairValueParams(margin=0.004, size=60, inventory=60, levels=2))
    board = BoardSettings(sport_events=3, first_start_ns=4 * MINUTE, game_ns=MINUTE, taker_ns=3 * SECOND)
    world = synthetic_world(None, seed, START, board=board)
    run = Run(world, world.account, config, (strategy,), START)
    if ask_every_time:
        run.engine.ask_every_time()
    if look_at_everything:
        run.engine.look_at_everything()
    run.at(START + 3 * MINUTE, run.drop_feed)
    run.until(START + 6 * MINUTE)
    return run


@cache
def plain_run() -> Run:
    """The run with nothing changed, played once."""
    return made()


def records(run: Run) -> list[bytes]:
    """Every request, alert and journal record of a run."""
    encode = msgspec.msgpack.Encoder().encode
    encoded = [encode((at, type(request).__name__, request)) for at, request in run.requests]
    encoded += [encode((at, alert)) for at, alert in run.alerts]
    encoded += [encode(saved) for saved in run.memory.wagers.values()]
    return encoded


def digest() -> str:
    """The SHA-256 of every record of the plain run."""
    whole = hashlib.sha256()
    for record in records(plain_run()):
        whole.update(record)
    return whole.hexdigest()


def test_two_runs_of_the_same_events_send_the_same_bytes() -> None:
    first = records(plain_run())
    assert len(first) > 1000
    assert first == records(made())


def test_looking_at_everything_each_time_changes_no_request() -> None:
    """The engine looks at the changed lines of a sport event and remembers the rest. Looking at every line without that
    memory leads to the same quotes."""
    run = plain_run()
    whole = made(look_at_everything=True)
    assert records(whole) == records(run)
    assert whole.engine.looks > 1.9 * run.engine.looks > 1900


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(5, id="several sport events wait for room under a limit"),
        pytest.param(7, id="the time of a wake_at has passed, and the sport event is looked at for another reason"),
        pytest.param(38, id="a limit leaves more room, and a book changes where no strategy sees it"),
    ],
)
def test_looking_at_everything_changes_no_request_on_these_boards_either(seed: int) -> None:
    assert records(made(seed, look_at_everything=True)) == records(made(seed))


def test_asking_for_due_work_at_every_event_changes_no_request() -> None:
    run = plain_run()
    always = made(ask_every_time=True)
    assert records(always) == records(run)
    assert always.engine.asked > 1.1 * run.engine.asked > 1500


def output_of(interpreter: str, say: str, **environment: str) -> str:
    """The output of another process that imports this file as ``here``."""
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
        seen.add(output_of(sys.executable, "here.digest()", PYTHONHASHSEED=seed, PYTHONPATH=paths))
    assert len(seen) == 1


def compiled() -> str:
    """The interpreter of the environment that holds the compiled core of this checkout."""
    root = Path(__file__).parents[2]
    ready, python = root / ".venv-compiled/.ready", root / ".venv-compiled/bin/python"
    if not ready.exists():
        pytest.skip("the core is not compiled here: make compiled")
    if any(file.stat().st_mtime > ready.stat().st_mtime for file in (root / "mmbot").rglob("*.py")):
        pytest.skip("the source is newer than the compiled core: make compiled")
    return str(python)


@pytest.mark.plain
def test_the_compiled_core_sends_the_same_bytes() -> None:
    interpreter = compiled()
    assert output_of(interpreter, "__import__('mmbot.domain').domain.COMPILED", PYTHONPATH="") == "True"
    assert output_of(interpreter, "here.digest()", PYTHONPATH="") == digest()
