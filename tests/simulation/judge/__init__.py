"""The judge of a simulation. It imports nothing of mmbot: it knows exchange and bot from plain records alone."""
