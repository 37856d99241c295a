"""The state on disk. It consists of the lock of the state directory, the kill switch, and the journal."""
