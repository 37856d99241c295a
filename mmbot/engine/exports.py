"""The names in the engine's subpackages that other packages may import. All other names in the subpackages are
internal."""

from mmbot.engine.life.clear_alone import ClearAlone
from mmbot.engine.life.find_open import FindOpen
from mmbot.engine.parts import Breakers
from mmbot.engine.reading.history import MOST_RANGES
from mmbot.engine.risk.guards import GUARDS

__all__ = ["GUARDS", "MOST_RANGES", "Breakers", "ClearAlone", "FindOpen"]
