"""The names in the engine's subpackages that other packages may import. All other names in the subpackages are
internal."""

from mmbot.engine.life.clear_alone import ClearAlone
from mmbot.engine.parts import Breakers
from mmbot.engine.risk.guards import GUARDS

__all__ = ["GUARDS", "Breakers", "ClearAlone"]
