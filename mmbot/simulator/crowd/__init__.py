"""The simulated traders at the local exchange, other than the bot. One crowd invents its trades, and the other replays
a recorded market."""
