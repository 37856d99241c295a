"""An engine that quotes at a small exchange in virtual time, to which a surface gives what it read."""

from __future__ import annotations

import msgspec
from engine_scene import Scene

from mmbot.domain.bounds import LONGEST_TEXT
from mmbot.domain.instant import MINUTE, SECOND
from mmbot.screen.daemon_status import DaemonStatus
from mmbot.screen.status_text import status_text, why_text
from mmbot.telemetry.metrics import Metrics

_LARGEST_STATUS = 200_000
"""Bytes of a status. That of a scene has some thousand."""


def settle(scene: Scene) -> None:
    """Let the engine work with what it was given, and show its status. Nothing may end the daemon."""
    for duration in (SECOND, 5 * MINUTE):
        scene.go(duration)
        assert scene.run.exit is None, scene.run.exit
        status = scene.status()
        encoded = msgspec.json.encode(status)
        assert len(encoded) < _LARGEST_STATUS, len(encoded)
        shown = msgspec.json.decode(encoded, type=DaemonStatus)
        status_text(shown)
        why_text(shown)
        metrics = Metrics()
        metrics.observe(lambda status=status: status)
        metrics.render()
    for _, alert in scene.run.alerts:
        for value in alert.fields.values():
            assert not isinstance(value, str) or len(value) <= 2 * LONGEST_TEXT, (alert.name, len(value))
