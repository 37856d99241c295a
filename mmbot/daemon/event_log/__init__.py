"""Records what the engine is told and asks for, and replays it."""
