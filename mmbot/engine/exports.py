"""The names from the engine's subpackages that other packages may import. Everything else in the subpackages is
internal."""

from mmbot.engine.life.clear_alone import ClearAlone
from mmbot.engine.risk.guards import GUARDS

__all__ = ["GUARDS", "ClearAlone"]
