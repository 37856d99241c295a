"""Counts the calls inside the engine's public methods."""

from __future__ import annotations

import sys
from types import FrameType

from mmbot.engine.engine import Engine


class Counted:
    """Counts the calls inside the engine's public methods."""

    def __init__(self, engine: Engine) -> None:
        self.calls = 0
        self._inside = 0
        for name in ("handle", "next_request", "deadline"):
            setattr(engine, name, self._around(getattr(engine, name)))

    def _around(self, call):  # type: ignore[no-untyped-def]
        def counted(*given):  # type: ignore[no-untyped-def]
            before = sys.getprofile()
            sys.setprofile(self._note)
            try:
                return call(*given)
            finally:
                sys.setprofile(before)

        return counted

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            self.calls += 1
