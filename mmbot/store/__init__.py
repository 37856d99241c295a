"""State on disk: the lock of the state directory, the kill latch, and the journal."""
