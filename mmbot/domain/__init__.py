"""Values and rules of the trade. This package imports only the standard library and msgspec."""

from typing import Final

from mmbot.domain import odds

COMPILED: Final = not (odds.__file__ or "").endswith(".py")
"""True if the compiled core (``domain/`` and ``engine/``) runs as machine code (docs/decisions/compiled.md)."""
