"""Settings that all tests share."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("mmbot", deadline=None)  # a slow machine is no failure
settings.load_profile("mmbot")
