"""The order of life: start, lost feed, kill and stop. It also forgets sport events that are over."""
