"""The code that cancels wagers when the daemon or one of its strategies stands still (docs/decisions/watchdog.md)."""
