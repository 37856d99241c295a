"""What the rooms above use of the proof of being clear. The proof itself: ``mmbot/engine/life/clear_proof.py``."""

from mmbot.engine.life.clear_alone import ClearAlone

__all__ = ["ClearAlone"]
