"""What cancels when the daemon or one of its strategies stands still (docs/decisions/watchdog.md)."""
