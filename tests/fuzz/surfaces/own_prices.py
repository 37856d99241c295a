"""The operator's own prices, from ``prices.file`` and from ``POST /prices``."""

from __future__ import annotations

import json

from engine_scene import Scene

from mmbot.daemon.prices import PriceError, parse
from surfaces import Surface
from surfaces.a_scene import settle

_WHERE = "POST /prices"


def check(data: bytes) -> None:
    """Read prices. They are rejected with their place, or the engine quotes from them."""
    scene = Scene().quoted()
    try:
        prices = parse(data, scene.now, scene.now, _WHERE)
    except PriceError as bad:
        assert all(problem.place.startswith(_WHERE) for problem in bad.problems), bad
        str(bad).encode()  # it can be printed, and sent as JSON
        assert len(str(bad)) <= 100_000, len(str(bad))
        return
    for price in prices:
        scene.run.tell(price)
    settle(scene)


def _seeds() -> tuple[bytes, ...]:
    own = Scene().quoted().wagers()
    prices = [
        {"line_id": own[0].line_id, "probability": 0.51, "at": "2027-01-15T08:00:00Z"},
        {"line_id": own[1].line_id, "probability": 0.49},
    ]
    return (json.dumps({"prices": prices}).encode(), json.dumps({"prices": prices}, indent=1).encode())


SURFACE = Surface("prices", _seeds(), check, examples=200)
