"""Values and rules of the trade. This room imports the standard library and msgspec only."""

from typing import Final

from mmbot.domain import odds

COMPILED: Final = not (odds.__file__ or "").endswith(".py")
"""True if the core runs as machine code (docs/decisions/compiled.md)."""
