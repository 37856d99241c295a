"""The rate limit of requests, the timers, and the protocols for work that is due at a certain time."""
