"""State on disk: the lock of the state directory, the kill switch, and the journal."""
