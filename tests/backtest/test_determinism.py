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
from mmbot.domain.catalogue import SportEvent
from mmbot.domain.instant import MINUTE, SECOND, Instant
from mmbot.engine.engine import Engine
from mmbot.engine.quoting import Quoting
from mmbot.engine.slots import Group
from mmbot.simulator.synthetic import BoardSettings
from mmbot.simulator.world import synthetic_world
from strategies.fair_value import FairValueMaker, FairValueParams

START = 1_800_000_000 * SECOND
SEED = 5


def requests() -> list[bytes]:
    """Every request, alert and journal record of a run with matches, hedges, a lost feed and a start of an event."""
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
    run.at(START + 3 * MINUTE, run.drop_feed)
    run.until(START + 6 * MINUTE)
    encode = msgspec.msgpack.Encoder().encode
    said = [encode((at, type(request).__name__, request)) for at, request in run.requests]
    said += [encode((at, alert)) for at, alert in run.alerts]
    said += [encode(saved) for saved in run.memory.wagers.values()]
    return said


def digest() -> str:
    """Of all that was said."""
    whole = hashlib.sha256()
    for said in requests():
        whole.update(said)
    return whole.hexdigest()


def test_two_runs_of_the_same_events_send_the_same_bytes() -> None:
    first = requests()
    assert len(first) > 1000
    assert first == requests()


def test_what_is_kept_from_look_to_look_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is looked at by what changed in it. Looked at whole, every line anew, it is quoted the same."""
    as_it_is = requests()
    look_at = Quoting._look_at
    looks = 0

    def look_at_all(self: Quoting, event: SportEvent, group: Group, now: Instant) -> None:
        nonlocal looks
        looks += 1
        group.anew()
        for slot in group.slots:
            slot.dirty = True
            slot.asked = False
            slot.view = None
        look_at(self, event, group, now)

    monkeypatch.setattr(Quoting, "_look_at", look_at_all)
    assert requests() == as_it_is
    assert looks > 1000


def test_a_deadline_that_is_remembered_is_the_one_that_is_found_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    deadline = Engine.deadline
    remembered = 0

    def asked_anew(self: Engine, now: Instant) -> Instant | None:
        nonlocal remembered
        remembered += self._rests_until > now
        first = deadline(self, now)
        self._rests_until = 0
        again = deadline(self, now)
        assert first == again
        return first

    monkeypatch.setattr(Engine, "deadline", asked_anew)
    requests()
    assert remembered > 1000


def test_the_hash_seed_of_the_process_changes_nothing() -> None:
    seen = {digest()}
    for hash_seed in ("1", "4242"):
        seen.add(
            subprocess.run(
                [sys.executable, "-c", "import test_determinism; print(test_determinism.digest())"],
                env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
                cwd=Path(__file__).parent,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
        )
    assert len(seen) == 1
