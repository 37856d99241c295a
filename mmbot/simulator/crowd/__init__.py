"""The simulated traders at the local exchange other than the bot. There is a synthetic crowd, and a crowd that replays
a recorded market."""
