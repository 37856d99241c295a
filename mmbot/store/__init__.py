"""What outlives the process: the state directory's lock, the kill latch, and the journal."""
