"""The parts of the districts that other rooms use. Everything else in a district stays inside the engine."""

from mmbot.engine.life.clear_alone import ClearAlone
from mmbot.engine.risk.guards import GUARDS

__all__ = ["GUARDS", "ClearAlone"]
