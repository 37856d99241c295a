"""The settings of a demo run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmbot.config import ClockConfig, load, loads
from mmbot.demo.parts import Ready
from mmbot.demo.settings import for_this_run, referee_limits, settings_file, written

ROOT = Path(__file__).parents[2]


def ready(rate: float = 60.0) -> Ready:
    """A local exchange that is ready."""
    clock = ClockConfig(anchor_ns=1, epoch_ns=2, rate=rate)
    return Ready("http://127.0.0.1:5001/partner", "ws://127.0.0.1:5001", "http://127.0.0.1:5001/referee", clock)


def test_the_settings_of_a_run_are_those_of_the_file_turned_to_this_exchange(tmp_path: Path) -> None:
    shipped = load(ROOT / "config" / "demo.yaml")
    config = for_this_run(shipped, ready(), tmp_path, 0)
    assert loads(written(config)) == config
    assert config.exchange.base_url == "http://127.0.0.1:5001/partner"
    assert config.exchange.ws_url == "ws://127.0.0.1:5001"
    assert config.exchange.clock == ready().clock
    assert config.state_dir == str(tmp_path)
    assert (config.quoting, config.limits) == (shipped.quoting, shipped.limits)


def test_waits_for_the_network_do_not_shrink_with_a_fast_clock_and_are_untouched_by_a_true_one(tmp_path: Path) -> None:
    shipped = load(ROOT / "config" / "demo.yaml")
    true = for_this_run(shipped, ready(1.0), tmp_path, 0)
    assert true.exchange.clock is None
    assert (true.guards, true.stop) == (shipped.guards, shipped.stop)
    fast = for_this_run(shipped, ready(60.0), tmp_path, 0)
    assert fast.guards.feed_silence_s / 60 >= 1
    assert fast.guards.activation_s / 60 >= 1
    assert fast.stop.deadline_s / 60 >= 10


def test_a_demo_never_trades_with_a_real_exchange(tmp_path: Path) -> None:
    real = load(ROOT / "config" / "production.yaml")
    config = for_this_run(real, ready(), tmp_path, 0)
    assert config.environment == "local"
    assert config.exchange.base_url.startswith("http://127.0.0.1:")


def test_the_referee_is_told_the_limits_of_the_settings() -> None:
    words = referee_limits(load(ROOT / "config" / "demo.yaml"))
    assert words[:2] == ["--limit", "line=500.00"]
    assert "account=5000.00" in words


def test_the_shipped_settings_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_file(None).samefile(ROOT / "config" / "demo.yaml")
    assert settings_file(Path("mine.yaml")) == Path("mine.yaml")
