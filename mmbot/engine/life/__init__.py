"""The order of life: start, lost feed, kill and stop; and forgetting events that are over."""
