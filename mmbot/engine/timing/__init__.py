"""The rate limit of requests, the timers, and the question when something is due."""
