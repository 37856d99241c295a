"""The rate limit of requests, the timers, and the interfaces for tasks that are due at a certain time."""
