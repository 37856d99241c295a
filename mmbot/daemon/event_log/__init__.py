"""Records everything that the engine is given and every request that it makes, and replays the record."""
