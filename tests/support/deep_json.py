"""JSON that is nested more deeply than Python's stack, and small enough for every file and every request."""

from __future__ import annotations

DEEP = b"[" * 30_000 + b"]" * 30_000


def beside(good: bytes) -> bytes:
    """Return a good JSON object with one more member, which is nested too deeply."""
    assert good.endswith(b"}")
    return good[:-1] + (b', "new": ' if len(good) > 2 else b'"new": ') + DEEP + b"}"
