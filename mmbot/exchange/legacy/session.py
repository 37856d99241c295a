"""The session in the legacy dialect (version of the exchange's API)."""

from __future__ import annotations

from typing import Final

from mmbot.exchange import calls
from mmbot.exchange.answers.tokens import read_tokens
from mmbot.exchange.legacy import paths

__all__ = ["read_tokens"]

CALLS: Final = calls.Session(paths)
